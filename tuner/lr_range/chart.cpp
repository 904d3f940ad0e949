#include "tuner/lr_range/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace tuner::lr_range {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLogSpread = 100;
constexpr std::size_t kMostTicks = 12;

// Beyond 1e300 a range of losses has no finite width.
bool drawable(double lr, double loss) { return lr > 0 && std::isfinite(lr) && std::abs(loss) <= 1e300; }
bool drawable(const LrMark& mark) { return mark.value > 0 && std::isfinite(mark.value); }

struct Axis {
  double low = kInfinity, high = -kInfinity;
  bool log = false;

  void add(double value) { low = std::min(low, value), high = std::max(high, value); }
  // 0 at low, 1 at high.
  [[nodiscard]] double share(double value) const {
    // Differences of logarithms, as quotients of numbers far apart are not finite.
    if (log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
    return (value - low) / (high - low);
  }
  void widen() {
    // What rounding alone keeps apart is one value.
    if (high - low > 1e-12 * std::max(std::abs(low), std::abs(high))) return;
    using Limits = std::numeric_limits<double>;
    if (log) {
      low = std::max(low / 2, Limits::denorm_min());
      high = std::min(high * 2, Limits::max());
      return;
    }
    const double around = low == 0 ? 1 : std::max(std::abs(low) / 2, Limits::min());
    low -= around;
    high += around;
  }
};

struct Axes {
  Axis x{.log = true}, y;
  [[nodiscard]] bool empty() const { return y.low > y.high; }
};

Axes axes_of(const LrChart& chart) {
  Axes axes;
  double first = -kInfinity;
  for (const LrCurve& curve : chart.curves) {
    bool begun = false;
    for (std::size_t i = 0; i < curve.lr.size(); ++i) {
      if (!drawable(curve.lr[i], curve.loss[i])) continue;
      axes.x.add(curve.lr[i]);
      axes.y.add(curve.loss[i]);
      if (!begun) first = std::max(first, curve.loss[i]);
      begun = true;
    }
  }
  if (axes.empty()) return axes;
  for (const LrMark& mark : chart.marks)
    if (drawable(mark)) axes.x.add(mark.value);
  const double cut = first + std::abs(first);
  if (cut > axes.y.low) axes.y.high = std::min(axes.y.high, cut);
  axes.y.log = axes.y.low > 0 && axes.y.high / axes.y.low > kLogSpread;
  axes.x.widen();
  axes.y.widen();
  return axes;
}

// The ends of a mark's interval within the axis, or its value twice.
std::pair<double, double> interval(const LrMark& mark, const Axis& x) {
  // An end that is no number is none.
  const double low = std::fmin(mark.low.value_or(mark.value), mark.value);
  const double high = std::fmax(mark.high.value_or(mark.value), mark.value);
  return {std::max(low, x.low), std::min(high, x.high)};
}

std::string text_of(const LrMark& mark) {
  std::string text = fmt::format("{}  {:.4g}", mark.label, mark.value);
  if (mark.low || mark.high)
    text += fmt::format(" ({:.4g} to {:.4g})", mark.low.value_or(mark.value), mark.high.value_or(mark.value));
  return text;
}

struct Tick {
  double value;
  std::string label;
};

std::string power_of_ten(int exponent) {
  return std::abs(exponent) <= 2 ? fmt::format("{:g}", std::pow(10, exponent)) : fmt::format("1e{}", exponent);
}

// Powers of ten, or every other of them where they are many; where fewer than two lie within, the multiples by 2 and 5
// too, and the ends where that is not enough.
std::vector<Tick> log_ticks(const Axis& axis) {
  std::vector<Tick> decades, all;
  const auto within = [&](double value) { return value >= axis.low * (1 - 1e-9) && value <= axis.high * (1 + 1e-9); };
  const int last = static_cast<int>(std::ceil(std::log10(axis.high)));
  for (int exponent = static_cast<int>(std::floor(std::log10(axis.low))); exponent <= last; ++exponent)
    for (const double factor : {1., 2., 5.}) {
      const double value = factor * std::pow(10, exponent);
      if (!within(value) || !std::isfinite(value)) continue;
      if (factor == 1) decades.push_back({value, power_of_ten(exponent)});
      all.push_back({value, factor == 1 ? power_of_ten(exponent) : fmt::format("{:.4g}", value)});
    }
  if (decades.size() > kMostTicks) {
    const std::size_t stride = (decades.size() + kMostTicks - 1) / kMostTicks;
    std::vector<Tick> some;
    for (std::size_t i = 0; i < decades.size(); i += stride) some.push_back(std::move(decades[i]));
    return some;
  }
  if (decades.size() >= 2) return decades;
  if (all.size() >= 2) return all;
  return {{axis.low, fmt::format("{:.4g}", axis.low)}, {axis.high, fmt::format("{:.4g}", axis.high)}};
}

std::vector<Tick> ticks(const Axis& axis) {
  if (axis.log) return log_ticks(axis);
  const double rough = (axis.high - axis.low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough <= 1.5 * power ? 1 : rough <= 3.5 * power ? 2 : rough <= 7.5 * power ? 5 : 10);
  std::vector<Tick> result;
  for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; ++i)
    result.push_back({i * step, fmt::format("{:.6g}", i * step)});
  return result;
}

