// kill -9 at random moments: of the coordinator, or of one of its workers. After each the database is whole and no
// worker is left over; the same command goes on; and the tables at the end are those of a run that nobody disturbed.
//
//   faults_kills [--kills 200] [--lanes 2] [--seed N]
//
// Lanes run side by side, each with its own database. Prints the seed; the moments also depend on the machine.
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <cstring>
#include <iostream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "running.hpp"

namespace {

using namespace tuner::faults;
using Clock = std::chrono::steady_clock;

// A trial whose worker is killed from outside looks like one that ran out of memory.
constexpr const char* kSweep = R"(
method: random
trials: 40
workers: 2
retry: {max: 1000, on: [out_of_memory, crash, exit, protocol]}
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 20000, log_every: 2000}
)";

struct Settings {
  std::uint64_t kills = 200, lanes = 2, seed = std::random_device()();
};

struct Counts {
  std::atomic<std::uint64_t> kills = 0, coordinators = 0, workers = 0, sweeps = 0, stopped = 0;
};

Launch sweep(const Folder& folder, const std::string& name) {
  return {.arguments = {"--config", "sweep.yaml", "--quiet", "--db", name + ".db"},
          .folder = folder.path(),
          .err = folder / (name + ".err")};
}

class Lane {
 public:
  Lane(const Folder& folder, std::string name, std::uint64_t seed, const std::string& expected, double span_ms,
       const Settings& settings, Counts& counts)
      : folder_(folder),
        name_(std::move(name)),
        random_(seed),
        expected_(expected),
        span_ms_(span_ms),
        settings_(settings),
        counts_(counts) {}

  void run() {
    while (counts_.kills < settings_.kills) {
      for (const char* end : {".db", ".db-wal", ".db-shm"}) fs::remove(folder_ / (name_ + end));
      while (!disturbed_run()) {
      }
      if (tables_of(database()) != expected_) throw std::runtime_error("the tables differ");
      if (const std::string damage = damage_of(database()); !damage.empty()) throw std::runtime_error(damage);
      ++counts_.sweeps;
    }
  }

 private:
  [[nodiscard]] fs::path database() const { return folder_ / (name_ + ".db"); }

  // One start of the command. True: it came to its end.
  bool disturbed_run() {
    const pid_t coordinator = launch(sweep(folder_, name_));
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
      if (!workers.empty() && random_() % 2 == 0) {
        ++counts_.workers;
        ::kill(workers[random_() % workers.size()], SIGKILL);
        continue;
      }
      ++counts_.coordinators;
      ::kill(coordinator, SIGKILL);
      ::waitpid(coordinator, &status, 0);
      for (const pid_t worker : workers)
        if (!wait_until([&] { return !is_worker(worker); }, std::chrono::seconds(10)))
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
    // Three workers killed in a row look like the plugin's doing.
    if (code != 6 || words.find("trial.study_stopped") == std::string::npos)
      throw std::runtime_error("exit code " + std::to_string(code) + ": " + words);
    ++counts_.stopped;
    return false;
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
  const std::string& expected_;
  double span_ms_;
  const Settings& settings_;
  Counts& counts_;
};

Settings settings_from(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::uint64_t* value = std::strcmp(argv[i], "--kills") == 0   ? &settings.kills
                           : std::strcmp(argv[i], "--lanes") == 0 ? &settings.lanes
                           : std::strcmp(argv[i], "--seed") == 0  ? &settings.seed
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
  const auto start = Clock::now();
  if (run(sweep(folder, "undisturbed")) != 0) throw std::runtime_error(read_text(folder / "undisturbed.err"));
  // From before the first file is there to about the end.
  const double span_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const std::string expected = tables_of(folder / "undisturbed.db");
  if (expected.empty()) throw std::runtime_error("the undisturbed run left nothing");

  Counts counts;
  std::mutex mutex;
  std::string failures;
  {
    std::vector<std::jthread> lanes;
    for (std::uint64_t i = 0; i < settings.lanes; ++i)
      lanes.emplace_back([&, i] {
        const std::string name = "lane" + std::to_string(i);
        try {
          Lane(folder, name, settings.seed + i, expected, span_ms, settings, counts).run();
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          failures += name + ": " + error.what() + "\n";
        }
      });
  }
  std::cout << counts.kills << " kills (" << counts.coordinators << " coordinators, " << counts.workers << " workers), "
            << counts.sweeps << " sweeps of 40 trials ended with equal tables, " << counts.stopped
            << " quarantines in between, " << std::chrono::duration<double>(Clock::now() - start).count() << " s\n"
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
