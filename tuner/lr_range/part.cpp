#include "tuner/lr_range/part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

using Clock = std::chrono::steady_clock;

std::size_t dimension_of(const StudyPlan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.space.dimensions, name, &Dimension::name);
  return static_cast<std::size_t>(found - plan.space.dimensions.begin());
}

// The run that the file describes, but of this part's length, with this seed's random numbers, at a constant lr and
// without what ends a run early.
TrialSpec spec_of(const Study& study, const Point& point, const Part& part) {
  TrialSpec spec = resolve(study, point, static_cast<std::uint64_t>(part.seed));
  spec.schedule = {};
  spec.training.common_random_numbers = false;
  spec.training.early_stopping.reset();
  return spec;
}

}  // namespace

Point point_of(const StudyPlan& plan, Point branch, const Part& part) {
  branch.resize(plan.space.dimensions.size());
  branch[dimension_of(plan, kPartDimension)] = std::string(kParts[static_cast<int>(part.kind)]);
  branch[dimension_of(plan, kSeedDimension)] = part.seed;
  if (part.lr > 0) branch[dimension_of(plan, kLrDimension)] = part.lr;
  return branch;
}

Part part_of(const StudyPlan& plan, const Point& point) {
  return part_of(tuner::parameters_of(plan.space, point)).value();
}

std::optional<Part> part_of(const Parameters& parameters) {
  Part part;
  bool has_kind = false, has_seed = false;
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
      has_seed = true;
    }
    if (name == kLrDimension) {
      const auto* lr = std::get_if<double>(&value);
      if (lr == nullptr) return std::nullopt;
      part.lr = *lr;
    }
  }
  return has_kind && has_seed ? std::optional(part) : std::nullopt;
}

PartRun::PartRun(TrialSpec& spec, const TestSettings& settings, SharedObjectives& shared, const std::stop_token& stop,
                 TrialTrace& trace, TrialResult& result)
    : spec_(spec), settings_(settings), stop_(stop), result_(result), trainer_(spec, shared, stop, trace, result) {
  trainer_.prepare();
  trainer_.init();
}

void PartRun::record(std::int64_t step, std::string_view name, double value) {
  result_.metrics.push_back({step, std::string(name), value});
}

void PartRun::check_time() const { tuner::check_time(spec_, result_.steps, stop_, start_); }

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

TrialResult run_part(const Study& study, const Point& point, SharedObjectives& shared, std::stop_token stop,
                     TrialTrace* trace) {
  TrialTrace own;
  if (trace == nullptr) trace = &own;
  const Part part = part_of(study.plan, point);
  const TestSettings settings = settings_of(study.plan);
  const auto start = Clock::now();
  return run_guarded(*trace, [&](TrialResult& result) {
    TrialSpec spec = spec_of(study, point, part);
    std::optional<PartRun> run;
    require_memory(spec, shared);
    try {
      run.emplace(spec, settings, shared, stop, *trace, result);
      switch (part.kind) {
        case PartKind::ramp:
          run_ramp(*run);
          break;
        case PartKind::curvature:
          run_curvature(*run);
          break;
        case PartKind::probe:
          run_probe(*run, part.lr);
          break;
        case PartKind::ladder:
          run_ladder(*run, part.lr);
          break;
        case PartKind::stability:
          run_stability(*run, part.lr);
          break;
      }
    } catch (const Ended& end) {
      result.outcome = end.outcome, result.error = end.error, result.failure = end.failure;
    }
    if (run) {
      const auto& log = run->trainer().host().log;
      result.log.insert(result.log.end(), log.begin(), log.end());
    }
    result.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  });
}

}  // namespace tuner::lr_range
