// Runs trials side by side. The coordinator hands out points, takes reports and results, and answers reports that wait
// for a decision; it alone proposes, decides and writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/training.hpp"
#include "tuner/trial/channel.hpp"

namespace tuner::executor {

struct WorkerSetup;
struct Inspected;
using Answerer = std::function<std::string(const Inspected&, std::string_view question)>;

struct Job {
  TrialId id;
  Configuration point;
  std::uint32_t attempt = 1;
  trial::Asked asked = {};
  // Of a program that was paused or cancelled: what it had measured by then.
  std::optional<TrialResult> earlier = {};
};

struct Finished {
  Job job;
  std::int64_t started_at_ms = 0, finished_at_ms = 0;  // UTC, since 1970
  TrialResult result;
  std::exception_ptr error;  // the study cannot go on: input that no check before it could see
  std::string not_run;       // why nobody ran it, and there is no result; else empty
};

// What has happened since the last look. What a trial says comes before its end.
struct Events {
  std::vector<trial::Notice> notices;  // of trials that were asked for them, in the order in which they came
  std::vector<Finished> finished;
  std::vector<std::string> troubles;  // with what starts workers on other machines, for people
  [[nodiscard]] bool empty() const { return notices.empty() && finished.empty() && troubles.empty(); }
};

// What a worker is doing, for the progress display.
struct Running {
  std::uint64_t number = 0;
  std::int64_t step = 0, steps = 0;
  double value = std::numeric_limits<double>::quiet_NaN();  // of the study's metric, measured last; NaN: not yet
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Queues a job. Returns at once. Errors: storage.failed where the system gives no process, thread or memory.
  virtual void submit(Job job) = 0;
  // Jobs that were handed in and not yet taken out by wait().
  [[nodiscard]] virtual std::size_t pending() const = 0;
  // All that has happened; waits up to `longest` for the first of it.
  [[nodiscard]] virtual Events wait(std::chrono::milliseconds longest) = 0;
  // Answers the report of trial `number` that waits for it. Does nothing where that trial has ended meanwhile.
  virtual void answer(std::uint64_t number, const Decision& decision) = 0;
  // Forgets the jobs that no worker has begun.
  virtual void drop_queued() = 0;
  // Asks running trials to end now; they come back as cancelled.
  virtual void cancel() = 0;
  [[nodiscard]] virtual std::vector<Running> running() const = 0;
  // errno of a checkpoint that could not be written; 0: none so far.
  [[nodiscard]] virtual int checkpoint_error() const = 0;
};

// Both start a worker when a job comes that the others have no hands for, up to the study's number.

// Workers as threads of this process. study and shared must outlive it.
[[nodiscard]] std::unique_ptr<Executor> make_thread_executor(const Study& study, SharedObjectives& shared);

// Workers as processes: `executable` run as `tuner worker`, each with the study that `setup` describes. A worker that
// dies, hangs in a plugin beyond its trial's time limit or sends nonsense costs the trial it was running, and is
// replaced; the trials that it had not begun go to others. Trials of a plugin that has ended three workers in a row are
// not run. study must outlive it.
[[nodiscard]] std::unique_ptr<Executor> make_process_executor(const Study& study, const WorkerSetup& setup,
                                                              const std::filesystem::path& executable);

// What starts a supervisor; its standard input and output are the connection.
struct Launcher {
  std::string name;                  // for people: "ssh b"
  std::vector<std::string> command;  // program and arguments: {"/usr/bin/ssh", "b", ..., "--count", "8"}
  std::uint32_t workers = 1;         // behind it
};

// The same through supervisors, of the same build as `executable`: see make_supervised_crew(). Launchers are started as
// far as there are jobs for their workers, and jobs go to those that are up. A trial that ran where a supervisor was
// lost is run again, three times at most; then it fails as lost. Raises this process's limit of open files as it needs.
// Errors: storage.failed where the system does not let it.
[[nodiscard]] std::unique_ptr<Executor> make_supervised_executor(const Study& study, const WorkerSetup& setup,
                                                                 const std::filesystem::path& executable,
                                                                 const std::vector<Launcher>& launchers);

// What `tuner worker` does: answers the coordinator on descriptor 3 until that closes it. Returns the exit code.
// answerer: of questions, see inspector.hpp.
[[nodiscard]] int run_worker(const Answerer& answerer);

}  // namespace tuner::executor
