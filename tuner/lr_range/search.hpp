// Proposes the parts of an LR range test: three rounds, each placed by what the one before has measured.
//
//   1  of every branch: a ramp for every seed, the curvature once
//   2  a coarse grid around the lr at which the ramps diverged, the probe and the bisection, for every seed
//   3  a fine grid between the neighbors of the coarse one's best lr, for every seed
//
// Of a program there are the grids alone, and the coarse one is the whole range of the test.
//
// A part is a configuration and its seeds are replicates. A test that began before there were replicates has a
// configuration for every seed; its trials have the same numbers.
//
// Numbers of trials depend on the plan alone and points on numbers and results, so that any number of workers makes the
// same study, and a resumed one goes on with the same points.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuner/lr_range/branches.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner::lr_range {

class RangeSearch : public search::Searcher {
 public:
  // The plan must outlive it. Requires: is_test(plan).
  explicit RangeSearch(const StudyPlan& plan);
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] std::uint32_t replicates(std::uint64_t configuration) const override;
  [[nodiscard]] std::uint64_t first_trial(std::uint64_t configuration) const override;
  [[nodiscard]] Configuration propose(std::uint64_t configuration,
                                      std::span<const search::PendingProposal> = {}) const override {
    return points_.at(configuration);
  }
  [[nodiscard]] bool learns() const override { return true; }
  // The rounds before that of the part; at the end everything.
  [[nodiscard]] std::optional<std::uint64_t> needs(std::uint64_t configuration) const override;
  [[nodiscard]] bool wants_results() const override { return true; }
  [[nodiscard]] bool may_lack(const Dimension& dimension) const override;
  void observe(const search::Observation& observation) override;

  // Is it known what part that is?
  [[nodiscard]] bool ready(std::uint64_t configuration) const { return configuration < points_.size(); }
  [[nodiscard]] const std::vector<Branch>& branches() const { return branches_; }
  // For the report of a test that has not come to its end: what was measured of a part after one that is missing. The
  // search itself learns nothing of it.
  void show(const TrialId& trial, TrialResult result);
  // What has been observed or shown of a branch, in order of number.
  [[nodiscard]] std::vector<MeasuredPart> measured(std::size_t branch) const;

 private:
  void begin_first_round();
  // For every seed, or once.
  void add(std::size_t branch, PartKind kind, double lr = 0, bool once = false);
  void begin_second_round();
  void begin_third_round();
  // What has been observed of one kind of a branch's parts, in order of number.
  [[nodiscard]] std::vector<MeasuredPart> observed(std::size_t branch, PartKind kind) const;
  [[nodiscard]] double diverged_at(std::size_t branch) const;
  [[nodiscard]] std::optional<double> limit(std::size_t branch) const;

  const StudyPlan& plan_;
  TestSettings settings_;
  std::vector<Branch> branches_;
  std::uint64_t size_ = 0, second_round_ = 0, third_round_ = 0;  // where the rounds begin
  int round_ = 1;
  std::vector<Configuration> points_;  // of the rounds so far
  struct Origin {
    std::size_t branch;
    Part part;
  };
  std::vector<Origin> origins_;  // of the points
  struct Result {
    std::size_t branch;
    MeasuredPart measured;
  };
  [[nodiscard]] Result result_of(const TrialId& trial, TrialResult result) const;
  std::map<std::uint64_t, Result> results_, shown_;  // by number of the trial
  std::uint64_t observed_ = 0;                       // configurations
};

}  // namespace tuner::lr_range
