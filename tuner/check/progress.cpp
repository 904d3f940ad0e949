// Progress: an optimizer trains, whatever its formula is. All of it on a convex problem without noise, at the defaults.
#include <fmt/format.h>

#include <cmath>

#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 100, kManySteps = 200;

Setup still(const Subject& subject, Report& report, std::uint32_t dtype) {
  Setup setup = setup_for(subject, &report, without_decay(*subject.plugin));
  setup.dtype = dtype;
  setup.one_batch = true;
  return setup;
}

void finite(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Rig rig(*subject.plugin, still(subject, report, dtype));
      for (int t = 0; t < kManySteps; ++t) {
        rig.run(1);
        if (const std::string where = rig.not_finite(); !where.empty())
          throw Found{fmt::format("on a convex problem {} ({})", where, rig.circumstances()),
                      "look at what grows with the steps: powers of a decay, a counter, an average that is divided by "
                      "what comes near 0"};
      }
    });
}

void moves(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Rig rig(*subject.plugin, still(subject, report, dtype));
      rig.run(0);
      const State start = rig.parameters();
      std::vector<std::vector<bool>> moved;
      for (const Piece& piece : start) moved.emplace_back(piece.size());
      for (int t = 0; t < kSteps; ++t) {
        rig.run(1);
        const State now = rig.parameters();
        for (std::size_t p = 0; p < now.size(); ++p)
          for (std::size_t i = 0; i < now[p].size(); ++i)
            if (now[p].value(i) != start[p].value(i)) moved[p][i] = true;
      }
      for (std::size_t p = 0; p < start.size(); ++p)
        for (std::size_t i = 0; i < moved[p].size(); ++i)
          if (!moved[p][i])
            throw Found{fmt::format("element {} of {} has a gradient and never moved in {} steps ({})", i,
                                    start[p].name, kSteps, rig.circumstances()),
                        "a step changes every element of every tensor that has a gradient: loop over numel, not over "
                        "shape[0] * shape[1], and over all n_tensors"};
    });
}

void descends(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Rig rig(*subject.plugin, still(subject, report, dtype));
      rig.run(0);
      const double before = rig.loss();
      rig.run(kSteps);
      const double after = rig.loss();
      if (!(after < before))
        throw Found{fmt::format("the loss of a convex problem is {:.9g} at the start and {:.9g} after {} steps ({})",
                                before, after, kSteps, rig.circumstances()),
                    "an optimizer minimizes: x moves against the gradient, and the defaults suit an ordinary problem"};
    });
}

constexpr Check kChecks[] = {
    {"progress.finite", "200 steps at the defaults on a convex problem leave finite parameters.", kOptimizer,
     "arithmetic.step", nullptr, finite},
    {"progress.moves",
     "100 steps at the defaults on a convex problem move every element that has a gradient, in tensors of one to four "
     "dimensions.",
     kOptimizer, "progress.finite", nullptr, moves},
    {"progress.descends", "100 steps at the defaults on a convex problem without noise lower its loss.", kOptimizer,
     "progress.moves", nullptr, descends},
};

}  // namespace

std::span<const Check> progress_checks() { return kChecks; }

}  // namespace tuner::check
