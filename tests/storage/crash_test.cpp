// kill -9 at any moment: what was recorded is there, whole; what was not is not there at all.
#include <signal.h>

#include <chrono>
#include <random>
#include <thread>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

class CrashTest : public StorageTest {
 protected:
  // Goes on with the study until it is killed, and reports every batch that record() has returned from.
  void write_forever(int report, unsigned seed) {
    std::mt19937 random(seed);
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    std::uint64_t number = store.finished("demo").size();
    while (true) {
      const std::int64_t first = static_cast<std::int64_t>(number);
      const std::int64_t size = std::uniform_int_distribution<std::int64_t>(1, 12)(random);
      std::vector<TrialRecord> batch;
      for (std::int64_t i = 0; i < size; ++i) {
        batch.push_back(make_trial(number++));
        batch.back().parameters = {{"first", first}, {"size", size}};
      }
      store.record(batch);
      const std::uint64_t recorded = number;
      if (::write(report, &recorded, sizeof recorded) != sizeof recorded) return;
    }
  }
};

TEST_F(CrashTest, EveryRecordedBatchSurvivesKillAndIsWhole) {
  constexpr int kRounds = 20;
  std::mt19937 random(20261121);
  std::uint64_t total = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const unsigned seed = random();
    const pid_t child = spawn([&] { write_forever(report[1], seed); });
    close(report[1]);
    // Some are killed while they open the study, the others once they have recorded: a slow machine tests both, too.
    std::uint64_t acknowledged = total, next = 0;
    const int batches = round % 2 == 0 ? 0 : std::uniform_int_distribution(1, 12)(random);
    for (int i = 0; i < batches; ++i) {
      ASSERT_EQ(read(report[0], &next, sizeof next), static_cast<ssize_t>(sizeof next));
      acknowledged = next;
    }
    const int wait_us = std::uniform_int_distribution(500, 40'000)(random);
    std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(wait_for(child), -SIGKILL);
    while (read(report[0], &next, sizeof next) == sizeof next) acknowledged = next;
    close(report[0]);

    Store store(file_, Access::read_write);
    store.open_study(make_study());  // the lease of the killed one counts nothing
    EXPECT_EQ(table_of(store, "PRAGMA integrity_check").rows.at(0).at(0), Value("ok"));
    EXPECT_TRUE(table_of(store, "PRAGMA foreign_key_check").rows.empty());
    total = store.finished("demo").size();
    EXPECT_GE(total, acknowledged);
    // Batches follow each other without gaps, each as large as its trials say, each trial with all its rows.
    EXPECT_TRUE(table_of(store,
                         "SELECT f.value, s.value, count(*) FROM trial_parameters f JOIN trial_parameters s "
                         "USING (study_id, number) WHERE f.name = 'first' AND s.name = 'size' "
                         "GROUP BY f.value HAVING count(*) <> s.value OR min(number) <> f.value")
                    .rows.empty());
    const auto count = static_cast<std::int64_t>(total);
    EXPECT_EQ(table_of(store, "SELECT count(*), max(number) + 1 FROM trials").rows[0][0], Value(count));
    EXPECT_EQ(table_of(store, "SELECT count(*) FROM metrics").rows[0][0], Value(2 * count));
    EXPECT_EQ(table_of(store, "SELECT count(*) FROM trial_parameters").rows[0][0], Value(2 * count));
    EXPECT_EQ(table_of(store,
                       "SELECT count(DISTINCT number), count(*) FROM (SELECT number FROM ranks UNION ALL "
                       "SELECT number FROM recent_ranks)")
                  .rows[0],
              (std::vector<Value>{Value(count), Value(count)}));
  }
  EXPECT_GT(total, 100u);  // the children did write
}

}  // namespace
}  // namespace tuner::storage
