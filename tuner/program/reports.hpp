// What a program reports, and what becomes of it in its trial.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/trial_run.hpp"

namespace tuner::program {

// One line: {"step": 3, "val_accuracy": 0.81}, or {"outcome": "diverged", "error": "..."}.
struct Said {
  bool has_step = false;  // says a step, whether or not it is one
  std::optional<std::int64_t> step = {};
  std::vector<std::pair<std::string, double>> values = {};
  std::optional<Outcome> outcome = {};  // completed, diverged or failed
  std::string error;
  std::string
      ignored;  // the first key whose value is neither a number, true, false nor null; or what is wrong with one
};
// Nothing where the line is no JSON object with a number or an outcome in it. NaN, Infinity and -Infinity are numbers,
// as Python writes them; true and false are 1 and 0.
[[nodiscard]] std::optional<Said> read_report(std::string_view line);

// Takes reports into a trial. Those without a step are counted: each is one after the last. Threads: one.
class Reports {
 public:
  explicit Reports(TrialRun& run) : run_(run) {}

  // Records and reports at once; above 1,000 a second the last and the best are held back for the next second. Throws
  // TrialEnded where the study stops the trial.
  void take(const Said& said);
  // Records what is held back.
  void flush();
  // Forgets all that was taken, but for go_on_from().
  void forget();
  // The trial is continued: what it measured before is taken as it was. Call it first.
  void go_on_from(const TrialResult& earlier);
  // 0: none.
  [[nodiscard]] std::int64_t last_step(std::string_view name) const;
  // Once nothing more comes: a step that was reported again has its last value, and the trial's last value is that of
  // its last step, whatever the order in which they came.
  void finish();

  [[nodiscard]] bool has_metric() const { return has_metric_; }
  [[nodiscard]] bool is_empty() const { return names_.empty(); }
  // "acc, loss": names of all that was reported.
  [[nodiscard]] std::string names() const;
  [[nodiscard]] const std::optional<Said>& end() const { return end_; }
  // What to say of it in the trial's log.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  using Clock = std::chrono::steady_clock;
  // With its step.
  struct Point {
    std::int64_t step = 0;
    std::vector<std::pair<std::string, double>> values;
  };
  void record(const Point& point);
  void record_earlier();
  [[nodiscard]] std::optional<double> metric_of(const Point& point) const;

  TrialRun& run_;
  TrialResult earlier_;
  std::map<std::string, std::int64_t, std::less<>> names_;  // with the last step of each
  std::int64_t last_step_ = 0;
  bool has_metric_ = false, has_repeated_ = false, went_back_ = false;
  std::string ignored_;
  std::optional<Said> end_;
  Clock::time_point second_{};
  std::int64_t in_second_ = 0, thinned_ = 0;
  std::optional<Point> held_last_, held_best_;
};

}  // namespace tuner::program
