// A searcher that misbehaves at one proposal, in the way that its option says. Elsewhere it draws the first parameter
// evenly and takes the low end, or the first choice, of the others.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tuner/searcher.hpp"

namespace {

struct OddSearcher {
  static constexpr tuner::Info info{.id = "odd_searcher",
                                    .name = "Odd searcher",
                                    .doc = "misbehaves at one proposal",
                                    .details = "",
                                    .reference = "a test"};
  enum { kMood, kAt };
  enum { kFine, kOutside, kCrashOnce, kCrash, kExit, kEnd, kRefuse, kFail, kTalk, kSame };
  static constexpr const char* moods[] = {"fine", "outside", "crash_once", "crash", "exit",
                                          "end",  "refuse",  "fail",       "talk",  "same"};
  static constexpr tuner::Param params[] = {tuner::choice("mood", moods, "what it does at proposal `at`"),
                                            tuner::integer("at", 3, "the proposal").at_least(0)};

  explicit OddSearcher(const tuner::SearchSetup& setup)
      : space(setup.space()), mood(setup.options().integer(kMood)), at(setup.options().integer(kAt)) {
    if (mood == kRefuse) throw tuner::Invalid("it searches nothing, and 'lr' is something");
  }
  void observe(const tuner::Observation&) {}

  bool propose(tuner::Proposal& proposal) const {
    const bool now = proposal.index() == static_cast<std::uint64_t>(at);
    for (std::size_t i = 0; i < proposal.size(); ++i) {
      const tuner::Dimension dimension = space[i];
      proposal.values()[i] = dimension.is_choice() ? 0 : dimension.low();
      if (dimension.parent() >= 0) proposal.states()[i] = TUNER_VALUE_INACTIVE;
    }
    double& first = proposal.values()[0];
    const tuner::Dimension dimension = space[0];
    if (mood != kSame) first += (dimension.high() - dimension.low()) * tuner_rng_uniform_at(&proposal.rng(), 0);
    if (!now) return true;
    if (mood == kOutside) first = dimension.high() + 1;
    if (mood == kCrash || (mood == kCrashOnce && ::access("crashed", F_OK) != 0)) {
      if (FILE* file = std::fopen("crashed", "w")) std::fclose(file);
      std::raise(SIGSEGV);
    }
    if (mood == kExit) std::_Exit(9);
    if (mood == kFail) throw std::runtime_error("its matrix has no inverse");
    if (mood == kTalk) proposal.host().log(TUNER_LOG_INFO, "this is proposal 3");
    return mood != kEnd;
  }

 private:
  tuner::SearchSpace space;
  std::int64_t mood, at;
};

}  // namespace

TUNER_LIBRARY("odd_searcher", "1.0.0", "MIT", tuner::searcher<OddSearcher>)
