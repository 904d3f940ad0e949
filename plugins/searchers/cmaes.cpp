#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <unordered_set>

#include "axis.hpp"
#include "cma.hpp"
#include "costs.hpp"
#include "draws.hpp"
#include "tuner/searcher.hpp"

namespace {

using Eigen::Index;
using searchers::Axis;
using searchers::Cma;

enum Option : std::size_t { kSigma, kPopulation, kRestarts };
constexpr const char* kRestartChoices[] = {"none", "ipop", "bipop"};
enum Restarts : std::size_t { kNone, kIpop, kBipop };

struct CmaEs {
  static constexpr tuner::Info info{
      .id = "cmaes",
      .name = "CMA-ES",
      .doc = "evolution strategy with an adapted covariance matrix: for ten trials a parameter and more",
      .details =
          "proposal = m + sigma C^1/2 z, z standard normal, in the unit cube of all ranges on their scales\n"
          "After lambda results the best half moves m, and m's path and all points change C and sigma.\n"
          "Steps on a linear scale have a margin: neighboring values keep a probability of at least 1/(2 d lambda).\n"
          "Others are rounded. A proposal outside of the cube is drawn again up to 10 d times, then cut to it.\n"
          "Choices, and parameters that are not always active, are drawn from their distributions.\n"
          "Results count in the order in which they come, also those of points drawn before the last update: they are\n"
          "points of the next generation, drawn in to sqrt(d) + 2d / (d + 2) (Hansen 2011). Results rank by value, "
          "then\n"
          "pruned trials, then those without a value.\n"
          "restarts: once nothing is to be expected any more, ipop begins anew at a random place with twice lambda,\n"
          "bipop with twice lambda or a smaller one, whichever has had fewer trials.\n"
          "Variant: the formulas of the tutorial with negative weights, as cmaes 0.13; stepped values are told to the\n"
          "strategy as they were tried, not as they were drawn.",
      .reference =
          "Hansen 2016, arXiv 1604.00772; Hamano et al. 2022, CMA-ES with margin; Auger, Hansen 2005, IPOP; Hansen "
          "2009, BIPOP; Hansen 2011, injection",
      .flags = TUNER_PLUGIN_LEARNS};

  static constexpr tuner::Param params[] = {
      tuner::real("sigma0", 1.0 / 6, "first standard deviation, in shares of the ranges").above(0).at_most(10),
      tuner::integer("popsize", 0, "trials of a generation; 0: 4 + 3 ln d").at_least(0).at_most(1e6),
      tuner::choice("restarts", kRestartChoices, "begin anew once it has converged")};

  explicit CmaEs(const tuner::SearchSetup& setup)
      : axes(setup.space()),
        minimize(setup.minimizes()),
        sigma0(setup.options()[kSigma]),
        restarts(static_cast<Restarts>(setup.options().choice(kRestarts))) {
    if (setup.goal_count() != 1) throw tuner::Invalid("cmaes takes one goal");
    for (std::uint32_t i = 0; i < axes.size(); ++i) {
      if (axes[i].choice || axes[i].parent >= 0 || !(axes[i].low < axes[i].high)) continue;
      numeric.push_back(i);
      steps.push_back(has_margin(axes[i]) ? 1 / (axes[i].levels - 1) : 0);
    }
    if (numeric.empty()) return;
    const auto given = static_cast<std::size_t>(setup.options().integer(kPopulation));
    if (given == 1 || given == 2) throw tuner::Invalid("popsize is 0 or at least 3");
    population0 = searchers::CmaParameters(numeric.size(), given).population;
    population = population0;
    Cma::Vector mean(static_cast<Index>(numeric.size()));
    for (std::size_t i = 0; i < numeric.size(); ++i) {
      const Axis& axis = axes[numeric[i]];
      mean[static_cast<Index>(i)] = axis.normal ? unit(i, axis.unscaled(axis.mu)) : 0.5;
    }
    cma = std::make_unique<Cma>(mean, sigma0, population, steps);
  }

  void observe(const tuner::Observation& observation) {
    if (cma == nullptr || observation.outcome() == TUNER_OUTCOME_CANCELLED) return;
    const std::uint64_t proposal = observation.configuration().proposal();
    // A paused trial that has gone on is observed again: it counts as long as its generation has not ended.
    if (!observed.insert(proposal).second) {
      const auto known = std::ranges::find(generation, proposal, &Result::proposal);
      if (known != generation.end()) *known = result_of(observation);
      return;
    }
    generation.push_back(result_of(observation));
    if (generation.size() < population) return;
    std::ranges::stable_sort(generation, [](const Result& a, const Result& b) {
      return a.kind != b.kind ? a.kind < b.kind : a.value < b.value;
    });
    // A generation without a value or a violation says nothing about directions.
    if (generation.front().kind <= kInfeasible) end_generation();
    generation.clear();
  }

  void propose(tuner::Proposal& proposal) const {
    searchers::Stream draws(proposal.rng());
    const auto values = proposal.values();
    const auto states = proposal.states();
    if (cma != nullptr) {
      const Cma::Vector place = sample(draws);
      for (std::size_t i = 0; i < numeric.size(); ++i)
        if (states[numeric[i]] != TUNER_VALUE_FIXED) values[numeric[i]] = value(i, place[static_cast<Index>(i)]);
    }
    auto next = numeric.begin();
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (next != numeric.end() && *next == i)
        ++next;
      else if (!axes.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = axes[i].quantile(draws.uniform());
    }
  }

