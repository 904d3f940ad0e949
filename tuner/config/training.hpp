// `training:`: how a trial is trained. Its keys are the fields of TrainingSettings.
#pragma once

#include <map>
#include <string>

#include "tuner/config/search_parameters.hpp"

namespace tuner::config {

struct TrainingPlan {
  Settings settings;  // by field of TrainingSettings: time_limit is time_limit_seconds, gradient_noise is noise_eta,
                      // noise_gamma
  OneOf<OptionalSettings> early_stopping, averaging;    // at least one branch
  std::map<std::string, std::string> stopping_metrics;  // as of StudyPlan
};

// Errors: those of read_setting and refuse_key; config.impossible and config.missing_key for keys that exclude each
// other or need each other.
[[nodiscard]] TrainingPlan read_training(const Node& node, const Scope& scope, Reading& reading);

}  // namespace tuner::config
