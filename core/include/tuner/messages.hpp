// The catalogue of messages: every error that a user can meet, by id. The part before the dot decides the exit code:
// usage 2, config 3, plugin 4, storage 5, trial 6. tests/e2e raises each of them through the program; a test
// compares that list with this one.
#pragma once

#include <cstdint>

namespace tuner {

// clang-format off
#define TUNER_MESSAGES(X) \
  X(usage_bad_option,            "usage.bad_option") \
  X(usage_unknown_command,       "usage.unknown_command") \
  X(usage_no_such_study,         "usage.no_such_study") \
  X(usage_no_such_trial,         "usage.no_such_trial") \
  X(config_unreadable,           "config.unreadable") \
  X(config_syntax,               "config.syntax") \
  X(config_unknown_key,          "config.unknown_key") \
  X(config_duplicate_key,        "config.duplicate_key") \
  X(config_missing_key,          "config.missing_key") \
  X(config_wrong_type,           "config.wrong_type") \
  X(config_out_of_range,         "config.out_of_range") \
  X(config_bad_value,            "config.bad_value") \
  X(config_bad_hole,             "config.bad_hole") \
  X(config_no_count,             "config.no_count") \
  X(config_equal_labels,         "config.equal_labels") \
  X(config_no_method,            "config.no_method") \
  X(config_no_trials,            "config.no_trials") \
  X(config_grid_cut,             "config.grid_cut") \
  X(config_impossible,           "config.impossible") \
  X(config_unknown_metric,       "config.unknown_metric") \
  X(config_bad_macro,            "config.bad_macro") \
  X(config_no_program,           "config.no_program") \
  X(config_not_in_this_version,  "config.not_in_this_version") \
  X(config_yaml_feature,         "config.yaml_feature") \
  X(plugin_unknown,              "plugin.unknown") \
  X(plugin_unreadable,           "plugin.unreadable") \
  X(plugin_not_a_library,        "plugin.not_a_library") \
  X(plugin_no_entry,             "plugin.no_entry") \
  X(plugin_other_major,          "plugin.other_major") \
  X(plugin_needs_newer_host,     "plugin.needs_newer_host") \
  X(plugin_not_hosted,           "plugin.not_hosted") \
  X(plugin_other_platform,       "plugin.other_platform") \
  X(plugin_bad_descriptor,       "plugin.bad_descriptor") \
  X(plugin_duplicate_id,         "plugin.duplicate_id") \
  X(plugin_world_writable,       "plugin.world_writable") \
  X(plugin_changed,              "plugin.changed") \
  X(plugin_crashes_on_load,      "plugin.crashes_on_load") \
  X(plugin_crashes,              "plugin.crashes") \
  X(plugin_data,                 "plugin.data") \
  X(plugin_bad_proposal,         "plugin.bad_proposal") \
  X(storage_cannot_open,         "storage.cannot_open") \
  X(storage_not_a_database,      "storage.not_a_database") \
  X(storage_newer_schema,        "storage.newer_schema") \
  X(storage_other_plan,          "storage.other_plan") \
  X(storage_busy_study,          "storage.busy_study") \
  X(storage_failed,              "storage.failed") \
  X(storage_bad_query,           "storage.bad_query") \
  X(storage_damaged,             "storage.damaged") \
  X(trial_none_completed,        "trial.none_completed") \
  X(trial_study_stopped,         "trial.study_stopped") \
  X(trial_replay_differs,        "trial.replay_differs")
// clang-format on

enum class Message : std::uint32_t {
#define TUNER_MESSAGE(name, text) name,
  TUNER_MESSAGES(TUNER_MESSAGE)
#undef TUNER_MESSAGE
};

}  // namespace tuner
