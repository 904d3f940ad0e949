// The disk fails at every single write of a small study: the error says so, what was acknowledged is there, the file is
// whole, and the study goes on to the tables of an undisturbed one.
#include <sys/mman.h>

#include "../storage/fixture.hpp"
#include "running.hpp"
#include "tuner/library.hpp"
#include "vfs.hpp"

namespace tuner::faults {
namespace {

using storage::Access;
using storage::Store;
using storage::TrialRecord;

constexpr std::uint64_t kBatches = 3, kBatch = 2;

storage::StudyRecord study() {
  storage::StudyRecord study = storage::make_study();
  study.config_sha256 = sha256_of_text(study.config_text);
  return study;
}

TrialRecord trial(std::uint64_t number) {
  TrialRecord trial = storage::make_trial(number, 1.0 / (1.0 + static_cast<double>(number)));
  storage::PluginRecord plugin = storage::make_plugin("sgd");
  plugin.sha256 = std::string(64, 'a');
  trial.plugins = {plugin};
  // Enough that a batch takes several pages.
  for (std::int64_t step = 0; step < 30; ++step)
    trial.result.metrics.push_back(
        {.step = step, .name = "train_loss", .value = 1.0 / (1.0 + static_cast<double>(step))});
  return trial;
}

// Opens or resumes, records what is missing, closes. `acknowledged` counts what was said to be recorded.
void work(const fs::path& file, Durability durability, std::uint64_t& acknowledged) {
  Store store(file, Access::read_write, durability);
  store.open_study(study());
  std::uint64_t next = store.finished("demo").size();
  acknowledged = next;
  store.add_event("started", "");
  while (next < kBatches * kBatch) {
    std::vector<TrialRecord> batch;
    for (std::uint64_t i = 0; i < kBatch; ++i) batch.push_back(trial(next++));
    store.record(batch);
    acknowledged = next;
  }
}

class StoreFaults : public storage::StorageTest {
 protected:
  StoreFaults() { install_faults(); }
  ~StoreFaults() override { set_faults({}); }

  struct Report {
    std::uint64_t acknowledged = 0;
    bool failed = false, error = false, has_remedy = false;
    Message id{};
    char words[400] = {};
  };
  // In a process of its own: where the disk fails for good its end is what gives the study free.
  Report work_in_child(const FaultPlan& plan, Durability durability) {
    void* memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* shared = new (memory) Report;
    const pid_t child = storage::spawn([&] {
      set_faults(plan);
      try {
        work(file_, durability, shared->acknowledged);
      } catch (const Error& error) {
        shared->error = true;
        shared->id = error.id();
        shared->has_remedy = !error.remedy().empty();
        std::snprintf(shared->words, sizeof shared->words, "%s", error.what());
      }
      shared->failed = written().failed;
    });
    EXPECT_EQ(storage::wait_for(child), 0);
    const Report report = *shared;
    ::munmap(memory, sizeof(Report));
    return report;
  }

  // One run into the fault, a look, and one more run.
  void fail_once(const FaultPlan& plan, Durability durability, const std::string& expected, std::uint64_t& errors) {
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(file_.string() + end);
    const Report report = work_in_child(plan, durability);
    ASSERT_TRUE(report.failed);
    if (report.error) {
      ++errors;
      EXPECT_EQ(report.id, Message::storage_failed) << report.words;
      EXPECT_TRUE(report.has_remedy) << report.words;
    } else {
      EXPECT_EQ(report.acknowledged, kBatches * kBatch);
    }
    if (report.acknowledged > 0) {
      EXPECT_EQ(damage_of(file_), "");
      EXPECT_GE(trials_in(file_), report.acknowledged);
      EXPECT_EQ(trials_in(file_) % kBatch, 0u);
    }
    std::uint64_t all = 0;
    work(file_, durability, all);
    EXPECT_EQ(tables_of(file_), expected);
    EXPECT_EQ(damage_of(file_), "");
  }

  void fail_everywhere(Fault fault) {
    std::uint64_t places = 0, errors = 0;
    for (const Durability durability : {Durability::normal, Durability::full}) {
      const std::string name = durability == Durability::full ? "full" : "normal";
      std::uint64_t all = 0;
      set_faults({});
      const fs::path undisturbed = folder_ / (name + ".db");
      work(undisturbed, durability, all);
      const Written counts = written();
      const std::string expected = tables_of(undisturbed);
      const std::uint64_t operations = fault == Fault::sync_error  ? counts.syncs
                                       : fault == Fault::map_error ? counts.maps
                                                                   : counts.writes;
      ASSERT_GT(operations, 0u);
      for (const bool lasting : {false, true}) {
        if (lasting && fault != Fault::disk_full && fault != Fault::sync_error) continue;
        for (std::uint64_t n = 1; n <= operations; ++n, ++places) {
          SCOPED_TRACE(name + ", operation " + std::to_string(n) + (lasting ? " and all after it" : ""));
          fail_once({.fault = fault, .at = n, .lasting = lasting}, durability, expected, errors);
          if (HasFailure()) return;
        }
      }
    }
    std::cout << places << " places, " << errors << " of them ended the run with an error\n";
    EXPECT_GT(errors, 0u);
  }
};

TEST_F(StoreFaults, AWriteErrorAtEveryWrite) { fail_everywhere(Fault::write_error); }
TEST_F(StoreFaults, AFullDiskAtEveryWrite) { fail_everywhere(Fault::disk_full); }
TEST_F(StoreFaults, HalfAWriteAtEveryWrite) { fail_everywhere(Fault::short_write); }
TEST_F(StoreFaults, AFailedSyncAtEverySync) { fail_everywhere(Fault::sync_error); }
TEST_F(StoreFaults, NoSharedMemoryAtEveryMap) { fail_everywhere(Fault::map_error); }

TEST_F(StoreFaults, ABatchIsOneSync) {
  for (const Durability durability : {Durability::normal, Durability::full}) {
    fs::remove(file_);
    Store store(file_, Access::read_write, durability);
    store.open_study(study());
    set_faults({});
    std::vector<TrialRecord> batch;
    for (std::uint64_t number = 0; number < 20; ++number) batch.push_back(trial(number));
    store.record(batch);
    // With `normal` the log is synced only when it is moved into the file.
    EXPECT_EQ(written().syncs, durability == Durability::full ? 1u : 0u);
  }
}

}  // namespace
}  // namespace tuner::faults
