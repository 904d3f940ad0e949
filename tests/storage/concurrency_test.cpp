// Readers beside a writer: no error, and never half a batch.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "connection.hpp"
#include "fixture.hpp"

namespace tuner::storage {
namespace {

constexpr std::uint64_t kBatch = 7, kBatches = 150;

class ConcurrencyTest : public StorageTest {
 protected:
  void write_all() {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    for (std::uint64_t number = 0; number < kBatch * kBatches;) {
      std::vector<TrialRecord> batch;
      for (std::uint64_t i = 0; i < kBatch; ++i, ++number) batch.push_back(make_trial(number, 1.0 / (number + 1.0)));
      store.record(batch);
    }
  }
  // Everything a reader can ask, once. Throws where something does not fit together.
  static void read_once(const Store& store) {
    const auto require = [](bool holds, const char* what) {
      if (!holds) throw std::runtime_error(what);
    };
    const StudyRow study = store.study("demo");
    require(study.trials % kBatch == 0, "half a batch");
    const std::vector<RunRow> runs = store.runs("demo", 200);
    require(runs.size() % kBatch == 0 || runs.size() == 200, "half a batch");
    for (const RunRow& run : runs) require(run.parameters.size() == 2, "a trial without its parameters");
    if (const std::optional<RunRow> best = store.best("demo")) {
      require(store.trial("demo", best->number).metrics.size() == 2, "a trial without its metrics");
    }
    (void)table_of(store, "SELECT count(*), avg(value) FROM learning_curves");
  }
};

TEST_F(ConcurrencyTest, EightProcessesReadWhileOneWrites) {
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
  }
  std::vector<pid_t> readers;
  for (int i = 0; i < 8; ++i) {
    readers.push_back(spawn([&] {
      // Half of them open the file anew each time, which meets the writer's first and last moments as well.
      std::optional<Store> kept;
      while (true) {
        if (!kept || i % 2 == 0) kept.emplace(file_, Access::read_only);
        read_once(*kept);
        if (kept->study("demo").trials == kBatch * kBatches) return;
      }
    }));
  }
  const pid_t writer = spawn([&] { write_all(); });
  EXPECT_EQ(wait_for(writer), 0);
  for (const pid_t reader : readers) EXPECT_EQ(wait_for(reader), 0);
  const Store store(file_, Access::read_only);
  EXPECT_EQ(table_of(store, "PRAGMA integrity_check").rows[0][0], Value("ok"));
}

TEST_F(ConcurrencyTest, ThreadsReadWithTheirOwnStores) {
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
  }
  std::atomic<bool> done = false;
  std::atomic<int> errors = 0, reads = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        try {
          const Store store(file_, Access::read_only);
          do {
            read_once(store);
            ++reads;
          } while (!done);
        } catch (const std::exception&) {
          ++errors;
        }
      });
    }
    write_all();
    done = true;
  }
  EXPECT_EQ(errors, 0);
  EXPECT_GE(reads, 4);
}

TEST_F(ConcurrencyTest, TwoStudiesOfOneFileAreWrittenSideBySide) {
  std::vector<pid_t> writers;
  for (const char* name : {"a", "b", "c"}) {
    writers.push_back(spawn([&] {
      Store store(file_, Access::read_write);
      store.open_study(make_study(name));
      for (std::uint64_t number = 0; number < 200; ++number) store.record(std::vector{make_trial(number)});
    }));
  }
  for (const pid_t writer : writers) EXPECT_EQ(wait_for(writer), 0);
  const Store store(file_, Access::read_only);
  for (const StudyRow& study : store.studies()) EXPECT_EQ(study.trials, 200u);
  EXPECT_EQ(store.studies().size(), 3u);
}

// Holds the database locked in a process of its own, from when it returns.
pid_t lock(const std::filesystem::path& file, std::chrono::milliseconds duration) {
  int ready[2];
  if (pipe(ready) != 0) throw std::runtime_error("pipe");
  const pid_t child = spawn([&] {
    Connection connection(file, Connection::Mode::existing);
    const Transaction transaction(connection);
    if (write(ready[1], "x", 1) != 1) throw std::runtime_error("write");
    std::this_thread::sleep_for(duration);
  });
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

TEST_F(ConcurrencyTest, AHeldLockIsAnnouncedAfterTwoSeconds) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  for (const bool is_long : {false, true}) {
    const pid_t child = lock(file_, std::chrono::milliseconds(is_long ? 3500 : 300));
    testing::internal::CaptureStderr();
    store.add_event("started", "");
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(wait_for(child), 0);
    // A machine that is busy may make a short wait a long one.
    if (is_long || !said.empty()) {
      EXPECT_EQ(said, "waiting for another program that has the database locked: " + file_.string() + "\n");
    }
  }
}

}  // namespace
}  // namespace tuner::storage
