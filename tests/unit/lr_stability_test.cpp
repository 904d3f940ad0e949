#include <gtest/gtest.h>
#include <tuner/abi.h>
#include <tuner/abi_random.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tuner/lr_range/limits.hpp"
#include "tuner/lr_range/stability.hpp"

namespace tuner::lr_range {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// sum c_i x_i^2 / 2 + floor, from a given start, with noise in the gradient and in the reported loss.
struct Quadratic {
  std::vector<double> curvature, start;
  double floor = 0, gradient_noise = 0, loss_noise = 0;
  std::uint64_t seed = 1;
};

// Curvatures 1 ... 1 / condition, evenly in their logarithm; the start is 1 everywhere, `top` at the largest.
Quadratic quadratic(std::size_t dimension, double condition, double top = 1) {
  Quadratic problem{.curvature = {}, .start = std::vector<double>(dimension, 1.0)};
  for (std::size_t i = 0; i < dimension; ++i)
    problem.curvature.push_back(std::pow(condition, -static_cast<double>(i) / static_cast<double>(dimension - 1)));
  problem.start[0] = top;
  return problem;
}

struct Rule {
  std::string name;
  double momentum = 0, dampening = 0;
  bool nesterov = false;

  // As torch.optim.SGD: v = g at the first step.
  [[nodiscard]] double change(double g, double& v, bool first) const {
    v = first ? g : momentum * v + (1 - dampening) * g;
    return nesterov ? g + momentum * v : v;
  }
  [[nodiscard]] double limit(double c) const {
    return nesterov ? nesterov_limit(c, momentum) : dampened_limit(c, momentum, dampening);
  }
};

// The loss after each step, on a path of its own from the start.
class Path {
 public:
  explicit Path(const Quadratic& problem) : problem_(&problem), x_(problem.start) {
    rng_.struct_size = sizeof rng_;
    rng_.seed = problem.seed;
  }
  // step: (gradient, index) -> change of the coordinate.
  double next(const auto& step) {
    double loss = problem_->floor;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      double g = problem_->curvature[i] * x_[i];
      if (problem_->gradient_noise > 0) g += problem_->gradient_noise * tuner_rng_next_normal(&rng_);
      x_[i] -= step(g, i);
      loss += problem_->curvature[i] * x_[i] * x_[i] / 2;
    }
    if (problem_->loss_noise > 0) loss += problem_->loss_noise * tuner_rng_next_normal(&rng_);
    ++steps_;
    return loss;
  }
  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] std::size_t size() const { return x_.size(); }

 private:
  const Quadratic* problem_;
  std::vector<double> x_;
  tuner_rng rng_{};
  int steps_ = 0;
};

StartRun runs(const Quadratic& problem, const Rule& rule) {
  return [&problem, rule](double lr) -> NextLoss {
    return [rule, lr, path = Path(problem), v = std::vector<double>(problem.start.size())]() mutable {
      const bool first = path.steps() == 0;
      return path.next([&](double g, std::size_t i) { return lr * rule.change(g, v[i], first); });
    };
  };
}

const std::vector<Rule> kRules{{.name = "gradient descent"},
                               {.name = "heavy ball 0.9", .momentum = 0.9},
                               {.name = "heavy ball 0.99", .momentum = 0.99},
                               {.name = "nesterov 0.9", .momentum = 0.9, .nesterov = true},
                               {.name = "nesterov 0.99", .momentum = 0.99, .nesterov = true},
                               {.name = "ema 0.9", .momentum = 0.9, .dampening = 0.9},
                               {.name = "ema 0.99", .momentum = 0.99, .dampening = 0.99}};

StabilityOptions from(double first) { return {.first = first, .lowest = 1e-7, .highest = 1e5}; }

// Both ends of the bracket against the limit: the largest relative error.
double error_of(const StabilityBracket& bracket, double limit) {
  if (!bracket.stable || !bracket.unstable) return kInfinity;
  return std::max(std::abs(*bracket.stable / limit - 1), std::abs(*bracket.unstable / limit - 1));
}

std::string text_of(const StabilityBracket& bracket, double limit) {
  std::string text;
  for (const StabilityRun& run : bracket.runs)
    text += std::to_string(run.lr / limit) + " of the limit: " + std::to_string(run.steps) + " steps, " +
            (run.stable ? "stable, " : "unstable, ") + std::to_string(run.ratio) + "\n";
  return text;
}

class LrStability : public testing::TestWithParam<Rule> {
 protected:
  // Within 2 % of the closed form; the worst error and the steps are printed.
  void check(const Quadratic& problem, const std::string& what) {
    const double limit = GetParam().limit(problem.curvature[0]);
    const StabilityBracket bracket = largest_stable_lr(runs(problem, GetParam()), from(first_ * limit));
    EXPECT_LE(error_of(bracket, limit), 0.02) << what << ", seed " << problem.seed << '\n' << text_of(bracket, limit);
    worst_ = std::max(worst_, error_of(bracket, limit));
    most_runs_ = std::max(most_runs_, bracket.runs.size());
    most_steps_ = std::max(most_steps_, bracket.steps());
    first_ = first_ < 1 ? 31.7 : 0.0123;  // from below and from above
  }
  void TearDown() override {
    std::printf("%s: worst error %.2g %%, at most %zu runs, %lld steps\n", GetParam().name.c_str(), 100 * worst_,
                most_runs_, static_cast<long long>(most_steps_));
  }

