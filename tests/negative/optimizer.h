/* A sound optimizer in C, in pieces: gradient descent with a velocity and decay,
 *
 *     v = momentum v + (g + weight_decay x),  x -= lr v
 *
 * A fixture takes the pieces and makes one mistake. Compiled with -DREPAIRED it does not, and is the sound twin. It
 * ends with FIXTURE_OPTIMIZER(id, step, flags), or spoils the tables below first. */
#ifndef TESTS_NEGATIVE_OPTIMIZER_H
#define TESTS_NEGATIVE_OPTIMIZER_H

#include <math.h>

#include "library.h"

enum { LR, MOMENTUM, WEIGHT_DECAY, N_PARAMS };
enum { VELOCITY, N_SLOTS };

static inline const tuner_tensor* tensor_at(const tuner_step_args* args, uint32_t index) {
  return (const tuner_tensor*)((const char*)args->tensors + (size_t)index * args->tensor_stride);
}
static inline double option(const tuner_step_args* args, const tuner_tensor* t, uint32_t index) {
  return args->options->values[(size_t)t->group * args->options->n_params + index];
}
/* Element i of a buffer in the tensor's type: everything is computed in f64 and rounded once. */
static inline double get(const tuner_tensor* t, const void* buffer, uint64_t i) {
  return t->dtype == TUNER_DTYPE_F32 ? ((const float*)buffer)[i] : ((const double*)buffer)[i];
}
static inline void put(const tuner_tensor* t, void* buffer, uint64_t i, double value) {
  if (t->dtype == TUNER_DTYPE_F32)
    ((float*)buffer)[i] = (float)value;
  else
    ((double*)buffer)[i] = value;
}

/* The rule on one tensor, with a gradient that is `scale` times as large. */
static inline void descend(const tuner_step_args* args, const tuner_tensor* t, double scale) {
  const double lr = option(args, t, LR), momentum = option(args, t, MOMENTUM), decay = option(args, t, WEIGHT_DECAY);
  void* velocity = t->slots[VELOCITY];
  for (uint64_t i = 0; i < t->numel; ++i) {
    const double x = get(t, t->data, i), g = scale * get(t, t->grad, i) + decay * x;
    put(t, velocity, i, momentum * get(t, velocity, i) + g);
    put(t, t->data, i, x - lr * get(t, velocity, i));
  }
}
static inline int32_t descend_all(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i)
    if (tensor_at(args, i)->grad != NULL) descend(args, tensor_at(args, i), 1);
  return TUNER_OK;
}

/* Evaluates at the tensors' present data; TUNER_STOP and errors are to be passed on. */
static inline int32_t evaluate(const tuner_step_args* args, uint32_t want, double* loss) {
  return args->closure->evaluate(args->closure->context, want, loss);
}

static tuner_param params[N_PARAMS] = {
    {.struct_size = sizeof(tuner_param),
     .type = TUNER_TYPE_F64,
     .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE,
     .search_scale = TUNER_SCALE_LOG,
     .id = "lr",
     .doc = "step size",
     .unit = "",
     .default_value = 0.01,
     .min = 0,
     .max = INFINITY,
     .search_min = 1e-4,
     .search_max = 1},
    {.struct_size = sizeof(tuner_param),
     .type = TUNER_TYPE_F64,
     .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE | TUNER_PARAM_MAX_OPEN,
     .search_scale = TUNER_SCALE_LOG1M,
     .id = "momentum",
     .doc = "decay of the velocity",
     .unit = "",
     .default_value = 0.9,
     .min = 0,
     .max = 1,
     .search_min = 0.5,
     .search_max = 0.99},
    {.struct_size = sizeof(tuner_param),
     .type = TUNER_TYPE_F64,
     .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE,
     .search_scale = TUNER_SCALE_LOG,
     .id = "weight_decay",
     .doc = "L2 penalty, added to the gradient",
     .unit = "",
     .default_value = 0,
     .min = 0,
     .max = INFINITY,
     .search_min = 1e-6,
     .search_max = 1e-2},
};

static tuner_slot slots[N_SLOTS] = {{.struct_size = sizeof(tuner_slot),
                                     .scope = TUNER_SCOPE_ELEMENT,
                                     .dtype = TUNER_DTYPE_AS_TENSOR,
                                     .count_param = -1,
                                     .id = "velocity",
                                     .doc = "sum of past gradients, each decayed"}};

static tuner_optimizer functions = {.struct_size = sizeof(tuner_optimizer),
                                    .n_slots = N_SLOTS,
                                    .slot_stride = sizeof(tuner_slot),
                                    .state_version = 1,
                                    .slots = slots};

/* Ends the source. A statement after the flags is run before the tables are shown to the host. */
#define FIXTURE_OPTIMIZER(plugin_id, step_function, plugin_flags, ...)                                       \
  FIXTURE_LIBRARY(plugin_id, TUNER_KIND_OPTIMIZER, plugin_flags, &functions, functions.step = step_function; \
                  plugin.params = params; plugin.n_params = N_PARAMS; __VA_ARGS__)

#endif
