// The parts that an LR range test is made of. Each is a trial of the study: any worker runs it, its measurements are
// recorded as metrics, and `tuner replay` can run it again alone.
//
// What a part records, by metric (see docs/lr-range.md):
//   ramp       at step i + 1: lr, loss_before and loss of update i, the two losses on that update's batch, and
//              smoothed_loss, the moving average of loss
//   curvature  largest_eigenvalue of the Hessian at the start, by number of products; where they are known
//              preconditioned_eigenvalue and limit, the largest stable lr of a quadratic with that eigenvalue
//   probe      at the steps where it was measured: critical_lr (NaN: none was found); lr and loss of the run in between
//   grid     loss at every step of a run at constant lr; the trial's value is its mean over the last quarter
//   stability  at k for restarted run k: lr, steps, envelope_ratio, stable (1 or 0); at the last k largest_stable and
//              smallest_unstable, where they were found
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tuner/lr_range/settings.hpp"
#include "tuner/plan.hpp"
#include "tuner/training.hpp"

namespace tuner::lr_range {

enum class PartKind { ramp, curvature, probe, grid, stability };  // in the order of kParts

// The dimensions that the space of such a study has after those of the file, in this order.
inline constexpr std::string_view kPartDimension = "lr_range.part", kSeedDimension = "lr_range.seed",
                                  kLrDimension = "lr_range.lr";

struct Part {
  PartKind kind = PartKind::ramp;
  std::int64_t seed = 0;  // the trial's replicate; before search version 3 a dimension of the space
  double lr = 0;          // grid: of the run; probe and stability: where the search begins; others: none
};

struct MeasuredPart {
  Part part;
  TrialResult result;
};

// The coarse grid reaches from a thousandth to ten times the lr at which the ramps diverged, as far as the range of
// the test allows.
inline constexpr double kLadderBelow = 1e-3, kLadderAbove = 10;
// LRs of the fine grid, in quarters of the coarse one's ratio from its best lr.
inline constexpr int kFineQuarters[] = {-3, -2, -1, 1, 2, 3};

// Has the plan's test a configuration for every seed, as those had that began before there were replicates?
[[nodiscard]] bool has_seed_dimension(const StudyPlan& plan);
// A part as a point of the study's space, and back. branch: a point that fills the dimensions of the file.
[[nodiscard]] Configuration point_of(const StudyPlan& plan, Configuration branch, const Part& part);
[[nodiscard]] Part part_of(const StudyPlan& plan, const Configuration& point, std::uint32_t replicate);
// From what the database has of a trial; nothing where those three dimensions have no values that a part has.
[[nodiscard]] std::optional<Part> part_of(const Parameters& parameters, std::uint32_t replicate);

// A part as a trial of its own kind: the run that the file describes, and what is measured in it.
struct PartSpec {
  TrialSpec training;
  Part part;
  TestSettings settings;
};
// Requires: is_test(study.plan). Errors: as resolve().
[[nodiscard]] PartSpec spec_of(const Study& study, const Configuration& point, std::uint32_t replicate);
// A part says itself what its value is.
[[nodiscard]] TrialRules rules_of(const PartSpec& spec);

// The work of one part, between the beginning and the end of `run`. What was measured before a failure is kept. A ramp
// or a restarted run that diverges has done its work, a run of the LR grid that diverges is a diverged trial. Threads:
// as train().
void run_part(PartSpec& spec, SharedObjectives& shared, TrialRun& run);

}  // namespace tuner::lr_range
