// Workers of one machine: the local ones of this process, or those of a supervisor at the other end of two pipes. The
// coordinator gives jobs to crews; a supervisor gives those that it gets to a local crew of its own. A crew knows no
// plan and loads no plugin: what its workers say it hands on as frames.
#pragma once

#include <poll.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuner/executor/wire.hpp"

namespace tuner::executor {

// Why a worker ended before it had answered a job.
enum class Cause {
  exit,           // a plugin ended its process
  signal,         // a signal ended it
  out_of_memory,  // an allocation failed where nothing could be said any more
  overdue,        // its plugin did not come back within the trial's time limit; it was ended
  cancelled,      // its plugin did not come back after a cancel; it was ended
  protocol,       // it sent what no worker sends; it was ended
};

// What is known of a job whose worker has ended.
struct WorkerExit {
  std::uint64_t number = 0;
  bool began = false;  // the trial had begun; what follows up to time_limit is of it
  std::int64_t step = 0;
  double seconds = 0;
  std::uint32_t kind = 0;  // of the plugin that was being called, TUNER_KIND_...; 0: none
  double time_limit = 0;
  Cause cause = Cause::exit;
  std::int32_t status = 0;  // the exit code, or the signal
  std::string text;         // of Cause::protocol: what is wrong with what it sent
  std::string output;       // the end of what its plugins printed
};
template <class Archive>
void serialize(Archive& archive, WorkerExit& e) {
  archive(e.number, e.began, e.step, e.seconds, e.kind, e.time_limit, e.cause, e.status, e.text, e.output);
}

class Crew {
 public:
  virtual ~Crew() = default;
  [[nodiscard]] virtual std::uint32_t workers() const = 0;
  // Gets it ready for jobs, where it is not. True: it takes jobs now, or as soon as what was started is up.
  virtual bool prepare() { return true; }
  // Can give() be called?
  [[nodiscard]] virtual bool is_ready() const { return true; }
  // Why nobody can be had here, as far as anybody can say; null: that is not so.
  [[nodiscard]] virtual const Error* hopeless() const { return nullptr; }
  // No job comes any more. To be called before the destructor where there are several crews, which then end together.
  virtual void close() {}
  // One more job, to the worker that has the fewest. Errors: storage.failed where no worker can be started.
  virtual void give(const Job& job) = 0;
  virtual void answer(std::uint64_t number, const Decision& decision) = 0;
  // Jobs that have not begun come back as dropped; cancel() also ends what runs.
  virtual void drop() = 0;
  virtual void cancel() = 0;
  // What to wait for, appended to `files`.
  virtual void watch(std::vector<pollfd>& files) const = 0;
  // Sends and takes in what can be without waiting, and ends workers that are overdue. files: what watch() appended,
  // with what became of it. Appends what happened to `said`: frames of a worker (finished, refused, dropped, begun,
  // report, checkpoint), worker_ended, lost and trouble. Every job that was given comes back once, as finished,
  // refused, dropped, worker_ended or lost.
  virtual void look(std::span<const pollfd> files, std::vector<Frame>& said) = 0;
  [[nodiscard]] virtual std::vector<Running> running() const = 0;
  // errno of a checkpoint that could not be written; 0: none.
  [[nodiscard]] virtual int checkpoint_error() const = 0;
};

// `executable` is run as `tuner worker`, up to `workers` times, when jobs come that the others have no hands for. A
// worker that ends is replaced. setup: WorkerSetup as bytes.
[[nodiscard]] std::unique_ptr<Crew> make_local_crew(const std::filesystem::path& executable, std::string setup,
                                                    std::uint32_t workers);

// What a supervised crew is made of.
struct Supervised {
  Greeting ours;  // what the supervisor must agree with
  Launcher launcher;
  std::string setup;  // WorkerSetup as bytes
  // The study's folder of checkpoints on this machine, where those of trials that go on later are kept and from where
  // they are given; empty where they do not travel.
  std::filesystem::path states;
  std::shared_ptr<const std::vector<LibraryFile>> libraries;  // of the setup, to be sent; null: they are there
};

// The launcher is started by prepare(), in a process group of its own, and the crew is ready once its supervisor has
// greeted. Where that was lost, its jobs come back as dropped, those that ran as lost, and it is started again: at once
// the first time, then after 1 s, 2 s, ... up to 60 s. After three launches in a row without a greeting it is hopeless,
// and goes on trying. Errors, as frames (refused): a supervisor that is another build or on another kind of machine;
// what workers refuse, with the name of their machine.
[[nodiscard]] std::unique_ptr<Crew> make_supervised_crew(Supervised made_of);

// A supervisor, whose standard input and output are the connection. Returns the exit code.
[[nodiscard]] int run_supervisor(const std::filesystem::path& executable, std::uint32_t workers);

}  // namespace tuner::executor
