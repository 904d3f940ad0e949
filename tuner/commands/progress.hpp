// What a running study shows: a status line that renews itself on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <span>
#include <string>

#include "tuner/study/coordinator.hpp"

namespace tuner::commands {

class Progress {
 public:
  // out: standard error. terminal: renew one line; else at most two lines a second.
  Progress(std::FILE* out, bool terminal, std::string metric)
      : out_(out), terminal_(terminal), metric_(std::move(metric)) {}

  void show(const study::StudyStatus& status, std::span<const storage::TrialRecord> recorded,
            std::span<const executor::Running> running);
  // A line that is shown whatever else is.
  void warn(const std::string& text) { line("warning: " + text); }
  // Clears the status line.
  void end();

 private:
  void line(const std::string& text);
  [[nodiscard]] std::string trial_line(const study::StudyStatus& status, const storage::TrialRecord& trial) const;
  [[nodiscard]] std::string status_line(const study::StudyStatus& status,
                                        std::span<const executor::Running> running) const;

  std::FILE* out_;
  bool terminal_;
  std::string metric_;
  std::chrono::steady_clock::time_point last_line_{};
  std::uint64_t shown_best_ = UINT64_MAX;
  int shown_interrupts_ = 0;
  bool status_shown_ = false;
};

}  // namespace tuner::commands
