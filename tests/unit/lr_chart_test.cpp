#include "tuner/lr_range/chart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::lr_range {
namespace {

LrChart small() {
  return {.title = "sgd",
          .curves = {{.name = "seed 1", .lr = {1e-3, 1e-2, 0.1, 1}, .loss = {2, 1, 1, NAN}},
                     {.name = "seed 2", .lr = {1e-3, 1e-2, 0.1, 1}, .loss = {2, 2, 0, 100}},
                     {.name = "median", .lr = {1e-3, 1e-2, 0.1}, .loss = {2, 1.5, 0.5}, .bold = true}},
          .marks = {{.label = "stable", .value = 0.1, .low = 0.05, .high = 0.2},
                    {.label = "steepest", .value = 0.06, .low = {}, .high = {}},
                    {.label = "none", .value = INFINITY, .low = {}, .high = {}}}};
}

TEST(LrChart, DrawsCurvesMarksAndTheirLegend) {
  EXPECT_EQ(lr_chart_text(small(), {.width = 28, .height = 5}),
            "sgd\n"
            "4 |                          ..\n"
            "  |                        ...\n"
            "  |**********..          ..\n"
            "  |     ....**********...\n"
            "0 |                ..*.\n"
            "  ++--------+--------+--------+\n"
            "   1e-3   0.01      0.1       1  lr\n"
            "                  ---A---\n"
            "                   B\n"
            "   loss  * median  . seed 1, seed 2\n"
            "   A  stable  0.1 (0.05 to 0.2)\n"
            "   B  steepest  0.06\n"
            "   C  none  inf\n");
}

TEST(LrChart, TakesALogarithmicLossWhereItSpansDecades) {
  LrChart chart{.title = "", .curves = {{.name = "a", .lr = {1e-3, 1e-2, 0.1}, .loss = {1, 0.1, 0.001}}}, .marks = {}};
  EXPECT_EQ(lr_chart_text(chart, {.width = 24, .height = 4}),
            "    1 |*******\n"
            "      |      *********\n"
            "      |               ******\n"
            "0.001 |                    ****\n"
            "      ++-----------+----------+\n"
            "       1e-3      0.01        0.1  lr\n"
            "       loss (log)  * a\n");
  chart.curves[0].loss[2] = 0;  // no logarithm
  EXPECT_EQ(lr_chart_text(chart, {.width = 24, .height = 4}).find("(log)"), std::string::npos);
}

TEST(LrChart, CutsOffWhatDiverged) {
  LrChart chart{.title = "", .curves = {{.name = "a", .lr = {1e-3, 1e-2, 0.1}, .loss = {3, 1, 1e30}}}, .marks = {}};
  EXPECT_EQ(lr_chart_text(chart).substr(0, 3), "6 |");
  // A first loss of 0 is no measure.
  chart.curves[0].loss = {0, 1, 7};
  EXPECT_EQ(lr_chart_text(chart).substr(0, 3), "7 |");
}

TEST(LrChart, TakesDegenerateData) {
  const LrCurve nothing{.name = "n", .lr = {0, -1, INFINITY, 1}, .loss = {1, 1, 1, NAN}};
  EXPECT_EQ(lr_chart_text({.title = "t", .curves = {nothing}, .marks = {}}), "");
  EXPECT_EQ(lr_chart_svg({.title = "t", .curves = {nothing}, .marks = {}}), "");
  EXPECT_EQ(lr_chart_text({}), "");
  const LrChart point{.title = "", .curves = {{.name = "p", .lr = {0.5}, .loss = {-3}}}, .marks = {}};
  EXPECT_EQ(lr_chart_text(point, {.width = 11, .height = 3}),
            "-1.5 |\n"
            "     |     *\n"
            "-4.5 |\n"
            "     +-----+----+\n"
            "          0.5   1  lr\n"
            "      loss  * p\n");
}

// Numbers at the ends of what a double holds, or next to each other, are drawn as well.
TEST(LrChart, TakesExtremeNumbers) {
  LrChart chart{.title = "",
                .curves = {{.name = "a", .lr = {1e-300, 1, 1e300}, .loss = {1e-300, 1e-3, 1e-301}}},
                .marks = {{.label = "m", .value = 1e-305, .low = 0, .high = INFINITY}}};
  for (const auto& losses : {std::vector{1e-300, 1e-3, 1e-301}, std::vector{-1e300, 1e300, 1.7e308}}) {
    chart.curves[0].loss = losses;
    EXPECT_EQ(std::ranges::count(lr_chart_text(chart, {.width = 30, .height = 4}), '\n'), 9);
    EXPECT_EQ(lr_chart_svg(chart).find("nan"), std::string::npos);
  }
  chart.curves[0].lr = {1, 1, std::nextafter(1, 2)};
  chart.curves[0].loss = {3, 3, std::nextafter(3, 4)};
  chart.marks.clear();
  EXPECT_EQ(lr_chart_text(chart, {.width = 11, .height = 3}),
            "4.5 |\n"
            "    |     *\n"
            "1.5 |\n"
            "    ++----+----+\n"
            "     0.5  1    2  lr\n"
            "     loss  * a\n");
  EXPECT_EQ(lr_chart_svg(chart).find("nan"), std::string::npos);
}

// Whatever stands in a database.
TEST(LrChart, TakesAnyNumbers) {
  constexpr double kMost = std::numeric_limits<double>::max(), kLeast = std::numeric_limits<double>::denorm_min();
  const double some[] = {0, 1, -1, kMost, -kMost, kLeast, -kLeast, 1e300, -1e300, NAN, INFINITY, -INFINITY};
  for (const double a : some)
    for (const double b : some)
      for (const double c : some) {
        LrChart chart{.title = "t", .curves = {{.name = "c", .lr = {a, b, 0.5}, .loss = {b, c, a}}}, .marks = {}};
        chart.marks.push_back({.label = "m", .value = a, .low = b, .high = c});
        chart.marks.push_back({.label = "n", .value = c, .low = a, .high = {}});
        SCOPED_TRACE(testing::Message() << a << " " << b << " " << c);
        const std::string text = lr_chart_text(chart), svg = lr_chart_svg(chart);
        EXPECT_EQ(text.empty(), svg.empty());
        for (const char* attribute : {"x=\"nan", "x=\"inf", "x1=\"nan", "x1=\"inf", "x1=\"-", "y1=\"nan", "width=\"nan",
                                      "width=\"inf", "Mnan", "Lnan", "Minf", "y=\"inf"})
          EXPECT_EQ(svg.find(attribute), std::string::npos) << attribute << svg;
      }
}

TEST(LrChart, TheLeastAndTheGreatestLrHaveAPlace) {
  constexpr double kMost = std::numeric_limits<double>::max(), kLeast = std::numeric_limits<double>::denorm_min();
  for (const double lr : {kMost, kLeast}) {
    const LrChart chart{.title = "", .curves = {{.name = "c", .lr = {lr}, .loss = {1}}}, .marks = {}};
    EXPECT_NE(lr_chart_text(chart).find('*'), std::string::npos);
  }
}

TEST(LrChart, MedianOfRunsThatEndEarly) {
  const std::vector<LrCurve> runs{{.name = "1", .lr = {1, 2, 3, 4}, .loss = {5, 1, 9, 8}},
                                  {.name = "2", .lr = {1, 2, 3}, .loss = {6, 2, NAN}},
                                  {.name = "3", .lr = {1, 2}, .loss = {7, 3}}};
  const LrCurve median = median_curve(runs, "median");
  EXPECT_EQ(median.lr, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(median.loss, (std::vector<double>{6, 2, INFINITY, INFINITY}));
  EXPECT_TRUE(median.bold);
  EXPECT_EQ(median_curve(std::span(runs).first(2), "").loss, (std::vector<double>{5.5, 1.5, INFINITY, INFINITY}));
  EXPECT_TRUE(median_curve({}, "").lr.empty());
}

// Reads XML of elements, attributes, character data and the five entities and character references; throws where it is
// not well-formed. The elements' names and the character data are kept.
class Xml {
 public:
  explicit Xml(std::string_view text) : left_(text) {
    element();
    skip_space();
    if (!left_.empty()) fail("text after the root");
  }
  std::vector<std::string> names;
  std::string characters;

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + " before: " + std::string(left_.substr(0, 40)));
  }
  void skip_space() {
    while (!left_.empty() && std::isspace(static_cast<unsigned char>(left_[0])) != 0) left_.remove_prefix(1);
  }
  void expect(std::string_view what) {
    if (!left_.starts_with(what)) fail("no " + std::string(what));
    left_.remove_prefix(what.size());
  }
  std::string_view until(std::string_view stops) {
    const std::string_view taken = left_.substr(0, left_.find_first_of(stops));
    left_.remove_prefix(taken.size());
    return taken;
  }
  std::string content(std::string_view raw) const {
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '<' || (static_cast<unsigned char>(raw[i]) < 0x20 && raw[i] != '\n')) fail("a bare character");
      if (raw[i] != '&') {
        text += raw[i];
        continue;
      }
      const std::size_t end = raw.find(';', i);
      if (end == std::string_view::npos) fail("an open entity");
      const std::string_view name = raw.substr(i + 1, end - i - 1);
      if (name == "amp")
        text += '&';
      else if (name == "lt")
        text += '<';
      else if (name == "gt")
        text += '>';
      else if (name == "quot")
        text += '"';
      else if (!name.starts_with('#'))
        fail("an unknown entity");
      i = end;
    }
    return text;
  }
  void element() {
    expect("<");
    const std::string name(until(" />\n"));
    if (name.empty()) fail("an element without a name");
    names.push_back(name);
    for (skip_space(); !left_.starts_with(">") && !left_.starts_with("/>"); skip_space()) {
      if (until("= ").empty()) fail("an attribute without a name");
      expect("=\"");
      static_cast<void>(content(until("\"")));
      expect("\"");
    }
    if (left_.starts_with("/>")) return expect("/>");
    expect(">");
    while (true) {
      characters += content(until("<"));
      if (left_.starts_with("</")) break;
      element();
    }
    expect("</" + name + ">");
  }
  std::string_view left_;
};

