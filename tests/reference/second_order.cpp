// The methods that evaluate within their steps against PyTorch and the books: see generate_second_order.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "functions.hpp"
#include "tuner/json.hpp"

namespace tuner::test {
namespace {

// What a step's own rounding errors may add up to, in units of one ulp at every evaluation.
constexpr double kUnits = 50;

Given options_of(const Json& options) {
  Given given;
  for (const auto& [id, value] : options.items()) {
    if (value.is_boolean())
      given[id] = value.get<bool>();
    else if (value.is_string())
      given[id] = value.get<std::string>();
    else if (value.is_integer())
      given[id] = value.get<std::int64_t>();
    else
      given[id] = value.get<double>();
  }
  return given;
}

// From where on PyTorch's L-BFGS does nothing for ever, ours goes down, ends the run, or loses its history to go down
// in the step after.
void expect_progress_or_end(ClosureStepper& stepper, std::int64_t number) {
  int in_vain = 0;
  for (std::int64_t i = 0; i < 20; ++i) {
    const double before = stepper.loss();
    const bool ended = stepper.step(number + i).flags != 0;
    ASSERT_LE(stepper.loss(), before);
    if (ended) return;
    in_vain = stepper.loss() < before ? 0 : in_vain + 1;
    ASSERT_LE(in_vain, 1) << "step " << number + i;
  }
}

class SecondOrder : public ::testing::TestWithParam<std::string> {};

TEST_P(SecondOrder, WalksAsTheReference) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/second_order/" + GetParam() + ".json");
  const Json all = Json::parse(file);
  // The second product of conjugate gradients has its digits cut by Rosenbrock's condition number, 2500.
  const double least = GetParam() == "newton_cg" ? 1e-11 : 1e-12;
  std::size_t points = 0, counts = 0, cases = 0;
  for (const Json& c : all["cases"]) {
    SCOPED_TRACE(c["problem"].get<std::string>() + " " + c["options"].dump());
    ClosureStepper stepper(GetParam(), options_of(c["options"]), c["shapes"].get<Shapes>(),
                           function_named(c["problem"].get<std::string>()));
    const Json& rows = c["rows"];
    double moves = 0;
    stepper.set_x(rows[0][3].get<Vector>());
    for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
      if (GetParam() == "lbfgs" && rows[r + 1][3] == rows[r][3]) {
        expect_progress_or_end(stepper, rows[r][0].get<std::int64_t>());
        break;
      }
      const auto result = stepper.step(rows[r][0].get<std::int64_t>());
      const Vector got = stepper.x(), want = rows[r + 1][3].get<Vector>();
      // Errors of the steps before stay in the walk, also where the two walks of the generator cross.
      moves = std::max(moves, rows[r + 1][1].get<double>());
      const double tolerance = std::max(least, kUnits * moves);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i])))
            << "element " << i << " after step " << rows[r][0].dump();
      ++points;
      if (const auto evaluations = rows[r][2].get<std::int64_t>(); evaluations >= 0) {
        ASSERT_EQ(static_cast<std::int64_t>(result.losses.size()), evaluations) << "in step " << rows[r][0].dump();
        ++counts;
      }
    }
    ++cases;
  }
  EXPECT_GE(cases, 12u);
  EXPECT_GE(points, 150u);
  EXPECT_GE(counts, 60u);
}

INSTANTIATE_TEST_SUITE_P(All, SecondOrder, ::testing::ValuesIn(kSecondOrder),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace tuner::test
