// What a searcher must be: within the space, a function of what it was told, and better than chance where it says so.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tuner/check/check.hpp"
#include "tuner/check/environment.hpp"
#include "tuner/check/search_rig.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

using search::Evidence;
using search::Row;

constexpr std::uint32_t kSearchers = 1u << TUNER_KIND_SEARCHER;
constexpr std::uint64_t kProposals = 40;
constexpr const char* kPure =
    "let propose() depend on what was observed, its arguments and its stream alone, and keep "
    "nothing that a later answer depends on";

bool same_bits(const Row& a, const Row& b) {
  const auto same = [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  };
  if (a.states != b.states) return false;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (a.states[i] != TUNER_VALUE_INACTIVE && !same(a.values[i], b.values[i])) return false;
  return true;
}

// Runs `body` on each space that the searcher takes. What it throws is a finding.
template <class Body>
void in_each_space(const Subject& subject, Report& report, const char* remedy, const Body& body) {
  std::string printed_text;
  for (const NamedSpace& named : spaces_to_search()) {
    if (!report.findings().empty()) return;
    report.doing(named.name);
    const PrintedText printed;
    try {
      SearchRig rig(subject, named.space, subject.seed);
      body(rig, named);
    } catch (const Error& e) {
      // Which spaces it can search is its own to say.
      if (e.id() != Message::config_impossible)
        report.fail(fmt::format("in a space of {}: {}", named.name, e.message()), remedy);
    }
    printed_text += printed.text();
  }
  if (!printed_text.empty())
    report.fail(fmt::format("it prints: {}", printed_text), "a plugin never prints: use the host's log()");
}

SearchRig::Result distance_in(const SearchRig& rig) {
  const tuner_space& space = *rig.space().abi();
  return [&space](std::uint64_t proposal, const Row& row) { return completed(proposal, row, distance_of(space, row)); };
}

void check_proposals(const Subject& subject, Report& report) {
  in_each_space(subject, report,
                "bring every value onto the steps and into the ends of its dimension, and give values to the "
                "active dimensions alone",
                [](SearchRig& rig, const NamedSpace&) { static_cast<void>(rig.search(kProposals, distance_in(rig))); });
}

// The value in the middle of a dimension.
double middle_of(const tuner_dimension& dimension) {
  if (dimension.type == TUNER_DIMENSION_CHOICE) return 0;
  if (dimension.step == 0)
    return dimension.scale == TUNER_SCALE_LOG ? std::sqrt(dimension.low * dimension.high)
                                              : (dimension.low + dimension.high) / 2;
  return dimension.low + dimension.step;
}

void check_fixed(const Subject& subject, Report& report) {
  in_each_space(
      subject, report, "leave dimensions alone whose state is TUNER_VALUE_FIXED on entry",
      [&](SearchRig& rig, const NamedSpace& named) {
        static_cast<void>(rig.search(kProposals, distance_in(rig)));
        const std::size_t dimensions = std::min<std::size_t>(rig.space().size(), 16);
        for (std::size_t i = 0; i < dimensions; ++i) {
          if (rig.space().abi()->dimensions[i].parent >= 0) continue;
          search::Wanted wanted = rig.wanted(kProposals);
          const double value = middle_of(rig.space().abi()->dimensions[i]);
          wanted.fixed.values[i] = value;
          wanted.fixed.states[i] = TUNER_VALUE_FIXED;
          const auto row = rig.engine().propose(wanted).row;
          if (!row) return;
          rig.require_legal(kProposals, *row);
          if (row->values[i] != value || row->states[i] != TUNER_VALUE_FIXED)
            return report.fail(
                fmt::format("in a space of {}: {} is fixed at {}, and the proposal has {} (state {})", named.name,
                            rig.space().abi()->dimensions[i].name, shown(value), shown(row->values[i]), row->states[i]),
                "leave dimensions alone whose state is TUNER_VALUE_FIXED on entry");
        }
      });
}

