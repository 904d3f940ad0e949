#include "tuner/lr_range/part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

std::size_t dimension_of(const StudyPlan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.space.dimensions, name, &Dimension::name);
  return static_cast<std::size_t>(found - plan.space.dimensions.begin());
}

}  // namespace

bool has_seed_dimension(const StudyPlan& plan) { return plan.search_version < 3; }

Configuration point_of(const StudyPlan& plan, Configuration branch, const Part& part) {
  branch.resize(plan.space.dimensions.size());
  branch[dimension_of(plan, kPartDimension)] = std::string(kParts[static_cast<int>(part.kind)]);
  if (has_seed_dimension(plan)) branch[dimension_of(plan, kSeedDimension)] = part.seed;
  if (part.lr > 0) branch[dimension_of(plan, kLrDimension)] = part.lr;
  return branch;
}

Part part_of(const StudyPlan& plan, const Configuration& point, std::uint32_t replicate) {
  return part_of(tuner::parameters_of(plan.space, point), replicate).value();
}

std::optional<Part> part_of(const Parameters& parameters, std::uint32_t replicate) {
  Part part{.seed = replicate};
  bool has_kind = false;
  for (const auto& [name, value] : parameters) {
    if (name == kPartDimension) {
      const auto* word = std::get_if<std::string>(&value);
      const auto* kind = word ? std::ranges::find(kParts, *word) : std::end(kParts);
      if (kind == std::end(kParts)) return std::nullopt;
      part.kind = static_cast<PartKind>(kind - std::begin(kParts));
      has_kind = true;
    }
    if (name == kSeedDimension) {
      const auto* seed = std::get_if<std::int64_t>(&value);
      if (seed == nullptr || *seed < 0) return std::nullopt;
      part.seed = *seed;
    }
    if (name == kLrDimension) {
      const auto* lr = std::get_if<double>(&value);
      if (lr == nullptr) return std::nullopt;
      part.lr = *lr;
    }
  }
  return has_kind ? std::optional(part) : std::nullopt;
}

PartRun::PartRun(PartSpec& spec, SharedObjectives& shared, TrialRun& run)
    : spec_(spec.training), settings_(spec.settings), run_(run), trainer_(spec.training, shared, run) {
  trainer_.prepare();
  trainer_.init();
}

void PartRun::record(std::int64_t step, std::string_view name, double value) { run_.record(step, name, value); }

void PartRun::check_time() {
  run_.report(run_.result().steps);
  run_.check_time(run_.result().steps, run_.stop().stop_requested());
}

double PartRun::take_step(std::int64_t step, std::int64_t horizon, double lr) {
  check_time();
  trainer_.set_lr(lr);
  const double loss = trainer_.evaluate_step(step);
  if (std::isfinite(loss)) trainer_.update(step, horizon, loss);
  return loss;
}

double highest_lr(const TestSettings& settings) {
  if (!settings.extend) return settings.lr_max;
  return std::min(settings.lr_max * (settings.lr_max / settings.lr_min), std::numeric_limits<double>::max());
}

bool has_diverged(double start, double least, double smoothed, double stop) {
  return smoothed > start + (stop - 1) * std::max(std::abs(start), start - least);
}

// With this seed's random numbers, at a constant lr and without what ends a run early.
PartSpec spec_of(const Study& study, const Configuration& point, std::uint32_t replicate) {
  const Part part = part_of(study.plan, point, replicate);
  TrialSpec training = resolve(study, point, only_replicate(static_cast<std::uint64_t>(part.seed)));
  training.schedule = {};
  training.training.common_random_numbers = false;
  training.training.early_stopping.reset();
  training.training.averaging.reset();
  return {std::move(training), part, settings_of(study.plan)};
}

TrialRules rules_of(const PartSpec& spec) {
  TrialRules rules = tuner::rules_of(spec.training);
  rules.metric.clear();
  rules.target.reset();
  return rules;
}

void run_part(PartSpec& spec, SharedObjectives& shared, TrialRun& run) {
  require_memory(spec.training, shared);
  PartRun part(spec, shared, run);
  try {
    switch (spec.part.kind) {
      case PartKind::ramp:
        run_ramp(part);
        break;
      case PartKind::curvature:
        run_curvature(part);
        break;
      case PartKind::probe:
        run_probe(part, spec.part.lr);
        break;
      case PartKind::grid:
        run_grid(part, spec.part.lr);
        break;
      case PartKind::stability:
        run_stability(part, spec.part.lr);
        break;
    }
  } catch (const TrialEnded& end) {
    run.end(end);
  }
  const auto& log = part.trainer().host().log;
  run.result().log.insert(run.result().log.end(), log.begin(), log.end());
}

}  // namespace tuner::lr_range
