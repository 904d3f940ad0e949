// Throws out of step(): the layer for C++ would have caught it, this plugin is written against the bare header.
#include <stdexcept>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  if (args->n_tensors > 0) throw std::runtime_error("nobody catches this");
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("throws_across_the_boundary", step, TUNER_PLUGIN_ELEMENTWISE)
