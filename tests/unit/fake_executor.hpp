// Trials that are not trained but made up, ended in an order that a seed chooses. Those that are asked to wait for
// decisions report at every step of a few, and end where they are told to.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "tuner/executor/executor.hpp"

namespace tuner::test {

class FakeExecutor : public executor::Executor {
 public:
  using Run = std::function<void(executor::Finished& trial)>;  // gets the job, gives the result
  FakeExecutor(std::size_t workers, unsigned seed, Run run) : workers_(workers), random_(seed), run_(std::move(run)) {}

  void submit(executor::Job job) override { jobs_.push_back(std::move(job)); }
  [[nodiscard]] std::size_t pending() const override { return jobs_.size(); }
  // One of the first jobs goes on, as many as there are workers: to its next report or to its end.
  [[nodiscard]] executor::Events wait(std::chrono::milliseconds) override {
    executor::Events events;
    if (jobs_.empty()) return events;
    const std::size_t going_on = random_() % std::min(workers_, jobs_.size());
    executor::Job& job = jobs_[going_on];
    Progress& progress = progress_.try_emplace(job.id.number, Progress{.decide_at = job.asked.decide_at}).first->second;
    if (progress.decide_at <= kSteps) {
      progress.step = progress.decide_at;
      progress.decide_at = kNever;
      events.notices.emplace_back(trial::Report{.number = job.id.number,
                                                .attempt = job.attempt,
                                                .step = progress.step,
                                                .waits = true,
                                                .value = static_cast<double>(progress.step),
                                                .metrics = {}});
      return events;
    }
    executor::Finished trial{.job = std::move(job),
                             .started_at_ms = 1'700'000'000'000,
                             .finished_at_ms = 1'700'000'000'000,
                             .result = {},
                             .error = {},
                             .not_run = {}};
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(going_on));
    run_(trial);
    if (progress.stopped) {
      trial.result = {};
      trial.result.outcome = Outcome::pruned;
      trial.result.steps = progress.step;
    }
    progress_.erase(trial.job.id.number);
    events.finished.push_back(std::move(trial));
    return events;
  }
  void answer(std::uint64_t number, const Decision& decision) override {
    Progress& progress = progress_.at(number);
    progress.stopped = decision.stops();
    if (!decision.stops()) progress.decide_at = decision.next;
  }
  void drop_queued() override {
    if (jobs_.size() > workers_) jobs_.resize(workers_);
  }
  void cancel() override {}
  [[nodiscard]] std::vector<executor::Running> running() const override { return {}; }
  [[nodiscard]] int checkpoint_error() const override { return 0; }

 private:
  std::size_t workers_;
  std::mt19937 random_;
  Run run_;
  std::vector<executor::Job> jobs_;
  static constexpr std::int64_t kSteps = 9;
  struct Progress {
    std::int64_t decide_at, step = 0;
    bool stopped = false;
  };
  std::map<std::uint64_t, Progress> progress_;
};

}  // namespace tuner::test
