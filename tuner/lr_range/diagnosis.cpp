#include "tuner/lr_range/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tuner/lr_range/branches.hpp"
#include "tuner/lr_range/part_run.hpp"
#include "tuner/lr_range/recommendation.hpp"

namespace tuner::lr_range {

namespace {

// Seeds that differ more than so in what one curve suggests do not agree on anything.
constexpr double kMostSpread = 10;

std::string share_of(std::size_t count, std::size_t all) { return fmt::format("{} of {} seeds", count, all); }

class Diagnosis {
 public:
  Diagnosis(const TestSettings& settings, std::string label, std::span<const MeasuredPart> parts)
      : settings_(settings), label_(std::move(label)), parts_(parts) {
    for (const MeasuredPart& part : parts)
      if (part.part.kind == PartKind::grid) add_grid_run(grid_, part.part, loss_of(part.result.value, settings.goal));
  }

  // Of a program, of which there is the LR grid alone.
  std::vector<Suggestion> of_program() {
    Suggestion steepest = named("steepest", "steepest");
    steepest.note = "not measured: a program keeps its lr, and a ramp raises it from step to step";
    const Suggestion best = best_short_run();
    return {largest_completed(), std::move(steepest), best, recommend(grid_, best)};
  }

  std::vector<Suggestion> all() {
    Suggestion stable = largest_stable(), steepest = by_rule("steepest"), best = best_short_run();
    steepest.name = "steepest";
    const Suggestion advice = recommend(grid_, best);
    std::vector<Suggestion> list{std::move(stable), std::move(steepest), std::move(best), advice};
    if (!grid_.empty()) list.push_back(largest_learning());
    list.push_back(divergence());
    for (Suggestion& limit : limits()) list.push_back(std::move(limit));
    for (const Rule& rule : rules())
      if (rule.name != "steepest") list.push_back(by_rule(rule.name));
    return list;
  }

 private:
  [[nodiscard]] std::vector<const MeasuredPart*> of(PartKind kind) const {
    std::vector<const MeasuredPart*> found;
    for (const MeasuredPart& part : parts_)
      if (part.part.kind == kind) found.push_back(&part);
    return found;
  }
  [[nodiscard]] Suggestion named(std::string_view name, std::string rule) const {
    return {.branch = label_,
            .name = std::string(name),
            .value = {},
            .low = {},
            .high = {},
            .rule = std::move(rule),
            .note = ""};
  }

  // Middle and ends over the seeds.
  static void summarise(Suggestion& suggestion, std::vector<double> lrs) {
    std::ranges::sort(lrs);
    suggestion.value = median(lrs);
    suggestion.low = lrs.front();
    suggestion.high = lrs.back();
  }

  // A rule on the ramp of every seed.
  [[nodiscard]] Suggestion by_rule(std::string_view rule) const {
    Suggestion suggestion = named(fmt::format("rule.{}", rule), std::string(rule));
    const auto ramps = of(PartKind::ramp);
    std::vector<double> lrs;
    std::string why = "no ramp was made";
    for (const MeasuredPart* ramp : ramps) {
      const Finding finding = apply_rule(rule, curve_of(ramp->result.metrics), settings_.smoothing,
                                         static_cast<std::size_t>(settings_.steps));
      if (finding.lr)
        lrs.push_back(*finding.lr);
      else
        why = finding.why;
    }
    if (lrs.empty() || 2 * lrs.size() < ramps.size()) {
      suggestion.note = "cannot tell: " + why;
      return suggestion;
    }
    summarise(suggestion, lrs);
    if (lrs.size() < ramps.size())
      suggestion.note = fmt::format("from {}: {}", share_of(lrs.size(), ramps.size()), why);
    if (const double spread = *suggestion.high / *suggestion.low; spread > kMostSpread) {
      suggestion.value.reset();
      suggestion.note = fmt::format("cannot tell: the seeds disagree {:.0f}-fold", spread);
    }
    return suggestion;
  }

