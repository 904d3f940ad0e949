/* An option that is shorter than that of 1.0. */
#include "plain.h"

SPOILED_LIBRARY(params[1].struct_size = 8)
