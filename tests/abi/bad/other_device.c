/* An objective that computes on devices which this host does not have. */
#include "plain.h"

static int32_t describe(const tuner_describe_args* args) { return args->struct_size > 0 ? TUNER_OK : TUNER_ERROR; }
static int32_t bind(const tuner_bind_args* args, void** context) {
  *context = NULL;
  return args->struct_size > 0 ? TUNER_OK : TUNER_ERROR;
}
static void release(void* context) { (void)context; }
static int32_t init(void* context, tuner_rng* rng, tuner_error* error) {
  (void)context;
  (void)rng;
  (void)error;
  return TUNER_OK;
}
static int32_t evaluate(void* context, const tuner_evaluate_args* args) {
  (void)context;
  *args->loss = 0;
  return TUNER_OK;
}

static const char* const devices[] = {"cuda:0", "cuda:1"};
static const tuner_objective objective = {.struct_size = sizeof(tuner_objective),
                                          .describe = describe,
                                          .bind = bind,
                                          .release = release,
                                          .init = init,
                                          .evaluate = evaluate,
                                          .devices = devices,
                                          .n_devices = 2};

SPOILED_LIBRARY(plugin.kind = TUNER_KIND_OBJECTIVE; plugin.vtable = &objective)
