// Remembers the mean gradient of every tensor in a map of its own, by the address of the data. A trial that is resumed,
// or cloned, starts without it.
#include <map>
#include <mutex>

#include "../optimizer.h"

#ifndef REPAIRED
static std::mutex mutex;
static std::map<const void*, double> means;

static double remembered(const tuner_step_args* args, const tuner_tensor* t, double mean) {
  const std::lock_guard lock(mutex);
  double& kept = means[t->data];
  kept = args->step == 1 ? mean : 0.9 * kept + 0.1 * mean;
  return kept;
}
#endif

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == nullptr || t->numel == 0) continue;
    double mean = 0;
    for (uint64_t k = 0; k < t->numel; ++k) mean += fabs(get(t, t->grad, k)) / static_cast<double>(t->numel);
#ifndef REPAIRED
    mean = remembered(args, t, mean);
#endif
    descend(args, t, 1 / (1 + mean));
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("state_outside_slots", step, 0)
