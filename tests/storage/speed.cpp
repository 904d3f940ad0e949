// Measures how many small trials a second are recorded, by batch size and durability, and how long the best run takes
// to find. Not a test. Build it with: ninja storage_speed; run it with a folder on the disk in question and, if wished,
// the number of trials of the large study.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

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
  trial.number = number;
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

void record(Store& store, std::uint64_t first, std::uint64_t count, std::uint64_t batch_size) {
  std::vector<TrialRecord> batch;
  for (std::uint64_t number = first; number < first + count; ++number) {
    batch.push_back(small_trial(number));
    if (batch.size() == batch_size || number + 1 == first + count) store.record(batch), batch.clear();
  }
}

StudyRecord study(std::string name) {
  StudyRecord record;
  record.name = std::move(name);
  record.metric = "val_loss";
  return record;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: storage_speed FOLDER [TRIALS]\n");
    return 2;
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
  fmt::print("size:         {:8} MB\n", std::filesystem::file_size(file) / 1'000'000);
  return 0;
}
