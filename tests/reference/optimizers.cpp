// Every optimizer against an independent implementation: see generate.py for what the files hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "stepper.hpp"
#include "tuner/json.hpp"

namespace tuner::test {
namespace {

const std::vector<std::string> kWrappers = {"lookahead", "sam"};

std::vector<Json> cases_of(const std::string& optimizer) {
  const bool wraps = std::ranges::find(kWrappers, optimizer) != kWrappers.end();
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/" + std::string(wraps ? "wrappers/" : "optimizers/") +
                     optimizer + ".json");
  return Json::parse(file)["cases"].get<std::vector<Json>>();
}

List list_of(const Json& numbers) {
  List list;
  for (const Json& number : numbers) list.emplace_back(number.get<double>());
  return list;
}

Given options_of(const Json& options) {
  Given given;
  for (const auto& [id, value] : options.items()) {
    if (value.is_boolean())
      given[id] = value.get<bool>();
    else if (value.is_string())
      given[id] = value.get<std::string>();
    else if (value.is_array())
      given[id] = list_of(value);
    else if (value.is_integer())
      given[id] = value.get<std::int64_t>();
    else
      given[id] = value.get<double>();
  }
  return given;
}

std::string describe(const Json& c) {
  return c["problem"].get<std::string>() + " " + c["dtype"].get<std::string>() + " " + c["options"].dump();
}

Stepper stepper_of(const std::string& optimizer, const Json& c) {
  const std::uint32_t dtype = c["dtype"] == "f32" ? TUNER_DTYPE_F32 : TUNER_DTYPE_F64;
  const Roles roles = c.contains("roles") ? c["roles"].get<Roles>() : Roles{};
  Inner inner;
  if (c.contains("inner")) inner = {c["inner"]["plugin"].get<std::string>(), options_of(c["inner"]["options"])};
  return Stepper(optimizer, options_of(c["options"]), c["shapes"].get<Shapes>(), dtype, -1, roles, inner);
}

// Rules with a Hessian-vector product: the reference's vector is expected, its product the answer.
void expect_products_of(Stepper& stepper, const Json& c, std::int64_t step) {
  if (!c.contains("products")) return;
  const Json& products = c["products"];
  const std::string key = std::to_string(step);
  stepper.set_hessian_product([&products, key](const Vector& vector) {
    if (!products.contains(key)) throw std::runtime_error("no Hessian-vector product is due at step " + key);
    const Vector want = products[key][0].get<Vector>();
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(vector[i], want[i], 1e-7 * std::abs(want[i]));
    return products[key][1].get<Vector>();
  });
}

// Row: [t, x, grad, slot...]; columns name what follows t.
std::int64_t step_of(const Json& row) { return row[0].get<std::int64_t>(); }
Vector column(const Json& row, std::size_t index) { return row[index + 1].get<Vector>(); }
constexpr std::size_t kX = 0, kGrad = 1, kFirstSlot = 2;

// Columns that hold what the rule asks for within its step, and not a slot.
bool is_slot(const std::string& column) { return column != "ahead" && column != "grad_ahead"; }

// The largest difference relative to the value, or to the value before the step where that is larger: a difference of
// two numbers cannot be more exact than they are.
double error_of(const Vector& got, const Vector& want, const Vector& before) {
  if (got.size() != want.size()) return HUGE_VAL;
  double worst = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double difference = std::abs(got[i] - want[i]);
    if (difference == 0) continue;
    worst = std::max(worst, difference / std::max(std::abs(want[i]), std::abs(before[i])));
    if (!std::isfinite(got[i])) return HUGE_VAL;
  }
  return worst;
}

// Rules that take the gradient at a second point: the reference's point is expected, its gradient the answer.
void expect_gradient_ahead(Stepper& stepper, const Json& c, const Json& row, double tolerance, int& asked) {
  const Json& columns = c["columns"];
  const auto ahead = std::find(columns.begin(), columns.end(), Json("ahead"));
  if (ahead == columns.end()) return;
  const auto index = static_cast<std::size_t>(ahead - columns.begin());
  stepper.set_gradient([&asked, tolerance, point = column(row, index), before = column(row, kX),
                        gradient = column(row, index + 1)](const Vector& x) {
    EXPECT_LE(error_of(x, point, before), tolerance) << "the second point";
    ++asked;
    return gradient;
  });
}

class OptimizerReference : public ::testing::TestWithParam<std::string> {};

