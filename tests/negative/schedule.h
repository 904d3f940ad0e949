/* The tables of a schedule in C with one option, "decay". See optimizer.h. */
#ifndef TESTS_NEGATIVE_SCHEDULE_H
#define TESTS_NEGATIVE_SCHEDULE_H

#include <math.h>

#include "library.h"

enum { DECAY, N_PARAMS };

static tuner_param params[N_PARAMS] = {{.struct_size = sizeof(tuner_param),
                                        .type = TUNER_TYPE_F64,
                                        .flags = TUNER_PARAM_SEARCHABLE,
                                        .search_scale = TUNER_SCALE_LOG,
                                        .id = "decay",
                                        .doc = "speed of the decline",
                                        .unit = "1/step",
                                        .default_value = 0.01,
                                        .min = 0,
                                        .max = INFINITY,
                                        .search_min = 1e-4,
                                        .search_max = 1}};

static const char* const targets[] = {"lr"};
static const tuner_schedule_output lr_output = {
    .struct_size = sizeof(tuner_schedule_output), .id = "lr", .targets = targets, .n_targets = 1};
static const tuner_schedule_output* const outputs[] = {&lr_output};

static tuner_scheduler functions = {
    .struct_size = sizeof(tuner_scheduler), .n_outputs = 1, .outputs = outputs, .slot_stride = sizeof(tuner_slot)};

#define FIXTURE_SCHEDULER(plugin_id, value_function, plugin_flags, ...)                                        \
  FIXTURE_LIBRARY(plugin_id, TUNER_KIND_SCHEDULER, plugin_flags, &functions, functions.value = value_function; \
                  plugin.params = params; plugin.n_params = N_PARAMS; __VA_ARGS__)

#endif
