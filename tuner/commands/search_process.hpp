// Searchers and pruners that are plugins run each in a process of its own, which is a worker that answers questions:
// what a plugin does there ends that process and not the study.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tuner/bytes.hpp"
#include "tuner/executor/inspector.hpp"
#include "tuner/search/engine.hpp"
#include "tuner/study/method.hpp"

namespace tuner::commands {

// Where the searcher of the study runs. A process that crashes or gives no answer within ten minutes is replaced, and
// the new one is told all that was observed; after three in a row the error is plugin.crashes. With `isolation: thread`
// it is this process. lag: of the study. The study must outlive what is made.
[[nodiscard]] study::SearcherHost searcher_host(const Study& study, const std::filesystem::path& executable,
                                                std::uint64_t lag);

// The same for its pruner.
[[nodiscard]] study::PrunerHost pruner_host(const Study& study, const std::filesystem::path& executable);

// What the process does with the arguments of search_question(): see inspection.hpp.
[[nodiscard]] std::string answer_search(const executor::Inspected& asked, Reader& arguments);

}  // namespace tuner::commands
