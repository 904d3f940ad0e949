// What must hold for every optimizer of ours that evaluates within its steps, whatever its formula, beyond what
// `tuner plugins check` asks of any plugin.
#include <gtest/gtest.h>

#include <cmath>

#include "functions.hpp"
#include "runs.hpp"
#include "tuner/error.hpp"

namespace tuner::test {
namespace {

class ClosureInvariance : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] const std::string& id() const { return GetParam(); }
  [[nodiscard]] bool derivative_free() const {
    return builtin(Kind::optimizer, id()).has(TUNER_PLUGIN_DERIVATIVE_FREE);
  }
};

TEST_P(ClosureInvariance, ZeroGradientEndsTheRunAsConverged) {
  if (derivative_free()) return;  // it sees no gradient
  ClosureStepper stepper(id(), {}, {{6}}, chained_rosenbrock());
  stepper.set_x(Vector(6, 1.0));
  const auto result = stepper.step(1);
  EXPECT_EQ(result.flags, TUNER_STEP_CONVERGED);
  EXPECT_TRUE(result.losses.empty());
  EXPECT_EQ(stepper.x(), Vector(6, 1.0));
}

TEST_P(ClosureInvariance, TensorsAreOneVector) {
  for (const std::uint32_t dtype : {TUNER_DTYPE_F32, TUNER_DTYPE_F64}) {
    ClosureStepper one(id(), {}, {{7}}, chained_rosenbrock(), dtype);
    ClosureStepper many(id(), {}, {{2, 2}, {0, 3}, {}, {2, 1}}, chained_rosenbrock(), dtype);
    one.set_x(noise(7, 5));
    many.set_x(noise(7, 5));
    const Vector start = one.x();
    for (int t = 1; t <= 10; ++t) {
      one.step(t);
      many.step(t);
    }
    EXPECT_EQ(one.x(), many.x());
    EXPECT_NE(one.x(), start);
  }
}

TEST_P(ClosureInvariance, OneElementAndNone) {
  const Function parabola = coupled_quadratic({4}, {0.5}, 0);
  ClosureStepper one(id(), {}, {{1}}, parabola);
  one.set_x(Vector{2});
  for (int t = 1; t <= 8; ++t) one.step(t);
  EXPECT_LT(one.loss(), 4.5);
  const Function nothing{
      .loss = [](const Vector&) { return 1.0; }, .gradient = [](const Vector&) { return Vector(); }, .product = {}};
  ClosureStepper none(id(), {}, {{0}, {3, 0}}, nothing);
  EXPECT_EQ(none.step(1).status, TUNER_OK);
}

// A wall at which the loss is infinite, and one where it is no number: no step crosses it or fails.
TEST_P(ClosureInvariance, WallsAreNotCrossed) {
  if (id() == "spsa" || id() == "lbfgs" || id() == "newton") return;  // by default they take steps unsearched
  for (const double beyond : {HUGE_VAL, std::nan("")}) {
    // log barrier at x = 0: 1 / x + x, minimum at 1
    const Function barrier{
        .loss = [=](const Vector& x) { return x[0] > 0 ? 1 / x[0] + x[0] : beyond; },
        .gradient = [=](const Vector& x) { return Vector{x[0] > 0 ? 1 - 1 / (x[0] * x[0]) : beyond}; },
        .product = [](const Vector& x, const Vector& v) { return Vector{2 / (x[0] * x[0] * x[0]) * v[0]}; }};
    ClosureStepper stepper(id(), {}, {{1}}, barrier);
    stepper.set_x(Vector{7});
    for (int t = 1; t <= 60; ++t) {
      stepper.step(t);
      ASSERT_GT(stepper.x()[0], 0) << "step " << t;
    }
    EXPECT_NEAR(stepper.x()[0], 1, 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ClosureInvariance, ::testing::ValuesIn(kSecondOrder),
                         [](const auto& param) { return param.param; });

TEST(Lbfgs, KeepsToItsEvaluations) {
  for (const std::int64_t most : {2, 5, 9}) {
    ClosureStepper lbfgs("lbfgs", {{"lr", 0.01}, {"max_eval", most}}, {{6}}, chained_rosenbrock());
    lbfgs.set_x(noise(6, 19));
    // The evaluation at the start of the step is the first.
    EXPECT_EQ(lbfgs.step(1).losses.size(), static_cast<std::size_t>(most - 1));
  }
}

TEST(Newton, NeedsProducts) {
  for (const char* id : {"newton", "newton_cg"}) {
    Function f = chained_rosenbrock();
    f.product = {};
    ClosureStepper stepper(id, {}, {{2}}, f);
    stepper.set_x(Vector{-1.2, 1});
    const auto result = stepper.try_step(1);
    EXPECT_EQ(result.status, TUNER_INVALID);
    EXPECT_NE(result.error.find("Hessian-vector product"), std::string::npos) << result.error;
    EXPECT_NE(result.error.find("lbfgs"), std::string::npos) << result.error;
  }
}

TEST(DenseState, IsRefusedWhereItIsTooLarge) {
  for (const char* id : {"newton", "bfgs", "nelder_mead"}) {
    try {
      ClosureStepper stepper(id, {}, {{100, 100}}, chained_rosenbrock());
      ADD_FAILURE() << id << " took 10000 parameters";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("10000 parameters"), std::string::npos) << e.what();
    }
  }
}

TEST(Wolfe, NeedsItsConstantsInOrder) {
  for (const char* id : {"bfgs", "nonlinear_cg"})
    EXPECT_THROW(ClosureStepper(id, {{"c1", 0.5}, {"c2", 0.3}}, {{2}}, chained_rosenbrock()), Error) << id;
}

}  // namespace
}  // namespace tuner::test
