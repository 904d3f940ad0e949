#include "tuner/report/importance.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tuner/abi.h"
#include "tuner/report/regression_tree.hpp"

namespace tuner::report {

namespace {

constexpr std::size_t kMostCells = 50;
constexpr double kLeastDensity = 1e-12;

double on_scale(Scale scale, double x) {
  return scale == Scale::log ? std::log(x) : scale == Scale::log1m ? -std::log1p(-x) : x;
}

// The axis of a parameter, cut into cells.
class Grid {
 public:
  // values: of the trials where it is active, for the ends that the space does not have.
  Grid(const StoredParameter& parameter, const std::vector<double>& values) : parameter_(parameter) {
    if (!parameter.is_range()) {
      cells_ = parameter.choices.size();
      return;
    }
    const auto [least, most] = std::ranges::minmax(values);
    const double low = parameter.low.value_or(least), high = parameter.high.value_or(most);
    low_ = on_scale(parameter.scale, low);
    const double width = on_scale(parameter.scale, high) - low_;
    cells_ = width > 0 ? std::clamp<std::size_t>(cell_count(low, high), 1, kMostCells) : 1;
    step_ = cells_ > 1 ? width / static_cast<double>(cells_ - 1) : 0;
  }
  [[nodiscard]] std::size_t cells() const { return cells_; }
  [[nodiscard]] std::size_t cell_of(double value) const {
    if (!parameter_.is_range()) return static_cast<std::size_t>(value);
    if (step_ == 0) return 0;
    const double place = std::ceil((on_scale(parameter_.scale, value) - low_) / step_ - 0.5);
    return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(cells_ - 1)));
  }

 private:
  [[nodiscard]] std::size_t cell_count(double low, double high) const {
    const double step = parameter_.step.value_or(parameter_.integer ? 1 : 0);
    if (parameter_.integer && parameter_.scale == Scale::log)
      return static_cast<std::size_t>(std::ceil(std::log2(high - low + 1))) + 1;
    if (step == 0) return kMostCells;
    return static_cast<std::size_t>(std::min(std::floor((high - low) / step + 1e-9), 1e6)) + 1;
  }

  const StoredParameter& parameter_;
  std::size_t cells_ = 0;
  double low_ = 0, step_ = 0;
};

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// counts: by cell. Categories: a kernel for every occupied one and one more, all even but for their own.
std::vector<double> density_of_choices(const std::vector<double>& counts) {
  const double kernels = 1 + static_cast<double>(std::ranges::count_if(counts, [](double c) { return c > 0; }));
  const double total = 1 + std::accumulate(counts.begin(), counts.end(), 0.0);
  const auto n = static_cast<double>(counts.size());
  std::vector<double> density(counts.size(), 1 / total / n);
  for (std::size_t k = 0; k < counts.size(); ++k)
    for (std::size_t j = 0; j < counts.size(); ++j)
      density[j] += counts[k] / total * (1 / kernels + (j == k ? 1 : 0)) / (n / kernels + 1);
  return density;
}

// Scott's bandwidth of the cells, weighted by their counts, in the units of a cell.
double bandwidth_of(const std::vector<std::size_t>& occupied, const std::vector<double>& counts, double total) {
  double mean = 0, squares = 0;
  for (const std::size_t cell : occupied) mean += static_cast<double>(cell) * counts[cell] / total;
  std::vector<double> cumulative;
  for (const std::size_t cell : occupied) {
    const double distance = static_cast<double>(cell) - mean;
    squares += counts[cell] * distance * distance;
    cumulative.push_back(counts[cell] + (cumulative.empty() ? 0 : cumulative.back()));
  }
  const double deviation = std::sqrt(squares / std::max(1.0, total - 1));
  const auto quarter = std::ranges::lower_bound(cumulative, std::floor(total / 4));
  const auto three = std::ranges::upper_bound(cumulative, std::floor(total * 3 / 4));
  const auto cell_at = [&](auto place) {
    return static_cast<double>(occupied[std::min<std::size_t>(place - cumulative.begin(), occupied.size() - 1)]);
  };
  const double spread = std::min((cell_at(three) - cell_at(quarter)) / 1.34, deviation);
  return std::max(1.059 * spread * std::pow(total, -0.2), 0.5 / 1.64);
}