TEST(LrChartSvg, IsWellFormedAndSelfContained) {
  LrChart chart = small();
  chart.title = "a < b & \"c\" > 'd' \x01 </svg><script>";
  chart.x_label = "lr & co";
  chart.y_label = "loss <nat>";
  chart.curves[0].name = "<1>";
  chart.curves[2].name = "m & n";
  chart.marks[0].label = "<&>";
  const std::string svg = lr_chart_svg(chart);
  const Xml xml(svg);
  const auto count = [&](std::string_view name) { return std::ranges::count(xml.names, name); };
  EXPECT_EQ(count("path"), 3);
  EXPECT_EQ(count("script"), 0);
  EXPECT_EQ(count("style"), 1);
  EXPECT_EQ(xml.names[0], "svg");
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_EQ(svg.find("@import"), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  for (const std::string_view text : {"a < b & \"c\" > 'd'   </svg><script>", "lr & co (log)", "loss <nat>", "<1>",
                                      "m & n", "<&>  0.1 (0.05 to 0.2)", "steepest  0.06", "none  inf", "0.01"})
    EXPECT_NE(xml.characters.find(text), std::string::npos) << text;
  // Two marks have lines, one an interval; the one without a place is in the legend alone.
  std::size_t lines = 0, ranges = 0;
  for (std::size_t at = 0; (at = svg.find("class=\"mark\"", at)) != std::string::npos; ++at) ++lines;
  for (std::size_t at = 0; (at = svg.find("class=\"range\"", at)) != std::string::npos; ++at) ++ranges;
  EXPECT_EQ(lines, 2);
  EXPECT_EQ(ranges, 1);
}

TEST(LrChartSvg, PutsPointsWhereTheAxesSay) {
  // The plot is 700 wide from 76, 320 high; without marks it begins at 42.
  const LrChart chart{
      .title = "", .curves = {{.name = "a", .lr = {1e-4, 1e-2, 1, 1, 1}, .loss = {2, 3, 4, NAN, 100}}}, .marks = {}};
  const std::string svg = lr_chart_svg(chart);
  EXPECT_NE(svg.find("d=\"M76.0 362.0h0L426.0 202.0L776.0 42.0M776.0 -598.0h0\""), std::string::npos) << svg;
}

}  // namespace
}  // namespace tuner::lr_range
