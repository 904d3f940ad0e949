// The schema of the study database and how older files are brought to it. docs/database.md describes every column.
#pragma once

#include <cstdint>
#include <span>

#include "connection.hpp"

namespace tuner::storage {

// In the file's header: "tunr". `file tuner.db` shows it.
constexpr std::int64_t kApplicationId = 0x74756e72;

// Brings a file of schema version - 1 to `version`. A published migration never changes.
struct Migration {
  std::int64_t version;
  const char* sql;
  // Does a reader see a difference? If not, it reads an older file as it is.
  bool for_readers = true;
};
// In order, from version 1, without gaps.
[[nodiscard]] std::span<const Migration> migrations();

// What the header of an open database says.
struct Identity {
  std::int64_t application_id = 0;
  std::int64_t version = 0;  // PRAGMA user_version
  bool empty = true;         // no tables at all
};
[[nodiscard]] Identity identity_of(Connection& connection);

// Applies the migrations that the file lacks, all in one transaction: either the file is at the last version
// afterwards, or it is as it was. Safe when several processes do it at once.
void migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace tuner::storage
