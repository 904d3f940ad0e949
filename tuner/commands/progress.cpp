#include "tuner/commands/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>

#include "tuner/report/table.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPlainPause{500};

std::size_t columns(std::FILE* out) {
  winsize size{};
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string count_text(const study::StudyStatus& status) {
  return status.total ? fmt::format("{}/{}", status.done, *status.total - status.not_due)
                      : fmt::format("{}", status.done);
}

}  // namespace

void Progress::line(const std::string& text) {
  if (status_shown_) std::fputs("\r\x1b[K", out_);
  status_shown_ = false;
  std::fputs((printable(text) + "\n").c_str(), out_);
  last_line_ = Clock::now();
}

std::string Progress::trial_line(const study::StudyStatus& status, const storage::TrialRecord& trial) const {
  const bool best = status.best_number == trial.id.number;
  const std::string value =
      trial.result.value ? fmt::format("{} {:.6g}", metric_, *trial.result.value) : trial.result.error;
  const std::string replicate = trial.replicates > 1 ? fmt::format(" (replicate {} of configuration {})",
                                                                   trial.id.replicate, trial.id.configuration)
                                                     : "";
  return fmt::format("{:>9}  trial {}{} {}{}  {}  {}  {}", count_text(status), trial.id.number, replicate,
                     to_string(trial.result.outcome), best ? " (best)" : "", value,
                     report::duration_text(trial.result.wall_seconds), report::parameters_text(trial.parameters));
}

std::string Progress::status_line(const study::StudyStatus& status, std::span<const executor::Running> running) const {
  std::string text = fmt::format("{} done", count_text(status));
  if (status.best_number) text += fmt::format(" | best {:.6g} (trial {})", status.best_value, *status.best_number);
  const double rate = status.elapsed_seconds > 0 ? static_cast<double>(status.done_now) / status.elapsed_seconds : 0;
  if (rate > 0) {
    text += rate >= 1 ? fmt::format(" | {:.0f} trials/s", rate) : fmt::format(" | {:.1f} trials/min", rate * 60);
    const std::uint64_t settled = status.done + status.not_due;
    if (status.total && *status.total >= settled)
      text += " | " + report::duration_text(static_cast<double>(*status.total - settled) / rate) + " left";
  }
  for (const auto& worker : running)
    if (worker.steps > 0)
      text += fmt::format(" | {}: {}%{}", worker.number, 100 * worker.step / worker.steps,
                          std::isnan(worker.value) ? "" : fmt::format(" {:.4g}", worker.value));
  return text;
}

void Progress::show(const study::StudyStatus& status, std::span<const storage::TrialRecord> recorded,
                    std::span<const executor::Running> running) {
  if (status.interrupts > shown_interrupts_) {
    shown_interrupts_ = status.interrupts;
    line(status.interrupts == 1 ? "interrupted: finishing the running trials; Ctrl-C again cancels them"
                                : "cancelling the running trials");
  }
  const bool quiet = Clock::now() - last_line_ < kPlainPause;
  for (const auto& trial : recorded) {
    const bool best = status.best_number == trial.id.number && shown_best_ != trial.id.number;
    const bool failed = trial.result.outcome == Outcome::failed || trial.result.outcome == Outcome::timed_out;
    if (best) shown_best_ = trial.id.number;
    // A flood of short trials shows its improvements, its failures and a sample of the rest.
    if (best || failed || (!terminal_ && !quiet && &trial == &recorded.back())) line(trial_line(status, trial));
  }
  if (!terminal_) return;
  std::string text = status_line(status, running);
  if (const std::size_t width = columns(out_); text.size() >= width) text.resize(width - 1);
  std::fputs(("\r" + text + "\x1b[K").c_str(), out_);
  std::fflush(out_);
  status_shown_ = true;
}

void Progress::end() {
  if (status_shown_) std::fputs("\r\x1b[K", out_);
  status_shown_ = false;
}

}  // namespace tuner::commands