// -------------------------------------------------------------------------------------------------------------- text

class TextPlot {
 public:
  TextPlot(const LrChart& chart, const Axes& axes, report::ChartSize size)
      : chart_(chart), axes_(axes), size_(size), rows_(static_cast<std::size_t>(size.height), blank()) {}

  std::string draw() {
    const auto bold = [](const LrCurve& curve) { return curve.bold; };
    const bool lone = chart_.curves.size() == 1;
    for (const bool pass : {false, true})
      for (const LrCurve& curve : chart_.curves)
        if ((lone || bold(curve)) == pass) draw_curve(curve, pass ? '*' : '.');
    std::string text = chart_.title.empty() ? "" : chart_.title + "\n";
    const std::string high = fmt::format("{:.4g}", axes_.y.high), low = fmt::format("{:.4g}", axes_.y.low);
    margin_ = std::max(high.size(), low.size());
    for (std::size_t row = 0; row < rows_.size(); ++row)
      text += line(row == 0 ? high : row + 1 == rows_.size() ? low : "", '|', rows_[row]);
    return text + x_axis() + marks() + legend();
  }

 private:
  [[nodiscard]] std::string blank() const { return std::string(static_cast<std::size_t>(size_.width), ' '); }
  [[nodiscard]] double column(double lr) const { return axes_.x.share(lr) * (size_.width - 1); }
  [[nodiscard]] std::size_t cell(double lr) const { return static_cast<std::size_t>(std::lround(column(lr))); }

  [[nodiscard]] std::string line(std::string_view label, char border, std::string content) const {
    content.erase(content.find_last_not_of(' ') + 1);
    std::string text = fmt::format("{:>{}} {}{}", label, margin_, border, content);
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  }

  void draw_curve(const LrCurve& curve, char symbol) {
    bool joined = false;
    double column_before = 0, row_before = 0;
    for (std::size_t i = 0; i < curve.lr.size(); ++i) {
      const bool here = drawable(curve.lr[i], curve.loss[i]);
      if (here) {
        const double share = 1 - axes_.y.share(std::min(curve.loss[i], axes_.y.high));
        const double at = column(curve.lr[i]), row = share * (size_.height - 1);
        if (!joined) {
          column_before = at;
          row_before = row;
        }
        const double cells = std::ceil(2 * std::max(std::abs(at - column_before), std::abs(row - row_before))) + 1;
        for (double k = 0; k <= cells; ++k)
          rows_[static_cast<std::size_t>(std::lround(row_before + (row - row_before) * k / cells))]
               [static_cast<std::size_t>(std::lround(column_before + (at - column_before) * k / cells))] = symbol;
        column_before = at;
        row_before = row;
      }
      joined = here;
    }
  }