void check_pure(const Subject& subject, Report& report) {
  in_each_space(subject, report, kPure, [&](SearchRig& rig, const NamedSpace& named) {
    SearchRig asked(subject, named.space, subject.seed);
    for (std::uint64_t n = 0; n < kProposals; ++n) {
      const auto once = rig.search(n + 1, distance_in(rig));
      search::Wanted later = asked.wanted(n);
      later.proposal = n + 3;
      static_cast<void>(asked.engine().propose(later));
      const auto again = asked.search(n + 1, distance_in(asked));
      if (once.size() <= n || again.size() <= n) return;
      const auto twice = asked.engine().propose(asked.wanted(n)).row;
      if (same_bits(once[n], again[n]) && twice && same_bits(once[n], *twice)) continue;
      return report.fail(fmt::format("in a space of {}: proposal {} is another one {}", named.name, n,
                                     same_bits(once[n], again[n]) ? "when it is asked for a second time"
                                                                  : "where a later one was asked for before it"),
                         kPure);
    }
  });
}

void check_replay(const Subject& subject, Report& report) {
  in_each_space(subject, report, kPure, [&](SearchRig& rig, const NamedSpace& named) {
    static_cast<void>(rig.search(kProposals, distance_in(rig)));
    const search::Wanted wanted = rig.wanted(kProposals);
    const auto expected = rig.engine().propose(wanted).row;
    if (!expected) return;
    SearchRig resumed(subject, named.space, subject.seed);
    resumed.engine().observe(rig.evidence());
    const auto row = resumed.engine().propose(wanted).row;
    if (!row || !same_bits(*expected, *row))
      report.fail(
          fmt::format("in a space of {}: proposal {} is another one where all observations are told at once, as "
                      "when a study is resumed",
                      named.name, kProposals),
          kPure);
  });
}

void check_determinism(const Subject& subject, Report& report) {
  in_each_space(subject, report, kPure, [&](SearchRig& rig, const NamedSpace& named) {
    const auto once = rig.search(kProposals, distance_in(rig));
    SearchRig second(subject, named.space, subject.seed);
    const auto again = second.search(kProposals, distance_in(second));
    for (std::size_t n = 0; n < std::min(once.size(), again.size()); ++n)
      if (!same_bits(once[n], again[n]))
        return report.fail(
            fmt::format("in a space of {}: two searches with the same seed and results differ at proposal "
                        "{}",
                        named.name, n),
            "draw from the stream of the proposal alone, and keep nothing in a static");
  });
}

// Results as trials have them: failed, diverged, not finite, all alike, larger than any sum can hold.
Evidence trouble(std::uint64_t proposal, const Row& row) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Evidence evidence = completed(proposal, row, 1);
  const double values[] = {1, 1, kInfinity, -kInfinity, std::nan(""), 1e308, -1e308, 0, 5e-324, 1};
  evidence.values[0] = values[proposal % 10];
  evidence.mean = evidence.values[0];
  const std::uint32_t outcomes[] = {TUNER_OUTCOME_COMPLETED, TUNER_OUTCOME_DIVERGED,  TUNER_OUTCOME_FAILED,
                                    TUNER_OUTCOME_PRUNED,    TUNER_OUTCOME_TIMED_OUT, TUNER_OUTCOME_CANCELLED};
  evidence.outcome = outcomes[proposal % 7 < 6 ? proposal % 7 : 0];
  if (proposal % 3 == 2) {
    evidence.values.clear();
    evidence.mean = std::nan("");
  }
  return evidence;
}

void check_trouble(const Subject& subject, Report& report) {
  constexpr const char* kRemedy = "give trials without a finite value a place behind the others";
  in_each_space(subject, report, kRemedy,
                [](SearchRig& rig, const NamedSpace&) { static_cast<void>(rig.search(kProposals, trouble)); });
  in_each_space(subject, report, kRemedy, [](SearchRig& rig, const NamedSpace&) {
    static_cast<void>(rig.search(kProposals, [](std::uint64_t proposal, const Row& row) {
      Evidence evidence = completed(proposal, row, 0);
      evidence.outcome = TUNER_OUTCOME_FAILED;
      evidence.values.clear();
      return evidence;
    }));
  });
}

