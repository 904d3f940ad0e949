/* A correct optimizer in C, whose tables a bad library spoils in one place:
 *
 *     SPOILED_LIBRARY(library.abi_tag = 0)
 *
 * The statement runs in the entry function, before the table is returned. */
#ifndef TESTS_ABI_BAD_PLAIN_H
#define TESTS_ABI_BAD_PLAIN_H

#include "tuner/abi.h"

static int32_t plain_step(const tuner_step_args* args) {
  for (uint32_t t = 0; t < args->n_tensors; ++t) {
    const tuner_tensor* tensor = (const tuner_tensor*)((const char*)args->tensors + (size_t)t * args->tensor_stride);
    if (tensor->grad == NULL) continue;
    const double lr = args->options->values[(size_t)tensor->group * args->options->n_params];
    for (uint64_t i = 0; i < tensor->numel; ++i)
      if (tensor->dtype == TUNER_DTYPE_F64)
        ((double*)tensor->data)[i] -= lr * ((const double*)tensor->grad)[i];
      else
        ((float*)tensor->data)[i] -= (float)lr * ((const float*)tensor->grad)[i];
  }
  return TUNER_OK;
}

static tuner_param params[2] = {{.struct_size = sizeof(tuner_param),
                                 .type = TUNER_TYPE_F64,
                                 .flags = TUNER_PARAM_SCHEDULABLE | TUNER_PARAM_SEARCHABLE,
                                 .search_scale = TUNER_SCALE_LOG,
                                 .id = "lr",
                                 .doc = "step size",
                                 .unit = "",
                                 .default_value = 0.01,
                                 .min = 0,
                                 .max = 10,
                                 .search_min = 1e-4,
                                 .search_max = 1},
                                {.struct_size = sizeof(tuner_param),
                                 .type = TUNER_TYPE_F64,
                                 .id = "unused",
                                 .doc = "no effect",
                                 .unit = "",
                                 .max = 1}};

static tuner_slot slots[1] = {{.struct_size = sizeof(tuner_slot),
                               .scope = TUNER_SCOPE_ELEMENT,
                               .count_param = -1,
                               .id = "unused",
                               .doc = "no effect"}};

static tuner_optimizer functions = {.struct_size = sizeof(tuner_optimizer),
                                    .n_slots = 1,
                                    .slot_stride = sizeof(tuner_slot),
                                    .slots = slots,
                                    .step = plain_step};

static tuner_plugin plugin = {.struct_size = sizeof(tuner_plugin),
                              .kind = TUNER_KIND_OPTIMIZER,
                              .n_params = 2,
                              .param_stride = sizeof(tuner_param),
                              .id = "plain",
                              .name = "Plain",
                              .version = "1.0.0",
                              .doc = "gradient descent",
                              .details = "",
                              .reference = "a test",
                              .params = params,
                              .vtable = &functions};

static const tuner_plugin* plugins[1] = {&plugin};

static tuner_library library = {.struct_size = sizeof(tuner_library),
                                .abi_major = TUNER_ABI_MAJOR,
                                .abi_minor = TUNER_ABI_MINOR,
                                .abi_tag = TUNER_ABI_TAG,
                                .n_plugins = 1,
                                .plugins = plugins,
                                .name = "plain",
                                .version = "1.0.0",
                                .licence = "MIT",
                                .url = "",
                                .build = "test"};

#define SPOILED_LIBRARY(statement)                                        \
  TUNER_EXPORT const tuner_library* tuner_plugin_v1(uint32_t host_minor); \
  const tuner_library* tuner_plugin_v1(uint32_t host_minor) {             \
    (void)host_minor;                                                     \
    statement;                                                            \
    return &library;                                                      \
  }

#endif
