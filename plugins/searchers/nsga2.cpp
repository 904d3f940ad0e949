#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <vector>

#include "axis.hpp"
#include "costs.hpp"
#include "draws.hpp"
#include "nondominated.hpp"
#include "tuner/searcher.hpp"

namespace {

using searchers::Axis;
using searchers::Costs;

enum Option : std::size_t { kPopulation, kCrossover, kMutation, kCrossoverIndex, kMutationIndex };

class Nsga2 {
 public:
  static constexpr tuner::Info info{
      .id = "nsga2",
      .name = "NSGA-II",
      .doc = "an evolutionary search for the front of several metrics",
      .details =
          "generation 0: `population` draws from the prior\n"
          "parents = the best `population` of the parents and the newest generation: feasible before infeasible, then\n"
          "by front, and within the last front that fits in part by crowding distance; infeasible ones by violation\n"
          "child: two parents by binary tournaments; with probability `crossover` each parameter of both is crossed\n"
          "with probability 1/2 (simulated binary crossover, choices exchanged); each mutates with probability\n"
          "`mutation` (polynomial mutation, a choice is drawn anew)\n"
          "Parameters are crossed on their scale, in shares of the range. One that the first parent does not have "
          "comes\n"
          "from the second, else from the prior. Pruned trials stand behind all others with their last values; "
          "diverged\n"
          "and failed ones are never parents. Trials begin before a generation is complete: their parents are those\n"
          "of the last complete one. With one metric it is a genetic algorithm.\n"
          "Variant: the paper has populations of 100 and indices of 20, which take thousands of trials; these "
          "defaults\n"
          "are for hundreds. Optuna's NSGAIISampler draws what mutates anew.",
      .reference =
          "Deb, Pratap, Agarwal, Meyarivan 2002, IEEE Trans. Evol. Comput. 6(2); crossover and mutation with bounds: "
          "Deb, "
          "Agrawal 1995; Deb, Goyal 1996; Deb 2000"};

  static constexpr tuner::Param params[] = {
      tuner::integer("population", 20, "trials of a generation").at_least(2).at_most(1e6),
      tuner::real("crossover", 0.9, "probability that a child has two parents").at_least(0).at_most(1),
      tuner::real("mutation", 0, "probability that a parameter mutates; 0: 1 / parameters").at_least(0).at_most(1),
      tuner::real("crossover_index", 2, "the greater, the nearer children are to their parents").at_least(0),
      tuner::real("mutation_index", 1, "the greater, the smaller are mutations").at_least(0)};

  explicit Nsga2(const tuner::SearchSetup& setup)
      : axes_(setup.space()),
        signs_(searchers::signs_of(setup)),
        population_(static_cast<std::size_t>(setup.options().integer(kPopulation))),
        crossover_(setup.options()[kCrossover]),
        mutation_(setup.options()[kMutation]),
        crossover_index_(setup.options()[kCrossoverIndex]),
        mutation_index_(setup.options()[kMutationIndex]) {
    if (mutation_ == 0) mutation_ = 1 / std::max(1.0, static_cast<double>(axes_.size()));
  }

  void observe(const tuner::Observation& observation) {
    if (observation.outcome() == TUNER_OUTCOME_CANCELLED) return;
    const std::uint64_t proposal = observation.configuration().proposal();
    // A paused trial that has gone on is observed again: it counts as long as its generation has not ended.
    if (!observed_.insert(proposal).second) {
      const auto known = std::ranges::find(newest_, proposal, &Individual::proposal);
      if (known != newest_.end()) *known = individual_of(observation);
      return;
    }
    newest_.push_back(individual_of(observation));
    if (newest_.size() < population_) return;
    std::erase_if(newest_, [](const Individual& one) { return one.kind == Kind::failed; });
    newest_.insert(newest_.begin(), parents_.begin(), parents_.end());
    parents_ = best_of(std::move(newest_));
    newest_.clear();
  }

  void propose(tuner::Proposal& proposal) const {
    searchers::Stream draws(proposal.rng());
    const auto values = proposal.values();
    const auto states = proposal.states();
    const Individual* first = parents_.empty() ? nullptr : &winner(draws);
    const bool has_two = first != nullptr && draws.uniform() < crossover_;
    const Individual* second = has_two ? &winner(draws) : first;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      const double drawn = axes_[i].quantile(draws.uniform());
      const double inherited =
          first == nullptr ? kInactive : child_of(axes_[i], first->units[i], second->units[i], draws);
      if (!axes_.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = std::isnan(inherited) ? drawn : value_of(axes_[i], mutated(axes_[i], inherited, drawn, draws));
    }
  }

 private:
  static constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();
  enum class Kind : std::uint8_t { feasible, infeasible, pruned, failed };
  struct Individual {
    Kind kind = Kind::failed;
    Costs costs;                // of a feasible or pruned one; of an infeasible one its violation
    std::vector<double> units;  // shares of the ranges, choices as indices; NaN: inactive
    std::uint32_t front = 0;
    double crowding = 0;
    std::uint64_t proposal = 0;
  };

