/* A sound rule with a second evaluation: the gradient half a step ahead,
 *
 *     x -= lr grad f(x - lr grad f(x) / 2). */
#ifndef TESTS_NEGATIVE_MIDPOINT_H
#define TESTS_NEGATIVE_MIDPOINT_H

#include <string.h>

#include "optimizer.h"

static inline uint64_t bytes_of(const tuner_tensor* t) { return t->numel * (t->dtype == TUNER_DTYPE_F32 ? 4 : 8); }

/* x -= scale lr g, from what is kept in the velocity slot. */
static inline void move(const tuner_step_args* args, double scale) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    for (uint64_t k = 0; k < t->numel; ++k)
      put(t, t->data, k, get(t, t->slots[VELOCITY], k) - scale * option(args, t, LR) * get(t, t->grad, k));
  }
}
static inline void keep(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL && t->numel > 0) memcpy(t->slots[VELOCITY], t->data, bytes_of(t));
  }
}

#endif
