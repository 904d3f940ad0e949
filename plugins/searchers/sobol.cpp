#include "even_rows.hpp"
#include "sobol_sequence.hpp"

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

  explicit Sobol(const tuner::SearchSetup& setup) : rows(setup, setup.options().flag(kScramble)) {}
  void observe(const tuner::Observation&) {}
  void propose(tuner::Proposal& proposal) const { rows.propose(proposal); }

 private:
  searchers::EvenRows<searchers::SobolSequence> rows;
};

}  // namespace

TUNER_LIBRARY("sobol", "1.0.0", "MIT", tuner::searcher<Sobol>)
