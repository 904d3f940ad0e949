// Proposals beside the coordinator, where trials wait for its decisions.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "tuner/executor/executor.hpp"

namespace tuner::study {

// One thread for all of a study's proposals, not one for each: the system ends the process of a searcher with the
// thread that started it. Its end waits for the task that runs.
class Aside {
 public:
  using Jobs = std::vector<executor::Job>;

  [[nodiscard]] std::future<Jobs> run(std::function<Jobs()> task) {
    std::packaged_task<Jobs()> packaged(std::move(task));
    std::future<Jobs> jobs = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(packaged));
    }
    there_.notify_one();
    return jobs;
  }

 private:
  void work(const std::stop_token& stop) {
    for (;;) {
      std::packaged_task<Jobs()> task;
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
  std::deque<std::packaged_task<Jobs()>> tasks_;
  std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};  // last: ended before the rest goes
};

}  // namespace tuner::study
