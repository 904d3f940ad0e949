/* Keeps two gradients for each element, and takes the number of elements of a part for the length of a row. */
#include "../optimizer.h"

enum { ROWS = N_PARAMS };
enum { HISTORY = N_SLOTS };

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
#ifdef REPAIRED
    const uint64_t row = t->slot_row;
#else
    const uint64_t row = t->numel;
#endif
    for (uint64_t k = 0; k < t->numel && t->slots[HISTORY] != NULL; ++k) {
      const double older = get(t, t->slots[HISTORY], row + k), old = get(t, t->slots[HISTORY], k);
      put(t, t->slots[HISTORY], row + k, old);
      put(t, t->slots[HISTORY], k, get(t, t->grad, k));
      put(t, t->grad, k, get(t, t->grad, k) + 0.5 * old + 0.25 * older);
    }
    descend(args, t, 1);
  }
  return TUNER_OK;
}

static tuner_param longer[N_PARAMS + 1];
static tuner_slot more_slots[N_SLOTS + 1];

static void append_history(void) {
  for (int i = 0; i < N_PARAMS; ++i) longer[i] = params[i];
  longer[ROWS] = (tuner_param){.struct_size = sizeof(tuner_param),
                               .type = TUNER_TYPE_I64,
                               .flags = TUNER_PARAM_STRUCTURAL,
                               .id = "rows",
                               .doc = "gradients that are kept",
                               .unit = "",
                               .default_value = 2,
                               .min = 2,
                               .max = 2};
  more_slots[VELOCITY] = slots[VELOCITY];
  more_slots[HISTORY] = (tuner_slot){.struct_size = sizeof(tuner_slot),
                                     .scope = TUNER_SCOPE_ELEMENT,
                                     .count_param = ROWS,
                                     .id = "history",
                                     .doc = "the last gradients, the newest first"};
  plugin.params = longer;
  plugin.n_params = N_PARAMS + 1;
  functions.slots = more_slots;
  functions.n_slots = N_SLOTS + 1;
}

FIXTURE_OPTIMIZER("rows_of_the_part", step, TUNER_PLUGIN_ELEMENTWISE, append_history(); library.min_host_minor = 1)
