#include <Eigen/Dense>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "objective_fixture.hpp"
#include "temporary_folder.hpp"

namespace tuner::test {
namespace {

// The matrix column by column: Hessian products of unit vectors.
Eigen::MatrixXd hessian(Problem& problem) {
  const std::size_t n = problem.parameters().size();
  Eigen::MatrixXd matrix(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    Numbers unit(n, 0.0);
    unit[i] = 1;
    const Numbers column = problem.hvp(unit);
    matrix.col(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::VectorXd>(column.data(), static_cast<Eigen::Index>(n));
  }
  return matrix;
}

TEST(Quadratic, RotationKeepsTheEigenvalues) {
  const Numbers given = {0.5, 1, 3, 10, 200};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Problem problem("quadratic", {{"eigenvalues", list_of(given)}, {"rotate", true}}, seed);
    const Eigen::MatrixXd a = hessian(problem);
    EXPECT_EQ(a, a.transpose());
    EXPECT_GT(a.cwiseAbs().minCoeff(), 1e-6) << "not rotated";
    const Eigen::VectorXd found = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a).eigenvalues();
    for (std::size_t i = 0; i < given.size(); ++i) EXPECT_NEAR(found[static_cast<Eigen::Index>(i)], given[i], 1e-11);
    expect_exact_derivatives(problem, random_numbers(5, seed, -2, 2));
  }
}

TEST(Quadratic, TheSeedDecidesTheRotation) {
  const Settings settings = {{"dim", std::int64_t{6}}, {"rotate", true}};
  Problem first("quadratic", settings, 1), again("quadratic", settings, 1), other("quadratic", settings, 2);
  EXPECT_EQ(hessian(first), hessian(again));
  EXPECT_NE(hessian(first), hessian(other));
}

TEST(Quadratic, EigenvaluesSpreadEvenlyInTheLogarithm) {
  Problem problem("quadratic", {{"dim", std::int64_t{4}}, {"condition", 1000.0}});
  const Eigen::MatrixXd a = hessian(problem);
  const double expected[] = {1, 10, 100, 1000};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(a(i, i), expected[i], 1e-12 * expected[i]);
  EXPECT_EQ(a.cwiseAbs().sum(), a.diagonal().sum());
  EXPECT_EQ(hessian(*std::make_unique<Problem>("quadratic", Settings{{"dim", std::int64_t{1}}}))(0, 0), 1);
}

TEST(Quadratic, ReadsAMatrixFile) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.csv", "2, -1\n\n -1 ,+3e0\n");
  Problem problem("quadratic", {{"matrix_file", path}, {"start", list_of({1, 2})}});
  EXPECT_EQ(problem.loss(), 0.5 * (2 - 4 + 12));
  EXPECT_EQ(problem.gradient(), (Numbers{0, 5}));
}

TEST(Quadratic, BadMatrixFilesAreNamedWithTheirLine) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    const auto path = folder.write("bad.csv", text);
    const std::string error = error_of(Message::plugin_data, [&] { Problem("quadratic", {{"matrix_file", path}}); });
    EXPECT_CONTAINS(error, path);
    return error;
  };
  EXPECT_CONTAINS(refused("1,2\n2\n"), "bad.csv:2: 1 numbers, but the first row has 2");
  EXPECT_CONTAINS(refused("1,2\n\n2,x\n"), "bad.csv:3: 'x' is not a finite number");
  EXPECT_CONTAINS(refused("1,\n2,1\n"), "bad.csv:1: '' is not");
  EXPECT_CONTAINS(refused("1,nan\n2,1\n"), "'nan' is not a finite number");
  EXPECT_CONTAINS(refused("1,2\n"), "square");
  EXPECT_CONTAINS(refused("1,2\n3,1\n"), "not symmetric: row 2, column 1");
  EXPECT_CONTAINS(refused("\n"), "holds no numbers");
  const auto missing = (folder.path() / "none.csv").string();
  EXPECT_CONTAINS(error_of(Message::plugin_data,
                           [&] {
                             Problem("quadratic", {{"matrix_file", missing}});
                           }),
                  "No such file");
}

TEST(Quadratic, OptionsThatContradictAreRefused) {
  const auto refused = [](const Settings& settings) {
    return error_of(Message::config_impossible, [&] { use_of("quadratic", settings); });
  };
  EXPECT_CONTAINS(refused({{"eigenvalues", list_of({1, 2})}, {"matrix_file", std::string("/x")}}), "not both");
  EXPECT_CONTAINS(refused({{"rotate", true}, {"matrix_file", std::string("/x")}}), "taken as it is");
  EXPECT_CONTAINS(refused({{"eigenvalues", list_of({1, 2, 3})}, {"dim", std::int64_t{5}}}), "leave dim out");
  EXPECT_CONTAINS(refused({{"eigenvalues", list_of({1, 2, 3})}, {"start", list_of({1, 1})}}), "start has 2 values");
}

