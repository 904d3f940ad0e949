#include "tuner/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace tuner::report {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = kInfinity, high = -kInfinity;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] bool empty() const { return low > high; }
};

// What the curve passes in one column: its values there, and halfway to the neighbors, so that it has no gaps.
Range column_range(std::span<const double> y, int column, int width) {
  const double last = static_cast<double>(y.size() - 1), per_column = last / std::max(1, width - 1);
  const double begin = std::max(0.0, (column - 0.5) * per_column), end = std::min(last, (column + 0.5) * per_column);
  const auto at = [&](double x) {
    const auto i = static_cast<std::size_t>(x);
    const double share = x - std::floor(x);
    return share == 0 ? y[i] : y[i] + (y[i + 1] - y[i]) * share;
  };
  Range range;
  range.add(at(begin));
  range.add(at(end));
  for (auto i = static_cast<std::size_t>(std::ceil(begin)); static_cast<double>(i) <= end; ++i) range.add(y[i]);
  return range;
}

}  // namespace

std::string chart(std::span<const double> y, const std::string& x_label, ChartSize size) {
  Range all;
  for (const double value : y) all.add(value);
  if (all.empty()) return "";
  // A constant stands in the middle, between round bounds of its own.
  if (all.low == all.high) {
    constexpr double kMost = std::numeric_limits<double>::max();
    const double around = all.low == 0 ? 1 : std::max(std::abs(all.low), std::numeric_limits<double>::min());
    all.low = std::max(all.low - around, -kMost);
    all.high = std::min(all.high + around, kMost);
  }
  const auto row_of = [&](double value) {
    // Halves, as the difference of two numbers may be infinite; those of the least numbers would be equal.
    const double scale = all.high - all.low < 1 ? 1 : 0.5;
    const double share = (all.high * scale - value * scale) / (all.high * scale - all.low * scale);
    return static_cast<std::size_t>(std::lround(share * (size.height - 1)));
  };
  std::vector<std::string> rows(static_cast<std::size_t>(size.height),
                                std::string(static_cast<std::size_t>(size.width), ' '));
  for (int column = 0; column < size.width; ++column) {
    const Range range = column_range(y, column, size.width);
    if (range.empty()) continue;
    for (std::size_t row = row_of(range.high); row <= row_of(range.low); ++row)
      rows[row][static_cast<std::size_t>(column)] = '*';
  }
  const std::string high = fmt::format("{:.4g}", all.high), low = fmt::format("{:.4g}", all.low);
  const std::size_t margin = std::max(high.size(), low.size());
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view label = row == 0 ? high : row + 1 == rows.size() ? std::string_view(low) : "";
    rows[row].erase(rows[row].find_last_not_of(' ') + 1);
    text += fmt::format("{:>{}} |{}\n", label, margin, rows[row]);
  }
  const auto [first, last] = size.ends.value_or(std::pair<std::int64_t, std::int64_t>(0, y.size() - 1));
  const std::string begin = fmt::format("{}", first), end = fmt::format("{}", last);
  text += fmt::format("{:>{}} +{:-<{}}\n", "", margin, "", size.width);
  const std::string label = x_label.empty() ? "" : "  " + x_label;
  const int room = size.width - static_cast<int>(begin.size());
  text += fmt::format("{:>{}}  {}{:>{}}{}\n", "", margin, begin, end, std::max(room, 0), label);
  return text;
}

}  // namespace tuner::report
