// A pruner that is a plugin, as the study sees it, with what the host adds: warm-up, interval and patience.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "tuner/search/engine.hpp"
#include "tuner/search/pruner.hpp"

namespace tuner::search {

class PluginPruner : public Pruner {
 public:
  // The plan, which has a pruner, must outlive it.
  PluginPruner(const StudyPlan& plan, const EngineSetup& setup, MakePruneEngine make);

  void begin() override { engine().begin(); }
  [[nodiscard]] std::int64_t first_step() const override;
  // Errors: those of PruneEngine.
  void observe(const Judged& judged) override;
  [[nodiscard]] Decision decide(const Judged& judged) const override;
  void ended(const Ended& ended) override;
  [[nodiscard]] bool reviews() const override;
  [[nodiscard]] std::optional<Reviewed> review(bool is_last) override;

 private:
  [[nodiscard]] TrialEvent event_of(std::uint64_t trial, std::int64_t step, std::optional<double> value,
                                    const Configuration& configuration) const;
  [[nodiscard]] PruneEngine& engine() const;
  // The next step that is judged after `step`, where the plugin asks for `asked`.
  [[nodiscard]] std::int64_t next_after(std::int64_t step, std::int64_t asked) const;
  // May the trial with these values be stopped?
  [[nodiscard]] bool is_out_of_patience(const std::vector<double>& values) const;

  const StudyPlan& plan_;
  const PrunerPlan& rules_;
  EngineSetup setup_;
  MakePruneEngine make_;
  PluginSpace space_;
  mutable std::unique_ptr<PruneEngine> engine_;
  Decision decision_;                                    // on what was observed last
  std::map<std::uint64_t, std::vector<double>> values_;  // of running trials, where there is patience
  // Trials that were to pause, and those that have, with the step that was judged.
  std::map<std::uint64_t, std::int64_t> pausing_, paused_;
};

}  // namespace tuner::search
