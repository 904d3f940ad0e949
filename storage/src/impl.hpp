// What a Store holds. Its member functions stand in store.cpp, record.cpp, query.cpp, and those named after what they
// read.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "configurations.hpp"
#include "connection.hpp"
#include "lease.hpp"
#include "place.hpp"
#include "study_views.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

struct Store::Impl {
  std::unique_ptr<Connection> connection;
  // Of the open study; id 0: none.
  std::int64_t study_id = 0;
  std::string study_name;
  Goal goal = Goal::minimize;
  std::string token = new_lease_token();
  std::int64_t recent_ranks = 0;           // of the open study
  std::optional<std::int64_t> next_entry;  // of its journal; nothing: not looked up yet
  ConfigurationRules rules;
  std::int64_t recent_configurations = 0;
  StudyView view;
  // Rows of `plugins` that are known to be committed or in the current transaction.
  std::vector<std::pair<PluginRecord, std::int64_t>> plugin_keys;

  std::optional<Place> place;  // of what was opened for writing

  // After each transaction of the open study. Errors: storage.failed, as Place::give_up().
  void check_place();

  ~Impl();
};

// The id of a study's row. Errors: usage.no_such_study with "did you mean".
[[nodiscard]] std::int64_t find_study(Connection& connection, std::string_view name);

// Writes them after those that are there, inside a transaction of the caller; returns the number of the next one.
[[nodiscard]] std::int64_t insert_entries(Connection& connection, std::int64_t study_id, std::int64_t next_entry,
                                          std::span<const JournalEntry> entries);
[[nodiscard]] std::int64_t find_next_entry(Connection& connection, std::int64_t study_id);

// Throws storage.failed unless a study is open.
void check_open(std::int64_t study_id);

}  // namespace tuner::storage
