// kill -9 at random moments: of the coordinator, or of one of its workers. After each the database is whole and no
// worker is left over; the same command goes on; and the tables at the end are those of a run that nobody disturbed.
//
//   faults_kills [--kills 200] [--lanes 2] [--seed N] [--programs 0] [--searchers 0]
//
// Lanes run side by side, each with its own database: by turns a random search, and an LR range test, which goes on
// from its journal. With --searchers 1 they search by tpe and by cmaes, and at random with the pruner threshold,
// instead: then the process of the searcher or pruner is killed as well. With --programs 1 all of them search over a
// program: then programs are killed as well, and all of a study's processes in one instant; what a program has started
// must be gone at the end. Prints the seed; the moments also depend on the machine.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iostream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "running.hpp"
#include "tuner/program/processes.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/value.hpp"

namespace {

using namespace tuner;
using namespace tuner::faults;
using Clock = std::chrono::steady_clock;

constexpr const char* kSweep = R"(
method: random
trials: 40
workers: 2
retry: {max: 1000, on: [killed, crash, exit, protocol]}
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 20000, log_every: 2000}
)";

constexpr const char* kTest = R"(
workers: 2
retry: {max: 1000, on: [killed, crash, exit, protocol]}
objective: {plugin: noisy_quadratic, dim: 20, condition: 100}
optimizer: {one_of: [{plugin: sgd, momentum: 0.9}, adam]}
training: {steps: 10, batch_size: 16}
lr_range: {lr_min: 1e-4, lr_max: 10, steps: 300, seeds: 2, grid: {points: 5, steps: 600}, stability: {steps: 256, precision: 0.05}}
)";

// Its child leaves its process group and its session.
constexpr const char* kProgram = R"(
method: random
trials: 30
workers: 2
retry: {max: 1000, on: [killed]}
objective:
  command: [sh, -c, 'setsid sleep 1000 & sleep 0.03; echo ${x}; for i in 1 2; do echo "{\"step\":$i,\"y\":$i}"; done; sleep 0.03; echo ${x} > $TUNER_CHECKPOINT/x; kill $!']
  parameters: {x: {min: 0.0, max: 1.0}}
  metrics: {y: }
)";

// Its parameters are of every form.
constexpr const char* kLearning = R"(
method: {name: NAME, lag: 4}
trials: 60
workers: 2
retry: {max: 1000, on: [killed, crash, exit, protocol]}
objective: rosenbrock
optimizer:
  plugin: adam
  lr: {min: 1e-3, max: 1e-1, scale: log}
  beta1: {values: [0.5, 0.9, 0.99]}
  beta2: {min: 0.9, max: 0.999, step: 0.001}
training: {steps: {min: 5000, max: 9000}, log_every: 2000}
)";

// A pruner that judges each trial by itself. What others decide depends on the order in which reports come, and a trial
// whose worker was killed reports later.
constexpr const char* kPruned = R"(
method: random
trials: 60
workers: 2
retry: {max: 1000, on: [killed, crash, exit, protocol]}
pruner: {name: threshold, upper: 3.5, warmup: 1000, interval: 1000}
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 16000, log_every: 250}
)";

// What is run, and what an undisturbed run of it is like.
struct Kind {
  std::vector<std::string> arguments;
  bool is_program = false;
  double span_ms = 0;         // from before the first file is there to about the end
  std::string expected = {};  // tables
};

struct Settings {
  std::uint64_t kills = 200, lanes = 2, seed = std::random_device()(), programs = 0, searchers = 0;
};

struct Counts {
  std::atomic<std::uint64_t> kills = 0, coordinators = 0, workers = 0, programs = 0, all = 0, sweeps = 0, stopped = 0;
};

Launch start_of(const Kind& kind, const Folder& folder, const std::string& name) {
  std::vector<std::string> arguments = kind.arguments;
  arguments.insert(arguments.end(), {"--quiet", "--db", name + ".db"});
  return {.arguments = std::move(arguments), .folder = folder.path(), .err = folder / (name + ".err")};
}

// With the journal of a search that learns, and with what it suggests.
std::string everything_in(const fs::path& database) {
  const storage::Store store(database, storage::Access::read_only);
  std::string text = tables_of(database);
  for (const char* table : {"proposals", "observations", "learning_rates"})
    store.query(
        std::string("SELECT * FROM ") + table, [](const std::vector<std::string>&) {},
        [&](const std::vector<Value>& cells) {
          for (const Value& cell : cells) text += to_json(cell) + " ";
          text += "\n";
        });
  return text;
}

