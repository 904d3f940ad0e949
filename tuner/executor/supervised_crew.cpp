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
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "tuner/checkpoint_file.hpp"
#include "tuner/executor/connection.hpp"
#include "tuner/executor/crew.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"

namespace tuner::executor {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kErrorsKept = 4000;
// Launches in a row without a greeting, and losses in a row with nothing finished in between, that leave no hope.
constexpr int kMostFailedLaunches = 3, kMostLosses = 12;
constexpr std::chrono::seconds kLongestPause{60};
// What a launcher may take to end by itself once its input is closed: srun and ssh bring down the other end.
constexpr std::chrono::seconds kEndWithin{5};
constexpr std::chrono::milliseconds kLook{5};

// Before the start that follows so many losses in a row.
std::chrono::seconds pause_after(int losses, bool was_up) {
  const int doublings = losses - (was_up ? 2 : 1);
  return doublings < 0 ? std::chrono::seconds(0)
                       : std::min(kLongestPause, std::chrono::seconds(1 << std::min(doublings, 10)));
}

class SupervisedCrew : public Crew {
 public:
  explicit SupervisedCrew(Supervised made_of)
      : ours_(std::move(made_of.ours)),
        launcher_(std::move(made_of.launcher)),
        setup_(std::move(made_of.setup)),
        states_(std::move(made_of.states)),
        libraries_(std::move(made_of.libraries)) {}
  ~SupervisedCrew() override {
    if (!link_) return;
    close();
    while (Clock::now() < *closed_ + kEndWithin && !has_ended()) std::this_thread::sleep_for(kLook);
    stop();
  }

  std::uint32_t workers() const override { return launcher_.workers; }

  bool prepare() override {
    if (!link_ && Clock::now() >= start_at_) start();
    return link_ && !link_->late;
  }
  bool is_ready() const override { return link_ && link_->connection.is_greeted(); }
  const Error* hopeless() const override { return hopeless_ ? &*hopeless_ : nullptr; }
  void close() override {
    if (!closed_) closed_ = Clock::now();
    if (link_) link_->connection.close_output();
  }

  // Requires: is_ready().
  void give(const Job& job) override {
    if (const auto state = states_.empty() ? std::nullopt : newest_checkpoint_file(states_, job.id.number, kMostState))
      link_->connection.send(FrameType::state, to_bytes(std::pair(job.id.number, *state)));
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

  void look(std::span<const pollfd> files, std::vector<Frame>& said) override {
    if (!unsaid_.empty()) std::ranges::move(std::exchange(unsaid_, {}), std::back_inserter(said));
    if (!link_) return;
    // A part of a long message is a sign of life too.
    if (!files.empty() && (files[0].revents & POLLIN) != 0) link_->heard = Clock::now();
    // Of thousands of crews few have said something.
    if (files.size() >= 2 && (files[0].revents != 0 || files[1].revents != 0) && !take_in(said)) return;
    const auto now = Clock::now();
    if (now - link_->heard > kSilence) {
      const std::string why = fmt::format("it has said nothing for {} s", kSilence.count());
      if (is_ready()) return lose(why, said);
      // It may wait for its turn, in the queue of a batch system.
      if (!std::exchange(link_->late, true)) tell(fmt::format("'{}' is not up: {}", launcher_.name, why), said);
    }
    if (now - link_->spoke > kHeartbeat) {
      link_->connection.send(FrameType::heartbeat, {});
      link_->spoke = now;
    }
    if (link_->connection.has_unsent()) link_->connection.flush();
  }

  std::vector<Running> running() const override { return status_.running; }
  int checkpoint_error() const override { return state_error_ != 0 ? state_error_ : status_.checkpoint_error; }

 private:
  struct Link {
    pid_t pid;
    Connection connection;
    Descriptor errors;  // what launcher and supervisor write to standard error
    std::string last_errors = {};
    Clock::time_point heard = Clock::now(), spoke = heard;
    bool late = false, welcomed = false;
  };

  // False: it was lost.
  bool take_in(std::vector<Frame>& said) {
    try {
      const bool open = link_->connection.receive();
      read_errors();
      while (auto frame = link_->connection.next_frame()) take(std::move(*frame), said);
      if (is_ready()) greet(said);
      if (open) return true;
      lose("it ended", said);
    } catch (const DecodeError& e) {
      lose(e.what(), said);
    }
    return false;
  }

  static void tell(const std::string& text, std::vector<Frame>& said) {
    said.push_back({FrameType::trouble, to_bytes(text)});
  }

  void start() {
    const auto& command = launcher_.command;
    try {
      Pipe down, up, errors;
      const pid_t pid = launch({.program = command.front(),
                                .arguments = {command.begin() + 1, command.end()},
                                .descriptors = {{down.read.get(), STDIN_FILENO},
                                                {up.write.get(), STDOUT_FILENO},
                                                {errors.write.get(), STDERR_FILENO}},
                                .own_group = true});
      ::fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
      link_.emplace(Link{pid, Connection(std::move(up.read), std::move(down.write), ours_), std::move(errors.read)});
    } catch (const std::system_error& e) {
      return fail(fmt::format("'{}' cannot be started: {}", command.front(), system_text(e.code().value())), false,
                  unsaid_);
    }
  }

  void greet(std::vector<Frame>& said) {
    if (std::exchange(link_->welcomed, true)) return;
    // Not before: one that waits in a queue would keep all that in memory here.
    if (libraries_)
      for (const LibraryFile& library : *libraries_) link_->connection.send(FrameType::library, to_bytes(library));
    link_->connection.send(FrameType::setup, setup_);
    failed_launches_ = 0;
    if (losses_ > 0 || link_->late)
      tell(fmt::format("'{}' is up, on {}", launcher_.name, printable(link_->connection.theirs().host)), said);
    if (losses_ < kMostLosses) hopeless_.reset();
  }

  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(link_->pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  }

  void stop() {
    ::kill(-link_->pid, SIGKILL);
    wait_for(link_->pid);
    read_errors();
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
        hopeless_.reset();
        given_.erase(given);
        return said.push_back(std::move(frame));
      case FrameType::state: {
        const auto [of, state] = from_bytes<std::pair<std::uint64_t, CheckpointFile>>(frame.bytes);
        if (!states_.empty())
          if (const int error = put_checkpoint_file(states_, of, state)) state_error_ = error;
        return;
      }
      case FrameType::refused:
        if (!of_study) given_.erase(given);
        return said.push_back({frame.type, with_host(frame.bytes)});
      case FrameType::dropped:
      case FrameType::worker_ended:
        given_.erase(given);
        [[fallthrough]];
      case FrameType::begun:
      case FrameType::report:
      case FrameType::checkpoint:
        return said.push_back(std::move(frame));
      default:
        throw DecodeError("an unexpected message from the supervisor");
    }
  }

