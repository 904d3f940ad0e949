/* An option of a type that there is not. */
#include "plain.h"

SPOILED_LIBRARY(params[1].type = 77)
