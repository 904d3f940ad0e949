#include "tuner/report/chart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
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

TEST(Chart, TakesAnyNumbers) {
  constexpr double kMost = std::numeric_limits<double>::max(), kLeast = std::numeric_limits<double>::denorm_min();
  const double some[] = {0, -0.0, 1, -1, kMost, -kMost, kLeast, -kLeast, 1e-310, 1e300, NAN, INFINITY, -INFINITY};
  for (const double a : some)
    for (const double b : some)
      for (const double c : some) {
        const std::vector<double> y{a, b, c};
        const std::string text = chart(y, "t", {.width = 10, .height = 3});
        const bool any = std::isfinite(a) || std::isfinite(b) || std::isfinite(c);
        EXPECT_EQ(std::ranges::count(text, '\n'), any ? 5 : 0) << a << " " << b << " " << c;
        EXPECT_EQ(text.find("nan"), std::string::npos) << text;
      }
  const std::vector<double> ends{-kMost, kMost}, greatest{kMost, kMost}, least{kLeast, kLeast, kLeast};
  EXPECT_EQ(chart(ends, "", {.width = 10, .height = 2}),
            " 1.798e+308 |         *\n"
            "-1.798e+308 |*\n"
            "            +----------\n"
            "             0        1\n");
  for (const auto& constant : {greatest, least})
    EXPECT_NE(chart(constant, "", {.width = 10, .height = 3}).find("|**********\n"), std::string::npos);
}

}  // namespace
}  // namespace tuner::report
