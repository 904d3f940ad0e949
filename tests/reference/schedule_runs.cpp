// Schedules run by the host: those that listen to the metric (state in slots), second outputs, warmup, stages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "stepper.hpp"
#include "tuner/json.hpp"
#include "tuner/schedule.hpp"

namespace tuner::test {
namespace {

constexpr std::int64_t kHorizon = 400;

PluginUse use(Kind kind, const std::string& id, const Given& given) {
  const Plugin& plugin = builtin(kind, id);
  return {.plugin = &plugin, .options = table_of(plugin, given), .groups = {}, .inner = nullptr};
}

// A scheduler that drives the lr of sgd, told one value of the metric after another.
class Listener {
 public:
  Listener(const std::string& scheduler, const Given& given, double lr, Goal goal, std::int64_t warmup = 0)
      : optimizer_(use(Kind::optimizer, "sgd", {{"lr", lr}})) {
    schedule_.stages.push_back({use(Kind::scheduler, scheduler, given), -1});
    schedule_.warmup_steps = warmup;
    run_ = std::make_unique<ScheduleRun>(schedule_, optimizer_, kHorizon, 0, goal, nullptr);
    lr_ = advance();
  }

  // The lr of the step after the metric had this value.
  double hear(double metric) {
    metric_ = metric;
    ++count_;
    return lr_ = advance();
  }
  // The lr of a step before which nothing was measured.
  double advance() {
    tuner_error error{};
    error.struct_size = sizeof error;
    EXPECT_EQ(run_->apply({step_++, metric_, count_}, &error), TUNER_OK) << error.text;
    return run_->lr();
  }
  [[nodiscard]] double lr() const { return lr_; }

 private:
  PluginUse optimizer_;
  Schedule schedule_;
  std::unique_ptr<ScheduleRun> run_;
  std::int64_t step_ = 0, count_ = 0;
  double metric_ = NAN, lr_ = NAN;
};

Value value_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_integer()) return json.get<std::int64_t>();
  return json.get<double>();
}

TEST(PlateauReference, AgreesWithTorchAndKeras) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/plateau.json");
  const Json cases = Json::parse(file);
  EXPECT_GE(cases.size(), 28u);
  for (const Json& c : cases) {
    SCOPED_TRACE(c["mode"].get<std::string>() + " " + c["options"].dump());
    Given given;
    for (const auto& [id, value] : c["options"].items()) given[id] = value_of(value);
    Listener plateau("plateau", given, .5, c["mode"] == "min" ? Goal::minimize : Goal::maximize);
    EXPECT_EQ(plateau.lr(), .5);
    const auto metrics = c["metrics"].get<Vector>(), lr = c["lr"].get<Vector>();
    ASSERT_EQ(metrics.size(), 60u);
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      ASSERT_DOUBLE_EQ(plateau.hear(metrics[i]), lr[i]) << "value " << i;
      ASSERT_DOUBLE_EQ(plateau.advance(), lr[i]) << "without a new value after value " << i;
    }
  }
}

// A constant metric is no improvement, whatever its sign.
TEST(Plateau, ANegativeMetricStandsStillLikeAPositiveOne) {
  for (const Goal goal : {Goal::minimize, Goal::maximize})
    for (const double metric : {-78.3, -1e-300, 0.0, 1e-300, 78.3}) {
      Listener plateau("plateau", {{"patience", std::int64_t{2}}, {"factor", .5}}, 1, goal);
      std::vector<double> lr;
      for (int i = 0; i < 7; ++i) lr.push_back(plateau.hear(metric));
      EXPECT_EQ(lr, (std::vector<double>{1, 1, 1, .5, .5, .5, .25})) << metric;
    }
}

// The threshold is a share of |best|: better by less than that is no improvement, by more it is one.
TEST(Plateau, TheThresholdIsRelativeToTheSizeOfBest) {
  for (const Goal goal : {Goal::minimize, Goal::maximize})
    for (const double best : {-50.0, 50.0}) {
      const double better = goal == Goal::minimize ? -1 : 1;
      const auto after = [&](double change) {
        Listener plateau("plateau", {{"patience", std::int64_t{0}}, {"factor", .5}, {"threshold", 0.1}}, 1, goal);
        plateau.hear(best);
        return plateau.hear(best + better * change);
      };
      EXPECT_EQ(after(-1), .5) << best;
      EXPECT_EQ(after(4.9), .5) << best;
      EXPECT_EQ(after(5.1), 1) << best;
    }
}

