/* An option whose name the sweep file needs for itself. */
#include "../optimizer.h"

#ifdef REPAIRED
FIXTURE_OPTIMIZER("reserved_option", descend_all, TUNER_PLUGIN_ELEMENTWISE)
#else
FIXTURE_OPTIMIZER("reserved_option", descend_all, TUNER_PLUGIN_ELEMENTWISE, params[WEIGHT_DECAY].id = "groups")
#endif
