/* A slot of a scope that there is not. */
#include "plain.h"

SPOILED_LIBRARY(slots[0].scope = 5)
