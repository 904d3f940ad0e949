// The coordinator's side: deals trials to worker processes, and finds out what became of those whose worker died.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "tuner/executor/worker_process.hpp"

namespace tuner::executor {

namespace {

// A worker holds work for about this long, so that it never waits for the coordinator's transactions.
constexpr double kHeldSeconds = 0.05;
constexpr std::size_t kMostHeld = 256;
// A trial whose plugin does not come back is ended this much after its time limit, which the training loop enforces
// between two steps.
constexpr double kGraceSeconds = 1, kGraceShare = 0.1;
// So much later than a cancel, a trial that still runs sits in a plugin that does not come back.
constexpr std::chrono::seconds kCancelGrace{3};
// A worker that begins none of its jobs for so long is stopped or stuck between two trials: it is replaced, and the
// jobs go to others. Twice as long each time, since it may be the machine that is slow.
constexpr std::chrono::seconds kBeginWithin{10};
// Workers that a plugin may end one after another before its trials are run no more.
constexpr int kDeathsInARow = 3;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class ProcessExecutor : public Executor {
 public:
  ProcessExecutor(const Study& study, const WorkerSetup& setup, std::filesystem::path executable)
      : plan_(study.plan), executable_(std::move(executable)), most_workers_(study.run.workers) {
    put(setup_, setup);
  }

  void submit(Job job) override {
    if (workers_.size() < most_workers_ && workers_.size() < pending_ + 1) {
      WorkerPointer worker;
      start(worker);
      workers_.push_back(std::move(worker));
    }
    queue_.push_back(std::move(job));
    ++pending_;
  }
  std::size_t pending() const override { return pending_; }
  std::vector<Finished> wait(std::chrono::milliseconds longest) override;
  void drop_queued() override {
    pending_ -= queue_.size();
    queue_.clear();
    for (const auto& worker : workers_) worker->send(FrameType::drop, {});
    dropping_ = true;
  }
  void cancel() override {
    for (const auto& worker : workers_) worker->send(FrameType::cancel, {});
    dropping_ = true;
    if (!cancelled_at_) cancelled_at_ = std::chrono::steady_clock::now();
  }
  std::vector<Running> running() const override;
  int checkpoint_error() const override { return checkpoint_error_; }

 private:
  using WorkerPointer = std::unique_ptr<WorkerProcess>;

  void start(WorkerPointer& worker) {
    worker.reset();  // first, so that two never live side by side
    worker = std::make_unique<WorkerProcess>(executable_);
    worker->send(FrameType::setup, setup_);
  }
  void deal();
  void take(WorkerPointer& worker);
  void take(WorkerProcess& worker, const Frame& frame);
  [[nodiscard]] Job answered(WorkerProcess& worker, std::uint64_t number);
  // How a worker came to its end: by itself, over its trial's time limit, cancelled, or before it began a trial.
  enum class End { itself, overdue, cancelled, idle };
  [[nodiscard]] std::optional<End> due(WorkerProcess& worker) const;
  void bury(WorkerPointer& worker, End end);
  [[nodiscard]] TrialResult death(WorkerProcess& worker, const Job& job, End end);
  [[nodiscard]] const Plugin* quarantined(const Job& job) const;
  void skip(Job job, const Plugin& plugin);

  const StudyPlan& plan_;
  std::filesystem::path executable_;
  Writer setup_;
  std::vector<WorkerPointer> workers_;
  std::size_t most_workers_;
  std::deque<Job> queue_;
  std::vector<Finished> finished_;
  std::size_t pending_ = 0;
  double mean_seconds_ = kHeldSeconds;  // of a trial; one at a time until more is known
  bool dropping_ = false;
  std::optional<std::chrono::steady_clock::time_point> cancelled_at_;
  std::chrono::seconds begin_within_ = kBeginWithin;
  int checkpoint_error_ = 0;
  std::map<const Plugin*, int> deaths_;  // in a row
};

std::vector<Finished> ProcessExecutor::wait(std::chrono::milliseconds longest) {
  deal();
  std::vector<pollfd> files;
  for (const auto& worker : workers_) {
    const short events = static_cast<short>(worker->has_unsent() ? POLLIN | POLLOUT : POLLIN);
    files.push_back({.fd = worker->socket(), .events = events, .revents = 0});
    files.push_back({.fd = worker->output(), .events = POLLIN, .revents = 0});
  }
  if (::poll(files.data(), files.size(), static_cast<int>(longest.count())) > 0) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->flush();
      if (files[2 * i].revents != 0 || files[2 * i + 1].revents != 0) take(workers_[i]);
    }
  }
  for (auto& worker : workers_)
    if (const auto end = due(*worker)) bury(worker, *end);
  for (const auto& worker : workers_)
    if (const int error = worker->board().trace.checkpoint_error) checkpoint_error_ = error;
  deal();
  pending_ -= finished_.size();
  return std::exchange(finished_, {});
}

