// Proposes the parts of an LR range test: three rounds, each placed by what the one before has measured.
//
//   1  of every branch: a ramp for every seed, the curvature once
//   2  a coarse ladder around the lr at which the ramps diverged, the probe and the bisection, for every seed
//   3  a fine ladder between the neighbours of the coarse one's best lr, for every seed
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
  [[nodiscard]] Point propose(std::uint64_t number) const override { return points_.at(number); }
  [[nodiscard]] bool ready(std::uint64_t number) const override { return number < points_.size(); }
  [[nodiscard]] bool learns() const override { return true; }
  void observe(std::uint64_t number, const TrialResult& result) override;

  [[nodiscard]] const std::vector<Branch>& branches() const { return branches_; }
  // What has been observed of a branch, in order of number.
  [[nodiscard]] std::vector<MeasuredPart> measured(std::size_t branch) const;

 private:
  void add(std::size_t branch, PartKind kind, double lr = 0);
  void begin_second_round();
  void begin_third_round();
  [[nodiscard]] double diverged_at(std::size_t branch) const;
  [[nodiscard]] std::optional<double> limit(std::size_t branch) const;

  const StudyPlan& plan_;
  TestSettings settings_;
  std::vector<Branch> branches_;
  std::uint64_t size_ = 0;
  int round_ = 1;
  std::vector<Point> points_;  // of the rounds so far
  struct Origin {
    std::size_t branch;
    Part part;
  };
  std::vector<Origin> origins_;  // of the points
  std::map<std::uint64_t, TrialResult> results_;
};

}  // namespace tuner::lr_range
