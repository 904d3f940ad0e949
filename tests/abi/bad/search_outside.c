/* An option whose search range leaves its legal range. */
#include "plain.h"

SPOILED_LIBRARY(params[0].search_max = 11)
