// CMA-ES against recorded values of cmaes 0.13.1: constants, and states after generations of given points.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "cma.hpp"
#include "golden.hpp"

namespace search_tests {
namespace {

using Eigen::Index;
using searchers::Cma;
using tuner::Json;

constexpr double kTolerance = 1e-9;

void expect_near(const Eigen::VectorXd& found, const Json& expected, const char* what) {
  ASSERT_EQ(found.size(), static_cast<Index>(expected.size())) << what;
  for (Index i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[static_cast<std::size_t>(i)].get<double>(), kTolerance) << what << i;
}

TEST(CmaGolden, Parameters) {
  for (const auto& [dimension, expected] : golden("golden_cma.json")["params"].items()) {
    SCOPED_TRACE(dimension);
    const searchers::CmaParameters p(std::stoul(dimension), 0);
    const auto near = [&](const char* key, double found) {
      EXPECT_NEAR(found, expected[key].get<double>(), kTolerance) << key;
    };
    near("popsize", static_cast<double>(p.population));
    near("mu", static_cast<double>(p.mu));
    near("mu_eff", p.mu_eff);
    near("cc", p.cc);
    near("c1", p.c1);
    near("cmu", p.cmu);
    near("c_sigma", p.c_sigma);
    near("d_sigma", p.d_sigma);
    near("chi_n", p.chi_n);
    near("funhist", static_cast<double>(p.history));
    expect_near(p.weights, expected["weights"], "weights");
  }
}

// The points of the recorded runs: multiples of irrational numbers, without their integers.
Eigen::VectorXd given_point(Index dimensions, std::size_t number) {
  const double factors[] = {(std::sqrt(5.0) - 1) / 2, std::sqrt(2.0), std::sqrt(3.0), std::sqrt(5.0), std::sqrt(7.0)};
  Eigen::VectorXd x(dimensions);
  for (Index i = 0; i < dimensions; ++i) x[i] = std::fmod(static_cast<double>(number) * factors[i], 1.0);
  return x;
}

// A bowl; in the runs without steps, steeper from coordinate to coordinate.
double recorded_function(const Eigen::VectorXd& x, bool steeper) {
  double sum = 0;
  for (Index i = 0; i < x.size(); ++i) sum += (steeper ? static_cast<double>(i + 1) : 1) * (x[i] - 0.3) * (x[i] - 0.3);
  return sum;
}

// A generation of given points, the best first, by their values on the grid of the steps.
void tell_generation(Cma& cma, std::size_t generation, const std::vector<double>& steps) {
  const std::size_t n = cma.parameters().population;
  std::vector<std::pair<double, Eigen::VectorXd>> points;
  for (std::size_t i = 0; i < n; ++i) {
    const Eigen::VectorXd x = given_point(cma.mean().size(), generation * n + i + 1);
    Eigen::VectorXd legal = cma.place(x);
    for (Index k = 0; k < x.size(); ++k) {
      const double step = steps.empty() ? 0 : steps[static_cast<std::size_t>(k)];
      if (step > 0) legal[k] = std::clamp(std::round(legal[k] / step), 0.0, std::round(1 / step)) * step;
    }
    points.emplace_back(recorded_function(legal, steps.empty()), x);
  }
  std::ranges::stable_sort(points, {}, [](const auto& point) { return point.first; });
  Eigen::MatrixXd columns(cma.mean().size(), static_cast<Index>(n));
  for (std::size_t i = 0; i < n; ++i) columns.col(static_cast<Index>(i)) = points[i].second;
  cma.tell(columns, points.front().first, points.back().first);
}

TEST(CmaGolden, StatesAfterGivenGenerations) {
  for (const Json& run : golden("golden_cma.json")["runs"]) {
    const auto d = static_cast<Index>(run["dim"].get<std::int64_t>());
    Cma cma(Eigen::VectorXd::Constant(d, 0.5), 1.0 / 6, 0);
    for (std::size_t g = 0; g < run["gens"].size(); ++g) {
      SCOPED_TRACE(fmt::format("dimension {}, generation {}", d, g));
      const Json& expected = run["gens"][g];
      tell_generation(cma, g, {});
      expect_near(cma.mean(), expected["mean"], "mean");
      EXPECT_NEAR(cma.sigma(), expected["sigma"].get<double>(), kTolerance);
      for (Index i = 0; i < d; ++i)
        expect_near(cma.covariance().col(i), expected["C"][static_cast<std::size_t>(i)], "C");
      expect_near(cma.path_sigma(), expected["p_sigma"], "p_sigma");
      expect_near(cma.path_c(), expected["pc"], "p_c");
      EXPECT_EQ(cma.should_stop(), expected["stop"].get<bool>());
    }
  }
}

TEST(CmaGolden, Margin) {
  const Json& recorded = golden("golden_cma.json")["cmawm"];
  const auto steps = recorded["steps"].get<std::vector<double>>();
  Cma cma(Eigen::VectorXd::Constant(3, 0.5), 1.0 / 6, 0, steps);
  for (std::size_t g = 0; g < recorded["gens"].size(); ++g) {
    SCOPED_TRACE(g);
    tell_generation(cma, g, steps);
    expect_near(cma.mean(), recorded["gens"][g]["mean"], "mean");
    expect_near(cma.scale(), recorded["gens"][g]["A"], "A");
    EXPECT_NEAR(cma.sigma(), recorded["gens"][g]["sigma"].get<double>(), kTolerance);
  }
}

}  // namespace
}  // namespace search_tests
