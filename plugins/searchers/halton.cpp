#include "even_rows.hpp"
#include "halton_sequence.hpp"

namespace {

enum Option : std::size_t { kScramble };

struct Halton {
  static constexpr tuner::Info info{
      .id = "halton",
      .name = "Halton sequence",
      .doc = "covers the space evenly, for any number of trials",
      .details =
          "proposal n = row n of the Halton sequence: the coordinate of parameter d is the digits of n in the d-th\n"
          "prime, in reverse behind the point. A coordinate u is the quantile of the parameter's distribution at u:\n"
          "of its scale, its normal distribution, the probabilities of its choices.\n"
          "It learns nothing. Any number of proposals is spread evenly over each parameter, where sobol wants a power\n"
          "of 2. In many parameters the large primes need many rows: take sobol beyond 10 or so. Each parameter has a\n"
          "coordinate of its own, also where it is not active.\n"
          "scramble: each digit of each coordinate is permuted at random, as follows from the study's seed (Owen\n"
          "2017). Variant: all digits down to 2^-53, leading zeros too; row 0 included. Parameters beyond the 300th\n"
          "are drawn at random.",
      .reference = "Halton 1960, Numer. Math. 2; Owen 2017, arXiv:1706.02808"};

  static constexpr tuner::Param params[] = {
      tuner::boolean("scramble", true, "another sequence for every seed; without it the first row is all low ends")};

  explicit Halton(const tuner::SearchSetup& setup) : rows(setup, setup.options().flag(kScramble)) {}
  void observe(const tuner::Observation&) {}
  void propose(tuner::Proposal& proposal) const { rows.propose(proposal); }

 private:
  searchers::EvenRows<searchers::HaltonSequence> rows;
};

}  // namespace

TUNER_LIBRARY("halton", "1.0.0", "MIT", tuner::searcher<Halton>)
