/* Plugins of every kind against the header alone, in C11 and in C++20: two optimizers, a scheduler with state, and an
 * objective with data, splits, metrics and a buffer. Compiled against the frozen headers of 1.0 beside this file and
 * against those of today; trajectory.cpp trains with them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuner/abi.h"

#define COUNT(table) ((uint32_t)(sizeof(table) / sizeof((table)[0])))
#define AT(type, first, stride, index) ((const type*)((const char*)(first) + (size_t)(index) * (stride)))

static double value_of(const tuner_options* options, uint32_t group, uint32_t param) {
  return options->values[(size_t)group * options->n_params + param];
}
static double get(const tuner_tensor* tensor, const void* data, uint64_t i) {
  return tensor->dtype == TUNER_DTYPE_F32 ? (double)((const float*)data)[i] : ((const double*)data)[i];
}
static void set(const tuner_tensor* tensor, void* data, uint64_t i, double value) {
  if (tensor->dtype == TUNER_DTYPE_F32)
    ((float*)data)[i] = (float)value;
  else
    ((double*)data)[i] = value;
}

/* ---- optimizer `sgd`: options that are numbers and a boolean, one slot */

static const tuner_param sgd_params[] = {{.struct_size = sizeof(tuner_param),
                                          .type = TUNER_TYPE_F64,
                                          .flags = TUNER_PARAM_SCHEDULABLE,
                                          .id = "lr",
                                          .doc = "step size",
                                          .unit = "",
                                          .default_value = 0.01,
                                          .min = 0,
                                          .max = INFINITY},
                                         {.struct_size = sizeof(tuner_param),
                                          .type = TUNER_TYPE_F64,
                                          .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_MAX_OPEN,
                                          .id = "momentum",
                                          .doc = "decay of the velocity",
                                          .unit = "",
                                          .default_value = 0,
                                          .min = 0,
                                          .max = 1},
                                         {.struct_size = sizeof(tuner_param),
                                          .type = TUNER_TYPE_BOOL,
                                          .id = "nesterov",
                                          .doc = "look ahead",
                                          .unit = "",
                                          .default_value = 0,
                                          .min = 0,
                                          .max = 1}};
static const tuner_slot sgd_slots[] = {{.struct_size = sizeof(tuner_slot),
                                        .scope = TUNER_SCOPE_ELEMENT,
                                        .dtype = TUNER_DTYPE_AS_TENSOR,
                                        .count_param = -1,
                                        .fill = 0,
                                        .id = "velocity",
                                        .doc = "sum of decayed gradients"}};

static int32_t sgd_step(const tuner_step_args* args) {
  for (uint32_t t = 0; t < args->n_tensors; ++t) {
    const tuner_tensor* x = AT(tuner_tensor, args->tensors, args->tensor_stride, t);
    if (x->grad == NULL) continue;
    const double lr = value_of(args->options, x->group, 0), momentum = value_of(args->options, x->group, 1);
    const int nesterov = value_of(args->options, x->group, 2) != 0;
    for (uint64_t i = 0; i < x->numel; ++i) {
      const double g = get(x, x->grad, i), v = momentum * get(x, x->slots[0], i) + g;
      set(x, x->slots[0], i, v);
      set(x, x->data, i, get(x, x->data, i) - lr * (nesterov ? g + momentum * v : v));
    }
  }
  return TUNER_OK;
}

static const tuner_optimizer sgd = {.struct_size = sizeof(tuner_optimizer),
                                    .n_slots = 1,
                                    .slot_stride = sizeof(tuner_slot),
                                    .state_version = 1,
                                    .slots = sgd_slots,
                                    .step = sgd_step};

/* ---- optimizer `fixture`: every type of option, slots of every scope, closure, random numbers, host services */

