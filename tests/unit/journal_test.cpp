// Searchers that learn: what a proposal may see, the journal, and that neither the order of results nor a restart
// changes the study.
#include "tuner/study/journal.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <limits>
#include <set>
#include <thread>

#include "journal_fixture.hpp"
#include "tuner/study/decisions.hpp"
#include "tuner/study/recorded_trial.hpp"

namespace tuner::study {
namespace {

TEST_F(JournalTest, AProposalSeesExactlyTheResultsBeforeItsLag) {
  for (const std::uint64_t lag : {1, 4, 30}) {
    for (const std::size_t workers : {1, 3, 8}) {
      SCOPED_TRACE("lag " + std::to_string(lag) + ", workers " + std::to_string(workers));
      Watching searcher(plan_, 20);
      const std::string file = std::to_string(lag) + "-" + std::to_string(workers) + ".db";
      EXPECT_EQ(run(searcher, {.workers = workers, .lag = lag, .file = file}).done, 20u);
      ASSERT_EQ(searcher.seen.size(), 20u);
      for (std::uint64_t n = 0; n < 20; ++n) {
        const std::uint64_t observed = n < lag ? 0 : n - lag + 1;
        EXPECT_EQ(searcher.seen[n], (Watching::Seen::value_type{n, observed, n - observed}));
      }
      EXPECT_EQ(searcher.observed(), 20 < lag ? 0 : 20 - lag) << "what no proposal sees is not observed";
    }
  }
}

TEST_F(JournalTest, TheStudyIsTheSameInWhateverOrderTrialsEnd) {
  run(40, {.file = "one.db"});
  const std::string expected = tables("one.db");
  EXPECT_NE(expected.find("diverged"), std::string::npos);
  for (const std::size_t workers : {2, 8})
    for (const unsigned seed : {1u, 2u, 3u}) {
      const std::string file = std::to_string(workers) + "-" + std::to_string(seed) + ".db";
      run(40, {.workers = workers, .seed = seed, .file = file});
      EXPECT_EQ(tables(file), expected);
    }
  run(40, {.lag = 5, .file = "other.db"});
  EXPECT_NE(cells("SELECT parameters FROM runs ORDER BY number", "other.db"),
            cells("SELECT parameters FROM runs ORDER BY number", "one.db"))
      << "the searcher is sensitive to what it was told";
}

TEST_F(JournalTest, AResumedStudyTakesItsProposalsFromTheJournal) {
  run(40, {.file = "whole.db"});
  const std::string expected = tables("whole.db");
  for (const int results : {1, 4, 5, 17, 35}) {
    for (const std::size_t workers : {1, 3}) {
      const std::string file = std::to_string(results) + "-" + std::to_string(workers) + ".db";
      const StudyStatus first = run(40, interrupted_after(results, {.workers = workers, .file = file}));
      EXPECT_EQ(first.ending, Ending::interrupted);
      const std::string proposals = cells("SELECT proposal FROM proposals", file);
      const auto made = static_cast<std::uint64_t>(std::ranges::count(proposals, '\n'));
      Watching searcher(plan_, 40);
      EXPECT_EQ(run(searcher, {.workers = workers, .seed = 7, .lag = 9, .file = file}).done, 40u);
      EXPECT_EQ(searcher.seen.size(), 40 - made) << "none is made twice";
      EXPECT_EQ(tables(file), expected) << "with the lag that it began with";
    }
  }
}

TEST_F(JournalTest, TrialsMayBeRaisedLater) {
  run(40, {.file = "whole.db"});
  for (const std::uint64_t trials : {3, 11, 40}) EXPECT_EQ(run(trials, {.workers = 3}).done, trials);
  EXPECT_EQ(tables(), tables("whole.db"));
}

TEST_F(JournalTest, ATrialThatWasDeletedIsMadeAgainFromTheJournal) {
  run(20, {.workers = 3});
  const std::string expected = tables();
  by_hand("DELETE FROM trials WHERE number IN (0, 7, 19)");
  EXPECT_NE(tables(), expected);
  Watching searcher(plan_, 20);
  EXPECT_EQ(run(searcher, {.workers = 2}).done_now, 3u);
  EXPECT_TRUE(searcher.seen.empty());
  EXPECT_EQ(tables(), expected);
}

TEST_F(JournalTest, WhatAnEarlierVersionBeganGoesOnWithoutOne) {
  run(30, {.workers = 2});
  const std::string trials = "SELECT number, outcome, value, parameters FROM runs ORDER BY number";
  const std::string expected = cells(trials);
  by_hand(
      "DELETE FROM proposals; DELETE FROM observations; UPDATE studies SET journal = 0, lag = NULL; "
      "DELETE FROM trials WHERE number > 9 OR number = 2");
  run(30, {.workers = 2});
  EXPECT_EQ(cells(trials), expected);
  EXPECT_EQ(cells("SELECT * FROM proposals") + cells("SELECT * FROM observations"), "");
  EXPECT_EQ(cells("SELECT journal, lag FROM studies"), "0 null \n");
}

// The replicates of a configuration differ by their numbers; some have no value.
void run_replicate(Finished& trial) {
  trial.result = result_at(trial.job.point);
  if (trial.result.value) *trial.result.value += 1.0 / (1.0 + trial.job.id.replicate);
  if (trial.job.id.number % 7 == 6) {
    trial.result.outcome = Outcome::failed;
    trial.result.value.reset();
  }
}

TEST_F(JournalTest, AConfigurationIsObservedOnceWhenAllItsReplicatesAreThere) {
  const auto run_with = [&](Options options) {
    options.run = run_replicate;
    test::OrderSensitive searcher(plan_, 20, 3);
    EXPECT_EQ(run(searcher, options).done, 60u);
    EXPECT_EQ(searcher.observed(), 16u);
    return tables(options.file);
  };
  const std::string expected = run_with({.file = "one.db"});
  for (const unsigned seed : {1u, 2u, 3u})
    EXPECT_EQ(run_with({.workers = 5, .seed = seed, .file = std::to_string(seed) + ".db"}), expected);
  EXPECT_EQ(cells("SELECT count(*), min(replicates), max(replicates) FROM observations", "one.db"), "16 3 3 \n");
  EXPECT_EQ(
      cells("SELECT count(*) FROM observations AS o WHERE o.mean IS NOT (SELECT avg(value) FROM trials AS t WHERE "
            "t.configuration = o.configuration) AND abs(o.mean - (SELECT avg(value) FROM trials AS t WHERE "
            "t.configuration = o.configuration)) > 1e-12",
            "one.db"),
      "0 \n");
  EXPECT_NE(cells("SELECT replicate_values FROM observations", "one.db").find("null"), std::string::npos)
      << "nothing is imputed";

  // Interrupted within a configuration, and with one replicate deleted.
  Options interrupted = interrupted_after(20, {.workers = 4});
  interrupted.run = [left = 20](Finished& trial) mutable {
    run_replicate(trial);
    if (--left == 0) std::raise(SIGINT);
  };
  test::OrderSensitive first(plan_, 20, 3);
  EXPECT_EQ(run(first, interrupted).ending, Ending::interrupted);
  by_hand("DELETE FROM trials WHERE number = 4");
  Options rest{.workers = 2};
  rest.run = run_replicate;
  test::OrderSensitive second(plan_, 20, 3);
  EXPECT_EQ(run(second, rest).done, 60u);
  EXPECT_EQ(tables(), expected);
}

TEST_F(JournalTest, AJournalThatIsNotThatOfTheStudyIsRefused) {
  const auto refused = [&](const std::string& sql, const std::string& words) {
    std::filesystem::remove(folder_.path() / "tuner.db");
    run(20, {});
    by_hand(sql);
    const Error error = test::error_of([&] { run(20, {}); });
    EXPECT_EQ(error.id(), Message::storage_damaged) << sql;
    EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos) << error.what();
  };
  refused("DELETE FROM proposals WHERE proposal > 12; DELETE FROM observations WHERE configuration > 8",
          "has a trial 13 that its journal did not propose");
  refused("UPDATE proposals SET parameters = '{}' WHERE proposal = 3",
          "proposal 3 of study 'demo' is no configuration");
  refused("UPDATE proposals SET parameters = replace(parameters, 'optimizer.lr', 'lr')", "is no configuration");
  refused("UPDATE proposals SET configuration = 2 WHERE proposal = 3", "is no configuration");
}

TEST_F(JournalTest, ATrialThatCannotBeRunStopsTheStudy) {
  Options options{.workers = 2};
  options.run = [](Finished& trial) {
    if (trial.job.id.number == 6)
      trial.not_run = "optimizer 'faulty' has ended three workers in a row";
    else
      trial.result = result_at(trial.job.point);
  };
  const StudyStatus status = run(40, options);
  EXPECT_EQ(status.ending, Ending::stopped);
  EXPECT_EQ(status.reason, "optimizer 'faulty' has ended three workers in a row");
  EXPECT_EQ(status.not_run, 1u);
  // Nothing is made up for it: what follows waits.
  EXPECT_EQ(cells("SELECT max(configuration) < 6, count(*) FROM observations WHERE configuration >= 6"), "null 0 \n");
  EXPECT_EQ(cells("SELECT max(proposal) < 6 + 4 FROM proposals"), "1 \n");
  run(40, {.workers = 2});
  run(40, {.file = "whole.db"});
  EXPECT_EQ(tables(), tables("whole.db"));
}

TEST_F(JournalTest, DefaultsToALagThatIsKept) {
  EXPECT_EQ(default_lag(1), 8u);
  EXPECT_EQ(default_lag(2), 8u);
  EXPECT_EQ(default_lag(3), 12u);
  EXPECT_EQ(default_lag(64), 256u);
  run(20, {.workers = 3, .lag = {}});
  EXPECT_EQ(cells("SELECT journal, lag FROM studies"), "1 12 \n");
  run(40, {.workers = 1, .lag = {}});
  run(40, {.workers = 2, .lag = 12, .file = "whole.db"});
  EXPECT_EQ(tables(), tables("whole.db"));
}

TEST_F(JournalTest, AnObservationIsWhatTheTrialWas) {
  run(5, {.lag = 1});
  const std::string trials = cells(
      "SELECT o.outcome = t.outcome, o.last_step = t.steps, o.budget, o.replicates, o.mean IS t.value, "
      "o.standard_deviation FROM observations AS o JOIN trials AS t ON t.number = o.configuration");
  std::string expected;
  for (int i = 0; i < 4; ++i) expected += "1 1 2.0 1 1 null \n";
  EXPECT_EQ(trials, expected);
}

TEST_F(JournalTest, APrunerStopsTrialsAndTheStudyIsTheSameInWhateverOrder) {
  const auto pruned_tables = [&](const std::string& file) {
    return cells("SELECT number, outcome, value, steps, parameters FROM runs ORDER BY number", file) +
           cells("SELECT proposal, parameters FROM proposals ORDER BY entry", file) +
           cells("SELECT configuration, outcome, last_step, mean FROM observations ORDER BY entry", file) +
           cells("SELECT number, step, value, decision, next_step FROM reports ORDER BY number, step", file);
  };
  std::string expected;
  for (const std::size_t workers : {1, 2, 8}) {
    EveryThird pruner;
    const std::string file = std::to_string(workers) + ".db";
    EXPECT_EQ(run(20, {.workers = workers, .file = file, .pruner = &pruner}).done, 20u);
    if (expected.empty()) expected = pruned_tables(file);
    EXPECT_EQ(pruned_tables(file), expected);
    EXPECT_EQ(pruner.told.size(), 2 * 20u);
  }
  EXPECT_EQ(cells("SELECT group_concat(number) FROM runs WHERE outcome = 'pruned'", "1.db"), "\"0,3,6,9,12,15,18\" \n");
  EXPECT_EQ(cells("SELECT decision, next_step, count(*) FROM reports GROUP BY 1, 2 ORDER BY 1, 2", "1.db"),
            "\"continue\" null 13 \n\"continue\" 6 20 \n\"stop\" null 7 \n");
  EXPECT_NE(expected.find("\"pruned\" 6"), std::string::npos) << "the searcher is told";
}

TEST_F(JournalTest, AResumedStudyKeepsWhatItsPrunerDecided) {
  EveryThird first, whole;
  run(20, interrupted_after(7, {.workers = 3, .pruner = &first}));
  const std::string decided = "SELECT number, step, value, decision, next_step, entry FROM reports WHERE entry <= " +
                              cells("SELECT max(entry) FROM reports") + " ORDER BY entry";
  const std::string before = cells(decided);
  ASSERT_FALSE(before.empty());
  // This one would decide otherwise; it is told what was decided, and asked of the rest.
  EveryThird other(true);
  EXPECT_EQ(run(20, {.workers = 3, .seed = 5, .pruner = &other}).done, 20u);
  EXPECT_EQ(cells(decided), before);
  EXPECT_TRUE(std::ranges::includes(other.told, first.told));
  EXPECT_EQ(cells("SELECT count(*) FROM reports AS r JOIN runs AS t ON t.number = r.number WHERE r.decision = 'stop' "
                  "AND t.outcome <> 'pruned'"),
            "0 \n");
}

TEST_F(JournalTest, AReportThatComesAgainGetsTheRecordedDecision) {
  EveryThird pruner;
  storage::Store store(folder_.path() / "decisions.db", storage::Access::read_write);
  store.open_study({.name = "demo",
                    .config_text = "",
                    .config_sha256 = "",
                    .plan = "{}",
                    .metric = "val_loss",
                    .goal = Goal::minimize,
                    .seed = 1,
                    .tuner_version = "1.0.0"});
  Decisions decisions(pruner, store, "demo", [](std::uint64_t) { return Configuration(); });
  EXPECT_EQ(decisions.decide({3, 3, 3.0}).next, 6);
  EXPECT_TRUE(decisions.decide({3, 6, 6.0}).stops());
  EXPECT_EQ(decisions.take_entries().size(), 2u);
  // Another attempt measured something else.
  pruner.told.clear();
  EXPECT_TRUE(decisions.decide({3, 6, 0.0}).stops());
  EXPECT_EQ(decisions.decide({3, 3, 0.0}).next, 6);
  EXPECT_TRUE(decisions.take_entries().empty());
  EXPECT_TRUE(pruner.told.empty()) << "and is not told again";
}

// A proposal that takes its time does not hold up the answers that trials wait for.
TEST_F(JournalTest, NoProposalHoldsUpADecision) {
  class Slow : public test::OrderSensitive {
   public:
    using OrderSensitive::OrderSensitive;
    [[nodiscard]] Configuration propose(std::uint64_t proposal,
                                        std::span<const search::PendingProposal> pending) const override {
      // The first one that needed a result: other trials go on meanwhile, and wait for decisions.
      if (proposal == 4) {
        const int before = answered;
        for (int i = 0; i < 300 && answered == before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        answered_meanwhile = answered - before;
      }
      return OrderSensitive::propose(proposal, pending);
    }
    std::atomic<int> answered = 0;
    mutable int answered_meanwhile = 0;
  };
  class Counting : public EveryThird {
   public:
    explicit Counting(Slow& searcher) : searcher_(searcher) {}
    [[nodiscard]] Decision decide(const search::Judged& judged) const override {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // that a thread may begin meanwhile
      ++searcher_.answered;
      return EveryThird::decide(judged);
    }

   private:
    Slow& searcher_;
  };
  // Not in every order is there another trial that has a decision left.
  int answered = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Slow searcher(plan_, 12);
    Counting pruner(searcher);
    const StudyStatus status =
        run(searcher, {.workers = 4, .seed = seed, .file = std::to_string(seed) + ".db", .pruner = &pruner});
    EXPECT_EQ(status.done, 12u);
    answered += searcher.answered_meanwhile;
  }
  EXPECT_GT(answered, 0);
}

TEST(ResultOf, IsTheResultAsItWasMeasured) {
  test::TemporaryFolder folder;
  storage::Store store(folder.path() / "tuner.db", storage::Access::read_write);
  store.open_study({.name = "demo",
                    .config_text = "",
                    .config_sha256 = "",
                    .plan = "{}",
                    .metric = "loss",
                    .goal = Goal::minimize,
                    .seed = 1,
                    .tuner_version = "1.0.0"});
  storage::TrialRecord trial{
      .id = only_replicate(3), .attempt = 1, .seed = 1, .parameters = {}, .result = {}, .plugins = {}};
  TrialResult& result = trial.result;
  result.value = 0.5;
  result.best_value = 0.25;
  result.last_value = 0.5;
  result.steps = 7;
  result.epochs = 1.5;
  result.evaluations = {.loss = 1, .gradient = 2, .hvp = 3};
  result.nonfinite_gradients = 4;
  result.wall_seconds = 2;
  result.target_step = 5;
  result.target_seconds = 1.25;
  result.error = "none";
  result.log = {"a line"};
  result.metrics = {{1, "loss", 0.5}};
  store.record(std::vector{trial});
  const TrialResult read = result_of(store.trial("demo", 3));
  EXPECT_EQ(to_bytes(result), to_bytes(read)) << "every bit";
}

}  // namespace
}  // namespace tuner::study
