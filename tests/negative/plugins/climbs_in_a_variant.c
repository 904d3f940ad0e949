/* Climbs where a flag is set that nobody sets by default. */
#include "../optimizer.h"

enum { OTHER_WAY = N_PARAMS };

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
#ifdef REPAIRED
    descend(args, t, option(args, t, OTHER_WAY) != 0 ? 0.5 : 1);
#else
    descend(args, t, option(args, t, OTHER_WAY) != 0 ? -1 : 1);
#endif
  }
  return TUNER_OK;
}

static tuner_param longer[N_PARAMS + 1];

static void append_flag(void) {
  for (int i = 0; i < N_PARAMS; ++i) longer[i] = params[i];
  longer[OTHER_WAY] = (tuner_param){.struct_size = sizeof(tuner_param),
                                    .type = TUNER_TYPE_BOOL,
                                    .id = "other_way",
                                    .doc = "steps of another length",
                                    .unit = "",
                                    .default_value = 0,
                                    .min = 0,
                                    .max = 1};
  plugin.params = longer;
  plugin.n_params = N_PARAMS + 1;
}

FIXTURE_OPTIMIZER("climbs_in_a_variant", step, TUNER_PLUGIN_ELEMENTWISE, append_flag())
