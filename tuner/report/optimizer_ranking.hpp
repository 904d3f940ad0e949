// The optimizers of one or several studies, ranked under equal budgets.
#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/performance_profile.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

// What an optimizer came to on one problem: a study, or one of the objectives that a study has.
struct OptimizerResult {
  std::uint64_t trials = 0;    // of which the result is the best
  std::optional<double> best;  // of the study's metric
  // The least that a trial needed to reach the target; infinite: none did.
  double steps, evaluations, seconds;
};
struct RankedOptimizer {
  std::string name;
  std::vector<std::optional<OptimizerResult>> results;  // by problem; nothing where it was not tried
  double score_by_evaluations = 0, score_by_seconds = 0;
};
struct OptimizerRanking {
  struct Problem {
    std::string name, metric;
    Goal goal = Goal::minimize;
    double target = 0;
  };
  std::vector<Problem> problems;
  std::vector<RankedOptimizer> optimizers;  // from the best score by evaluations on
};

// An optimizer is what the parameter `optimizer` says, else the outermost optimizer of the trial. On each problem every
// optimizer has its first k trials, where k is the least number that one of them has; one without search parameters of
// its own does not count for that. target: of all problems; else on
// each the median of the optimizers' best values. What a trial needed for the target is its share of the steps times
// its evaluations and its seconds. Scores are those of AlgoPerf (performance_profile.hpp).
// Errors: usage.bad_option where no trial has an optimizer.
[[nodiscard]] OptimizerRanking rank_optimizers(const storage::Store& store, const std::vector<std::string>& studies,
                                               std::optional<double> target, storage::Damage& damage);
// The same; empty where no trial has an optimizer.
[[nodiscard]] OptimizerRanking optimizer_ranking(const storage::Store& store, const std::vector<std::string>& studies,
                                                 std::optional<double> target, storage::Damage& damage);
// The optimizers by what they need: &OptimizerResult::seconds.
[[nodiscard]] std::vector<Contender> contenders(const OptimizerRanking& ranking, double OptimizerResult::*cost);

// What a trial was trained with: its parameter `optimizer`, else the study's outermost optimizer; empty: nothing.
class OptimizerOfTrial {
 public:
  OptimizerOfTrial(const storage::Store& store, const std::string& study);
  [[nodiscard]] std::string of(const storage::RunRow& run) const;

 private:
  std::string only_;
};

void print(std::ostream& out, const OptimizerRanking& ranking);
[[nodiscard]] Json json_of(const OptimizerRanking& ranking);

}  // namespace tuner::report
