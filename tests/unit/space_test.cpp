// The space of a sweep: which dimensions a point has, and the values of a range in a grid.
#include "tuner/space.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tuner/search/searcher.hpp"

namespace tuner {
namespace {

// optimizer: {one_of: [sgd {momentum}, adam {beta}]}, seed
Space nested() {
  Space space;
  space.dimensions = {{"optimizer", Branches{{"sgd", "adam"}}, std::nullopt, 0},
                      {"optimizer.sgd.momentum", Values{0.0, 0.9}, 0, 0},
                      {"optimizer.adam.beta", Values{0.5}, 0, 1},
                      {"training.batch_size", Values{std::int64_t{32}}, std::nullopt, 0}};
  return space;
}

TEST(Space, DimensionsAreActiveInTheirBranch) {
  const Space space = nested();
  Point point(4);
  point[0] = std::string("adam");
  EXPECT_TRUE(is_active(space, point, 0));
  EXPECT_FALSE(is_active(space, point, 1));
  EXPECT_TRUE(is_active(space, point, 2));
  EXPECT_TRUE(is_active(space, point, 3));
  point[0].reset();
  EXPECT_FALSE(is_active(space, point, 2)) << "an inactive parent";
  EXPECT_EQ(branch_of(std::get<Branches>(space.dimensions[0].domain), std::string("adam")), 1u);
}

TEST(Space, ParametersAreTheActiveDimensionsInOrder) {
  Point point(4);
  point[0] = std::string("adam"), point[2] = 0.5, point[3] = std::int64_t{32};
  EXPECT_EQ(parameters_of(nested(), point), (Parameters{{"optimizer", std::string("adam")},
                                                        {"optimizer.adam.beta", 0.5},
                                                        {"training.batch_size", std::int64_t{32}}}));
}

std::vector<Value> grid(Range range) { return grid_values({"x", range, std::nullopt, 0}); }
std::vector<double> reals(const Range& range) {
  std::vector<double> values;
  for (const Value& value : grid(range)) values.push_back(std::get<double>(value));
  return values;
}
std::vector<std::int64_t> integers(Range range) {
  range.integer = true;
  std::vector<std::int64_t> values;
  for (const Value& value : grid(range)) values.push_back(std::get<std::int64_t>(value));
  return values;
}
Range counted(double min, double max, std::int64_t count, Scale scale = Scale::linear) {
  Range range;
  range.min = min, range.max = max, range.count = count, range.scale = scale;
  return range;
}
Range stepped(double min, double max, double step) {
  Range range;
  range.min = min, range.max = max, range.step = step;
  return range;
}

TEST(GridValues, AreEvenOnTheirScale) {
  EXPECT_EQ(reals(counted(1, 3, 5)), (std::vector<double>{1, 1.5, 2, 2.5, 3}));
  const auto log = reals(counted(1e-4, 1, 5, Scale::log));
  ASSERT_EQ(log.size(), 5u);
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(log[static_cast<std::size_t>(i)], std::pow(10, i - 4), 1e-15 + 1e-14 * log.back());
  const auto betas = reals(counted(0.9, 0.999, 3, Scale::log1m));
  ASSERT_EQ(betas.size(), 3u);
  EXPECT_NEAR(betas[1], 0.99, 1e-15);
}

TEST(GridValues, EndsAreExact) {
  for (const Scale scale : {Scale::linear, Scale::log, Scale::log1m})
    for (const auto& [min, max] : {std::pair{1e-3, 0.1}, {0.1, 0.3}, {0.7, 0.95}, {1e-9, 0.999999}})
      for (const std::int64_t count : {2, 3, 7, 100}) {
        const auto values = reals(counted(min, max, count, scale));
        ASSERT_EQ(values.size(), static_cast<std::size_t>(count));
        EXPECT_EQ(values.front(), min);
        EXPECT_EQ(values.back(), max);
        for (std::size_t i = 1; i < values.size(); ++i) EXPECT_GT(values[i], values[i - 1]);
      }
  EXPECT_EQ(reals(counted(0.25, 0.5, 1)), std::vector<double>{0.25}) << "one is min alone";
}

TEST(GridValues, IntegersAppearOnce) {
  EXPECT_EQ(integers(counted(1, 5, 5)), (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(integers(counted(1, 3, 9)), (std::vector<std::int64_t>{1, 2, 3})) << "rounding makes them meet";
  EXPECT_EQ(integers(counted(1, 1000, 4, Scale::log)), (std::vector<std::int64_t>{1, 10, 100, 1000}));
  EXPECT_EQ(integers(counted(16, 256, 5, Scale::log)), (std::vector<std::int64_t>{16, 32, 64, 128, 256}));
  EXPECT_EQ(integers(stepped(-3, 4, 3)), (std::vector<std::int64_t>{-3, 0, 3}));
}

TEST(GridValues, StepIncludesMaxWhereItIsDue) {
  EXPECT_EQ(reals(stepped(0, 1, 0.25)), (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(reals(stepped(0, 1, 0.3)), (std::vector<double>{0, 0.3, 0.6, 0.3 * 3}));
  EXPECT_EQ(reals(stepped(0.5, 0.5, 1)), std::vector<double>{0.5});
  // Decimal fractions do not divide as people think; max itself must be the last value.
  for (int n = 1; n <= 20; ++n)
    for (int first = 0; first <= 12; ++first)
      for (const double tenths : {10.0, 100.0, 1000.0}) {
        const double min = first / tenths, max = (first + n) / tenths;
        const auto values = reals(stepped(min, max, 1 / tenths));
        ASSERT_EQ(values.size(), static_cast<std::size_t>(n) + 1) << min << " " << max;
        ASSERT_EQ(values.front(), min);
        ASSERT_EQ(values.back(), max) << min << " to " << max;
      }
}

}  // namespace
}  // namespace tuner
