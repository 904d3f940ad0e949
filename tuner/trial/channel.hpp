// The channel between a running trial and the coordinator.
//
// Up go reports (what was measured at a step) and notices (the trial has begun, a checkpoint is written); down comes,
// for the reports that wait for it, a decision. The first report of the study's metric at step Asked::decide_at or
// later waits; its decision names the step from which on the next one waits. All other reports are one-way. Nothing is
// sent where nobody asks.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/trial_run.hpp"

namespace tuner::trial {

// What the coordinator wants to hear of a trial while it runs.
struct Asked {
  bool reports = false;             // every report and notice
  std::int64_t decide_at = kNever;  // see above; kNever: no decision is ever waited for
  [[nodiscard]] bool anything() const { return reports || decide_at != kNever; }
};

// Of attempt `attempt` of trial `number`.
struct Begun {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  std::int64_t at_ms = 0;  // UTC, since 1970
};
struct Report {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  std::int64_t step = 0;        // updates done
  bool waits = false;           // the trial stands still until it has a decision
  std::optional<double> value;  // of the study's metric, where it was measured
  std::vector<MetricPoint> metrics;
};
struct CheckpointWritten {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  std::int64_t step = 0;
};
using Notice = std::variant<Begun, Report, CheckpointWritten>;

[[nodiscard]] inline Report report_of(std::uint64_t number, std::uint32_t attempt, const StepReport& report,
                                      bool waits) {
  return {number, attempt, report.step, waits, report.value, {report.metrics.begin(), report.metrics.end()}};
}

template <class Archive>
void serialize(Archive& archive, Asked& asked) {
  archive(asked.reports, asked.decide_at);
}
template <class Archive>
void serialize(Archive& archive, Begun& begun) {
  archive(begun.number, begun.attempt, begun.at_ms);
}
template <class Archive>
void serialize(Archive& archive, Report& r) {
  archive(r.number, r.attempt, r.step, r.waits, r.value, r.metrics);
}
template <class Archive>
void serialize(Archive& archive, CheckpointWritten& written) {
  archive(written.number, written.attempt, written.step);
}

// Where a trial runs: the number of its worker, and how often it was begun in this start of the study.
struct Seat {
  std::uint32_t worker = 0, attempt = 1;
};

// A trial's own end of it. Threads: the trial's.
class Channel : public TrialObserver {
 public:
  [[nodiscard]] virtual Seat seat() const = 0;
  // Does anybody ask? Else the trial reports nothing.
  [[nodiscard]] virtual bool is_asked() const = 0;
  // Where the trial says what it is at.
  [[nodiscard]] virtual TrialTrace& trace() = 0;
  // What it measured before it was paused or cancelled, where no checkpoint of ours has that.
  [[nodiscard]] virtual const std::optional<TrialResult>& earlier() const = 0;
};

}  // namespace tuner::trial