  [[nodiscard]] std::string x_axis() const {
    std::string axis(static_cast<std::size_t>(size_.width), '-'), labels;
    for (const Tick& tick : ticks(axes_.x)) {
      const std::size_t at = cell(tick.value);
      axis[at] = '+';
      const std::size_t begin = at - std::min(at, tick.label.size() / 2);
      if (!labels.empty() && begin < labels.size() + 1) continue;  // no room
      labels.resize(begin, ' ');
      labels += tick.label;
    }
    labels.resize(std::max(labels.size(), static_cast<std::size_t>(size_.width)), ' ');
    return line("", '+', axis) + line("", ' ', labels + "  " + chart_.x_label);
  }

  // As many rows as it takes that no two of them touch.
  [[nodiscard]] std::string marks() const {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < chart_.marks.size(); ++i) {
      const LrMark& mark = chart_.marks[i];
      if (!drawable(mark)) continue;
      const auto [low, high] = interval(mark, axes_.x);
      const std::size_t begin = cell(low), end = cell(high) + 1;
      const auto free = [&](const std::string& row) {
        const std::size_t from = begin - std::min<std::size_t>(begin, 1);
        return row.substr(from, end + 1 - from).find_first_not_of(' ') == std::string::npos;
      };
      auto row = std::ranges::find_if(rows, free);
      if (row == rows.end()) row = rows.insert(row, blank());
      row->replace(begin, end - begin, end - begin, '-');
      (*row)[cell(mark.value)] = letter(i);
    }
    std::string text;
    for (const std::string& row : rows) text += line("", ' ', row);
    return text;
  }

  [[nodiscard]] std::string legend() const {
    const auto indent = static_cast<int>(margin_) + 2;
    std::string stars, dots;
    for (const LrCurve& curve : chart_.curves) {
      std::string& names = curve.bold || chart_.curves.size() == 1 ? stars : dots;
      names += (names.empty() ? "" : ", ") + curve.name;
    }
    std::string text = fmt::format("{:{}}{}{}", "", indent, chart_.y_label, axes_.y.log ? " (log)" : "");
    if (!stars.empty()) text += "  * " + stars;
    if (!dots.empty()) text += "  . " + dots;
    text += "\n";
    for (std::size_t i = 0; i < chart_.marks.size(); ++i)
      text += fmt::format("{:{}}{}  {}\n", "", indent, letter(i), text_of(chart_.marks[i]));
    return text;
  }

  static char letter(std::size_t i) {
    return static_cast<char>(i < 26 ? 'A' + i : i < 52 ? 'a' + (i - 26) : std::size_t{'#'});
  }

  const LrChart& chart_;
  const Axes& axes_;
  report::ChartSize size_;
  std::vector<std::string> rows_;
  std::size_t margin_ = 0;
};

// --------------------------------------------------------------------------------------------------------------- SVG

