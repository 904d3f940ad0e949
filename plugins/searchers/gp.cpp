#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "axis.hpp"
#include "costs.hpp"
#include "draws.hpp"
#include "gp_model.hpp"
#include "normal.hpp"
#include "sobol_sequence.hpp"
#include "tuner/searcher.hpp"

namespace {

using Eigen::Index;
using searchers::Axis;
using searchers::GpModel;
using searchers::SobolSequence;
using Matrix = GpModel::Matrix;
using Vector = GpModel::Vector;

enum Option : std::size_t { kStartup, kMost, kCandidates };

// The fit is renewed after every observation at first, and more seldom as they become many: it changes less and less,
// and its cost grows with their third power.
std::size_t fitted_observations(std::size_t n) {
  std::size_t every = 1;
  while (every * 64 <= n) every *= 2;
  return n / every * every;
}

struct Gp {
  static constexpr tuner::Info info{
      .id = "gp",
      .name = "Gaussian process",
      .doc = "Bayesian optimization: for expensive trials, up to a few hundred of them and about 20 search parameters",
      .details =
          "y ~ Gaussian process with the kernel s Matern_5/2(sum of l_d (x_d - y_d)^2) and noise, x in the unit cube\n"
          "proposal = the greatest log expected improvement over the best y, measured or believed\n"
          "l, s and the noise are the most probable ones, with the prior -(0.1/l + 0.1 l), Gamma(2, 1) of s, "
          "Gamma(1.1,\n"
          "30) of the noise, by L-BFGS. A choice is 0 or 1 apart; a parameter that is not active stands in the "
          "middle.\n"
          "What is pending is believed to turn out as expected (kriging believer).\n"
          "The improvement is searched over `candidates` rows of a Sobol sequence, and around the best of them and of\n"
          "the observations in rounds of ever smaller steps. Where all parameters are choices or have steps, what was\n"
          "tried or is pending is left out.\n"
          "Failed and diverged trials and NaN count as the worst value, pruned ones as what they measured. Values "
          "worse\n"
          "than the median by more than ten times its distance from the best count as that.\n"
          "With constraints the log probability that each holds is added, of a process of its own, and the best y is "
          "the\n"
          "best feasible one; where nothing is feasible yet that probability alone counts.\n"
          "Beyond `most` observations the model is of the newest ones and the best fifth.\n"
          "Variant: Optuna 5's GPSampler in kernel, priors and acquisition; each fit starts from all ones, so that it\n"
          "depends on the observations alone; the first trials are rows of a scrambled Sobol sequence.",
      .reference =
          "Rasmussen, Williams 2006, equations 2.23 to 2.26 and 5.8; Ament et al. 2023, equation 9; Ginsbourger et al. "
          "2010; Optuna 5",
      .flags = TUNER_PLUGIN_LEARNS};

  static constexpr tuner::Param params[] = {
      tuner::integer("startup", 10, "trials before it learns").at_least(1).at_most(1e6),
      tuner::integer("most", 400, "observations in the model").at_least(10).at_most(2000),
      tuner::integer("candidates", 2048, "places to begin with for each proposal").at_least(16).at_most(1e6)};

  explicit Gp(const tuner::SearchSetup& setup)
      : axes(setup.space()),
        minimize(setup.minimizes()),
        startup(static_cast<std::size_t>(setup.options().integer(kStartup))),
        most(static_cast<std::size_t>(setup.options().integer(kMost))),
        candidates(setup.options().integer(kCandidates)) {
    if (setup.goal_count() != 1) throw tuner::Invalid("gp takes one goal");
    for (const Axis& axis : axes) {
      differs.push_back(axis.choice && !axis.ordered ? 1 : 0);
      can_repeat = can_repeat && axis.levels > 0;
    }
    // Blocks of matrix products have the same size on any machine, and so sums the same order.
    Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024);
  }

