// The space of a sweep: which dimensions a configuration has, and the values of a range in a grid.
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
  Configuration configuration(4);
  configuration[0] = std::string("adam");
  EXPECT_TRUE(is_active(space, configuration, 0));
  EXPECT_FALSE(is_active(space, configuration, 1));
  EXPECT_TRUE(is_active(space, configuration, 2));
  EXPECT_TRUE(is_active(space, configuration, 3));
  configuration[0].reset();
  EXPECT_FALSE(is_active(space, configuration, 2)) << "an inactive parent";
  EXPECT_EQ(branch_of(std::get<Branches>(space.dimensions[0].domain), std::string("adam")), 1u);
}

TEST(Space, ParametersAreTheActiveDimensionsInOrder) {
  Configuration configuration(4);
  configuration[0] = std::string("adam");
  configuration[2] = 0.5;
  configuration[3] = std::int64_t{32};
  EXPECT_EQ(parameters_of(nested(), configuration), (Parameters{{"optimizer", std::string("adam")},
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
  range.min = min;
  range.max = max;
  range.count = count;
  range.scale = scale;
  return range;
}
Range stepped(double min, double max, double step) {
  Range range;
  range.min = min;
  range.max = max;
  range.step = step;
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
  EXPECT_EQ(reals(stepped(0, 1, 0.3)), (std::vector<double>{0, 0.3, 0.6, 0.9}));
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

// The numbers that {values: [...]} of the same decimals has.
TEST(GridValues, AreTheDecimalsThatAreMeant) {
  EXPECT_EQ(reals(stepped(0, 0.7, 0.1)), (std::vector<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}));
  EXPECT_EQ(reals(stepped(0, 1, 0.1))[7], 0.7);
  EXPECT_EQ(reals(stepped(-0.3, 0.3, 0.1)), (std::vector<double>{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}));
  EXPECT_EQ(reals(counted(0, 0.7, 8)), (std::vector<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}));
  EXPECT_EQ(reals(counted(1e-4, 1, 5, Scale::log)), (std::vector<double>{1e-4, 1e-3, 1e-2, 1e-1, 1}));
  EXPECT_EQ(reals(counted(1e-12, 1e3, 16, Scale::log))[7], 1e-5);
  EXPECT_EQ(reals(counted(0.9, 0.9999, 4, Scale::log1m)), (std::vector<double>{0.9, 0.99, 0.999, 0.9999}));
  EXPECT_EQ(reals(counted(0x1p-20, 1, 21, Scale::log))[7], 0x1p-13);
  EXPECT_EQ(reals(counted(0, 1, 4)), (std::vector<double>{0, 1.0 / 3, 2.0 / 3, 1})) << "no decimal is meant";
}

TEST(GridValues, OfVersionOneRoundInBinary) {
  const Dimension steps{"x", stepped(0, 0.7, 0.1), std::nullopt, 0};
  EXPECT_EQ(grid_values(steps, 1)[3], Value(0.30000000000000004));
  EXPECT_EQ(grid_values(steps, 1)[7], Value(0.7));
  const Dimension decades{"x", counted(1e-4, 1, 5, Scale::log), std::nullopt, 0};
  EXPECT_EQ(grid_values(decades, 1)[1], Value(std::exp(std::log(1e-4) + 0.25 * -std::log(1e-4))));
}

TEST(GridValues, StayInTheirRangeAndRise) {
  for (const Scale scale : {Scale::linear, Scale::log, Scale::log1m})
    for (const auto& [min, max] :
         {std::pair{1e-300, 0.5}, {0.1, 0.3}, {0.9, 0.999}, {1e-9, 0.999999}, {0.7, 0.7000001}})
      for (const std::int64_t count : {2, 3, 11, 1000}) {
        const auto values = reals(counted(min, max, count, scale));
        ASSERT_EQ(values.size(), static_cast<std::size_t>(count)) << min << " " << max;
        EXPECT_EQ(values.front(), min);
        EXPECT_EQ(values.back(), max);
        for (std::size_t i = 1; i < values.size(); ++i) ASSERT_GT(values[i], values[i - 1]) << min << " " << max;
      }
}

TEST(GridValues, MayBeWiderApartThanTheLargestNumber) {
  EXPECT_EQ(reals(counted(-1e308, 1e308, 5)), (std::vector<double>{-1e308, -5e307, 0, 5e307, 1e308}));
  EXPECT_EQ(reals(stepped(-1e308, 1e308, 1e308)), (std::vector<double>{-1e308, 0, 1e308}));
  const Dimension wide{"x", counted(-1e308, 1e308, 5), std::nullopt, 0};
  EXPECT_EQ(search::random_value(wide, 0), Value(-1e308));
  EXPECT_EQ(search::random_value(wide, 0.5), Value(0.0));
  EXPECT_EQ(search::random_value(wide, 0.75), Value(5e307));
}

TEST(ConfigurationCount, IsKnownWhereNothingIsContinuous) {
  Space space = nested();
  EXPECT_EQ(configuration_count(space), 3u);
  Range integers = counted(1, 10, 3);
  integers.integer = true;
  space.dimensions.push_back({"i", integers, std::nullopt, 0});
  EXPECT_EQ(configuration_count(space), 30u) << "count is of grids alone";
  space.dimensions.push_back({"s", stepped(0, 1, 0.25), std::nullopt, 0});
  EXPECT_EQ(configuration_count(space), 150u);
  space.dimensions.push_back({"x", counted(0, 1, 3), 0, 1});
  EXPECT_EQ(configuration_count(space), std::nullopt);
}

}  // namespace
}  // namespace tuner
