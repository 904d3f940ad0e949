// Local workers: fed, read, ended, replaced. This is the one place that does so, in the coordinator and in a
// supervisor.
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "tuner/executor/crew.hpp"
#include "tuner/executor/worker_process.hpp"
#include "tuner/program/memory_group.hpp"

namespace tuner::executor {

namespace {

using Clock = std::chrono::steady_clock;

// A trial whose plugin does not come back is ended this much after its time limit, which the trial itself looks at
// between two steps.
constexpr double kGraceSeconds = 1, kGraceShare = 0.1;
// So much later than a cancel, a trial that still runs sits in a plugin that does not come back.
constexpr std::chrono::seconds kCancelGrace{3};
// A worker that begins none of its jobs for so long is stopped or stuck between two trials: it is replaced, and the
// jobs go to others. Twice as long each time, since it may be the machine that is slow.
constexpr std::chrono::seconds kBeginWithin{10};

// Workers in a row that may be killed before they begin a trial.
constexpr int kMostKilledIdle = 5;

// What the trial at work has taken so far, without what it waited for decisions.
double seconds_of(const Board& board) {
  const TrialTrace& trace = board.trace;
  const std::int64_t since = trace.waiting_since_ns, now = since != 0 ? since : monotonic_ns();
  return static_cast<double>(now - board.started_ns - trace.waited_ns) * 1e-9;
}

class LocalCrew : public Crew {
 public:
  LocalCrew(std::filesystem::path executable, std::string setup, std::uint32_t workers)
      : executable_(std::move(executable)),
        greeting_(to_bytes(local_greeting(executable_))),
        setup_(std::move(setup)),
        most_(workers) {}

  std::uint32_t workers() const override { return most_; }

  void give(const Job& job) override {
    auto least =
        std::ranges::min_element(workers_, {}, [](const WorkerPointer& worker) { return worker->jobs.size(); });
    if (workers_.size() < most_ && (least == workers_.end() || !(*least)->jobs.empty())) {
      WorkerPointer worker;
      start(worker, workers_.size());
      workers_.push_back(std::move(worker));
      least = workers_.end() - 1;
    }
    (*least)->send(FrameType::job, to_bytes(job));
    (*least)->jobs.push_back(job.id.number);
  }

  void answer(std::uint64_t number, const Decision& decision) override {
    for (const auto& worker : workers_)
      if (!worker->jobs.empty() && worker->jobs.front() == number)
        worker->send(FrameType::decision, to_bytes(std::pair(number, decision)));
  }
  void drop() override {
    for (const auto& worker : workers_) worker->send(FrameType::drop, {});
  }
  void cancel() override {
    for (const auto& worker : workers_) worker->send(FrameType::cancel, {});
    if (!cancelled_at_) cancelled_at_ = Clock::now();
  }

  void watch(std::vector<pollfd>& files) const override {
    for (const auto& worker : workers_) {
      const short events = static_cast<short>(worker->has_unsent() ? POLLIN | POLLOUT : POLLIN);
      files.push_back({.fd = worker->socket(), .events = events, .revents = 0});
      files.push_back({.fd = worker->output(), .events = POLLIN, .revents = 0});
    }
  }

  void look(std::span<const pollfd> files, std::vector<Frame>& said) override {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      WorkerPointer& worker = workers_[i];
      worker->flush();
      if (files[2 * i].revents != 0 || files[2 * i + 1].revents != 0) take(worker, said);
      if (const auto cause = due(*worker)) replace(worker, *cause, said);
      if (const int error = worker->board().trace.checkpoint_error) checkpoint_error_ = error;
    }
  }

  std::vector<Running> running() const override {
    std::vector<Running> now;
    for (const auto& worker : workers_) {
      const Board& board = worker->board();
      if (board.busy != 0) now.push_back({board.number, board.trace.step, board.trace.steps, board.trace.value});
    }
    return now;
  }
  int checkpoint_error() const override { return checkpoint_error_; }

 private:
  using WorkerPointer = std::unique_ptr<WorkerProcess>;
  // How a worker came to its end; idle: it began none of its jobs.
  enum class End { itself, overdue, cancelled, idle };

  void start(WorkerPointer& worker, std::size_t number) {
    worker.reset();  // first, so that two never live side by side
    worker = std::make_unique<WorkerProcess>(executable_, static_cast<std::uint32_t>(number));
    worker->send(FrameType::greeting, greeting_);
    worker->send(FrameType::setup, setup_);
  }

  void take(WorkerPointer& worker, std::vector<Frame>& said) {
    const bool alive = worker->receive();
    try {
      while (auto frame = worker->next_frame()) {
        check(*worker, *frame);
        killed_idle_ = 0;
        said.push_back(std::move(*frame));
      }
    } catch (const DecodeError& e) {
      worker->distrust(e.what());
    }
    if (!alive || !worker->protocol_error().empty()) replace(worker, End::itself, said);
  }

