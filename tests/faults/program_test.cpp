// The running program under signals, closed outputs, a wild clock, rivals, readers, stopped workers and bad plugins:
// the tables at the end are those of a run that nobody disturbed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <thread>

#include "running.hpp"
#include "tuner/error.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::faults {
namespace {

constexpr const char* kSweep = R"(
method: random
trials: 60
workers: 2
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 30000, log_every: 3000}
)";

class Program : public testing::Test {
 protected:
  Program() { write_text(folder_ / "sweep.yaml", kSweep); }

  [[nodiscard]] Launch sweep(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"--config", "sweep.yaml", "--db", name + ".db"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return {.arguments = std::move(arguments),
            .folder = folder_.path(),
            .out = folder_ / (name + ".out"),
            .err = folder_ / (name + ".err")};
  }
  [[nodiscard]] fs::path database(const std::string& name) const { return folder_ / (name + ".db"); }
  [[nodiscard]] std::string errors(const std::string& name) const { return read_text(folder_ / (name + ".err")); }

  std::string undisturbed() {
    EXPECT_EQ(run(sweep("undisturbed", {"--quiet"})), 0) << errors("undisturbed");
    return tables_of(database("undisturbed"));
  }
  void expect_whole(const std::string& name, const std::string& expected) {
    EXPECT_TRUE(tables_of(database(name)) == expected)
        << name << " ended with other tables; it wrote: " << errors(name);
    EXPECT_EQ(damage_of(database(name)), "");
  }

  Folder folder_;
};

TEST_F(Program, SignalsOnceAndTwiceToItAndToItsGroup) {
  const std::string expected = undisturbed();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (const bool group : {false, true}) {
      for (const int times : {1, 2}) {
        const std::string name = std::to_string(signal) + (group ? "group" : "alone") + std::to_string(times);
        SCOPED_TRACE(name);
        Launch study = sweep(name);
        study.own_group = true;
        const pid_t child = launch(study);
        ASSERT_TRUE(wait_until([&] { return trials_in(database(name)) > 0; }));
        const auto workers = children_of(child);
        for (int i = 0; i < times; ++i) {
          if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
          ASSERT_EQ(::kill(group ? -child : child, signal), 0);
        }
        const int end = end_of(child);
        EXPECT_EQ(end, 130) << errors(name);
        for (const pid_t worker : workers) EXPECT_TRUE(wait_until([&] { return !is_worker(worker); }));
        EXPECT_EQ(trials_in(database(name), "outcome NOT IN ('completed', 'cancelled')"), 0u);
        if (times == 1) {
          EXPECT_EQ(trials_in(database(name), "outcome = 'cancelled'"), 0u);
        }
        EXPECT_EQ(run(sweep(name)), 0) << errors(name);
        expect_whole(name, expected);
      }
    }
  }
}

bool handles(pid_t process, int signal) {
  const std::string status = read_text("/proc/" + std::to_string(process) + "/status");
  const std::size_t at = status.find("SigCgt:");
  if (at == std::string::npos) return false;
  return (std::stoull(status.substr(at + 7), nullptr, 16) >> (signal - 1) & 1) != 0;
}

TEST_F(Program, ASignalAtAnyMomentEndsItWith130) {
  const std::string expected = undisturbed();
  std::mt19937 random(20261126);
  constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  int before_the_study = 0, within_it = 0;
  for (int round = 0; round < 60; ++round) {
    const int signal = kSignals[round % 3];
    // Most of them early: loading and checking take some 50 ms on a quiet machine.
    const auto delay = std::chrono::milliseconds(random() % (round % 2 == 0 ? 80 : 600));
    SCOPED_TRACE("round " + std::to_string(round) + ", " + std::to_string(delay.count()) + " ms");
    Launch study = sweep("moment");
    const pid_t child = launch(study);
    // What comes before the program's first statement is not in its hands.
    ASSERT_TRUE(wait_until([&] { return handles(child, signal); }));
    std::this_thread::sleep_for(delay);
    ASSERT_EQ(::kill(child, signal), 0);
    const int end = end_of(child);
    const std::string out = read_text(folder_ / "moment.out");
    if (trials_in(database("moment")) == 60 && end == 0) {
      fs::remove(database("moment"));  // it had come to its end; once more from the beginning
      continue;
    }
    EXPECT_EQ(end, 130) << errors("moment");
    const bool begun = errors("moment").find("study 'sweep': random") != std::string::npos;
    (begun ? within_it : before_the_study) += 1;
    if (begun) {
      EXPECT_NE(out.find("study 'sweep': "), std::string::npos) << out;
      EXPECT_TRUE(trials_in(database("moment")) == 60 ||
                  out.find("interrupted: the same command continues") != std::string::npos)
          << out;
    }
    const std::string damage = fs::exists(database("moment")) ? damage_of(database("moment")) : "";
    EXPECT_TRUE(damage.empty() || damage.find("it is empty") != std::string::npos) << damage;
  }
  EXPECT_GT(before_the_study, 0);
  EXPECT_GT(within_it, 0);
  EXPECT_EQ(run(sweep("moment")), 0) << errors("moment");
  expect_whole("moment", expected);
}

