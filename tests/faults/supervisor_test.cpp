// Supervisors: a study through one or several of them gives what local workers give, also where they are killed, stop
// answering, or something else writes into their output. Nothing is left over.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <thread>

#include "running.hpp"
#include "tuner/child_process.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/connection.hpp"
#include "tuner/executor/crew.hpp"
#include "tuner/study/method.hpp"

namespace tuner::faults {
namespace {

using namespace std::chrono_literals;
using executor::Events;
using executor::Executor;
using executor::Finished;

constexpr const char* kProgram = TUNER_BUILD_DIR "/bin/tuner";
constexpr const char* kSweep = R"(
method: random
trials: 40
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 20000, log_every: 2000}
)";

bool is_supervisor(pid_t process) {
  return read_text("/proc/" + std::to_string(process) + "/cmdline").find(std::string("worker\0--stdio", 14)) !=
         std::string::npos;
}
// Descendants of this process.
std::vector<pid_t> those_that(const std::function<bool(pid_t)>& are, pid_t below = ::getpid()) {
  std::vector<pid_t> found;
  for (const pid_t child : children_of(below)) {
    if (are(child)) found.push_back(child);
    for (const pid_t one : those_that(are, child)) found.push_back(one);
  }
  return found;
}

std::string text_of(const TrialResult& result) {
  std::string text = std::string(to_string(result.outcome)) + " " + to_json(result.value.value_or(-1)) + " " +
                     std::to_string(result.steps) + " " + result.error;
  for (const MetricPoint& point : result.metrics)
    text += "\n" + point.name + " " + std::to_string(point.step) + " " + to_json(point.value);
  return text;
}

class Supervised : public testing::Test {
 protected:
  Supervised() {
    ::signal(SIGPIPE, SIG_IGN);
    for (const char* name : {"rosenbrock", "adam", "constant"})
      catalogue_.add_file(std::string(TUNER_PLUGIN_DIR) + "/" + name + ".so");
    catalogue_.add_file(TUNER_BUILD_DIR "/tests/faults/faulty.so");
    use(kSweep);
  }

  void use(const std::string& sweep) {
    study_ = config::parse_study(sweep, "sweep.yaml", "/", catalogue_);
    study_.plan.metric.name = "loss";
    study_.run.workers = 2;
    setup_ = {.libraries = {},
              .config_text = sweep,
              .config_name = "sweep.yaml",
              .config_folder = "/",
              .overrides = {},
              .metric = "loss",
              .checkpoint_folder = ""};
    for (const Plugin* plugin : plugins_of(study_.plan))
      setup_.libraries.push_back({plugin->library().path.string(), plugin->library().sha256});
  }

  static std::vector<std::string> supervisor(int workers) {
    return {kProgram, "worker", "--stdio", "--count", std::to_string(workers)};
  }
  // The same under a shell, which does something first.
  static std::vector<std::string> after(const std::string& something) {
    return {"/bin/sh", "-c", something + "\nexec " + kProgram + " worker --stdio --count 2"};
  }
  std::unique_ptr<Executor> through(const std::vector<std::vector<std::string>>& commands) {
    std::vector<executor::Launcher> launchers;
    for (const auto& command : commands) launchers.push_back({.name = command[0], .command = command, .workers = 2});
    return executor::make_supervised_executor(study_, setup_, kProgram, launchers);
  }

