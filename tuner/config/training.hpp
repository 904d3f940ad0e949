// `training:`: how a trial is trained. Its keys are the fields of TrainingSettings.
#pragma once

#include "tuner/config/search_parameters.hpp"

namespace tuner::config {

struct TrainingPlan {
  Settings settings;  // by field of TrainingSettings: time_limit is time_limit_seconds, gradient_noise is noise_eta,
                      // noise_gamma
  OneOf<OptionalSettings> early_stopping;  // at least one branch
};

// Errors: those of read_setting and refuse_key; config.impossible for both steps and epochs.
[[nodiscard]] TrainingPlan read_training(const Node& node, const Scope& scope, Reading& reading);

}  // namespace tuner::config