  // The loss that the grid's runs begin with, by seed: the same for all lrs.
  [[nodiscard]] std::map<std::int64_t, double> starts_of_grid() const {
    std::map<std::int64_t, double> starts;
    for (const MeasuredPart* grid_lr : of(PartKind::grid))
      if (!grid_lr->result.metrics.empty()) starts.emplace(grid_lr->part.seed, grid_lr->result.metrics.front().value);
    return starts;
  }
  // Does any seed end below its start? Where none does the least of the losses is no merit.
  [[nodiscard]] bool gains(std::size_t grid_lr, const std::map<std::int64_t, double>& starts) const {
    return std::ranges::any_of(starts, [&](const auto& start) {
      return grid_[grid_lr].loss(static_cast<std::size_t>(start.first)) < start.second;
    });
  }
  [[nodiscard]] std::string no_best(std::optional<std::size_t> best) const {
    if (!best) return "cannot tell: every run of the LR grid diverged or failed";
    return fmt::format("cannot tell: no lr of the LR grid brings the loss below its start; its lowest is {:.4g}",
                       grid_.front().lr);
  }
  [[nodiscard]] static std::string unmeasured(const char* part, bool wanted) {
    return wanted ? "not measured yet" : fmt::format("not measured: {} is none", part);
  }
  // Why the first of the parts that failed did so; empty where none did.
  [[nodiscard]] static std::string failure_of(const std::vector<const MeasuredPart*>& parts) {
    for (const MeasuredPart* part : parts)
      if (part->result.outcome != Outcome::completed) return part->result.error;
    return "";
  }

  // Below the first lr at which a run of any seed did not come to its end.
  [[nodiscard]] Suggestion largest_completed() const {
    Suggestion suggestion = named("largest_stable", "largest lr of the LR grid up to which every run completed");
    const auto unstable = std::ranges::find_if(grid_, [](const GridLr& grid_lr) {
      return std::ranges::any_of(grid_lr.losses, [](double loss) { return !std::isfinite(loss); });
    });
    if (grid_.empty()) {
      suggestion.note = "not measured yet";
    } else if (unstable == grid_.begin()) {
      suggestion.high = grid_.front().lr;
      suggestion.note = fmt::format("the lowest lr, {:.4g}, did not complete: lower lr_min", grid_.front().lr);
    } else if (unstable == grid_.end()) {
      suggestion.low = grid_.back().lr;
      suggestion.note = fmt::format("every run completed, up to {:.4g}", grid_.back().lr);
    } else {
      suggestion.value = suggestion.low = std::prev(unstable)->lr;
      suggestion.high = unstable->lr;
    }
    return suggestion;
  }

  // On losses that never diverge (a dead network, a loss that grows no faster than its argument) the largest lr that is
  // still of use.
  [[nodiscard]] Suggestion largest_learning() const {
    Suggestion suggestion =
        named("largest_learning", "largest lr of the LR grid that gains half as much as the best one");
    const std::map<std::int64_t, double> starts = starts_of_grid();
    const auto best = best_in_grid(grid_);
    if (!best || !gains(*best, starts)) {
      suggestion.note = no_best(best);
      return suggestion;
    }
    const auto learns = [&](const GridLr& grid_lr) {
      return std::ranges::all_of(starts, [&](const auto& start) {
        const auto seed = static_cast<std::size_t>(start.first);
        return grid_lr.loss(seed) < start.second - 0.5 * (start.second - grid_[*best].loss(seed));
      });
    };
    std::size_t last = *best;
    while (last + 1 < grid_.size() && learns(grid_[last + 1])) ++last;
    suggestion.value = suggestion.low = grid_[last].lr;
    if (last + 1 < grid_.size())
      suggestion.high = grid_[last + 1].lr;
    else
      suggestion.note = "the highest lr of the LR grid";
    return suggestion;
  }