 private:
  // The best first.
  enum Kind : int { kMeasured, kInfeasible, kPruned, kWithoutValue };
  struct Result {
    Cma::Vector place;
    Kind kind = kWithoutValue;
    double value = 0;  // of an infeasible one its violation
    std::uint64_t proposal = 0;
  };

  // Only there do the steps have one length.
  static bool has_margin(const Axis& axis) { return axis.step > 0 && axis.scale == TUNER_SCALE_LINEAR; }

  // Numeric axis i in [0, 1]: with a margin the first and the last value are the ends.
  double unit(std::size_t i, double value) const {
    const Axis& axis = axes[numeric[i]];
    if (steps[i] <= 0) return axis.unit(value);
    return (axis.place(value) - axis.low) / (axis.high - axis.low);
  }
  double value(std::size_t i, double u) const {
    const Axis& axis = axes[numeric[i]];
    if (steps[i] <= 0) return axis.from_unit(u);
    return axis.value(axis.low + std::clamp(u, 0.0, 1.0) * (axis.high - axis.low));
  }

  Result result_of(const tuner::Observation& observation) const {
    Result result;
    result.proposal = observation.configuration().proposal();
    result.place.resize(static_cast<Index>(numeric.size()));
    for (std::size_t i = 0; i < numeric.size(); ++i)
      result.place[static_cast<Index>(i)] = unit(i, observation.configuration()[numeric[i]]);
    if (observation.values().empty() || std::isnan(observation.values()[0])) return result;
    result.value = minimize ? observation.values()[0] : -observation.values()[0];
    if (observation.outcome() == TUNER_OUTCOME_COMPLETED) result.kind = kMeasured;
    if (observation.outcome() == TUNER_OUTCOME_PRUNED || observation.outcome() == TUNER_OUTCOME_PAUSED)
      result.kind = kPruned;
    const double violation = searchers::violation_of(observation);
    if (violation > 0 && result.kind != kWithoutValue) {
      result.kind = kInfeasible;
      result.value = violation;
    }
    return result;
  }

  void end_generation() {
    const auto d = static_cast<double>(numeric.size());
    const double farthest = std::sqrt(d) + 2 * d / (d + 2);
    Cma::Matrix points(static_cast<Index>(numeric.size()), static_cast<Index>(population));
    double worst = 0;
    for (std::size_t i = 0; i < population; ++i) {
      Cma::Vector point = cma->point(generation[i].place);
      const double distance = cma->distance(point);
      if (distance > farthest) point = cma->mean() + (point - cma->mean()) * (farthest / distance);
      points.col(static_cast<Index>(i)) = point;
      if (generation[i].kind == generation.front().kind) worst = generation[i].value;
    }
    cma->tell(points, generation.front().value, worst);
    trials_of_run += population;
    if (restarts != kNone && cma->should_stop()) restart();
  }

  // Where the new run begins follows from the last results: they differ from seed to seed.
  void restart() {
    tuner_rng stream{};
    stream.struct_size = sizeof stream;
    stream.purpose = TUNER_RNG_SEARCHER;
    stream.trial = UINT32_MAX;
    for (const Result& result : generation)
      stream.seed = (stream.seed ^ std::bit_cast<std::uint64_t>(result.value)) * 0x100000001b3u;
    searchers::Stream draws(stream);
    if (restarts == kIpop) {
      population *= 2;
    } else {
      (small ? trials_small : trials_large) += trials_of_run;
      small = trials_small < trials_large;
      if (!small) ++doublings;
      const double factor = std::pow(2.0, static_cast<double>(doublings));
      const double u = small ? draws.uniform() : 1;
      population = static_cast<std::size_t>(std::floor(static_cast<double>(population0) * std::pow(factor, u * u)));
    }
    trials_of_run = 0;
    Cma::Vector mean(static_cast<Index>(numeric.size()));
    for (double& x : mean) x = draws.uniform();
    cma = std::make_unique<Cma>(mean, sigma0, population, steps);
  }

  Cma::Vector sample(searchers::Stream& draws) const {
    const auto d = static_cast<Index>(numeric.size());
    Cma::Vector place;
    for (Index attempt = 0; attempt < 10 * d; ++attempt) {
      Cma::Vector z(d);
      for (double& x : z) x = draws.normal();
      place = cma->place(cma->sample(z));
      bool inside = true;
      for (Index i = 0; i < d; ++i)
        inside = inside && (steps[static_cast<std::size_t>(i)] > 0 || (place[i] >= 0 && place[i] <= 1));
      if (inside) break;
    }
    return place.cwiseMax(0).cwiseMin(1);
  }

  searchers::Axes axes;
  bool minimize;
  double sigma0;
  Restarts restarts;
  std::vector<std::uint32_t> numeric;  // the axes that the strategy searches
  std::vector<double> steps;           // of these, in the unit cube, where they have a margin; else 0
  std::size_t population0 = 0, population = 0;
  std::unique_ptr<Cma> cma;
  std::vector<Result> generation;              // so far
  std::unordered_set<std::uint64_t> observed;  // proposals
  std::size_t trials_of_run = 0, trials_small = 0, trials_large = 0, doublings = 0;
  bool small = false;
};

}  // namespace

TUNER_LIBRARY("cmaes", "1.0.0", "MIT", tuner::searcher<CmaEs>)
