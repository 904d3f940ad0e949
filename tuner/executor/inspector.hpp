// Questions to plugins outside of trials, asked in a worker process: what a plugin does there ends that process and not
// the coordinator.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tuner/catalogue.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/engine.hpp"
#include "tuner/training.hpp"

namespace tuner::executor {

class WorkerProcess;

using Subjects = std::map<std::uint32_t, std::string>;  // TUNER_KIND_... to the id

// What the worker has when it is asked. study is empty where the setup has no text.
struct Inspected {
  const Catalogue& catalogue;
  const Study& study;
  SharedObjectives& shared;
  // Says which plugin is being called, for whoever has to say what ended the process.
  TrialTrace& trace;
  // And which plugin that is, by kind.
  std::function<void(const Subjects& subjects)> about;
  // The searcher, or the pruner, that earlier questions have made, for the next ones.
  std::unique_ptr<search::Engine>& engine;
  std::unique_ptr<search::PruneEngine>& prune_engine;
};
// An Answerer answers one question, both as bytes. Errors of the answer are thrown at whoever asks.

// What is asked, for the error about a plugin that ends its process.
struct Asked {
  std::string when = "when it was asked what a trial needs, before any ran";
  std::string remedy = "`tuner plugins check FILE` finds out where; a study without it can run";
  std::optional<std::chrono::milliseconds> time_limit;  // of one answer
};

// Threads: one.
class Inspector {
 public:
  // executable is run as `tuner worker` at the first question, and again at the first one after an error
  // plugin.crashes.
  Inspector(std::filesystem::path executable, WorkerSetup setup, Asked asked = {});
  ~Inspector();
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;
  // Errors: those of the answer; plugin.crashes where the plugin in question ended the process, or gave no answer in
  // time.
  [[nodiscard]] std::string ask(std::string_view question);

 private:
  [[noreturn]] void ended(bool too_late);
  std::filesystem::path executable_;
  WorkerSetup setup_;
  Asked asked_;
  std::unique_ptr<WorkerProcess> worker_;
  Subjects subjects_;
};

}  // namespace tuner::executor
