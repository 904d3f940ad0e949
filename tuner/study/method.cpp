#include "tuner/study/method.hpp"

#include <algorithm>
#include <string_view>

#include "tuner/lr_range/lr_range.hpp"
#include "tuner/search/grid.hpp"
#include "tuner/search/plugin_pruner.hpp"
#include "tuner/search/plugin_searcher.hpp"

namespace tuner::study {

namespace {

struct Method {
  std::string_view name;
  std::unique_ptr<search::Searcher> (*make_searcher)(const StudyPlan& plan);
  void (*check_trial)(TrialSpec& spec);  // null: it can run any
};

constexpr Method kMethods[] = {
    {"single", search::make_grid, nullptr},
    {"grid", search::make_grid, nullptr},
    {"random", search::make_random, nullptr},
    {lr_range::kMethod, lr_range::make_searcher, lr_range::check_trial},
};

const Method& method_of(const StudyPlan& plan) { return *std::ranges::find(kMethods, plan.method, &Method::name); }

}  // namespace

std::unique_ptr<search::Searcher> make_searcher(const StudyPlan& plan, const SearcherHost& host) {
  if (plan.searcher) return std::make_unique<search::PluginSearcher>(plan, host.setup, host.make);
  return method_of(plan).make_searcher(plan);
}

std::unique_ptr<search::Pruner> make_pruner(const StudyPlan& plan, const PrunerHost& host) {
  if (!plan.pruner) return nullptr;
  return std::make_unique<search::PluginPruner>(plan, host.setup, host.make);
}

void check_trial(const StudyPlan& plan, TrialSpec& spec) {
  if (plan.searcher) return;
  if (const auto check = method_of(plan).check_trial) check(spec);
}

}  // namespace tuner::study
