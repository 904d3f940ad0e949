// Loss over lr, of one or several runs, with what was concluded from it: as plain text and as an SVG file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tuner/report/chart.hpp"

namespace tuner::lr_range {

// Texts are UTF-8. A pair whose lr is not positive, or whose numbers are not finite (the loss: beyond 1e300), leaves a
// gap.
struct LrCurve {
  std::string name;              // "seed 1"
  std::vector<double> lr, loss;  // of one length, in the order in which the line goes
  bool bold = false;             // the one to look at: a median, a smoothed curve
};

// A lr, and the interval that is known of it. One that is not positive and finite stands in the legend alone.
struct LrMark {
  std::string label;
  double value = 0;
  std::optional<double> low, high;
};

struct LrChart {
  std::string title;
  std::string x_label = "lr", y_label = "loss";  // with units, where there are any
  std::vector<LrCurve> curves;
  std::vector<LrMark> marks;
};

// The median over curves that walk the same lrs, for as long as the longest of them: a curve that has ended or is not
// finite counts as infinite there (a ramp ends because it diverged), so that the median leaves a gap where half
// diverged.
[[nodiscard]] LrCurve median_curve(std::span<const LrCurve> curves, std::string name);

// Both charts have a logarithmic x axis, which takes in the curves and the marks; the y axis is logarithmic where all
// losses are positive and span more than two decades. Losses beyond twice the largest first loss of a curve are cut off
// at the top, so that the end of a divergence does not press the rest into a line. Without a finite loss the text is
// empty.

// Bold curves as *, others as . (a single curve as *); under the axis a letter for each mark with its interval, and
// their legend. Every line ends with a newline.
[[nodiscard]] std::string lr_chart_text(const LrChart& chart, report::ChartSize size = {});

// A whole file without scripts, links or fonts of its own, in light or dark as the reader's system asks for: thin
// lines, bold ones for bold curves, a vertical line with its label for each mark, and its interval shaded.
[[nodiscard]] std::string lr_chart_svg(const LrChart& chart);

}  // namespace tuner::lr_range
