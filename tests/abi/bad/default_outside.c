/* An option whose default is outside its legal range. */
#include "plain.h"

SPOILED_LIBRARY(params[1].default_value = 1.5)
