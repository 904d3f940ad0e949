// The Gaussian process against recorded values of Optuna 5's model.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "golden.hpp"
#include "gp_model.hpp"

namespace search_tests {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using searchers::GpModel;
using searchers::GpParameters;
using tuner::Json;

constexpr double kTolerance = 1e-9;

MatrixXd points_of(const Json& rows) {
  MatrixXd points(static_cast<Index>(rows[0].size()), static_cast<Index>(rows.size()));
  for (Index i = 0; i < points.cols(); ++i)
    for (Index d = 0; d < points.rows(); ++d)
      points(d, i) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(d)].get<double>();
  return points;
}
VectorXd vector_of(const Json& list) {
  VectorXd values(static_cast<Index>(list.size()));
  for (Index i = 0; i < values.size(); ++i) values[i] = list[static_cast<std::size_t>(i)].get<double>();
  return values;
}
void expect_near(const VectorXd& found, const Json& expected, const char* what, double tolerance = kTolerance) {
  const VectorXd x = vector_of(expected);
  ASSERT_EQ(found.size(), x.size());
  for (Index i = 0; i < x.size(); ++i)
    EXPECT_NEAR(found[i], x[i], tolerance * std::max(1.0, std::abs(x[i]))) << what << i;
}

GpModel recorded_model() {
  const Json& gp = golden("golden_gp.json")["gp"];
  return GpModel(points_of(gp["X"]), vector_of(gp["y_std"]), {0, 0, 0});
}

TEST(GpGolden, LogExpectedImprovement) {
  for (const auto& [z, expected] : golden("golden_gp.json")["standard_logei"].items())
    EXPECT_NEAR(searchers::standard_log_ei(std::stod(z)) / expected.get<double>(), 1, kTolerance) << z;
}

TEST(GpGolden, Kernel) {
  for (const auto& [x, expected] : golden("golden_gp.json")["matern52_of_sqdist"].items()) {
    const double d2 = std::stod(x);
    EXPECT_NEAR(searchers::matern52(d2), expected.get<double>(), kTolerance) << x;
    if (d2 < 1e-3) continue;
    const double slope = (searchers::matern52(d2 * (1 + 1e-6)) - searchers::matern52(d2 * (1 - 1e-6))) / (2e-6 * d2);
    EXPECT_NEAR(searchers::matern52_derivative(d2), slope, 1e-8) << x;
  }
}

TEST(GpGolden, PosteriorAtAllOnes) {
  const Json& gp = golden("golden_gp.json")["gp"];
  GpModel model = recorded_model();
  VectorXd raw = VectorXd::Zero(5);
  VectorXd gradient(5);
  raw[4] = std::log(1 - 0.99 * GpModel::kLeastNoise);  // where Optuna begins: the noise is 1 + 1e-8
  EXPECT_NEAR(model.negative_log_posterior(raw, gradient), gp["at_default_params"]["neg_log_posterior"].get<double>(),
              kTolerance * 40);
  model.condition({VectorXd::Ones(3), 1, 1}, MatrixXd(3, 0));
  VectorXd mean;
  VectorXd variance;
  model.predict(points_of(gp["query"]), mean, variance);
  expect_near(mean, gp["at_default_params"]["mean"], "mean");
  expect_near(variance, gp["at_default_params"]["var"], "variance");
}

// The recorded search ended at gradients of 1e-6, and the noise is where the function is flattest.
TEST(GpGolden, MostProbableParameters) {
  const Json& gp = golden("golden_gp.json")["gp"];
  const GpParameters found = recorded_model().fit(1e-7, 500);
  expect_near(found.inverse_squares, gp["map"]["inv_sq_lengthscales"], "l", 1e-5);
  EXPECT_NEAR(found.scale, gp["map"]["kernel_scale"].get<double>(), 3e-5);
  EXPECT_NEAR(found.noise, gp["map"]["noise_var"].get<double>(), 2e-8);
  VectorXd raw(5);
  raw << found.inverse_squares.array().log().matrix(), std::log(found.scale),
      std::log(found.noise - GpModel::kLeastNoise);
  VectorXd gradient(5);
  EXPECT_NEAR(recorded_model().negative_log_posterior(raw, gradient), gp["map"]["neg_log_posterior"].get<double>(),
              kTolerance * 20);
}

TEST(GpGolden, PosteriorAndImprovementAtTheMostProbableParameters) {
  const Json& gp = golden("golden_gp.json")["gp"];
  const Json& map = gp["map"];
  GpModel model = recorded_model();
  model.condition(
      {vector_of(map["inv_sq_lengthscales"]), map["kernel_scale"].get<double>(), map["noise_var"].get<double>()},
      MatrixXd(3, 0));
  const MatrixXd query = points_of(gp["query"]);
  VectorXd mean;
  VectorXd variance;
  model.predict(query, mean, variance);
  expect_near(mean, map["mean"], "mean", 1e-8);
  expect_near(variance, map["var"], "variance");
  expect_near(model.log_ei(query, vector_of(gp["y_std"]).maxCoeff()), map["logei"], "log ei", 1e-7);
}

// The gradient of the posterior by finite differences, with a coordinate that counts differences.
TEST(GpModel, Gradient) {
  const Json& gp = golden("golden_gp.json")["gp"];
  MatrixXd points = points_of(gp["X"]);
  points.row(1) = (points.row(1).array() * 3).floor();
  const GpModel model(points, vector_of(gp["y_std"]), {0, 1, 0});
  VectorXd raw(5);
  raw << 0.3, -0.5, 0.2, 0.4, -2;
  VectorXd gradient(5);
  VectorXd ignored(5);
  EXPECT_TRUE(std::isfinite(model.negative_log_posterior(raw, gradient)));
  for (Index i = 0; i < 5; ++i) {
    const VectorXd h = 1e-5 * VectorXd::Unit(5, i);
    const double slope =
        (model.negative_log_posterior(raw + h, ignored) - model.negative_log_posterior(raw - h, ignored)) / 2e-5;
    EXPECT_NEAR(gradient[i], slope, 1e-7) << i;
  }
}

// What is believed leaves the mean where it is and takes the variance away.
TEST(GpModel, BelievedPoints) {
  const Json& gp = golden("golden_gp.json")["gp"];
  GpModel model = recorded_model();
  const MatrixXd query = points_of(gp["query"]);
  const GpParameters p{VectorXd::Ones(3), 1, 1e-5};
  VectorXd mean;
  VectorXd variance;
  VectorXd mean_after;
  VectorXd variance_after;
  model.condition(p, MatrixXd(3, 0));
  model.predict(query, mean, variance);
  model.condition(p, query.leftCols(1));
  model.predict(query, mean_after, variance_after);
  for (Index i = 0; i < 4; ++i) {
    EXPECT_NEAR(mean_after[i], mean[i], 1e-6);
    EXPECT_LE(variance_after[i], variance[i] + 1e-9);
  }
  EXPECT_LT(variance_after[0], 2e-5);
}

}  // namespace
}  // namespace search_tests
