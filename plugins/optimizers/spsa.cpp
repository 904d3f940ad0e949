#include <tuner/plugin.hpp>

#include "flat.hpp"

namespace {

using tuner::flat::Vector;

struct Spsa {
  static constexpr tuner::Info info{
      .id = "spsa",
      .name = "SPSA",
      .doc = "gradient descent on a gradient guessed from two losses: all parameters shaken at once",
      .details =
          "a = lr / (stability + t)^alpha,  c = perturbation / t^gamma,  D: independent signs +-1, one per element\n"
          "ghat = (f(x + c D) - f(x - c D)) / (2 c) D, the mean over `averages` draws of D\n"
          "x -= a ghat\n"
          "No gradient is asked for; a step costs 2 averages evaluations and the one at its start. The signs come "
          "from\n"
          "the trial's own random stream. Usual: stability a tenth of the steps, perturbation the noise of the loss.\n"
          "Variant: Spall's (0.602, 0.101; 1 and 1/6 are optimal in the limit). lr = 0 leaves x alone. A loss that is\n"
          "not finite at either point makes the step not finite, which ends the trial as diverged.\n"
          "family  derivative-free\n"
          "rule    x -= a (f(x + c D) - f(x - c D)) / (2 c) D,  D: random signs\n"
          "use     many parameters without gradients, or noisy losses: two losses a step, whatever n (Spall 1992)\n"
          "not     where gradients exist: one of them costs as much as a few losses, and the guess carries noise "
          "from all n directions",
      .reference = "Spall 1992, (2.1)-(2.2); Spall 1998, \"Implementation of the simultaneous perturbation algorithm\"",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_DERIVATIVE_FREE | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kPerturbation, kAlpha, kGamma, kStability, kAverages };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.1, "a, factor of the step").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("perturbation", 0.01, "c, how far the losses are apart at the first step")
          .above(0)
          .search(1e-4, 1, tuner::kLog),
      tuner::real("alpha", 0.602, "decay of the step").at_least(0).at_most(1).search(0.602, 1),
      tuner::real("gamma", 0.101, "decay of the perturbation").at_least(0).at_most(1).search(0.1, 0.17),
      tuner::real("stability", 0, "A, steps that the decay of the step starts late").at_least(0).search(0, 1000),
      tuner::integer("averages", 1, "guesses that a step averages").at_least(1).at_most(1000).search(1, 8)};

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (o[kLr] == 0) return;
    const tuner::flat::Parameters p(s);
    const Vector x = p.vector(), signs = p.vector(), guess = p.vector();
    const double t = static_cast<double>(s.number());
    const double a = o[kLr] / std::pow(o[kStability] + t, o[kAlpha]), c = o[kPerturbation] / std::pow(t, o[kGamma]);
    const std::int64_t averages = o.integer(kAverages);
    p.read_point(x);
    std::fill(guess.begin(), guess.end(), 0.0);
    for (std::int64_t i = 0; i < averages; ++i) {
      draw(s.rng(), signs);
      p.write_point(x, c, signs);
      const double above = s.evaluate(TUNER_WANT_LOSS);
      p.write_point(x, -c, signs);
      const double below = s.evaluate(TUNER_WANT_LOSS);
      tuner::flat::add((above - below) / (2 * c) / static_cast<double>(averages), signs, guess);
    }
    p.write_point(x, -a, guess);
  }

 private:
  // Bit k of every word is one sign, lowest first.
  static void draw(tuner_rng& rng, Vector signs) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < signs.size(); ++i, word >>= 1) {
      if (i % 64 == 0) word = tuner_rng_next_u64(&rng);
      signs[i] = word & 1 ? 1.0 : -1.0;
    }
  }
};

}  // namespace

TUNER_LIBRARY("spsa", "1.0.0", "MIT", tuner::optimizer<Spsa>)
