// The life of a program: what it is given, how it ends, and that nothing of it is left.
#include "tuner/program/runner.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stop_token>
#include <thread>

#include "temporary_folder.hpp"
#include "tuner/error.hpp"
#include "tuner/program/processes.hpp"

namespace tuner::program {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ProgramRunner : public ::testing::Test {
 protected:
  // A study whose program is a shell script.
  Study study_of(const std::string& script, double time_limit = 0) {
    Study study;
    Program program;
    program.command = {"sh", "-c", script};
    program.metrics = {{.name = "y"}};
    program.folder = folder_.path();
    program.grace_seconds = 0.3;
    study.plan.name = "s";
    study.plan.metric.name = "y";
    set_objective(study.plan, std::move(program), time_limit);
    study.run.checkpoint.folder = folder_.path() / "checkpoints" / "s";
    return study;
  }

  TrialResult run(const Study& study, const std::stop_token& stop = {}, std::uint64_t number = 0,
                  TrialObserver* observer = nullptr) {
    Host host(study);
    const ProgramSpec spec = spec_of(study, {}, only_replicate(number));
    TrialTrace trace;
    return measure(rules_of(spec), trace, stop, observer, [&](TrialRun& run) { host.run(spec, run, {}, {}); });
  }
  TrialResult run(const std::string& script) { return run(study_of(script)); }

  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(folder_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Waits until a script has written its file.
  void wait_for_file(const std::string& name) const {
    while (read(name).empty()) std::this_thread::sleep_for(1ms);
  }
  // Is the process whose pid stands in the file still there?
  [[nodiscard]] bool is_alive(const std::string& name) const {
    const pid_t process = std::stoi(read(name));
    std::ifstream status("/proc/" + std::to_string(process) + "/stat");
    const std::string line{std::istreambuf_iterator<char>(status), {}};
    return !line.empty() && line.find(") Z") == std::string::npos;
  }

  test::TemporaryFolder folder_;
};

// A subreaper, as a worker is.
class Subreaper {
 public:
  Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

TEST_F(ProgramRunner, ANumberIsTheResult) {
  const TrialResult result = run("echo 0.25");
  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  EXPECT_EQ(result.value, 0.25);
  ASSERT_TRUE(result.process);
  EXPECT_EQ(result.process->exit_code, 0);
  EXPECT_EQ(result.process->output, "0.25\n");
  ASSERT_EQ(result.process->files.size(), 1u);
  EXPECT_EQ(result.process->files[0].kind, "program");
  EXPECT_EQ(result.process->files[0].sha256.size(), 64u);
}

TEST_F(ProgramRunner, ExitCodesAndSignalsAreClassesOfTheirOwn) {
  EXPECT_EQ(run("echo '{\"y\": 1}'; exit 3").failure, Failure::exit);
  EXPECT_EQ(run("kill -ABRT $$").failure, Failure::crash);
  EXPECT_EQ(run("kill -KILL $$").failure, Failure::killed);
  EXPECT_EQ(run("kill -TERM $$").failure, Failure::killed);
  EXPECT_EQ(run("true").failure, Failure::error);
  const TrialResult kept = run("echo '{\"y\": 1}'; exit 3");
  EXPECT_EQ(kept.metrics.size(), 1u) << "what it had reported is kept";
  EXPECT_EQ(kept.process->exit_code, 3);
}

TEST_F(ProgramRunner, AnOutcomeThatItSays) {
  const TrialResult diverged = run("echo '{\"outcome\": \"diverged\", \"error\": \"NaN\"}'; exit 1");
  EXPECT_EQ(diverged.outcome, Outcome::diverged);
  EXPECT_NE(diverged.error.find("NaN"), std::string::npos);
  EXPECT_EQ(run("echo '{\"outcome\": \"failed\"}'").failure, Failure::error);
  EXPECT_EQ(run("echo '{\"y\": 1, \"outcome\": \"completed\"}'").outcome, Outcome::completed);
}

TEST_F(ProgramRunner, AProgramThatIsGoneFailsItsTrial) {
  Study study = study_of("");
  Program program = *study.plan.program;
  program.command = {"./gone"};
  set_objective(study.plan, std::move(program));
  const TrialResult result = run(study);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.error.find("cannot be started: No such file"), std::string::npos) << result.error;
}

TEST_F(ProgramRunner, SignalsAndDescriptorsAreThoseOfANewProgram) {
  std::signal(SIGHUP, SIG_IGN);  // as in a worker
  const int open = ::dup(STDOUT_FILENO);
  const TrialResult result =
      run("grep -e SigIgn -e SigBlk /proc/self/status | cut -f 2; ls /proc/self/fd | tr '\\n' ' '; echo; "
          "ps -o pgid= -p $$ | tr -d ' ' | sed \"s/^$$\\$/leads/\"; echo 1");
  std::signal(SIGHUP, SIG_DFL);
  ::close(open);
  // ls has a descriptor of its own.
  EXPECT_EQ(result.process->output, "0000000000000000\n0000000000000000\n0 1 2 3 4 \nleads\n1\n");
}

TEST_F(ProgramRunner, ACancelledOneHasItsGrace) {
  const Study study =
      study_of("trap 'echo bye; echo saved > saved; exit 0' TERM; echo up > up; while :; do sleep 0.01; done");
  std::stop_source stop;
  std::jthread canceller([&] {
    wait_for_file("up");
    stop.request_stop();
  });
  const TrialResult result = run(study, stop.get_token());
  EXPECT_EQ(result.outcome, Outcome::cancelled);
  EXPECT_EQ(read("saved"), "saved\n");
  // A shell may say before or after it that its sleep was terminated.
  EXPECT_NE(result.process->output.find("bye\n"), std::string::npos) << result.process->output;
}

TEST_F(ProgramRunner, OneThatDoesNotHearIsKilledAfterItsGrace) {
  const Study study = study_of("trap '' TERM; echo up > up; while :; do sleep 0.01; done", 1);
  const auto begin = Clock::now();
  const TrialResult result = run(study);
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_EQ(result.process->signal, SIGKILL);
  EXPECT_GE(Clock::now() - begin, 1250ms);
}

TEST_F(ProgramRunner, AStoppedOneEndsToo) {
  const TrialResult result = run(study_of("kill -STOP $$; echo 1", 0.1));
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_EQ(result.process->signal, SIGTERM);
}

TEST_F(ProgramRunner, NothingThatItHasStartedIsLeft) {
  const Subreaper subreaper;
  const TrialResult result =
      run("sh -c 'echo $$ > child; exec sleep 1000' & setsid sh -c 'echo $$ > session; exec sleep 1000' & "
          "setsid env -i sh -c 'echo $$ > bare; setsid sleep 1000 & exec sleep 1000' & "
          "until test -s child && test -s session && test -s bare; do sleep 0.01; done; echo 1");
  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  for (const char* file : {"child", "session", "bare"}) EXPECT_FALSE(is_alive(file)) << file;
  EXPECT_TRUE(descendants_of(::getpid()).empty());
}

TEST_F(ProgramRunner, OutputThatSomebodyElseKeepsOpenIsNotWaitedFor) {
  // Without a subreaper the daemon is not ended: it belongs to nobody.
  const auto begin = Clock::now();
  const TrialResult result =
      run("setsid sh -c 'echo $$ > daemon; exec sleep 1000' & until test -s daemon; do sleep "
          "0.01; done; echo 1");
  EXPECT_EQ(result.outcome, Outcome::completed);
  EXPECT_LT(Clock::now() - begin, 60s);
  EXPECT_TRUE(is_alive("daemon"));
  EXPECT_EQ(end_processes_of(study_key("/another/study")), 0u);
  EXPECT_EQ(end_strays_of(study_key(folder_.path() / "checkpoints" / "s")), 0u) << "its worker, this test, lives";
  EXPECT_EQ(end_processes_of(study_key(folder_.path() / "checkpoints" / "s")), 1u);
  while (is_alive("daemon")) std::this_thread::sleep_for(1ms);
}

TEST_F(ProgramRunner, APrunerStopsIt) {
  struct Stopping : TrialObserver {
    std::vector<std::int64_t> steps;
    [[nodiscard]] std::int64_t first_decision() const override { return 2; }
    void report(const StepReport& report) override { steps.push_back(report.step); }
    [[nodiscard]] Decision decide(const StepReport& report) override {
      steps.push_back(report.step);
      return {.what = Decision::What::stop};
    }
  } observer;
  const TrialResult result = run(
      study_of("trap 'exit 0' TERM; for i in 1 2 3; do echo \"{\\\"y\\\": $i}\"; done; while :; do sleep 0.01; done"),
      {}, 0, &observer);
  EXPECT_EQ(result.outcome, Outcome::pruned);
  EXPECT_EQ(observer.steps, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(result.value, 1.0);
}

TEST_F(ProgramRunner, ItsCheckpointFolderSurvivesWhereItIsUsed) {
  const Study study =
      study_of("echo $TUNER_RESUMED; cat $TUNER_CHECKPOINT/state; echo x >> $TUNER_CHECKPOINT/state; echo 1");
  EXPECT_EQ(run(study, {}, 5).process->output.substr(0, 2), "0\n");
  EXPECT_EQ(run(study, {}, 5).process->output, "1\nx\n1\n");
  EXPECT_EQ(run(study, {}, 6).process->output.substr(0, 2), "0\n") << "each trial has its own";
  const Study unused = study_of("echo 1");
  static_cast<void>(run(unused, {}, 7));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "checkpoints" / "s" / "7"));
}

// Takes 200 MB and holds them.
constexpr const char* kGreedy = "echo '{\"y\": 1}'; x=$(head -c 200000000 /dev/zero | tr '\\0' 'x'); echo ${#x}";

void expect_out_of_memory(const TrialResult& result) {
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.failure, Failure::out_of_memory) << result.error;
  EXPECT_NE(result.error.find("memory_limit 67108864 bytes"), std::string::npos) << result.error;
  EXPECT_EQ(result.metrics.size(), 1u);
}

