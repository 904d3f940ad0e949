// The methods of search that a sweep file can name, and what each stands for. To add one: a line in the table of
// method.cpp.
#pragma once

#include <memory>

#include "tuner/plan.hpp"
#include "tuner/search/engine.hpp"
#include "tuner/search/pruner.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner::study {

// What a searcher that is a plugin is made with, and where it runs: by default in this process.
struct SearcherHost {
  search::EngineSetup setup = {};
  search::MakeEngine make = search::make_engine;
};

// Where a pruner runs: by default in this process.
struct PrunerHost {
  search::EngineSetup setup = {};
  search::MakePruneEngine make = search::make_prune_engine;
};
// Null where the plan has none. The plan must outlive it.
[[nodiscard]] std::unique_ptr<search::Pruner> make_pruner(const StudyPlan& plan, const PrunerHost& host = {});

// By plan.method. The plan must outlive it. Errors: config.impossible for a grid that cannot be counted.
[[nodiscard]] std::unique_ptr<search::Searcher> make_searcher(const StudyPlan& plan, const SearcherHost& host = {});

// Can the method run this trial of the plan? Errors: config.impossible.
void check_trial(const StudyPlan& plan, TrialSpec& spec);

}  // namespace tuner::study