TEST(Plateau, TorchsRelativeThresholdTakesSlightlyWorseNegativeValuesForBetterOnes) {
  Listener plateau("plateau", {{"patience", std::int64_t{0}}, {"threshold_mode", std::string("torch_rel")}}, 1,
                   Goal::minimize);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(plateau.hear(-78.3), 1);
}

TEST(Plateau, NotANumberIsNoImprovement) {
  Listener plateau("plateau", {{"patience", std::int64_t{1}}, {"factor", .5}}, 1, Goal::minimize);
  EXPECT_EQ(plateau.hear(NAN), 1);
  EXPECT_EQ(plateau.hear(NAN), .5);
  EXPECT_EQ(plateau.hear(3), .5);  // the first number is better than none
  EXPECT_EQ(plateau.hear(NAN), .5);
  EXPECT_EQ(plateau.hear(NAN), .25);
}

TEST(Plateau, WarmupDoesNotCount) {
  Listener plateau("plateau", {{"patience", std::int64_t{0}}, {"factor", .5}}, 1, Goal::minimize, 4);
  EXPECT_EQ(plateau.lr(), .25);
  EXPECT_EQ(plateau.hear(1), .5);
  EXPECT_EQ(plateau.hear(5), .75);
  EXPECT_EQ(plateau.hear(7), 1);
  EXPECT_EQ(plateau.hear(9), 1);  // the schedule's own first step
  EXPECT_EQ(plateau.hear(9), 1);  // its first value
  EXPECT_EQ(plateau.hear(10), .5);
}

// Without lots, one value per decision; g the gain, Q followed by hand.
TEST(QLearning, FollowsTheUpdateRule) {
  const Given given{{"window", std::int64_t{1}}, {"epsilon_start", 0.0}, {"factor", 2.0},
                    {"learning_rate", .5},       {"discount", .5},       {"tolerance", .01}};
  Listener q("q_learning", given, 1, Goal::minimize);
  EXPECT_EQ(q.hear(8), 1);   // nothing to compare with
  EXPECT_EQ(q.hear(4), 1);   // g = 1/2, better; all Q are 0: keep
  EXPECT_EQ(q.hear(3), 1);   // g = 1/4, better; Q(better, keep) = 1/8, the largest: keep
  EXPECT_EQ(q.hear(6), 1);   // g = -1/2, worse; Q(better, keep) = 1/8 + (-1/2 - 1/8) / 2 = -3/16; Q(worse, .) = 0: keep
  EXPECT_EQ(q.hear(3), .5);  // g = 1/2, better; Q(worse, keep) = 1/4; keep is below 0 there: lower
  EXPECT_EQ(q.hear(1), .25);  // g = 2/3, better; Q(better, lower) = 1/3: lower
  EXPECT_EQ(q.hear(2), .25);  // g = -1/2, worse; Q(better, lower) = 1/3 + (-1/2 + 1/8 - 1/3) / 2 < 0; worse: keep
  EXPECT_EQ(q.hear(1), .5);   // g = 1/2, better; keep and lower are below 0 there: raise
  EXPECT_EQ(q.hear(1), .5);   // g = 0, flat; Q(flat, .) = 0: keep
}

TEST(QLearning, MirrorsWhereTheGoalIsToMaximize) {
  const Given given{{"window", std::int64_t{1}}, {"epsilon_start", 0.2}};
  Listener down("q_learning", given, 1, Goal::minimize), up("q_learning", given, 1, Goal::maximize);
  for (int t = 0; t < 100; ++t) {
    const double metric = 1 + std::sin(t * .7) / (1 + t % 5);
    EXPECT_EQ(down.hear(metric), up.hear(-metric)) << t;
  }
}