  // Results of all trials by number. `look` is called after every wait.
  std::map<std::uint64_t, std::string> run(Executor& executor, const std::function<void(std::size_t)>& look = {}) {
    const auto searcher = study::make_searcher(study_.plan);
    const std::uint64_t total = study_.run.trials.value_or(searcher->size().value_or(0));
    for (std::uint64_t n = 0; n < total; ++n) executor.submit({.id = only_replicate(n), .point = searcher->propose(n)});
    std::map<std::uint64_t, std::string> results;
    while (executor.pending() > 0) {
      for (const Finished& trial : executor.wait(200ms).finished) {
        if (trial.error) std::rethrow_exception(trial.error);
        EXPECT_TRUE(results.emplace(trial.job.id.number, text_of(trial.result)).second) << "once";
      }
      if (look) look(results.size());
    }
    return results;
  }
  std::map<std::uint64_t, std::string> local() {
    return run(*executor::make_process_executor(study_, setup_, kProgram));
  }
  static void expect_nothing_left() {
    EXPECT_TRUE(wait_until([] { return those_that([](pid_t) { return true; }).empty(); }, 10s));
  }
  std::string error_of(const std::vector<std::string>& command) {
    try {
      run(*through({command}));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  Folder folder_;
  Catalogue catalogue_;
  Study study_;
  executor::WorkerSetup setup_;
};

TEST_F(Supervised, OneOrSeveralGiveWhatLocalWorkersGive) {
  const auto expected = local();
  ASSERT_EQ(expected.size(), 40u);
  EXPECT_EQ(run(*through({supervisor(2)})), expected);
  EXPECT_EQ(run(*through({supervisor(2), after("echo welcome to this machine"), supervisor(2)})), expected)
      << "a banner is no harm";
  expect_nothing_left();
}

TEST_F(Supervised, KilledInTheMiddleTheStudyGoesOn) {
  const auto expected = local();
  const auto executor = through({supervisor(2), supervisor(2)});
  std::size_t next = 4;
  int kills = 0;
  const auto results = run(*executor, [&](std::size_t done) {
    if (done < next) return;
    next = done + 9;
    const auto supervisors = those_that(is_supervisor);
    if (supervisors.empty()) return;
    const auto workers = children_of(supervisors.front());
    ASSERT_EQ(::kill(supervisors.front(), SIGKILL), 0);
    ++kills;
    for (const pid_t worker : workers) EXPECT_TRUE(wait_until([&] { return !is_worker(worker); }));
  });
  EXPECT_GE(kills, 2);
  EXPECT_EQ(results, expected);
}

TEST_F(Supervised, AWorkerThatIsKilledCostsItsTrialAlone) {
  auto expected = local();
  const auto executor = through({supervisor(2)});
  bool killed = false;
  auto results = run(*executor, [&](std::size_t done) {
    const auto workers = those_that([](pid_t process) { return is_worker(process) && !is_supervisor(process); });
    if (killed || done < 4 || workers.empty()) return;
    killed = ::kill(workers.front(), SIGKILL) == 0;
  });
  ASSERT_TRUE(killed);
  std::size_t different = 0;
  for (const auto& [number, text] : results) {
    if (text == expected.at(number)) continue;
    ++different;
    EXPECT_NE(text.find("lost its worker, which was ended from outside by signal 9"), std::string::npos) << text;
  }
  EXPECT_LE(different, 1u) << "none where its trial had not begun";
}

// As a batch system does it: all processes of a node, in any order.
TEST_F(Supervised, WorkersThatAreKilledBeforeTheirSupervisorAreLostWithIt) {
  const auto expected = local();
  const auto executor = through({supervisor(2), supervisor(2)});
  std::size_t next = 4;
  int kills = 0;
  const auto results = run(*executor, [&](std::size_t done) {
    if (done < next) return;
    next = done + 9;
    const auto supervisors = those_that(is_supervisor);
    if (supervisors.empty()) return;
    for (const pid_t worker : children_of(supervisors.front())) ::kill(worker, SIGKILL);
    std::this_thread::sleep_for(50ms);
    ASSERT_EQ(::kill(supervisors.front(), SIGKILL), 0);
    ++kills;
  });
  EXPECT_GE(kills, 2);
  EXPECT_EQ(results, expected);
}

TEST_F(Supervised, ABadPluginEndsItsWorkerAndIsNamed) {
  use(R"(
objective: rosenbrock
optimizer: {plugin: faulty, lr: 1e-3, fault: crash}
training: {steps: 20}
)");
  const auto results = run(*through({supervisor(2)}));
  EXPECT_NE(results.at(0).find("failed -1.0 2 step 2: optimizer 'faulty' crashed its worker with signal 11"),
            std::string::npos)
      << results.at(0);
}

TEST_F(Supervised, ReportsAndDecisionsGoThroughIt) {
  const auto executor = through({supervisor(1)});
  const auto searcher = study::make_searcher(study_.plan);
  executor->submit(
      {.id = only_replicate(7), .point = searcher->propose(7), .asked = {.reports = true, .decide_at = 6000}});
  std::vector<std::int64_t> steps;
  bool begun = false;
  std::vector<Finished> finished;
  while (finished.empty()) {
    Events events = executor->wait(1s);
    for (const auto& notice : events.notices) {
      begun = begun || std::holds_alternative<trial::Begun>(notice);
      const auto* report = std::get_if<trial::Report>(&notice);
      if (report == nullptr) continue;
      steps.push_back(report->step);
      if (report->waits)
        executor->answer(7, {.what = report->step >= 10000 ? Decision::What::stop : Decision::What::go_on,
                             .next = report->step + 1});
    }
    finished = std::move(events.finished);
  }
  EXPECT_TRUE(begun);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 2000, 4000, 6000, 8000, 10000}));
  EXPECT_EQ(finished[0].result.outcome, Outcome::pruned);
}

