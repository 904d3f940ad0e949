#include "tuner/measured.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <ranges>

namespace tuner {

bool is_constraint(std::string_view metric) {
  constexpr std::string_view kValidation = "val_";
  if (metric.starts_with(kValidation)) metric.remove_prefix(kValidation.size());
  return metric.starts_with(kConstraint);
}

std::optional<double> last_value(std::span<const MetricPoint> points, std::string_view metric) {
  for (const MetricPoint& point : points | std::views::reverse)
    if (point.name == metric) return point.value;
  return std::nullopt;
}

std::vector<MetricPoint> last_points(std::span<const MetricPoint> points) {
  std::map<std::string_view, const MetricPoint*> last;
  for (const MetricPoint& point : points) last[point.name] = &point;
  std::vector<MetricPoint> all;
  for (const auto& [name, point] : last) all.push_back(*point);
  return all;
}

std::vector<double> constraints_of(std::span<const MetricPoint> points) {
  std::map<std::string_view, double> last;
  for (const MetricPoint& point : points)
    if (is_constraint(point.name)) last[point.name] = point.value;
  std::vector<double> constraints;
  for (const auto& [name, value] : last) constraints.push_back(value);
  return constraints;
}

double violation_of(std::span<const double> constraints) {
  double sum = 0;
  for (const double value : constraints) {
    if (std::isnan(value)) return std::numeric_limits<double>::infinity();
    sum += std::max(value, 0.0);
  }
  return sum;
}

}  // namespace tuner
