#include "tuner/program/runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <stop_token>
#include <system_error>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/program/environment.hpp"
#include "tuner/program/macros.hpp"
#include "tuner/program/output.hpp"
#include "tuner/program/process.hpp"
#include "tuner/program/processes.hpp"
#include "tuner/program/python.hpp"
#include "tuner/program/reports.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"

namespace tuner::program {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kMemoryPause{50};
constexpr std::size_t kShownOutput = 200;
// A trial that is over by then is not followed by anybody.
constexpr std::chrono::milliseconds kPublishedAfter{100};
// Signals that somebody sends to end a process; by the others it ends itself.
constexpr int kFromOutside[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

bool has_nothing(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) && !error;
}

// A folder of the trial's own: `spare`, an empty one, where that is there, since making a folder costs as much as all
// else that is done for a trial. Was something in it already?
bool make_checkpoint_folder(const fs::path& folder, const fs::path& spare) {
  std::error_code none;
  if (::renameat2(AT_FDCWD, spare.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) == 0) return false;
  // The coordinator removes the folder above while it is empty.
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::mkdir(folder.c_str(), 0755) == 0) return false;
    if (errno != ENOENT) break;
    fs::create_directories(folder.parent_path(), none);
  }
  return fs::is_directory(folder, none) && !has_nothing(folder);
}

// The last line with something on it.
std::string last_line(std::string_view output) {
  const std::size_t end = output.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  output = output.substr(0, end + 1);
  const std::size_t begin = output.find_last_of("\r\n");
  return shown(begin == std::string_view::npos ? output : output.substr(begin + 1), kShownOutput);
}

