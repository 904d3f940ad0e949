#include "tuner/lr_range/lr_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tuner/error.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/lr_range/search.hpp"
#include "tuner/schedule.hpp"

namespace tuner::lr_range {

namespace {

// Where an end of the range is the test's own it does not bind: the grid looks beyond. Where it is not, no lr beyond
// it is legal.
void fill(Range& range, const TestSettings& tested, double low, double high) {
  range.min = range.min > tested.lr_min ? std::max(range.min, low) : low;
  range.max = range.max < tested.lr_max ? std::min(range.max, high) : high;
}

}  // namespace

std::unique_ptr<search::Searcher> make_searcher(const StudyPlan& plan) { return std::make_unique<RangeSearch>(plan); }

void check_trial(TrialSpec& spec) {
  const Binding lr = lr_option(*spec.optimizer);
  if (lr.use == nullptr) return;
  const OptionTable& options = lr.use->options;
  const double own = options.number(lr.param);
  for (std::uint32_t g = 1; g < options.group_count(); ++g) {
    const double group = options.number(lr.param, g);
    if (group == own || std::isfinite(group / own)) continue;
    throw Error(
        Message::config_impossible,
        fmt::format("the lr of optimizer '{}' is {}, and that of its group {} is {}: an LR range test keeps the "
                    "ratio of the two, and there is none",
                    lr.use->plugin->id(), own, g, group),
        "give the optimizer itself the lr that is tested, and lr: 0 to a group of the tensors that stay");
  }
}

bool may_be_missing(const Dimension& dimension) {
  return dimension.name == kLrDimension || dimension.name == kSeedDimension || is_tested(dimension);
}

// From the database alone. The parts of a branch have the same parameters but for those that say which part it is, and
// branches begin in the order of their suggestions.
LrReport stored_report(const storage::Store& store, const std::string& study,
                       const std::vector<storage::LrSuggestion>& suggestions, storage::Damage& damage) {
  LrReport report{.study = study, .metric = store.study(study).metric, .branches = {}};
  for (const auto& suggestion : suggestions) {
    if (report.branches.empty() || report.branches.back().label != suggestion.branch)
      report.branches.push_back({.label = suggestion.branch, .suggestions = {}, .ramps = {}, .grid = {}});
    report.branches.back().suggestions.push_back(suggestion);
  }
  std::vector<Parameters> chosen;
  const auto runs = store.runs(study, 0, false, &damage);
  for (const storage::RunRow& run : runs) {
    const auto words = [&] { return fmt::format("trial {} of study '{}'", run.number, study); };
    const auto split = std::ranges::find(run.parameters, kPartDimension, &Parameters::value_type::first);
    const auto part = part_of({split, run.parameters.end()}, run.replicate);
    // Seeds are counted from 0, and each has a trial.
    if (!part || part->seed >= std::ssize(runs) || (part->kind == PartKind::grid && !(part->lr > 0))) {
      damage.add(words() + ": trial_parameters: they are not those of a part of an LR range test");
      continue;
    }
    const Parameters branch(run.parameters.begin(), split);
    auto place = std::ranges::find(chosen, branch);
    if (place == chosen.end()) place = chosen.insert(place, branch);
    const auto index = static_cast<std::size_t>(place - chosen.begin());
    if (index >= report.branches.size()) break;
    TrialResult result;
    if (part->kind == PartKind::ramp) {
      result.metrics = store.trial(study, run.number, &damage).metrics;
      const auto count = [&](const char* name) { return std::ranges::count(result.metrics, name, &MetricPoint::name); };
      if (count("lr") != count("smoothed_loss"))
        damage.add(fmt::format("{}: metrics: there are {} of lr and {} of smoothed_loss", words(), count("lr"),
                               count("smoothed_loss")));
    }
    result.value = run.value;
    result.outcome = run.outcome;
    add_part(report.branches[index], *part, result);
  }
  return report;
}

Study with_tested_ranges(Study sweep, const StudyPlan& test, std::span<const storage::LrSuggestion> suggestions,
                         const std::string& show_command, const Filled& filled) {
  const TestSettings settings = settings_of(test);
  const std::vector<Branch> branches = branches_of(test);
  for (std::size_t i = 0; i < sweep.plan.space.dimensions.size(); ++i) {
    Dimension& dimension = sweep.plan.space.dimensions[i];
    if (!is_tested(dimension)) continue;
    auto& range = std::get<Range>(dimension.domain);
    // The dimensions of the file have the same places in the test's space.
    const auto branch =
        std::ranges::find_if(branches, [&](const auto& b) { return is_active(test.space, b.point, i); });
    const auto found = std::ranges::find_if(suggestions, [&](const storage::LrSuggestion& suggestion) {
      return branch != branches.end() && suggestion.branch == branch->label && suggestion.name == "recommended";
    });
    // Of a stored test whose measurements were changed it may be no lr.
    if (found == suggestions.end() || !found->value || !(*found->value > 0 && std::isfinite(*found->value)))
      throw Error(Message::config_bad_hole,
                  fmt::format("the LR range test has no recommendation for {}: {}", dimension.name,
                              found == suggestions.end() ? "" : found->note),
                  fmt::format("look at it ({}), and write {{min: ..., max: ..., scale: log}}", show_command))
          .at(sweep.source.path);
    fill(range, settings, *found->value / range.source->factor, *found->value * range.source->factor);
    filled(dimension, *found);
  }
  return sweep;
}

}  // namespace tuner::lr_range
