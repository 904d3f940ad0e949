#include <memory>

#include "axis.hpp"
#include "draws.hpp"
#include "sobol_sequence.hpp"
#include "tuner/searcher.hpp"

namespace {

enum Option : std::size_t { kScramble };

struct Sobol {
  static constexpr tuner::Info info{
      .id = "sobol",
      .name = "Sobol sequence",
      .doc = "covers the space evenly: a low-discrepancy sequence",
      .details =
          "proposal n = row n of the Sobol sequence; a coordinate u is the quantile of the parameter's distribution\n"
          "at u: of its scale, its normal distribution, the probabilities of its choices.\n"
          "It learns nothing. 2^m proposals fill the space more evenly than random ones, in all projections on few\n"
          "parameters too; each parameter has a coordinate of its own, also where it is not active.\n"
          "scramble: by a random linear matrix and a digital shift (Matousek 1998) that follow from the study's seed.\n"
          "Variant: Joe and Kuo's direction numbers of 2008 (as SciPy and Boost), rows in the order of the Gray code,\n"
          "row 0 included. Parameters beyond the 3,667th are drawn at random.",
      .reference = "Sobol 1967; Joe, Kuo 2008, SIAM J. Sci. Comput. 30; Matousek 1998, J. Complexity 14"};

  static constexpr tuner::Param params[] = {
      tuner::boolean("scramble", true, "another sequence for every seed; without it the first row is all low ends")};

  explicit Sobol(const tuner::SearchSetup& setup)
      : axes(setup.space()),
        dimensions(std::min(axes.size(), searchers::SobolSequence::kMostDimensions)),
        scrambled(setup.options().flag(kScramble)) {
    if (!scrambled) sequence = std::make_unique<searchers::SobolSequence>(dimensions);
  }
  void observe(const tuner::Observation&) {}
  void propose(tuner::Proposal& proposal) const {
    const auto values = proposal.values();
    const auto states = proposal.states();
    const searchers::SobolSequence& rows = rows_of(proposal.rng());
    searchers::Stream draws(proposal.rng());
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const double u = i < dimensions ? rows.at(proposal.index(), i) : draws.uniform();
      if (!axes.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = axes[i].quantile(u);
    }
  }

 private:
  // All proposals of a study share one scrambling: it comes from the stream of a proposal that is never made.
  const searchers::SobolSequence& rows_of(const tuner_rng& rng) const {
    if (sequence != nullptr && (!scrambled || seed == rng.seed)) return *sequence;
    tuner_rng shared = rng;
    shared.trial = UINT32_MAX;
    sequence = std::make_unique<searchers::SobolSequence>(dimensions, shared);
    seed = rng.seed;
    return *sequence;
  }

  searchers::Axes axes;
  std::size_t dimensions;
  bool scrambled;
  mutable std::unique_ptr<searchers::SobolSequence> sequence;
  mutable std::uint64_t seed = 0;
};

}  // namespace

TUNER_LIBRARY("sobol", "1.0.0", "MIT", tuner::searcher<Sobol>)
