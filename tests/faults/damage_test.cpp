// Files that were cut off or whose bits flipped: no command crashes, what is damaged is named, and nobody writes to it.
#include <random>

#include "../storage/fixture.hpp"
#include "running.hpp"
#include "tuner/library.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::faults {
namespace {

using storage::Access;
using storage::Store;
using storage::TrialRecord;

constexpr std::uint64_t kTrials = 60, kBatch = 5;

storage::StudyRecord study() {
  storage::StudyRecord study = storage::make_study();
  study.config_sha256 = sha256_of_text(study.config_text);
  return study;
}

void fill(const fs::path& file) {
  Store store(file, Access::read_write);
  store.open_study(study());
  storage::PluginRecord plugin = storage::make_plugin("sgd");
  plugin.sha256 = std::string(64, 'a');
  for (std::uint64_t number = 0; number < kTrials;) {
    std::vector<TrialRecord> batch;
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      TrialRecord trial = storage::make_trial(number++);
      trial.parameters.emplace_back("objective.hidden", List{std::int64_t{64}, std::int64_t{32}});
      trial.plugins = {plugin};
      trial.result.log = {"a line"};
      for (std::int64_t step = 0; step < 20; ++step)
        trial.result.metrics.push_back({.step = step, .name = "train_loss", .value = 0.5});
      batch.push_back(trial);
    }
    store.record(batch);
  }
}

// What looking at a file can come to.
struct Seen {
  bool found_damaged = false;  // by inspect()
  bool refused = false;        // a reader or a writer threw
  std::uint64_t trials = 0;
};

// Anything but an error of storage, or of a name that the damage changed, goes through and fails the test.
template <class Act>
bool refused(Act act) {
  try {
    act();
    return false;
  } catch (const Error& error) {
    const bool due = exit_code(error.id()) == 5 || error.id() == Message::usage_no_such_study ||
                     error.id() == Message::usage_no_such_trial;
    if (!due) throw;
    return true;
  }
}

Seen look_at(const fs::path& file) {
  Seen seen;
  const std::string before = read_text(file), log = read_text(file.string() + "-wal");
  if (refused([&] { seen.found_damaged = !storage::inspect(file).damage.empty(); })) seen.found_damaged = true;
  if (read_text(file) != before || read_text(file.string() + "-wal") != log) throw std::runtime_error("inspect wrote");
  seen.refused = refused([&] {
    const Store store(file, Access::read_only);
    (void)store.studies();
    for (const auto& run : store.runs("demo")) (void)store.trial("demo", run.number);
    store.query(
        "SELECT * FROM learning_curves", [](const auto&) {}, [](const auto&) {});
    seen.trials = store.finished("demo").size();
  });
  const std::string after_reader = read_text(file);
  if (after_reader != before && log.empty()) throw std::runtime_error("a reader wrote");
  bool opened = false;
  const bool writer_refused = refused([&] {
    Store store(file, Access::read_write);
    opened = true;
    store.open_study(study());
    TrialRecord trial = storage::make_trial(1000);
    store.record(std::vector{trial});
  });
  if (!opened && read_text(file) != after_reader) throw std::runtime_error("a refused writer wrote");
  seen.refused = seen.refused || writer_refused;
  return seen;
}

class Damage : public storage::StorageTest {
 protected:
  Damage() {
    fill(file_);
    whole_ = read_text(file_);
  }
  // A case in a process of its own would cost more than the case: one child takes all of them, and its end tells.
  void in_child(const std::function<void()>& act) {
    const pid_t child = storage::spawn(act);
    EXPECT_EQ(storage::wait_for(child), 0);
  }
  // A damaged copy, alone in its place.
  fs::path put(const std::string& content, const std::string& log = {}, const std::string& memory = {}) {
    const fs::path copy = folder_ / "copy.db";
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(copy.string() + end);
    write_text(copy, content);
    if (!log.empty()) write_text(copy.string() + "-wal", log);
    if (!memory.empty()) write_text(copy.string() + "-shm", memory);
    return copy;
  }
  static void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what);
  }
  std::string whole_;
};