// The line in which two texts differ first, of both.
std::string first_difference(const std::string& expected, const std::string& now) {
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(expected, now).in1 - expected.begin());
  const std::size_t begin = at == 0 ? 0 : expected.rfind('\n', at - 1) + 1;
  const auto line = [&](const std::string& text) { return text.substr(begin, text.find('\n', at) - begin); };
  return line(expected) + " | " + line(now);
}

// Why trials failed.
std::string errors_in(const fs::path& database) {
  std::string text;
  storage::Store(database, storage::Access::read_only)
      .query(
          "SELECT number, outcome, error FROM runs WHERE outcome NOT IN ('completed', 'cancelled')",
          [](const std::vector<std::string>&) {},
          [&](const std::vector<Value>& cells) {
            for (const Value& cell : cells) text += to_json(cell) + " ";
          });
  return text;
}

class Lane {
 public:
  Lane(const Folder& folder, std::string name, std::uint64_t seed, const Kind& kind, const Settings& settings,
       Counts& counts)
      : folder_(folder), name_(std::move(name)), random_(seed), kind_(kind), settings_(settings), counts_(counts) {}

  void run() {
    while (counts_.kills < settings_.kills) {
      for (const char* end : {".db", ".db-wal", ".db-shm"}) fs::remove(folder_ / (name_ + end));
      while (!disturbed_run()) {
      }
      check_nothing_is_left();
      if (const std::string now = everything_in(database()); now != kind_.expected)
        throw std::runtime_error("the tables differ: " + first_difference(kind_.expected, now));
      if (const std::string damage = damage_of(database()); !damage.empty()) throw std::runtime_error(damage);
      ++counts_.sweeps;
    }
  }

 private:
  [[nodiscard]] fs::path database() const { return folder_ / (name_ + ".db"); }

  // One start of the command. True: it came to its end.
  bool disturbed_run() {
    const pid_t coordinator = launch(start_of(kind_, folder_, name_));
    for (;;) {
      const double wait_ms = std::uniform_real_distribution<double>(0, kind_.span_ms)(random_);
      const auto moment = Clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(wait_ms * 1000));
      int status = 0;
      while (Clock::now() < moment || counts_.kills >= settings_.kills) {
        if (::waitpid(coordinator, &status, WNOHANG) == coordinator) return ended(status);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      const std::vector<pid_t> workers = children_of(coordinator);
      ++counts_.kills;
      bool all = false;
      if (kind_.is_program && !workers.empty()) {
        const auto choice = random_() % 4;
        std::vector<pid_t> programs;
        for (const pid_t worker : workers)
          for (const pid_t program : children_of(worker)) programs.push_back(program);
        if (choice == 0 && !programs.empty()) {
          ++counts_.programs;
          ::kill(programs[random_() % programs.size()], SIGKILL);
          continue;
        }
        if (choice == 1) {  // all at once; the coordinator follows below
          ++counts_.all;
          all = true;
          for (const pid_t worker : workers) ::kill(worker, SIGKILL);
          for (const pid_t program : programs) ::kill(program, SIGKILL);
        }
      }
      if (!all && !workers.empty() && random_() % 2 == 0) {
        ++counts_.workers;
        ::kill(workers[random_() % workers.size()], SIGKILL);
        continue;
      }
      ++counts_.coordinators;
      ::kill(coordinator, SIGKILL);
      ::waitpid(coordinator, &status, 0);
      for (const pid_t worker : workers)
        if (!wait_until([&] { return !is_worker(worker); }))
          throw std::runtime_error("worker " + std::to_string(worker) + " outlives its coordinator");
      if (WIFEXITED(status)) return ended(status);
      check_file();
      return false;
    }
  }