enum { LR, MOMENTUM, HISTORY, MODE, WEIGHTS, POWERS, TAG, NAMES };
enum { VELOCITY, GRADIENTS, NORM, TOTAL, COUNTS };
static const char* const modes[] = {"plain", "noisy"};
static const tuner_param fixture_params[] = {{.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_F64,
                                              .flags = TUNER_PARAM_SCHEDULABLE,
                                              .id = "lr",
                                              .doc = "step size",
                                              .unit = "",
                                              .default_value = 0.05,
                                              .min = 0,
                                              .max = INFINITY},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_F64,
                                              .flags = TUNER_PARAM_SCHEDULABLE,
                                              .id = "momentum",
                                              .doc = "decay of the velocity",
                                              .unit = "",
                                              .default_value = 0.5,
                                              .min = 0,
                                              .max = 1},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_I64,
                                              .flags = TUNER_PARAM_STRUCTURAL,
                                              .id = "history",
                                              .doc = "gradients kept",
                                              .unit = "",
                                              .default_value = 2,
                                              .min = 0,
                                              .max = 8},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_CHOICE,
                                              .id = "mode",
                                              .doc = "noise on the step",
                                              .unit = "",
                                              .default_value = 0,
                                              .min = 0,
                                              .max = 1,
                                              .choices = modes,
                                              .n_choices = 2},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_F64_LIST,
                                              .id = "weights",
                                              .doc = "of the gradients",
                                              .unit = "",
                                              .min = -INFINITY,
                                              .max = INFINITY,
                                              .default_text = "[0.75, 0.25]"},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_I64_LIST,
                                              .id = "powers",
                                              .doc = "of the scale",
                                              .unit = "",
                                              .min = 0,
                                              .max = 9,
                                              .default_text = "[1, 2]"},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_TEXT,
                                              .id = "tag",
                                              .doc = "its length counts",
                                              .unit = "",
                                              .min = 0,
                                              .max = 0,
                                              .default_text = "fixture"},
                                             {.struct_size = sizeof(tuner_param),
                                              .type = TUNER_TYPE_TEXT_LIST,
                                              .id = "names",
                                              .doc = "their lengths count",
                                              .unit = "",
                                              .min = 0,
                                              .max = 0,
                                              .default_text = "[\"a\", \"bc\"]"}};
static const tuner_slot fixture_slots[] = {{.struct_size = sizeof(tuner_slot),
                                            .scope = TUNER_SCOPE_ELEMENT,
                                            .dtype = TUNER_DTYPE_AS_TENSOR,
                                            .count_param = -1,
                                            .fill = 0,
                                            .id = "velocity",
                                            .doc = "v"},
                                           {.struct_size = sizeof(tuner_slot),
                                            .scope = TUNER_SCOPE_ELEMENT,
                                            .dtype = TUNER_DTYPE_AS_TENSOR,
                                            .count_param = HISTORY,
                                            .fill = 0.125,
                                            .id = "gradients",
                                            .doc = "the last ones"},
                                           {.struct_size = sizeof(tuner_slot),
                                            .scope = TUNER_SCOPE_TENSOR,
                                            .dtype = TUNER_DTYPE_F64,
                                            .count_param = -1,
                                            .fill = 1,
                                            .id = "norm",
                                            .doc = "the last one"},
                                           {.struct_size = sizeof(tuner_slot),
                                            .scope = TUNER_SCOPE_GLOBAL,
                                            .dtype = TUNER_DTYPE_F64,
                                            .count_param = -1,
                                            .fill = 0,
                                            .id = "total",
                                            .doc = "a running total"},
                                           {.struct_size = sizeof(tuner_slot),
                                            .scope = TUNER_SCOPE_GLOBAL,
                                            .dtype = TUNER_DTYPE_I64,
                                            .count_param = -1,
                                            .fill = 0,
                                            .id = "counts",
                                            .doc = "steps by remainder"}};

static int32_t fixture_extent(const tuner_extent_args* args, uint64_t* count) {
  *count = 1;
  if (args->slot == COUNTS)
    for (uint32_t t = 0; t < args->n_tensors; ++t) *count += args->tensors[t]->rank;
  return TUNER_OK;
}

static int32_t fixture_init(const tuner_step_args* args) {
  *(double*)args->global_slots[TOTAL] = args->n_tensors;
  return TUNER_OK;
}

