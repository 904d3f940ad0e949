#include "tuner/report/chart.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tuner::report {
namespace {

TEST(Chart, DrawsALine) {
  const std::vector<double> y{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(chart(y, "step", {.width = 10, .height = 3}),
            "9 |       ***\n"
            "  |  ******\n"
            "0 |***\n"
            "  +----------\n"
            "   0        9  step\n");
}

TEST(Chart, AJumpIsDrawnThrough) {
  const std::vector<double> y{1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  EXPECT_EQ(chart(y, "", {.width = 10, .height = 3}),
            "1 |*****\n"
            "  |    **\n"
            "0 |     *****\n"
            "  +----------\n"
            "   0        9\n");
}

TEST(Chart, AConstantStandsInTheMiddle) {
  const std::vector<double> y(20, 2.5);
  EXPECT_EQ(chart(y, "t", {.width = 10, .height = 3}),
            "5 |\n"
            "  |**********\n"
            "0 |\n"
            "  +----------\n"
            "   0       19  t\n");
}

TEST(Chart, LeavesGapsAndTakesShortCurves) {
  const std::vector<double> none{NAN, INFINITY}, one{1}, gap{0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 1};
  EXPECT_EQ(chart(none, ""), "");
  EXPECT_EQ(chart({}, ""), "");
  EXPECT_EQ(chart(one, "", {.width = 10, .height = 3}),
            "2 |\n"
            "  |**********\n"
            "0 |\n"
            "  +----------\n"
            "   0        0\n");
  EXPECT_EQ(chart(gap, "", {.width = 10, .height = 2}),
            "1 |         *\n"
            "0 |*\n"
            "  +----------\n"
            "   0        9\n");
}

}  // namespace
}  // namespace tuner::report
