/* Nothing is wrong with it: the twin of all the others. */
#include "plain.h"

SPOILED_LIBRARY((void)0)
