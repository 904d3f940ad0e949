// What the database keeps of a trial that a worker has finished with.
#pragma once

#include <map>

#include "tuner/executor/executor.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::study {

[[nodiscard]] storage::PluginRecord plugin_record(const Plugin& plugin);

// That of every plugin of a plan.
using BuildRecords = std::map<const Plugin*, storage::PluginRecord>;

[[nodiscard]] storage::TrialRecord record_of(executor::Finished trial, const StudyPlan& plan,
                                             const search::Searcher& searcher, const BuildRecords& builds);

}  // namespace tuner::study
