// Measures how many small trials a second are recorded, by batch size and durability, how long the best run takes to
// find, and whether a trial takes longer to record in a large study than in a small one. Not a test. Build it with:
// ninja storage_speed; run it with a folder on the disk in question and, if wished, the number of trials of the large
// study, or the word growth and how many trials are there before (100000), or the word views.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "study_views.hpp"
#include "tuner/storage/store.hpp"

namespace {

using namespace tuner;
using namespace tuner::storage;

double seconds_of(const std::function<void()>& act) {
  const auto start = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// 5 parameters, 1 metric, 3 plugins.
TrialRecord small_trial(std::uint64_t number) {
  TrialRecord trial;
  trial.id = only_replicate(number);
  trial.parameters = {{"optimizer", "adamw"},
                      {"optimizer.adamw.lr", 1e-3 * static_cast<double>(number % 997)},
                      {"optimizer.adamw.weight_decay", 1e-4},
                      {"training.batch_size", std::int64_t{128}},
                      {"training.shuffle", true}};
  trial.result.value = static_cast<double>(number * 7919 % 1'000'003);
  trial.result.metrics = {{.step = 100, .name = "val_loss", .value = *trial.result.value}};
  for (const char* kind : {"objective", "optimizer", "scheduler"}) {
    trial.plugins.push_back({.kind = kind,
                             .id = "any",
                             .version = "1.0.0",
                             .sha256 = std::string(64, 'a'),
                             .path = "/any.so",
                             .abi_minor = 0,
                             .build_flags = 0,
                             .build = "GCC"});
  }
  return trial;
}

// As of a random search on a black box: 2 parameters, 1 metric, 1 plugin, and values that come in no order.
TrialRecord black_box_trial(std::uint64_t number) {
  std::mt19937_64 random(number);
  std::uniform_real_distribution<double> uniform(-5, 5);
  TrialRecord trial = small_trial(number);
  trial.parameters = {{"objective.x", uniform(random)}, {"objective.y", uniform(random)}};
  trial.result.value = trial.result.best_value = trial.result.last_value = uniform(random) + 5;
  trial.result.metrics.front() = {.step = 0, .name = "loss", .value = *trial.result.value};
  trial.plugins.resize(1);
  return trial;
}

// Of a study in which every configuration has 4.
TrialRecord replicate(std::uint64_t number) {
  TrialRecord trial = small_trial(number);
  trial.id.configuration = number / 4;
  trial.id.replicate = static_cast<std::uint32_t>(number % 4);
  trial.replicates = 4;
  return trial;
}

void record(Store& store, std::uint64_t first, std::uint64_t count, std::uint64_t batch_size,
            TrialRecord (*trial)(std::uint64_t) = small_trial) {
  std::vector<TrialRecord> batch;
  for (std::uint64_t number = first; number < first + count; ++number) {
    batch.push_back(trial(number));
    if (batch.size() == batch_size || number + 1 == first + count) {
      store.record(batch);
      batch.clear();
    }
  }
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// A new study with `trials` trials in it, to which more are recorded, in batches as a sweep of two workers makes them.
class Growing {
 public:
  Growing(const std::filesystem::path& file, std::uint64_t trials) : store_(fresh(file), Access::read_write) {
    StudyRecord record;
    record.name = "growing";
    record.metric = "val_loss";
    store_.open_study(record);
    append(trials);
    wall_ = processor_ = 0;
  }
  void append(std::uint64_t trials) {
    const double before = processor_seconds();
    wall_ += seconds_of([&] { record(store_, next_, trials, 128, black_box_trial); });
    processor_ += processor_seconds() - before;
    next_ += trials;
  }
  [[nodiscard]] double wall() const { return wall_; }
  [[nodiscard]] double processor() const { return processor_; }

 private:
  static const std::filesystem::path& fresh(const std::filesystem::path& file) {
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + part);
    return file;
  }
  Store store_;
  std::uint64_t next_ = 0;
  double wall_ = 0, processor_ = 0;
};

void print_ratio(std::string_view name, std::vector<double> ratios) {
  std::ranges::sort(ratios);
  fmt::print("{}: {:.2f} ({:.2f} to {:.2f})\n", name, ratios[ratios.size() / 2], ratios.front(), ratios.back());
}

// 20,000 trials in a study of `far` trials and 20,000 in one of 1,000, a thousand here and a thousand there, so that
// what else the machine does meets both.
void growth(const std::filesystem::path& folder, std::uint64_t far) {
  std::vector<double> wall, processor;
  for (int round = 0; round < 5; ++round) {
    Growing small(folder / "small.db", 1'000), large(folder / "large.db", far);
    for (int slice = 0; slice < 20; ++slice) small.append(1'000), large.append(1'000);
    wall.push_back(large.wall() / small.wall());
    processor.push_back(large.processor() / small.processor());
    fmt::print("{:6.2f} us a trial after 1,000 trials, {:6.2f} us after {}\n", 50 * small.wall(), 50 * large.wall(),
               far);
  }
  print_ratio("time ratio", wall);
  print_ratio("processor time ratio", processor);
}

StudyRecord study(std::string name) {
  StudyRecord record;
  record.name = std::move(name);
  record.metric = "val_loss";
  return record;
}

constexpr std::uint64_t kViewed = 20'000, kBatch = 128;

// Of which every thousandth has a parameter that no earlier one had.
TrialRecord growing_trial(std::uint64_t number) {
  TrialRecord trial = black_box_trial(number);
  trial.parameters.emplace_back(fmt::format("objective.z{}", number / 1000), 1.0);
  return trial;
}
TrialRecord steady_trial(std::uint64_t number) {
  TrialRecord trial = black_box_trial(number);
  trial.parameters.emplace_back("objective.z0", 1.0);
  return trial;
}

// What the view of a study with its parameters adds to recording: the processor's time of keeping it right, as a share
// of that of the trials, and what it takes when parameters come later, in batches as a sweep of two workers makes them.
void views(const std::filesystem::path& folder) {
  std::vector<double> shares, ratios;
  for (int round = 0; round < 7; ++round) {
    double seconds[2] = {};
    for (const bool grows : {false, true}) {
      const std::filesystem::path file = folder / (grows ? "grows.db" : "steady.db");
      for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + part);
      Store store(file, Access::read_write);
      store.open_study(study("views"));
      const double before = processor_seconds();
      record(store, 0, kViewed, kBatch, grows ? growing_trial : steady_trial);
      seconds[grows ? 1 : 0] = processor_seconds() - before;
    }
    std::vector<TrialRecord> trials;
    for (std::uint64_t number = 0; number < kViewed; ++number) trials.push_back(steady_trial(number));
    Connection connection(folder / "steady.db", Connection::Mode::existing);
    StudyView kept(connection, 1, "views");
    const double before = processor_seconds();
    for (std::uint64_t first = 0; first < kViewed; first += kBatch) {
      StudyView view = kept;
      for (std::uint64_t number = first; number < std::min(first + kBatch, kViewed); ++number)
        view.add(connection, trials[number].parameters);
      kept = std::move(view);
    }
    const double share = (processor_seconds() - before) / seconds[0];
    shares.push_back(100 * share);
    ratios.push_back(seconds[1] / seconds[0]);
    fmt::print("{:6.2f} us a trial, of which the view {:.2f} %; {:6.2f} us with 20 parameters that come later\n",
               1e6 * seconds[0] / kViewed, 100 * share, 1e6 * seconds[1] / kViewed);
  }
  print_ratio("share of the view, %", shares);
  print_ratio("processor time with parameters that come later", ratios);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: storage_speed FOLDER [TRIALS | growth [TRIALS] | views]\n");
    return 2;
  }
  if (argc > 2 && std::string_view(argv[2]) == "growth") {
    growth(argv[1], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 100'000);
    return 0;
  }
  if (argc > 2 && std::string_view(argv[2]) == "views") {
    views(argv[1]);
    return 0;
  }
  const std::filesystem::path file = std::filesystem::path(argv[1]) / "speed.db";
  const std::uint64_t large = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  for (const Durability durability : {Durability::normal, Durability::full}) {
    for (const std::uint64_t batch : {1, 16, 256}) {
      std::filesystem::remove(file);
      Store store(file, Access::read_write, durability);
      store.open_study(study("small"));
      const std::uint64_t count = batch == 1 ? 2'000 : 20'000;
      const double seconds = seconds_of([&] { record(store, 0, count, batch); });
      fmt::print("{} batch {:3}: {:8.0f} trials/s\n", durability == Durability::full ? "full  " : "normal", batch,
                 static_cast<double>(count) / seconds);
    }
  }
  std::filesystem::remove(file);
  Store store(file, Access::read_write);
  store.open_study(study("large"));
  for (std::uint64_t done = 0; done < large; done += large / 10) {
    const double seconds = seconds_of([&] { record(store, done, large / 10, 256); });
    fmt::print("{:8} trials: {:8.0f} trials/s\n", done + large / 10, static_cast<double>(large) / 10 / seconds);
  }
  fmt::print("best:         {:8.3f} ms\n", 1e3 * seconds_of([&] { (void)store.best("large"); }));
  fmt::print("best 100:     {:8.3f} ms\n", 1e3 * seconds_of([&] { (void)store.runs("large", 100, true); }));
  fmt::print("study:        {:8.3f} ms\n", 1e3 * seconds_of([&] { (void)store.study("large"); }));
  fmt::print("finished:     {:8.3f} ms\n", 1e3 * seconds_of([&] { (void)store.finished("large"); }));
  StudyRecord repeated = study("repeated");
  repeated.repeats = 4;
  store.open_study(repeated);
  const double seconds = seconds_of([&] { record(store, 0, large, 256, replicate); });
  fmt::print("4 replicates: {:8.0f} trials/s\n", static_cast<double>(large) / seconds);
  fmt::print("best 100:     {:8.3f} ms\n", 1e3 * seconds_of([&] { (void)store.configurations("repeated", 100); }));
  fmt::print("size:         {:8} MB\n", std::filesystem::file_size(file) / 1'000'000);
  return 0;
}
