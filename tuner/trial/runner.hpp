// What a trial runs, and who runs it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

#include "tuner/checkpoint.hpp"
#include "tuner/end_measures.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/plan.hpp"
#include "tuner/program/runner.hpp"
#include "tuner/training.hpp"
#include "tuner/trial/channel.hpp"

namespace tuner::trial {

// The kinds of trials. A further kind is one more alternative, a spec_of() and a rules_of() of its own, and a line in
// the table of runners (runner.cpp).
using Spec = std::variant<TrialSpec, lr_range::PartSpec, program::ProgramSpec>;

// What trial `id` of the study runs at `point`. Errors: as resolve().
[[nodiscard]] Spec spec_of(const Study& study, const Configuration& point, const TrialId& id);

// Runs one trial, of whatever kind, to its end. What plugins and programs do is an outcome; an Error is the study's.
// host: of programs; null where there are none. Threads: any number of trials side by side with one SharedObjectives,
// those of programs one at a time. measures: of a training.
[[nodiscard]] TrialResult run(Spec spec, Channel& channel, const Checkpoints& checkpoints, const std::stop_token& stop,
                              SharedObjectives& shared, program::Host* host = nullptr,
                              const EndMeasures& measures = {});

// Runs the trials of a study in this process.
class Runner {
 public:
  // identity: checkpoint_identity() of the plan. study and shared must outlive it.
  Runner(const Study& study, std::string identity, SharedObjectives& shared)
      : study_(study), identity_(std::move(identity)), shared_(shared) {
    if (study.plan.program) host_ = std::make_unique<program::Host>(study);
  }
  // As run(), of trial `id` at `point`.
  [[nodiscard]] TrialResult run(const TrialId& id, const Configuration& point, Channel& channel,
                                const std::stop_token& stop) const;

 private:
  const Study& study_;
  std::string identity_;
  SharedObjectives& shared_;
  std::unique_ptr<program::Host> host_;  // where the objective is a program
};

}  // namespace tuner::trial
