// The coordinator on a database of its own: resumption, limits, interruption.
#include "tuner/study/coordinator.hpp"

#include <algorithm>
#include <csignal>
#include <set>

#include "plan_fixture.hpp"
#include "temporary_folder.hpp"
#include "tuner/study/method.hpp"

namespace tuner::study {
namespace {

using Numbers = std::vector<std::uint64_t>;

class CoordinatorTest : public testing::Test {
 protected:
  // Runs `plan` on the database `file`; `listen` hears of every batch.
  StudyStatus run(const StudyPlan& plan, const std::string& file = "tuner.db", const Listener& listen = {}) {
    storage::Store store(folder_.path() / file, storage::Access::read_write);
    store.open_study({.name = plan.name,
                      .config_text = "",
                      .config_sha256 = "",
                      .plan = canonical_plan(plan),
                      .metric = plan.metric.name,
                      .goal = plan.metric.goal,
                      .seed = plan.seed,
                      .tuner_version = "1.0.0",
                      .repeats = plan.repeats.count,
                      .on_failure = plan.repeats.on_failure});
    SharedObjectives shared;
    const Study study{.plan = plan, .run = settings_, .source = {}};
    const auto searcher = study::make_searcher(plan);
    recorded_.clear();
    const auto executor = executor::make_thread_executor(study, shared);
    const InterruptCounter interrupts;
    return run_study(
        study, *searcher, store, *executor, interrupts,
        [&](const StudyStatus& status, std::span<const storage::TrialRecord> trials, std::span<const Running> running) {
          const Numbers kept = trials.empty() ? Numbers() : store.finished(plan.name);
          for (const auto& trial : trials) {
            EXPECT_TRUE(recorded_.insert(trial.id.number).second) << trial.id.number;
            EXPECT_TRUE(std::ranges::binary_search(kept, trial.id.number) || trial.result.outcome == Outcome::cancelled)
                << "in the database before it is told";
          }
          if (listen) listen(status, trials, running);
        });
  }
  Numbers finished(const std::string& file = "tuner.db") {
    return storage::Store(folder_.path() / file, storage::Access::read_only).finished("demo");
  }
  // All that two databases shall agree in: no times.
  std::string contents(const std::string& file) {
    const storage::Store store(folder_.path() / file, storage::Access::read_only);
    std::string text;
    for (const auto& run : store.runs("demo")) {
      const storage::TrialDetail trial = store.trial("demo", run.number);
      text += std::to_string(run.number) + " " + std::string(to_string(run.outcome)) + " " +
              to_json(run.value.value_or(-1)) + " " + run.error + "\n";
      for (const auto& [name, value] : run.parameters) text += name + "=" + to_json(value) + "\n";
      for (const MetricPoint& p : trial.metrics)
        text += std::to_string(p.step) + " " + p.name + " " + to_json(p.value) + "\n";
    }
    return text;
  }

