// Workers, and Ctrl-C as a count.
#include "tuner/executor/executor.hpp"

#include <csignal>
#include <map>
#include <thread>

#include "plan_fixture.hpp"
#include "temporary_folder.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/inspector.hpp"
#include "tuner/executor/interrupt.hpp"
#include "tuner/study/method.hpp"

namespace tuner::executor {
namespace {

using test::fingerprint;
using namespace std::chrono_literals;

Study study_of(const StudyPlan& plan, std::uint32_t workers) {
  Study study{.plan = plan, .run = {}, .source = {}};
  study.run.workers = workers;
  return study;
}

// Results by number of the trial.
std::map<std::uint64_t, std::string> run_all(const StudyPlan& plan, std::uint32_t workers) {
  const Study study = study_of(plan, workers);
  SharedObjectives shared;
  const auto searcher = study::make_searcher(plan);
  const auto executor = make_thread_executor(study, shared);
  for (std::uint64_t n = 0; n < *searcher->size(); ++n) executor->submit({only_replicate(n), searcher->propose(n)});
  EXPECT_EQ(executor->pending(), *searcher->size());
  std::map<std::uint64_t, std::string> results;
  while (executor->pending() > 0)
    for (const Finished& trial : executor->wait(100ms).finished) {
      EXPECT_EQ(trial.error, nullptr);
      EXPECT_GT(trial.started_at_ms, 1'600'000'000'000);
      EXPECT_GE(trial.finished_at_ms, trial.started_at_ms);
      EXPECT_TRUE(results.emplace(trial.job.id.number, fingerprint(trial.result)).second) << "once";
    }
  return results;
}

TEST(Executor, ResultsDoNotDependOnTheNumberOfWorkers) {
  const StudyPlan plan = test::lr_study(12);
  const auto one = run_all(plan, 1);
  EXPECT_EQ(one.size(), 12u);
  EXPECT_EQ(one, run_all(plan, 2));
  EXPECT_EQ(one, run_all(plan, 4));
}

// A trial that lasts until somebody ends it.
StudyPlan endless() {
  StudyPlan plan = test::lr_study();
  plan.objective = test::only(test::plugin_plan(Kind::objective, "slope", {{"sleep_ms", Value(std::int64_t{1})}}));
  plan.training = {{"steps", Value(std::int64_t{1} << 40)}, {"log_every", Value(std::int64_t{1})}};
  plan.metric.name = "loss";
  return plan;
}

void wait_until_running(const Executor& executor, std::size_t n) {
  while (executor.running().size() < n || executor.running().front().step == 0) std::this_thread::sleep_for(1ms);
}

TEST(Executor, DropsWhatHasNotBegunAndCancelsWhatHas) {
  const StudyPlan plan = endless();
  SharedObjectives shared;
  const Study study = study_of(plan, 1);
  const auto executor = make_thread_executor(study, shared);
  for (std::uint64_t n = 0; n < 5; ++n) executor->submit({only_replicate(n), {Value(0.1)}});
  wait_until_running(*executor, 1);
  const auto running = executor->running();
  EXPECT_EQ(running[0].number, 0u);
  EXPECT_EQ(running[0].steps, std::int64_t{1} << 40);
  EXPECT_EQ(executor->pending(), 5u);
  EXPECT_TRUE(executor->wait(1ms).empty());
  executor->drop_queued();
  EXPECT_EQ(executor->pending(), 1u);
  executor->cancel();
  std::vector<Finished> finished;
  while (finished.empty()) finished = executor->wait(10s).finished;
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].result.outcome, Outcome::cancelled);
  EXPECT_EQ(finished[0].job.id.number, 0u);
  EXPECT_EQ(executor->pending(), 0u);
  EXPECT_TRUE(executor->running().empty());
}

TEST(Executor, EndsItsTrialsWithItself) {
  const StudyPlan plan = endless();
  SharedObjectives shared;
  const Study study = study_of(plan, 2);
  const auto executor = make_thread_executor(study, shared);
  for (std::uint64_t n = 0; n < 9; ++n) executor->submit({only_replicate(n), {Value(0.1)}});
  wait_until_running(*executor, 2);
}

TEST(Executor, HandsOverWhatTrialsThrow) {
  StudyPlan plan = test::lr_study();
  plan.objective = test::only(test::plugin_plan(Kind::objective, "broken"));
  SharedObjectives shared;
  const Study study = study_of(plan, 1);
  const auto executor = make_thread_executor(study, shared);
  executor->submit({only_replicate(3), {Value(0.1)}});
  std::vector<Finished> finished;
  while (finished.empty()) finished = executor->wait(10s).finished;
  ASSERT_NE(finished[0].error, nullptr);
  EXPECT_EQ(finished[0].job.id.number, 3u);
  const Error error = test::error_of([&] { std::rethrow_exception(finished[0].error); });
  EXPECT_EQ(error.id(), Message::plugin_data);
}

TEST(Interrupts, AreCountedWhileTheCounterLives) {
  static volatile std::sig_atomic_t before = 0;
  const auto old = std::signal(SIGINT, [](int) { before = before + 1; });
  {
    const InterruptCounter counter;
    EXPECT_EQ(counter.count(), 0);
    std::raise(SIGINT);
    EXPECT_EQ(counter.count(), 1);
    std::raise(SIGTERM), std::raise(SIGHUP);
    EXPECT_EQ(counter.count(), 3);
    EXPECT_EQ(before, 0);
  }
  std::raise(SIGINT);
  EXPECT_EQ(before, 1) << "the handler from before is back";
  const InterruptCounter next;
  EXPECT_EQ(next.count(), 0) << "each begins at nothing";
  std::signal(SIGINT, old);
}

// A program in the worker's place that never answers.
TEST(Inspector, GivesUpAProcessThatDoesNotAnswer) {
  const test::TemporaryFolder folder;
  const std::filesystem::path silent = folder.write("silent", "#!/bin/sh\nexec sleep 100\n");
  std::filesystem::permissions(silent, std::filesystem::perms::owner_all);
  Inspector inspector(silent, {}, {.when = "when it was asked", .remedy = "ask again", .time_limit = 200ms});
  for (int question = 0; question < 2; ++question) {  // the second one goes to a new process
    try {
      static_cast<void>(inspector.ask("?"));
      ADD_FAILURE() << "an answer";
    } catch (const Error& e) {
      EXPECT_EQ(e.id(), Message::plugin_crashes);
      EXPECT_EQ(e.message(), "a plugin gave no answer in 0.2 s when it was asked");
      EXPECT_EQ(e.remedy(), "ask again");
    }
  }
}

}  // namespace
}  // namespace tuner::executor
