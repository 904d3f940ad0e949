#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include "tuner/error.hpp"
#include "tuner/executor/run_job.hpp"
#include "tuner/system.hpp"

namespace tuner::executor {

namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class ThreadExecutor : public Executor {
 public:
  ThreadExecutor(const Study& study, SharedObjectives& shared)
      : study_(study),
        identity_(checkpoint_identity(study.plan)),
        shared_(shared),
        running_(study.run.workers),
        traces_(study.run.workers) {}
  ~ThreadExecutor() override {
    cancel();
    drop_queued();
    for (auto& thread : threads_) thread.request_stop();
    job_there_.notify_all();
  }

  void submit(Job job) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
    ++pending_;
    if (threads_.size() < running_.size() && threads_.size() < pending_) start();
    job_there_.notify_one();
  }
  std::size_t pending() const override {
    const std::lock_guard lock(mutex_);
    return pending_;
  }
  std::vector<Finished> wait(std::chrono::milliseconds longest) override {
    std::unique_lock lock(mutex_);
    result_there_.wait_for(lock, longest, [&] { return !finished_.empty(); });
    pending_ -= finished_.size();
    return std::exchange(finished_, {});
  }
  void drop_queued() override {
    const std::lock_guard lock(mutex_);
    pending_ -= queue_.size();
    queue_.clear();
  }
  void cancel() override { trials_stop_.request_stop(); }
  std::vector<Running> running() const override {
    const std::lock_guard lock(mutex_);
    std::vector<Running> now;
    for (const auto& worker : running_)
      if (worker) now.push_back(*worker);
    return now;
  }
  int checkpoint_error() const override {
    for (const TrialTrace& trace : traces_)
      if (trace.checkpoint_error != 0) return trace.checkpoint_error;
    return 0;
  }

 private:
  void start() {
    try {
      threads_.emplace_back([this, i = threads_.size()](const std::stop_token& stop) { work(stop, i); });
    } catch (const std::system_error& e) {
      throw Error(Message::storage_failed, fmt::format("a worker cannot be started: {}", system_text(e.code().value())),
                  "free threads or memory, or use fewer workers");
    }
  }

  void work(const std::stop_token& stop, std::size_t worker) {
    for (;;) {
      Finished done;
      {
        std::unique_lock lock(mutex_);
        if (!job_there_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
        done.job = std::move(queue_.front());
        queue_.pop_front();
        running_[worker] = Running{.number = done.job.id.number};
      }
      run(done, worker);
      const std::lock_guard lock(mutex_);
      running_[worker].reset();
      finished_.push_back(std::move(done));
      result_there_.notify_one();
    }
  }

  void run(Finished& done, std::size_t worker) {
    done.started_at_ms = now_ms();
    try {
      const auto progress = [&](std::int64_t step, std::int64_t steps, double) {
        const std::lock_guard lock(mutex_);
        running_[worker] = Running{done.job.id.number, step, steps};
      };
      done.result = run_guarded(traces_[worker], [&](TrialResult& trial) {
        trial = run_job(study_, done.job, identity_, shared_, trials_stop_.get_token(), progress, &traces_[worker]);
      });
    } catch (...) {
      done.error = std::current_exception();
    }
    done.finished_at_ms = now_ms();
  }

  const Study& study_;
  std::string identity_;
  SharedObjectives& shared_;
  mutable std::mutex mutex_;
  std::condition_variable_any job_there_;
  std::condition_variable result_there_;
  std::deque<Job> queue_;
  std::vector<Finished> finished_;
  std::vector<std::optional<Running>> running_;  // by worker
  std::vector<TrialTrace> traces_;               // by worker
  std::size_t pending_ = 0;
  std::stop_source trials_stop_;
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace

std::unique_ptr<Executor> make_thread_executor(const Study& study, SharedObjectives& shared) {
  return std::make_unique<ThreadExecutor>(study, shared);
}

}  // namespace tuner::executor
