// The coordinator's side: deals jobs to crews of workers, and says what became of those whose worker ended.
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "tuner/executor/crew.hpp"

namespace tuner::executor {

namespace {

// A worker holds work for about this long, so that it never waits for the coordinator's transactions.
constexpr double kHeldSeconds = 0.05;
constexpr std::size_t kMostHeld = 256;
// Workers that a plugin may end one after another before its trials are run no more.
constexpr int kExitsInARow = 3;
// So long crews are started before those that are up are looked at.
constexpr std::chrono::milliseconds kPrepareFor{50};
// How often a trial is run again whose node was lost.
constexpr int kLostAgain = 3;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What an ended process did to its trial, for people.
std::string how_it_ended(const WorkerExit& report, TrialResult& result) {
  result.outcome = Outcome::failed;
  switch (report.cause) {
    case Cause::cancelled:
      result.outcome = Outcome::cancelled;
      return "";
    case Cause::overdue:
      result.outcome = Outcome::timed_out;
      result.failure = Failure::timeout;
      return fmt::format("did not come back within its time limit of {:g} s", report.time_limit);
    case Cause::protocol:
      result.failure = Failure::protocol;
      return fmt::format("wrote into its worker's connection: {}", report.text);
    case Cause::out_of_memory:
      result.failure = Failure::out_of_memory;
      return "lost its worker: the memory ran out";
    case Cause::exit:
      result.failure = Failure::exit;
      return fmt::format("ended its worker's process with exit code {}", report.status);
    case Cause::signal:
      break;
  }
  if (report.status == SIGKILL || report.status == SIGTERM) {
    result.failure = Failure::killed;
    return fmt::format("lost its worker, which was ended from outside by signal {} ({})", report.status,
                       ::strsignal(report.status));
  }
  result.failure = Failure::crash;
  return fmt::format("crashed its worker with signal {} ({})", report.status, ::strsignal(report.status));
}

class ProcessExecutor : public Executor {
 public:
  ProcessExecutor(const Study& study, std::vector<std::unique_ptr<Crew>> crews) : plan_(study.plan) {
    for (auto& crew : crews) {
      workers_ += crew->workers();
      crews_.push_back({std::move(crew), 0});
    }
  }
  ~ProcessExecutor() override {
    for (const auto& hands : crews_) hands.crew->close();
  }

  void submit(Job job) override {
    queue_.push_back(std::move(job));
    ++pending_;
  }
  std::size_t pending() const override { return pending_; }
  Events wait(std::chrono::milliseconds longest) override;
  void answer(std::uint64_t number, const Decision& decision) override {
    if (const auto given = given_.find(number); given != given_.end())
      crews_[given->second.crew].crew->answer(number, decision);
  }
  void drop_queued() override {
    pending_ -= queue_.size();
    queue_.clear();
    for (const auto& hands : crews_) hands.crew->drop();
    dropping_ = true;
  }
  void cancel() override {
    for (const auto& hands : crews_) hands.crew->cancel();
    dropping_ = true;
  }
  std::vector<Running> running() const override {
    std::vector<Running> now;
    for (const auto& hands : crews_) std::ranges::move(hands.crew->running(), std::back_inserter(now));
    return now;
  }
  int checkpoint_error() const override {
    for (const auto& hands : crews_)
      if (const int error = hands.crew->checkpoint_error()) return error;
    return 0;
  }

 private:
  struct Hands {
    std::unique_ptr<Crew> crew;
    std::size_t given = 0;  // jobs that it has not answered
  };
  struct Given {
    Job job;
    std::size_t crew;
  };

  [[nodiscard]] bool prepare();
  void deal();
  void look_for_hope();
  void lose(const Frame& frame);
  void take(const Frame& frame);
  void finish(const Frame& frame);
  void refuse(const Frame& frame);
  void take_back(Job job);
  [[nodiscard]] Job answered(std::uint64_t number);
  [[nodiscard]] Finished result_of(const WorkerExit& report, Job job);
  [[nodiscard]] const Plugin* quarantined(const Job& job) const;
  void skip(Job job, const Plugin& plugin);