// Gives every worker enough to do, and nobody more than his share of what is left.
void ProcessExecutor::deal() {
  const auto wanted = static_cast<std::size_t>(std::ceil(kHeldSeconds / std::max(mean_seconds_, 1e-6)));
  for (bool dealt = true; dealt && !queue_.empty();) {
    dealt = false;
    const std::size_t share = (queue_.size() + workers_.size() - 1) / workers_.size();
    for (const auto& worker : workers_) {
      const std::size_t held = std::clamp<std::size_t>(std::min(wanted, share), 1, kMostHeld);
      if (queue_.empty() || worker->jobs.size() >= held) continue;
      dealt = true;
      if (const Plugin* plugin = quarantined(queue_.front())) {
        skip(std::move(queue_.front()), *plugin);
        queue_.pop_front();
        continue;
      }
      Writer message;
      put(message, queue_.front());
      worker->send(FrameType::job, message);
      worker->jobs.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
}

void ProcessExecutor::take(WorkerPointer& worker) {
  const bool alive = worker->receive();
  try {
    while (const auto frame = worker->next_frame()) take(*worker, *frame);
  } catch (const Garbled& e) {
    worker->distrust(e.what());
  }
  if (!alive || !worker->garbled().empty()) bury(worker, End::itself);
}

void ProcessExecutor::take(WorkerProcess& worker, const Frame& frame) {
  Reader in(frame.bytes);
  const auto number = in.get<std::uint64_t>();
  Finished done;
  if (frame.type == FrameType::refused) {
    // Before its first job a worker speaks of the study, not of a trial.
    if (number == UINT64_MAX)
      ++pending_;
    else
      done.job = answered(worker, number);
    done.error = std::make_exception_ptr(read_error(in));
    done.started_at_ms = done.finished_at_ms = now_ms();
  } else if (frame.type == FrameType::dropped) {
    static_cast<void>(answered(worker, number));
    --pending_;
    return;
  } else {
    done.job = answered(worker, number);
    done.started_at_ms = in.get<std::int64_t>(), done.finished_at_ms = in.get<std::int64_t>();
    done.result = read_result(in);
    in.end();
    // Weighted to the last dozens, since trials of a search can get longer.
    mean_seconds_ += 0.1 * (done.result.wall_seconds - mean_seconds_);
    if (!deaths_.empty())
      for (const Plugin* plugin : plugins_of(plan_, done.job.point)) deaths_.erase(plugin);
  }
  finished_.push_back(std::move(done));
}

Job ProcessExecutor::answered(WorkerProcess& worker, std::uint64_t number) {
  const auto job = std::ranges::find(worker.jobs, number, [](const Job& job) { return job.id.number; });
  if (job == worker.jobs.end()) throw Garbled("an answer to nothing");
  Job found = std::move(*job);
  worker.jobs.erase(job);
  worker.idle_since.reset();
  return found;
}

const Plugin* ProcessExecutor::quarantined(const Job& job) const {
  if (!deaths_.empty())
    for (const Plugin* plugin : plugins_of(plan_, job.point))
      if (const auto found = deaths_.find(plugin); found != deaths_.end() && found->second >= kDeathsInARow)
        return plugin;
  return nullptr;
}

void ProcessExecutor::skip(Job job, const Plugin& plugin) {
  Finished skipped;
  skipped.job = std::move(job);
  skipped.not_run = fmt::format("{} '{}' is quarantined: it ended {} workers in a row", to_string(plugin.kind()),
                                plugin.id(), kDeathsInARow);
  finished_.push_back(std::move(skipped));
}

std::optional<ProcessExecutor::End> ProcessExecutor::due(WorkerProcess& worker) const {
  const Board& board = worker.board();
  const auto now = std::chrono::steady_clock::now();
  if (board.busy != 0 || worker.jobs.empty()) worker.idle_since.reset();
  if (board.busy == 0) {
    if (worker.jobs.empty()) return std::nullopt;
    if (!worker.idle_since) worker.idle_since = now;
    return now - *worker.idle_since > begin_within_ ? std::optional(End::idle) : std::nullopt;
  }
  if (cancelled_at_ && now - *cancelled_at_ > kCancelGrace) return End::cancelled;
  const double limit = board.trace.time_limit;
  const double spent = static_cast<double>(monotonic_ns() - board.started_ns) * 1e-9;
  if (limit > 0 && spent > limit * (1 + kGraceShare) + kGraceSeconds) return End::overdue;
  return std::nullopt;
}

// The first job that a dead worker had not answered is the one that killed it, or that it was about to begin; the
// others go back to the head of the queue.
void ProcessExecutor::bury(WorkerPointer& worker, End end) {
  if (end == End::idle) begin_within_ *= 2;
  if (!worker->jobs.empty() && end != End::idle) {
    Finished done;
    done.job = std::move(worker->jobs.front());
    worker->jobs.pop_front();
    done.result = death(*worker, done.job, end);
    done.finished_at_ms = now_ms();
    done.started_at_ms = done.finished_at_ms - static_cast<std::int64_t>(done.result.wall_seconds * 1000);
    finished_.push_back(std::move(done));
  }
  if (dropping_)
    pending_ -= worker->jobs.size();
  else
    queue_.insert(queue_.begin(), std::make_move_iterator(worker->jobs.begin()),
                  std::make_move_iterator(worker->jobs.end()));
  start(worker);
}

// The plugin of that kind at this point of the space.
const Plugin* plugin_at(const StudyPlan& plan, const Point& point, std::uint32_t kind) {
  for (const Plugin* plugin : plugins_of(plan, point))
    if (static_cast<std::uint32_t>(plugin->kind()) == kind) return plugin;
  return nullptr;
}

// What an ended process did to its trial, for people.
std::string how_it_ended(int status, const Board& board, Failure& failure) {
  if (board.out_of_memory != 0) {
    failure = Failure::out_of_memory;
    return "lost its worker: the memory ran out";
  }
  if (!WIFSIGNALED(status)) {
    failure = Failure::exit;
    return fmt::format("ended its worker's process with exit code {}", WEXITSTATUS(status));
  }
  const int signal = WTERMSIG(status);
  failure = signal == SIGKILL ? Failure::out_of_memory : Failure::crash;
  if (signal == SIGKILL) return "lost its worker to SIGKILL: from outside, or from the system when memory ran out";
  return fmt::format("crashed its worker with signal {} ({})", signal, ::strsignal(signal));
}

TrialResult ProcessExecutor::death(WorkerProcess& worker, const Job& job, End end) {
  TrialResult result;
  const Board& board = worker.board();
  const bool began = board.started_ns != 0 && board.number == job.id.number;
  const Plugin* culprit = nullptr;
  if (began) {
    result.steps = board.trace.step;
    result.wall_seconds = static_cast<double>(monotonic_ns() - board.started_ns) * 1e-9;
    culprit = plugin_at(plan_, job.point, board.trace.kind);
  }
  const int status = worker.end();
  result.outcome = Outcome::failed;
  std::string how;
  if (end == End::cancelled) {
    result.outcome = Outcome::cancelled;
    return result;
  }
  if (end == End::overdue) {
    result.outcome = Outcome::timed_out, result.failure = Failure::timeout;
    how = fmt::format("did not come back within its time limit of {:g} s", board.trace.time_limit.load());
  } else if (!worker.garbled().empty()) {
    result.failure = Failure::protocol;
    how = fmt::format("wrote into its worker's connection: {}", worker.garbled());
  } else {
    how = how_it_ended(status, board, result.failure);
  }
  if (culprit) ++deaths_[culprit];
  const std::string who = culprit ? fmt::format("{} '{}'", to_string(culprit->kind()), culprit->id())
                                  : std::string(began ? "a plugin of this trial" : "a plugin between two trials");
  result.error = fmt::format("step {}: {} {}", result.steps, who, how);
  if (!worker.last_output().empty()) result.log.push_back("last output: " + worker.last_output());
  return result;
}

std::vector<Running> ProcessExecutor::running() const {
  std::vector<Running> now;
  for (const auto& worker : workers_) {
    const Board& board = worker->board();
    if (board.busy != 0) now.push_back({board.number, board.trace.step, board.trace.steps});
  }
  return now;
}

}  // namespace

std::unique_ptr<Executor> make_process_executor(const Study& study, const WorkerSetup& setup,
                                                const std::filesystem::path& executable) {
  return std::make_unique<ProcessExecutor>(study, setup, executable);
}

}  // namespace tuner::executor
