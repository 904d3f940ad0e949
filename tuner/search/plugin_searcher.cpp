#include "tuner/search/plugin_searcher.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::search {

namespace {

constexpr std::uint32_t kAttempts = 32;

}  // namespace

PluginSearcher::PluginSearcher(const StudyPlan& plan, const EngineSetup& setup, MakeEngine make)
    : Searcher(plan.repeats.count),
      plan_(plan),
      setup_(setup),
      make_(std::move(make)),
      space_(plan.space),
      taken_(plan.space) {}

Engine& PluginSearcher::engine() const {
  if (!engine_) engine_ = make_(plan_, setup_);
  return *engine_;
}

Configuration PluginSearcher::free_one(std::uint64_t proposal) const {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_SEARCHER + (kAttempts << 16);
  rng.seed = plan_.seed;
  rng.trial = static_cast<std::uint32_t>(proposal);
  Taken taken = taken_;
  return taken.at(taken.take_free(tuner_rng_uniform_at(&rng, 0)));
}

void PluginSearcher::fix(Row& row, const Configuration& given) const {
  const Row values = space_.row_of(given, TUNER_VALUE_FIXED);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i]) continue;
    row.values[i] = values.values[i];
    row.states[i] = values.states[i];
  }
}

void PluginSearcher::require_fixed(const Row& row, const Row& fixed, const std::string& who) const {
  for (std::size_t i = 0; i < row.values.size(); ++i)
    if (fixed.states[i] == TUNER_VALUE_FIXED && row.values[i] != fixed.values[i])
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("{} changes {}, which start: gives", who, plan_.space.dimensions[i].name),
                  "`tuner plugins check FILE` finds out where; another method can search this space");
}

Configuration PluginSearcher::propose(std::uint64_t proposal, std::span<const PendingProposal> pending) const {
  const std::string who = fmt::format("proposal {} of searcher '{}'", proposal, plan_.method);
  Wanted wanted{
      .proposal = proposal,
      .attempt = 0,
      .fixed = {std::vector<double>(space_.size(), 0.0), std::vector<std::uint8_t>(space_.size(), TUNER_VALUE_FREE)},
      .pending = {}};
  if (proposal < plan_.start.size()) fix(wanted.fixed, plan_.start[proposal]);
  for (const PendingProposal& one : pending) {
    wanted.pending.push_back({one.proposal, space_.row_of(one.configuration)});
    taken_.add(one.configuration);
  }
  for (; wanted.attempt < kAttempts; ++wanted.attempt) {
    const Proposed proposed = engine().propose(wanted);
    for (const std::string& line : proposed.log)
      std::fputs(fmt::format("searcher '{}': {}\n", plan_.method, printable(line)).c_str(), stderr);
    if (!proposed.row) throw Exhausted{};
    require_fixed(*proposed.row, wanted.fixed, who);
    Configuration configuration = space_.configuration_of(*proposed.row, who);
    const bool last = wanted.attempt + 1 == kAttempts && !taken_.count();
    if (last || may_repeat() || !taken_.has(configuration)) return configuration;
  }
  return free_one(proposal);
}

void PluginSearcher::observe(const Observation& observation) {
  taken_.add(observation.assignment);
  Evidence evidence{.proposal = observation.proposal,
                    .outcome = static_cast<std::uint32_t>(observation.outcome),
                    .replicates = static_cast<std::uint32_t>(observation.values.size()),
                    .last_step = observation.last_step,
                    .budget = std::llround(observation.budget),
                    .row = space_.row_of(observation.assignment),
                    .values = {},
                    .constraints = observation.constraints,
                    .mean = std::numeric_limits<double>::quiet_NaN(),
                    .standard_deviation = std::numeric_limits<double>::quiet_NaN()};
  if (observation.mean) {
    evidence.mean = *observation.mean;
    evidence.values.push_back(*observation.mean);
    evidence.values.insert(evidence.values.end(), observation.further_means.begin(), observation.further_means.end());
  }
  if (observation.standard_deviation) evidence.standard_deviation = *observation.standard_deviation;
  std::vector<Evidence> all;
  all.push_back(std::move(evidence));
  engine().observe(std::move(all));
}

}  // namespace tuner::search
