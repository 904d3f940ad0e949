// A search that learns, where results are observed as they come, or are reused, or a pruner judges repeated trials.
#include <algorithm>
#include <map>
#include <thread>

#include "journal_fixture.hpp"
#include "tuner/study/journal.hpp"

namespace tuner::study {
namespace {

TEST_F(JournalTest, WithAFreeLagAProposalSeesAllThatIsThere) {
  for (const std::size_t workers : {1, 4}) {
    Watching searcher(plan_, 20);
    const std::string file = std::to_string(workers) + ".db";
    EXPECT_EQ(run(searcher, {.workers = workers, .lag = kFreeLag, .file = file}).done, 20u);
    ASSERT_EQ(searcher.seen.size(), 20u);
    for (const auto& [proposal, observed, pending] : searcher.seen) {
      EXPECT_EQ(observed + pending, proposal);
      EXPECT_LT(pending, workers) << "no proposal is made before a worker needs it";
    }
  }
  EXPECT_EQ(cells("SELECT count(*) > 15, count(*) - count(DISTINCT proposal) FROM observations", "4.db"), "1 0 \n");
  EXPECT_NE(cells("SELECT group_concat(proposal) FROM observations", "4.db"),
            cells("SELECT group_concat(proposal) FROM (SELECT proposal FROM observations ORDER BY proposal)", "4.db"))
      << "as they came";
  EXPECT_EQ(cells("SELECT lag FROM studies", "4.db"), "0 \n");
}

TEST_F(JournalTest, WithAFreeLagAResumedStudyKeepsWhatItHas) {
  run(40, interrupted_after(17, {.workers = 3, .lag = kFreeLag}));
  const std::string proposals =
      "SELECT entry, parameters FROM proposals WHERE entry <= " + cells("SELECT max(entry) FROM proposals") +
      " ORDER BY entry";
  const std::string before = cells(proposals);
  const std::string observed = cells("SELECT count(*) FROM observations");
  Watching searcher(plan_, 40);
  EXPECT_EQ(run(searcher, {.workers = 2, .seed = 9, .file = "tuner.db"}).done, 40u);
  EXPECT_EQ(cells(proposals), before);
  EXPECT_NE(observed, cells("SELECT count(*) FROM observations"));
  EXPECT_EQ(cells("SELECT count(*) - count(DISTINCT proposal) FROM observations"), "0 \n") << "none twice";
  EXPECT_GE(searcher.observed(), 38u) << "all but those that ran beside the last one";
}

// Pauses every trial at step 3, and continues it once another one has paused.
class PausesOnce : public search::Pruner {
 public:
  [[nodiscard]] std::int64_t first_step() const override { return 3; }
  void observe(const search::Judged&) override {}
  [[nodiscard]] Decision decide(const search::Judged&) const override { return {.what = Decision::What::pause}; }
  void ended(const search::Ended& ended) override {
    if (ended.outcome == Outcome::paused) paused_.insert(ended.number);
  }
  [[nodiscard]] bool reviews() const override { return true; }
  [[nodiscard]] std::optional<search::Reviewed> review(bool is_last) override {
    if (paused_.size() < (is_last ? 1 : 2)) return std::nullopt;
    return search::Reviewed{.number = paused_.extract(paused_.begin()).value(),
                            .decision = {.what = Decision::What::go_on, .next = kNever}};
  }

