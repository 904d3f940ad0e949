/* Exports a function of its own beside the entry: another library's function of that name could take its place. */
#include "../optimizer.h"

#ifdef REPAIRED
static
#else
TUNER_EXPORT int32_t take_a_step(const tuner_step_args* args);
TUNER_EXPORT
#endif
    int32_t
    take_a_step(const tuner_step_args* args) {
  return descend_all(args);
}

FIXTURE_OPTIMIZER("second_symbol", take_a_step, TUNER_PLUGIN_ELEMENTWISE)
