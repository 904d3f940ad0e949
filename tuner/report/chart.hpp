// A curve as plain text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tuner::report {

struct ChartSize {
  int width = 60;  // columns and rows of the plot itself, without the axes; at least 10 and 2
  int height = 12;
  // What stands at the ends of the x axis; nothing: 0 and the last index.
  std::optional<std::pair<std::int64_t, std::int64_t>> ends = {};
};

// The values y[0], y[1], ... as a curve over their index, one line of text per row, each ended by a newline:
// the largest and smallest finite value stand at the left, the ends of the x axis below, then `x_label`. A column shows
// every row that the curve passes in it. Values that are not finite leave a gap; without any finite one the text is
// empty.
[[nodiscard]] std::string chart(std::span<const double> y, const std::string& x_label, ChartSize size = {});

}  // namespace tuner::report
