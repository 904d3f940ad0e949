// The schema of the study database and how older files are brought to it. docs/database.md describes every column.
#pragma once

#include <cstdint>
#include <span>

#include "connection.hpp"

namespace tuner::storage {

// In the file's header: "tunr". `file tuner.db` shows it.
constexpr std::int64_t kApplicationId = 0x74756e72;

// Does a reader see a difference? If not, it reads an older file as it is. `wanted` is one that it can do without:
// where the file cannot be brought forward, it is read as it is.
enum class ForReaders { none, wanted, needed };

// Brings a file of schema version - 1 to `version`. A published migration never changes.
struct Migration {
  std::int64_t version;
  const char* sql;
  ForReaders for_readers = ForReaders::needed;
};
// In order, from version 1, without gaps.
[[nodiscard]] std::span<const Migration> migrations();

// From this version on trials have replicates; a reader may meet an older file.
constexpr std::int64_t kOverridesVersion = 6, kReplicatesVersion = 7, kJournalVersion = 8, kVersionsVersion = 9,
                       kReviewsVersion = 10, kConstraintsVersion = 11, kRepeatedVersion = 12, kGrownJournalVersion = 13;

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