 private:
  double worst_ = 0, first_ = 0.0123;
  std::size_t most_runs_ = 0;
  std::int64_t most_steps_ = 0;
};

TEST_P(LrStability, PlainQuadratics) {
  for (const std::size_t dimension : {2, 30, 1000})
    for (const double condition : {10., 100., 1e3, 1e4})
      for (const double top : {1., 1e-8})
        if (dimension < 1000 || (condition == 10 && top == 1) || (condition == 1e4 && top != 1))
          check(quadratic(dimension, condition, top), std::to_string(dimension) + " dimensions, condition " +
                                                          std::to_string(condition) + ", top " + std::to_string(top));
}

TEST_P(LrStability, NoisyGradients) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    for (const double noise : {1e-3, 1.}) {
      Quadratic problem = quadratic(seed % 2 == 0 ? 2 : 20, seed % 4 < 2 ? 10 : 1e4, seed % 3 == 0 ? 1e-8 : 1);
      problem.gradient_noise = noise;
      problem.seed = seed;
      check(problem, "noise " + std::to_string(noise));
    }
}

TEST_P(LrStability, NoisyLosses) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    for (const double noise : {1e-3, 0.3}) {
      Quadratic problem = quadratic(seed % 2 == 0 ? 2 : 20, seed % 4 < 2 ? 10 : 1e4);
      problem.loss_noise = noise;
      problem.gradient_noise = seed % 3 == 0 ? 0.1 : 0;
      problem.seed = seed;
      check(problem, "noise of the loss " + std::to_string(noise));
    }
}

