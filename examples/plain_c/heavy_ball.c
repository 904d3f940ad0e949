/* A complete optimizer in plain C11: gradient descent with a velocity, after Polyak 1964.
 *
 *     v = momentum v + g
 *     x -= lr v
 *
 * Everything that a plugin consists of stands here, from the bottom up: the options, the state, the functions, and the
 * one exported symbol. The host allocates, fills, saves and restores the state; there is nothing to free.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "tuner/abi.h"

/* Options. Their order is the order of the columns in tuner_options::values. A field that is not named is 0 or null. */
enum { LR, MOMENTUM, N_PARAMS };

static const tuner_param params[N_PARAMS] = {
    {.struct_size = sizeof(tuner_param),
     .type = TUNER_TYPE_F64,
     .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE, /* schedulers may drive it; `lr: search` has a range */
     .search_scale = TUNER_SCALE_LOG,
     .id = "lr",
     .doc = "step size",
     .unit = "",
     .default_value = 1e-2,
     .min = 0, /* the legal range: anything else is refused when the sweep is read */
     .max = INFINITY,
     .search_min = 1e-4, /* the sensible range */
     .search_max = 1},
    {.struct_size = sizeof(tuner_param),
     .type = TUNER_TYPE_F64,
     .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE | TUNER_PARAM_MAX_OPEN, /* 1 itself is not legal */
     .search_scale = TUNER_SCALE_LOG1M, /* uniform in log(1 - momentum) */
     .id = "momentum",
     .doc = "decay of the velocity",
     .unit = "",
     .default_value = 0.9,
     .min = 0,
     .max = 1,
     .search_min = 0.5,
     .search_max = 0.99},
};

/* State: one value for every parameter, in the parameter's own type, 0 before the first step. */
enum { VELOCITY, N_SLOTS };

static const tuner_slot slots[N_SLOTS] = {
    {.struct_size = sizeof(tuner_slot),
     .scope = TUNER_SCOPE_ELEMENT,
     .dtype = TUNER_DTYPE_AS_TENSOR,
     .count_param = -1, /* no option multiplies it */
     .fill = 0,
     .id = "velocity",
     .doc = "sum of past gradients, each decayed"},
};

static void update_f32(float* restrict x, const float* restrict g, float* restrict v, uint64_t n, float lr,
                       float momentum) {
  for (uint64_t i = 0; i < n; ++i) {
    v[i] = momentum * v[i] + g[i];
    x[i] -= lr * v[i];
  }
}

static void update_f64(double* restrict x, const double* restrict g, double* restrict v, uint64_t n, double lr,
                       double momentum) {
  for (uint64_t i = 0; i < n; ++i) {
    v[i] = momentum * v[i] + g[i];
    x[i] -= lr * v[i];
  }
}

/* One update of all tensors, in place. Nothing overlaps, so restrict is legal. */
static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    /* Arrays of structs are walked with the stride that the host gives: its structs may have grown. */
    const tuner_tensor* t = (const tuner_tensor*)((const char*)args->tensors + (size_t)i * args->tensor_stride);
    if (t->grad == NULL) continue; /* frozen: its data must not change, and it has no slots */
    const double* values = args->options->values + (size_t)t->group * args->options->n_params;
    if (t->dtype == TUNER_DTYPE_F32)
      update_f32(t->data, t->grad, t->slots[VELOCITY], t->numel, (float)values[LR], (float)values[MOMENTUM]);
    else if (t->dtype == TUNER_DTYPE_F64)
      update_f64(t->data, t->grad, t->slots[VELOCITY], t->numel, values[LR], values[MOMENTUM]);
    else {
      if (args->error != NULL)
        snprintf(args->error->text, sizeof args->error->text, "heavy_ball knows f32 and f64, not dtype %u", t->dtype);
      return TUNER_UNSUPPORTED;
    }
  }
  return TUNER_OK;
}

/* What an optimizer offers. All but step may be null. */
static const tuner_optimizer vtable = {
    .struct_size = sizeof(tuner_optimizer),
    .n_slots = N_SLOTS,
    .slot_stride = sizeof(tuner_slot),
    .state_version = 1, /* raise it when a slot changes its meaning: older checkpoints are then refused */
    .slots = slots,
    .step = step,
    .init = NULL,             /* would fill slots that a constant cannot */
    .slot_extent = NULL,      /* would size slots that are not one value per element, tensor or optimizer */
    .evaluation_point = NULL, /* would give averaged parameters to evaluate at */
    .check = NULL,            /* would refuse combinations of options */
};

static const tuner_plugin heavy_ball = {
    .struct_size = sizeof(tuner_plugin),
    .kind = TUNER_KIND_OPTIMIZER,
    .flags = TUNER_PLUGIN_ELEMENTWISE, /* every element alone: the host may pass a tensor in parts */
    .n_params = N_PARAMS,
    .param_stride = sizeof(tuner_param),
    .id = "heavy_ball",
    .name = "Heavy ball",
    .version = "1.0.0",
    .doc = "gradient descent with momentum, in plain C",
    .details =
        "v = momentum v + g,  x -= lr v\n"
        "lr = 0 leaves x alone; g = 0 on fresh state too; the first step is lr g.",
    .reference = "Polyak 1964, eq. 9, with lr outside the velocity",
    .params = params,
    .vtable = &vtable,
    .get_extension = NULL,
};

static const tuner_plugin* const plugins[] = {&heavy_ball};

static const tuner_library library = {
    .struct_size = sizeof(tuner_library),
    .abi_major = TUNER_ABI_MAJOR,
    .abi_minor = TUNER_ABI_MINOR,
    .min_host_minor = 0, /* any host of this major will do */
    .abi_tag = TUNER_ABI_TAG,
    .n_plugins = sizeof plugins / sizeof plugins[0],
    .plugins = plugins,
    .name = "heavy_ball",
    .version = "1.0.0",
    .licence = "MIT",
    .url = "",
    .build = __VERSION__,
    .build_probe = tuner_build_probe, /* how it was compiled: the host asks */
};

/* The library's only exported symbol. The same constant data at every call. */
TUNER_EXPORT const tuner_library* tuner_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &library;
}
