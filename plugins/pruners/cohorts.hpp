// Successive halving in cohorts: trials are divided into cohorts by their numbers, and all of a cohort wait at a rung
// for each other. So what becomes of a trial depends on no other order than that of the numbers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace pruners {

class Cohorts {
 public:
  // What a cohort begins with.
  struct Bracket {
    std::int64_t first = 1;  // step of the first rung
    std::uint64_t size = 1;  // trials
  };
  // The cohorts take the brackets in turn. Of the n trials at a rung max(1, floor(n / eta)) go on, among equal ones
  // those of lower numbers. sign: makes less of a value be better.
  Cohorts(std::vector<Bracket> brackets, std::int64_t eta, std::int64_t end, double sign);

  // Every trial pauses at its rung, also the one that all others waited for: else it would matter which that is.
  tuner::Decision judge(const tuner::Report& report);
  void observe(const tuner::Observation& observation);
  // With review.is_last() a cohort that is not full is judged as it is, and the next trial begins a new one.
  tuner::Reviewed review(const tuner::Review& review);

 private:
  struct Member {
    std::size_t level = 0;  // the rung that it is at, or on its way to
    std::int64_t step = 0;  // of its last report
    double loss = 0;        // of that
    bool is_paused = false;
    bool is_over = false;  // ended, and stays in the ranking with its loss
  };
  struct Cohort {
    Bracket bracket;
    std::uint64_t begin = 0;     // its first trial
    std::size_t level = 0;       // the lowest rung where trials are missing
    std::uint64_t expected = 0;  // at that rung
    std::map<std::uint64_t, Member> members;
    std::vector<std::pair<double, std::uint64_t>> arrived;  // at that rung: loss and trial
  };
  struct Answer {
    std::uint64_t trial = 0;
    tuner::Decision decision;
    Standing standing;
  };

  Cohort& cohort_of(std::uint64_t trial);
  void arrive(Cohort& cohort, std::uint64_t trial);
  void judge_level(Cohort& cohort);
  void close(Cohort& cohort);
  [[nodiscard]] std::int64_t step_of(const Cohort& cohort, std::size_t level) const;

  std::vector<Bracket> brackets_;
  std::int64_t eta_, end_;
  double sign_;
  std::vector<Cohort> cohorts_;
  std::deque<Answer> answers_;
};

}  // namespace pruners
