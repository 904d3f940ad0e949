/* The library's table is shorter than that of 1.0. */
#include "plain.h"

SPOILED_LIBRARY(library.struct_size = 16)
