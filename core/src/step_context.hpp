// What the stages of a training step share: the trial, its objective, and how calls into plugins are judged.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "floating_point.hpp"
#include "tuner/objective.hpp"
#include "tuner/training.hpp"

namespace tuner {

// Threads: one trainer, one thread.
struct StepContext {
  // spec and run must outlive it. Errors: those of Objective.
  StepContext(TrialSpec& spec, SharedObjectives& shared, TrialRun& run);
  StepContext(const StepContext&) = delete;
  StepContext& operator=(const StepContext&) = delete;

  // Throws TrialEnded unless a call into `use` went well.
  void require(std::int32_t status, const PluginUse& use);
  // The random numbers of one purpose, from their place number `place` on.
  [[nodiscard]] tuner_rng stream(std::uint32_t purpose, std::int64_t place) const;

  FloatingPointGuard guard;
  unsigned mode;
  TrialSpec& spec;
  std::stop_token stop;
  TrialTrace& trace;
  TrialResult& result;
  std::uint32_t trial;  // that random numbers are keyed with
  HostServices host;
  tuner_error error{};
  std::unique_ptr<Objective> objective;
  // Of the step at hand: the evaluations that its optimizer has asked for, and whether these were too many.
  std::uint64_t evaluations = 0;
  bool budget_used_up = false;
};

constexpr std::uint64_t kEvaluationsPerStep = 10'000;  // a closure's budget

}  // namespace tuner
