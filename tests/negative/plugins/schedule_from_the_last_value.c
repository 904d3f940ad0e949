/* Multiplies the value before, which it keeps in a slot, and says that it is a function of the step alone. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
  double* product = args->global_slots[0];
  values[0] = args->base[0] * *product;
  *product *= 1 - args->options->values[DECAY] / (1 + args->options->values[DECAY]);
  return TUNER_OK;
}

static tuner_slot product_slot = {.struct_size = sizeof(tuner_slot),
                                  .scope = TUNER_SCOPE_GLOBAL,
                                  .dtype = TUNER_DTYPE_F64,
                                  .count_param = -1,
                                  .fill = 1,
                                  .id = "product",
                                  .doc = "share of the base that is left"};

#ifdef REPAIRED
#define PROMISED 0
#else
#define PROMISED TUNER_PLUGIN_PURE
#endif

FIXTURE_SCHEDULER("schedule_from_the_last_value", value, PROMISED, functions.n_slots = 1;
                  functions.slots = &product_slot)