  const StudyPlan& plan_;
  std::vector<Hands> crews_;
  std::size_t workers_ = 0;  // of all crews
  std::deque<Job> queue_;
  std::map<std::uint64_t, Given> given_;  // by number
  Events events_;
  std::size_t pending_ = 0;
  double mean_seconds_ = kHeldSeconds;  // of a trial; one at a time until more is known
  bool dropping_ = false;
  std::map<const Plugin*, int> exits_in_a_row_;
  std::map<std::uint64_t, int> lost_;  // how often, by number
};

Events ProcessExecutor::wait(std::chrono::milliseconds longest) {
  if (!prepare()) longest = std::chrono::milliseconds(0);
  deal();
  std::vector<pollfd> files;
  std::vector<std::size_t> ends;
  for (const auto& hands : crews_) {
    hands.crew->watch(files);
    ends.push_back(files.size());
  }
  if (!events_.empty()) longest = std::chrono::milliseconds(0);
  ::poll(files.data(), files.size(), static_cast<int>(longest.count()));
  std::vector<Frame> said;
  for (std::size_t i = 0, begin = 0; i < crews_.size(); begin = ends[i++])
    crews_[i].crew->look(std::span(files).subspan(begin, ends[i] - begin), said);
  for (const Frame& frame : said) take(frame);
  look_for_hope();
  deal();
  pending_ -= events_.finished.size();
  return std::exchange(events_, {});
}

// As many crews as there are jobs for. False: there are more to start, and those that are up have waited long enough.
bool ProcessExecutor::prepare() {
  const auto end = std::chrono::steady_clock::now() + kPrepareFor;
  std::size_t hands = 0;
  for (const auto& [crew, given] : crews_) {
    if (hands >= queue_.size() + given_.size()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    if (crew->prepare()) hands += crew->workers();
  }
  return true;
}

// The study cannot go on where nobody is left for what waits.
void ProcessExecutor::look_for_hope() {
  if (queue_.empty() || !std::ranges::all_of(crews_, [](const Hands& hands) { return hands.crew->hopeless(); })) return;
  Finished none;
  none.error = std::make_exception_ptr(*crews_.front().crew->hopeless());
  none.started_at_ms = none.finished_at_ms = now_ms();
  ++pending_;
  events_.finished.push_back(std::move(none));
}

// Gives every worker enough to do, and nobody more than his share of what is left.
void ProcessExecutor::deal() {
  const auto wanted = static_cast<std::size_t>(std::ceil(kHeldSeconds / std::max(mean_seconds_, 1e-6)));
  for (bool dealt = true; dealt && !queue_.empty();) {
    dealt = false;
    const std::size_t share = (queue_.size() + workers_ - 1) / workers_;
    const std::size_t held = std::clamp<std::size_t>(std::min(wanted, share), 1, kMostHeld);
    for (std::size_t i = 0; i < crews_.size() && !queue_.empty(); ++i) {
      Hands& hands = crews_[i];
      if (!hands.crew->is_ready() || hands.given >= held * hands.crew->workers()) continue;
      dealt = true;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      if (const Plugin* plugin = quarantined(job)) {
        skip(std::move(job), *plugin);
        continue;
      }
      hands.crew->give(job);
      ++hands.given;
      const std::uint64_t number = job.id.number;
      given_.emplace(number, Given{std::move(job), i});
    }
  }
}

void ProcessExecutor::take(const Frame& frame) {
  switch (frame.type) {
    case FrameType::begun:
      return events_.notices.emplace_back(from_bytes<trial::Begun>(frame.bytes)), void();
    case FrameType::report:
      return events_.notices.emplace_back(from_bytes<trial::Report>(frame.bytes)), void();
    case FrameType::checkpoint:
      return events_.notices.emplace_back(from_bytes<trial::CheckpointWritten>(frame.bytes)), void();
    case FrameType::finished:
      return finish(frame);
    case FrameType::refused:
      return refuse(frame);
    case FrameType::dropped:
      return take_back(answered(from_bytes<std::uint64_t>(frame.bytes)));
    case FrameType::lost:
      return lose(frame);
    case FrameType::trouble:
      return events_.troubles.push_back(from_bytes<std::string>(frame.bytes));
    case FrameType::worker_ended: {
      const auto report = from_bytes<WorkerExit>(frame.bytes);
      return events_.finished.push_back(result_of(report, answered(report.number)));
    }
    default:
      throw DecodeError("an unexpected message from a crew");
  }
}

void ProcessExecutor::finish(const Frame& frame) {
  Reader in(frame.bytes);
  Finished done;
  done.job = answered(in.get<std::uint64_t>());
  in(done.started_at_ms, done.finished_at_ms, done.result, done.result.process);
  in.end();
  // Weighted to the last dozens, since trials of a search can get longer.
  mean_seconds_ += 0.1 * (done.result.wall_seconds - mean_seconds_);
  if (!exits_in_a_row_.empty())
    for (const Plugin* plugin : plugins_of(plan_, done.job.point)) exits_in_a_row_.erase(plugin);
  events_.finished.push_back(std::move(done));
}

void ProcessExecutor::refuse(const Frame& frame) {
  Reader in(frame.bytes);
  Finished done;
  // Before its first job a worker speaks of the study, not of a trial.
  if (const auto number = in.get<std::uint64_t>(); number == UINT64_MAX)
    ++pending_;
  else
    done.job = answered(number);
  done.error = std::make_exception_ptr(read_error(in));
  done.started_at_ms = done.finished_at_ms = now_ms();
  events_.finished.push_back(std::move(done));
}

// A job that did not begin. Those that come back together come back last one first.
void ProcessExecutor::take_back(Job job) {
  if (dropping_)
    --pending_;
  else
    queue_.push_front(std::move(job));
}

// Its plugins are not to blame, unless it happens again and again: then nobody knows.
void ProcessExecutor::lose(const Frame& frame) {
  Reader in(frame.bytes);
  Job job = answered(in.get<std::uint64_t>());
  const auto step = in.get<std::int64_t>();
  if (dropping_ || ++lost_[job.id.number] <= kLostAgain) return take_back(std::move(job));
  lost_.erase(job.id.number);
  Finished failed;
  failed.job = std::move(job);
  failed.result.outcome = Outcome::failed;
  failed.result.failure = Failure::lost;
  failed.result.steps = step;
  failed.result.error = fmt::format("step {}: its node was lost, {} times in all; the last time {}", step,
                                    kLostAgain + 1, in.get<std::string>());
  failed.started_at_ms = failed.finished_at_ms = now_ms();
  events_.finished.push_back(std::move(failed));
}

Job ProcessExecutor::answered(std::uint64_t number) {
  const auto given = given_.find(number);
  if (given == given_.end()) throw DecodeError("an answer for a job that was not given");
  --crews_[given->second.crew].given;
  Job job = std::move(given->second.job);
  given_.erase(given);
  return job;
}

const Plugin* ProcessExecutor::quarantined(const Job& job) const {
  if (!exits_in_a_row_.empty())
    for (const Plugin* plugin : plugins_of(plan_, job.point))
      if (const auto found = exits_in_a_row_.find(plugin);
          found != exits_in_a_row_.end() && found->second >= kExitsInARow)
        return plugin;
  return nullptr;
}

void ProcessExecutor::skip(Job job, const Plugin& plugin) {
  Finished skipped;
  skipped.job = std::move(job);
  skipped.not_run = fmt::format("{} '{}' is quarantined: it ended {} workers in a row", to_string(plugin.kind()),
                                plugin.id(), kExitsInARow);
  events_.finished.push_back(std::move(skipped));
}

// The plugin of that kind at this point of the space.
const Plugin* plugin_at(const StudyPlan& plan, const Configuration& point, std::uint32_t kind) {
  for (const Plugin* plugin : plugins_of(plan, point))
    if (static_cast<std::uint32_t>(plugin->kind()) == kind) return plugin;
  return nullptr;
}

Finished ProcessExecutor::result_of(const WorkerExit& report, Job job) {
  Finished done;
  TrialResult& result = done.result;
  result.steps = report.step;
  result.wall_seconds = report.seconds;
  done.finished_at_ms = now_ms();
  done.started_at_ms = done.finished_at_ms - static_cast<std::int64_t>(report.seconds * 1000);
  const std::string how = how_it_ended(report, result);
  const Plugin* called = report.began ? plugin_at(plan_, job.point, report.kind) : nullptr;
  done.job = std::move(job);
  if (result.outcome == Outcome::cancelled) return done;
  // Whoever kills a worker says nothing about its plugins.
  if (called && result.failure != Failure::killed) ++exits_in_a_row_[called];
  const std::string nobody = plan_.program  ? "its program"
                             : report.began ? "a plugin of this trial"
                                            : "a plugin between two trials";
  const std::string who = called ? fmt::format("{} '{}'", to_string(called->kind()), called->id()) : nobody;
  result.error = fmt::format("step {}: {} {}", result.steps, who, how);
  if (!report.output.empty()) result.log.push_back("last output: " + report.output);
  return done;
}

}  // namespace

std::unique_ptr<Executor> make_process_executor(const Study& study, const WorkerSetup& setup,
                                                const std::filesystem::path& executable) {
  std::vector<std::unique_ptr<Crew>> crews;
  crews.push_back(make_local_crew(executable, to_bytes(setup), study.run.workers));
  return std::make_unique<ProcessExecutor>(study, std::move(crews));
}

namespace {

// Of each launcher, and beside them.
constexpr rlim_t kDescriptorsEach = 3, kDescriptorsBeside = 64;

// Those of several plugins once.
std::shared_ptr<const std::vector<LibraryFile>> library_files(const WorkerSetup& setup) {
  std::vector<LibraryFile> files;
  for (const auto& library : setup.libraries) {
    if (std::ranges::find(files, library.path, &LibraryFile::path) != files.end()) continue;
    std::ifstream file(library.path, std::ios::binary);
    files.push_back({library.path, {std::istreambuf_iterator<char>(file), {}}});
  }
  return std::make_shared<const std::vector<LibraryFile>>(std::move(files));
}

void allow_descriptors(std::size_t launchers) {
  const rlim_t needed = kDescriptorsEach * launchers + kDescriptorsBeside;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = needed;
  if (needed <= limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  throw Error(
      Message::storage_failed,
      fmt::format("{} launchers need {} open files, and this process may have {}", launchers, needed, limit.rlim_max),
      "raise the hard limit (ulimit -Hn), or give each launcher more workers: per_host");
}

}  // namespace

std::unique_ptr<Executor> make_supervised_executor(const Study& study, const WorkerSetup& setup,
                                                   const std::filesystem::path& executable,
                                                   const std::vector<Launcher>& launchers) {
  allow_descriptors(launchers.size());
  const Greeting ours = remote_greeting(executable, study.run.launch.any_nodes);
  const CheckpointRules& rules = study.run.checkpoint;
  const bool travel = setup.checkpoint_folder.empty() && rules.every_seconds > 0;
  const std::filesystem::path states = travel ? rules.folder : std::filesystem::path();
  std::vector<std::unique_ptr<Crew>> crews;
  const auto libraries = study.run.launch.send_plugins ? library_files(setup) : nullptr;
  for (const auto& launcher : launchers)
    crews.push_back(make_supervised_crew(
        {.ours = ours, .launcher = launcher, .setup = to_bytes(setup), .states = states, .libraries = libraries}));
  return std::make_unique<ProcessExecutor>(study, std::move(crews));
}

}  // namespace tuner::executor