  // Of the ramps, whose carried state makes it no measure of stability: it places the grid.
  [[nodiscard]] Suggestion divergence() const {
    Suggestion suggestion = named("divergence", "where the ramps' smoothed loss is back near its start, or not finite");
    const auto ramps = of(PartKind::ramp);
    std::vector<double> lrs;
    std::size_t at_once = 0, failed = 0;
    double last = settings_.lr_max;
    for (const MeasuredPart* ramp : ramps) {
      const Curve curve = curve_of(ramp->result.metrics);
      if (ramp->result.outcome != Outcome::completed || curve.empty()) {
        ++failed;
        continue;
      }
      last = std::max(last, curve.back().lr);
      const auto lr = divergence_lr(curve, settings_);
      if (lr) lrs.push_back(*lr);
      if (lr && *lr <= curve.front().lr && !(curve.front().loss < curve.front().loss_before)) ++at_once;
    }
    const std::size_t bounded = ramps.size() - failed - lrs.size();
    if (lrs.empty() && bounded == 0)
      suggestion.note = ramps.empty() ? "not measured yet" : "cannot tell: " + failure_of(ramps);
    else if (at_once > 0)
      suggestion.note = fmt::format("{} diverged at the first step, lr {:g}: lower lr_min of lr_range:",
                                    share_of(at_once, ramps.size()), settings_.lr_min);
    else if (bounded > 0)
      suggestion.note =
          fmt::format("{} did not diverge up to {:g}: raise lr_max of lr_range:{}", share_of(bounded, ramps.size()),
                      last, settings_.extend ? "" : ", or say extend: true");
    else if (failed > 0)
      suggestion.note = fmt::format("{} failed: {}", share_of(failed, ramps.size()), failure_of(ramps));
    if (!lrs.empty()) summarise(suggestion, lrs);
    return suggestion;
  }

  [[nodiscard]] Suggestion largest_stable() const {
    Suggestion suggestion = named("largest_stable", "restarted bisection");
    const auto bisections = of(PartKind::stability);
    const double highest = highest_lr(settings_);
    std::vector<double> stable, unstable;
    std::size_t unbounded = 0, hopeless = 0;
    for (const MeasuredPart* bisection : bisections) {
      const auto low = last_value(bisection->result.metrics, "largest_stable");
      const auto high = last_value(bisection->result.metrics, "smallest_unstable");
      if (low && high) {
        stable.push_back(*low);
        unstable.push_back(*high);
      }
      if (low && !high) ++unbounded;
      if (!low && high) ++hopeless;
    }
    if (bisections.empty()) {
      suggestion.note = unmeasured("stability", settings_.stability_steps > 0);
    } else if (unbounded > 0 && 2 * unbounded >= bisections.size()) {
      suggestion.low = highest;
      suggestion.note =
          fmt::format("no divergence up to {:g}{}", highest, grid_.empty() ? "" : ": see largest_learning");
    } else if (hopeless > 0 && 2 * hopeless >= bisections.size()) {
      suggestion.high = settings_.lr_min;
      suggestion.note = fmt::format("diverges at every lr down to {:g}: lower lr_min", settings_.lr_min);
    } else if (stable.empty()) {
      suggestion.note = "cannot tell: " + failure_of(bisections);
    } else {
      summarise(suggestion, stable);
      suggestion.high = *std::ranges::max_element(unstable);
      if (unbounded > 0)
        suggestion.note = fmt::format("{} did not diverge up to {:g}", share_of(unbounded, bisections.size()), highest);
    }
    return suggestion;
  }

