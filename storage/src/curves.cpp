#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "impl.hpp"
#include "reading.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

void thin(std::vector<CurvePoint>& points, std::size_t most) {
  if (most == 0 || points.size() <= std::max<std::size_t>(most, 4)) return;
  const std::size_t groups = (std::max<std::size_t>(most, 4) - 2) / 2;
  const std::size_t between = points.size() - 2;
  const auto less = [](const CurvePoint& a, const CurvePoint& b) {
    return std::isnan(b.value) ? !std::isnan(a.value) : a.value < b.value;
  };
  std::vector<CurvePoint> kept{points.front()};
  const auto at = [&](std::size_t group) {
    return points.begin() + 1 + static_cast<std::ptrdiff_t>(between * group / groups);
  };
  for (std::size_t group = 0; group < groups; ++group) {
    const auto [least, greatest] = std::minmax_element(at(group), at(group + 1), less);
    const auto [first, second] = std::minmax(least, greatest);
    kept.push_back(*first);
    if (first != second) kept.push_back(*second);
  }
  kept.push_back(points.back());
  points = std::move(kept);
}

std::optional<double> Store::last_value(std::string_view study, std::uint64_t number, std::string_view metric) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  Rows row = connection
                 .prepared(
                     "SELECT value FROM metrics WHERE study_id = ? AND number = ? AND name = ? ORDER BY step DESC "
                     "LIMIT 1")
                 .query(find_study(connection, study), number, metric);
  std::optional<double> value;
  if (row.next())
    reading.row([&] { return words_of_trial(study, std::to_string(number)); },
                [&] { value = in_table("metrics", [&] { return row.real(0); }); });
  return value;
}

void Store::read_curves(std::string_view study, std::string_view metric, std::size_t most,
                        const std::function<void(const Curve& curve)>& take, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const Reading reading(connection, damage);
  Curve curve;
  const auto finish = [&] {
    if (curve.points.empty()) return;
    curve.measured = curve.points.size();
    thin(curve.points, most);
    take(curve);
    curve.points.clear();
  };
  // The key of the table gives this order. With `name = ?` SQLite would not see it, and sort.
  Rows row =
      connection
          .prepared(
              "SELECT number, step, value FROM metrics WHERE study_id = ? AND +name = ? ORDER BY number, name, step")
          .query(find_study(connection, study), metric);
  while (reading.next(row, "metrics")) {
    std::uint64_t number = 0;
    CurvePoint point;
    const auto read = [&] {
      in_table("metrics", [&] {
        number = row.count(0);
        point = {.step = row.integer(1, 0), .value = row.real(2)};
      });
    };
    if (!reading.row([&] { return words_of_trial(study, row.shown(0)); }, read)) continue;
    if (number != curve.number) finish();
    curve.number = number;
    curve.points.push_back(point);
  }
  finish();
}

}  // namespace tuner::storage
