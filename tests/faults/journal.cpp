// Searchers that learn and pruners: the same study on any number of workers and after kill -9 at random moments, with a
// searcher that is sensitive to every bit and to the order of what it is told; and decisions that outlive a coordinator
// that is killed after it recorded them and before the trial hears of them.
//
//   faults_journal [--kills 200] [--lanes 2] [--seed N]
//
// Prints its seed; the moments also depend on the machine. The program is its own coordinator and its own worker.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "../unit/order_sensitive.hpp"
#include "running.hpp"
#include "tuner/config/config.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/library.hpp"
#include "tuner/search/plugin_pruner.hpp"
#include "tuner/study/coordinator.hpp"

namespace {

using namespace tuner;
using namespace tuner::faults;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kTrials = 40, kLag = 8;
constexpr const char* kSweep = R"(
study: learned
method: random
trials: 40
metric: {name: loss, goal: minimize}
retry: {max: 1000, on: [killed, crash, exit, protocol]}
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}, beta1: {min: 0.5, max: 0.95}}
training: {steps: 20000, log_every: 2000}
)";

// Which pruner a study has.
//   none
//   own    decides by the trial's own measurement: the same on any number of workers
//   order  decides by everything that it was told, and in which order
//   stop   would stop every trial
//   cohorts  pauses all trials at a rung until eight are there: the same on any number of workers
enum class Pruning { none, own, order, stop, cohorts };
constexpr const char* kPrunings[] = {"none", "own", "order", "stop", "cohorts"};
constexpr const char* kCohorts = "pruner: {name: successive_halving, eta: 2, min_steps: 4000, cohort: 8}\n";

class TestPruner : public search::Pruner {
 public:
  explicit TestPruner(Pruning pruning) : pruning_(pruning) {}
  [[nodiscard]] std::int64_t first_step() const override { return 4000; }
  void observe(const search::Judged& judged) override { told_ = (told_ * 0x9e3779b97f4a7c15ull) ^ hash(judged); }
  [[nodiscard]] Decision decide(const search::Judged& judged) const override {
    const std::uint64_t bits = pruning_ == Pruning::order ? told_ : hash(judged);
    return {.what = pruning_ == Pruning::stop || bits % 4 == 0 ? Decision::What::stop : Decision::What::go_on,
            .next = judged.step + 4000};
  }

 private:
  static std::uint64_t hash(const search::Judged& judged) {
    std::uint64_t z = std::bit_cast<std::uint64_t>(judged.value.value_or(0)) + judged.number * 31 +
                      static_cast<std::uint64_t>(judged.step);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  Pruning pruning_;
  std::uint64_t told_ = 1;
};

// Passes everything on, and kills this process at one of the answers, before it is sent.
class KilledAtAnAnswer : public executor::Executor {
 public:
  KilledAtAnAnswer(std::unique_ptr<executor::Executor> executor, std::uint64_t answers)
      : executor_(std::move(executor)), left_(answers) {}
  void submit(executor::Job job) override { executor_->submit(std::move(job)); }
  [[nodiscard]] std::size_t pending() const override { return executor_->pending(); }
  [[nodiscard]] executor::Events wait(std::chrono::milliseconds longest) override { return executor_->wait(longest); }
  void answer(std::uint64_t number, const Decision& decision) override {
    if (left_ > 0 && --left_ == 0) ::raise(SIGKILL);
    executor_->answer(number, decision);
  }
  void drop_queued() override { executor_->drop_queued(); }
  void cancel() override { executor_->cancel(); }
  [[nodiscard]] std::vector<executor::Running> running() const override { return executor_->running(); }
  [[nodiscard]] int checkpoint_error() const override { return executor_->checkpoint_error(); }