// Colours that stand apart on white and on black, and for readers who do not see red or green apart (Okabe, Ito).
constexpr std::string_view kStyle = R"(<style>
svg { background: #ffffff; color: #1a1a1a; font: 12px sans-serif; }
.grid { stroke: currentColor; stroke-opacity: 0.13; }
.frame { stroke: currentColor; fill: none; }
.curve { fill: none; stroke: currentColor; stroke-opacity: 0.45; stroke-width: 1; stroke-linecap: round; }
.bold { fill: none; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.mark { stroke-width: 1.5; stroke-dasharray: 5 3; }
.range { fill-opacity: 0.13; stroke: none; }
text { fill: currentColor; }
.label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
.title { font-size: 15px; font-weight: bold; }
@media (prefers-color-scheme: dark) {
  svg { background: #14161a; color: #e6e6e6; }
  .label { stroke: #14161a; }
}
</style>
)";
constexpr std::array<std::string_view, 6> kColors{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
std::string_view color(std::size_t i) { return kColors[i % kColors.size()]; }

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20)
      result += ' ';  // XML has no control characters
    else
      result += c;
  }
  return result;
}

class SvgPlot {
 public:
  SvgPlot(const LrChart& chart, const Axes& axes) : chart_(chart), axes_(axes) {
    drawn_ = std::ranges::count_if(chart.marks, [](const LrMark& mark) { return drawable(mark); });
    top_ = 42 + 16 * static_cast<double>(drawn_);
  }

  std::string draw() const {
    const double height = bottom() + 66 + 16 * static_cast<double>(std::ssize(chart_.marks) - drawn_);
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" height=\"{1:g}\" "
        "role=\"img\">\n<title>{2}</title>\n{3}",
        kWidth, height, escaped(chart_.title), kStyle);
    svg +=
        fmt::format("<clipPath id=\"plot\"><rect x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"/></clipPath>\n",
                    kLeft, top_, kRight - kLeft, kHeight);
    svg += text(kLeft, 24, "start", chart_.title, "title");
    return svg + grid() + intervals() + curves() + mark_lines() + legend() + "</svg>\n";
  }

 private:
  static constexpr double kWidth = 800, kLeft = 76, kRight = 776, kHeight = 320;

  [[nodiscard]] double bottom() const { return top_ + kHeight; }
  [[nodiscard]] double x(double lr) const { return kLeft + axes_.x.share(lr) * (kRight - kLeft); }
  [[nodiscard]] double y(double loss) const {
    // Far outside is as good as outside, and keeps the numbers short.
    return bottom() - std::min(axes_.y.share(loss), 3.0) * kHeight;
  }

  // Bold curves have the first colors.
  [[nodiscard]] std::string_view mark_color(std::size_t i) const {
    return color(i + static_cast<std::size_t>(std::ranges::count_if(chart_.curves, &LrCurve::bold)));
  }

  static std::string text(double x, double y, std::string_view anchor, std::string_view content,
                          std::string_view style = "", std::string_view more = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}{}>{}</text>\n", x, y, anchor,
                       style.empty() ? "" : fmt::format(" class=\"{}\"", style), more, escaped(content));
  }
  static std::string line(std::string_view style, double x1, double y1, double x2, double y2,
                          std::string_view more = "") {
    return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"{}/>\n", style, x1,
                       y1, x2, y2, more);
  }

  [[nodiscard]] std::string grid() const {
    std::string svg;
    for (const Tick& tick : ticks(axes_.x)) {
      svg += line("grid", x(tick.value), top_, x(tick.value), bottom());
      svg += text(x(tick.value), bottom() + 18, "middle", tick.label);
    }
    for (const Tick& tick : ticks(axes_.y)) {
      svg += line("grid", kLeft, y(tick.value), kRight, y(tick.value));
      svg += text(kLeft - 8, y(tick.value) + 4, "end", tick.label);
    }
    svg += fmt::format("<rect class=\"frame\" x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"/>\n", kLeft, top_,
                       kRight - kLeft, kHeight);
    svg += text((kLeft + kRight) / 2, bottom() + 38, "middle", chart_.x_label + " (log)");
    const double middle = top_ + kHeight / 2;
    return svg + text(18, middle, "middle", chart_.y_label + (axes_.y.log ? " (log)" : ""), "",
                      fmt::format(" transform=\"rotate(-90 18 {:.1f})\"", middle));
  }

  [[nodiscard]] std::string intervals() const {
    std::string svg;
    for (std::size_t i = 0; i < chart_.marks.size(); ++i) {
      if (!drawable(chart_.marks[i])) continue;
      const auto [low, high] = interval(chart_.marks[i], axes_.x);
      if (low < high)
        svg += fmt::format(
            "<rect class=\"range\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:g}\" fill=\"{}\"/>\n", x(low),
            top_, x(high) - x(low), kHeight, mark_color(i));
    }
    return svg;
  }

  [[nodiscard]] std::string path(const LrCurve& curve) const {
    std::string path;
    for (std::size_t i = 0, joined = 0; i < curve.lr.size(); ++i) {
      if (!drawable(curve.lr[i], curve.loss[i])) {
        joined = 0;
        continue;
      }
      // A point without neighbors is a line of no length with round ends.
      path += fmt::format("{}{:.1f} {:.1f}{}", joined == 0 ? "M" : "L", x(curve.lr[i]), y(curve.loss[i]),
                          joined == 0 ? "h0" : "");
      joined = 1;
    }
    return path;
  }

  [[nodiscard]] std::string curves() const {
    std::string thin, bold;
    for (std::size_t i = 0, n = 0; i < chart_.curves.size(); ++i) {
      const LrCurve& curve = chart_.curves[i];
      const std::string title = fmt::format("<title>{}</title>", escaped(curve.name));
      if (curve.bold)
        bold += fmt::format("<path class=\"bold\" stroke=\"{}\" d=\"{}\">{}</path>\n", color(n++), path(curve), title);
      else
        thin += fmt::format("<path class=\"curve\" d=\"{}\">{}</path>\n", path(curve), title);
    }
    return "<g clip-path=\"url(#plot)\">\n" + thin + bold + "</g>\n";
  }

  // Every mark has a row of text of its own above the plot, on the side of its line where there is more room. In this
  // order the lines do not cross the labels: a label goes over places whose lines begin below it.
  [[nodiscard]] std::string mark_lines() const {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < chart_.marks.size(); ++i)
      if (drawable(chart_.marks[i])) rows.push_back(i);
    const auto place = [this](std::size_t i) {
      const double at = x(chart_.marks[i].value);
      return std::pair(to_the_left(at), to_the_left(at) ? -at : at);
    };
    std::ranges::stable_sort(rows, {}, place);
    std::string lines, labels;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t i = rows[row];
      const double at = x(chart_.marks[i].value), from = 46 + 16 * static_cast<double>(row);
      const bool left = to_the_left(at);
      lines += line("mark", at, from - 8, at, bottom(), fmt::format(" stroke=\"{}\"", mark_color(i)));
      labels += text(left ? at - 6 : at + 6, from, left ? "end" : "start", text_of(chart_.marks[i]), "label");
    }
    return lines + labels;
  }
  static bool to_the_left(double x) { return x > (kLeft + kRight) / 2; }

  // Thin curves together, bold ones with their colors; then the marks that have no place on the axis.
  [[nodiscard]] std::string legend() const {
    std::string names, svg, spans;
    for (std::size_t i = 0, n = 0; i < chart_.curves.size(); ++i) {
      const LrCurve& curve = chart_.curves[i];
      if (curve.bold)
        spans += fmt::format("<tspan fill=\"{}\">&#9644; </tspan>{}  ", color(n++), escaped(curve.name));
      else
        names += (names.empty() ? "" : ", ") + curve.name;
    }
    if (!names.empty()) spans += "&#8212; " + escaped(names);
    double row = bottom() + 56;
    if (!spans.empty())
      svg += fmt::format("<text x=\"{:g}\" y=\"{:.1f}\" xml:space=\"preserve\">{}</text>\n", kLeft, row, spans);
    for (const LrMark& mark : chart_.marks)
      if (!drawable(mark)) svg += text(kLeft, row += 16, "start", text_of(mark));
    return svg;
  }

  const LrChart& chart_;
  const Axes& axes_;
  std::ptrdiff_t drawn_ = 0;  // marks that have a place on the axis
  double top_ = 0;
};

}  // namespace

