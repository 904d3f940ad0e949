// One coordinator per study, whoever died before.
#include "lease.hpp"

#include <signal.h>
#include <sqlite3.h>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

class LeaseTest : public StorageTest {
 protected:
  // A child that holds the study until it is killed.
  pid_t hold_in_child() {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t child = spawn([&] {
      Store store(file_, Access::read_write);
      store.open_study(make_study());
      if (::write(ready[1], "x", 1) != 1) return;
      while (true) pause();
    });
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
  }
};

TEST_F(LeaseTest, ALivingHolderIsNamed) {
  const pid_t child = hold_in_child();
  Store store(file_, Access::read_write);
  const Error error = error_of([&] { store.open_study(make_study()); });
  EXPECT_EQ(error.id(), Message::storage_busy_study);
  EXPECT_TRUE(says(error, "'demo' is being run by process " + std::to_string(child) + " since 20"));
  EXPECT_EQ(error_of([&] { store.erase_study("demo"); }).id(), Message::storage_busy_study);
  store.open_study(make_study("another"));  // the file itself is not taken
  store.record(std::vector{make_trial(0)});

  kill(child, SIGKILL);
  // Dead but not yet reaped is dead; the lease is taken over at once.
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  store.open_study(make_study());
  store.record(std::vector{make_trial(0)});
  EXPECT_EQ(wait_for(child), -SIGKILL);
}

TEST_F(LeaseTest, TwoStoresOfOneProcessConflictToo) {
  Store first(file_, Access::read_write), second(file_, Access::read_write);
  first.open_study(make_study());
  first.open_study(make_study());  // its own
  EXPECT_TRUE(says(error_of([&] { second.open_study(make_study()); }), std::to_string(getpid())));
  first.open_study(make_study("another"));  // lets go of the first
  second.open_study(make_study());
  EXPECT_EQ(error_of([&] { first.open_study(make_study()); }).id(), Message::storage_busy_study);
  { const Store closed = std::move(second); }
  first.open_study(make_study());
}

TEST_F(LeaseTest, OfManyThatStartAtOnceOneWins) {
  constexpr int kProcesses = 8;
  for (int round = 0; round < 5; ++round) {
    const std::filesystem::path file = folder_ / (std::to_string(round) + ".db");
    int start[2], won[2];
    ASSERT_EQ(pipe(start), 0);
    ASSERT_EQ(pipe(won), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      children.push_back(spawn([&] {
        close(start[1]);
        char byte = 0;
        if (read(start[0], &byte, 1) != 0) return;  // returns when the parent closes the other end
        Store store(file, Access::read_write);      // the file does not exist yet
        try {
          store.open_study(make_study());
        } catch (const Error& error) {
          if (error.id() != Message::storage_busy_study) throw;
          return;
        }
        if (::write(won[1], "x", 1) != 1) throw std::runtime_error("pipe");
        while (true) pause();  // holds the lease to the end of the round
      }));
    }
    close(start[0]);
    close(start[1]);
    close(won[1]);
    // The losers end by themselves, the winner when it is told to.
    int ended = 0, failed = 0;
    while (ended < kProcesses - 1) {
      int status = 0;
      const pid_t loser = waitpid(-1, &status, 0);
      if (loser < 0) break;
      std::erase(children, loser);
      ++ended;
      failed += status != 0;
    }
    EXPECT_EQ(ended, kProcesses - 1);
    EXPECT_EQ(failed, 0);
    char bytes[kProcesses];
    EXPECT_EQ(read(won[0], bytes, 1), 1);  // the winner may have come this far only now
    for (const pid_t child : children) kill(child, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    EXPECT_EQ(read(won[0], bytes, sizeof bytes), 0);  // and there is no second one
    close(won[0]);
  }
}

TEST_F(LeaseTest, AHolderFromBeforeARebootOrOfAReusedPidIsDead) {
  const Process self = this_process();
  EXPECT_TRUE(is_alive(self));
  Process other = self;
  other.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(is_alive(other));
  other = self;
  other.start_ticks += 1;
  EXPECT_FALSE(is_alive(other));
  const pid_t child = spawn([] {});
  EXPECT_EQ(wait_for(child), 0);
  other = self;
  other.pid = child;
  EXPECT_FALSE(is_alive(other));
}

TEST_F(LeaseTest, WhoeverLostItsStudyWritesNoMore) {
  Store first(file_, Access::read_write);
  first.open_study(make_study());
  // Another process that cannot see this one, say from another container, takes the study over.
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "UPDATE studies SET lease_start_ticks = 1", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  Store second(file_, Access::read_write);
  second.open_study(make_study());
  second.record(std::vector{make_trial(0)});
  const Error error = error_of([&] { first.record(std::vector{make_trial(1)}); });
  EXPECT_EQ(error.id(), Message::storage_busy_study);
  EXPECT_TRUE(says(error, "taken over by process"));
  EXPECT_EQ(error_of([&] { first.add_event("a", "b"); }).id(), Message::storage_busy_study);
  { const Store closed = std::move(first); }  // does not take the lease of the second with it
  second.record(std::vector{make_trial(2)});
  second.erase_study("demo");
}

TEST_F(LeaseTest, AStudyErasedUnderItsRunIsNotWritten) {
  Store first(file_, Access::read_write);
  first.open_study(make_study());
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "DELETE FROM studies", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  EXPECT_TRUE(says(error_of([&] { first.record(std::vector{make_trial(1)}); }), "was erased"));
}

}  // namespace
}  // namespace tuner::storage