 private:
  std::unique_ptr<executor::Executor> executor_;
  std::uint64_t left_;
};

struct Start {
  fs::path database;
  std::uint32_t workers = 1;
  Pruning pruning = Pruning::none;
  std::uint64_t kill_at_answer = 0;  // 0: never
};

// The coordinator, in a process of its own: 0 where the study came to its end.
int coordinate(const Start& start) {
  Catalogue catalogue;
  catalogue.add_folder(TUNER_PLUGIN_DIR);
  Study study = config::parse_study(kSweep + std::string(start.pruning == Pruning::cohorts ? kCohorts : ""),
                                    "sweep.yaml", start.database.parent_path(), catalogue);
  study.run.workers = start.workers;
  study.run.checkpoint.folder = start.database.string() + ".checkpoints";
  executor::WorkerSetup setup{.libraries = {},
                              .config_text = study.source.text,
                              .config_name = study.source.path,
                              .config_folder = study.source.folder,
                              .overrides = {},
                              .metric = study.plan.metric.name,
                              .goal = study.plan.metric.goal,
                              .checkpoint_folder = study.run.checkpoint.folder.string(),
                              .checkpoint_identity = checkpoint_identity(study.plan)};
  for (const Plugin* plugin : plugins_of(study.plan))
    setup.libraries.push_back({plugin->library().path.string(), plugin->library().sha256});
  storage::Store store(start.database, storage::Access::read_write);
  store.open_study({.name = study.plan.name,
                    .config_text = study.source.text,
                    .config_sha256 = sha256_of_text(study.source.text),
                    .plan = canonical_plan(study.plan),
                    .metric = study.plan.metric.name,
                    .goal = study.plan.metric.goal,
                    .seed = study.plan.seed,
                    .tuner_version = "1.0.0"});
  KilledAtAnAnswer executor(executor::make_process_executor(study, setup, "/proc/self/exe"), start.kill_at_answer);
  test::OrderSensitive searcher(study.plan, kTrials);
  std::unique_ptr<search::Pruner> pruner = std::make_unique<TestPruner>(start.pruning);
  if (start.pruning == Pruning::cohorts)
    pruner = std::make_unique<search::PluginPruner>(
        study.plan, search::EngineSetup{.lag = kLag, .trials = kTrials, .budget = 20000}, search::make_prune_engine);
  const executor::InterruptCounter interrupts;
  const study::StudyStatus status =
      study::run_study(study, searcher, store, executor, interrupts, [](auto&&...) {},
                       {.lag = kLag, .pruner = start.pruning == Pruning::none ? nullptr : pruner.get()});
  std::cerr << status.reason;
  return status.ending == study::Ending::finished ? 0 : status.ending == study::Ending::stopped ? 6 : 1;
}

pid_t launch(const Start& start) {
  const std::string workers = std::to_string(start.workers), answers = std::to_string(start.kill_at_answer);
  const std::string errors = start.database.string() + ".err";
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child != 0) return child;
  if (std::freopen(errors.c_str(), "w", stderr) == nullptr) ::_exit(126);
  ::execl("/proc/self/exe", "faults_journal", "coordinate", start.database.c_str(), workers.c_str(),
          kPrunings[static_cast<int>(start.pruning)], answers.c_str(), nullptr);
  ::_exit(127);
}

Start start_from(char** argv) {
  Start start{.database = argv[2], .workers = static_cast<std::uint32_t>(std::stoul(argv[3]))};
  start.pruning = static_cast<Pruning>(std::ranges::find(kPrunings, std::string_view(argv[4])) - kPrunings);
  start.kill_at_answer = std::stoull(argv[5]);
  return start;
}

std::vector<std::string> rows_of(const fs::path& database, const std::string& sql) {
  const storage::Store store(database, storage::Access::read_only);
  std::vector<std::string> rows;
  store.query(
      sql, [](const std::vector<std::string>&) {},
      [&](const std::vector<Value>& cells) {
        rows.emplace_back();
        for (const Value& cell : cells) rows.back() += to_json(cell) + " ";
      });
  return rows;
}

// Entries of the three tables are numbered together, and reports come in the order in which trials reach their steps.
constexpr const char* kReports = "SELECT number, step, value, decision, next_step FROM reports ORDER BY number, step";

std::string everything_in(const fs::path& database) {
  std::string text = tables_of(database);
  for (const char* sql :
       {"SELECT proposal, configuration, parameters FROM proposals ORDER BY entry",
        "SELECT proposal, configuration, outcome, last_step, budget, replicates, replicate_values, mean, "
        "standard_deviation FROM observations ORDER BY entry",
        "SELECT o.configuration, (SELECT max(p.proposal) FROM proposals AS p WHERE p.entry < o.entry) FROM "
        "observations "
        "AS o ORDER BY o.entry",
        kReports, "SELECT number, outcome, last_step, value FROM ends ORDER BY number, last_step, outcome",
        "SELECT number, decision, next_step, why FROM reviews ORDER BY number, why"})
    for (const std::string& row : rows_of(database, sql)) text += row + "\n";
  return text;
}

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void run_whole(const Start& start) {
  const int end = end_of(launch(start));
  expect(end == 0, start.database.filename().string() + " ended with " + std::to_string(end) + ": " +
                       read_text(start.database.string() + ".err"));
  expect(damage_of(start.database).empty(), damage_of(start.database));
}