TEST(QLearning, IsDeterministicAndStaysInItsRange) {
  const auto lrs = [](std::int64_t seed) {
    Listener q("q_learning",
               {{"window", std::int64_t{1}},
                {"epsilon_start", 1.0},
                {"epsilon_end", 1.0},
                {"min_factor", .25},
                {"seed", seed}},
               .1, Goal::minimize);
    Vector values;
    for (int t = 0; t < 300; ++t) values.push_back(q.hear(1 / (1. + t % 7)));
    return values;
  };
  const Vector first = lrs(1);
  EXPECT_EQ(first, lrs(1));
  EXPECT_NE(first, lrs(2));
  EXPECT_DOUBLE_EQ(*std::min_element(first.begin(), first.end()), .025);
  EXPECT_DOUBLE_EQ(*std::max_element(first.begin(), first.end()), .4);
}

// From the authors' rule, by hand: radius 1 up, 2 down, 3 up, 4 down; better ends the walk.
TEST(Aslr, WalksWhenTheMetricGetsWorse) {
  Listener aslr("aslr", {}, .5, Goal::minimize);
  EXPECT_NEAR(aslr.lr(), .5, .05);
  EXPECT_NEAR(aslr.hear(1), .5, .05);  // the first is the best
  const double walk[] = {.6, .5, .4, .5, .6, .7, .6, .5, .4, .3};
  for (const double expected : walk) {
    EXPECT_NEAR(aslr.hear(2), expected, .05);
    EXPECT_NEAR(aslr.advance(), expected, .05);  // nothing new
  }
  EXPECT_NEAR(aslr.hear(1), .3, .05);   // as good as the best: nothing
  EXPECT_NEAR(aslr.hear(.5), .3, .05);  // better: the walk ends
  EXPECT_NEAR(aslr.hear(.6), .4, .05);  // and a new one begins
  EXPECT_NEAR(aslr.hear(.6), .3, .05);
  EXPECT_NEAR(aslr.hear(NAN), .2, .05);
}

TEST(Aslr, WalksFromOnePowerOfTenToTheNext) {
  const auto digit = [](double lr, double s) { return std::lround(lr / s); };
  Listener aslr("aslr", {}, .1, Goal::minimize);
  aslr.hear(1);
  EXPECT_EQ(digit(aslr.hear(2), .1), 2);
  EXPECT_EQ(digit(aslr.hear(2), .1), 1);
  EXPECT_NEAR(aslr.hear(2), .09, .005);
  EXPECT_EQ(digit(aslr.hear(2), .1), 1);
  Listener up("aslr", {}, 9e-4, Goal::minimize);
  up.hear(1);
  EXPECT_NEAR(up.hear(2), 1e-3, .5e-3);
  EXPECT_NEAR(up.hear(2), 9e-4, .5e-4);
}

TEST(Aslr, BeginsAtTheDigitOfTheLr) {
  for (const auto& [lr, digit, s] :
       {std::tuple{.3, 3, .1}, {.299, 2, .1}, {.001, 1, .001}, {9.99, 9, 1.}, {7e-5, 7, 1e-5}}) {
    Listener aslr("aslr", {}, lr, Goal::minimize);
    for (int t = 0; t < 50; ++t) ASSERT_NEAR(aslr.advance(), digit * s, s / 2) << lr;
  }
  Listener none("aslr", {}, 0, Goal::minimize);
  none.hear(1);
  EXPECT_EQ(none.hear(2), 0);
}

TEST(Aslr, DrawsEvenlyAroundItAndBySeed) {
  const auto draws = [](std::int64_t seed) {
    Listener aslr("aslr", {{"seed", seed}}, 2, Goal::minimize);
    Vector values;
    for (int t = 0; t < 4000; ++t) values.push_back(aslr.advance());
    return values;
  };
  const Vector values = draws(1);
  EXPECT_EQ(values, draws(1));
  EXPECT_NE(values, draws(2));
  double sum = 0, squares = 0;
  for (const double value : values) sum += value - 2, squares += (value - 2) * (value - 2);
  EXPECT_NEAR(sum / 4000, 0, .02);             // 4 standard deviations are 0.018
  EXPECT_NEAR(squares / 4000, 1 / 12., .005);  // 4 of them are 0.0047
  EXPECT_GT(*std::min_element(values.begin(), values.end()), 1.5);
  EXPECT_LT(*std::max_element(values.begin(), values.end()), 2.5);
}

