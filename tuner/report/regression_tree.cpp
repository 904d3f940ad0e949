#include "tuner/report/regression_tree.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace tuner::report {

namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

struct Split {
  std::size_t dimension = 0;
  double at = 0, gain = 0;
};

double mean_of_rows(std::span<const double> y, const std::vector<std::size_t>& rows) {
  double sum = 0;
  for (const std::size_t row : rows) sum += y[row];
  return sum / static_cast<double>(rows.size());
}

// Where the sum of squares falls most: that of the parts' squared sums by their sizes is largest.
std::optional<Split> best_split(std::span<const std::vector<double>> x, std::span<const double> y,
                                std::vector<std::size_t> rows, std::size_t least) {
  const auto n = rows.size();
  double total = 0;
  for (const std::size_t row : rows) total += y[row];
  const double whole = total * total / static_cast<double>(n);
  std::optional<Split> best;
  for (std::size_t d = 0; d < x[rows.front()].size(); ++d) {
    std::ranges::sort(rows, {}, [&](std::size_t row) { return std::pair(x[row][d], row); });
    double left = 0;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      left += y[rows[i]];
      const double here = x[rows[i]][d], next = x[rows[i + 1]][d];
      if (here == next || i + 1 < least || n - i - 1 < least) continue;
      const double right = total - left;
      const double gain =
          left * left / static_cast<double>(i + 1) + right * right / static_cast<double>(n - i - 1) - whole;
      if (gain > (best ? best->gain : 0)) best = Split{d, here + (next - here) / 2, gain};
    }
  }
  return best;
}

}  // namespace

RegressionTree::RegressionTree(std::vector<Interval> box, double value)
    : box_(std::move(box)), leaves_{{box_, value}} {}

std::size_t RegressionTree::split(std::size_t leaf, std::size_t dimension, double at, double left, double right) {
  Leaf upper = leaves_[leaf];
  leaves_[leaf].box[dimension].high = at;
  leaves_[leaf].value = left;
  upper.box[dimension].low = at;
  upper.value = right;
  leaves_.push_back(std::move(upper));
  return leaves_.size() - 1;
}

void RegressionTree::fit(std::span<const std::vector<double>> x, std::span<const double> y,
                         std::vector<std::size_t> rows, std::size_t least) {
  leaves_.front().value = mean_of_rows(y, rows);
  std::vector<std::pair<std::size_t, std::vector<std::size_t>>> open;
  open.emplace_back(0, std::move(rows));
  while (!open.empty()) {
    auto [leaf, of_leaf] = std::move(open.back());
    open.pop_back();
    const auto found = best_split(x, y, of_leaf, least);
    if (!found) continue;
    const auto middle =
        std::ranges::partition(of_leaf, [&](std::size_t row) { return x[row][found->dimension] <= found->at; }).begin();
    std::vector<std::size_t> right(middle, of_leaf.end());
    of_leaf.erase(middle, of_leaf.end());
    const std::size_t other =
        split(leaf, found->dimension, found->at, mean_of_rows(y, of_leaf), mean_of_rows(y, right));
    open.emplace_back(leaf, std::move(of_leaf));
    open.emplace_back(other, std::move(right));
  }
}

// Of the box without one dimension.
double RegressionTree::volume_share(const Leaf& leaf, std::size_t without) const {
  double share = 1;
  for (std::size_t d = 0; d < box_.size(); ++d)
    if (d != without) share *= leaf.box[d].size() / box_[d].size();
  return share;
}

double RegressionTree::mean() const {
  double sum = 0;
  for (const Leaf& leaf : leaves_) sum += volume_share(leaf, kNone) * leaf.value;
  return sum;
}

double RegressionTree::variance() const {
  const double middle = mean();
  double sum = 0;
  for (const Leaf& leaf : leaves_) sum += volume_share(leaf, kNone) * (leaf.value - middle) * (leaf.value - middle);
  return sum;
}

// Between two neighboring ends of leaves the mean given x[dimension] is constant: it changes where leaves begin and
// end.
double RegressionTree::variance_of(std::size_t dimension) const {
  std::map<double, double> changes;
  for (const Leaf& leaf : leaves_) {
    const double part = volume_share(leaf, dimension) * leaf.value;
    changes[leaf.box[dimension].low] += part;
    changes[leaf.box[dimension].high] -= part;
  }
  const double middle = mean();
  double variance = 0, given = 0;
  for (auto at = changes.begin(); at != changes.end(); ++at) {
    given += at->second;
    if (std::next(at) == changes.end()) break;
    const double share = (std::next(at)->first - at->first) / box_[dimension].size();
    variance += share * (given - middle) * (given - middle);
  }
  return variance;
}

}  // namespace tuner::report
