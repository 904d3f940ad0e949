// The critical lr at one step of a run: how far along the optimizer's own direction the loss stays below where it is.
#pragma once

#include <cstdint>

#include "tuner/lr_range/critical_lr.hpp"
#include "tuner/trainer.hpp"

namespace tuner::lr_range {

// Before update number step + 1. The direction is the change that the update makes at `lr`, divided by lr; the losses
// are those of the step's batch. Ensures: parameters, slots and random streams are bit for bit what they were. Cost:
// one gradient and about 10 losses. Throws TrialEnded.
[[nodiscard]] CriticalLr probe_critical_lr(Trainer& trainer, std::int64_t step, std::int64_t horizon, double lr);

}  // namespace tuner::lr_range
