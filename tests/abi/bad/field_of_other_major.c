/* The right symbol, but the table says another major version. */
#include "plain.h"

SPOILED_LIBRARY(library.abi_major = 7)
