// A searcher that is a plugin, as the study sees it.
#pragma once

#include <memory>

#include "tuner/search/engine.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/search/taken.hpp"

namespace tuner::search {

// What the engine proposes. With on_duplicate: retry each configuration at most once: a proposal that repeats one is
// made anew with other random numbers, up to 32 times; then the next free configuration of the grid of all is taken,
// where they can be counted. A search of a space that can be counted ends when all have been run.
class PluginSearcher : public Searcher {
 public:
  // make is called at the first proposal or observation. The plan must outlive it.
  PluginSearcher(const StudyPlan& plan, const EngineSetup& setup, MakeEngine make);

  [[nodiscard]] std::optional<std::uint64_t> size() const override {
    return may_repeat() ? std::nullopt : taken_.count();
  }
  [[nodiscard]] bool learns() const override { return true; }
  // Errors: those of Engine and PluginSpace::configuration_of(); Exhausted.
  [[nodiscard]] Configuration propose(std::uint64_t proposal,
                                      std::span<const PendingProposal> pending = {}) const override;
  void observe(const Observation& observation) override;

 private:
  [[nodiscard]] bool may_repeat() const { return plan_.on_duplicate != OnDuplicate::retry; }
  [[nodiscard]] Engine& engine() const;
  [[nodiscard]] Configuration free_one(std::uint64_t proposal) const;
  // What is given of a configuration, for the plugin to leave alone.
  void fix(Row& row, const Configuration& given) const;
  void require_fixed(const Row& row, const Row& fixed, const std::string& who) const;

  const StudyPlan& plan_;
  EngineSetup setup_;
  MakeEngine make_;
  PluginSpace space_;
  mutable std::unique_ptr<Engine> engine_;
  mutable Taken taken_;
};

}  // namespace tuner::search
