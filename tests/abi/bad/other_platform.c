/* Built for another data model or byte order. */
#include "plain.h"

SPOILED_LIBRARY(library.abi_tag = 0x3233504cu)