TEST_F(Damage, WholeIsWhole) {
  EXPECT_EQ(damage_of(file_), "");
  const Seen seen = look_at(put(whole_));
  EXPECT_FALSE(seen.found_damaged || seen.refused);
  EXPECT_EQ(seen.trials, kTrials);
}

TEST_F(Damage, CutAtManyPlaces) {
  in_child([&] {
    std::mt19937 random(20261122);
    std::vector<std::size_t> places;
    for (std::size_t size = 4096; size < whole_.size(); size += 4096) places.push_back(size);
    for (int i = 0; i < 60; ++i) places.push_back(1 + random() % (whole_.size() - 1));
    for (const std::size_t size : places) {
      const std::string what = "cut at " + std::to_string(size) + " of " + std::to_string(whole_.size());
      const Seen seen = look_at(put(whole_.substr(0, size)));
      require(seen.found_damaged && seen.refused, what + " is not found");
    }
  });
}

TEST_F(Damage, FlippedBitsInManyPages) {
  in_child([&] {
    std::mt19937 random(20261123);
    const std::size_t pages = whole_.size() / 4096;
    int cases = 0, found = 0;
    for (std::size_t page = 0; page < pages; ++page) {
      for (int i = 0; i < 8; ++i, ++cases) {
        std::string content = whole_;
        // Half of them where a page's own structure stands.
        const std::size_t flips = 1 + random() % 3;
        for (std::size_t n = 0; n < flips; ++n)
          content[page * 4096 + random() % (i % 2 == 0 ? 64 : 4096)] ^= static_cast<char>(1u << (random() % 8));
        if (content == whole_) continue;
        const Seen seen = look_at(put(content));
        found += seen.found_damaged;
      }
    }
    std::cout << cases << " damaged files, " << found << " found by inspect()\n";
    require(found > cases / 4, "hardly any damage was found");
  });
}

TEST_F(Damage, LogsThatAreCutOrFlipped) {
  // Ended without closing: everything stands in the log.
  const fs::path killed = folder_ / "killed.db";
  in_child([&] {
    Store* store = new Store(killed, Access::read_write);  // never closed
    store->open_study(study());
    for (std::uint64_t number = 0; number < 20; number += kBatch) {
      std::vector<TrialRecord> batch;
      for (std::uint64_t i = 0; i < kBatch; ++i) batch.push_back(storage::make_trial(number + i));
      store->record(batch);
    }
  });
  const std::string content = read_text(killed), log = read_text(killed.string() + "-wal"),
                    memory = read_text(killed.string() + "-shm");
  ASSERT_GT(log.size(), 10'000u);
  ASSERT_FALSE(memory.empty());
  in_child([&] {
    require(look_at(put(content, log, memory)).trials == 20, "the log is not read");
    std::mt19937 random(20261124);
    for (int i = 0; i < 60; ++i) {
      const std::size_t size = 100 + random() % (log.size() - 100);
      const std::string what = " of a log cut at " + std::to_string(size);
      require(look_at(put(content, log.substr(0, size), memory)).found_damaged, "nothing is said" + what);
      // As a loss of power leaves it: nobody knows how much there was, and a beginning of it is there.
      require(look_at(put(content, log.substr(0, size))).trials % kBatch == 0, "half a batch" + what);
    }
    // Gone, empty, or without a whole page.
    for (const std::size_t size : {0, 1, 31, 32, 33, 34, 55, 56}) {
      const std::string what = " of a log of " + std::to_string(size) + " bytes";
      for (const bool there : {true, false}) {
        if (!there && size > 0) continue;
        const fs::path copy = put(content, "", memory);
        if (there) write_text(copy.string() + "-wal", log.substr(0, size));
        const Seen seen = look_at(copy);
        require(seen.found_damaged && seen.refused && seen.trials == 0, "nothing is said" + what);
      }
    }
    for (int i = 0; i < 120; ++i) {
      std::string flipped = log;
      const std::size_t place = random() % log.size();
      flipped[place] ^= static_cast<char>(1u << (random() % 8));
      const Seen seen = look_at(put(content, flipped, memory));
      const bool salts = place >= 16 && place < 24;  // of another round, as it seems
      require(seen.found_damaged || seen.trials == 20 || salts, "a flip at " + std::to_string(place) + " lost trials");
    }
  });
}

}  // namespace
}  // namespace tuner::faults