  test::TemporaryFolder folder_;
  RunSettings settings_;
  std::set<std::uint64_t> recorded_;
};

TEST_F(CoordinatorTest, RunsEveryTrialOnce) {
  StudyPlan plan = test::lr_study(6);
  settings_.workers = 2;
  const StudyStatus status = run(plan);
  EXPECT_EQ(status.ending, Ending::finished);
  EXPECT_EQ(status.total, 6u);
  EXPECT_EQ(status.done, 6u);
  EXPECT_EQ(status.done_now, 6u);
  EXPECT_EQ(status.outcomes.at(Outcome::completed), 6u);
  EXPECT_EQ(finished(), (Numbers{0, 1, 2, 3, 4, 5}));
  ASSERT_TRUE(status.best_number);
  const storage::Store store(folder_.path() / "tuner.db", storage::Access::read_only);
  EXPECT_EQ(store.best("demo")->number, *status.best_number);
  EXPECT_EQ(store.best("demo")->value, status.best_value);
  EXPECT_EQ(status.best_parameters, store.best("demo")->parameters);
  EXPECT_EQ(store.trial("demo", 0).plugins.size(), 3u);
}

TEST_F(CoordinatorTest, SameContentsWhateverTheNumberOfWorkers) {
  StudyPlan plan = test::lr_study(10);
  for (const std::uint32_t workers : {1u, 2u, 4u}) {
    settings_.workers = workers;
    run(plan, std::to_string(workers) + ".db");
  }
  const std::string one = contents("1.db");
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(one, contents("2.db"));
  EXPECT_EQ(one, contents("4.db"));
}

TEST_F(CoordinatorTest, AFinishedStudyHasNothingToDo) {
  const StudyPlan plan = test::lr_study(3);
  const StudyStatus first = run(plan), again = run(plan);
  EXPECT_TRUE(recorded_.empty());
  EXPECT_EQ(again.ending, Ending::finished);
  EXPECT_EQ(again.done, 3u);
  EXPECT_EQ(again.done_now, 0u);
  EXPECT_EQ(again.best_number, first.best_number);
  EXPECT_EQ(again.best_value, first.best_value);
}

TEST_F(CoordinatorTest, TrialsMayBeRaisedLater) {
  StudyPlan plan = test::lr_study();
  plan.method = "random";
  settings_.trials = 3;
  plan.search_version = 1;  // with repetitions, of which there is no end
  EXPECT_EQ(run(plan).done, 3u);
  settings_.trials = 8;
  const StudyStatus status = run(plan);
  EXPECT_EQ(recorded_, (std::set<std::uint64_t>{3, 4, 5, 6, 7})) << "only what is missing";
  EXPECT_EQ(status.done, 8u);
  EXPECT_EQ(status.done_now, 5u);
  run(plan, "whole.db");
  EXPECT_EQ(contents("tuner.db"), contents("whole.db")) << "as if it had run at once";
}

TEST_F(CoordinatorTest, AnInterruptLetsRunningTrialsEndAndTheSameCommandContinues) {
  StudyPlan plan = test::lr_study();
  plan.method = "random";
  settings_.trials = 1000;  // more than can begin before an interrupt is seen, however fast they are
  plan.search_version = 1;  // six configurations, again and again
  plan.training["epochs"] = Value(std::int64_t{1});
  const StudyStatus status = run(plan, "tuner.db", [](const StudyStatus& s, auto, auto) {
    if (s.interrupts == 0 && s.done_now > 0) std::raise(SIGINT);
  });
  EXPECT_EQ(status.ending, Ending::interrupted);
  EXPECT_EQ(status.interrupts, 1);
  EXPECT_LT(status.done, 1000u);
  EXPECT_EQ(status.done, finished().size());
  EXPECT_EQ(status.outcomes.count(Outcome::cancelled), 0u);
  EXPECT_EQ(run(plan).ending, Ending::finished);
  EXPECT_EQ(finished().size(), 1000u);
  run(plan, "whole.db");
  EXPECT_EQ(contents("tuner.db"), contents("whole.db"));
}

TEST_F(CoordinatorTest, ASecondInterruptCancelsAndCancelledTrialsRunAgain) {
  StudyPlan plan = test::lr_study(2);
  plan.objective = test::only(test::plugin_plan(Kind::objective, "slope", {{"sleep_ms", Value(std::int64_t{1})}}));
  plan.training = {{"steps", Value(std::int64_t{1} << 40)}};
  plan.metric.name = "loss";
  const StudyStatus status =
      run(plan, "tuner.db", [](const StudyStatus&, auto, auto) { std::raise(SIGINT), std::raise(SIGINT); });
  EXPECT_EQ(status.ending, Ending::interrupted);
  EXPECT_EQ(status.outcomes.at(Outcome::cancelled), 1u) << "the other one had not begun";
  EXPECT_EQ(status.done, 0u);
  EXPECT_TRUE(finished().empty());
}

TEST_F(CoordinatorTest, TheBudgetEndsTheStudyNotItsTrials) {
  StudyPlan plan = test::lr_study();
  plan.method = "random";
  settings_.trials = 100'000;
  plan.search_version = 1;  // which repeats configurations: there are few
  settings_.budget_seconds = 0;
  EXPECT_EQ(run(plan).ending, Ending::budget_used);
  EXPECT_TRUE(finished().empty());
  // On a busy machine a moment may pass without a trial.
  StudyStatus status;
  for (double seconds = 0.05; seconds < 60 && status.done == 0; seconds *= 4) {
    settings_.budget_seconds = seconds;
    status = run(plan);
  }
  EXPECT_EQ(status.ending, Ending::budget_used);
  EXPECT_GT(status.done, 0u);
  EXPECT_LT(status.done, 100'000u);
  EXPECT_EQ(status.outcomes.at(Outcome::completed), status.done);
}

TEST_F(CoordinatorTest, WhatATrialThrowsEndsTheStudyAndKeepsWhatIsFinished) {
  StudyPlan plan = test::lr_study();
  plan.objective = test::only(test::plugin_plan(Kind::objective, "broken", {{"where", SearchParameter{0}}}));
  plan.optimizer = test::only(test::plugin_plan(Kind::optimizer, "blind"));
  plan.training = {{"steps", Value(std::int64_t{1})}};
  plan.space.dimensions = {
      {"objective.where", Values{std::string("init"), std::string("open"), std::string("init")}, std::nullopt, 0}};
  const Error error = test::error_of([&] { run(plan); });
  EXPECT_EQ(error.id(), Message::plugin_data);
  const Numbers kept = finished();
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept[0], 0u);
  EXPECT_EQ(std::ranges::count(kept, 1u), 0);
  const storage::Store store(folder_.path() / "tuner.db", storage::Access::read_only);
  EXPECT_EQ(store.runs("demo")[0].outcome, Outcome::failed);
}

TEST_F(CoordinatorTest, RepeatsEveryConfiguration) {
  StudyPlan plan = test::lr_study(4);
  plan.repeats.count = 3;
  const StudyStatus status = run(plan);
  EXPECT_EQ(status.total, 12u);
  EXPECT_EQ(status.done, 12u);
  const storage::Store store(folder_.path() / "tuner.db", storage::Access::read_only);
  const auto runs = store.runs("demo");
  ASSERT_EQ(runs.size(), 12u);
  std::set<double> values;
  for (std::uint64_t n = 0; n < 12; ++n) {
    EXPECT_EQ(runs[n].id(), (TrialId{n, n / 3, static_cast<std::uint32_t>(n % 3)}));
    EXPECT_EQ(runs[n].parameters, runs[n / 3 * 3].parameters) << "of one configuration";
    values.insert(*runs[n].value);
  }
  EXPECT_EQ(values.size(), 12u) << "each has its own random numbers";
  const auto configurations = store.configurations("demo");
  ASSERT_EQ(configurations.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& row = configurations[i];
    const std::uint64_t first = row.configuration * 3;
    const double mean = (*runs[first].value + *runs[first + 1].value + *runs[first + 2].value) / 3;
    EXPECT_EQ(row.mean, mean);
    EXPECT_TRUE(row.complete());
    if (i > 0) {
      EXPECT_GE(row.mean, configurations[i - 1].mean);
    }
  }
}

// A trial has the random numbers of its number, so the replicates of another study with more of them differ in number
// alone.
TEST_F(CoordinatorTest, RepeatsAreTheTrialsOfTheirNumbers) {
  StudyPlan plan = test::lr_study(1);
  plan.repeats.count = 4;
  run(plan, "repeated.db");
  plan = test::lr_study(1);
  plan.space.dimensions[0].domain = Values{0.01, 0.01, 0.01, 0.01};
  run(plan, "plain.db");
  EXPECT_EQ(contents("repeated.db"), contents("plain.db"));
}

TEST_F(CoordinatorTest, CommonRandomNumbersAreCommonToAReplicateOfAllConfigurations) {
  StudyPlan plan = test::lr_study(1);
  plan.repeats.count = 3;
  plan.training["common_random_numbers"] = Value(true);
  plan.space.dimensions[0].domain = Values{0.01, 0.01};
  run(plan);
  const storage::Store store(folder_.path() / "tuner.db", storage::Access::read_only);
  const auto runs = store.runs("demo");
  ASSERT_EQ(runs.size(), 6u);
  for (std::size_t replicate = 0; replicate < 3; ++replicate) {
    EXPECT_EQ(runs[replicate].value, runs[3 + replicate].value) << "the same configuration twice";
    EXPECT_NE(runs[replicate].value, runs[(replicate + 1) % 3].value);
  }
  plan.repeats.count = 1;
  run(plan, "once.db");
  const storage::Store once(folder_.path() / "once.db", storage::Access::read_only);
  EXPECT_EQ(once.runs("demo")[0].value, runs[0].value) << "replicate 0 has what a study without repeats has";
}

TEST_F(CoordinatorTest, RepeatsAreTheSameOnAnyNumberOfWorkersAndAfterInterruptions) {
  StudyPlan plan = test::lr_study(5);
  plan.repeats.count = 3;
  run(plan, "straight.db");
  settings_.workers = 3;
  run(plan, "workers.db");
  for (const std::uint64_t trials : {1, 4, 8, 15}) {
    settings_.trials = trials;
    const StudyStatus status = run(plan, "parts.db");
    EXPECT_EQ(status.done, trials);
  }
  EXPECT_EQ(contents("workers.db"), contents("straight.db"));
  EXPECT_EQ(contents("parts.db"), contents("straight.db"));
  const auto ranking = [&](const char* file) {
    std::vector<std::pair<std::uint64_t, double>> rows;
    for (const auto& row : storage::Store(folder_.path() / file, storage::Access::read_only).configurations("demo"))
      rows.emplace_back(row.configuration, row.mean);
    return rows;
  };
  EXPECT_EQ(ranking("workers.db"), ranking("straight.db"));
  EXPECT_EQ(ranking("parts.db"), ranking("straight.db"));
}

TEST_F(CoordinatorTest, TiesGoToTheLowerNumber) {
  StudyPlan plan = test::lr_study(1);
  settings_.workers = 4;
  plan.space.dimensions[0].domain = Values{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
  plan.training["common_random_numbers"] = Value(true);
  for (const Goal goal : {Goal::minimize, Goal::maximize}) {
    plan.metric.goal = goal;
    const StudyStatus status = run(plan, std::string(to_string(goal)) + ".db");
    EXPECT_EQ(status.done, 8u);
    EXPECT_EQ(status.best_number, 0u);
  }
}

}  // namespace
}  // namespace tuner::study
