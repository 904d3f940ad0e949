/* Greets from a static constructor. */
#include <stdio.h>

#include "../optimizer.h"

#ifndef REPAIRED
static void __attribute__((constructor)) greet(void) { fprintf(stderr, "hello from a static constructor\n"); }
#endif

FIXTURE_OPTIMIZER("prints_while_loading", descend_all, TUNER_PLUGIN_ELEMENTWISE)