  // A missing file is missing there.
  [[nodiscard]] std::string with_host(const std::string& refused) const {
    Reader in(refused);
    const auto number = in.get<std::uint64_t>();
    const Error error = read_error(in);
    Error named(error.id(), fmt::format("on {}: {}", printable(link_->connection.theirs().host), error.message()),
                error.remedy());
    if (!error.place().empty()) named.at(error.place());
    Writer out;
    out(number);
    put(out, named);
    return out.bytes();
  }

  // Its jobs come back: none of them is known to have ended.
  void lose(std::string why, std::vector<Frame>& said) {
    const bool refused = link_->connection.greeting_refused(), was_up = is_ready();
    const bool same_build = refused && link_->connection.theirs().program == ours_.program;
    stop();
    const std::string& written = link_->last_errors.empty() ? link_->connection.banner() : link_->last_errors;
    // A supervisor that was refused says the same of this end.
    if (!refused && !written.empty()) why += "; it wrote: " + excerpt(written);
    std::vector<std::uint64_t> ran;
    for (; !given_.empty(); given_.pop_back()) {
      const std::uint64_t number = given_.back();
      const auto running = std::ranges::find(status_.running, number, &Running::number);
      if (running == status_.running.end()) {
        said.push_back({FrameType::dropped, to_bytes(number)});
        continue;
      }
      ran.push_back(number);
      Writer out;
      out(number, running->step, fmt::format("'{}': {}", launcher_.name, why));
      said.push_back({FrameType::lost, out.bytes()});
    }
    link_.reset();
    status_.running.clear();
    if (refused) {
      Writer out;
      out(UINT64_MAX);
      put(out, Error(Message::storage_failed, fmt::format("what '{}' starts cannot be used: {}", launcher_.name, why),
                     !same_build
                         ? "run the same build of tuner at both ends"
                         : "leave that machine out; workers: {nodes: any} takes it, and results may then differ from "
                           "machine to machine in their last bits"));
      said.push_back({FrameType::refused, out.bytes()});
      return;
    }
    if (!ran.empty()) {
      std::ranges::sort(ran);
      why += fmt::format("; trials that ran there: {}", fmt::join(ran, ", "));
    }
    fail(why, was_up, said);
  }

  // Says so, and when it is tried again. What is lost again and again is not announced each time.
  void fail(const std::string& why, bool was_up, std::vector<Frame>& said) {
    ++losses_;
    if (!was_up) ++failed_launches_;
    const auto pause = pause_after(losses_, was_up);
    start_at_ = Clock::now() + pause;
    const std::string verb = was_up ? "was lost" : "starts no supervisor";
    std::string text = fmt::format("'{}' {}: {}", launcher_.name, verb, why);
    if (failed_launches_ >= kMostFailedLaunches || losses_ >= kMostLosses) {
      const int times = was_up ? losses_ : failed_launches_;
      hopeless_.emplace(Message::storage_failed,
                        fmt::format("'{}' {} {} times in a row: {}", launcher_.name, verb, times, why),
                        "start it by hand to see what is wrong; the same command continues the study");
    }
    if (losses_ < kMostFailedLaunches || was_up)
      tell(text + (pause.count() > 0 ? fmt::format("; it is started again in {} s", pause.count()) : ""), said);
    else if (losses_ == kMostFailedLaunches)
      tell(fmt::format("{}; it is tried again every {} s at most", text, kLongestPause.count()), said);
  }

  Greeting ours_;
  Launcher launcher_;
  std::string setup_;
  std::filesystem::path states_;  // of trials that go on later; empty: all machines see their folder
  std::shared_ptr<const std::vector<LibraryFile>> libraries_;
  int state_error_ = 0;  // errno of one that could not be kept
  std::optional<Link> link_;
  std::deque<std::uint64_t> given_;  // numbers of the jobs that it has not answered
  CrewStatus status_;
  std::vector<Frame> unsaid_;  // of a start that failed
  int losses_ = 0;             // in a row, with nothing finished in between
  int failed_launches_ = 0;    // in a row
  Clock::time_point start_at_{};
  std::optional<Clock::time_point> closed_;
  std::optional<Error> hopeless_;
};

}  // namespace

std::unique_ptr<Crew> make_supervised_crew(Supervised made_of) {
  return std::make_unique<SupervisedCrew>(std::move(made_of));
}

}  // namespace tuner::executor
