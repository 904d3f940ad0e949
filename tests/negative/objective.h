/* A sound objective in C, in pieces: one tensor x of SIZE values, and
 *
 *     f(x) = sum over i of (i + 1) / SIZE (d^2 / 2 + d^4 / 4),  d = x_i - i / SIZE,
 *
 * whose minimum is 0 where every d is 0; beside it a buffer, "mean", the running mean of x over the steps of training,
 * which the loss does not see. See optimizer.h. */
#ifndef TESTS_NEGATIVE_OBJECTIVE_H
#define TESTS_NEGATIVE_OBJECTIVE_H

#include <math.h>
#include <stdlib.h>

#include "library.h"

enum { SIZE = 24 };

/* One trial: views on the host's buffers. */
typedef struct context {
  double *x, *grad, *mean;
} context;

static inline double weight(int i) { return (i + 1.0) / SIZE; }
static inline double distance(const double* x, int i) { return x[i] - (double)i / SIZE; }

static inline double loss_at(const double* x) {
  double sum = 0;
  for (int i = 0; i < SIZE; ++i) {
    const double d = distance(x, i);
    sum += weight(i) * (d * d / 2 + d * d * d * d / 4);
  }
  return sum;
}
static inline void gradient_at(const double* x, double* grad) {
  for (int i = 0; i < SIZE; ++i) {
    const double d = distance(x, i);
    grad[i] = weight(i) * (d + d * d * d);
  }
}
static inline void product_at(const double* x, const double* vector, double* product) {
  for (int i = 0; i < SIZE; ++i) {
    const double d = distance(x, i);
    product[i] = weight(i) * (1 + 3 * d * d) * vector[i];
  }
}

static inline int32_t describe(const tuner_describe_args* args) {
  static const int64_t shape[] = {SIZE}, scalar[] = {1};
  const tuner_tensor_decl x = {
      .struct_size = sizeof x, .rank = 1, .dtype = TUNER_DTYPE_F64, .layer = -1, .name = "x", .shape = shape};
  const tuner_tensor_decl mean = {.struct_size = sizeof mean,
                                  .rank = 1,
                                  .dtype = TUNER_DTYPE_F64,
                                  .flags = TUNER_TENSOR_BUFFER,
                                  .layer = -1,
                                  .name = "mean",
                                  .shape = scalar};
  const int32_t status = args->layout->add_tensor(args->layout->context, &x);
  return status != TUNER_OK ? status : args->layout->add_tensor(args->layout->context, &mean);
}

static inline int32_t bind(const tuner_bind_args* args, void** bound) {
  context* c = malloc(sizeof *c);
  if (c == NULL) return TUNER_OUT_OF_MEMORY;
  const tuner_tensor* second = (const tuner_tensor*)((const char*)args->tensors + args->tensor_stride);
  *c = (context){.x = args->tensors->data, .grad = args->tensors->grad, .mean = second->data};
  *bound = c;
  return TUNER_OK;
}

static inline int32_t init(void* bound, tuner_rng* rng, tuner_error* error) {
  (void)error;
  context* c = bound;
  for (int i = 0; i < SIZE; ++i) c->x[i] = 4 * tuner_rng_next_uniform(rng) - 2;
  *c->mean = 0;
  return TUNER_OK;
}

static inline void move_mean(context* c) {
  double sum = 0;
  for (int i = 0; i < SIZE; ++i) sum += c->x[i];
  *c->mean = 0.9 * *c->mean + 0.1 * sum / SIZE;
}
static inline void evaluate_soundly(context* c, const tuner_evaluate_args* args) {
  if (args->want & TUNER_WANT_LOSS) *args->loss = loss_at(c->x);
  if ((args->want & TUNER_WANT_GRADIENT) && c->grad != NULL) gradient_at(c->x, c->grad);
  if ((args->flags & TUNER_EVALUATE_TRAIN) && (args->flags & TUNER_EVALUATE_UPDATE_BUFFERS)) move_mean(c);
}
static inline int32_t evaluate(void* bound, const tuner_evaluate_args* args) {
  evaluate_soundly(bound, args);
  return TUNER_OK;
}
static inline int32_t hvp(void* bound, const tuner_hvp_args* args) {
  const context* c = bound;
  if (args->vectors[0] != NULL) product_at(c->x, args->vectors[0], args->products[0]);
  return TUNER_OK;
}

static double minimiser[SIZE];
static tuner_objective functions = {.struct_size = sizeof(tuner_objective),
                                    .describe = describe,
                                    .bind = bind,
                                    .release = free,
                                    .init = init,
                                    .hvp = hvp,
                                    .minimum = 0,
                                    .minimisers = minimiser,
                                    .n_minimisers = 1,
                                    .dimension = SIZE};

static inline void fill_minimiser(void) {
  for (int i = 0; i < SIZE; ++i) minimiser[i] = (double)i / SIZE;
}

#define FIXTURE_OBJECTIVE(plugin_id, evaluate_function, ...)                                              \
  FIXTURE_LIBRARY(plugin_id, TUNER_KIND_OBJECTIVE, 0, &functions, functions.evaluate = evaluate_function; \
                  fill_minimiser(); plugin.param_stride = 0; __VA_ARGS__)

#endif
