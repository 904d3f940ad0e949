// What a Store holds. Its member functions stand in store.cpp, record.cpp, read.cpp and query.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "lease.hpp"
#include "place.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

struct Store::Impl {
  std::unique_ptr<Connection> connection;
  // Of the open study; id 0: none.
  std::int64_t study_id = 0;
  std::string study_name;
  Goal goal = Goal::minimize;
  std::string token = new_lease_token();
  std::int64_t recent_ranks = 0;  // of the open study
  // Rows of `plugins` that are known to be committed or in the current transaction.
  std::vector<std::pair<PluginRecord, std::int64_t>> plugin_keys;

  std::optional<Place> place;  // of what was opened for writing

  // After each transaction of the open study. Errors: storage.failed, as Place::give_up().
  void check_place();

  ~Impl();
};

// The id of a study's row. Errors: usage.no_such_study with "did you mean".
[[nodiscard]] std::int64_t find_study(Connection& connection, std::string_view name);

// Throws storage.failed unless a study is open.
void check_open(std::int64_t study_id);

}  // namespace tuner::storage