void remove_database(const fs::path& database) {
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(database.string() + end);
  fs::remove_all(database.string() + ".checkpoints");
}

// The same study on any number of workers, with a pruner and without.
std::map<Pruning, std::string> same_on_any_number_of_workers(const Folder& folder) {
  std::map<Pruning, std::string> of_pruning;
  for (const Pruning pruning : {Pruning::none, Pruning::own, Pruning::cohorts}) {
    std::string expected;
    for (const std::uint32_t workers : {1u, 2u, 8u}) {
      const fs::path database = folder / (std::string(kPrunings[static_cast<int>(pruning)]) + std::to_string(workers));
      run_whole({.database = database, .workers = workers, .pruning = pruning});
      const std::string found = everything_in(database);
      if (expected.empty()) expected = found;
      expect(found == expected, std::to_string(workers) + " workers made another study than one");
    }
    expect(rows_of(folder / (std::string(kPrunings[static_cast<int>(pruning)]) + "1"), "SELECT 1 FROM runs").size() ==
               kTrials,
           "trials are missing");
    of_pruning[pruning] = expected;
    if (pruning == Pruning::none) continue;
    for (const char* what : {"\"pruned\"", "\"completed\"", "\"stop\"", "\"continue\""})
      expect(expected.find(what) != std::string::npos, std::string("there is nothing that is ") + what);
  }
  return of_pruning;
}

// What was decided is what became of the trials.
void check_outcomes(const fs::path& database) {
  const auto wrong =
      rows_of(database,
              "SELECT t.number, t.outcome, t.steps FROM runs AS t LEFT JOIN reports AS r ON r.number = "
              "t.number AND r.decision = 'stop' WHERE (r.number IS NULL) <> (t.outcome = 'completed') OR "
              "(t.outcome = 'pruned' AND t.steps IS NOT r.step)");
  expect(wrong.empty(), wrong.empty() ? "" : "a trial is not what was decided: " + wrong.front());
}

// The coordinator is killed after it recorded a decision and before it sends it; what goes on would decide otherwise.
void decisions_outlive_the_coordinator(const Folder& folder) {
  const fs::path database = folder / "answers";
  for (std::uint64_t answer = 1; answer <= 12; ++answer) {
    remove_database(database);
    const int end = end_of(launch({.database = database, .pruning = Pruning::order, .kill_at_answer = answer}));
    expect(end == -SIGKILL, "the coordinator was to be killed at an answer, and ended with " + std::to_string(end));
    const auto before = rows_of(database, kReports);
    expect(before.size() == answer, std::to_string(before.size()) + " decisions are recorded before answer " +
                                        std::to_string(answer) + " is sent");
    run_whole({.database = database, .pruning = Pruning::stop});
    const auto after = rows_of(database, kReports);
    for (const std::string& row : before)
      expect(std::ranges::find(after, row) != after.end(), "a decision was forgotten: " + row);
    expect(rows_of(database, "SELECT 1 FROM reports WHERE decision = 'continue'").size() ==
               static_cast<std::size_t>(std::ranges::count_if(
                   before, [](const std::string& row) { return row.find("continue") != std::string::npos; })),
           "what was decided before was decided again");
    check_outcomes(database);
  }
}

struct Request {
  std::uint64_t kills = 200, lanes = 2, seed = std::random_device()();
};

struct Counts {
  std::atomic<std::uint64_t> kills = 0, coordinators = 0, workers = 0, studies = 0;
};

class Lane {
 public:
  Lane(const Folder& folder, std::uint64_t index, const std::map<Pruning, std::string>& expected, double span_ms,
       const Request& settings, Counts& counts)
      : database_(folder / ("lane" + std::to_string(index))),
        random_(settings.seed + index),
        expected_(expected),
        span_ms_(span_ms),
        settings_(settings),
        counts_(counts) {}

  // By turns with a pruner that pauses, with one whose decisions do not depend on the order of reports, and with one
  // whose decisions do.
  void run() {
    for (std::uint64_t round = 0; counts_.kills < settings_.kills; ++round) {
      pruning_ = std::array{Pruning::cohorts, Pruning::own, Pruning::cohorts, Pruning::order}[round % 4];
      decided_.clear();
      remove_database(database_);
      while (!disturbed_run()) {
      }
      if (const auto expected = expected_.find(pruning_); expected != expected_.end())
        expect(everything_in(database_) == expected->second, "the tables differ");
      expect(damage_of(database_).empty(), damage_of(database_));
      keep_decisions();
      if (pruning_ != Pruning::cohorts) check_outcomes(database_);
      ++counts_.studies;
    }
  }

