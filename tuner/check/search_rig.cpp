#include "tuner/check/search_rig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tuner::check {

namespace {

Dimension dimension(std::string name, std::variant<Values, Range, Branches> domain,
                    std::optional<std::size_t> parent = {}, std::size_t branch = 0) {
  return {std::move(name), std::move(domain), parent, branch};
}

Range range(double min, double max, Scale scale = Scale::linear) {
  Range range;
  range.min = min;
  range.max = max;
  range.scale = scale;
  return range;
}

Space make_every_form() {
  Range stepped = range(-1, 1);
  stepped.step = 0.25;
  Range integer = range(1, 12);
  integer.integer = true;
  Range wide = range(1, 4096, Scale::log);
  wide.integer = true;
  Range normal = range(-3, 5);
  normal.distribution = Distribution::normal;
  normal.mu = 1;
  normal.sigma = 0.5;
  Dimension weighted = dimension("weighted", Values{std::string("a"), std::string("b"), std::string("c")});
  weighted.probabilities = {0.5, 0.3, 0.2};
  Space space{{dimension("real", range(-5, 10)), dimension("log", range(1e-6, 1, Scale::log)),
               dimension("log1m", range(0, 0.999, Scale::log1m)), dimension("stepped", stepped),
               dimension("integer", integer), dimension("wide", wide), dimension("normal", normal),
               dimension("numbers", Values{std::int64_t{16}, std::int64_t{32}, std::int64_t{64}}),
               std::move(weighted)}};
  const std::size_t choice = space.dimensions.size();
  space.dimensions.push_back(dimension("choice", Branches{{"first", "second"}}));
  space.dimensions.push_back(dimension("choice.first.rate", range(0.01, 1, Scale::log), choice, 0));
  space.dimensions.push_back(dimension("choice.second.size", integer, choice, 1));
  space.dimensions.push_back(dimension("choice.second.power", range(0, 2), choice, 1));
  return space;
}

Space reals(std::size_t count) {
  Space space;
  for (std::size_t i = 0; i < count; ++i) space.dimensions.push_back(dimension(fmt::format("x{}", i), range(-1, 2)));
  return space;
}

double share_of(const tuner_dimension& dimension, double x) {
  if (dimension.type == TUNER_DIMENSION_CHOICE) return (x + 0.5) / dimension.n_choices;
  if (dimension.scale == TUNER_SCALE_LOG)
    return (std::log(x) - std::log(dimension.low)) / (std::log(dimension.high) - std::log(dimension.low));
  return (x - dimension.low) / (dimension.high - dimension.low);
}

StudyPlan plan_of(const Subject& subject, const Space& space, std::uint64_t seed) {
  StudyPlan plan;
  plan.seed = seed;
  plan.method = subject.plugin->id();
  plan.space = space;
  PluginPlan& searcher = plan.searcher.emplace();
  searcher.plugin = subject.plugin;
  for (const auto& [key, value] : subject.given) searcher.options.emplace(key, value);
  return plan;
}

}  // namespace

const NamedSpace& every_form() {
  static const NamedSpace space{"parameters of every form", make_every_form()};
  return space;
}

const std::vector<NamedSpace>& spaces_to_search() {
  static const std::vector<NamedSpace> spaces{{"one real", reals(1)}, every_form(), {"200 reals", reals(200)}};
  return spaces;
}

double distance_of(const tuner_space& space, const search::Row& row) {
  double sum = 0;
  for (std::size_t i = 0; i < space.n_dimensions; ++i) {
    if (row.states[i] == TUNER_VALUE_INACTIVE) continue;
    const double away = share_of(space.dimensions[i], row.values[i]) - 0.3;
    sum += away * away;
  }
  return sum;
}

search::Evidence completed(std::uint64_t proposal, const search::Row& row, double value) {
  return {.proposal = proposal,
          .outcome = TUNER_OUTCOME_COMPLETED,
          .replicates = 1,
          .last_step = 100,
          .budget = 100,
          .row = row,
          .values = {value},
          .mean = value,
          .standard_deviation = std::numeric_limits<double>::quiet_NaN()};
}

SearchRig::SearchRig(const Subject& subject, const Space& space, std::uint64_t seed, std::uint64_t lag)
    : plan_(plan_of(subject, space, seed)),
      space_(plan_.space),
      lag_(lag),
      engine_(search::make_engine(plan_, {.lag = lag, .trials = 100, .budget = 100})) {}

search::Wanted SearchRig::wanted(std::uint64_t proposal) const {
  search::Wanted wanted{
      .proposal = proposal,
      .attempt = 0,
      .fixed = {std::vector<double>(space_.size(), 0.0), std::vector<std::uint8_t>(space_.size(), TUNER_VALUE_FREE)},
      .pending = {}};
  for (std::uint64_t n = evidence_.size(); n < std::min<std::uint64_t>(proposal, rows_.size()); ++n)
    wanted.pending.push_back({n, rows_[n]});
  return wanted;
}

void SearchRig::require_legal(std::uint64_t proposal, const search::Row& row) const {
  static_cast<void>(space_.configuration_of(row, fmt::format("proposal {}", proposal)));
}

std::optional<search::Row> SearchRig::next() {
  const std::uint64_t proposal = rows_.size();
  std::optional<search::Row> row = engine_->propose(wanted(proposal)).row;
  if (row) require_legal(proposal, *row);
  return row;
}

std::vector<search::Row> SearchRig::search(std::uint64_t count, const Result& result) {
  while (rows_.size() < count) {
    const std::uint64_t proposal = rows_.size();
    while (evidence_.size() + lag_ <= proposal) {
      const std::uint64_t n = evidence_.size();
      evidence_.push_back(result(n, rows_[n]));
      engine_->observe({evidence_.back()});
    }
    auto row = next();
    if (!row) break;
    rows_.push_back(std::move(*row));
  }
  return rows_;
}

}  // namespace tuner::check
