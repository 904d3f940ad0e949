// Trials that are not trained but made up, ended in an order that a seed chooses.
#pragma once

#include <functional>
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
  // One of the first jobs ends, as many as there are workers.
  [[nodiscard]] executor::Events wait(std::chrono::milliseconds) override {
    const std::size_t ending = random_() % std::min(workers_, jobs_.size());
    executor::Finished trial{.job = std::move(jobs_[ending]),
                             .started_at_ms = 1'700'000'000'000,
                             .finished_at_ms = 1'700'000'000'000,
                             .result = {},
                             .error = {},
                             .not_run = {}};
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(ending));
    run_(trial);
    executor::Events events;
    events.finished.push_back(std::move(trial));
    return events;
  }
  void answer(std::uint64_t, const Decision&) override {}
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
};

}  // namespace tuner::test
