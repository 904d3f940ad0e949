/* A static destructor that finds something wrong, after the last trial is done. */
#include <stdlib.h>

#include "../optimizer.h"

#ifndef REPAIRED
static void __attribute__((destructor)) complain(void) { abort(); }
#endif

FIXTURE_OPTIMIZER("crashes_at_exit", descend_all, TUNER_PLUGIN_ELEMENTWISE)