// A truncated normal around every occupied cell, and a wide one in the middle.
std::vector<double> density_of_range(const std::vector<double>& counts) {
  std::vector<std::size_t> occupied;
  for (std::size_t cell = 0; cell < counts.size(); ++cell)
    if (counts[cell] > 0) occupied.push_back(cell);
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const auto n = static_cast<double>(counts.size());
  std::vector<double> density(counts.size());
  const auto add = [&](double middle, double deviation, double weight) {
    const double mass = normal_cdf((n - 0.5 - middle) / deviation) - normal_cdf((-0.5 - middle) / deviation);
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      const auto at = static_cast<double>(cell);
      density[cell] += weight / (total + 1) / mass *
                       (normal_cdf((at + 0.5 - middle) / deviation) - normal_cdf((at - 0.5 - middle) / deviation));
    }
  };
  const double width = bandwidth_of(occupied, counts, total);
  for (const std::size_t cell : occupied) add(static_cast<double>(cell), width, counts[cell]);
  add((n - 1) / 2, n, 1);
  return density;
}

class Divergence {
 public:
  // even: from the even density in place of the region's.
  Divergence(const StoredParameter& parameter, const std::vector<double>& region, bool even)
      : parameter_(parameter), grid_(parameter, region), base_(density(region)) {
    for (double& share : base_) share = even ? 1 / static_cast<double>(base_.size()) : share + kLeastDensity;
  }
  // Pearson's, of the density of these values from that of the region.
  [[nodiscard]] double of(const std::vector<double>& values) const {
    const std::vector<double> top = density(values);
    double sum = 0;
    for (std::size_t cell = 0; cell < top.size(); ++cell) {
      const double excess = (top[cell] + kLeastDensity) / base_[cell] - 1;
      sum += base_[cell] * excess * excess;
    }
    return sum;
  }

 private:
  [[nodiscard]] std::vector<double> density(const std::vector<double>& values) const {
    std::vector<double> counts(grid_.cells());
    for (const double value : values) ++counts[grid_.cell_of(value)];
    return parameter_.is_range() ? density_of_range(counts) : density_of_choices(counts);
  }

  const StoredParameter& parameter_;
  Grid grid_;
  std::vector<double> base_;
};

// The trials no worse than the ceil(share n)-th best; equal ones stay.
std::vector<const Assessed*> best_of(std::span<const Assessed> trials, double share) {
  std::vector<double> losses;
  for (const Assessed& trial : trials) losses.push_back(trial.loss);
  const auto n = static_cast<double>(losses.size());
  const auto last = std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(share * n)), 1, losses.size()) - 1;
  std::ranges::nth_element(losses, losses.begin() + static_cast<std::ptrdiff_t>(last));
  std::vector<const Assessed*> best;
  for (const Assessed& trial : trials)
    if (trial.loss <= losses[last]) best.push_back(&trial);
  return best;
}

std::vector<double> active_values(const std::vector<const Assessed*>& trials, std::size_t parameter) {
  std::vector<double> values;
  for (const Assessed* trial : trials)
    if (trial->values[parameter]) values.push_back(*trial->values[parameter]);
  return values;
}

