// A searcher and a pruner that show what the C++ layer passes on.
#include <stdexcept>

#include "tuner/pruner.hpp"
#include "tuner/searcher.hpp"

namespace {

// Proposes 0, 1, 2, ... on its one dimension, plus 100 times what is pending, up to `most`.
struct Counting {
  static constexpr tuner::Info info{.id = "counting",
                                    .name = "Counting",
                                    .doc = "counts",
                                    .details = "Variant: of the tests",
                                    .reference = "our own"};
  static constexpr tuner::Param params[] = {tuner::integer("most", 3, "proposals that there are")};

  explicit Counting(const tuner::SearchSetup& setup) : most(setup.options().integer(0)) {
    if (most < 0) throw tuner::Invalid("most is below 0");
    if (most > 1000) throw std::runtime_error("most is beyond all bounds");
    if (setup.space().size() != 1) throw tuner::Invalid("counting takes one dimension");
  }
  void observe(const tuner::Observation& observation) {
    if (observation.outcome() == TUNER_OUTCOME_FAILED) throw tuner::Invalid("a trial failed");
    sum += observation.values()[0] + observation.configuration()[0];
  }
  bool propose(tuner::Proposal& proposal) const {
    if (static_cast<std::int64_t>(proposal.index()) >= most) return false;
    proposal.values()[0] = sum + static_cast<double>(proposal.index() + 100 * proposal.pending().size());
    proposal.budget() = 7;
    return true;
  }
  std::int64_t most;
  double sum = 0;
};

// Stops what reports more than the best value so far, pauses on NaN, and asks again ten steps later.
struct Threshold {
  static constexpr tuner::Info info{.id = "counting_pruner",
                                    .name = "Counting pruner",
                                    .doc = "compares",
                                    .details = "Variant: of the tests",
                                    .reference = "our own"};
  explicit Threshold(const tuner::SearchSetup&) {}
  void observe(const tuner::Observation& observation) { best = observation.mean(); }
  tuner::Decision decide(const tuner::Report& report) {
    if (report.step() < 0) throw tuner::Invalid("a step is below 0");
    if (report.value() != report.value()) return {TUNER_DECISION_PAUSE, report.step() + 10};
    if (report.value() > best) return {.what = TUNER_DECISION_STOP};
    return {.next_step = report.step() + 10};
  }
  double best = 1e300;
};

}  // namespace

TUNER_LIBRARY("counting", "1.0.0", "MIT", tuner::searcher<Counting>, tuner::pruner<Threshold>)
