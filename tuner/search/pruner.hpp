// Pruners stop trials that are not worth going on with, by what they report while they run.
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

// A trial that has come to its end, whatever that was.
struct Ended {
  std::uint64_t number = 0;
  Outcome outcome = Outcome::completed;
  std::int64_t last_step = 0;
  std::optional<double> value;  // the trial's
  Configuration configuration = {};
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
  // Takes in the end of a trial. Those of earlier runs of the study come after all measurements of these.
  virtual void ended(const Ended&) {}
};

}  // namespace tuner::search
