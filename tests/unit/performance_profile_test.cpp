// Scores of optimizers over several problems.
#include "tuner/report/performance_profile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

namespace tuner::report {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& name) {
  std::ifstream file(std::string(TUNER_SOURCE_DIR "/tests/unit/data/") + name);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

TEST(PerformanceProfile, AlgoPerfsPublishedScores) {
  std::vector<Contender> contenders;
  auto times = rows_of("algoperf_times.csv");
  ASSERT_EQ(times.size(), 17u);
  times.erase(times.begin());
  for (const auto& row : times) {
    contenders.push_back({.name = row.front(), .costs = {}});
    for (std::size_t i = 1; i < 10; ++i) {
      const std::string cell = i < row.size() ? row[i] : "";
      contenders.back().costs.push_back(cell.empty() || cell == "inf" ? HUGE_VAL : std::stod(cell));
    }
  }
  std::map<std::string, double> published;
  for (const auto& row : rows_of("algoperf_scores.csv"))
    if (row[1] != "score") published[row[0]] = std::stod(row[1]);
  const auto scores = algoperf_scores(contenders);
  ASSERT_EQ(published.size(), contenders.size());
  for (std::size_t i = 0; i < contenders.size(); ++i)
    EXPECT_NEAR(scores[i], published.at(contenders[i].name), 1e-9) << contenders[i].name;
}

TEST(PerformanceProfile, BestOnAllIsOneAndNeverIsZero) {
  const std::vector<Contender> contenders{
      {"best", {1, 10}}, {"late", {5, 50}}, {"never", {HUGE_VAL, HUGE_VAL}}, {"half", {1, HUGE_VAL}}};
  const auto scores = algoperf_scores(contenders);
  EXPECT_NEAR(scores[0], 1, 1e-12);
  EXPECT_EQ(scores[1], 0);
  EXPECT_EQ(scores[2], 0);
  EXPECT_NEAR(scores[3], 0.5, 1e-12);
  EXPECT_TRUE(algoperf_scores({}).empty());
}

}  // namespace
}  // namespace tuner::report