TEST_P(OptimizerReference, EachStepFromTheReferencesState) {
  std::size_t cases = 0;
  for (const Json& c : cases_of(GetParam())) {
    SCOPED_TRACE(describe(c));
    const bool single = c["dtype"] == "f32";
    // "loose" names what rests on an eigenvalue problem, with the tolerance that its condition leaves.
    const auto tolerance = [&](const std::string& name) {
      return single ? 2e-6 : c.contains("loose") && c["loose"].contains(name) ? c["loose"][name].get<double>() : 1e-13;
    };
    std::size_t compared = 0;
    Stepper stepper = stepper_of(GetParam(), c);
    const Json& columns = c["columns"];
    const Json& rows = c["rows"];
    for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
      const Json &before = rows[r], &after = rows[r + 1];
      if (step_of(after) != step_of(before) + 1) continue;
      stepper.set_x(column(before, kX));
      stepper.set_grad(column(before, kGrad));
      for (std::size_t k = kFirstSlot; k < columns.size(); ++k)
        if (const auto name = columns[k].get<std::string>(); is_slot(name))
          stepper.set_slot(stepper.slot_index(name), column(before, k));
      expect_products_of(stepper, c, step_of(before));
      int asked = 0;
      expect_gradient_ahead(stepper, c, before, tolerance("ahead"), asked);
      stepper.step(step_of(before));
      ASSERT_EQ(asked, std::count(columns.begin(), columns.end(), Json("ahead")))
          << "gradients in step " << step_of(before);
      ASSERT_LE(error_of(stepper.x(), column(after, kX), column(before, kX)), tolerance("x"))
          << "x after step " << step_of(before);
      for (std::size_t k = kFirstSlot; k < columns.size(); ++k) {
        const auto name = columns[k].get<std::string>();
        if (!is_slot(name)) continue;
        // PyTorch's asgd writes its average from the first step on, ours once it is another point than x.
        const Vector slot =
            name == "ax" ? stepper.evaluation_point(step_of(before)) : stepper.slot(stepper.slot_index(name));
        ASSERT_LE(error_of(slot, column(after, k), column(before, k)), tolerance(name))
            << name << " after step " << step_of(before);
      }
      ++compared;
    }
    EXPECT_GE(compared, 20u);
    ++cases;
  }
  EXPECT_GE(cases, 4u * 4);
}

TEST_P(OptimizerReference, SlotsBeforeTheFirstStep) {
  for (const Json& c : cases_of(GetParam())) {
    SCOPED_TRACE(describe(c));
    Stepper stepper = stepper_of(GetParam(), c);
    stepper.set_x(column(c["rows"][0], kX));
    stepper.init();
    for (std::size_t k = kFirstSlot; k < c["columns"].size(); ++k) {
      const auto name = c["columns"][k].get<std::string>();
      if (!is_slot(name)) continue;
      const Vector want = column(c["rows"][0], k);
      const Vector got = stepper.slot(stepper.slot_index(name));
      EXPECT_LE(error_of(got, want, want), c["dtype"] == "f32" ? 6e-8 : 0) << name;
    }
  }
}

Vector gradient(const std::string& problem, const Vector& v) {
  const double x = v[0], y = v[1];
  if (problem == "quadratic") return {3 * x + y, x + 2 * y};
  if (problem == "rosenbrock") return {-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)};
  const double a = 1.5 - x + x * y, b = 2.25 - x + x * y * y, c = 2.625 - x + x * y * y * y;  // beale
  return {2 * a * (y - 1) + 2 * b * (y * y - 1) + 2 * c * (y * y * y - 1),
          2 * a * x + 4 * b * x * y + 6 * c * x * y * y};
}

TEST_P(OptimizerReference, FreeTrajectoriesWhereTheProblemAllowsIt) {
  std::size_t compared = 0;
  for (const Json& c : cases_of(GetParam())) {
    if (!c.contains("free") || !c["free"].get<bool>()) continue;
    SCOPED_TRACE(describe(c));
    Stepper stepper = stepper_of(GetParam(), c);
    stepper.set_x(column(c["rows"][0], kX));
    stepper.init();
    const auto problem = c["problem"].get<std::string>();
    stepper.set_gradient([&problem](const Vector& x) { return gradient(problem, x); });
    std::int64_t step = 1;
    for (const Json& row : c["rows"]) {
      for (; step < step_of(row); ++step) {
        stepper.set_grad(gradient(problem, stepper.x()));
        expect_products_of(stepper, c, step);
        stepper.step(step);
      }
      const Vector got = stepper.x(), want = column(row, kX);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], 1e-10 * std::max(1.0, std::abs(want[i]))) << "x before step " << step;
    }
    ++compared;
  }
  EXPECT_GE(compared, 6u);
}

INSTANTIATE_TEST_SUITE_P(All, OptimizerReference, ::testing::ValuesIn(referenced_optimizers()),
                         [](const auto& param) { return param.param; });
INSTANTIATE_TEST_SUITE_P(Wrappers, OptimizerReference, ::testing::ValuesIn(kWrappers),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace tuner::test