TEST_F(ProgramRunner, TheMemoryOfItsProcessesIsLimited) {
  Study study = study_of(kGreedy);
  study.run.memory_limit = 64 << 20;
  std::cout << "memory_limit is kept by " << to_string(memory_method()) << "\n";
  expect_out_of_memory(run(study));
  study = study_of("echo 1");
  study.run.memory_limit = 64 << 20;
  EXPECT_EQ(run(study).outcome, Outcome::completed);
}

TEST_F(ProgramRunner, MemoryIsAddedUpOverProcesses) {
  const Study study = study_of("tail -c 30000000 /dev/zero > /dev/null & sleep 0.1; echo 1");
  const std::uint64_t own = memory_of({::getpid()});
  EXPECT_GT(own, 1u << 20);
  EXPECT_GE(memory_of({::getpid(), ::getppid()}), own);
  EXPECT_EQ(memory_of({999'999'999}), 0u);
}

// Version 2 of control groups, as far as files show it.
TEST_F(ProgramRunner, AControlGroupOfVersion2) {
  const auto write = [&](const std::string& name, const std::string& text) {
    const auto file = folder_.path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  };
  write("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
  write("proc/self/cgroup", "0::/user/tuner\n");
  const std::string own = "sys/fs/cgroup/user/tuner";
  write(own + "/cgroup.subtree_control", "cpu\n");
  write(own + "/cgroup.controllers", "cpu memory\n");
  for (const char* file : {"memory.max", "memory.swap.max", "memory.oom.group", "cgroup.procs"})
    write(own + "/tuner-1/" + file, "");
  {
    const auto group = MemoryGroup::make(MemoryMethod::cgroup_v2, 1000, "tuner-1", folder_.path());
    ASSERT_TRUE(group);
    EXPECT_EQ(read(own + "/cgroup.subtree_control").substr(0, 7), "+memory");
    EXPECT_EQ(read(own + "/tuner-1/memory.max"), "1000");
    EXPECT_EQ(read(own + "/tuner-1/memory.swap.max"), "0");
    EXPECT_EQ(read(own + "/tuner-1/memory.oom.group"), "1");
    EXPECT_EQ(group->out_of_memory_kills(), 0u);
    write(own + "/tuner-1/memory.events", "low 0\noom 2\noom_kill 1\n");
    EXPECT_EQ(group->out_of_memory_kills(), 1u);
  }
  write(own + "/cgroup.controllers", "cpu\n");
  write(own + "/cgroup.subtree_control", "");
  EXPECT_FALSE(MemoryGroup::make(MemoryMethod::cgroup_v2, 1000, "tuner-1", folder_.path()));
}

TEST(ProgramDevices, AreShared) {
  EXPECT_EQ(devices_of({"0", "1"}, 4, 0), "0");
  EXPECT_EQ(devices_of({"0", "1"}, 4, 3), "1");
  EXPECT_EQ(devices_of({"0", "1", "2", "3", "4"}, 2, 0), "0,2,4");
  EXPECT_EQ(devices_of({"0", "1", "2", "3", "4"}, 2, 1), "1,3");
  EXPECT_EQ(devices_of({}, 2, 1), "");
}

TEST(ProgramFiles, ChangesNameTheTrialsOfEachVersion) {
  const std::vector<RecordedVersion> recorded = {{"script", "a.py", "aaaa", 0, 4, 5},
                                                 {"script", "a.py", "bbbb", 5, 5, 1}};
  EXPECT_TRUE(changed_files({}, {{"script", "a.py", "/a.py", "aaaa"}}).empty());
  const auto lines = changed_files(recorded, {{"script", "a.py", "/a.py", "bbbb"}});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("trials 0 to 4 (5 of them) with sha256 aaaa"), std::string::npos) << lines[0];
  EXPECT_NE(changed_files(recorded, {{"script", "a.py", "/a.py", "cccc"}})[0].find("trial 5 with sha256 bbbb"),
            std::string::npos);
}

TEST(ProgramFiles, TheScriptOfAnInterpreter) {
  const test::TemporaryFolder folder;
  const std::string script = folder.write("run", "");
  Program program;
  program.folder = folder.path();
  const auto script_of = [&](std::vector<std::string> words) {
    for (const FileUse& file : files_of(program, words, "/usr/bin:/bin"))
      if (file.kind == "script") return file.name;
    return std::string("none");
  };
  EXPECT_EQ(script_of({"python3", "-u", "train.py", "--data=x.py"}), "train.py");
  EXPECT_EQ(script_of({"python3.11", "-W", "ignore", "train.py"}), "train.py");
  EXPECT_EQ(script_of({"env", "A=1", "python3", "train.py"}), "train.py");
  EXPECT_EQ(script_of({"bash", "run", "x.py"}), "run");
  EXPECT_EQ(script_of({"python3", "-m", "package", "x.py"}), "none");
  EXPECT_EQ(script_of({"sh", "-c", "x.sh"}), "none");
  EXPECT_EQ(script_of({"./program", "train.py"}), "none");
}

}  // namespace
}  // namespace tuner::program
