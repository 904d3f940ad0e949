/* Averages over a number of steps whose legal range begins at 0, and divides by it as an integer. */
#include "../optimizer.h"

enum { PERIOD = N_PARAMS };

static int32_t step(const tuner_step_args* args) {
  const int64_t period = (int64_t)args->options->values[PERIOD];
#ifdef REPAIRED
  const double scale = period > 0 && args->step % period == 0 ? 2 : 1;
#else
  const double scale = args->step % period == 0 ? 2 : 1;
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, scale);
  }
  return TUNER_OK;
}

static tuner_param longer[N_PARAMS + 1];

static void append_period(void) {
  for (int i = 0; i < N_PARAMS; ++i) longer[i] = params[i];
  longer[PERIOD] = (tuner_param){.struct_size = sizeof(tuner_param),
                                 .type = TUNER_TYPE_I64,
                                 .id = "period",
                                 .doc = "every so many steps one of twice the length",
                                 .unit = "steps",
                                 .default_value = 10,
                                 .min = 0,
                                 .max = 1000};
  plugin.params = longer;
  plugin.n_params = N_PARAMS + 1;
}

FIXTURE_OPTIMIZER("divides_by_an_option", step, TUNER_PLUGIN_ELEMENTWISE, append_period())
