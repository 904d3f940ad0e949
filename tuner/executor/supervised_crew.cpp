// A supervisor as its coordinator sees it: started by a launcher, fed, read, started again where it was lost.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>
#include <system_error>
#include <utility>

#include "tuner/executor/connection.hpp"
#include "tuner/executor/crew.hpp"
#include "tuner/system.hpp"

namespace tuner::executor {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kErrorsKept = 4000;
// Losses in a row, with nothing finished in between, after which nobody starts it again.
constexpr int kMostLosses = 3;

class SupervisedCrew : public Crew {
 public:
  SupervisedCrew(Greeting ours, std::vector<std::string> command, std::string setup, std::uint32_t workers)
      : ours_(std::move(ours)), command_(std::move(command)), setup_(std::move(setup)), workers_(workers) {}
  ~SupervisedCrew() override { stop(); }

  std::uint32_t workers() const override { return workers_; }

  void give(const Job& job) override {
    if (!link_) start();
    link_->connection.send(FrameType::job, to_bytes(job));
    given_.push_back(job.id.number);
  }
  void answer(std::uint64_t number, const Decision& decision) override {
    if (link_) link_->connection.send(FrameType::decision, to_bytes(std::pair(number, decision)));
  }
  void drop() override {
    if (link_) link_->connection.send(FrameType::drop, {});
  }
  void cancel() override {
    if (link_) link_->connection.send(FrameType::cancel, {});
  }

  void watch(std::vector<pollfd>& files) const override {
    if (!link_) return;
    files.push_back({.fd = link_->connection.in(), .events = POLLIN, .revents = 0});
    files.push_back({.fd = link_->errors.get(), .events = POLLIN, .revents = 0});
    if (link_->connection.has_unsent())
      files.push_back({.fd = link_->connection.out(), .events = POLLOUT, .revents = 0});
  }

  void look(std::span<const pollfd>, std::vector<Frame>& said) override {
    if (!link_) return;
    try {
      const bool open = link_->connection.receive();
      read_errors();
      while (auto frame = link_->connection.next_frame()) take(std::move(*frame), said);
      if (!open) return lose("it ended", said);
    } catch (const DecodeError& e) {
      return lose(e.what(), said);
    }
    const auto now = Clock::now();
    if (now - link_->heard > kSilence) return lose(fmt::format("it has said nothing for {} s", kSilence.count()), said);
    if (now - link_->spoke > kHeartbeat) {
      link_->connection.send(FrameType::heartbeat, {});
      link_->spoke = now;
    }
    link_->connection.flush();
  }

  std::vector<Running> running() const override { return status_.running; }
  int checkpoint_error() const override { return status_.checkpoint_error; }

 private:
  struct Link {
    pid_t pid;
    Connection connection;
    Descriptor errors;  // what launcher and supervisor write to standard error
    std::string last_errors = {};
    Clock::time_point heard = Clock::now(), spoke = heard;
  };

  void start() {
    try {
      Pipe down, up, errors;
      const pid_t pid = launch({.program = command_.front(),
                                .arguments = {command_.begin() + 1, command_.end()},
                                .descriptors = {{down.read.get(), STDIN_FILENO},
                                                {up.write.get(), STDOUT_FILENO},
                                                {errors.write.get(), STDERR_FILENO}},
                                .own_group = true});
      ::fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
      link_.emplace(Link{pid, Connection(std::move(up.read), std::move(down.write), ours_), std::move(errors.read)});
    } catch (const std::system_error& e) {
      throw Error(Message::storage_failed,
                  fmt::format("'{}' cannot be started: {}", command_.front(), system_text(e.code().value())));
    }
    link_->connection.send(FrameType::setup, setup_);
  }

  // How it ended, in waitpid()'s form.
  int stop() {
    if (!link_) return 0;
    ::kill(-link_->pid, SIGKILL);
    const int status = wait_for(link_->pid);
    read_errors();
    return status;
  }

  void read_errors() {
    char bytes[4096];
    std::string& kept = link_->last_errors;
    for (ssize_t n = 0; (n = ::read(link_->errors.get(), bytes, sizeof bytes)) > 0;) {
      kept.append(bytes, static_cast<std::size_t>(n));
      if (kept.size() > kErrorsKept) kept.erase(0, kept.size() - kErrorsKept);
    }
  }

  void take(Frame frame, std::vector<Frame>& said) {
    link_->heard = Clock::now();
    if (frame.type == FrameType::heartbeat) {
      status_ = from_bytes<CrewStatus>(frame.bytes);
      return;
    }
    const auto number = Reader(frame.bytes).get<std::uint64_t>();
    const auto given = std::ranges::find(given_, number);
    const bool of_study = frame.type == FrameType::refused && number == UINT64_MAX;
    if (given == given_.end() && !of_study) throw DecodeError("an answer for a job that was not given");
    switch (frame.type) {
      case FrameType::finished:
        losses_ = 0;
        [[fallthrough]];
      case FrameType::refused:
      case FrameType::dropped:
      case FrameType::worker_ended:
        if (!of_study) given_.erase(given);
        [[fallthrough]];
      case FrameType::begun:
      case FrameType::report:
      case FrameType::checkpoint:
        return said.push_back(std::move(frame));
      default:
        throw DecodeError("an unexpected message from the supervisor");
    }
  }

  // Its jobs come back: none of them is known to have ended. It starts again with the next one.
  void lose(const std::string& why, std::vector<Frame>& said) {
    const bool final = link_->connection.greeting_refused();
    stop();
    for (; !given_.empty(); given_.pop_back()) said.push_back({FrameType::dropped, to_bytes(given_.back())});
    if (++losses_ >= kMostLosses || final) {
      std::string text = fmt::format("the supervisor of workers that '{}' starts was lost", fmt::join(command_, " "));
      if (!final) text += fmt::format(" {} times in a row", losses_);
      text += ": " + why;
      const std::string& written = link_->last_errors.empty() ? link_->connection.banner() : link_->last_errors;
      if (!written.empty()) text += "; it wrote: " + excerpt(written);
      Writer out;
      out(UINT64_MAX);
      put(out, Error(Message::storage_failed, text,
                     final ? "run the same build of tuner at both ends" : "start it by hand to see what is wrong"));
      said.push_back({FrameType::refused, out.bytes()});
      losses_ = 0;
    }
    link_.reset();
    status_.running.clear();
  }

  Greeting ours_;
  std::vector<std::string> command_;
  std::string setup_;
  std::uint32_t workers_;
  std::optional<Link> link_;
  std::deque<std::uint64_t> given_;  // numbers of the jobs that it has not answered
  CrewStatus status_;
  int losses_ = 0;
};

}  // namespace

std::unique_ptr<Crew> make_supervised_crew(Greeting ours, std::vector<std::string> command, std::string setup,
                                           std::uint32_t workers) {
  return std::make_unique<SupervisedCrew>(std::move(ours), std::move(command), std::move(setup), workers);
}

}  // namespace tuner::executor