// Its state travels: to the coordinator's folder, and on to whoever continues it.
TEST_F(Supervised, APausedTrialGoesOnElsewhere) {
  study_.run.checkpoint.folder = (folder_ / "states").string();
  const auto searcher = study::make_searcher(study_.plan);
  const auto run_to = [&](std::int64_t pause_at) {
    const auto executor = through({supervisor(1)});
    executor->submit(
        {.id = only_replicate(7), .point = searcher->propose(7), .asked = {.reports = true, .decide_at = 0}});
    for (;;) {
      Events events = executor->wait(1s);
      for (const auto& notice : events.notices) {
        const auto* report = std::get_if<trial::Report>(&notice);
        if (report != nullptr && report->waits)
          executor->answer(7, {.what = report->step >= pause_at ? Decision::What::pause : Decision::What::go_on,
                               .next = report->step + 1});
      }
      if (!events.finished.empty()) return std::move(events.finished.front().result);
    }
  };
  EXPECT_EQ(run_to(8000).outcome, Outcome::paused);
  const fs::path state = folder_ / "states" / "7" / "8001";
  ASSERT_TRUE(fs::exists(state));
  const std::string whole = read_text(state), expected = local().at(7);
  const TrialResult continued = run_to(1000000);
  EXPECT_TRUE(continued.log.empty()) << continued.log.front();
  EXPECT_EQ(text_of(continued), expected);
  EXPECT_EQ(read_text(state), whole) << "for as long as its trial is not in the database";

  fs::resize_file(state, whole.size() - 1);
  const TrialResult anew = run_to(1000000);
  ASSERT_EQ(anew.log.size(), 1u) << "it was looked at where it had travelled to";
  EXPECT_NE(anew.log.front().find("is not used: its sha256 is wrong"), std::string::npos) << anew.log.front();
  EXPECT_EQ(text_of(anew), expected);
}

TEST_F(Supervised, StrayBytesEndTheConnectionAndTheStudyGoesOn) {
  const auto expected = local();
  const std::string marker = (folder_ / "marker").string();
  const auto command = after("test -e " + marker + " || { touch " + marker + "; (sleep 0.1; echo 'a stray line') & }");
  EXPECT_EQ(run(*through({command})), expected);
  EXPECT_TRUE(fs::exists(marker));
}

TEST_F(Supervised, WhatIsWrongIsNamed) {
  EXPECT_NE(error_of({"/bin/echo", "no such host"})
                .find("'/bin/echo' starts no supervisor 3 times in a row: it "
                      "ended; it wrote: no such host"),
            std::string::npos);
  EXPECT_NE(error_of({"/bin/sh", "-c", "echo oh no >&2; exit 3"}).find("it wrote: oh no"), std::string::npos);
  EXPECT_NE(error_of({"/bin/sh", "-c", "exec tr '\\0' x < /dev/zero"}).find("a program that writes: xxxx"),
            std::string::npos);
  EXPECT_NE(error_of({"/nonexistent/launcher"}).find("'/nonexistent/launcher' cannot be started: "), std::string::npos);
}

TEST_F(Supervised, ATrialThatLosesItsNodeAgainAndAgainFails) {
  use(R"(
objective: rosenbrock
optimizer: {plugin: adam, lr: 1e-9}
training: {steps: 2000000000, log_every: 1000000000}
)");
  const std::string program = kProgram;
  const auto executor =
      through({{"/bin/sh", "-c", "exec 3<&0; " + program + " worker --stdio --count 1 <&3 & sleep 1; kill -9 $!"}});
  executor->submit({.id = only_replicate(0), .point = {}});
  std::vector<std::string> troubles;
  std::vector<Finished> finished;
  while (finished.empty()) {
    Events events = executor->wait(200ms);
    std::ranges::move(events.troubles, std::back_inserter(troubles));
    finished = std::move(events.finished);
  }
  const TrialResult& result = finished[0].result;
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.failure, Failure::lost);
  EXPECT_GT(result.steps, 0);
  EXPECT_NE(result.error.find("its node was lost, 4 times in all; the last time '/bin/sh': it ended"),
            std::string::npos)
      << result.error;
  ASSERT_GE(troubles.size(), 7u);
  EXPECT_EQ(troubles[0], "'/bin/sh' was lost: it ended; trials that ran there: 0");
  EXPECT_TRUE(troubles[1].starts_with("'/bin/sh' is up, on ")) << troubles[1];
  EXPECT_EQ(troubles[2], "'/bin/sh' was lost: it ended; trials that ran there: 0; it is started again in 1 s");
}