  void observe(const tuner::Observation& observation) {
    if (observation.outcome() == TUNER_OUTCOME_CANCELLED) return;
    const bool known = !observation.values().empty() && std::isfinite(observation.values()[0]) &&
                       (observation.outcome() == TUNER_OUTCOME_COMPLETED ||
                        observation.outcome() == TUNER_OUTCOME_PRUNED || observation.outcome() == TUNER_OUTCOME_PAUSED);
    const auto [row, is_new] = rows.try_emplace(observation.configuration().proposal(), scores.size());
    const std::size_t i = row->second;
    if (is_new) {
      places.push_back(place_of(observation.configuration()));
      scores.push_back(std::numeric_limits<double>::quiet_NaN());
      constraints.emplace_back();
      violations.push_back(0);
    }
    // A paused trial that has gone on is observed again.
    measured -= std::isnan(scores[i]) ? 0 : 1;
    // The greater the better; NaN is imputed later.
    scores[i] = known ? observation.values()[0] * (minimize ? -1 : 1) : std::numeric_limits<double>::quiet_NaN();
    measured += known ? 1 : 0;
    constraints[i].assign(observation.constraints().begin(), observation.constraints().end());
    violations[i] = searchers::violation_of(observation);
    constraint_count = std::max(constraint_count, constraints[i].size());
  }

  void propose(tuner::Proposal& proposal) const {
    const auto values = proposal.values();
    const auto states = proposal.states();
    if (measured < startup) {
      propose_first(proposal);
      return;
    }
    const GpModel model = conditioned(proposal.pending());
    const std::vector<Limit> limits = limits_of(proposal.pending());
    const Vector best = search({model, limits}, proposal);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (!axes.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = value(i, best[static_cast<Index>(i)]);
    }
  }

 private:
  static constexpr Index kCenters = 6;  // around which it searches on
  static constexpr Index kAround = 48;  // places around each
  static constexpr int kRounds = 8;
  static constexpr double kShrink = 0.4;  // of the steps, from round to round

  // Coordinate i of the model: a choice is its index, an ordered one evenly spaced.
  double coordinate(std::size_t i, double value) const {
    const Axis& axis = axes[i];
    if (!axis.choice) return axis.unit(value);
    return axis.ordered && axis.choices > 1 ? value / (axis.levels - 1) : value;
  }
  double value(std::size_t i, double x) const {
    const Axis& axis = axes[i];
    if (!axis.choice) return axis.from_unit(std::clamp(x, 0.0, 1.0));
    return axis.ordered && axis.choices > 1 ? std::nearbyint(x * (axis.levels - 1)) : x;
  }
  static double inactive(const Axis& axis) { return axis.choice ? 0 : 0.5; }