TEST_P(LrStability, FloorsAndSigns) {
  for (const double floor : {-1000., -0.25, 1., 1e6}) {
    Quadratic problem = quadratic(10, 100);
    problem.floor = floor;
    check(problem, "floor " + std::to_string(floor));
    problem.start.assign(10, 0.0);
    problem.start[0] = 1e-3;
    check(problem, "floor " + std::to_string(floor) + ", start near the minimum");
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, LrStability, testing::ValuesIn(kRules), [](const auto& info) {
  std::string name = info.param.name;
  std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
  return name;
});

// Losses as given by a function of the step (from 1) and the lr.
StabilityBracket bracket_of(const std::function<double(int step, double lr)>& loss, const StabilityOptions& options) {
  return largest_stable_lr([&](double lr) -> NextLoss { return [=, step = 0]() mutable { return loss(++step, lr); }; },
                           options);
}

bool stable(const std::function<double(int step)>& loss) {
  const StabilityBracket bracket =
      bracket_of([&](int step, double) { return loss(step); }, {.first = 1, .lowest = 1, .highest = 1});
  EXPECT_EQ(bracket.runs.size(), 1);
  EXPECT_NE(bracket.stable.has_value(), bracket.unstable.has_value());
  return bracket.stable.has_value();
}

TEST(LrStabilityOfARun, BoundedLossesAreStable) {
  EXPECT_TRUE(stable([](int) { return 0.0; }));
  EXPECT_TRUE(stable([](int) { return 2.302585; }));  // a dead network
  EXPECT_TRUE(stable([](int) { return -7.0; }));
  EXPECT_TRUE(stable([](int t) { return -1.0 * t * t; }));
  EXPECT_TRUE(stable([](int t) { return -std::exp(0.5 * t); }));
  EXPECT_TRUE(stable([](int t) { return 1e-300 * std::pow(0.9, t); }));
  EXPECT_TRUE(stable([](int t) { return std::max(0.0, 10.0 - t); }));
  EXPECT_TRUE(stable([](int t) { return 0.5 + std::pow(0.97, t); }));
  EXPECT_TRUE(stable([](int t) { return 1.0 + (t % 64 < 48 ? 0 : 1e-9); }));        // rounding above a floor
  EXPECT_TRUE(stable([](int t) { return 1.0 * t * t; }));                           // a polynomial rise
  EXPECT_TRUE(stable([](int t) { return t * t * std::pow(0.995, t); }));            // and one that decays at last
  EXPECT_TRUE(stable([](int t) { return t < 900 ? 2.3 + 1e-7 * (t % 7) : 0.5; }));  // a plateau left downwards
  EXPECT_TRUE(stable([](int t) { return std::pow(std::cos(0.0131 * t), 4); }));     // a long swing that touches 0
  EXPECT_TRUE(stable([](int t) { return 5 * std::pow(0.99, t) + (t % 200 > 195 ? 1 : 0); }));  // bursts of one height
}

TEST(LrStabilityOfARun, GrowthIsUnstable) {
  EXPECT_FALSE(stable([](int t) { return t < 40 ? 1 : std::nan(""); }));
  EXPECT_FALSE(stable([](int t) { return t < 1000 ? -1.0 * t : -kInfinity; }));
  EXPECT_FALSE(stable([](int t) { return std::pow(1.01, t); }));
  EXPECT_FALSE(stable([](int t) { return 1e3 + 1e-6 * std::pow(1.03, t); }));  // above a large floor
  EXPECT_FALSE(stable([](int t) { return -1e3 + 1e-6 * std::pow(1.03, t); }));
  EXPECT_FALSE(stable([](int t) { return std::pow(0.8, t) + 1e-16 * std::pow(1.05, t); }));  // hidden at first
  EXPECT_FALSE(stable([](int t) { return t % 2 == 0 ? 1e-3 : std::pow(1.05, t); }));
}

TEST(LrStabilityOfARun, GoesOnInsteadOfStartingAnew) {
  int starts = 0;
  std::int64_t asked = 0;
  const StabilityBracket bracket =
      largest_stable_lr([&](double) -> NextLoss { return ++starts, [&] { return ++asked, 1.0; }; },
                        {.first = 1, .lowest = 1, .highest = 1});
  EXPECT_EQ(starts, 1);
  EXPECT_EQ(asked, 1024);
  EXPECT_EQ(bracket.steps(), 1024);
  EXPECT_EQ(bracket.runs[0].ratio, 1);
}

TEST(LrStabilityOfARun, EndsSoonWhereNothingIsLeft) {
  const StabilityBracket gone =
      bracket_of([](int step, double) { return std::pow(0.3, step); }, {.first = 1, .lowest = 1, .highest = 1});
  EXPECT_EQ(gone.runs[0].steps, 64);
  const StabilityBracket infinite =
      bracket_of([](int step, double) { return step < 3 ? 1 : kInfinity; }, {.first = 1, .lowest = 1, .highest = 1});
  EXPECT_EQ(infinite.runs[0].steps, 3);
  EXPECT_EQ(infinite.runs[0].ratio, kInfinity);
  // A length that is no power of two times the first ends at the longest.
  const StabilityBracket cut = bracket_of([](int, double) { return 1.0; },
                                          {.first = 1, .lowest = 1, .highest = 1, .first_steps = 10, .most_steps = 50});
  EXPECT_EQ(cut.runs[0].steps, 50);
}

TEST(LrStabilitySearch, EndsAtTheBordersOfTheRange) {
  const auto border = [](double limit) { return [limit](int, double lr) { return lr < limit ? 1 : kInfinity; }; };
  const StabilityBracket none = bracket_of(border(1e9), {.first = 1e-3, .lowest = 1e-7, .highest = 10});
  EXPECT_EQ(none.stable, 10);
  EXPECT_FALSE(none.unstable);
  EXPECT_EQ(none.runs.size(), 6);  // 1e-3, 2e-3, 8e-3, 0.128, 2.048, 10
  const StabilityBracket all = bracket_of(border(1e-9), {.first = 1e-3, .lowest = 1e-7, .highest = 10});
  EXPECT_EQ(all.unstable, 1e-7);
  EXPECT_FALSE(all.stable);
  for (const double limit : {1.2e-7, 1e-5, 0.00123, 0.9, 9.99}) {
    const StabilityBracket found = bracket_of(border(limit), {.first = 1e3, .lowest = 1e-7, .highest = 10});
    ASSERT_TRUE(found.stable && found.unstable);
    EXPECT_EQ(found.runs[0].lr, 10);
    EXPECT_LT(*found.stable, limit);
    EXPECT_GE(*found.unstable, limit);
    EXPECT_LE(*found.unstable, *found.stable * 1.01);
    EXPECT_LE(found.runs.size(), 20);
  }
}

TEST(LrStabilityOfAdam, NeverDivergesOnAQuadratic) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Quadratic problem = quadratic(seed % 2 == 0 ? 2 : 30, seed % 3 == 0 ? 1e4 : 10);
    problem.gradient_noise = seed > 3 ? 0.1 : 0;
    problem.seed = seed;
    const auto adam = [&](double lr) -> NextLoss {
      return [lr, path = Path(problem), m = problem.start, v = problem.start]() mutable {
        const double t = path.steps() + 1;
        return path.next([&](double g, std::size_t i) {
          m[i] = (t == 1 ? 0 : 0.9 * m[i]) + 0.1 * g;
          v[i] = (t == 1 ? 0 : 0.999 * v[i]) + 0.001 * g * g;
          return lr * (m[i] / (1 - std::pow(0.9, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
        });
      };
    };
    const StabilityBracket bracket =
        largest_stable_lr(adam, {.first = 1e-7, .lowest = 1e-7, .highest = 1e3, .most_steps = seed == 1 ? 8192 : 1024});
    EXPECT_EQ(bracket.stable, 1e3) << "seed " << seed << '\n' << text_of(bracket, 1);
    EXPECT_FALSE(bracket.unstable) << "seed " << seed << '\n' << text_of(bracket, 1);
  }
}

}  // namespace
}  // namespace tuner::lr_range