std::optional<double> place_of(const StoredParameter& parameter, const Value& value) {
  if (!parameter.is_range()) {
    const auto choice = parameter.choice_of(value);
    return choice ? std::optional(static_cast<double>(*choice)) : std::nullopt;
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

}  // namespace

std::optional<Assessed> assessed(std::span<const StoredParameter> parameters, const storage::RunRow& run, Goal goal) {
  if (run.outcome != Outcome::completed || !run.value || !std::isfinite(*run.value)) return std::nullopt;
  Assessed trial{.values = std::vector<std::optional<double>>(parameters.size()),
                 .loss = goal == Goal::minimize ? *run.value : -*run.value};
  for (const auto& [name, value] : run.parameters) {
    const auto at = std::ranges::find(parameters, name, &StoredParameter::name);
    if (at != parameters.end()) trial.values[static_cast<std::size_t>(at - parameters.begin())] = place_of(*at, value);
  }
  return trial;
}

std::vector<double> ped_anova(std::span<const StoredParameter> parameters, std::span<const Assessed> trials,
                              const PedAnova& settings) {
  std::vector<double> importances(parameters.size());
  if (trials.size() < 2) return importances;
  const auto target = best_of(trials, settings.target_quantile);
  const auto region = best_of(trials, settings.region_quantile);
  const double share = static_cast<double>(target.size()) / static_cast<double>(region.size());
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    // The regime in which it is inactive has one value, and so no divergence.
    const std::vector<double> of_region = active_values(region, p), of_target = active_values(target, p);
    if (of_region.size() < 2 || of_target.empty()) continue;
    const double a = static_cast<double>(of_target.size()) / static_cast<double>(target.size());
    const double b = static_cast<double>(of_region.size()) / static_cast<double>(region.size());
    importances[p] =
        share * share * a * a / b * Divergence(parameters[p], of_region, !settings.against_region).of(of_target);
  }
  return importances;
}

std::vector<std::optional<double>> fanova(std::span<const StoredParameter> parameters, std::span<const Assessed> trials,
                                          const Forest& settings) {
  constexpr std::size_t kMostRows = 5000;  // of a tree
  std::vector<std::optional<double>> shares(parameters.size());
  std::vector<std::size_t> used;
  std::vector<Interval> box;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const auto value_of = [&](const Assessed& trial) { return trial.values[p]; };
    if (trials.size() < 2 || !std::ranges::all_of(trials, [&](const Assessed& t) { return t.values[p].has_value(); }))
      continue;
    const StoredParameter& parameter = parameters[p];
    Interval whole{-0.5, static_cast<double>(parameter.choices.size()) - 0.5};
    if (parameter.is_range()) {
      const double least = *std::ranges::min(trials, {}, value_of).values[p];
      const double most = *std::ranges::max(trials, {}, value_of).values[p];
      whole = {parameter.low.value_or(least), parameter.high.value_or(most)};
    }
    if (!(whole.size() > 0)) continue;
    used.push_back(p);
    box.push_back(whole);
    shares[p] = 0;
  }
  std::vector<std::vector<double>> x;
  std::vector<double> y;
  for (const Assessed& trial : trials) {
    x.emplace_back();
    for (const std::size_t p : used) x.back().push_back(*trial.values[p]);
    y.push_back(trial.loss);
  }
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = settings.seed;
  int counted = 0;
  for (int t = 0; t < settings.trees && !used.empty(); ++t) {
    std::vector<std::size_t> rows(std::min(kMostRows, x.size()));
    for (std::size_t& row : rows)
      row = static_cast<std::size_t>(tuner_rng_next_uniform(&rng) * static_cast<double>(x.size()));
    RegressionTree tree(box, 0);
    tree.fit(x, y, std::move(rows), settings.least_leaf);
    const double variance = tree.variance();
    if (!(variance > 0)) continue;
    ++counted;
    for (std::size_t i = 0; i < used.size(); ++i) *shares[used[i]] += tree.variance_of(i) / variance;
  }
  for (std::optional<double>& share : shares)
    if (share && counted > 0) *share /= counted;
  return shares;
}

std::vector<double> normalized(std::vector<double> shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share = sum > 0 ? share / sum : 1 / static_cast<double>(shares.size());
  return shares;
}

}  // namespace tuner::report