static const tuner_list* list_of(const tuner_options* options, uint32_t param) {
  return AT(tuner_list, options->lists, options->list_stride, param);
}

static int32_t update(const tuner_step_args* args, const tuner_tensor* x, double total) {
  const uint64_t history = (uint64_t)value_of(args->options, x->group, HISTORY);
  const tuner_list *weights = list_of(args->options, WEIGHTS), *powers = list_of(args->options, POWERS);
  double* mean = (double*)args->host->scratch(args->host->context, x->numel * sizeof(double));
  double squares = 0, scale = 1 + 1e-6 * total + 1e-4 * x->info->rank;
  double* norm = (double*)x->slots[NORM];
  if (mean == NULL) return TUNER_OUT_OF_MEMORY;
  for (uint64_t i = 0; i < x->numel; ++i) {
    mean[i] = get(x, x->grad, i);
    for (uint64_t h = 0; h < history && h < weights->count; ++h)
      mean[i] += weights->f64[h] * get(x, x->slots[GRADIENTS], h * x->numel + i);
    squares += mean[i] * mean[i];
  }
  for (uint64_t p = 0; p < powers->count; ++p) scale += 1e-3 * pow(*norm, (double)powers->i64[p]) / (1 + *norm * *norm);
  *norm = sqrt(squares);
  for (uint64_t i = 0; i < x->numel; ++i) {
    double v = value_of(args->options, x->group, MOMENTUM) * get(x, x->slots[VELOCITY], i) + mean[i] * scale;
    if (value_of(args->options, x->group, MODE) == 1) v += 1e-3 * tuner_rng_normal_at(args->rng, x->first_index + i);
    set(x, x->slots[VELOCITY], i, v);
    for (uint64_t h = history; h-- > 1;)
      set(x, x->slots[GRADIENTS], h * x->numel + i, get(x, x->slots[GRADIENTS], (h - 1) * x->numel + i));
    if (history > 0) set(x, x->slots[GRADIENTS], i, get(x, x->grad, i));
    set(x, x->data, i, get(x, x->data, i) - value_of(args->options, x->group, LR) * v);
  }
  return TUNER_OK;
}

static int32_t fixture_step(const tuner_step_args* args) {
  double *total = (double*)args->global_slots[TOTAL], loss = 0;
  const tuner_list* names = list_of(args->options, NAMES);
  ++((int64_t*)args->global_slots[COUNTS])[args->step % 2];
  *total += (double)strlen(list_of(args->options, TAG)->text[0]) + args->loss * 1e-3;
  for (uint64_t i = 0; i < names->count; ++i) *total += (double)strlen(names->text[i]);
  for (uint32_t t = 0; t < args->n_tensors; ++t) {
    const tuner_tensor* x = AT(tuner_tensor, args->tensors, args->tensor_stride, t);
    const int32_t status = x->grad == NULL ? TUNER_OK : update(args, x, *total);
    if (status != TUNER_OK) return status;
  }
  const int32_t status = args->closure->evaluate(args->closure->context, TUNER_WANT_LOSS, &loss);
  if (status != TUNER_OK) return status;
  *total = fmod(*total, 16) + loss * 1e-3;
  return args->host->report(args->host->context, "total", args->step, *total);
}

static int32_t fixture_point(const tuner_point_args* args) {
  for (uint32_t t = 0; t < args->n_tensors; ++t) {
    const tuner_tensor* x = AT(tuner_tensor, args->tensors, args->tensor_stride, t);
    if (x->info->flags & TUNER_TENSOR_BUFFER) continue;
    for (uint64_t i = 0; i < x->numel; ++i) set(x, args->outputs[t], i, 0.875 * get(x, args->outputs[t], i));
  }
  return TUNER_OK;
}

static int32_t fixture_check(const tuner_options* options, tuner_error* error) {
  if (value_of(options, 0, LR) <= 1e3) return TUNER_OK;
  snprintf(error->text, sizeof error->text, "lr is too large");
  return TUNER_INVALID;
}