// A file as it was: another one, or one that has grown, is another text.
std::string state_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return fmt::format("{} {} {} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

// Is readable once the trial is to end.
class StopFile {
 public:
  explicit StopFile(const std::stop_token& stop)
      : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, [this] {
          const std::uint64_t one = 1;
          static_cast<void>(!::write(file_.get(), &one, sizeof one));
        }) {}
  [[nodiscard]] int get() const { return file_.get(); }

 private:
  Descriptor file_;
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace

ProgramSpec spec_of(const Study& study, const Configuration& point, const TrialId& id) {
  const StudyPlan& plan = study.plan;
  const Metric* metric = find_metric(*plan.program, plan.metric.name);
  const auto limit = plan.training.find("time_limit_seconds");
  return {.program = plan.program,
          .id = id,
          .study = plan.name,
          .seed = seed_of(plan.seed, id.number),
          .parameters = active_parameters(*plan.program, plan.space, point),
          .rules = {.metric = plan.metric.name,
                    .goal = plan.metric.goal,
                    .target = plan.metric.target,
                    .summary = metric != nullptr ? metric->summary : Summary::automatic,
                    .early_stopping = {},
                    .time_limit_seconds =
                        limit == plan.training.end() ? 0 : std::get<double>(std::get<Value>(limit->second))},
          .checkpoints = study.run.checkpoint.folder};
}

std::string devices_of(const std::vector<std::string>& devices, std::uint32_t workers, std::uint32_t worker) {
  std::string text;
  if (devices.empty()) return text;
  if (devices.size() < workers) return devices[worker % devices.size()];
  for (std::size_t i = worker % workers; i < devices.size(); i += workers)
    text += (text.empty() ? "" : ",") + devices[i];
  return text;
}

Host::Host(const Study& study)
    : study_(study),
      key_(study_key(study.run.checkpoint.folder)),
      parameters_(::memfd_create("parameters", MFD_CLOEXEC)),
      parameters_path_(fmt::format("/proc/{}/fd/{}", ::getpid(), parameters_.get())) {
  const Program& program = *study.plan.program;
  for (const Metric& metric : program.metrics)
    if (!metric.pattern.empty())
      (metric.file.empty() ? patterns_ : file_patterns_).emplace_back(metric.name, Pattern(metric.pattern));
  for (const std::string& element : program.command)
    names_parameters_file_ = names_parameters_file_ || element.find("${args_json_file}") != std::string::npos;
  if (study.run.memory_limit > 0) memory_ = memory_method();
}
Host::~Host() = default;

bool Host::was_out_of_memory() {
  const std::uint64_t kills = own_out_of_memory_kills();
  return std::exchange(out_of_memory_kills_, kills) < kills;
}

// One trial from its start to its end.
class ProgramRun {
 public:
  ProgramRun(Host& host, const ProgramSpec& spec, TrialRun& run, const trial::Seat& seat)
      : host_(host),
        spec_(spec),
        program_(*spec.program),
        run_(run),
        reports_(run),
        output_(output_file(spec.checkpoints, spec.id.number)),
        own_file_(spec.checkpoints / fmt::format("{}.parameters.json", spec.id.number)),
        wandb_file_(spec.checkpoints / fmt::format("{}.wandb.yaml", spec.id.number)),
        checkpoint_(spec.checkpoints / std::to_string(spec.id.number)),
        stop_(run.stop()),
        out_lines_([this](std::string_view line, bool whole) { take_line(line, whole); }),
        error_lines_([this](std::string_view line, bool) { take_pattern(line); }),
        metric_lines_([this](std::string_view line, bool whole) { take_metrics(line, whole); }) {
    values_ = {.parameters = spec.parameters,
               .study = spec.study,
               .trial = spec.id.number,
               .seed = spec.seed,
               .replicate = spec.id.replicate,
               .worker = seat.worker,
               .device = devices_of(host.study_.run.devices, host.study_.run.workers, seat.worker),
               .checkpoint = checkpoint_.string(),
               .parameters_file = host.names_parameters_file_ ? own_file_.string() : host.parameters_path_};
    attempt_ = seat.attempt;
  }

  void run(const std::optional<TrialResult>& earlier) {
    run_.trace().grace = program_.grace_seconds;
    show_budget();
    start();
    if (resumed_ && earlier) guarded([&] { go_on_from(*earlier); });
    while (!look()) {
    }
    const int status = process_->finish();
    drain();
    conclude(status);
  }

 private:
  // One descriptor that the program writes to.
  struct Stream {
    Descriptor file;
    std::function<void(std::string_view)> take;
  };

  void show_budget() {
    const auto budget = std::ranges::find(spec_.parameters, program_.budget, &Parameters::value_type::first);
    if (budget == spec_.parameters.end()) return;
    const Value& value = budget->second;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) run_.trace().steps = *integer;
    if (const auto* real = std::get_if<double>(&value)) run_.trace().steps = static_cast<std::int64_t>(*real);
  }

  void write_parameters() {
    if (program_.wandb)
      std::ofstream(wandb_file_, std::ios::trunc) << wandb_config(object_of(program_, spec_.parameters));
    const std::string text = json_of(program_, spec_.parameters) + "\n";
    if (host_.names_parameters_file_) {
      std::ofstream(own_file_, std::ios::trunc) << text;
      return;
    }
    // Cutting it off after the write, and only where it gets shorter, keeps its page.
    const off_t before = ::lseek(host_.parameters_.get(), 0, SEEK_END);
    const auto size = static_cast<off_t>(text.size());
    static_cast<void>(::pwrite(host_.parameters_.get(), text.data(), text.size(), 0) == size &&
                      (size >= before || ::ftruncate(host_.parameters_.get(), size) == 0));
  }

  [[nodiscard]] std::vector<std::string> environment() const {
    return environment_of({.spec = spec_,
                           .values = values_,
                           .workers = host_.study_.run.workers,
                           .attempt = attempt_,
                           .resumed = resumed_,
                           .token = token_of(host_.key_, values_.trial),
                           .wandb = wandb_file_});
  }

  void start() {
    resumed_ = make_checkpoint_folder(checkpoint_, spare_folder());
    write_parameters();
    const std::vector<std::string> words = expand_command(program_, values_);
    const std::string path = variable(program_, values_, "PATH");
    files_ = files_of(program_, words, path);
    for (FileUse& file : files_) file.sha256 = host_.hashes_.sha256_of(file.path);
    for (const Metric& metric : program_.metrics)
      if (!metric.file.empty()) files_before_.push_back(state_of(metric_file(metric)));
    if (host_.memory_ && *host_.memory_ != MemoryMethod::pss)
      group_ = MemoryGroup::make(*host_.memory_, host_.study_.run.memory_limit,
                                 fmt::format("tuner-{}-{}", ::getpid(), values_.trial));
    Pipe out, error, metrics;
    const bool is_known = !files_.empty() && files_.front().name == words.front();
    Launch what{.program = is_known        ? fs::path(files_.front().path)
                           : words.empty() ? fs::path()
                                           : find_program(words.front(), program_.folder, path),
                .name = words.empty() ? "" : words.front(),
                .arguments = {words.begin() + (words.empty() ? 0 : 1), words.end()},
                .descriptors = {{out.write.get(), STDOUT_FILENO},
                                {error.write.get(), STDERR_FILENO},
                                {metrics.write.get(), kMetricsDescriptor}},
                .environment = environment(),
                .folder = program_.folder,
                .control_group = group_ ? group_->processes() : -1};
    if (what.program.empty()) what.program = words.empty() ? "" : words.front();
    try {
      process_.emplace(std::move(what));
    } catch (const std::system_error& e) {
      keep_process(0);
      throw TrialEnded{Outcome::failed,
                       fmt::format("the program '{}' cannot be started: {}", words.empty() ? "" : shown(words.front()),
                                   system_text(e.code().value())),
                       Failure::error};
    }
    streams_.push_back({std::move(out.read), [this](std::string_view bytes) { out_lines_.append(bytes); }});
    streams_.push_back({std::move(error.read), [this](std::string_view bytes) {
                          output_.append(bytes);
                          if (!host_.patterns_.empty()) error_lines_.append(bytes);
                        }});
    streams_.push_back({std::move(metrics.read), [this](std::string_view bytes) { metric_lines_.append(bytes); }});
    for (const Stream& stream : streams_) ::fcntl(stream.file.get(), F_SETFL, O_NONBLOCK);
  }

  // Waits for something to happen, and sees to it. True: the program has ended.
  bool look() {
    std::vector<pollfd> files{{.fd = process_->file(), .events = POLLIN, .revents = 0},
                              {.fd = ending_ ? -1 : stop_.get(), .events = POLLIN, .revents = 0}};
    for (const Stream& stream : streams_)
      files.push_back({.fd = stream.file.is_open() ? stream.file.get() : -1, .events = POLLIN, .revents = 0});
    ::poll(files.data(), files.size(), wait_ms());
    if (files[1].revents != 0) end_because({Outcome::cancelled, ""});
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (files[i + 2].revents != 0) read(streams_[i]);
    look_at_clock();
    return files[0].revents != 0;
  }

  [[nodiscard]] static int ms_until(Clock::time_point moment) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(moment - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
  }
  [[nodiscard]] double limit_left() const { return run_.rules().time_limit_seconds - run_.seconds(); }
  [[nodiscard]] bool has_limit() const { return !ending_ && run_.rules().time_limit_seconds > 0; }
  [[nodiscard]] bool counts_memory() const { return host_.memory_ && !group_ && !killed_; }
  [[nodiscard]] int wait_ms() const {
    int wait = -1;
    const auto at_most = [&](int ms) { wait = wait < 0 ? ms : std::min(wait, ms); };
    if (has_limit()) at_most(std::clamp(static_cast<int>(std::min(limit_left(), 60.0) * 1000) + 1, 0, 60'000));
    if (ending_ && !killed_) at_most(ms_until(kill_at_));
    if (counts_memory()) at_most(static_cast<int>(kMemoryPause.count()));
    if (!output_.is_published() && output_.bytes() > 0) at_most(ms_until(publish_at_));
    return wait;
  }

  void look_at_clock() {
    if (has_limit() && limit_left() <= 0)
      end_because({Outcome::timed_out,
                   fmt::format("step {}: the time limit of {:g} s is over", run_.result().steps,
                               run_.rules().time_limit_seconds),
                   Failure::timeout});
    if (ending_ && !killed_ && Clock::now() >= kill_at_) kill();
    if (!output_.is_published() && output_.bytes() > 0 && Clock::now() >= publish_at_) output_.publish();
    if (!counts_memory() || Clock::now() < next_memory_) return;
    next_memory_ = Clock::now() + kMemoryPause;
    const std::uint64_t bytes = memory_of(descendants_of(::getpid()));
    if (bytes <= host_.study_.run.memory_limit) return;
    ending_ = TrialEnded{Outcome::failed,
                         fmt::format("step {}: its processes had {}, over memory_limit {}", run_.result().steps,
                                     size_text(bytes), size_text(host_.study_.run.memory_limit)),
                         Failure::out_of_memory};
    kill();
  }

  void end_because(TrialEnded ended) {
    if (ending_) return;
    if (ended.outcome == Outcome::paused) paused_at_ = run_.result().steps;
    ending_ = std::move(ended);
    kill_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(std::min(program_.grace_seconds, 1e6)));
    process_->signal(SIGTERM);
    process_->signal(SIGCONT);  // one that is stopped hears nothing
  }
  void kill() {
    killed_ = true;
    process_->signal(SIGKILL);
    if (group_) group_->end_all();
    // What left the group, or hears of nothing.
    for (const pid_t process : descendants_of(::getpid())) ::kill(process, SIGKILL);
  }

  // At most one pipe full, so that a program that prints without end is looked at in between.
  void read(Stream& stream) {
    char bytes[1 << 16];
    const ssize_t n = ::read(stream.file.get(), bytes, sizeof bytes);
    if (n > 0) return stream.take({bytes, static_cast<std::size_t>(n)});
    if (n == 0) stream.file.reset();
  }

  // All that is in the pipes. Somebody who was handed one on may keep it open.
  void drain() {
    for (Stream& stream : streams_)
      for (ssize_t n = 1; n > 0 && stream.file.is_open();) {
        char bytes[1 << 16];
        n = ::read(stream.file.get(), bytes, sizeof bytes);
        if (n > 0) stream.take({bytes, static_cast<std::size_t>(n)});
      }
    metric_lines_.end();
    out_lines_.end();
    error_lines_.end();
    const auto flush = [&] { reports_.flush(); };
    guarded(flush);
  }

  // The program continues from what it has left in its folder.
  void go_on_from(const TrialResult& earlier) {
    run_.began_earlier(earlier.wall_seconds);
    reports_.go_on_from(earlier);
    for (const auto& [name, pattern] : host_.patterns_) found_[name] = reports_.last_step(name);
    run_.report_again();
    run_.check_paused();
  }

  // What the study decides on a report may be the trial's end.
  // A trial that may go on takes what the program reports until it has ended: its own state may be as far.
  void guarded(const std::function<void()>& act) {
    if (ending_ && !is_open(ending_->outcome)) return;
    try {
      act();
    } catch (const TrialEnded& ended) {
      end_because(ended);
    }
  }
  void take(const Said& said) {
    guarded([&] {
      reports_.take(said);
      run_.check_paused();
    });
  }

  // A program may print JSON for other readers, such as its configuration: on standard output a report has a step, an
  // outcome, or a metric that the study knows.
  [[nodiscard]] bool is_meant(const Said& said) const {
    return said.has_step || said.outcome || std::ranges::any_of(said.values, [&](const auto& value) {
             return value.first == run_.rules().metric || find_metric(program_, value.first) != nullptr;
           });
  }
  void take_line(std::string_view line, bool whole) {
    if (whole && !uses_descriptor_)
      if (const auto said = read_report(line); said && is_meant(*said)) return take(*said);
    output_.append(line);
    output_.append("\n");
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) last_number_ = number_in(line);
    take_pattern(line);
  }
  void take_pattern(std::string_view line) {
    for (const auto& [name, pattern] : host_.patterns_)
      for (std::size_t begin = 0; begin <= line.size();) {
        // A line of progress is written over itself.
        const std::size_t end = std::min(line.find('\r', begin), line.size());
        if (const auto value = pattern.find(line.substr(begin, end - begin))) take_found(name, *value);
        begin = end + 1;
      }
  }
  // Each metric that is found by a pattern counts its own steps.
  void take_found(const std::string& name, double value) {
    Said said;
    said.step = ++found_[name];
    said.values.emplace_back(name, value);
    take(said);
  }
  void take_metrics(std::string_view line, bool whole) {
    const auto said = whole ? read_report(line) : std::nullopt;
    if (!said) {
      if (line.find_first_not_of(" \t\r") != std::string_view::npos && odd_line_.empty()) odd_line_ = shown(line);
      return;
    }
    if (!std::exchange(uses_descriptor_, true) && !reports_.is_empty()) reports_.forget();
    take(*said);
  }

  [[nodiscard]] fs::path metric_file(const Metric& metric) const {
    return fs::path(program_.folder) / expand_text(metric.file, program_, values_);
  }
  void read_files() {
    std::size_t at = 0;
    for (const Metric& metric : program_.metrics) {
      if (metric.file.empty()) continue;
      const fs::path path = metric_file(metric);
      const std::string now = state_of(path);
      if (now.empty() || now == files_before_[at]) {
        run_.result().log.push_back(
            fmt::format("metric '{}': the program did not write '{}'", metric.name, path.string()));
      } else {
        std::ifstream file(path, std::ios::binary);
        for (std::string line; std::getline(file, line);)
          if (const auto value = host_.file_patterns_[at].second.find(line)) take_found(metric.name, *value);
      }
      ++at;
    }
  }

  void keep_process(int status) {
    ProcessEnd& end = run_.result().process.emplace();
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.output_bytes = output_.bytes();
    end.output = std::string(output_.tail());
    end.files = files_;
    if (host_.names_parameters_file_) ::unlink(own_file_.c_str());
    if (program_.wandb) ::unlink(wandb_file_.c_str());
    // Where nothing is in it, the next trial gets it.
    if (!has_nothing(checkpoint_)) return;
    if (::renameat2(AT_FDCWD, checkpoint_.c_str(), AT_FDCWD, spare_folder().c_str(), RENAME_NOREPLACE) != 0)
      ::rmdir(checkpoint_.c_str());
  }
  // The coordinator removes it at the end of the study.
  [[nodiscard]] fs::path spare_folder() const { return spec_.checkpoints / fmt::format("spare-{}", ::getpid()); }

  void conclude(int status) {
    if (!ending_) read_files();
    if (!ending_ && !reports_.has_metric() && last_number_) {
      Said said;
      said.step = run_.result().steps + 1;
      said.values.emplace_back(run_.rules().metric, *last_number_);
      take(said);
    }
    reports_.finish();
    keep_process(status);
    std::vector<std::string>& log = run_.result().log;
    std::ranges::move(reports_.warnings(), std::back_inserter(log));
    if (!odd_line_.empty())
      log.push_back(fmt::format("a line on $TUNER_METRICS_FD is no report and was not used: {}", odd_line_));
    if (paused_at_) run_.result().steps = *paused_at_;
    if (ending_) throw TrialEnded(*ending_);
    if (const auto& said = reports_.end(); said && said->outcome != Outcome::completed) {
      const std::string why =
          said->error.empty()
              ? fmt::format("the program says that it {}", *said->outcome == Outcome::diverged ? "diverged" : "failed")
              : shown(said->error, kShownOutput);
      throw TrialEnded{*said->outcome, fmt::format("step {}: {}", run_.result().steps, why),
                       *said->outcome == Outcome::failed ? Failure::error : Failure::none};
    }
    judge(*run_.result().process);
  }

  // What became of a program that ended without us.
  void judge(const ProcessEnd& end) {
    const std::string line = last_line(end.output);
    const std::string printed = line.empty() ? "; it printed nothing" : "; it printed last: " + line;
    const auto fail = [&](const std::string& how, Failure failure) {
      throw TrialEnded{Outcome::failed, fmt::format("step {}: {}{}", run_.result().steps, how, printed), failure};
    };
    const std::string limit = size_text(host_.study_.run.memory_limit);
    const bool ended_well = end.signal == 0 && end.exit_code == 0;
    if (!ended_well && group_ && group_->out_of_memory_kills() > 0)
      fail(fmt::format("a process of the program was ended over memory_limit {}", limit), Failure::out_of_memory);
    if (end.signal == SIGKILL && host_.was_out_of_memory())
      fail("the system ended the program, as the memory of its control group ran out", Failure::out_of_memory);
    if (end.signal != 0) {
      const bool outside = std::ranges::find(kFromOutside, end.signal) != std::end(kFromOutside);
      const std::string signal = fmt::format("signal {} ({})", end.signal, ::strsignal(end.signal));
      if (outside) fail(fmt::format("the program was ended from outside by {}", signal), Failure::killed);
      fail(fmt::format("the program crashed with {}", signal), Failure::crash);
    }
    if (end.exit_code != 0) fail(fmt::format("the program ended with exit code {}", end.exit_code), Failure::exit);
    if (reports_.has_metric()) return;
    fail(fmt::format("the program ended with exit code 0 and did not report '{}'{}", run_.rules().metric,
                     reports_.is_empty() ? "" : fmt::format("; it reported {}", reports_.names())),
         Failure::error);
  }

  Host& host_;
  const ProgramSpec& spec_;
  const Program& program_;
  TrialRun& run_;
  MacroValues values_;
  std::uint32_t attempt_ = 1;
  bool resumed_ = false;
  Reports reports_;
  KeptOutput output_;
  fs::path own_file_, wandb_file_, checkpoint_;
  StopFile stop_;
  Lines out_lines_, error_lines_, metric_lines_;
  std::vector<FileUse> files_;
  std::vector<std::string> files_before_;  // by metric with a file
  std::unique_ptr<MemoryGroup> group_;
  Clock::time_point next_memory_{}, kill_at_{}, publish_at_ = Clock::now() + kPublishedAfter;
  std::vector<Stream> streams_;
  bool uses_descriptor_ = false, killed_ = false;
  std::optional<double> last_number_;  // where the last line with something on it is one
  std::map<std::string, std::int64_t> found_;
  std::string odd_line_;
  std::optional<TrialEnded> ending_;
  std::optional<std::int64_t> paused_at_;  // the step
  std::optional<Process> process_;         // last: ended before the rest goes
};

void Host::run(const ProgramSpec& spec, TrialRun& run, const trial::Seat& seat,
               const std::optional<TrialResult>& earlier) {
  ProgramRun(*this, spec, run, seat).run(earlier);
}

}  // namespace tuner::program