  // Is it an answer to something? All that a worker sends begins with the number of a job.
  static void check(WorkerProcess& worker, const Frame& frame) {
    const auto number = Reader(frame.bytes).get<std::uint64_t>();
    const bool of_study = frame.type == FrameType::refused && number == UINT64_MAX;
    const auto job = std::ranges::find(worker.jobs, number);
    if (job == worker.jobs.end() && !of_study) throw DecodeError("an answer for a job that was not given");
    worker.idle_since.reset();
    switch (frame.type) {
      case FrameType::finished:
      case FrameType::refused:
      case FrameType::dropped:
        if (!of_study) worker.jobs.erase(job);
        return;
      case FrameType::begun:
      case FrameType::report:
      case FrameType::checkpoint:
        return;
      default:
        throw DecodeError("an unexpected message from a worker");
    }
  }

  [[nodiscard]] std::optional<End> due(WorkerProcess& worker) const {
    const Board& board = worker.board();
    const auto now = Clock::now();
    if (board.busy != 0 || worker.jobs.empty()) worker.idle_since.reset();
    if (board.busy == 0) {
      if (worker.jobs.empty()) return std::nullopt;
      if (!worker.idle_since) worker.idle_since = now;
      return now - *worker.idle_since > begin_within_ ? std::optional(End::idle) : std::nullopt;
    }
    const std::chrono::duration<double> grace(board.trace.grace);
    if (cancelled_at_ && now - *cancelled_at_ > kCancelGrace + grace) return End::cancelled;
    const double limit = board.trace.time_limit;
    if (limit > 0 && board.trace.waiting_since_ns == 0 &&
        seconds_of(board) > limit * (1 + kGraceShare) + kGraceSeconds + grace.count())
      return End::overdue;
    return std::nullopt;
  }

  // The first job that an ended worker had not answered is the one that ended it, or that it was about to begin; the
  // others come back.
  void replace(WorkerPointer& worker, End end, std::vector<Frame>& said) {
    if (end == End::idle) begin_within_ *= 2;
    // One that somebody killed before its trial began says nothing about that trial, unless it happens again and again.
    const bool comes_back = end == End::itself && worker->protocol_error().empty() && !has_begun(*worker) &&
                            was_killed(*worker) && ++killed_idle_ <= kMostKilledIdle;
    if (!comes_back) killed_idle_ = 0;
    if (!worker->jobs.empty() && end != End::idle && !comes_back) {
      said.push_back({FrameType::worker_ended, to_bytes(exit_report(*worker, end))});
      worker->jobs.pop_front();
    }
    for (; !worker->jobs.empty(); worker->jobs.pop_back())
      said.push_back({FrameType::dropped, to_bytes(worker->jobs.back())});
    start(worker, static_cast<std::size_t>(&worker - workers_.data()));
  }

  // Has the first of its jobs begun?
  [[nodiscard]] static bool has_begun(const WorkerProcess& worker) {
    const Board& board = worker.board();
    return board.started_ns != 0 && !worker.jobs.empty() && board.number == worker.jobs.front();
  }
  [[nodiscard]] static bool was_killed(WorkerProcess& worker) {
    const int status = worker.end();
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
  // Does the system say that it took memory back?
  [[nodiscard]] bool was_out_of_memory(int status) {
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return false;
    const std::uint64_t kills = program::own_out_of_memory_kills();
    return std::exchange(out_of_memory_kills_, kills) < kills;
  }

  [[nodiscard]] WorkerExit exit_report(WorkerProcess& worker, End end) {
    const Board& board = worker.board();
    WorkerExit report;
    report.number = worker.jobs.front();
    report.began = has_begun(worker);
    if (report.began) {
      report.step = board.trace.step;
      report.kind = board.trace.kind;
      report.time_limit = board.trace.time_limit;
      report.seconds = seconds_of(board);
    }
    const int status = worker.end();
    report.output = worker.last_output();
    report.text = worker.protocol_error();
    report.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    report.cause = end == End::cancelled       ? Cause::cancelled
                   : end == End::overdue       ? Cause::overdue
                   : !report.text.empty()      ? Cause::protocol
                   : board.out_of_memory != 0  ? Cause::out_of_memory
                   : was_out_of_memory(status) ? Cause::out_of_memory
                   : WIFSIGNALED(status)       ? Cause::signal
                                               : Cause::exit;
    return report;
  }

  std::filesystem::path executable_;
  std::string greeting_, setup_;
  std::size_t most_;
  std::vector<WorkerPointer> workers_;
  std::optional<Clock::time_point> cancelled_at_;
  std::chrono::seconds begin_within_ = kBeginWithin;
  int checkpoint_error_ = 0;
  int killed_idle_ = 0;  // workers in a row that were killed before they began a trial
  std::uint64_t out_of_memory_kills_ = program::own_out_of_memory_kills();
};

}  // namespace

std::unique_ptr<Crew> make_local_crew(const std::filesystem::path& executable, std::string setup,
                                      std::uint32_t workers) {
  return std::make_unique<LocalCrew>(executable, std::move(setup), workers);
}

}  // namespace tuner::executor