TEST(NoisyQuadratic, DerivativesAreExact) {
  for (const bool rotate : {false, true}) {
    Problem problem("noisy_quadratic", {{"eigenvalues", list_of({1, 5, 20})}, {"rotate", rotate}});
    problem.batch = {0, 17, 999, 17};
    for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_exact_derivatives(problem, random_numbers(3, seed, -2, 2));
  }
}

TEST(NoisyQuadratic, HasTheSplitsItWasAskedFor) {
  Problem problem("noisy_quadratic",
                  {{"n_samples", std::int64_t{7}}, {"n_valid", std::int64_t{3}}, {"n_test", std::int64_t{0}}});
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 7u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 3u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 0u);
}

// 0.5 (x - s)' Q (x - s) with Q = I and s = noise z: recovers every sample, whose moments are then those of N(0, 1).
TEST(NoisyQuadratic, SamplesAreNormalAndDifferBetweenSplits) {
  Problem problem("noisy_quadratic", {{"eigenvalues", list_of({1, 1})}, {"noise", 2.0}});
  problem.set({0, 0});
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    problem.batch = {i};
    for (const double g : problem.gradient()) {
      sum += g / 2;
      squares += g * g / 4;
    }
  }
  EXPECT_NEAR(sum / 2000, 0, 5 / std::sqrt(2000));
  EXPECT_NEAR(squares / 2000, 1, 5 * std::sqrt(2.0 / 2000));
  problem.batch = {0};
  const Numbers train = problem.gradient();
  problem.split = TUNER_SPLIT_VALID;
  EXPECT_NE(train, problem.gradient());
}

TEST(NoisyQuadratic, TheBatchIsTheMeanOfItsSamples) {
  Problem problem("noisy_quadratic", {{"dim", std::int64_t{4}}, {"rotate", true}});
  problem.all_samples();
  double whole = 0, half[2] = {};
  const Numbers g = problem.gradient(&whole);
  Numbers sum(4, 0.0);
  const auto everything = problem.batch;
  for (int part = 0; part < 2; ++part) {
    problem.batch.assign(everything.begin() + part * 500, everything.begin() + (part + 1) * 500);
    sum = moved(sum, 0.5, problem.gradient(&half[part]));
  }
  EXPECT_NEAR(whole, 0.5 * (half[0] + half[1]), 1e-12 * whole);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(g[i], sum[i], 1e-12);
}

TEST(NoisyQuadratic, ReadsItsSamplesFromFiles) {
  const TemporaryFolder folder;
  Problem problem("noisy_quadratic", {{"eigenvalues", list_of({2, 4})},
                                      {"train_file", folder.write("train.csv", "1,0\n3,2\n")},
                                      {"test_file", folder.write("test.csv", "0,0\n")}});
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 2u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_VALID), 0u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TEST), 1u);
  problem.batch = {0, 1};  // x = (1, 1): differences (0, 1) and (-2, -1)
  double loss = 0;
  EXPECT_EQ(problem.gradient(&loss), (Numbers{-2, 0}));
  EXPECT_EQ(loss, 0.5 * (2 + 6));
  problem.split = TUNER_SPLIT_TEST;
  problem.batch = {0};
  EXPECT_EQ(problem.loss(), 0.5 * (2 + 4));

  EXPECT_CONTAINS(error_of(Message::plugin_data,
                           [&] {
                             Problem("noisy_quadratic", {{"train_file", folder.write("wide.csv", "1,2,3\n")}});
                           }),
                  "has 3 columns, but the matrix has 2");
  EXPECT_CONTAINS(error_of(Message::config_impossible,
                           [&] {
                             use_of("noisy_quadratic", {{"test_file", std::string("/x")}});
                           }),
                  "train_file, which is missing");
}

TEST(NoisyQuadratic, SinglePrecisionIsTheDoubleOneRounded) {
  Problem in32("noisy_quadratic", {{"rotate", true}, {"dtype", std::string("f32")}}),
      in64("noisy_quadratic", {{"rotate", true}});
  in32.all_samples();
  in64.all_samples();
  in32.set({0.3, -0.7});
  in64.set(in32.parameters());
  EXPECT_EQ(in32.loss(), in64.loss());
  const Numbers g32 = in32.gradient(), g64 = in64.gradient();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(g32[i], static_cast<float>(g64[i]));
}

}  // namespace
}  // namespace tuner::test