  Individual individual_of(const tuner::Observation& observation) const {
    Individual one;
    one.proposal = observation.configuration().proposal();
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      const tuner::Configuration configuration = observation.configuration();
      const double value = configuration[i];
      one.units.push_back(!configuration.is_active(i) ? kInactive : axes_[i].choice ? value : axes_[i].unit(value));
    }
    one.costs = searchers::costs_of(observation, signs_);
    if (one.costs.empty()) return one;
    const double violation = searchers::violation_of(observation);
    one.kind = observation.outcome() == TUNER_OUTCOME_COMPLETED ? Kind::feasible : Kind::pruned;
    if (violation > 0) {
      one.kind = Kind::infeasible;
      one.costs = {violation};
    }
    return one;
  }

  // Kind by kind and front by front, the least crowded first.
  std::vector<Individual> best_of(std::vector<Individual> all) const {
    std::ranges::stable_sort(all, {}, &Individual::kind);
    std::vector<Individual> best;
    std::uint32_t before = 0;  // fronts of better kinds
    for (auto begin = all.begin(); begin != all.end() && best.size() < population_;) {
      const auto end = std::find_if(begin, all.end(), [&](const Individual& one) { return one.kind != begin->kind; });
      std::vector<Individual> ranked(begin, end);
      rank(ranked, population_ - best.size());
      for (Individual& one : ranked) {
        one.front += before;
        if (best.size() < population_) best.push_back(std::move(one));
      }
      before = best.back().front + 1;
      begin = end;
    }
    return best;
  }
  static void rank(std::vector<Individual>& all, std::size_t least) {
    std::vector<Costs> costs;
    for (const Individual& one : all) costs.push_back(one.costs);
    const std::vector<std::uint32_t> fronts = searchers::fronts_of(costs, least);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].front = fronts[i];
    std::ranges::stable_sort(all, {}, &Individual::front);
    for (auto begin = all.begin(); begin != all.end();) {
      const auto end = std::find_if(begin, all.end(), [&](const Individual& one) { return one.front != begin->front; });
      std::vector<Costs> front;
      for (auto one = begin; one != end; ++one) front.push_back(one->costs);
      const std::vector<double> distances = searchers::crowding_distances(front);
      for (auto one = begin; one != end; ++one) one->crowding = distances[static_cast<std::size_t>(one - begin)];
      std::stable_sort(begin, end, [](const Individual& a, const Individual& b) { return a.crowding > b.crowding; });
      begin = end;
    }
  }

  const Individual& winner(searchers::Stream& draws) const {
    const auto one = [&]() -> const Individual& {
      const auto at = static_cast<std::size_t>(draws.uniform() * static_cast<double>(parents_.size()));
      return parents_[std::min(at, parents_.size() - 1)];
    };
    const Individual& a = one();
    const Individual& b = one();
    if (a.front != b.front) return a.front < b.front ? a : b;
    return b.crowding > a.crowding ? b : a;
  }

  // Simulated binary crossover within [0, 1]; of the two children the one beside the first parent.
  double child_of(const Axis& axis, double first, double second, searchers::Stream& draws) const {
    const double choice = draws.uniform(), u = draws.uniform();
    if (std::isnan(first) || std::isnan(second)) return std::isnan(first) ? second : first;
    if (choice >= 0.5 || first == second) return first;
    if (axis.choice) return second;
    const double distance = std::abs(second - first), room = first < second ? first : 1 - first;
    const double power = crossover_index_ + 1;
    const double alpha = 2 - std::pow(1 + 2 * room / distance, -power);
    const double spread = std::pow(u <= 1 / alpha ? u * alpha : 1 / (2 - u * alpha), 1 / power);
    return std::clamp(((1 + spread) * first + (1 - spread) * second) / 2, 0.0, 1.0);
  }
  // Polynomial mutation within [0, 1].
  double mutated(const Axis& axis, double unit, double drawn, searchers::Stream& draws) const {
    const double choice = draws.uniform(), u = draws.uniform();
    if (choice >= mutation_) return unit;
    if (axis.choice) return drawn;
    const double power = mutation_index_ + 1;
    const double low = std::pow(2 * u + (1 - 2 * u) * std::pow(1 - unit, power), 1 / power) - 1;
    const double high = 1 - std::pow(2 * (1 - u) + (2 * u - 1) * std::pow(unit, power), 1 / power);
    return std::clamp(unit + (u < 0.5 ? low : high), 0.0, 1.0);
  }
  static double value_of(const Axis& axis, double unit) { return axis.choice ? unit : axis.from_unit(unit); }

  searchers::Axes axes_;
  std::vector<double> signs_;
  std::size_t population_;
  double crossover_, mutation_, crossover_index_, mutation_index_;
  std::vector<Individual> parents_;             // the best first
  std::vector<Individual> newest_;              // of the generation that is not complete
  std::unordered_set<std::uint64_t> observed_;  // proposals
};

}  // namespace

TUNER_LIBRARY("nsga2", "1.0.0", "MIT", tuner::searcher<Nsga2>)