static const tuner_optimizer fixture = {.struct_size = sizeof(tuner_optimizer),
                                        .n_slots = COUNT(fixture_slots),
                                        .slot_stride = sizeof(tuner_slot),
                                        .state_version = 1,
                                        .slots = fixture_slots,
                                        .step = fixture_step,
                                        .init = fixture_init,
                                        .slot_extent = fixture_extent,
                                        .evaluation_point = fixture_point,
                                        .check = fixture_check};

/* ---- scheduler `fixture`: two outputs, state, the metric */

static const tuner_param schedule_params[] = {{.struct_size = sizeof(tuner_param),
                                               .type = TUNER_TYPE_F64,
                                               .flags = TUNER_PARAM_MIN_OPEN,
                                               .id = "decay",
                                               .doc = "of lr",
                                               .unit = "",
                                               .default_value = 0.9,
                                               .min = 0,
                                               .max = 1},
                                              {.struct_size = sizeof(tuner_param),
                                               .type = TUNER_TYPE_I64,
                                               .id = "period",
                                               .doc = "of momentum",
                                               .unit = "steps",
                                               .default_value = 3,
                                               .min = 1,
                                               .max = 100}};
static const char* const lr_targets[] = {"lr"};
static const char* const momentum_targets[] = {"beta1", "momentum"};
static const tuner_schedule_output lr_output = {
    .struct_size = sizeof(tuner_schedule_output), .flags = 0, .id = "lr", .targets = lr_targets, .n_targets = 1};
static const tuner_schedule_output momentum_output = {.struct_size = sizeof(tuner_schedule_output),
                                                      .flags = TUNER_OUTPUT_OPTIONAL,
                                                      .id = "momentum",
                                                      .targets = momentum_targets,
                                                      .n_targets = 2};
static const tuner_schedule_output* const outputs[] = {&lr_output, &momentum_output};
static const tuner_slot schedule_slots[] = {{.struct_size = sizeof(tuner_slot),
                                             .scope = TUNER_SCOPE_GLOBAL,
                                             .dtype = TUNER_DTYPE_F64,
                                             .count_param = -1,
                                             .fill = 1,
                                             .id = "factor",
                                             .doc = "product of the decays"}};

static int32_t schedule_value(const tuner_schedule_args* args, double* values) {
  double* factor = (double*)args->global_slots[0];
  values[0] = args->base[0] * *factor;
  values[1] = args->base[1] * (args->step % (int64_t)value_of(args->options, 0, 1) == 0 ? 0.5 : 1);
  *factor *= value_of(args->options, 0, 0);
  if (args->metric_count > 0) *factor *= args->metric > 0 ? 0.99 : 1.01;
  return TUNER_OK;
}

static const tuner_scheduler schedule = {.struct_size = sizeof(tuner_scheduler),
                                         .n_outputs = 2,
                                         .outputs = outputs,
                                         .value = schedule_value,
                                         .n_slots = 1,
                                         .slot_stride = sizeof(tuner_slot),
                                         .slots = schedule_slots};

/* ---- objective `fixture`: mean distance to random points */

enum { W = 6, B = 5, N_VALID = 8 };
typedef struct {
  uint64_t train;
  double* points; /* W for each sample, the training split first */
} Shared;
typedef struct {
  const Shared* shared;
  double *w, *w_grad, *seen;
  float *b, *b_grad;
} Context;

static const tuner_param objective_params[] = {{.struct_size = sizeof(tuner_param),
                                                .type = TUNER_TYPE_I64,
                                                .flags = TUNER_PARAM_DATA,
                                                .id = "samples",
                                                .doc = "in the training split",
                                                .unit = "",
                                                .default_value = 24,
                                                .min = 1,
                                                .max = 1e6}};
static const tuner_metric distance = {.struct_size = sizeof(tuner_metric),
                                      .direction = TUNER_MINIMIZE,
                                      .aggregation = TUNER_AGGREGATE_MEAN,
                                      .id = "distance",
                                      .doc = "mean distance",
                                      .unit = ""};
static const tuner_metric hits = {.struct_size = sizeof(tuner_metric),
                                  .direction = TUNER_MAXIMIZE,
                                  .aggregation = TUNER_AGGREGATE_SUM,
                                  .id = "hits",
                                  .doc = "points within 1",
                                  .unit = "points"};
