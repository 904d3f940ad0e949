// Reports and decisions: between a trial and whoever follows it, and through the executor.
#include <chrono>
#include <map>
#include <thread>

#include "plan_fixture.hpp"
#include "temporary_folder.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner {
namespace {

using namespace std::chrono_literals;
using test::objective;
using test::optimizer;
using test::Series;

// Answers by itself: from `first` on, every `every` steps; stops at `stop_at`.
class Judge : public TrialObserver {
 public:
  Judge(std::int64_t first, std::int64_t every, std::int64_t stop_at = kNever)
      : first_(first), every_(every), stop_at_(stop_at) {}
  std::int64_t first_decision() const override { return first_; }
  void report(const StepReport& report) override { one_way[report.step] += report.metrics.size(); }
  Decision decide(const StepReport& report) override {
    if (think > 0ms) std::this_thread::sleep_for(think);
    asked[report.step] = report.value.value();
    return {.what = report.step >= stop_at_ ? Decision::What::stop : Decision::What::go_on,
            .next = report.step + every_};
  }
  void checkpoint(std::int64_t step) override { checkpoints.push_back(step); }

  std::map<std::int64_t, std::size_t> one_way;  // metrics by step
  Series asked;
  std::vector<std::int64_t> checkpoints;
  std::chrono::milliseconds think{0};

 private:
  std::int64_t first_, every_, stop_at_;
};

// The loss is -2 * (steps done) at every step.
TrialSpec slope(std::int64_t steps) {
  TrialSpec spec = test::trial(objective("slope"), optimizer("sgd", {{"lr", 2}}), steps);
  spec.training.log_every = 1;
  return spec;
}

TEST(Decisions, AreAskedForWhereTheLastOneSaysAndNotAtTheEnd) {
  Judge judge(3, 4);
  const TrialResult result = test::run(slope(11), {}, &judge);
  EXPECT_EQ(result.outcome, Outcome::completed);
  EXPECT_EQ(test::steps_of(result, "loss").size(), 12u);
  EXPECT_EQ(judge.asked.size(), 2u) << "3 and 7; at 11 the trial is over";
  EXPECT_TRUE(judge.asked.contains(3) && judge.asked.contains(7));
  EXPECT_EQ(judge.one_way.size(), 10u) << "all others are told";
  EXPECT_EQ(judge.one_way.at(2), 2u) << "loss and lr, as one report";
}

TEST(Decisions, StopATrialAsPrunedWithItsValue) {
  Judge judge(2, 1, 5);
  const TrialResult result = test::run(slope(1000), {}, &judge);
  EXPECT_EQ(result.outcome, Outcome::pruned);
  EXPECT_EQ(result.failure, Failure::none);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.value, judge.asked.at(5));
  EXPECT_EQ(test::steps_of(result, "loss").back(), 5);
  EXPECT_EQ(result.steps, 5);
}

TEST(Decisions, TakeNoTimeOfTheTrials) {
  Judge judge(1, 1);
  judge.think = 200ms;
  TrialSpec spec = slope(6);
  spec.training.time_limit_seconds = 0.8;
  spec.target = -4;
  TrialTrace trace;
  SharedObjectives shared;
  const TrialResult result = run_trial(std::move(spec), shared, {}, &judge, &trace);
  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  EXPECT_EQ(judge.asked.size(), 5u) << "a second of waiting";
  EXPECT_LT(result.wall_seconds, 0.8);
  EXPECT_LT(result.target_seconds.value(), 0.8);
  EXPECT_GE(trace.waited_ns, 1'000'000'000);
  EXPECT_EQ(trace.waiting_since_ns, 0);
}

// What was measured, and not decided when the trial was stopped, is asked again by the trial that continues.
TEST(Decisions, ThatWereDueAtACheckpointAreAskedForAgain) {
  const TrialResult straight = test::run(slope(40));
  const test::TemporaryFolder folder;
  const Checkpoints checkpoints({.every_seconds = 1000, .keep_all = false, .folder = folder.path()}, only_replicate(0),
                                {}, "plan");
  SharedObjectives shared;
  std::stop_source stop;
  class Leaving : public Judge {
   public:
    explicit Leaving(std::stop_source& stop) : Judge(4, 4), stop_(stop) {}
    Decision decide(const StepReport& report) override {
      if (report.step < 12) return Judge::decide(report);
      stop_.request_stop();  // nobody is there any more
      return {};
    }

   private:
    std::stop_source& stop_;
  } leaving(stop);
  const TrialResult part = run_trial(slope(40), shared, stop.get_token(), &leaving, nullptr, &checkpoints);
  EXPECT_EQ(part.outcome, Outcome::cancelled);
  EXPECT_EQ(leaving.checkpoints, (std::vector<std::int64_t>{13})) << "after the update that was under way";
  Judge judge(12, 4);
  const TrialResult whole = run_trial(slope(40), shared, {}, &judge, nullptr, &checkpoints);
  EXPECT_EQ(test::fingerprint(whole), test::fingerprint(straight));
  EXPECT_EQ(judge.asked.begin()->first, 12);
  EXPECT_EQ(judge.asked.begin()->second, test::series(straight, "loss").at(12));
  EXPECT_EQ(judge.asked.size(), 7u) << "12, 16, ..., 36";
  Judge strict(12, 4, 12);
  const TrialResult again = run_trial(slope(40), shared, stop.get_token(), &leaving, nullptr, &checkpoints);
  EXPECT_EQ(again.outcome, Outcome::cancelled);
  const TrialResult pruned = run_trial(slope(40), shared, {}, &strict, nullptr, &checkpoints);
  EXPECT_EQ(pruned.outcome, Outcome::pruned);
  EXPECT_EQ(strict.asked.size(), 1u);
}

// The one evaluation of a black box is the whole trial: it reports 2.5 at step 1 and 5 at step 2.
TEST(Reports, OfABlackBoxComeWhileItRuns) {
  const auto box = [] {
    TrialSpec spec = test::trial(objective("box", {{"x", 5}}), std::nullopt, 0);
    spec.metric = "halfway";
    return spec;
  };
  std::stop_source stop;
  test::Listener listener([&](std::int64_t, double value) {
    EXPECT_EQ(value, 2.5);
    stop.request_stop();
  });
  const TrialResult cancelled = test::run(box(), stop.get_token(), &listener);
  EXPECT_EQ(cancelled.outcome, Outcome::cancelled);
  EXPECT_EQ(test::series(cancelled, "halfway"), (Series{{1, 2.5}}));
  Judge judge(1, 1, 1);
  const TrialResult pruned = test::run(box(), {}, &judge);
  EXPECT_EQ(pruned.outcome, Outcome::pruned);
  EXPECT_EQ(pruned.value, 2.5);
  EXPECT_EQ(pruned.failure, Failure::none);
}

}  // namespace
}  // namespace tuner