  bool ended(int status) {
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 0) return true;
    const std::string words = read_text(folder_ / (name_ + ".err"));
    // Three workers killed in a row look like the plugin's doing, and so does the one that plugins are asked in first.
    const bool in_a_row = code == 6 && words.find("trial.study_stopped") != std::string::npos;
    const bool at_first = code == 4 && words.find("crashed with signal 9") != std::string::npos;
    if (!in_a_row && !at_first)
      throw std::runtime_error("exit code " + std::to_string(code) + ": " + words + errors_in(database()));
    ++counts_.stopped;
    return false;
  }

  // Of a program, and of all that it has started, once its study has come to its end.
  void check_nothing_is_left() {
    if (!kind_.is_program) return;
    const fs::path folder = fs::weakly_canonical(database()).string() + ".checkpoints";
    if (const auto left = program::end_processes_of(program::study_key(folder / "program")); left > 0)
      throw std::runtime_error(std::to_string(left) + " processes are left over");
    if (fs::exists(folder)) throw std::runtime_error("files of trials are left over");
  }

  // Whole, or not yet there.
  void check_file() {
    if (!fs::exists(database())) return;
    const std::string damage = damage_of(database());
    if (!damage.empty() && damage.find("it is empty") == std::string::npos) throw std::runtime_error(damage);
  }

  const Folder& folder_;
  std::string name_;
  std::mt19937_64 random_;
  const Kind& kind_;
  const Settings& settings_;
  Counts& counts_;
};

Settings settings_from(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::uint64_t* value = std::strcmp(argv[i], "--kills") == 0       ? &settings.kills
                           : std::strcmp(argv[i], "--lanes") == 0     ? &settings.lanes
                           : std::strcmp(argv[i], "--seed") == 0      ? &settings.seed
                           : std::strcmp(argv[i], "--programs") == 0  ? &settings.programs
                           : std::strcmp(argv[i], "--searchers") == 0 ? &settings.searchers
                                                                      : nullptr;
    if (value == nullptr) throw std::runtime_error(std::string("no option ") + argv[i]);
    *value = std::stoull(argv[i + 1]);
  }
  return settings;
}

int run_all(const Settings& settings) {
  std::cout << "seed " << settings.seed << std::endl;
  const Folder folder;
  write_text(folder / "sweep.yaml", kSweep);
  write_text(folder / "test.yaml", kTest);
  write_text(folder / "program.yaml", kProgram);
  const auto start = Clock::now();
  std::vector<Kind> kinds{{.arguments = {"--config", "sweep.yaml"}},
                          {.arguments = {"lr-range", "--config", "test.yaml"}}};
  if (settings.programs != 0) kinds = {{.arguments = {"--config", "program.yaml"}, .is_program = true}};
  if (settings.searchers != 0) {
    kinds.clear();
    for (const std::string name : {"tpe", "cmaes"}) {
      std::string sweep = kLearning;
      write_text(folder / (name + ".yaml"), sweep.replace(sweep.find("NAME"), 4, name));
      kinds.push_back({.arguments = {"--config", name + ".yaml"}});
    }
    write_text(folder / "pruned.yaml", kPruned);
    kinds.push_back({.arguments = {"--config", "pruned.yaml"}});
  }
  for (Kind& kind : kinds) {
    const std::string name = "undisturbed" + std::to_string(&kind - kinds.data());
    const auto begun = Clock::now();
    if (run(start_of(kind, folder, name)) != 0) throw std::runtime_error(read_text(folder / (name + ".err")));
    kind.span_ms = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    kind.expected = everything_in(folder / (name + ".db"));
    if (kind.expected.empty()) throw std::runtime_error("the undisturbed run left nothing");
  }

  Counts counts;
  std::mutex mutex;
  std::string failures;
  {
    std::vector<std::jthread> lanes;
    for (std::uint64_t i = 0; i < settings.lanes; ++i)
      lanes.emplace_back([&, i] {
        const std::string name = "lane" + std::to_string(i);
        try {
          Lane(folder, name, settings.seed + i, kinds[i % kinds.size()], settings, counts).run();
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          failures += name + ": " + error.what() + "\n";
        }
      });
  }
  std::cout << counts.kills << " kills (" << counts.coordinators << " coordinators, " << counts.workers << " workers, "
            << counts.programs << " programs, " << counts.all << " times all of a study), " << counts.sweeps
            << " studies ended with equal tables, " << counts.stopped
            << " starts in between ended as if a plugin had crashed, "
            << std::chrono::duration<double>(Clock::now() - start).count() << " s\n"
            << failures;
  return failures.empty() && counts.kills >= settings.kills && counts.sweeps > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_all(settings_from(argc, argv));
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
    return 1;
  }
}
