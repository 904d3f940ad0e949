/* The table of functions is shorter than that of 1.0. */
#include "plain.h"

SPOILED_LIBRARY(functions.struct_size = 24)