TEST(Aslr, StaysWithinItsLimitsAndMirrors) {
  Listener aslr("aslr", {{"min_lr", .4}, {"max_lr", .6}}, .5, Goal::minimize);
  Listener up("aslr", {{"min_lr", .4}, {"max_lr", .6}}, .5, Goal::maximize);
  aslr.hear(1), up.hear(-1);
  const double walk[] = {.6, .5, .4, .5, .6, .6, .5, .4, .4, .4};  // 0.7 and 0.3 are not gone to
  for (const double expected : walk) {
    const double lr = aslr.hear(2);
    EXPECT_NEAR(lr, expected, .05);
    EXPECT_EQ(up.hear(-2), lr);
  }
}

// The value of one option after `steps` updates of a run of 10.
double driven(const std::string& scheduler, const Given& given, const std::string& optimizer, const std::string& option,
              int steps) {
  PluginUse target = use(Kind::optimizer, optimizer, {{"lr", .5}});
  Schedule schedule;
  schedule.stages.push_back({use(Kind::scheduler, scheduler, given), -1});
  ScheduleRun run(schedule, target, 10, 0, Goal::minimize, nullptr);
  tuner_error error{};
  error.struct_size = sizeof error;
  for (std::int64_t t = 0; t < steps; ++t) EXPECT_EQ(run.apply({t, NAN, 0}, &error), TUNER_OK) << error.text;
  return target.options.number(target.plugin->find_param(option).value());
}

TEST(MomentumOutput, DrivesMomentumOrBeta1OrNeither) {
  const std::pair<std::string, std::string> cases[] = {{"sgd", "momentum"}, {"rmsprop", "momentum"}, {"adam", "beta1"}};
  for (const auto& [optimizer, option] : cases) {
    SCOPED_TRACE(optimizer);
    EXPECT_DOUBLE_EQ(driven("one_cycle", {}, optimizer, option, 1), .95);
    EXPECT_DOUBLE_EQ(driven("one_cycle", {}, optimizer, option, 3), .85);
    EXPECT_DOUBLE_EQ(driven("one_cycle", {}, optimizer, option, 10), .95);
    EXPECT_DOUBLE_EQ(driven("one_cycle", {}, optimizer, "lr", 3), .5);
    const Given cyclic{{"base_lr", .1}, {"step_size_up", std::int64_t{4}}};
    EXPECT_DOUBLE_EQ(driven("cyclic", cyclic, optimizer, option, 1), .9);
    EXPECT_DOUBLE_EQ(driven("cyclic", cyclic, optimizer, option, 5), .8);
    const double own = driven("constant", {}, optimizer, option, 1);
    EXPECT_EQ(driven("one_cycle", {{"cycle_momentum", false}}, optimizer, option, 3), own);
  }
  EXPECT_DOUBLE_EQ(driven("one_cycle", {}, "adagrad", "lr", 3), .5);
}

TEST(Warmup, BeforeInverseSqrtIsHuggingFaces) {
  Listener lr("inverse_sqrt", {{"timescale", std::int64_t{8}}}, 1, Goal::minimize, 8);
  for (int t = 1; t < 8; ++t) EXPECT_DOUBLE_EQ(lr.advance(), (t + 1) / 8.);
  for (int t = 8; t < 100; ++t) EXPECT_DOUBLE_EQ(lr.advance(), 1 / std::sqrt(t / 8.));
}

TEST(Stages, ListenFromTheirOwnFirstStep) {
  PluginUse sgd = use(Kind::optimizer, "sgd", {{"lr", 1.0}});
  Schedule schedule;
  schedule.stages.push_back({use(Kind::scheduler, "constant", {}), 3});
  schedule.stages.push_back({use(Kind::scheduler, "plateau", {{"patience", std::int64_t{0}}, {"factor", .5}}), -1});
  ScheduleRun run(schedule, sgd, 10, 0, Goal::minimize, nullptr);
  tuner_error error{};
  error.struct_size = sizeof error;
  // The metric rises by one at every step; the first value that plateau hears is its best.
  const double expected[] = {1, 1, 1, 1, 1, .5, .25};
  for (std::int64_t t = 0; t < 7; ++t) {
    EXPECT_EQ(run.apply({t, static_cast<double>(t), t}, &error), TUNER_OK) << error.text;
    EXPECT_EQ(run.lr(), expected[t]) << "step " << t;
  }
}

}  // namespace
}  // namespace tuner::test