static const tuner_metric* const metrics[] = {&distance, &hits};

static int32_t objective_open(const tuner_open_args* args, void** out) {
  Shared* shared = (Shared*)malloc(sizeof(Shared));
  if (shared == NULL) return TUNER_OUT_OF_MEMORY;
  shared->train = (uint64_t)value_of(args->options, 0, 0);
  const uint64_t n = W * (shared->train + N_VALID);
  shared->points = (double*)malloc(n * sizeof(double));
  if (shared->points == NULL) return free(shared), TUNER_OUT_OF_MEMORY;
  for (uint64_t i = 0; i < n; ++i) shared->points[i] = tuner_rng_normal_at(args->rng, i);
  *out = shared;
  return TUNER_OK;
}
static void objective_close(void* shared) {
  free(((Shared*)shared)->points);
  free(shared);
}

static int32_t objective_describe(const tuner_describe_args* args) {
  static const int64_t matrix[] = {3, 2}, vector[] = {B}, one[] = {1};
  const tuner_tensor_decl tensors[] = {{.struct_size = sizeof(tuner_tensor_decl),
                                        .rank = 2,
                                        .dtype = TUNER_DTYPE_F64,
                                        .role = TUNER_ROLE_WEIGHT,
                                        .flags = 0,
                                        .layer = 0,
                                        .name = "w",
                                        .shape = matrix,
                                        .fan_in = 3,
                                        .fan_out = 2},
                                       {.struct_size = sizeof(tuner_tensor_decl),
                                        .rank = 1,
                                        .dtype = TUNER_DTYPE_F32,
                                        .role = TUNER_ROLE_BIAS,
                                        .flags = 0,
                                        .layer = 0,
                                        .name = "b",
                                        .shape = vector},
                                       {.struct_size = sizeof(tuner_tensor_decl),
                                        .rank = 1,
                                        .dtype = TUNER_DTYPE_F64,
                                        .role = TUNER_ROLE_UNKNOWN,
                                        .flags = TUNER_TENSOR_BUFFER,
                                        .layer = -1,
                                        .name = "seen",
                                        .shape = one}};
  const tuner_layout* layout = args->layout;
  int32_t status = TUNER_OK;
  for (uint32_t t = 0; t < COUNT(tensors) && status == TUNER_OK; ++t)
    status = layout->add_tensor(layout->context, &tensors[t]);
  if (status == TUNER_OK)
    status = layout->set_samples(layout->context, TUNER_SPLIT_TRAIN, ((const Shared*)args->shared)->train);
  return status == TUNER_OK ? layout->set_samples(layout->context, TUNER_SPLIT_VALID, N_VALID) : status;
}

static int32_t objective_bind(const tuner_bind_args* args, void** out) {
  Context* context = (Context*)malloc(sizeof(Context));
  if (context == NULL) return TUNER_OUT_OF_MEMORY;
  const tuner_tensor *w = AT(tuner_tensor, args->tensors, args->tensor_stride, 0),
                     *b = AT(tuner_tensor, args->tensors, args->tensor_stride, 1),
                     *seen = AT(tuner_tensor, args->tensors, args->tensor_stride, 2);
  context->shared = (const Shared*)args->shared;
  context->w = (double*)w->data, context->w_grad = (double*)w->grad;
  context->b = (float*)b->data, context->b_grad = (float*)b->grad, context->seen = (double*)seen->data;
  *out = context;
  return TUNER_OK;
}

static int32_t objective_init(void* opaque, tuner_rng* rng, tuner_error* error) {
  Context* c = (Context*)opaque;
  (void)error;
  for (int i = 0; i < W; ++i) c->w[i] = 0.25 + tuner_rng_next_normal(rng);
  for (int i = 0; i < B; ++i) c->b[i] = (float)tuner_rng_next_uniform(rng);
  *c->seen = 0;
  return TUNER_OK;
}

