// What is read may be damaged: who says so, with which words, and what is left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "connection.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

// Words for a row: "study 'x'", "trial 7 of study 'x'".
[[nodiscard]] std::string words_of_study(std::string_view study);
[[nodiscard]] std::string words_of_trial(std::string_view study, const std::string& number);

// False in an older file that could not be brought forward: a trial is a configuration there.
[[nodiscard]] bool has_replicates(Connection& connection);
// For LIMIT: 0 is all.
[[nodiscard]] std::int64_t limit_of(std::uint64_t limit);
// Errors: DamagedValue.
[[nodiscard]] Outcome outcome_of(const Rows& row, int column);

// What is wrong with a value that `read` meets is said to be in that table.
template <class Read>
auto in_table(const char* table, Read read) {
  try {
    return read();
  } catch (DamagedValue& error) {
    error.at(table);
    throw;
  }
}

// One call's reading. Without `damage` what is damaged is an error with the file's name; with it, it is noted there and
// left out.
class Reading {
 public:
  Reading(const Connection& connection, Damage* damage) : file_(connection.file()), damage_(damage) {}

  // Calls read() for one row; false where that is left out. place() are the words for the row: "trial 7 of study 'x'".
  template <class Place, class Read>
  bool row(Place place, Read read) const {
    try {
      read();
      return true;
    } catch (DamagedValue& error) {
      refuse(error.at(place()));
    } catch (const SqliteError& error) {
      refuse_sqlite(error, place());
    }
    return false;
  }

  // Moves on to the next row. Where SQLite finds the table damaged, it ends there.
  bool next(Rows& rows, const char* table) const {
    try {
      return rows.next();
    } catch (const SqliteError& error) {
      refuse_sqlite(error, table);
    }
    return false;
  }

 private:
  void refuse(const Error& error) const {
    if (damage_ == nullptr)
      throw Error(error.id(), error.message(), error.remedy()).at(error.place()).at(file_.string());
    damage_->add(error.place() + ": " + error.message());
  }
  void refuse_sqlite(const SqliteError& error, const std::string& place) const {
    if (damage_ == nullptr || error.id() != Message::storage_damaged) throw error;
    damage_->add(place + ": " + error.reason());
  }

  std::filesystem::path file_;
  Damage* damage_;
};

}  // namespace tuner::storage
