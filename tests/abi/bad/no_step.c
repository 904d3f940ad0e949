/* An optimizer without step(). */
#include "plain.h"

SPOILED_LIBRARY(functions.step = NULL)
