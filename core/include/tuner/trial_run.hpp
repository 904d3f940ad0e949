// What trials of every kind have in common, whatever is run: the clock and its limit, the metrics, the study's metric
// with its summary and its target, the reports to whoever follows the trial, and the outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/trial.hpp"
#include "tuner/trial_trace.hpp"

namespace tuner {

// How a trial is judged.
struct TrialRules {
  std::string metric;  // the study's; empty: the run itself says what the trial's value is
  Goal goal = Goal::minimize;
  std::optional<double> target;
  Summary summary = Summary::automatic;
  std::optional<EarlyStopping> early_stopping;
  double time_limit_seconds = 0;  // 0: none
  // Of a study with several metrics, those after the first: a trial that lacks one has failed. The trial's value is
  // then the last one, so that all values are of one step.
  std::vector<std::string> further_metrics = {};
};
[[nodiscard]] TrialRules rules_of(const TrialSpec& spec);

// Thrown where a run ends before its time: an outcome of the trial, not an error.
struct TrialEnded {
  Outcome outcome;
  std::string error;
  Failure failure = Failure::none;
};

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// What was measured at one step.
struct StepReport {
  std::int64_t step = 0;
  std::optional<double> value;           // of the study's metric, where it was measured
  std::span<const MetricPoint> metrics;  // all that was recorded since the report before
};

// What becomes of a trial after a report.
struct Decision {
  enum class What { go_on, stop, pause };
  What what = What::go_on;
  // The step from which on the report of the study's metric waits for the next decision; the reports before it are not
  // waited for.
  std::int64_t next = kNever;
  std::string why = {};  // for people
  [[nodiscard]] bool stops() const { return what == What::stop; }
};

template <class Archive>
void serialize(Archive& archive, Decision& decision) {
  archive(decision.what, decision.next, decision.why);
}

// Whoever follows a running trial. Called from the trial's thread.
class TrialObserver {
 public:
  virtual ~TrialObserver() = default;
  // The step from which on the first report waits for a decision.
  [[nodiscard]] virtual std::int64_t first_decision() const { return kNever; }
  // Returns at once.
  virtual void report(const StepReport& report) = 0;
  // Waits for the answer, or for the end of the trial (the stop token), and then says nothing of value.
  [[nodiscard]] virtual Decision decide(const StepReport& report) = 0;
  // A checkpoint after so many updates has been written.
  virtual void checkpoint(std::int64_t) {}
};

class TrialRun {
 public:
  // trace, observer and result must outlive it; observer may be null: nobody asks, and nothing is reported. The clock
  // starts now.
  TrialRun(TrialRules rules, TrialTrace& trace, std::stop_token stop, TrialObserver* observer, TrialResult& result);
  TrialRun(const TrialRun&) = delete;
  TrialRun& operator=(const TrialRun&) = delete;

  [[nodiscard]] const TrialRules& rules() const { return rules_; }
  [[nodiscard]] TrialResult& result() { return result_; }
  [[nodiscard]] TrialTrace& trace() { return trace_; }
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

  // Between two steps: throws TrialEnded where the trial is to stop, where it is to pause, or where the time limit is
  // over. stops: what stop() said before the trial wrote its checkpoint, so that none ends without one because the stop
  // came meanwhile. step: for the message.
  void check_time(std::int64_t step, bool stops) const;
  // It was decided that the trial pauses; check_paused() throws TrialEnded then. What can be continued writes a
  // checkpoint first.
  [[nodiscard]] bool is_to_pause() const { return pause_.has_value(); }
  void check_paused() const;
  // Seconds of the trial so far, those before a checkpoint included, without what it waited for decisions.
  [[nodiscard]] double seconds() const;

  // One more metric.
  void record(std::int64_t step, std::string_view name, double value);
  // Reports what was recorded since the last report. The study's metric may have to wait for a decision here, which is
  // no time of the trial: throws TrialEnded where it is to stop. last: nothing comes after it, so nothing is waited
  // for.
  void report(std::int64_t step, bool last = false);
  // After a checkpoint was read: the measurements in it that a decision is still due for are reported again.
  void report_again();
  // A checkpoint has been written.
  void saved(std::int64_t step);

  // The study's metric as it was measured last (NaN: not yet), and how often it was.
  [[nodiscard]] double last() const { return last_; }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] bool should_stop_early() const;
  // The value that early stopping's metric had since the last call, if it had one; is `value` better by that metric?
  // Anything is better than NaN.
  [[nodiscard]] std::optional<double> take_watched() { return std::exchange(watched_, std::nullopt); }
  [[nodiscard]] bool better_to_watch(double value, double than) const;

  // Ends the trial with that outcome.
  void end(const TrialEnded& ended);
  // The outcome of a run that came to its end, the value, the wall time, the last report. Call it once, last.
  void finish();

  // For checkpoints: what the rest of the trial depends on, the result apart.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(last_, best_, reference_, count_, since_improvement_);
  }
  // The trial began so much earlier, in another process.
  void began_earlier(double seconds);
  // Forgets all that was measured, and what was read of a checkpoint that cannot be used.
  void begin_anew();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  void observe(std::int64_t step, double value);
  // Of early stopping's metric, the study's where it names none.
  void watch(double value);
  [[nodiscard]] bool watches(std::string_view name) const;
  [[nodiscard]] Goal watched_goal() const;
  void wait_for_decision(const StepReport& report);
  void require(std::string_view metric, const std::optional<double>& value);

  TrialRules rules_;
  TrialTrace& trace_;
  std::stop_token stop_;
  TrialObserver* observer_;
  TrialResult& result_;
  Clock::time_point start_ = Clock::now();
  std::int64_t next_decision_ = kNever;
  std::size_t reported_ = 0;  // of the result's metrics
  double last_ = kUnknown, best_ = kUnknown, reference_ = kUnknown;
  std::int64_t count_ = 0, since_improvement_ = 0;
  std::optional<double> watched_;
  // Why it pauses, and what it had measured when that was decided: what a program measures until it has ended belongs
  // to the trial, and not to the value that it paused with.
  struct Pause {
    std::string why;
    std::optional<double> last_value, best_value;
  };
  std::optional<Pause> pause_;
};

// Runs `body`, the work of one trial. What ends it early is an outcome, and so is memory that runs out and a plugin
// that throws past the ABI; what was measured until then is kept. Errors: an Error goes through.
[[nodiscard]] TrialResult measure(const TrialRules& rules, TrialTrace& trace, const std::stop_token& stop,
                                  TrialObserver* observer, const std::function<void(TrialRun&)>& body);

}  // namespace tuner
