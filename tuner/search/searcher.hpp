// Searchers propose the configurations of a study.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tuner/grid.hpp"
#include "tuner/plan.hpp"

namespace tuner::search {

// What came of a configuration, once all its replicates that are due have ended. Nothing is imputed.
struct Observation {
  std::uint64_t proposal = 0, configuration = 0;
  Configuration assignment;
  Outcome outcome = Outcome::completed;       // completed where every replicate has; else of the first that has not
  std::int64_t last_step = 0;                 // updates of its last replicate
  double budget = 0;                          // steps or epochs that a trial could go; 0: an objective without training
  std::vector<std::optional<double>> values;  // of the study's metric by replicate; nothing where one has none
  // Of the values that there are, standard deviation with n - 1; nothing where there are too few.
  std::optional<double> mean, standard_deviation;
  std::vector<double> further_means = {};  // of the study's further metrics; empty where `mean` is
  std::vector<double> constraints = {};    // of each the worst value of the replicates, in order of their names
  std::vector<TrialResult> results;  // by replicate, with their curves, where the searcher wants_results(); else empty
};

// A proposal whose result is not known yet.
struct PendingProposal {
  std::uint64_t proposal = 0;
  Configuration configuration;
};

// Thrown by the propose() of a search that learns where there is no further configuration.
struct Exhausted {};

class Searcher {
 public:
  // repeats: how many trials each configuration has.
  explicit Searcher(std::uint32_t repeats = 1) : repeats_(repeats) {}
  virtual ~Searcher() = default;
  // How many configurations there are; nothing where the search has no end of its own.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  // How many trials a configuration has: replicates, which differ in their random numbers.
  [[nodiscard]] virtual std::uint32_t replicates(std::uint64_t /*configuration*/) const { return repeats_; }
  // Number of the first one: how many trials the configurations before it have.
  [[nodiscard]] virtual std::uint64_t first_trial(std::uint64_t configuration) const {
    return configuration * repeats_;
  }
  // Configuration `proposal`: a function of plan, seed and that number, so that any trial can be made again, in any
  // order, on any number of workers. For a search that learns also of what it has observed and of `pending`, the
  // earlier proposals that it has not observed. Changes no later answer.
  // Requires of a search that learns: it has observed what this proposal needs.
  [[nodiscard]] virtual Configuration propose(std::uint64_t proposal,
                                              std::span<const PendingProposal> pending = {}) const = 0;

  // Do configurations depend on results? Then observe() hears of configuration after configuration, in their order.
  [[nodiscard]] virtual bool learns() const { return false; }
  // How many configurations, from 0 on, must have been observed before this proposal, or for proposal = size() at the
  // end of the study. No less than for the proposal before. Nothing: the study's lag decides.
  [[nodiscard]] virtual std::optional<std::uint64_t> needs(std::uint64_t /*proposal*/) const { return std::nullopt; }
  // Does it want whole results, with their curves?
  [[nodiscard]] virtual bool wants_results() const { return false; }
  // May its configurations have no value for this dimension, though it is active?
  [[nodiscard]] virtual bool may_lack(const Dimension&) const { return false; }
  virtual void observe(const Observation&) {}

 private:
  std::uint32_t repeats_;
};

// How many trials there are, of all configurations; nothing where the search has no end of its own.
[[nodiscard]] std::optional<std::uint64_t> trials_of(const Searcher& searcher);
// Trials are numbered by configuration, and within one by replicate.
[[nodiscard]] TrialId trial_of(const Searcher& searcher, std::uint64_t number);
// The trial after `trial`. The first is {}.
[[nodiscard]] TrialId next_trial(const Searcher& searcher, const TrialId& trial);

// Method random. The plan must outlive it.
[[nodiscard]] std::unique_ptr<Searcher> make_random(const StudyPlan& plan);

// The value of a dimension for u in [0, 1).
[[nodiscard]] Value random_value(const Dimension& dimension, double u, int search_version = kSearchVersion);

}  // namespace tuner::search
