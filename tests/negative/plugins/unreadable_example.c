/* Its worked example has an option that the plugin lacks. */
#include "../optimizer.h"

#ifdef REPAIRED
#define RATE "lr"
#else
#define RATE "rate"
#endif

FIXTURE_OPTIMIZER("unreadable_example", descend_all, TUNER_PLUGIN_ELEMENTWISE,
                  plugin.details = "example  " RATE " 0.1: x 1; gradient 0.5 -> 0.95")