TEST_F(Program, ASignalWhileTheSummaryIsPrintedEndsItWith130AndTheSummary) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  // A full pipe: the program waits in the middle of its summary.
  const int capacity = ::fcntl(pipe[1], F_SETPIPE_SZ, 4096);
  ASSERT_GT(capacity, 0);
  const std::string filling(static_cast<std::size_t>(capacity), '.');
  ASSERT_EQ(::write(pipe[1], filling.data(), filling.size()), capacity);
  Launch study = sweep("summary", {"--quiet", "--set", "trials=3"});
  study.out_file = pipe[1];
  const pid_t child = launch(study);
  ::close(pipe[1]);
  ASSERT_TRUE(wait_until([&] {
    // The last event is written, and then the workers end.
    return trials_in(database("summary")) == 3 && children_of(child).empty();
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ASSERT_EQ(::kill(child, SIGTERM), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::string text;
  char bytes[4096];
  for (ssize_t n = 0; (n = ::read(pipe[0], bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<std::size_t>(n));
  ::close(pipe[0]);
  EXPECT_EQ(end_of(child), 130);
  EXPECT_NE(text.find("study 'sweep': 3 trials in the database"), std::string::npos) << text;
  EXPECT_NE(text.find("more: tuner best sweep"), std::string::npos) << text;
}

TEST_F(Program, WhatRanOutIsNamed) {
  struct Case {
    const char* name;
    int resource;
    rlim_t from, to, step;
    const char* words;  // one of them, between '|'
  };
  const Case cases[] = {
      {"files", RLIMIT_NOFILE, 4, 60, 3, "too many open files|Too many open files"},
      {"space", RLIMIT_AS, rlim_t{24} << 20, rlim_t{420} << 20, rlim_t{18} << 20,
       "no memory or address space is left|Cannot allocate memory|cannot allocate memory|out of memory|failed to map "
       "segment|memory ran out"}};
  for (const Case& c : cases) {
    int named = 0, fine = 0;
    for (rlim_t limit = c.from; limit <= c.to; limit += c.step) {
      const std::string name = c.name + std::to_string(limit);
      SCOPED_TRACE(name);
      Launch study = sweep(name, {"--quiet", "--set", "trials=2"});
      study.limits = {{c.resource, limit}};
      const int end = end_of(launch(study));
      // A trial without memory fails, and says so in the database.
      const std::string text = errors(name) + (end == 6 ? tables_of(database(name)) : "");
      // The dynamic linker is not the program: it says so itself, and ends with 127.
      if (end == 127) continue;
      if (end == 0) {
        ++fine;
        continue;
      }
      EXPECT_TRUE(end == 4 || end == 5 || end == 6) << end << ": " << text;
      bool found = false;
      std::istringstream words(c.words);
      for (std::string word; std::getline(words, word, '|');) found = found || text.find(word) != std::string::npos;
      EXPECT_TRUE(found) << end << ": " << text;
      ++named;
    }
    EXPECT_GT(named, 0) << c.name;
    EXPECT_GT(fine, 0) << c.name;
  }
}

TEST_F(Program, NoMoreWorkersThanTrials) {
  const pid_t study =
      launch(sweep("many", {"--quiet", "--workers", "1024", "--set", "trials=2", "--set", "training.steps=20000000"}));
  std::size_t most = 0;
  EXPECT_TRUE(wait_until([&] {
    most = std::max(most, children_of(study).size());
    return most == 2 && trials_in(database("many")) == 0 && fs::exists(database("many"));
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LE(children_of(study).size(), 2u);
  ASSERT_EQ(::kill(study, SIGKILL), 0);
  EXPECT_EQ(end_of(study), -SIGKILL);
}

TEST_F(Program, NobodyReadsItsOutput) {
  const std::string expected = undisturbed();
  Launch study = sweep("pipe");
  study.output = Launch::Output::broken_pipe;
  EXPECT_EQ(run(study), 0);
  expect_whole("pipe", expected);
  study = sweep("closed");
  study.output = Launch::Output::closed;
  EXPECT_EQ(run(study), 0);
  expect_whole("closed", expected);
}

TEST_F(Program, TheWallClockJumpsBack) {
  const std::string expected = undisturbed();
  Launch study = sweep("clock", {"--set", "training.time_limit=60", "--set", "budget.wall=10m"});
  study.environment = {{"LD_PRELOAD", TUNER_SHIM}, {"SHIM_CLOCK", "1"}};
  const pid_t child = launch(study);
  ASSERT_TRUE(wait_until([&] { return trials_in(database("clock")) > 5; }));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  EXPECT_EQ(end_of(child), -SIGKILL);
  EXPECT_EQ(run(study), 0) << errors("clock");
  // The limit is part of the plan, so the name differs and nothing else.
  expect_whole("clock", expected);
  EXPECT_GT(trials_in(database("clock"), "started_at > finished_at"), 0u);  // it did jump
  EXPECT_EQ(trials_in(database("clock"), "wall_seconds < 0"), 0u);
}

TEST_F(Program, TwoStartAtOnceOnANewDatabase) {
  const std::string expected = undisturbed();
  for (int round = 0; round < 4; ++round) {
    const std::string name = "both" + std::to_string(round);
    Launch first = sweep(name), second = sweep(name);
    second.err = folder_ / (name + ".err2");
    const pid_t a = launch(first), b = launch(second);
    const int end_a = end_of(a), end_b = end_of(b);
    EXPECT_EQ(std::min(end_a, end_b), 0);
    EXPECT_EQ(std::max(end_a, end_b), 5);
    const std::string words = end_a == 5 ? errors(name) : read_text(second.err);
    EXPECT_NE(words.find("error[storage.busy_study]"), std::string::npos) << words;
    EXPECT_NE(words.find("is being run by process " + std::to_string(end_a == 5 ? b : a)), std::string::npos) << words;
    expect_whole(name, expected);
  }
}

TEST_F(Program, SixteenReadersBesideARun) {
  const std::string expected = undisturbed();
  const pid_t study = launch(sweep("read"));
  ASSERT_TRUE(wait_until([&] { return trials_in(database("read")) > 0; }));
  std::vector<pid_t> readers;
  for (int i = 0; i < 16; ++i) {
    const pid_t reader = ::fork();
    if (reader == 0) {
      int failed = 0;
      try {
        for (std::uint64_t seen = 0, rounds = 0; seen < 60 || rounds < 3; ++rounds) {
          // Half of them through the program.
          if (i % 2 == 0) {
            failed +=
                run({.arguments = {"trials", "sweep", "--db", "read.db", "--json"}, .folder = folder_.path()}) != 0;
            seen = trials_in(database("read"));
          } else {
            const storage::Store store(database("read"), storage::Access::read_only);
            const std::uint64_t before = seen;
            seen = store.study("sweep").trials;
            failed += seen < before || store.runs("sweep").size() < seen || store.best("sweep")->parameters.empty();
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      } catch (const std::exception& error) {
        std::fprintf(stderr, "reader: %s\n", error.what());
        failed = 1;
      }
      ::_exit(failed == 0 ? 0 : 1);
    }
    readers.push_back(reader);
  }
  EXPECT_EQ(end_of(study), 0) << errors("read");
  for (const pid_t reader : readers) EXPECT_EQ(end_of(reader), 0);
  expect_whole("read", expected);
}

TEST_F(Program, AWorkerThatIsStoppedCostsItsTrialAlone) {
  const std::string expected = undisturbed();
  const pid_t study = launch(sweep("stopped", {"--set", "training.time_limit=2"}));
  ASSERT_TRUE(wait_until([&] { return trials_in(database("stopped")) > 2; }));
  const auto workers = children_of(study);
  ASSERT_FALSE(workers.empty());
  ASSERT_EQ(::kill(workers.front(), SIGSTOP), 0);
  const int end = end_of(study);
  const std::uint64_t timed_out = trials_in(database("stopped"), "outcome = 'timed_out'");
  // Between two trials it had none to lose; then its jobs go to others after a while.
  EXPECT_LE(timed_out, 1u);
  EXPECT_EQ(end, timed_out == 0 ? 0 : 6) << errors("stopped");
  EXPECT_EQ(trials_in(database("stopped")), 60u);
  EXPECT_FALSE(is_worker(workers.front()));
  std::string others = "1";
  const storage::Store store(database("stopped"), storage::Access::read_only);
  for (const auto& run : store.runs("sweep"))
    if (run.outcome != Outcome::completed) others = "number <> " + std::to_string(run.number);
  EXPECT_EQ(tables_of(database("stopped"), others), tables_of(database("undisturbed"), others));
}

bool has_study(const fs::path& file) {
  try {
    return !storage::Store(file, storage::Access::read_only).studies().empty();
  } catch (const Error&) {
    return false;  // not there yet, or without tables
  }
}

TEST_F(Program, AWorkerThatIsStoppedBeforeItsFirstTrialIsReplaced) {
  const std::string expected = undisturbed();
  const pid_t study = launch(sweep("early"));
  // The worker that plugins are asked in has ended before the study is in the database.
  ASSERT_TRUE(wait_until([&] { return has_study(database("early")); }));
  std::vector<pid_t> workers;
  // A child that is not the worker yet must not be stopped: its parent waits for it to become one.
  ASSERT_TRUE(wait_until([&] { return !(workers = children_of(study)).empty() && is_worker(workers.front()); }));
  ASSERT_EQ(::kill(workers.front(), SIGSTOP), 0);
  EXPECT_EQ(end_of(study), 0) << errors("early");
  EXPECT_FALSE(is_worker(workers.front()));
  expect_whole("early", expected);
}

TEST_F(Program, EverySinOfAPluginCostsItsOwnTrials) {
  write_text(folder_ / "sweep.yaml", R"(
method: grid
workers: 2
memory_limit: 300MiB
objective: rosenbrock
optimizer:
  one_of:
    - {plugin: faulty, lr: {values: [1e-4, 2e-4]}, fault: none}
    - {plugin: adam, lr: {min: 1e-4, max: 1e-1, scale: log, count: 20}}
training: {steps: 2000, time_limit: 3}
)");
  const std::string others = "number > 1";
  const auto faulty_study = [&](const std::string& fault) {
    Launch study =
        sweep(fault, {"--set", "optimizer.one_of=[{plugin: faulty, lr: {values: [1e-4, 2e-4]}, fault: " + fault +
                                   "}, {plugin: adam, lr: {min: 1e-4, max: 1e-1, scale: log, count: 20}}]"});
    study.environment = {{"TUNER_PLUGIN_PATH", TUNER_BUILD_DIR "/tests/faults"}};
    return study;
  };
  EXPECT_EQ(run(faulty_study("none")), 0) << errors("none");
  const std::string expected = tables_of(database("none"), others);
  std::vector<std::pair<std::string, pid_t>> studies;
  for (const std::string fault : {"crash", "abort", "exit", "throw", "garble", "lie", "memory", "killed", "hang"}) {
    const pid_t study = launch(faulty_study(fault));
    // The one that hangs costs time and nothing else.
    if (fault == "hang")
      studies.emplace_back(fault, study);
    else
      EXPECT_EQ(end_of(study), 6) << errors(fault);
    studies.emplace_back(fault, 0);
  }
  for (const auto& [fault, study] : studies)
    if (study != 0) {
      EXPECT_EQ(end_of(study), 6) << errors(fault);
    }
  for (const auto& [fault, study] : studies) {
    SCOPED_TRACE(fault);
    EXPECT_EQ(trials_in(database(fault), "number < 2 AND outcome IN ('failed', 'timed_out') AND error <> ''"), 2u);
    EXPECT_EQ(tables_of(database(fault), others), expected);
    EXPECT_EQ(damage_of(database(fault)), "");
  }
}

TEST_F(Program, ANetworkFileSystemIsRefusedUnlessItIsAllowed) {
  Launch study = sweep("net", {"--quiet", "--set", "trials=2"});
  study.environment = {{"LD_PRELOAD", TUNER_SHIM}, {"SHIM_NFS", "1"}};
  EXPECT_EQ(run(study), 5);
  EXPECT_NE(errors("net").find("error[storage.cannot_open]"), std::string::npos) << errors("net");
  EXPECT_NE(errors("net").find("network file system (nfs)"), std::string::npos) << errors("net");
  EXPECT_FALSE(fs::exists(database("net")));
  study.arguments.emplace_back("--allow-network-db");
  EXPECT_EQ(run(study), 0) << errors("net");
  study.arguments = {"trials", "sweep", "--db", "net.db"};
  EXPECT_EQ(run(study), 0) << errors("net");  // reading is free
}

}  // namespace
}  // namespace tuner::faults
