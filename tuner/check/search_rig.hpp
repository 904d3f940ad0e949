// Drives a searcher as a study does, on spaces of the checker's own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tuner/check/check.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/engine.hpp"

namespace tuner::check {

struct NamedSpace {
  std::string name;  // for messages: "200 reals"
  Space space;
};
// A single real, parameters of every form with a one_of among them, 200 reals.
[[nodiscard]] const std::vector<NamedSpace>& spaces_to_search();
[[nodiscard]] const NamedSpace& every_form();

// The smaller the nearer the active parameters are to three tenths of their ranges.
[[nodiscard]] double distance_of(const tuner_space& space, const search::Row& row);

class SearchRig {
 public:
  static constexpr std::uint64_t kLag = 4;
  // Errors: config.impossible where the searcher refuses the space or the options.
  SearchRig(const Subject& subject, const Space& space, std::uint64_t seed = 1, std::uint64_t lag = kLag);

  using Result = std::function<search::Evidence(std::uint64_t proposal, const search::Row& row)>;
  // Proposes as many as `count`, each after the results that the lag lets it see; fewer where there are no more.
  // Errors: plugin.bad_proposal, also for what is not in the space.
  [[nodiscard]] std::vector<search::Row> search(std::uint64_t count, const Result& result);
  // The proposal after those.
  [[nodiscard]] std::optional<search::Row> next();

  [[nodiscard]] search::Engine& engine() { return *engine_; }
  [[nodiscard]] const search::PluginSpace& space() const { return space_; }
  [[nodiscard]] search::Wanted wanted(std::uint64_t proposal) const;
  // Errors: plugin.bad_proposal.
  void require_legal(std::uint64_t proposal, const search::Row& row) const;
  [[nodiscard]] const std::vector<search::Evidence>& evidence() const { return evidence_; }

 private:
  StudyPlan plan_;
  search::PluginSpace space_;
  std::uint64_t lag_;
  std::unique_ptr<search::Engine> engine_;
  std::vector<search::Row> rows_;
  std::vector<search::Evidence> evidence_;  // what was observed
};

// A completed trial of that value.
[[nodiscard]] search::Evidence completed(std::uint64_t proposal, const search::Row& row, double value);

}  // namespace tuner::check
