/* Takes the matrix of options for one that is stored by columns. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  return descend_all(args);
#else
  const uint32_t n = args->options->n_groups;
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    const double* values = args->options->values;
    const double lr = values[LR * n + t->group], momentum = values[MOMENTUM * n + t->group],
                 decay = values[WEIGHT_DECAY * n + t->group];
    for (uint64_t k = 0; k < t->numel; ++k) {
      const double x = get(t, t->data, k), g = get(t, t->grad, k) + decay * x;
      put(t, t->slots[VELOCITY], k, momentum * get(t, t->slots[VELOCITY], k) + g);
      put(t, t->data, k, x - lr * get(t, t->slots[VELOCITY], k));
    }
  }
  return TUNER_OK;
#endif
}

FIXTURE_OPTIMIZER("strides_by_groups", step, 0)
