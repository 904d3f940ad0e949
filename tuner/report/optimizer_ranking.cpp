#include "tuner/report/optimizer_ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "tuner/error.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"

namespace tuner::report {

namespace {

struct Tried {
  std::optional<double> value;
  double steps = 0, evaluations = 0, seconds = 0;
  bool has_parameters = false;             // of the optimizer
  std::vector<storage::CurvePoint> curve;  // of the study's metric
};
using Trials = std::vector<Tried>;
// By problem and optimizer.
using Problems = std::map<std::string, std::map<std::string, Trials>>;

std::optional<std::string> choice_of(const storage::RunRow& run, std::string_view parameter) {
  for (const auto& [name, value] : run.parameters)
    if (const auto* text = std::get_if<std::string>(&value); name == parameter && text != nullptr) return *text;
  return std::nullopt;
}

// One without search parameters of its own has all that it can have, and holds nobody back.
bool has_optimizer_parameters(const storage::RunRow& run) {
  return std::ranges::any_of(run.parameters,
                             [](const auto& parameter) { return parameter.first.starts_with("optimizer."); });
}

void add_study(const storage::Store& store, const std::string& study, Problems& problems, storage::Damage& damage) {
  std::map<std::uint64_t, std::vector<storage::CurvePoint>> curves;
  store.read_curves(
      study, store.study(study).metric, 0, [&](const storage::Curve& curve) { curves[curve.number] = curve.points; },
      &damage);
  const OptimizerOfTrial optimizer_of(store, study);
  const auto take = [&](const storage::RunRow& run) {
    const std::string optimizer = optimizer_of.of(run);
    if (optimizer.empty() || run.outcome == Outcome::cancelled) return;
    const auto objective = choice_of(run, "objective");
    problems[objective ? fmt::format("{}: {}", study, *objective) : study][optimizer].push_back(
        {.value = run.value,
         .steps = static_cast<double>(run.steps),
         .evaluations = static_cast<double>(run.evaluations),
         .seconds = run.wall_seconds,
         .has_parameters = has_optimizer_parameters(run),
         .curve = std::move(curves[run.number])});
  };
  store.read_runs(study, 0, false, take, &damage);
}

bool reaches(double value, double target, Goal goal) {
  return goal == Goal::minimize ? value <= target : value >= target;
}

std::optional<double> best_of(const Trials& trials, std::size_t count, Goal goal) {
  std::optional<double> best;
  for (std::size_t i = 0; i < std::min(count, trials.size()); ++i)
    if (const auto value = trials[i].value; value && std::isfinite(*value))
      best = !best ? *value : goal == Goal::minimize ? std::min(*best, *value) : std::max(*best, *value);
  return best;
}

// The share of a trial's steps after which it had reached the target; infinite: it never did.
double share_at_target(const Tried& trial, double target, Goal goal) {
  for (const auto& [step, value] : trial.curve)
    if (reaches(value, target, goal))
      return trial.steps > 0 ? std::min(1.0, static_cast<double>(step) / trial.steps) : 1;
  return trial.value && reaches(*trial.value, target, goal) ? 1 : HUGE_VAL;
}

OptimizerResult result_of(const Trials& trials, std::size_t most, double target, Goal goal) {
  const std::size_t count = std::min(most, trials.size());
  OptimizerResult result{.trials = count,
                         .best = best_of(trials, count, goal),
                         .steps = HUGE_VAL,
                         .evaluations = HUGE_VAL,
                         .seconds = HUGE_VAL};
  for (std::size_t i = 0; i < count; ++i) {
    const double share = share_at_target(trials[i], target, goal);
    if (!std::isfinite(share)) continue;
    result.steps = std::min(result.steps, share * trials[i].steps);
    result.evaluations = std::min(result.evaluations, share * trials[i].evaluations);
    result.seconds = std::min(result.seconds, share * trials[i].seconds);
  }
  return result;
}

bool is_searched(const Trials& trials) { return trials.front().has_parameters; }
std::size_t least_count(const std::map<std::string, Trials>& optimizers) {
  std::optional<std::size_t> least;
  for (const auto& [name, trials] : optimizers)
    if (is_searched(trials)) least = std::min(least.value_or(trials.size()), trials.size());
  return least.value_or(1);
}

double median_best(const std::map<std::string, Trials>& optimizers, std::size_t count, Goal goal) {
  std::vector<double> values;
  for (const auto& [name, trials] : optimizers)
    if (const auto best = best_of(trials, count, goal)) values.push_back(*best);
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  // Of an even number the easier one, which half of them reach.
  return goal == Goal::minimize ? values[values.size() / 2] : values[(values.size() - 1) / 2];
}

RankedOptimizer& optimizer_in(OptimizerRanking& ranking, const std::string& name) {
  const auto found = std::ranges::find(ranking.optimizers, name, &RankedOptimizer::name);
  if (found != ranking.optimizers.end()) return *found;
  ranking.optimizers.push_back({.name = name, .results = {}});
  return ranking.optimizers.back();
}

void score(OptimizerRanking& ranking) {
  const auto evaluations = algoperf_scores(contenders(ranking, &OptimizerResult::evaluations));
  const auto seconds = algoperf_scores(contenders(ranking, &OptimizerResult::seconds));
  for (std::size_t i = 0; i < ranking.optimizers.size(); ++i) {
    ranking.optimizers[i].score_by_evaluations = evaluations[i];
    ranking.optimizers[i].score_by_seconds = seconds[i];
  }
  std::ranges::stable_sort(ranking.optimizers, std::ranges::greater(), &RankedOptimizer::score_by_evaluations);
}

Value cost_cell(double cost) { return std::isfinite(cost) ? Value(cost) : Value(std::string("never")); }

}  // namespace

std::vector<Contender> contenders(const OptimizerRanking& ranking, double OptimizerResult::*cost) {
  std::vector<Contender> contenders;
  for (const RankedOptimizer& optimizer : ranking.optimizers) {
    contenders.push_back({.name = optimizer.name, .costs = {}});
    for (const auto& result : optimizer.results) contenders.back().costs.push_back(result ? (*result).*cost : HUGE_VAL);
  }
  return contenders;
}

OptimizerOfTrial::OptimizerOfTrial(const storage::Store& store, const std::string& study) {
  for (const storage::PluginRecord& plugin : store.plugins(study))
    if (plugin.kind == "optimizer" && only_.empty()) only_ = plugin.id;
}

std::string OptimizerOfTrial::of(const storage::RunRow& run) const {
  return choice_of(run, "optimizer").value_or(only_);
}

OptimizerRanking optimizer_ranking(const storage::Store& store, const std::vector<std::string>& studies,
                                   std::optional<double> target, storage::Damage& damage) {
  OptimizerRanking ranking;
  for (const std::string& study : studies) {
    const storage::StudyRow row = store.study(study);
    Problems problems;
    add_study(store, study, problems, damage);
    for (const auto& [name, optimizers] : problems) {
      const std::size_t count = least_count(optimizers);
      const double reached = target.value_or(median_best(optimizers, count, row.goal));
      ranking.problems.push_back({.name = name, .metric = row.metric, .goal = row.goal, .target = reached});
      for (const auto& [optimizer, trials] : optimizers) {
        RankedOptimizer& ranked = optimizer_in(ranking, optimizer);
        ranked.results.resize(ranking.problems.size());
        ranked.results.back() = result_of(trials, count, reached, row.goal);
      }
    }
  }
  for (RankedOptimizer& optimizer : ranking.optimizers) optimizer.results.resize(ranking.problems.size());
  score(ranking);
  return ranking;
}

OptimizerRanking rank_optimizers(const storage::Store& store, const std::vector<std::string>& studies,
                                 std::optional<double> target, storage::Damage& damage) {
  OptimizerRanking ranking = optimizer_ranking(store, studies, target, damage);
  if (ranking.optimizers.empty())
    throw Error(Message::usage_bad_option, "no trial of these studies has an optimizer",
                "name studies of trainings, or of programs with a parameter optimizer");
  return ranking;
}

void print(std::ostream& out, const OptimizerRanking& ranking) {
  for (std::size_t p = 0; p < ranking.problems.size(); ++p) {
    const auto& problem = ranking.problems[p];
    out << fmt::format("{}: {} ({}), target {:.6g}\n", problem.name, problem.metric, to_string(problem.goal),
                       problem.target);
    TableWriter table(out, "table");
    table.header({"optimizer", "trials", "best", "evaluations to target", "seconds to target"});
    for (const RankedOptimizer& optimizer : ranking.optimizers)
      if (const auto& result = optimizer.results[p])
        table.row({optimizer.name, static_cast<std::int64_t>(result->trials),
                   result->best ? Value(*result->best) : Value(Null{}), cost_cell(result->evaluations),
                   cost_cell(result->seconds)});
    table.end();
    out << "\n";
  }
  TableWriter table(out, "table");
  table.header({"score of AlgoPerf", "by evaluations", "by seconds"});
  for (const RankedOptimizer& optimizer : ranking.optimizers)
    table.row({optimizer.name, optimizer.score_by_evaluations, optimizer.score_by_seconds});
  table.end();
}

Json json_of(const OptimizerRanking& ranking) {
  Json problems = Json::array(), optimizers = Json::array();
  for (const auto& problem : ranking.problems)
    problems.push_back({{"name", problem.name},
                        {"metric", problem.metric},
                        {"goal", to_string(problem.goal)},
                        {"target", json_of(problem.target)}});
  for (const RankedOptimizer& optimizer : ranking.optimizers) {
    Json results = Json::array();
    for (const auto& result : optimizer.results)
      results.push_back(!result ? Json()
                                : Json{{"trials", result->trials},
                                       {"best", json_of(result->best)},
                                       {"steps", json_of(result->steps)},
                                       {"evaluations", json_of(result->evaluations)},
                                       {"seconds", json_of(result->seconds)}});
    optimizers.push_back({{"optimizer", optimizer.name},
                          {"score_by_evaluations", optimizer.score_by_evaluations},
                          {"score_by_seconds", optimizer.score_by_seconds},
                          {"results", std::move(results)}});
  }
  return {{"problems", std::move(problems)}, {"optimizers", std::move(optimizers)}};
}

}  // namespace tuner::report