  Vector place_of(const tuner::Configuration& configuration) const {
    Vector place(static_cast<Index>(axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i)
      place[static_cast<Index>(i)] = configuration.is_active(i) ? coordinate(i, configuration[i]) : inactive(axes[i]);
    return place;
  }

  void propose_first(tuner::Proposal& proposal) const {
    const std::size_t dimensions = std::min(axes.size(), SobolSequence::kMostDimensions);
    tuner_rng shared = proposal.rng();
    shared.trial = UINT32_MAX;
    const SobolSequence sequence(dimensions, shared);
    searchers::Stream draws(proposal.rng());
    const auto values = proposal.values();
    const auto states = proposal.states();
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const double u = i < dimensions ? sequence.at(proposal.index(), i) : draws.uniform();
      if (!axes.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = axes[i].quantile(u);
    }
  }

  // Of the first n observations the ones that the model is of, in their order.
  std::vector<std::size_t> chosen(std::size_t n) const {
    std::vector<std::size_t> all(n);
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (n <= most) return all;
    std::vector<std::size_t> by_score = all;
    const auto score = [&](std::size_t i) {
      return std::isnan(scores[i]) ? -std::numeric_limits<double>::infinity() : scores[i];
    };
    std::ranges::stable_sort(by_score, [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
    std::vector<std::uint8_t> in(n, 0);
    for (std::size_t i = 0; i < most / 5; ++i) in[by_score[i]] = 1;
    std::size_t count = most / 5;
    for (std::size_t i = n; i-- > 0 && count < most;) {
      count += in[i] == 0 ? 1 : 0;
      in[i] = 1;
    }
    std::erase_if(all, [&](std::size_t i) { return in[i] == 0; });
    return all;
  }

  // The scores of some observations with what is missing made up, at mean 0 and deviation 1.
  Vector standardized(const std::vector<std::size_t>& which) const {
    std::vector<double> known;
    for (const std::size_t i : which)
      if (!std::isnan(scores[i])) known.push_back(scores[i]);
    Vector result = Vector::Zero(static_cast<Index>(which.size()));
    if (known.empty()) return result;
    std::ranges::sort(known);
    const double best = known.back();
    const double median = known[known.size() / 2];
    const double scale = std::max({1.0, std::abs(best), std::abs(median)});  // values may be enormous
    const double worst = std::max(known.front() / scale, median / scale - 10 * (best / scale - median / scale));
    const double least = best > median ? worst : known.front() / scale;
    for (std::size_t i = 0; i < which.size(); ++i) {
      const double score = scores[which[i]];
      result[static_cast<Index>(i)] = std::isnan(score) ? least : std::max(score / scale, least);
    }
    result.array() -= result.mean();
    const double deviation = std::sqrt(result.squaredNorm() / static_cast<double>(result.size()));
    return deviation > 0 ? Vector(result / deviation) : result;
  }

  GpModel model_of(std::size_t n, Vector& y) const {
    const std::vector<std::size_t> which = chosen(n);
    Matrix points(static_cast<Index>(axes.size()), static_cast<Index>(which.size()));
    for (std::size_t i = 0; i < which.size(); ++i) points.col(static_cast<Index>(i)) = places[which[i]];
    y = standardized(which);
    return GpModel(points, y, differs);
  }

  // A constraint: its model, of which values above `least` are feasible ones.
  struct Limit {
    GpModel model;
    double least = 0;
  };
  // What is searched for: the improvement where it is feasible.
  struct Search {
    const GpModel& model;
    const std::vector<Limit>& limits;
  };
  [[nodiscard]] Vector acquisition(const Search& search, const Matrix& batch) const {
    Vector values =
        std::isfinite(work.threshold) ? search.model.log_ei(batch, work.threshold) : Vector::Zero(batch.cols());
    for (const Limit& limit : search.limits) {
      Vector mean, variance;
      limit.model.predict(batch, mean, variance);
      for (Index c = 0; c < batch.cols(); ++c) {
        const double deviation = std::sqrt(std::max(variance[c], 1e-12));
        values[c] += searchers::log_normal_below((mean[c] - limit.least) / deviation);
      }
    }
    return values;
  }

  // Of the constraint among the chosen observations that have it: the greater the better, at deviation 1. NaN is as bad
  // as the worst.
  GpModel limit_of(std::size_t constraint, std::size_t n, double& least) const {
    std::vector<std::size_t> which = chosen(n);
    std::erase_if(which, [&](std::size_t i) { return constraints[i].size() <= constraint; });
    Matrix points(static_cast<Index>(axes.size()), static_cast<Index>(which.size()));
    Vector y(static_cast<Index>(which.size()));
    double worst = 0;
    for (const std::size_t i : which)
      if (std::isfinite(constraints[i][constraint])) worst = std::max(worst, constraints[i][constraint]);
    for (std::size_t i = 0; i < which.size(); ++i) {
      const double value = constraints[which[i]][constraint];
      points.col(static_cast<Index>(i)) = places[which[i]];
      y[static_cast<Index>(i)] = -(std::isnan(value) ? worst : std::clamp(value, -1e150, 1e150));
    }
    const double mean = y.mean();
    y.array() -= mean;
    const double deviation = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
    const double scale = deviation > 0 ? deviation : std::max(1.0, std::abs(mean));
    least = -mean / scale;
    return GpModel(points, y / scale, differs);
  }
  std::vector<Limit> limits_of(const tuner::Configurations& pending) const {
    std::vector<Limit> limits;
    const Matrix believed = places_of(pending);
    const std::size_t n = fitted_observations(places.size());
    work.limits.resize(constraint_count);
    for (std::size_t c = 0; c < constraint_count; ++c) {
      const auto has = [&](std::size_t end) {
        return std::any_of(constraints.begin(), constraints.begin() + static_cast<std::ptrdiff_t>(end),
                           [&](const auto& values) { return values.size() > c; });
      };
      if (!has(n)) continue;
      double least = 0;
      auto& [fitted, parameters] = work.limits[c];
      if (fitted != n) {
        parameters = limit_of(c, n, least).fit();
        fitted = n;
      }
      GpModel model = limit_of(c, places.size(), least);
      static_cast<void>(model.condition(parameters, believed));
      limits.push_back({std::move(model), least});
    }
    return limits;
  }

  Matrix places_of(const tuner::Configurations& pending) const {
    Matrix believed(static_cast<Index>(axes.size()), static_cast<Index>(pending.size()));
    for (std::size_t i = 0; i < pending.size(); ++i) believed.col(static_cast<Index>(i)) = place_of(pending[i]);
    return believed;
  }

  // Among infeasible ones no improvement counts: then there is no threshold.
  void begin_at_feasible(const Vector& y) const {
    const std::vector<std::size_t> which = chosen(places.size());
    std::size_t best = which.front();
    double threshold = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < which.size(); ++i) {
      if (violations[which[i]] < violations[best]) best = which[i];
      if (violations[which[i]] > 0 || y[static_cast<Index>(i)] <= threshold) continue;
      threshold = y[static_cast<Index>(i)];
      best = which[i];
    }
    work.threshold = threshold;
    work.incumbent = places[best];
  }

  GpModel conditioned(const tuner::Configurations& pending) const {
    Vector y;
    const std::size_t n = fitted_observations(places.size());
    if (work.fitted != n) {
      work.parameters = model_of(n, y).fit();
      work.fitted = n;
    }
    GpModel model = model_of(places.size(), y);
    work.threshold = model.condition(work.parameters, places_of(pending));
    work.incumbent = places[chosen(places.size())[static_cast<std::size_t>(argmax(y))]];
    if (constraint_count > 0) begin_at_feasible(y);
    return model;
  }

  static Index argmax(const Vector& x) {
    Index at = 0;
    x.maxCoeff(&at);
    return at;
  }

  // A legal place: given values, what is not active in the middle, steps on their grid.
  void legalize(Eigen::Ref<Vector> place, const tuner::Proposal& proposal, std::vector<double>& values,
                std::vector<std::uint8_t>& states) const {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const bool fixed = proposal.is_fixed(i);
      const auto at = static_cast<Index>(i);
      const bool active = axes.is_active(i, values, states);
      states[i] = active ? TUNER_VALUE_FREE : TUNER_VALUE_INACTIVE;
      if (active) values[i] = fixed ? proposal.values()[i] : value(i, place[at]);
      place[at] = active ? coordinate(i, values[i]) : inactive(axes[i]);
    }
  }
  void legalize(Matrix& batch, const tuner::Proposal& proposal) const {
    std::vector<double> values(axes.size());
    std::vector<std::uint8_t> states(axes.size());
    for (Index c = 0; c < batch.cols(); ++c) legalize(batch.col(c), proposal, values, states);
  }

  // Equal places have equal numbers.
  static std::uint64_t hash_of(const Eigen::Ref<const Vector>& place) {
    std::uint64_t hash = 0;
    for (const double x : place) hash = (std::rotl(hash, 23) ^ std::bit_cast<std::uint64_t>(x)) * 0x9e3779b97f4a7c15u;
    return hash;
  }

  // The host takes no configuration twice in a space that can be counted: the improvement there is none.
  void leave_out_known(const Matrix& batch, const std::unordered_set<std::uint64_t>& known, Vector& values) const {
    if (known.empty()) return;
    for (Index c = 0; c < batch.cols(); ++c)
      if (known.contains(hash_of(batch.col(c)))) values[c] = -std::numeric_limits<double>::infinity();
  }
  std::unordered_set<std::uint64_t> known_places(const tuner::Configurations& pending) const {
    std::unordered_set<std::uint64_t> known;
    if (!can_repeat) return known;
    for (const Vector& place : places) known.insert(hash_of(place));
    for (const tuner::Configuration configuration : pending) known.insert(hash_of(place_of(configuration)));
    return known;
  }

  Matrix first_batch(const tuner::Proposal& proposal, searchers::Stream& draws) const {
    const std::size_t dimensions = std::min(axes.size(), SobolSequence::kMostDimensions);
    const SobolSequence sequence(dimensions, proposal.rng());
    Matrix batch(static_cast<Index>(axes.size()), candidates);
    for (Index c = 0; c + 1 < candidates; ++c) {
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const double u = i < dimensions ? sequence.at(static_cast<std::uint64_t>(c), i) : draws.uniform();
        batch(static_cast<Index>(i), c) = coordinate(i, axes[i].quantile(u));
      }
    }
    batch.col(candidates - 1) = work.incumbent;
    return batch;
  }

