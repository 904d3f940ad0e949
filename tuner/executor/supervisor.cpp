// A supervisor: local workers on behalf of a coordinator at the other end of two pipes. It loads no plugin, so that
// nothing ends it but its coordinator: it hands jobs on to its workers and what they say back, reaps them, and says
// what became of them.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "tuner/checkpoint.hpp"
#include "tuner/checkpoint_file.hpp"
#include "tuner/executor/connection.hpp"
#include "tuner/executor/crew.hpp"
#include "tuner/system.hpp"

namespace tuner::executor {

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kTick{200}, kHeld{500}, kProgress{1000};
// Descriptors of a worker, and beside them.
constexpr rlim_t kDescriptorsEach = 3, kDescriptorsBeside = 64;

// For the time that the supervisor lives.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::error_code none;
    std::filesystem::path base = std::filesystem::temp_directory_path(none);
    if (none) base = "/tmp";
    path_ = (base / "tuner-XXXXXX").string();
    // Without it workers write no checkpoints, and say so.
    static_cast<void>(::mkdtemp(path_.data()));
  }
  ~PrivateFolder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Supervisor {
 public:
  Supervisor(std::filesystem::path executable, std::uint32_t workers, Descriptor in, Descriptor out)
      : executable_(std::move(executable)),
        workers_(workers),
        coordinator_(std::move(in), std::move(out), remote_greeting(kThisProgram)) {}

  // Until the coordinator closes the connection or says nothing any more. Throws DecodeError.
  void run() {
    while (Clock::now() - heard_ < kOrphaned) {
      std::vector<pollfd> files{{.fd = coordinator_.in(), .events = POLLIN, .revents = 0}};
      if (coordinator_.has_unsent()) files.push_back({.fd = coordinator_.out(), .events = POLLOUT, .revents = 0});
      const std::size_t own = files.size();
      if (crew_) crew_->watch(files);
      ::poll(files.data(), files.size(), static_cast<int>(kTick.count()));
      std::vector<Frame> said;
      if (crew_) crew_->look(std::span(files).subspan(own), said);
      for (Frame& frame : said) hand_on(std::move(frame));
      for (; !held_.empty() && Clock::now() - held_.front().since > kHeld; held_.pop_front())
        coordinator_.send(held_.front().frame.type, held_.front().frame.bytes);
      coordinator_.flush();
      if (files[0].revents != 0) {
        heard_ = Clock::now();
        const bool open = coordinator_.receive();
        while (const auto frame = coordinator_.next_frame()) take(*frame);
        if (!open) return;
      }
      say_status();
    }
  }

 private:
  void take(const Frame& frame) {
    if (frame.type == FrameType::heartbeat) return;
    if (frame.type == FrameType::library) return keep_library(frame);
    if (frame.type == FrameType::setup) return set_up(frame);
    if (!crew_) throw DecodeError("a job before the study");
    switch (frame.type) {
      case FrameType::job:
        return give(from_bytes<Job>(frame.bytes));
      case FrameType::state:
        return put_state(frame);
      case FrameType::decision: {
        const auto [number, decision] = from_bytes<std::pair<std::uint64_t, Decision>>(frame.bytes);
        return crew_->answer(number, decision);
      }
      case FrameType::drop:
        return crew_->drop();
      case FrameType::cancel:
        return crew_->cancel();
      default:
        throw DecodeError("an unexpected message from the coordinator");
    }
  }

  // A plugin that travelled: in a folder of its own, since names may be equal.
  void keep_library(const Frame& frame) {
    const auto library = from_bytes<LibraryFile>(frame.bytes);
    if (!plugins_) plugins_.emplace();
    const fs::path folder = fs::path(plugins_->path()) / std::to_string(libraries_.size());
    const fs::path path = folder / fs::path(library.path).filename();
    libraries_.emplace(library.path, path);
    std::error_code none;
    fs::create_directory(folder, none);
    std::ofstream file(path, std::ios::binary);
    file << library.bytes;
    file.close();
    if (!file)
      refuse(Error(
          Message::storage_failed,
          fmt::format("the plugin '{}' cannot be kept as '{}': {}", library.path, path.string(), system_text(errno)),
          "let TMPDIR name a folder with room there"));
  }

  void refuse(const Error& error) {
    Writer out;
    out(UINT64_MAX);
    put(out, error);
    coordinator_.send(FrameType::refused, out.bytes());
  }

  void set_up(const Frame& frame) {
    auto setup = from_bytes<WorkerSetup>(frame.bytes);
    for (auto& library : setup.libraries)
      if (const auto sent = libraries_.find(library.path); sent != libraries_.end())
        library.path = sent->second.string();
    if (setup.checkpoint_folder.empty()) setup.checkpoint_folder = checkpoints_.emplace().path();
    crew_ = make_local_crew(executable_, to_bytes(setup), workers_);
  }

  void hand_on(Frame frame) {
    if (was_killed(frame)) return held_.push_back({Clock::now(), std::move(frame)});
    if (frame.type == FrameType::finished && checkpoints_) send_state(frame);
    coordinator_.send(frame.type, frame.bytes);
  }

  // Whoever ends all that runs on a machine may come to the workers first: then the trial is lost with its node, and it
  // is not the worker that somebody killed.
  [[nodiscard]] static bool was_killed(const Frame& frame) {
    if (frame.type != FrameType::worker_ended) return false;
    const auto report = from_bytes<WorkerExit>(frame.bytes);
    return report.cause == Cause::signal && report.status == SIGKILL;
  }

  // The state of a trial that goes on later travels ahead of its result, since it may go on elsewhere. Here it needs
  // none any more.
  void send_state(const Frame& frame) {
    Reader in(frame.bytes);
    const auto number = in.get<std::uint64_t>();
    CheckpointRules rules;
    rules.folder = checkpoints_->path();
    if (checkpoint_bytes(rules, number) == 0) return;
    std::int64_t started = 0, finished = 0;
    TrialResult result;
    in(started, finished, result, result.process);
    if (is_open(result.outcome))
      if (const auto state = newest_checkpoint_file(rules.folder, number, kMostState))
        coordinator_.send(FrameType::state, to_bytes(std::pair(number, *state)));
    remove_checkpoints(rules, number);
  }

  // Where it cannot be written, its trial begins anew.
  void put_state(const Frame& frame) {
    const auto [number, state] = from_bytes<std::pair<std::uint64_t, CheckpointFile>>(frame.bytes);
    if (checkpoints_) static_cast<void>(put_checkpoint_file(checkpoints_->path(), number, state));
  }

  void give(const Job& job) {
    try {
      crew_->give(job);
    } catch (const Error& e) {  // no worker can be started
      refuse(e);
    }
  }

  // As a sign of life; sooner where other trials run than before, and each second how far they are.
  void say_status() {
    const auto now = Clock::now();
    if (now - said_ < kTick) return;
    const CrewStatus status = crew_ ? CrewStatus{crew_->running(), crew_->checkpoint_error()} : CrewStatus{};
    const bool same = std::ranges::equal(status.running, status_.running, {}, &Running::number, &Running::number) &&
                      status.checkpoint_error == status_.checkpoint_error;
    const bool moved = !std::ranges::equal(status.running, status_.running, {}, &Running::step, &Running::step);
    if (same && now - said_ < (moved ? kProgress : kHeartbeat)) return;
    coordinator_.send(FrameType::heartbeat, to_bytes(status));
    status_ = status;
    said_ = now;
  }

  std::filesystem::path executable_;
  std::uint32_t workers_;
  Connection coordinator_;
  std::optional<PrivateFolder> plugins_;       // those that were sent
  std::map<std::string, fs::path> libraries_;  // of plugins_: where they are, by where they were
  std::optional<PrivateFolder> checkpoints_;   // where the setup names no folder
  std::unique_ptr<Crew> crew_;
  struct Held {
    Clock::time_point since;
    Frame frame;
  };
  std::deque<Held> held_;  // of workers that were killed
  CrewStatus status_;      // as it was said last
  Clock::time_point heard_ = Clock::now(), said_ = heard_;
};

}  // namespace

int run_supervisor(const std::filesystem::path& executable, std::uint32_t workers) {
  // The connection is moved away, so that nothing that prints can break it.
  Descriptor in(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  Descriptor out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!in.is_open() || !out.is_open() || ::dup2(nothing.get(), STDIN_FILENO) < 0 ||
      ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw std::system_error(errno, std::generic_category(), "standard input and output");
  // As far as it may: a worker for which it is too few is named then.
  if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur =
        std::min(limit.rlim_max, std::max(limit.rlim_cur, kDescriptorsEach * workers + kDescriptorsBeside));
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  try {
    Supervisor(executable, workers, std::move(in), std::move(out)).run();
  } catch (const DecodeError& e) {
    throw Error(Message::storage_failed, fmt::format("a supervisor cannot speak to its coordinator: {}", e.what()));
  }
  return 0;
}

}  // namespace tuner::executor
