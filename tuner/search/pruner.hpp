// Pruners stop or pause trials that are not worth going on with, by what they report while they run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tuner/space.hpp"
#include "tuner/trial_run.hpp"

namespace tuner::search {

// The study's metric as a running trial measured it at a step where a decision was due.
struct Judged {
  std::uint64_t number = 0;  // of the trial
  std::int64_t step = 0;
  std::optional<double> value;
  Configuration configuration = {};
};

// A trial that has come to its end, whatever that was, or that has paused.
struct Ended {
  std::uint64_t number = 0;
  Outcome outcome = Outcome::completed;
  std::int64_t last_step = 0;
  std::optional<double> value;  // the trial's
  Configuration configuration = {};
};

// What becomes of a paused trial: it goes on, or is stopped.
struct Reviewed {
  std::uint64_t number = 0;
  Decision decision;
};

// Threads: one at a time.
class Pruner {
 public:
  virtual ~Pruner() = default;
  // Makes it ready, so that what it cannot judge is said before a trial runs. Errors: config.impossible.
  virtual void begin() {}
  // The step from which on the first measurement of every trial is judged.
  [[nodiscard]] virtual std::int64_t first_step() const = 0;
  // Takes in a measurement: each (trial, step) once, in the order in which they came to the coordinator, those of
  // earlier runs of the study and of earlier attempts of the trial first.
  virtual void observe(const Judged& judged) = 0;
  // What becomes of the trial of the measurement observed last. A function of what has been observed; changes no later
  // answer.
  [[nodiscard]] virtual Decision decide(const Judged& judged) const = 0;
  // Takes in that a trial has ended, or paused. Where an earlier run of the study did not record when that was, it
  // comes after what the run recorded.
  virtual void ended(const Ended&) {}
  // Does it review paused trials? Else it pauses none.
  [[nodiscard]] virtual bool reviews() const { return false; }
  // A worker is free: what becomes of one of the paused trials; nothing: all stay as they are, and no later answer
  // changes. is_last: no trial runs, and none will begin.
  [[nodiscard]] virtual std::optional<Reviewed> review(bool is_last) {
    static_cast<void>(is_last);
    return std::nullopt;
  }
};

}  // namespace tuner::search
