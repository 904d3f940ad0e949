// The search parameters as the searchers' mathematics sees them: every range is an interval of the real line, on which
// its scale is even, and steps are cells of that interval.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "normal.hpp"
#include "tuner/sdk/search.hpp"

namespace searchers {

// One search parameter.
//
// scaled(x) = x, log x or -log(1 - x), increasing. With a step, [least, most] reaches half a step beyond the first and
// the last value, so that each value owns a cell of it; on a logarithmic scale the half step is taken before the
// logarithm. A normal distribution that nothing cuts is searched within 4 sigma.
struct Axis {
  bool choice = false;
  bool ordered = false;
  bool normal = false;
  std::uint32_t scale = TUNER_SCALE_LINEAR;
  std::size_t choices = 0;
  double low = 0, high = 0;           // the first and the last value
  double step = 0;                    // 0: every value
  double levels = 0;                  // values of a stepped range, or choices; 0: without end
  double least = 0, most = 0;         // the interval, on the scale
  double mu = 0, sigma = 0;           // of a normal distribution, on the scale
  std::vector<double> probabilities;  // of the choices
  std::int32_t parent = -1;
  std::span<const std::uint32_t> active_choices;

  explicit Axis(const tuner::Dimension& dimension);

  [[nodiscard]] double width() const { return most - least; }
  [[nodiscard]] double scaled(double value) const;
  [[nodiscard]] double unscaled(double t) const;
  // The place of a value: on the scale and within the interval. Of a choice its index.
  [[nodiscard]] double place(double value) const;
  // The legal value nearest to a place.
  [[nodiscard]] double value(double t) const;
  // The cell of a stepped value, on the scale and within the interval.
  [[nodiscard]] double cell_low(double value) const;
  [[nodiscard]] double cell_high(double value) const;
  // The value with share u in [0, 1) of the distribution below it.
  [[nodiscard]] double quantile(double u) const;
  // The same interval as [0, 1]: place() and its inverse for the methods that work in the unit cube.
  [[nodiscard]] double unit(double value) const { return width() > 0 ? (place(value) - least) / width() : 0.5; }
  [[nodiscard]] double from_unit(double u) const { return value(least + u * width()); }

 private:
  [[nodiscard]] double snapped(double value) const;
};

// The axes of a space, and which of them a configuration has.
struct Axes : std::vector<Axis> {
  explicit Axes(const tuner::SearchSpace& space);

  // Is the axis active, given the values and states of those before it?
  [[nodiscard]] bool is_active(std::size_t axis, std::span<const double> values,
                               std::span<const std::uint8_t> states) const;
};

}  // namespace searchers
