// A node of many_workers.py: greets as a supervisor does, takes jobs for its workers, and answers each after so many
// seconds with a result that it makes up. No worker is a process, so one machine can have thousands.
//
// Usage: many_workers greeting PROGRAM FILE                                writes what the nodes greet with
//        many_workers SECONDS FOLDER PROGRAM worker --stdio --count N      what the launcher becomes; FOLDER/greeting
// Appends to FOLDER/log: "busy TIME PID" once all its workers have work, "frames IN OUT" at its end.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>
#include <queue>
#include <string>
#include <vector>

#include "tuner/executor/connection.hpp"

namespace {

namespace ex = tuner::executor;
using Clock = std::chrono::steady_clock;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Node {
 public:
  Node(double seconds, std::string folder, std::size_t workers)
      : seconds_(seconds), folder_(std::move(folder)), free_(workers), workers_(workers) {
    std::ifstream file(folder_ + "/greeting", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    connection_.emplace(tuner::Descriptor(::dup(0)), tuner::Descriptor(::dup(1)),
                        tuner::from_bytes<ex::Greeting>(bytes));
  }

  void run() {
    while (true) {
      pollfd files[2] = {{.fd = connection_->in(), .events = POLLIN, .revents = 0},
                         {.fd = connection_->out(), .events = POLLOUT, .revents = 0}};
      ::poll(files, connection_->has_unsent() ? 2 : 1, timeout_ms());
      if (connection_->has_unsent()) connection_->flush();
      if (files[0].revents != 0) {
        const bool open = connection_->receive();
        while (const auto frame = connection_->next_frame()) take(*frame);
        if (!open) return log(fmt::format("frames {} {}\n", in_, out_));
      }
      finish();
      say_status();
    }
  }

 private:
  struct Trial {
    std::uint64_t number;
    std::int64_t started_ms;
    Clock::time_point end;
  };

  // To the end of the first trial or to the next sign of life.
  [[nodiscard]] int timeout_ms() const {
    auto next = said_ + std::chrono::seconds(1);
    if (!running_.empty()) next = std::min(next, running_.front().end);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(0, left + 1));
  }

  void take(const ex::Frame& frame) {
    ++in_;
    if (frame.type != ex::FrameType::job) return;
    waiting_.push_back(tuner::from_bytes<ex::Job>(frame.bytes).id.number);
    begin();
  }

  void begin() {
    for (; free_ > 0 && !waiting_.empty(); --free_, waiting_.pop_front())
      running_.push_back(
          {waiting_.front(), now_ms(),
           Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_))});
    if (free_ == 0 && !busy_) {
      busy_ = true;
      log(fmt::format("busy {} {}\n", now_ms(), ::getpid()));
    }
  }

  void finish() {
    for (; !running_.empty() && running_.front().end <= Clock::now(); running_.pop_front(), ++free_) {
      const Trial& trial = running_.front();
      tuner::TrialResult result;
      result.value = result.last_value = result.best_value = static_cast<double>(trial.number);
      result.steps = 1;
      result.wall_seconds = seconds_;
      result.metrics.push_back({.step = 1, .name = "loss", .value = static_cast<double>(trial.number)});
      tuner::Writer out;
      out(trial.number, trial.started_ms, now_ms(), result, result.process);
      send(ex::FrameType::finished, out.bytes());
    }
    begin();
  }

  // As often as a supervisor of trials that make progress.
  void say_status() {
    if (Clock::now() - said_ < std::chrono::seconds(1)) return;
    said_ = Clock::now();
    ex::CrewStatus status;
    for (const Trial& trial : running_) status.running.push_back({.number = trial.number, .step = ++step_, .steps = 0});
    send(ex::FrameType::heartbeat, tuner::to_bytes(status));
  }

  void send(ex::FrameType type, std::string_view bytes) {
    connection_->send(type, bytes);
    ++out_;
  }

  void log(const std::string& line) const {
    const int file = ::open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (::write(file, line.data(), line.size()) < 0) ::_exit(1);
    ::close(file);
  }

  double seconds_;
  std::string folder_;
  std::size_t free_, workers_;
  std::optional<ex::Connection> connection_;
  std::deque<std::uint64_t> waiting_;
  std::deque<Trial> running_;
  Clock::time_point said_ = Clock::now();
  std::uint64_t in_ = 0, out_ = 0;
  std::int64_t step_ = 0;
  bool busy_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "greeting") {
    std::ofstream(words[2], std::ios::binary) << tuner::to_bytes(ex::remote_greeting(words[1]));
    return 0;
  }
  if (words.size() != 7) return 2;
  Node(std::stod(words[0]), words[1], std::stoul(words[6])).run();
  return 0;
}