  // A step from a place: some coordinates move, by up to `radius` in length scales, but at least to the next value.
  void move(Eigen::Ref<Vector> place, double radius, searchers::Stream& draws) const {
    const auto d = static_cast<double>(axes.size());
    const double share = std::max(draws.uniform(), 1 / d);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const Axis& axis = axes[i];
      double& x = place[static_cast<Index>(i)];
      if (draws.uniform() >= share) continue;
      if (axis.choice && !axis.ordered) {
        if (draws.uniform() < std::max(radius, 0.1)) x = axis.quantile(draws.uniform());
        continue;
      }
      const double length = std::min(1.0, 1 / std::sqrt(work.parameters.inverse_squares[static_cast<Index>(i)]));
      double change = radius * length * draws.normal();
      const double least = axis.levels > 1 ? 1 / axis.levels : 0;
      if (axis.levels > 1 && std::abs(change) < least) change = std::copysign(least, change);
      x = std::clamp(x + change, 0.0, 1.0);
    }
  }

  Vector search(const Search& what, const tuner::Proposal& proposal) const {
    tuner_rng behind = proposal.rng();
    behind.position = std::uint64_t{1} << 32;  // the words before are the sequence's
    searchers::Stream draws(behind);
    Matrix batch = first_batch(proposal, draws);
    legalize(batch, proposal);
    const auto known = known_places(proposal.pending());
    Vector values = acquisition(what, batch);
    leave_out_known(batch, known, values);
    const Index centers = std::min<Index>(kCenters, batch.cols());
    double radius = 0.5;
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Index> order(static_cast<std::size_t>(batch.cols()));
      std::iota(order.begin(), order.end(), Index{0});
      std::ranges::stable_sort(order, [&](Index a, Index b) { return values[a] > values[b]; });
      Matrix next(batch.rows(), centers * (1 + kAround));
      for (Index c = 0; c < centers; ++c) {
        next.col(c) = batch.col(order[static_cast<std::size_t>(c)]);
        for (Index k = 0; k < kAround; ++k) {
          const Index at = centers + c * kAround + k;
          next.col(at) = next.col(c);
          move(next.col(at), radius, draws);
        }
      }
      legalize(next, proposal);
      batch = std::move(next);
      values = acquisition(what, batch);
      leave_out_known(batch, known, values);
      radius *= kShrink;
    }
    return batch.col(argmax(values));
  }

  searchers::Axes axes;
  bool minimize;
  bool can_repeat = true;
  std::size_t startup, most;
  Index candidates;
  std::vector<std::uint8_t> differs;
  std::vector<Vector> places;
  std::unordered_map<std::uint64_t, std::size_t> rows;  // by proposal, of what follows
  std::vector<double> scores;
  std::size_t measured = 0;
  std::vector<std::vector<double>> constraints;  // of each observation; empty where it has none
  std::vector<double> violations;
  std::size_t constraint_count = 0;
  // The last fit, by the number of its observations, and what a proposal is made with: no answer depends on it.
  struct Workspace {
    std::size_t fitted = 0;
    searchers::GpParameters parameters;
    double threshold = 0;  // -infinity: nothing is feasible yet
    Vector incumbent;
    std::vector<std::pair<std::size_t, searchers::GpParameters>> limits;  // likewise, of each constraint
  };
  mutable Workspace work;
};

}  // namespace

TUNER_LIBRARY("gp", "1.0.0", "MIT", tuner::searcher<Gp>)
