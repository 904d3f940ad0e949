#include "tpe.hpp"

#include "tuner/searcher.hpp"

namespace {

enum Option : std::size_t { kStartup, kCandidates, kMultivariate, kGroup, kConstantLiar, kPriorWeight };

struct Tpe {
  static constexpr tuner::Info info{
      .id = "tpe",
      .name = "TPE",
      .doc = "tree-structured Parzen estimator: draws where good trials are dense and the others are not",
      .details =
          "l = density of the best ceil(0.1 n) of n observations, at most 25; g = density of the others\n"
          "proposal = the one with the greatest l / g of `candidates` draws from l\n"
          "A density is a mixture of one kernel for each observation, and a wide one of weight prior_weight for the\n"
          "prior. Kernels are products of normal densities cut to the range, on its scale; with a step, of their mass\n"
          "in the step's cell; of a choice, of frequencies. Widths: the larger gap to a neighbor, at least\n"
          "width / min(100, n + 2). Older observations weigh less beyond 25: linear from 1/n to 1.\n"
          "multivariate: one joint density; else one for each search parameter. Conditional parameters have densities\n"
          "of their own, with group: one for all that are active together.\n"
          "The best are completed trials by value, then pruned ones by step and value, then infeasible ones by the sum "
          "of\n"
          "what their constraints are above 0. Diverged and failed trials, and NaN, count as bad. With several "
          "metrics\n"
          "the completed ones come front by front, without the limit of 25, and of the last front those that add most\n"
          "to the hypervolume. constant_liar: trials that are still running count as bad too, so that\n"
          "proposals made at once differ.\n"
          "Variant: Optuna 5's TPESampler (Bergstra et al. differ in widths and weights). The density of the others\n"
          "is that of the newest 1,000, so that a proposal's time does not grow for ever.",
      .reference = "Bergstra, Bardenet, Bengio, Kegl 2011, equations 2 to 4; Watanabe 2023, arXiv 2304.11127; Optuna 5",
      .flags = TUNER_PLUGIN_LEARNS};

  static constexpr tuner::Param params[] = {
      tuner::integer("startup", 10, "trials from the prior before it learns").at_least(1).at_most(1e6),
      tuner::integer("candidates", 24, "draws that each proposal is the best of").at_least(1).at_most(1e5),
      tuner::boolean("multivariate", true, "one joint density of all search parameters"),
      tuner::boolean("group", false, "one joint density of the parameters with the same condition"),
      tuner::boolean("constant_liar", true, "count running trials as bad"),
      tuner::real("prior_weight", 1, "weight of the prior beside one observation").above(0)};

  explicit Tpe(const tuner::SearchSetup& setup) : method(setup, options_of(setup.options())) {}
  void observe(const tuner::Observation& observation) { method.observe(observation); }
  void propose(tuner::Proposal& proposal) const {
    searchers::Stream draws(proposal.rng());
    method.propose(proposal.values(), proposal.states(), proposal.pending(), draws);
  }

  static searchers::TpeOptions options_of(const tuner::Options& options) {
    return {.startup = static_cast<std::size_t>(options.integer(kStartup)),
            .candidates = static_cast<std::size_t>(options.integer(kCandidates)),
            .multivariate = options.flag(kMultivariate),
            .group = options.flag(kGroup),
            .constant_liar = options.flag(kConstantLiar),
            .prior_weight = options[kPriorWeight]};
  }

  searchers::Tpe method;
};

}  // namespace

TUNER_LIBRARY("tpe", "1.0.0", "MIT", tuner::searcher<Tpe>)
