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
#include "tuner/executor/inspector.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/system.hpp"
#include "tuner/trial/runner.hpp"

namespace tuner::executor {

namespace {

// Without its coordinator a worker has nothing to live for; whatever a plugin is doing, nobody waits for it.
[[noreturn]] void leave() { ::_exit(0); }

void send_frame(FrameType type, std::string_view message) {
  const std::string frame = framed(type, message);
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

void send_frame(FrameType type, const Writer& message) { send_frame(type, message.bytes()); }

// Of a setup without a text: the plugins alone.
Study read_study(const WorkerSetup& setup, Catalogue& catalogue) {
  for (const auto& library : setup.libraries) {
    catalogue.add_file(library.path);
    if (const auto now = sha256_of_file(library.path); now != library.sha256)
      throw Error(Message::plugin_changed, fmt::format("'{}' changed while the study ran", library.path),
                  "start the study again: it resumes");
  }
  if (setup.config_text.empty()) return {};
  Study study = config::parse_study(setup.config_text, setup.config_name, setup.config_folder, catalogue,
                                    setup.overrides, static_cast<config::ReadAs>(setup.read_as));
  study.plan.metric.name = setup.metric;
  study.plan.metric.goal = setup.goal;
  study.run.checkpoint.folder = setup.checkpoint_folder;
  study.run.trial_memory = setup.trial_memory;
  study.run.workers = setup.workers;
  return study;
}

class Worker {
 public:
  Worker(Study study, std::string identity, Board& board)
      : study_(std::move(study)), runner_(study_, std::move(identity), shared_), board_(board) {
    trials_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  }

  void take(const Frame& frame) {
    Reader in(frame.bytes);
    const std::lock_guard lock(mutex_);
    if (frame.type == FrameType::job) {
      queue_.push_back(in.get<Job>());
      job_there_.notify_one();
      return;
    }
    if (frame.type == FrameType::decision) {
      const auto number = in.get<std::uint64_t>();
      if (waits_ && board_.number == number) {
        waits_ = false;
        decision_ = in.get<Decision>();
      }
      decision_there_.notify_all();
      return;
    }
    for (const Job& job : queue_) {
      Writer out;
      out(job.id.number);
      send_frame(FrameType::dropped, out);
    }
    queue_.clear();
    if (frame.type == FrameType::cancel) trial_stop_.request_stop();
  }

 private:
  // The running trial's end of the channel.
  class WorkerChannel : public trial::Channel {
   public:
    WorkerChannel(Worker& worker, const Job& job) : worker_(worker), job_(job) {}
    bool is_asked() const override { return job_.asked.anything(); }
    trial::Seat seat() const override { return {worker_.board_.worker, job_.attempt}; }
    TrialTrace& trace() override { return worker_.board_.trace; }
    const std::optional<TrialResult>& earlier() const override { return job_.earlier; }
    std::int64_t first_decision() const override { return job_.asked.decide_at; }
    void report(const StepReport& report) override {
      if (job_.asked.reports)
        worker_.send(FrameType::report, trial::report_of(job_.id.number, job_.attempt, report, false));
    }
    Decision decide(const StepReport& report) override {
      Writer out;
      out(trial::report_of(job_.id.number, job_.attempt, report, true));
      std::unique_lock lock(worker_.mutex_);
      worker_.waits_ = true;
      send_frame(FrameType::report, out);
      worker_.decision_there_.wait(lock, worker_.trial_stop_.get_token(), [&] { return !worker_.waits_; });
      return std::exchange(worker_.waits_, false) ? Decision{} : worker_.decision_;
    }
    void checkpoint(std::int64_t step) override {
      if (job_.asked.reports)
        worker_.send(FrameType::checkpoint, trial::CheckpointWritten{job_.id.number, job_.attempt, step});
    }

   private:
    Worker& worker_;
    const Job& job_;
  };

  template <class Message>
  void send(FrameType type, const Message& message) {
    Writer out;
    out(message);
    const std::lock_guard lock(mutex_);  // one frame at a time
    send_frame(type, out);
  }

  void work(const std::stop_token& stop) {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        if (!job_there_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
        job = std::move(queue_.front());
        queue_.pop_front();
        board_.number = job.id.number;
        board_.trace.begin();
        board_.started_ns = monotonic_ns();
        board_.busy = 1;
      }
      run(job);
    }
  }

  void run(const Job& job) {
    Writer out;
    out(job.id.number);
    FrameType type = FrameType::finished;
    const std::int64_t started = now_ms();
    try {
      if (job.asked.reports) send(FrameType::begun, trial::Begun{job.id.number, job.attempt, started});
      WorkerChannel channel(*this, job);
      const TrialResult result = runner_.run(job.id, job.point, channel, trial_stop_.get_token());
      out(started, now_ms(), result, result.process);
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
  SharedObjectives shared_;
  trial::Runner runner_;
  Board& board_;
  std::mutex mutex_;
  std::condition_variable_any job_there_, decision_there_;
  std::deque<Job> queue_;
  bool waits_ = false;  // the running trial, for a decision
  Decision decision_;
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
  out(UINT64_MAX);
  put(out, error);
  send_frame(FrameType::refused, out);
}

// A worker that is asked, and runs nothing.
void answer_all(FrameBuffer& buffer, Frame question, const WorkerSetup& setup, Catalogue& catalogue, TrialTrace& trace,
                const Answerer& answerer) {
  const Study study = read_study(setup, catalogue);
  SharedObjectives shared;
  Subjects last;
  const auto about = [&](const Subjects& subjects) {
    if (subjects != last) send_frame(FrameType::subject, to_bytes(last = subjects));
  };
  std::unique_ptr<search::Engine> engine;
  std::unique_ptr<search::PruneEngine> prune_engine;
  const Inspected inspected{catalogue, study, shared, trace, about, engine, prune_engine};
  for (;;) {
    try {
      const std::string answer = answerer(inspected, question.bytes);
      std::fflush(stdout);
      send_frame(FrameType::answer, answer);
    } catch (const Error& e) {
      refuse_study(e);
    }
    auto next = receive(buffer);
    if (!next) return;
    question = std::move(*next);
  }
}

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace

int run_worker(const Answerer& answerer) {
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
  const auto greeting = receive(buffer), first = receive(buffer);
  if (!greeting || !first) return 0;
  static Catalogue catalogue;  // outlives everything that points into it
  try {
    if (const std::string why = disagreement(local_greeting(kThisProgram), from_bytes<Greeting>(greeting->bytes));
        !why.empty())
      throw Error(Message::storage_failed, fmt::format("a worker cannot speak to its coordinator: {}", why),
                  "the program was replaced while the study ran: start it again, it resumes");
    const auto setup = from_bytes<WorkerSetup>(first->bytes);
    const auto second = receive(buffer);
    if (!second) return 0;
    if (second->type == FrameType::question) {
      answer_all(buffer, *second, setup, catalogue, own_board->trace, answerer);
      leave();
    }
    Study study = read_study(setup, catalogue);
    if (study.run.nice != 0) ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + study.run.nice);
    // The limit of a program is not that of its worker.
    if (study.plan.program)
      ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    else
      limit_memory(setup.memory_limit);
    Worker worker(std::move(study), setup.checkpoint_identity, *static_cast<Board*>(memory));
    try {
      worker.take(*second);
      while (const auto frame = receive(buffer)) worker.take(*frame);
    } catch (const DecodeError&) {  // what it should do is not known any more; its trial must not keep it
    }
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
