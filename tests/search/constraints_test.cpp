// Searchers keep to where constraints hold.
#include <gtest/gtest.h>

#include <cmath>

#include "loaded_searcher.hpp"

namespace search_tests {
namespace {

// The best of x + y lies in a corner that a constraint forbids: x + y >= 1 is wanted.
TestSpace square() {
  TestSpace space;
  space.real("x", 0, 1).real("y", 0, 1);
  return space;
}

struct Found {
  int near_feasible = 0;  // of the second half
  double least = 1e9;     // of the feasible values
};

Found search(const std::string& id, std::uint64_t seed, std::uint64_t trials,
             const std::map<std::string, double>& options = {}) {
  TestSpace space = square();
  LoadedSearcher searcher(id, space, {.options = options, .seed = seed});
  Found found;
  for (std::uint64_t proposal = 0; proposal < trials; ++proposal) {
    const Assignment made = searcher.propose(proposal)[0];
    const double value = made.values[0] + made.values[1];
    Result result{.assignment = made, .value = value};
    result.constraints = {1 - value, -1};
    searcher.observe({result});
    found.near_feasible += proposal >= trials / 2 && value > 0.98 ? 1 : 0;
    if (value < 1) continue;
    found.least = std::min(found.least, value);
  }
  return found;
}

TEST(Constraints, SearchersStayWhereTheyHold) {
  const std::map<std::string, std::map<std::string, double>> options{{"nsga2", {{"population", 20}}}};
  for (const char* id : {"cmaes", "gp", "nsga2", "tpe"}) {
    const auto given = options.find(id);
    const std::uint64_t trials = id == std::string("gp") ? 60 : 200;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const Found found =
          search(id, seed, trials, given == options.end() ? std::map<std::string, double>() : given->second);
      EXPECT_GT(found.near_feasible, trials / 4) << id << ", seed " << seed;
      EXPECT_LT(found.least, 1.05) << id << ", seed " << seed;
    }
  }
}

// Where nothing is feasible yet they go where less is missing.
TEST(Constraints, TheLesserViolationIsTheBetter) {
  for (const char* id : {"cmaes", "gp", "nsga2", "tpe"}) {
    TestSpace space = square();
    LoadedSearcher searcher(id, space,
                            {.options = id == std::string("nsga2") ? std::map<std::string, double>{{"population", 10}}
                                                                   : std::map<std::string, double>{}});
    double early = 0, late = 0;
    constexpr std::uint64_t kTrials = 80;
    for (std::uint64_t proposal = 0; proposal < kTrials; ++proposal) {
      const Assignment made = searcher.propose(proposal)[0];
      Result result{.assignment = made, .value = 0};
      const double violation = 0.01 + std::abs(made.values[0] - 0.8) + std::abs(made.values[1] - 0.8);
      result.constraints = {violation};
      searcher.observe({result});
      if (proposal < 20) early += violation / 20;
      if (proposal >= kTrials - 20) late += violation / 20;
    }
    EXPECT_LT(late, 0.6 * early) << id;
  }
}

}  // namespace
}  // namespace search_tests
