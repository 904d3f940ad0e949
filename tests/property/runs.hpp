// Steps on reproducible noise, for tests that compare two runs.
#pragma once

#include "stepper.hpp"
#include "tuner/abi.h"

namespace tuner::test {

// `count` values in (-1, 1), the same for the same key everywhere.
inline Vector noise(std::size_t count, std::uint64_t key) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_NOISE;
  rng.seed = key;
  Vector values(count);
  for (double& value : values) value = 2 * tuner_rng_next_uniform(&rng) - 1;
  return values;
}

// Defaults without weight decay.
inline Given without_decay(const std::string& optimizer) {
  Given given;
  for (const char* decay : {"weight_decay", "lambd"})
    if (builtin(Kind::optimizer, optimizer).find_param(decay)) given[decay] = 0.0;
  return given;
}

// init() and `steps` steps with a new gradient at each.
inline void run(Stepper& stepper, std::size_t count, int steps) {
  stepper.init();
  for (int t = 1; t <= steps; ++t) {
    stepper.set_grad(noise(count, 1000 + static_cast<std::uint64_t>(t)));
    stepper.step(t);
  }
}

}  // namespace tuner::test
