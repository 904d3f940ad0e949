#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include "tuner/error.hpp"
#include "tuner/executor/executor.hpp"
#include "tuner/system.hpp"
#include "tuner/trial/runner.hpp"

namespace tuner::executor {

namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class ThreadExecutor : public Executor {
 public:
  ThreadExecutor(const Study& study, SharedObjectives& shared)
      : runner_(study, checkpoint_identity(study.plan), shared), hands_(study.run.workers) {}
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
    if (threads_.size() < hands_.size() && threads_.size() < pending_) start();
    job_there_.notify_one();
  }
  std::size_t pending() const override {
    const std::lock_guard lock(mutex_);
    return pending_;
  }
  Events wait(std::chrono::milliseconds longest) override {
    std::unique_lock lock(mutex_);
    something_there_.wait_for(lock, longest, [&] { return !events_.empty(); });
    pending_ -= events_.finished.size();
    return std::exchange(events_, {});
  }
  void answer(std::uint64_t number, const Decision& decision) override {
    const std::lock_guard lock(mutex_);
    for (Hand& hand : hands_)
      if (hand.number == number && hand.waits) {
        hand.waits = false;
        hand.decision = decision;
      }
    decision_there_.notify_all();
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
    for (const Hand& hand : hands_)
      if (hand.number) now.push_back({*hand.number, hand.trace.step, hand.trace.steps, hand.trace.value});
    return now;
  }
  int checkpoint_error() const override {
    for (const Hand& hand : hands_)
      if (hand.trace.checkpoint_error != 0) return hand.trace.checkpoint_error;
    return 0;
  }

 private:
  // One worker.
  struct Hand {
    std::optional<std::uint64_t> number;  // of its trial
    TrialTrace trace;
    bool waits = false;  // for a decision
    Decision decision;
  };

  // A trial's end of the channel.
  class HandChannel : public trial::Channel {
   public:
    HandChannel(ThreadExecutor& executor, Hand& hand, const Job& job) : executor_(executor), hand_(hand), job_(job) {}
    bool is_asked() const override { return job_.asked.anything(); }
    trial::Seat seat() const override {
      return {static_cast<std::uint32_t>(&hand_ - executor_.hands_.data()), job_.attempt};
    }
    TrialTrace& trace() override { return hand_.trace; }
    const std::optional<TrialResult>& earlier() const override { return job_.earlier; }
    std::int64_t first_decision() const override { return job_.asked.decide_at; }
    void report(const StepReport& report) override {
      if (job_.asked.reports) executor_.say(trial::report_of(job_.id.number, job_.attempt, report, false));
    }
    Decision decide(const StepReport& report) override {
      trial::Report message = trial::report_of(job_.id.number, job_.attempt, report, true);
      std::unique_lock lock(executor_.mutex_);
      hand_.waits = true;
      executor_.say_locked(std::move(message));
      executor_.decision_there_.wait(lock, executor_.trials_stop_.get_token(), [&] { return !hand_.waits; });
      return std::exchange(hand_.waits, false) ? Decision{} : hand_.decision;
    }
    void checkpoint(std::int64_t step) override {
      if (job_.asked.reports) executor_.say(trial::CheckpointWritten{job_.id.number, job_.attempt, step});
    }

   private:
    ThreadExecutor& executor_;
    Hand& hand_;
    const Job& job_;
  };

  void say(trial::Notice notice) {
    const std::lock_guard lock(mutex_);
    say_locked(std::move(notice));
  }
  void say_locked(trial::Notice notice) {
    events_.notices.push_back(std::move(notice));
    something_there_.notify_one();
  }

  void start() {
    try {
      threads_.emplace_back([this, i = threads_.size()](const std::stop_token& stop) { work(stop, i); });
    } catch (const std::system_error& e) {
      throw Error(Message::storage_failed, fmt::format("a worker cannot be started: {}", system_text(e.code().value())),
                  "free threads or memory, or use fewer workers");
    }
  }

  void work(const std::stop_token& stop, std::size_t worker) {
    Hand& hand = hands_[worker];
    for (;;) {
      Finished done;
      {
        std::unique_lock lock(mutex_);
        if (!job_there_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
        done.job = std::move(queue_.front());
        queue_.pop_front();
        hand.number = done.job.id.number;
        done.started_at_ms = now_ms();
        if (done.job.asked.reports) say_locked(trial::Begun{done.job.id.number, done.job.attempt, done.started_at_ms});
      }
      run(done, hand);
      const std::lock_guard lock(mutex_);
      hand.number.reset();
      events_.finished.push_back(std::move(done));
      something_there_.notify_one();
    }
  }

  void run(Finished& done, Hand& hand) {
    const Job& job = done.job;
    try {
      HandChannel channel(*this, hand, job);
      done.result = runner_.run(job.id, job.point, channel, trials_stop_.get_token());
    } catch (...) {
      done.error = std::current_exception();
    }
    done.finished_at_ms = now_ms();
  }

  trial::Runner runner_;
  mutable std::mutex mutex_;
  std::condition_variable_any job_there_, decision_there_;
  std::condition_variable something_there_;
  std::deque<Job> queue_;
  Events events_;
  std::vector<Hand> hands_;  // of as many workers
  std::size_t pending_ = 0;
  std::stop_source trials_stop_;
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace

std::unique_ptr<Executor> make_thread_executor(const Study& study, SharedObjectives& shared) {
  return std::make_unique<ThreadExecutor>(study, shared);
}

}  // namespace tuner::executor