LrCurve median_curve(std::span<const LrCurve> curves, std::string name) {
  LrCurve result{.name = std::move(name), .lr = {}, .loss = {}, .bold = true};
  for (const LrCurve& curve : curves)
    if (curve.lr.size() > result.lr.size()) result.lr = curve.lr;
  std::vector<double> losses(curves.size());
  for (std::size_t i = 0; i < result.lr.size(); ++i) {
    std::ranges::transform(curves, losses.begin(), [i](const LrCurve& curve) {
      return i < curve.loss.size() && std::isfinite(curve.loss[i]) ? curve.loss[i] : kInfinity;
    });
    std::ranges::sort(losses);
    const std::size_t middle = losses.size() / 2;
    result.loss.push_back(losses.size() % 2 == 1 ? losses[middle] : losses[middle - 1] / 2 + losses[middle] / 2);
  }
  return result;
}

std::string lr_chart_text(const LrChart& chart, report::ChartSize size) {
  const Axes axes = axes_of(chart);
  return axes.empty() ? "" : TextPlot(chart, axes, size).draw();
}

std::string lr_chart_svg(const LrChart& chart) {
  const Axes axes = axes_of(chart);
  return axes.empty() ? "" : SvgPlot(chart, axes).draw();
}

}  // namespace tuner::lr_range
