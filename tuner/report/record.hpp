// Stored results as JSON: a trial, a configuration, a study. Each looks the same wherever tuner prints one;
// docs/json.md has their keys. CSV is made of the same objects.
#pragma once

#include <optional>

#include "tuner/json.hpp"
#include "tuner/space.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::report {

// A number that is not finite is the text "nan", "inf" or "-inf"; nothing is null.
[[nodiscard]] Json json_of(double number);
[[nodiscard]] Json json_of(const std::optional<double>& number);
// An object of typed values, in their order.
[[nodiscard]] Json json_of(const Parameters& parameters);
[[nodiscard]] Json json_of(const MetricPoint& point);
[[nodiscard]] Json json_of(const storage::PluginRecord& plugin);
[[nodiscard]] Json json_of(const storage::PrunerDecision& decision);
[[nodiscard]] Json json_of(const storage::RunRow& run);
[[nodiscard]] Json json_of(const storage::ConfigurationRow& configuration);
[[nodiscard]] Json json_of(const storage::StudyRow& study);
// The keys notes and tags.
void add_annotations(Json& json, const storage::Annotations& annotations);
// The trial's own object with everything else that is stored of it.
[[nodiscard]] Json json_of(const storage::TrialDetail& trial);

}  // namespace tuner::report