TEST_F(Supervised, ALauncherThatFailsLeavesTheWorkToTheOthers) {
  const auto expected = local();
  const auto executor = through({{"/bin/sh", "-c", "echo no route to host >&2; exit 255"}, supervisor(2)});
  EXPECT_EQ(run(*executor), expected);
}

// Its checkpoints are its own where the setup names no folder, and go with it.
TEST_F(Supervised, ASupervisorLeavesNoCheckpoints) {
  const Folder temporary;
  use(std::string(kSweep) + "checkpoint: {every: 1ms}\n");
  const auto expected = local();
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  bool seen = false;
  {
    const auto executor = through({supervisor(2)});
    const auto results = run(*executor, [&](std::size_t) {
      for (const auto& entry : fs::directory_iterator(temporary.path())) seen = seen || !fs::is_empty(entry.path());
    });
    EXPECT_EQ(results, expected);
  }
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(seen);
  EXPECT_TRUE(fs::is_empty(temporary.path()));
}

// The other end of a supervisor, made by hand.
class ByHand {
 public:
  explicit ByHand(const executor::Greeting& greeting) {
    Pipe down, up;
    pid_ = tuner::launch({.program = kProgram,
                          .arguments = {"worker", "--stdio", "--count", "1"},
                          .descriptors = {{down.read.get(), 0}, {up.write.get(), 1}}});
    connection_.emplace(std::move(up.read), std::move(down.write), greeting);
  }
  executor::Connection& connection() { return *connection_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::optional<executor::Connection> connection_;
};

TEST_F(Supervised, AnotherBuildIsRefusedAtBothEnds) {
  executor::Greeting other = executor::remote_greeting(kProgram);
  other.program[0] = other.program[0] == '0' ? '1' : '0';
  ByHand coordinator(other);
  std::string why;
  try {
    while (coordinator.connection().receive())
      if (coordinator.connection().next_frame()) break;
  } catch (const DecodeError& e) {
    why = e.what();
  }
  EXPECT_NE(why.find("it is another build of tuner ("), std::string::npos) << why;
  EXPECT_TRUE(coordinator.connection().greeting_refused());
  EXPECT_EQ(end_of(coordinator.pid()), 5);
}

TEST_F(Supervised, AnotherByteOrderIsNamed) {
  ByHand coordinator(executor::remote_greeting(kProgram));
  std::string frame = executor::framed(executor::FrameType::greeting, "");
  std::reverse(frame.begin(), frame.begin() + 4);
  executor::FrameBuffer buffer;
  buffer.append(frame);
  try {
    static_cast<void>(buffer.next());
    ADD_FAILURE();
  } catch (const DecodeError& e) {
    EXPECT_STREQ(e.what(), "its numbers have another byte order");
  }
  ::kill(coordinator.pid(), SIGKILL);
  EXPECT_EQ(end_of(coordinator.pid()), -SIGKILL);
}

// Without a word: a supervisor that is stopped is given up by its coordinator after 60 s, and one whose coordinator is
// silent kills its workers and ends after 45 s, so that no trial runs at both places.
TEST_F(Supervised, ASilentSupervisorIsGivenUp) {
  const auto expected = local();
  use(std::string(kSweep) + "checkpoint: none\n");
  ByHand coordinator(executor::remote_greeting(kProgram));
  coordinator.connection().send(executor::FrameType::setup, to_bytes(setup_));
  executor::Job job{.id = only_replicate(0), .point = study::make_searcher(study_.plan)->propose(0)};
  coordinator.connection().send(executor::FrameType::job, to_bytes(job));
  ASSERT_TRUE(wait_until([&] { return !children_of(coordinator.pid()).empty(); }));
  const auto workers = children_of(coordinator.pid());

  const auto executor = through({supervisor(2)});
  bool stopped = false;
  const auto begin = std::chrono::steady_clock::now();
  const auto results = run(*executor, [&](std::size_t done) {
    if (stopped || done < 4) return;
    for (const pid_t one : those_that(is_supervisor))
      if (one != coordinator.pid()) stopped = ::kill(one, SIGSTOP) == 0;
  });
  EXPECT_TRUE(stopped);
  EXPECT_EQ(results, expected);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(took, 55s);
  EXPECT_LT(took, 150s);
  EXPECT_EQ(end_of(coordinator.pid(), 30s), 0);
  for (const pid_t worker : workers) EXPECT_TRUE(wait_until([&] { return !is_worker(worker); }));
}

}  // namespace
}  // namespace tuner::faults
