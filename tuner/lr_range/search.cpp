#include "tuner/lr_range/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tuner/lr_range/lr_range.hpp"
#include "tuner/lr_range/measurements.hpp"
#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

// Where the bisection begins, so that it finds a limit by itself and not by being told.
constexpr double kBelowLimit = 1.7;

}  // namespace

std::vector<MeasuredPart> RangeSearch::measured(std::size_t branch) const {
  std::vector<MeasuredPart> parts;
  for (const auto* results : {&results_, &shown_})
    for (const auto& [number, result] : *results)
      if (result.branch == branch) parts.push_back(result.measured);
  return parts;
}

std::vector<MeasuredPart> RangeSearch::observed(std::size_t branch, PartKind kind) const {
  std::vector<MeasuredPart> parts;
  for (const auto& [number, result] : results_)
    if (result.branch == branch && result.measured.part.kind == kind) parts.push_back(result.measured);
  return parts;
}

RangeSearch::Result RangeSearch::result_of(const TrialId& trial, TrialResult result) const {
  const Origin& origin = origins_.at(trial.configuration);
  Result measured{origin.branch, {origin.part, std::move(result)}};
  if (!has_seed_dimension(plan_)) measured.measured.part.seed = trial.replicate;
  return measured;
}

void RangeSearch::show(const TrialId& trial, TrialResult result) {
  if (ready(trial.configuration) && !results_.contains(trial.number))
    shown_.emplace(trial.number, result_of(trial, std::move(result)));
}

RangeSearch::RangeSearch(const StudyPlan& plan)
    : plan_(plan), settings_(settings_of(plan)), branches_(branches_of(plan)) {
  const TestSettings& s = settings_;
  const std::uint64_t seeds = has_seed_dimension(plan) ? static_cast<std::uint64_t>(s.seeds) : 1;
  const auto grid = static_cast<std::uint64_t>(s.grid_points);
  const std::uint64_t first = s.of_program ? 0 : seeds + (s.curvature ? 1 : 0);
  const std::uint64_t second = seeds * (grid + (s.probes > 0) + (s.stability_steps > 0));
  const std::uint64_t third = grid > 0 ? seeds * std::size(kFineQuarters) : 0;
  second_round_ = branches_.size() * first;
  third_round_ = second_round_ + branches_.size() * second;
  size_ = third_round_ + branches_.size() * third;
  if (s.of_program) {
    round_ = 2;
    begin_second_round();
  } else {
    begin_first_round();
  }
}

void RangeSearch::begin_first_round() {
  for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
    add(branch, PartKind::ramp);
    if (settings_.curvature) add(branch, PartKind::curvature, 0, true);
  }
}

void RangeSearch::add(std::size_t branch, PartKind kind, double lr, bool once) {
  const std::int64_t configurations = has_seed_dimension(plan_) && !once ? settings_.seeds : 1;
  for (std::int64_t seed = 0; seed < configurations; ++seed) {
    const Part part{.kind = kind, .seed = seed, .lr = lr};
    points_.push_back(point_of(plan_, branches_[branch].point, part));
    origins_.push_back({branch, part});
  }
}

std::uint32_t RangeSearch::replicates(std::uint64_t configuration) const {
  return static_cast<std::uint32_t>(first_trial(configuration + 1) - first_trial(configuration));
}

std::uint64_t RangeSearch::first_trial(std::uint64_t configuration) const {
  if (has_seed_dimension(plan_)) return configuration;
  // Of the first round every second one is a curvature, which is made once.
  const std::uint64_t once = settings_.curvature ? std::min<std::uint64_t>(configuration, 2 * branches_.size()) / 2 : 0;
  return (configuration - once) * static_cast<std::uint64_t>(settings_.seeds) + once;
}

std::optional<std::uint64_t> RangeSearch::needs(std::uint64_t configuration) const {
  return configuration < second_round_  ? 0
         : configuration < third_round_ ? second_round_
         : configuration < size_        ? third_round_
                                        : size_;
}

bool RangeSearch::may_lack(const Dimension& dimension) const { return may_be_missing(dimension); }

void RangeSearch::observe(const search::Observation& observation) {
  const std::uint64_t configuration = observation.configuration;
  // What was run, should this machine round differently from the one that proposed it.
  if (const auto part = part_of(parameters_of(plan_.space, observation.assignment), 0))
    origins_.at(configuration).part = *part;
  TrialId trial{.number = first_trial(configuration), .configuration = configuration, .replicate = 0};
  for (const TrialResult& result : observation.results) {
    results_.emplace(trial.number, result_of(trial, result));
    ++trial.number;
    ++trial.replicate;
  }
  ++observed_;
  while (observed_ == points_.size() && round_ < 3) {
    if (++round_ == 2)
      begin_second_round();
    else if (settings_.grid_points > 0)
      begin_third_round();
  }
}

double RangeSearch::diverged_at(std::size_t branch) const {
  std::vector<double> lrs;
  for (const MeasuredPart& ramp : observed(branch, PartKind::ramp))
    // A ramp that failed says nothing of where it would have diverged.
    if (ramp.result.outcome == Outcome::completed)
      lrs.push_back(divergence_lr(curve_of(ramp.result.metrics), settings_).value_or(highest_lr(settings_)));
  return median(lrs).value_or(highest_lr(settings_));
}

std::optional<double> RangeSearch::limit(std::size_t branch) const {
  for (const MeasuredPart& curvature : observed(branch, PartKind::curvature))
    return last_value(curvature.result.metrics, "limit");
  return std::nullopt;
}

void RangeSearch::begin_second_round() {
  const TestSettings& s = settings_;
  for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
    const double edge = diverged_at(branch), most = highest_lr(s);
    const double low = s.of_program ? s.lr_min : std::max(s.lr_min, edge * kLadderBelow);
    const double high = std::min(most, edge * kLadderAbove);
    const double last = static_cast<double>(s.grid_points - 1);
    for (std::int64_t i = 0; i < s.grid_points; ++i)
      add(branch, PartKind::grid, low * std::pow(high / low, static_cast<double>(i) / last));
    if (s.probes > 0) add(branch, PartKind::probe, std::clamp(edge / 10, s.lr_min, most));
    if (s.stability_steps > 0)
      add(branch, PartKind::stability, std::clamp(limit(branch).value_or(edge) / kBelowLimit, s.lr_min, most));
  }
}

void RangeSearch::begin_third_round() {
  for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
    std::vector<GridLr> grid;
    for (const MeasuredPart& run : observed(branch, PartKind::grid))
      add_grid_run(grid, run.part, loss_of(run.result.value, settings_.goal));
    const std::size_t best = best_in_grid(grid).value_or(0);
    // One alone: of a stored test whose measurements were changed.
    const double ratio = grid.size() > 1 ? std::pow(grid[1].lr / grid[0].lr, 0.25) : 1;
    for (const int quarters : kFineQuarters) add(branch, PartKind::grid, grid[best].lr * std::pow(ratio, quarters));
  }
}

}  // namespace tuner::lr_range