 private:
  std::set<std::uint64_t> paused_;
};

// A trial that is told to pause does so, the first time.
test::FakeExecutor::Run pausing() {
  return [seen = std::map<std::uint64_t, int>()](Finished& trial) mutable {
    trial.result = result_at(trial.job.point);
    if (seen[trial.job.id.number]++ > 0) return;
    trial.result.outcome = Outcome::paused;
    trial.result.steps = 3;
  };
}

TEST_F(JournalTest, WithAFreeLagTheEndOfAPausedTrialIsObservedToo) {
  for (const std::uint64_t lag : {kFreeLag, std::uint64_t{2}}) {
    PausesOnce pruner;
    const std::string file = std::to_string(lag) + ".db";
    Options options{.workers = 2, .lag = lag, .file = file, .pruner = &pruner};
    options.run = pausing();
    EXPECT_EQ(run(30, options).done, 30u);
  }
  const std::string ends = "SELECT count(*) > 20 FROM observations WHERE outcome <> 'paused'";
  EXPECT_EQ(cells(ends, "0.db"), "1 \n");
  EXPECT_EQ(cells("SELECT count(*) FROM observations AS o JOIN runs AS r ON r.number = o.proposal WHERE o.outcome <> "
                  "'paused' AND (o.outcome <> r.outcome OR o.last_step <> r.steps)",
                  "0.db"),
            "0 \n");
  EXPECT_EQ(cells("SELECT max(n) FROM (SELECT count(*) AS n FROM observations GROUP BY proposal)", "0.db"), "2 \n");
  EXPECT_EQ(cells(ends, "2.db"), "0 \n") << "a trial counts as it was when it paused";
}

// Proposes five configurations over and over.
class Repeating : public test::OrderSensitive {
 public:
  using OrderSensitive::OrderSensitive;
  [[nodiscard]] Configuration propose(std::uint64_t proposal, std::span<const search::PendingProposal>) const override {
    return OrderSensitive(plan_of(), 5).propose(proposal * 2 % 5, {});
  }
  void observe(const search::Observation& observation) override {
    OrderSensitive::observe(observation);
    told.push_back(observation);
  }
  std::vector<search::Observation> told;

