/* The objective of objective.h with samples: number j of split s has the loss
 *
 *     f(x) + slope x_0,  slope = (j + 1 + 100 s) / 10
 *
 * and a metric, the mean slope. It has no minimum. See optimizer.h. */
#ifndef TESTS_NEGATIVE_SAMPLES_H
#define TESTS_NEGATIVE_SAMPLES_H

#include "objective.h"

enum { SAMPLES = 20, OTHER_SAMPLES = 6 };

static inline int32_t describe_samples(const tuner_describe_args* args) {
  const tuner_layout* layout = args->layout;
  const uint64_t sizes[TUNER_N_SPLITS] = {SAMPLES, OTHER_SAMPLES, OTHER_SAMPLES};
  int32_t status = describe(args);
  for (uint32_t split = 0; split < TUNER_N_SPLITS && status == TUNER_OK; ++split)
    status = layout->set_samples(layout->context, split, sizes[split]);
  return status;
}

static inline double slope_of(uint32_t split, uint64_t index) { return ((double)index + 1 + 100.0 * split) / 10; }

static inline double mean_slope(const tuner_evaluate_args* args, uint32_t split) {
  double sum = 0;
  for (uint64_t k = 0; k < args->n_indices; ++k) sum += slope_of(split, args->indices[k]);
  return sum / (double)args->n_indices;
}

/* What is asked for, at this mean slope. */
static inline void evaluate_at(context* c, const tuner_evaluate_args* args, double slope) {
  evaluate_soundly(c, args);
  if (args->want & TUNER_WANT_LOSS) *args->loss += slope * c->x[0];
  if ((args->want & TUNER_WANT_GRADIENT) && c->grad != NULL) c->grad[0] += slope;
}

static const tuner_metric slope_metric = {.struct_size = sizeof(tuner_metric),
                                          .direction = TUNER_MINIMIZE,
                                          .aggregation = TUNER_AGGREGATE_MEAN,
                                          .id = "slope",
                                          .doc = "mean slope of the samples",
                                          .unit = ""};
static const tuner_metric* const slope_metrics[] = {&slope_metric};

#define FIXTURE_SAMPLES(plugin_id, evaluate_function, ...)                                               \
  FIXTURE_OBJECTIVE(plugin_id, evaluate_function, functions.describe = describe_samples;                 \
                    functions.metrics = slope_metrics; functions.n_metrics = 1; functions.minimum = NAN; \
                    functions.minimisers = NULL; functions.n_minimisers = 0; functions.dimension = 0; __VA_ARGS__)

#endif
