// Steps of an optimizer in a process of its own: nothing is left there of what the plugin did before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

// The word that main.cpp knows.
inline constexpr const char* kStepsWord = "--step-plugin";

struct Steps {
  std::vector<TensorSpec> tensors;  // ordinary_tensors() where it is empty; else of plain shapes
  int count = 1;
  State from{};               // of both types, as steps_in_new_process() returns it; empty: from the start
  const char* isa = nullptr;  // TUNER_ISA
};

// Runs the steps once with float64 and once with float32 tensors. The state of both, each piece's name with its type:
// "float32 tensor 'weight'". Throws Found where the process does not come back in good health.
[[nodiscard]] State steps_in_new_process(const Subject& subject, const Steps& steps, std::string_view purpose);

// The other side: FILE PLUGIN SEED COUNT FROM TO SHAPES [OPTION=VALUE...]. Exit code.
[[nodiscard]] int answer_steps(const std::vector<std::string>& words);

}  // namespace tuner::check
