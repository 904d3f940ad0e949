/* Sound, but linked with -ffast-math, whose start-up code turns on flush-to-zero for the thread that loads it. */
#include "plain.h"

SPOILED_LIBRARY((void)0)