static int32_t objective_evaluate(void* opaque, const tuner_evaluate_args* args) {
  Context* c = (Context*)opaque;
  const uint64_t first = args->split == TUNER_SPLIT_VALID ? c->shared->train : 0;
  const double n = (double)args->n_indices;
  double loss = 0, mean = 0, within = 0, gradient[W] = {0};
  for (uint64_t k = 0; k < args->n_indices; ++k) {
    double squares = 0;
    for (int i = 0; i < W; ++i) {
      const uint64_t draw = args->rng->position + args->indices[k] * W + (uint64_t)i;
      const double noise = args->flags & TUNER_EVALUATE_TRAIN ? 1e-3 * tuner_rng_uniform_at(args->rng, draw) : 0;
      const double d = c->w[i] - c->shared->points[(first + args->indices[k]) * W + (uint64_t)i] + noise;
      squares += d * d, gradient[i] += d / n;
    }
    loss += 0.5 * squares / n, mean += sqrt(squares) / n, within += squares < 1 ? 1 : 0;
  }
  for (int i = 0; i < B; ++i) loss += 0.5 * (double)c->b[i] * (double)c->b[i];
  if (args->flags & TUNER_EVALUATE_UPDATE_BUFFERS) *c->seen += n;
  if (args->want & TUNER_WANT_LOSS) *args->loss = loss + 1e-6 * *c->seen;
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] = mean, args->metrics[1] = within;
  if (args->want & TUNER_WANT_GRADIENT) {
    for (int i = 0; i < W; ++i) c->w_grad[i] = gradient[i];
    for (int i = 0; i < B; ++i) c->b_grad[i] = c->b[i];
  }
  return TUNER_OK;
}

static const tuner_objective objective = {.struct_size = sizeof(tuner_objective),
                                          .n_metrics = 2,
                                          .metrics = metrics,
                                          .open = objective_open,
                                          .close = objective_close,
                                          .describe = objective_describe,
                                          .bind = objective_bind,
                                          .release = free,
                                          .init = objective_init,
                                          .evaluate = objective_evaluate,
                                          .minimum = NAN};

/* ---- the library */

#define PLUGIN(of_kind, of_flags, of_id, of_params, table)                                                       \
  {                                                                                                              \
    .struct_size = sizeof(tuner_plugin), .kind = of_kind, .flags = of_flags, .n_params = COUNT(of_params),       \
    .param_stride = sizeof(tuner_param), .id = of_id, .name = of_id, .version = "1.0.0", .doc = "for the tests", \
    .details = "", .reference = "a test", .params = of_params, .vtable = table                                   \
  }
static const tuner_plugin sgd_plugin = PLUGIN(TUNER_KIND_OPTIMIZER, TUNER_PLUGIN_ELEMENTWISE, "sgd", sgd_params, &sgd);
static const tuner_plugin fixture_plugin =
    PLUGIN(TUNER_KIND_OPTIMIZER, TUNER_PLUGIN_CLOSURE, "fixture", fixture_params, &fixture);
static const tuner_plugin schedule_plugin = PLUGIN(TUNER_KIND_SCHEDULER, 0, "fixture", schedule_params, &schedule);
static const tuner_plugin objective_plugin = PLUGIN(TUNER_KIND_OBJECTIVE, 0, "fixture", objective_params, &objective);
static const tuner_plugin* const plugins[] = {&sgd_plugin, &fixture_plugin, &schedule_plugin, &objective_plugin};
static const tuner_library library = {.struct_size = sizeof(tuner_library),
                                      .abi_major = TUNER_ABI_MAJOR,
                                      .abi_minor = TUNER_ABI_MINOR,
                                      .min_host_minor = 0,
                                      .abi_tag = TUNER_ABI_TAG,
                                      .n_plugins = COUNT(plugins),
                                      .plugins = plugins,
                                      .name = "fixture",
                                      .version = "1.0.0",
                                      .licence = "MIT",
                                      .url = "",
                                      .build = "test"};

#ifdef __cplusplus
extern "C"
#endif
    TUNER_EXPORT const tuner_library*
    tuner_plugin_v1(uint32_t host_minor);

const tuner_library* tuner_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &library;
}
