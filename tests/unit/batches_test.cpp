// The order of the samples.
#include "batches.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "trial_fixture.hpp"

namespace tuner::test {
namespace {

using Indices = std::vector<std::uint64_t>;

TrainingSettings batches_of(std::int64_t size, Shuffle shuffle = Shuffle::every_epoch, bool drop = false) {
  TrainingSettings settings;
  settings.batch_size = size;
  settings.shuffle = shuffle;
  settings.drop_remainder = drop;
  return settings;
}
Indices batch(Batches& batches, std::int64_t step) {
  const auto span = batches.at(step);
  return {span.begin(), span.end()};
}
// All batches of one epoch, one after another.
Indices epoch(Batches& batches, std::int64_t number) {
  Indices all;
  for (std::int64_t s = 0; s < batches.steps_per_epoch(); ++s)
    for (const std::uint64_t i : batch(batches, number * batches.steps_per_epoch() + s)) all.push_back(i);
  return all;
}
Indices in_order(std::uint64_t n) {
  Indices all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}
Indices sorted(Indices all) {
  std::ranges::sort(all);
  return all;
}

TEST(Batches, EveryEpochIsAPermutation) {
  Batches batches(103, batches_of(10), 1, 0);
  EXPECT_EQ(batches.steps_per_epoch(), 11);
  std::set<Indices> orders;
  for (std::int64_t e = 0; e < 20; ++e) {
    const Indices order = epoch(batches, e);
    EXPECT_EQ(sorted(order), in_order(103)) << "epoch " << e;
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 20u) << "each in an order of its own";
  EXPECT_EQ(batch(batches, 10).size(), 3u) << "the rest is a smaller batch";
}

TEST(Batches, DependOnSeedAndTrial) {
  Batches first(50, batches_of(5), 1, 0), again(50, batches_of(5), 1, 0);
  Batches trial(50, batches_of(5), 1, 1), seed(50, batches_of(5), 2, 0);
  const Indices order = epoch(first, 0);
  EXPECT_EQ(order, epoch(again, 0));
  EXPECT_NE(order, epoch(trial, 0));
  EXPECT_NE(order, epoch(seed, 0));
}

TEST(Batches, AreAFunctionOfTheStepAlone) {
  Batches forward(20, batches_of(3), 1, 0), jumping(20, batches_of(3), 1, 0);
  std::vector<Indices> all;
  for (std::int64_t s = 0; s < 40; ++s) all.push_back(batch(forward, s));
  for (const std::int64_t s : {39, 0, 17, 18, 17, 1}) EXPECT_EQ(batch(jumping, s), all[static_cast<std::size_t>(s)]);
}

TEST(Batches, DoNotDependOnTheirSizeInTheirOrder) {
  Batches small(24, batches_of(5), 1, 0), large(24, batches_of(7), 1, 0);
  EXPECT_EQ(epoch(small, 3), epoch(large, 3));
}

TEST(Batches, ShuffledOnceIsTheSameOrderInEveryEpoch) {
  Batches once(30, batches_of(7, Shuffle::once), 1, 4), every(30, batches_of(7), 1, 4);
  const Indices order = epoch(once, 0);
  EXPECT_NE(order, in_order(30));
  EXPECT_EQ(order, epoch(every, 0));
  EXPECT_EQ(order, epoch(once, 1));
  EXPECT_EQ(order, epoch(once, 9));
  Batches late(30, batches_of(7, Shuffle::once), 1, 4);
  EXPECT_EQ(order, epoch(late, 9)) << "also where it begins late";
}

TEST(Batches, NeverShuffledIsTheOrderOfTheData) {
  Batches never(11, batches_of(4, Shuffle::never), 1, 0);
  EXPECT_EQ(batch(never, 0), (Indices{0, 1, 2, 3}));
  EXPECT_EQ(batch(never, 2), (Indices{8, 9, 10}));
  EXPECT_EQ(batch(never, 3), (Indices{0, 1, 2, 3}));
}

TEST(Batches, RemainderIsDropped) {
  Batches batches(11, batches_of(4, Shuffle::every_epoch, true), 1, 0);
  EXPECT_EQ(batches.steps_per_epoch(), 2);
  std::set<std::uint64_t> seen;
  for (std::int64_t e = 0; e < 20; ++e) {
    const Indices order = epoch(batches, e);
    EXPECT_EQ(order.size(), 8u);
    EXPECT_EQ(std::set<std::uint64_t>(order.begin(), order.end()).size(), 8u);
    seen.insert(order.begin(), order.end());
  }
  EXPECT_EQ(seen.size(), 11u) << "the shuffle gives every sample its turn";
}

TEST(Batches, LargerThanTheDataIsAllOfIt) {
  for (const bool drop : {false, true}) {
    Batches batches(6, batches_of(100, Shuffle::never, drop), 1, 0);
    EXPECT_EQ(batches.steps_per_epoch(), 1);
    EXPECT_EQ(batch(batches, 0), in_order(6));
    EXPECT_EQ(batch(batches, 5), in_order(6));
  }
  Batches all(6, batches_of(0, Shuffle::never), 1, 0);
  EXPECT_EQ(batch(all, 0), in_order(6)) << "0 takes all";
}

TEST(Batches, WithoutSamplesAreEmpty) {
  Batches batches(0, batches_of(8), 1, 0);
  EXPECT_EQ(batches.steps_per_epoch(), 0);
  EXPECT_TRUE(batches.at(17).empty());
}

// Every position takes every index about equally often: chi-square with 99 degrees of freedom, mean 99, deviation 14.
TEST(Batches, PermutationsAreUniform) {
  constexpr std::size_t kN = 10, kEpochs = 5000;
  Batches batches(kN, batches_of(kN), 7, 0);
  std::vector<std::vector<double>> counts(kN, std::vector<double>(kN));
  for (std::size_t e = 0; e < kEpochs; ++e) {
    const Indices order = epoch(batches, static_cast<std::int64_t>(e));
    for (std::size_t place = 0; place < kN; ++place) counts[place][order[place]] += 1;
  }
  double chi_square = 0;
  const double expected = static_cast<double>(kEpochs) / kN;
  for (const auto& row : counts)
    for (const double count : row) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, 150);
  EXPECT_GT(chi_square, 50);
}

// The same through the loop: what an objective is asked for.
TEST(Batches, ReachTheObjective) {
  const auto batches_of_trial = [](std::uint64_t number, bool common, std::uint32_t replicate = 0) {
    TrialSpec spec = epochs(objective("rows", {{"report", true}}), optimizer("blind"), 2, 4);
    spec.number = number;
    spec.replicate = replicate;
    spec.training.common_random_numbers = common;
    std::vector<Series> columns;
    const TrialResult result = completed(std::move(spec));
    for (const char* name : {"batch0", "batch1", "batch2", "batch3"}) columns.push_back(series(result, name));
    return columns;
  };
  const auto columns = batches_of_trial(5, false);
  TrainingSettings settings = batches_of(4);
  Batches expected(10, settings, 1, 5);
  for (std::int64_t step = 0; step < 6; ++step) {
    const Indices indices = batch(expected, step);
    for (std::size_t place = 0; place < 4; ++place) {
      ASSERT_EQ(columns[place].contains(step), place < indices.size()) << step;
      if (place < indices.size()) {
        EXPECT_EQ(columns[place].at(step), static_cast<double>(indices[place]));
      }
    }
  }
  EXPECT_NE(columns, batches_of_trial(6, false));
  EXPECT_EQ(batches_of_trial(5, true), batches_of_trial(6, true)) << "common random numbers";
  EXPECT_EQ(batches_of_trial(0, false), batches_of_trial(6, true)) << "which are those of trial 0";
  EXPECT_EQ(batches_of_trial(5, false), batches_of_trial(5, false, 3)) << "a replicate has its trial's numbers";
  EXPECT_EQ(batches_of_trial(5, true, 3), batches_of_trial(9, true, 3)) << "common to all replicates 3";
  EXPECT_EQ(batches_of_trial(3, false), batches_of_trial(9, true, 3)) << "which are those of trial 3";
}

TEST(Batches, MayBeSortedByDifficulty) {
  TrainingSettings settings;
  settings.batch_size = 5;
  Batches batches(5, settings, 1, 0);
  static_cast<void>(batches.at(3));
  batches.sort_by({2, std::nan(""), 1, -1, 1});
  for (std::int64_t step = 0; step < 3; ++step) {
    const auto order = batches.at(step);
    EXPECT_EQ(std::vector<std::uint64_t>(order.begin(), order.end()), (std::vector<std::uint64_t>{3, 2, 4, 0, 1}));
  }
}

}  // namespace
}  // namespace tuner::test
