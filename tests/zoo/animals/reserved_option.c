/* An option whose name the sweep file needs for itself. */
#include "../optimizer.h"

#ifdef REPAIRED
ZOO_OPTIMIZER("reserved_option", descend_all, TUNER_PLUGIN_ELEMENTWISE)
#else
ZOO_OPTIMIZER("reserved_option", descend_all, TUNER_PLUGIN_ELEMENTWISE, params[WEIGHT_DECAY].id = "groups")
#endif
