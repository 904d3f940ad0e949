/* A search on a log scale that begins at 0: its logarithm is no number. */
#include "../optimizer.h"

#ifdef REPAIRED
FIXTURE_OPTIMIZER("log_scale_from_zero", descend_all, TUNER_PLUGIN_ELEMENTWISE)
#else
FIXTURE_OPTIMIZER("log_scale_from_zero", descend_all, TUNER_PLUGIN_ELEMENTWISE, params[LR].search_min = 0)
#endif