namespace tuner::executor {
namespace {

using namespace std::chrono_literals;

// `trials` trials that report and wait at steps 2, 4, ...; those of an odd number are stopped at 6.
std::map<std::uint64_t, TrialResult> judged(Executor& executor, std::uint64_t trials,
                                            std::map<std::uint64_t, std::vector<std::int64_t>>& asked) {
  for (std::uint64_t n = 0; n < trials; ++n)
    executor.submit({.id = only_replicate(n),
                     .point = {Value(0.01 * static_cast<double>(n + 1))},
                     .asked = {.reports = n % 3 == 0, .decide_at = 2}});
  std::map<std::uint64_t, TrialResult> results;
  while (executor.pending() > 0) {
    const Events events = executor.wait(1s);
    for (const trial::Notice& notice : events.notices) {
      const auto* report = std::get_if<trial::Report>(&notice);
      if (report == nullptr || !report->waits) continue;
      EXPECT_FALSE(results.contains(report->number)) << "a report after the end";
      asked[report->number].push_back(report->step);
      executor.answer(report->number, {.what = report->step >= 6 && report->number % 2 == 1 ? Decision::What::stop
                                                                                            : Decision::What::go_on,
                                       .next = report->step + 2});
    }
    for (const Finished& trial : events.finished) {
      EXPECT_EQ(trial.error, nullptr);
      results[trial.job.id.number] = trial.result;
    }
  }
  return results;
}

Study slopes(std::uint32_t workers = 1) {
  StudyPlan plan = test::lr_study();
  plan.objective = test::only(test::plugin_plan(Kind::objective, "slope"));
  plan.training = {{"steps", Value(std::int64_t{9})}, {"log_every", Value(std::int64_t{1})}};
  plan.metric.name = "loss";
  Study study{.plan = plan, .run = {}, .source = {}};
  study.run.workers = workers;
  return study;
}

TEST(ExecutorChannel, CarriesReportsAndDecisions) {
  SharedObjectives shared;
  for (const std::uint32_t workers : {1u, 3u}) {
    const Study study = slopes(workers);
    const auto executor = make_thread_executor(study, shared);
    std::map<std::uint64_t, std::vector<std::int64_t>> asked;
    const auto results = judged(*executor, 6, asked);
    ASSERT_EQ(results.size(), 6u);
    for (const auto& [number, result] : results) {
      EXPECT_EQ(result.outcome, number % 2 == 1 ? Outcome::pruned : Outcome::completed);
      EXPECT_EQ(asked[number],
                (number % 2 == 1 ? std::vector<std::int64_t>{2, 4, 6} : std::vector<std::int64_t>{2, 4, 6, 8}));
    }
  }
}

TEST(ExecutorChannel, SaysNothingWhereNobodyAsks) {
  const Study study = slopes();
  SharedObjectives shared;
  const auto executor = make_thread_executor(study, shared);
  executor->submit({.id = only_replicate(0), .point = {Value(0.1)}});
  executor->submit({.id = only_replicate(1), .point = {Value(0.1)}, .asked = {.reports = true}});
  std::vector<trial::Notice> notices;
  while (executor->pending() > 0)
    for (auto& notice : executor->wait(1s).notices) notices.push_back(std::move(notice));
  ASSERT_FALSE(notices.empty());
  EXPECT_EQ(std::get<trial::Begun>(notices[0]).number, 1u);
  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < notices.size(); ++i) {
    const auto& report = std::get<trial::Report>(notices[i]);
    EXPECT_EQ(report.number, 1u);
    EXPECT_FALSE(report.waits);
    if (report.value) steps.push_back(report.step);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(ExecutorChannel, ACancelReachesATrialThatWaits) {
  const Study study = slopes();
  SharedObjectives shared;
  const auto executor = make_thread_executor(study, shared);
  executor->submit({.id = only_replicate(0), .point = {Value(0.1)}, .asked = {.decide_at = 2}});
  while (executor->wait(1s).notices.empty()) continue;
  executor->cancel();
  std::vector<Finished> finished;
  while (finished.empty()) finished = executor->wait(1s).finished;
  EXPECT_EQ(finished[0].result.outcome, Outcome::cancelled);
  executor->answer(0, {});  // too late: nothing happens
}

}  // namespace
}  // namespace tuner::executor