std::string learns_not(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_LEARNS) ? "" : "it does not say TUNER_PLUGIN_LEARNS";
}

// The mean of the second half of 60 proposals on three numbers, less that of as many random points, over 20 seeds: at
// least three standard errors below 0.
void check_learns(const Subject& subject, Report& report) {
  constexpr std::uint64_t kTrials = 60, kSeeds = 20;
  constexpr double kOfRandomPoints = 3 * (1.0 / 12 + 0.04);  // the variance of a share, and the distance of its mean
  Space space = spaces_to_search().front().space;
  for (const char* name : {"y", "z"}) {
    space.dimensions.push_back(space.dimensions.front());
    space.dimensions.back().name = name;
  }
  double sum = 0;
  double squares = 0;
  try {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      report.doing(fmt::format("search {} of {}", seed, kSeeds));
      SearchRig rig(subject, space, seed, 1);
      const auto rows = rig.search(kTrials, distance_in(rig));
      double mean = 0;
      for (std::size_t n = rows.size() / 2; n < rows.size(); ++n)
        mean += distance_of(*rig.space().abi(), rows[n]) / static_cast<double>(rows.size() - rows.size() / 2);
      sum += mean - kOfRandomPoints;
      squares += (mean - kOfRandomPoints) * (mean - kOfRandomPoints);
    }
  } catch (const Error& e) {
    return report.fail(fmt::format("in a space of three reals: {}", e.message()), "answer for every proposal");
  }
  const double mean = sum / kSeeds;
  const double error = std::sqrt((squares / kSeeds - mean * mean) / (kSeeds - 1));
  if (mean < -3 * error) return;
  report.fail(
      fmt::format("proposals 30 to 60 on a sphere of three numbers are no better than random ones: {} from the "
                  "minimum on the mean over 20 seeds, where random points are {}",
                  shown(mean + kOfRandomPoints), shown(kOfRandomPoints)),
      "look at the sign: a study minimizes where directions[0] is TUNER_MINIMIZE; or remove TUNER_PLUGIN_LEARNS");
}

constexpr Check kChecks[] = {
    {"searchers.proposals",
     "40 proposals in spaces of one real, of parameters of every form and of 200 reals, with results that lag behind: "
     "each lies in the space, on its steps, with values for the active parameters alone. A space may be refused.",
     kSearchers, nullptr, nullptr, check_proposals},
    {"searchers.fixed", "A parameter that is fixed on entry keeps its value and its state.", kSearchers,
     "searchers.proposals", nullptr, check_fixed},
    {"searchers.determinism", "Two searches with the same seed and results propose the same bits.", kSearchers,
     "searchers.proposals", nullptr, check_determinism},
    {"searchers.pure", "A proposal is the same bits where it was asked for before, and where later ones were.",
     kSearchers, "searchers.determinism", nullptr, check_pure},
    {"searchers.replay", "A new searcher that is told all observations at once proposes the same bits.", kSearchers,
     "searchers.pure", nullptr, check_replay},
    {"searchers.trouble",
     "Results that are missing, not finite, enormous or all alike, of failed, diverged and pruned trials: proposals "
     "are "
     "still in the space.",
     kSearchers, "searchers.proposals", nullptr, check_trouble},
    {"searchers.learns",
     "Where it says TUNER_PLUGIN_LEARNS: on a sphere of three numbers its later proposals are better than random ones, "
     "by three standard errors over 20 seeds.",
     kSearchers, "searchers.replay", learns_not, check_learns},
};

}  // namespace

std::span<const Check> searcher_checks() { return kChecks; }

}  // namespace tuner::check
