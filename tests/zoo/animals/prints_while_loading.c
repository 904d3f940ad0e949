/* Greets from a static constructor. */
#include <stdio.h>

#include "../optimizer.h"

#ifndef REPAIRED
static void __attribute__((constructor)) greet(void) { fprintf(stderr, "welcome to the zoo\n"); }
#endif

ZOO_OPTIMIZER("prints_while_loading", descend_all, TUNER_PLUGIN_ELEMENTWISE)
