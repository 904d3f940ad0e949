/* Does not say where its rule comes from. */
#include "../optimizer.h"

#ifdef REPAIRED
FIXTURE_OPTIMIZER("no_reference", descend_all, TUNER_PLUGIN_ELEMENTWISE)
#else
FIXTURE_OPTIMIZER("no_reference", descend_all, TUNER_PLUGIN_ELEMENTWISE, plugin.reference = "")
#endif