  [[nodiscard]] Suggestion best_short_run() const {
    Suggestion suggestion =
        named("best_short_run",
              settings_.of_program
                  ? fmt::format("best mean {} of runs with budget {:g}", settings_.metric, settings_.grid_budget)
                  : fmt::format("least mean loss over the last quarter of {} steps", settings_.grid_steps));
    const auto best = best_in_grid(grid_);
    if (grid_.empty()) {
      suggestion.note = unmeasured("grid", settings_.grid_points > 0);
      return suggestion;
    }
    // Where a program begins it does not say.
    if (!best || (!settings_.of_program && !gains(*best, starts_of_grid()))) {
      suggestion.note = no_best(best);
      return suggestion;
    }
    const auto [first, last] = indistinguishable(grid_, *best);
    suggestion.low = first == 0 ? grid_[0].lr : std::sqrt(grid_[first - 1].lr * grid_[first].lr);
    suggestion.high = last + 1 == grid_.size() ? grid_[last].lr : std::sqrt(grid_[last].lr * grid_[last + 1].lr);
    if (first == 0 && last + 1 == grid_.size()) {
      suggestion.note = "cannot tell: no lr of the LR grid differs from the best one by more than its noise";
      return suggestion;
    }
    suggestion.value = grid_[*best].lr;
    if (*best == 0) suggestion.note = "the lowest lr of the LR grid: the best may be below";
    if (*best + 1 == grid_.size()) suggestion.note = "the highest lr of the LR grid: the best may be above";
    return suggestion;
  }

  [[nodiscard]] std::vector<Suggestion> limits() const {
    std::vector<Suggestion> list;
    for (const MeasuredPart* curvature : of(PartKind::curvature)) {
      const auto add = [&](std::string_view name, std::string rule) {
        if (const auto value = last_value(curvature->result.metrics, name)) {
          list.push_back(named(name, std::move(rule)));
          list.back().value = value;
        }
      };
      add("largest_eigenvalue", "Lanczos on the Hessian at the start");
      add("preconditioned_eigenvalue", "Lanczos on P^-1/2 H P^-1/2, P from the first second moments");
      add("limit", "closed form for a quadratic of this curvature");
      if (curvature->result.outcome != Outcome::completed) {
        list.push_back(named("limit", "closed form for a quadratic of this curvature"));
        list.back().note = "cannot tell: " + curvature->result.error;
      }
    }
    std::vector<double> critical;
    std::size_t measured = 0;
    for (const MeasuredPart* probe : of(PartKind::probe))
      for (const MetricPoint& metric : probe->result.metrics)
        if (metric.name == "critical_lr") {
          ++measured;
          if (metric.value > 0) critical.push_back(metric.value);
        }
    if (measured == 0) return list;
    list.push_back(named("critical_lr", "least lr of one step along the optimizer's own direction that gains nothing"));
    if (critical.empty())
      list.back().note = "cannot tell: the direction never went down";
    else
      summarise(list.back(), critical);
    if (!critical.empty() && critical.size() < measured)
      list.back().note = fmt::format("in {} of {} probes the direction did not go down, or nothing stopped it",
                                     measured - critical.size(), measured);
    return list;
  }

  const TestSettings& settings_;
  std::string label_;
  std::span<const MeasuredPart> parts_;
  std::vector<GridLr> grid_;
};

}  // namespace

std::vector<Suggestion> diagnose(const TestSettings& settings, const std::string& label,
                                 std::span<const MeasuredPart> parts) {
  Diagnosis diagnosis(settings, label, parts);
  return settings.of_program ? diagnosis.of_program() : diagnosis.all();
}

double cost_in_gradients(const StudyPlan& plan) {
  const TestSettings s = settings_of(plan);
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  const double ramp = number(s.steps) * (s.extend ? 2 : 1) * (1 + 1.0 / 3);
  const double grid = s.grid_points > 0 ? number(s.grid_points) + static_cast<double>(std::size(kFineQuarters)) : 0;
  const double probe = s.probes > 0 ? number(s.probes) * (1 + kMostProbeLosses / 3) + number(s.grid_steps) : 0;
  const double bisection = number(s.stability_steps) * kMostBisectionRuns;
  const double curvature = s.curvature ? kMostCurvatureProducts * 2 + 20 : 0;
  return static_cast<double>(branches_of(plan).size()) *
         (number(s.seeds) * (ramp + grid * number(s.grid_steps) + probe + bisection) + curvature);
}

double cost_in_gradients(const Evaluations& evaluations) {
  return static_cast<double>(evaluations.gradient) + static_cast<double>(evaluations.loss) / 3 +
         static_cast<double>(evaluations.hvp) * 2;
}

}  // namespace tuner::lr_range
