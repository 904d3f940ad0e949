// Proposals beside the coordinator, where trials wait for its decisions.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace tuner::study {

// One thread for all of a study's proposals, not one for each: the system ends the process of a searcher with the
// thread that started it. Its end waits for the task that runs.
template <class Result>
class Aside {
 public:
  [[nodiscard]] std::future<Result> run(std::function<Result()> task) {
    std::packaged_task<Result()> packaged(std::move(task));
    std::future<Result> result = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(packaged));
    }
    there_.notify_one();
    return result;
  }

 private:
  void work(const std::stop_token& stop) {
    for (;;) {
      std::packaged_task<Result()> task;
      {
        std::unique_lock lock(mutex_);
        if (!there_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any there_;
  std::deque<std::packaged_task<Result()>> tasks_;
  std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};  // last: ended before the rest goes
};

}  // namespace tuner::study