 private:
  static const StudyPlan& plan_of() {
    static const StudyPlan kPlan = study::plan_of();
    return kPlan;
  }
};

TEST_F(JournalTest, AConfigurationThatComesAgainHasTheResultThatItHad) {
  plan_.on_duplicate = OnDuplicate::reuse;
  std::string expected;
  for (const std::size_t workers : {1, 3}) {
    const std::string file = std::to_string(workers) + ".db";
    Repeating searcher(plan_, 20);
    const StudyStatus status = run(searcher, {.workers = workers, .file = file});
    EXPECT_EQ(status.done, 5u);
    EXPECT_EQ(status.reused, 15u);
    EXPECT_EQ(status.ending, Ending::finished);
    ASSERT_EQ(searcher.told.size(), 16u);
    for (std::size_t n = 0; n < 16; ++n) {
      EXPECT_EQ(searcher.told[n].proposal, n);
      EXPECT_EQ(searcher.told[n].configuration, n % 5);
      EXPECT_EQ(searcher.told[n].mean, searcher.told[n % 5].mean);
    }
    if (expected.empty()) expected = tables(file);
    EXPECT_EQ(tables(file), expected);
  }
  EXPECT_EQ(cells("SELECT group_concat(number) FROM runs", "3.db"), "\"0,1,2,3,4\" \n");

  Repeating first(plan_, 20), second(plan_, 20);
  EXPECT_EQ(run(first, interrupted_after(3)).ending, Ending::interrupted);
  EXPECT_EQ(run(second, {.workers = 2}).done, 5u);
  EXPECT_EQ(tables(), expected);

  Repeating free(plan_, 20);
  EXPECT_EQ(run(free, {.workers = 3, .lag = kFreeLag, .file = "free.db"}).done, 5u);
  EXPECT_EQ(cells("SELECT count(*) FROM observations AS o JOIN observations AS f ON f.proposal = o.configuration WHERE "
                  "o.mean IS NOT f.mean",
                  "free.db"),
            "0 \n");
}

TEST_F(JournalTest, AConfigurationThatComesAgainHasFurtherReplicates) {
  plan_.on_duplicate = OnDuplicate::repeat;
  // What a replicate measures follows from which it is.
  const auto measure = [](Finished& trial) {
    trial.result.value = trial.result.last_value =
        static_cast<double>(trial.job.id.configuration) + 0.1 * trial.job.id.replicate;
  };
  for (const std::uint32_t repeats : {1u, 2u}) {
    plan_.repeats.count = repeats;
    std::string expected;
    for (const std::size_t workers : {1, 3}) {
      const std::string file = std::to_string(workers) + "-" + std::to_string(repeats) + ".db";
      Repeating searcher(plan_, 20, repeats);
      const StudyStatus status = run(searcher, {.workers = workers, .file = file, .run = measure});
      EXPECT_EQ(status.done, 20u * repeats);
      EXPECT_EQ(status.reused, 0u);
      ASSERT_EQ(searcher.told.size(), 16u);
      for (std::size_t n = 0; n < 16; ++n) {
        EXPECT_EQ(searcher.told[n].proposal, n);
        EXPECT_EQ(searcher.told[n].configuration, n % 5);
        ASSERT_EQ(searcher.told[n].values.size(), repeats);
        EXPECT_EQ(searcher.told[n].values[0], static_cast<double>(n % 5) + 0.1 * static_cast<double>(n / 5 * repeats));
      }
      if (expected.empty()) expected = tables(file);
      EXPECT_EQ(tables(file), expected);
      const storage::Store store(folder_.path() / file, storage::Access::read_only);
      const auto rows = store.configurations("demo");
      ASSERT_EQ(rows.size(), 5u);
      const double most = 4.0 * repeats - 1;
      for (std::uint64_t c = 0; c < 5; ++c) {
        EXPECT_EQ(rows[c].configuration, c);
        EXPECT_EQ(rows[c].number, c * repeats);
        EXPECT_EQ(rows[c].completed, 4 * repeats);
        EXPECT_EQ(rows[c].due, 4 * repeats);
        EXPECT_NEAR(rows[c].mean, static_cast<double>(c) + 0.1 * most / 2, 1e-12);
      }
    }
    Repeating first(plan_, 20, repeats), second(plan_, 20, repeats);
    const std::string file = "resumed-" + std::to_string(repeats) + ".db";
    Options interrupted{.file = file};
    interrupted.run = [&, left = 7](Finished& trial) mutable {
      measure(trial);
      if (--left == 0) std::raise(SIGINT);
    };
    EXPECT_EQ(run(first, interrupted).ending, Ending::interrupted);
    EXPECT_EQ(run(second, {.workers = 2, .file = file, .run = measure}).done, 20u * repeats);
    EXPECT_EQ(tables(file), expected);
  }
}

// Stops every second configuration of three trials.
class EverySecond : public EveryThird {
 public:
  [[nodiscard]] Decision decide(const search::Judged& judged) const override {
    Decision decision = EveryThird::decide(judged);
    if (judged.number % 6 != 0) decision.what = Decision::What::go_on;
    return decision;
  }
};

TEST_F(JournalTest, APrunerJudgesTheFirstReplicateAndTheOthersFollowWhereItCompletes) {
  plan_.repeats.count = 3;
  std::string expected;
  for (const std::size_t workers : {1, 4}) {
    for (const unsigned seed : {1u, 2u}) {
      EverySecond pruner;
      test::OrderSensitive searcher(plan_, 12, 3);
      const std::string file = std::to_string(workers) + "-" + std::to_string(seed) + ".db";
      const StudyStatus status = run(searcher, {.workers = workers, .seed = seed, .file = file, .pruner = &pruner});
      EXPECT_EQ(status.ending, Ending::finished);
      EXPECT_EQ(status.done + status.not_due, 36u);
      EXPECT_GT(status.not_due, 11u);
      EXPECT_GT(status.done, 12u);
      for (const auto& [number, step] : pruner.told) EXPECT_EQ(number % 3, 0u) << "first replicates alone";
      const std::string now = cells("SELECT number, outcome, value, parameters FROM runs ORDER BY number", file) +
                              cells(
                                  "SELECT proposal, outcome, last_step, replicate_values, mean FROM observations "
                                  "ORDER BY proposal",
                                  file);
      if (expected.empty()) expected = now;
      EXPECT_EQ(now, expected);
      EXPECT_EQ(cells("SELECT count(*) FROM runs AS r WHERE replicate > 0 AND (SELECT outcome FROM runs AS f WHERE "
                      "f.number = r.number - 1) <> 'completed'",
                      file),
                "0 \n");
      EXPECT_EQ(cells("SELECT count(*) FROM runs AS r WHERE replicate < 2 AND outcome = 'completed' AND NOT EXISTS "
                      "(SELECT 1 FROM runs AS f WHERE f.number = r.number + 1)",
                      file),
                "0 \n");
    }
  }
}

}  // namespace
}  // namespace tuner::study
