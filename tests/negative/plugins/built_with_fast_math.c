/* Sound, and compiled with -ffast-math (see CMakeLists.txt). */
#include "../optimizer.h"

FIXTURE_OPTIMIZER("built_with_fast_math", descend_all, TUNER_PLUGIN_ELEMENTWISE)