 private:
  // One start. True: it came to its end.
  bool disturbed_run() {
    const pid_t coordinator = launch({.database = database_, .workers = 2, .pruning = pruning_});
    for (;;) {
      const double wait_ms = std::uniform_real_distribution<double>(0, span_ms_)(random_);
      const auto moment = Clock::now() + std::chrono::microseconds(static_cast<std::int64_t>(wait_ms * 1000));
      int status = 0;
      while (Clock::now() < moment || counts_.kills >= settings_.kills) {
        if (::waitpid(coordinator, &status, WNOHANG) == coordinator) return ended(status);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      const std::vector<pid_t> workers = children_of(coordinator);
      ++counts_.kills;
      if (!workers.empty() && random_() % 3 == 0) {
        ++counts_.workers;
        ::kill(workers[random_() % workers.size()], SIGKILL);
        continue;
      }
      ++counts_.coordinators;
      ::kill(coordinator, SIGKILL);
      ::waitpid(coordinator, &status, 0);
      if (WIFEXITED(status)) return ended(status);
      keep_decisions();
      return false;
    }
  }

  bool ended(int status) {
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    // Three workers killed in a row look like the plugin's doing, and the study stops until it is started again.
    expect(code == 0 || code == 6, "exit code " + std::to_string(code) + ": " + read_text(database_.string() + ".err"));
    return code == 0;
  }

  // Whatever was decided stays as it was.
  void keep_decisions() {
    if (!fs::exists(database_) || damage_of(database_).find("it is empty") != std::string::npos) return;
    const auto now = rows_of(database_, kReports);
    const std::set<std::string> known(now.begin(), now.end());
    for (const std::string& row : decided_) expect(known.contains(row), "a decision was changed or forgotten: " + row);
    decided_ = now;
  }

  fs::path database_;
  std::mt19937_64 random_;
  const std::map<Pruning, std::string>& expected_;
  double span_ms_;
  const Request& settings_;
  Counts& counts_;
  Pruning pruning_ = Pruning::own;
  std::vector<std::string> decided_;
};

void same_after_kills(const Folder& folder, const Request& settings, const std::map<Pruning, std::string>& expected) {
  const auto start = Clock::now();
  run_whole({.database = folder / "span", .workers = 2, .pruning = Pruning::own});
  const double span_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  Counts counts;
  std::mutex mutex;
  std::string failures;
  {
    std::vector<std::jthread> lanes;
    for (std::uint64_t i = 0; i < settings.lanes; ++i)
      lanes.emplace_back([&, i] {
        try {
          Lane(folder, i, expected, span_ms, settings, counts).run();
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          failures += "lane " + std::to_string(i) + ": " + error.what() + "\n";
        }
      });
  }
  std::cout << counts.kills << " kills (" << counts.coordinators << " coordinators, " << counts.workers << " workers), "
            << counts.studies << " studies of " << kTrials << " trials ended as they should, "
            << std::chrono::duration<double>(Clock::now() - start).count() << " s\n";
  expect(failures.empty() && counts.studies > 0, failures.empty() ? "no study came to its end" : failures);
}

Request settings_from(int argc, char** argv) {
  Request settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::uint64_t* value = std::strcmp(argv[i], "--kills") == 0   ? &settings.kills
                           : std::strcmp(argv[i], "--lanes") == 0 ? &settings.lanes
                           : std::strcmp(argv[i], "--seed") == 0  ? &settings.seed
                                                                  : nullptr;
    expect(value != nullptr, std::string("no option ") + argv[i]);
    *value = std::stoull(argv[i + 1]);
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 1 && std::strcmp(argv[1], "worker") == 0) {
      // Nobody asks this one anything.
      return executor::run_worker([](const executor::Inspected&, std::string_view) { return std::string(); });
    }
    if (argc > 1 && std::strcmp(argv[1], "coordinate") == 0) return coordinate(start_from(argv));
    const Request settings = settings_from(argc, argv);
    std::cout << "seed " << settings.seed << std::endl;
    const Folder folder;
    const std::map<Pruning, std::string> expected = same_on_any_number_of_workers(folder);
    decisions_outlive_the_coordinator(folder);
    same_after_kills(folder, settings, expected);
    return 0;
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
    return 1;
  }
}
