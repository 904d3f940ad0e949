// What there is for a trial, read from a made-up /proc and /sys.
#include "tuner/memory.hpp"

#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace tuner::test {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

class MemoryBoundTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    folder_.write(name, text);
  }
  [[nodiscard]] MemoryBound bound(std::uint64_t limit = 0, std::uint32_t workers = 1, bool processes = true) const {
    return memory_bound(limit, workers, processes, folder_.path());
  }
  TemporaryFolder folder_;
};

TEST_F(MemoryBoundTest, WithoutFilesNothingIsKnown) { EXPECT_EQ(bound().bytes, kUncountable); }

TEST_F(MemoryBoundTest, WorkersShareTheFreeMemoryButNotTheLimitOfAProcess) {
  write("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n");
  EXPECT_EQ(bound().bytes, 8 * kGiB);
  EXPECT_EQ(bound().source, "the free memory");
  EXPECT_EQ(bound(0, 4).bytes, 2 * kGiB);
  EXPECT_EQ(bound(0, 4).source, "the free memory, shared by 4 workers");
  EXPECT_EQ(bound(kGiB, 4).bytes, kGiB);
  EXPECT_EQ(bound(kGiB, 4).source, "memory_limit");
  EXPECT_EQ(bound(4 * kGiB, 4, false).bytes, kGiB) << "threads share what a process may have";
}

TEST_F(MemoryBoundTest, AGroupLeavesItsLimitLessWhatIsHeld) {
  write("proc/meminfo", "MemAvailable: 8388608 kB\n");
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(bound().bytes, 8 * kGiB);
  // The group above counts too; file pages that can be dropped do not.
  write("sys/fs/cgroup/a/memory.max", "4294967296\n");
  write("sys/fs/cgroup/a/memory.current", "3221225472\n");
  write("sys/fs/cgroup/a/memory.stat", "anon 1073741824\ninactive_file 2147483648\n");
  EXPECT_EQ(bound().bytes, 3 * kGiB);
  EXPECT_EQ(bound().source, "what the control group leaves");
  EXPECT_EQ(bound(0, 3).bytes, kGiB);
}

TEST_F(MemoryBoundTest, TheFirstVersionOfGroupsCountsAsWell) {
  write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/a\n1:cpu:/\n");
  write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2147483648\n");
  write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "1073741824\n");
  EXPECT_EQ(bound().bytes, kGiB);
  write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "4294967296\n");
  EXPECT_EQ(bound().bytes, 0u) << "more is held than allowed: nothing is left";
}

TEST(Sizes, DoNotOverflow) {
  EXPECT_EQ(saturating_add(2, 3), 5u);
  EXPECT_EQ(saturating_add(kUncountable, 1), kUncountable);
  EXPECT_EQ(saturating_multiply(std::uint64_t{1} << 32, std::uint64_t{1} << 31), std::uint64_t{1} << 63);
  EXPECT_EQ(saturating_multiply(std::uint64_t{1} << 32, std::uint64_t{1} << 32), kUncountable);
}

TEST(Sizes, AreSaidExactlyAndRounded) {
  EXPECT_EQ(size_text(999), "999 bytes");
  EXPECT_EQ(size_text(8'000'136'000'024), "8000136000024 bytes (8 TB)");
  EXPECT_EQ(size_text(kUncountable), "more than 2^64 bytes");
}

}  // namespace
}  // namespace tuner::test
