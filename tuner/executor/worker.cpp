// The worker's side: a process that runs one trial at a time and knows nothing of the database.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <stop_token>
#include <system_error>
#include <thread>

#include "tuner/config/config.hpp"
#include "tuner/executor/board.hpp"
#include "tuner/executor/run_job.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/system.hpp"

namespace tuner::executor {

namespace {

// Without its coordinator a worker has nothing to live for; whatever a plugin is doing, nobody waits for it.
[[noreturn]] void leave() { ::_exit(0); }

void send_frame(FrameType type, const Writer& message) {
  const std::string frame = framed(type, message.bytes());
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t n = ::send(kWorkerSocket, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) leave();
    sent += static_cast<std::size_t>(n);
  }
}

std::optional<Frame> receive(FrameBuffer& buffer) {
  char bytes[1 << 16];
  for (;;) {
    if (auto frame = buffer.next()) return frame;
    const ssize_t n = ::recv(kWorkerSocket, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer.append({bytes, static_cast<std::size_t>(n)});
  }
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Study read_study(const WorkerSetup& setup, Catalogue& catalogue) {
  for (const auto& library : setup.libraries) {
    catalogue.add_file(library.path);
    if (const auto now = sha256_of_file(library.path); now != library.sha256)
      throw Error(Message::plugin_changed, fmt::format("'{}' changed while the study ran", library.path),
                  "start the study again: it resumes");
  }
  Study study = config::parse_study(setup.config_text, setup.config_name, setup.config_folder, catalogue,
                                    setup.overrides, static_cast<config::ReadAs>(setup.read_as));
  study.plan.metric.name = setup.metric;
  study.plan.metric.goal = setup.goal;
  study.run.checkpoint.folder = setup.checkpoint_folder;
  study.run.trial_memory = setup.trial_memory;
  return study;
}

class Worker {
 public:
  Worker(Study study, std::string identity, Board& board)
      : study_(std::move(study)), identity_(std::move(identity)), board_(board) {
    trials_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  }

  void take(const Frame& frame) {
    Reader in(frame.bytes);
    const std::lock_guard lock(mutex_);
    if (frame.type == FrameType::job) {
      queue_.push_back(read_job(in));
      job_there_.notify_one();
      return;
    }
    for (const Job& job : queue_) {
      Writer out;
      out.put(job.id.number);
      send_frame(FrameType::dropped, out);
    }
    queue_.clear();
    if (frame.type == FrameType::cancel) trial_stop_.request_stop();
  }

 private:
  void work(const std::stop_token& stop) {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        if (!job_there_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
        job = std::move(queue_.front());
        queue_.pop_front();
        board_.number = job.id.number, board_.trace.step = 0, board_.trace.steps = 0, board_.trace.kind = 0;
        board_.started_ns = monotonic_ns();
        board_.busy = 1;
      }
      run(job);
    }
  }

  void run(const Job& job) {
    Writer out;
    out.put(job.id.number);
    FrameType type = FrameType::finished;
    const std::int64_t started = now_ms();
    try {
      const TrialResult result = run_guarded(board_.trace, [&](TrialResult& trial) {
        trial = run_job(study_, job, identity_, shared_, trial_stop_.get_token(), {}, &board_.trace);
      });
      out.put(started), out.put(now_ms());
      put(out, result);
    } catch (const Error& e) {
      type = FrameType::refused;
      put(out, e);
    } catch (const std::exception& e) {
      type = FrameType::refused;
      put(out, Error(Message::plugin_data, e.what()));
    }
    // What plugins printed belongs to the trial that is over.
    std::fflush(stdout);
    board_.busy = 0;
    const std::lock_guard lock(mutex_);  // one frame at a time
    send_frame(type, out);
  }

  Study study_;
  std::string identity_;
  Board& board_;
  SharedObjectives shared_;
  std::mutex mutex_;
  std::condition_variable_any job_there_;
  std::deque<Job> queue_;
  std::stop_source trial_stop_;
  std::jthread trials_;
};

// An allocation that fails where nothing can be said any more, since that takes memory too: the page says it.
Board* own_board = nullptr;
[[noreturn]] void end_without_memory() {
  try {
    if (const std::exception_ptr current = std::current_exception()) std::rethrow_exception(current);
  } catch (const std::bad_alloc&) {
    own_board->out_of_memory = 1;
  } catch (...) {
  }
  std::abort();
}

constexpr const char* kFreeSome = "free it, raise the limit, or use fewer workers; the same command continues";

void refuse_study(const Error& error) {
  Writer out;
  out.put(UINT64_MAX);
  put(out, error);
  send_frame(FrameType::refused, out);
}

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace

int run_worker() {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kWorkerSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    throw Error(Message::usage_unknown_command, "'tuner worker' is started by a running study, not by hand",
                "run a study: tuner --config FILE");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Ctrl-C at the terminal and a service manager's SIGTERM reach the whole group; what they mean is the coordinator's
  // to say. A worker is born with them blocked.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, kWorkerBoard, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  own_board = static_cast<Board*>(memory);
  std::set_terminate(end_without_memory);
  FrameBuffer buffer;
  const auto first = receive(buffer);
  if (!first) return 0;
  static Catalogue catalogue;  // outlives everything that points into it
  try {
    Reader in(first->bytes);
    const WorkerSetup setup = read_setup(in);
    limit_memory(setup.memory_limit);
    Worker worker(read_study(setup, catalogue), setup.checkpoint_identity, *static_cast<Board*>(memory));
    while (const auto frame = receive(buffer)) worker.take(*frame);
    leave();
  } catch (const Error& e) {
    refuse_study(e);
  } catch (const std::bad_alloc&) {
    refuse_study(Error(Message::storage_failed, "a worker cannot work: " + system_text(ENOMEM), kFreeSome));
  } catch (const std::system_error& e) {
    refuse_study(Error(Message::storage_failed, "a worker cannot work: " + system_text(e.code().value()), kFreeSome));
  }
  return 0;
}

}  // namespace tuner::executor
