#include <fmt/format.h>

#include "cells.hpp"
#include "connection.hpp"
#include "impl.hpp"
#include "reading.hpp"
#include "tuner/storage/store.hpp"

// They are events of the kinds note and tag, and go where their trial goes.
namespace tuner::storage {
namespace {

// Errors: usage.no_such_trial, .bad_option.
void check_kept(Connection& connection, std::int64_t id, std::string_view study, std::uint64_t trial) {
  Rows row = connection.prepared("SELECT outcome FROM trials WHERE study_id = ? AND number = ?").query(id, trial);
  if (!row.next())
    throw Error(Message::usage_no_such_trial, fmt::format("study '{}' has no trial {}", study, trial),
                fmt::format("See what it has: tuner trials {}", study))
        .at(connection.file().string());
  const std::string outcome = row.text(0);
  if (outcome != "cancelled" && outcome != "paused") return;
  throw Error(
      Message::usage_bad_option,
      fmt::format("trial {} of study '{}' is {}: its row is replaced where it goes on, and what is written down "
                  "of it would be lost",
                  trial, study, outcome),
      "write it down of the study, or once the trial has ended");
}

void add(Connection& connection, std::string_view study, std::optional<std::uint64_t> trial, std::string_view kind,
         std::string_view text, bool once) {
  Transaction transaction(connection);
  const std::int64_t id = find_study(connection, study);
  if (trial) check_kept(connection, id, study, *trial);
  Rows known = connection.prepared("SELECT 1 FROM events WHERE study_id = ? AND number IS ? AND kind = ? AND text = ?")
                   .query(id, trial, kind, text);
  if (!once || !known.next())
    connection.prepared("INSERT INTO events (study_id, number, at, kind, text) VALUES (?, ?, ?, ?, ?)")
        .run(id, trial, iso8601(now_ms()), kind, text);
  transaction.commit();
}

}  // namespace

void Store::add_note(std::string_view study, std::optional<std::uint64_t> trial, std::string_view text) {
  add(*impl_->connection, study, trial, "note", text, false);
}

void Store::add_tag(std::string_view study, std::optional<std::uint64_t> trial, std::string_view tag) {
  add(*impl_->connection, study, trial, "tag", tag, true);
}

bool Store::remove_tag(std::string_view study, std::optional<std::uint64_t> trial, std::string_view tag) {
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  const std::int64_t id = find_study(connection, study);
  Rows row =
      connection
          .prepared("DELETE FROM events WHERE study_id = ? AND number IS ? AND kind = 'tag' AND text = ? RETURNING id")
          .query(id, trial, tag);
  const bool found = row.next();
  while (found && row.next()) {
  }
  transaction.commit();
  return found;
}

Annotations Store::annotations(std::string_view study, std::optional<std::uint64_t> trial) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  Annotations annotations;
  const auto read = [&](std::string_view kind, const char* order, std::vector<std::string>& into) {
    Rows row = connection
                   .prepared(fmt::format("SELECT text FROM events WHERE study_id = ? AND number IS ? AND kind = ? "
                                         "ORDER BY {}",
                                         order))
                   .query(id, trial, kind);
    while (row.next()) into.push_back(in_table("events", [&] { return row.text(0); }));
  };
  read("note", "id", annotations.notes);
  read("tag", "text", annotations.tags);
  return annotations;
}

std::map<std::uint64_t, std::vector<std::string>> Store::tags_of_trials(std::string_view study, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::map<std::uint64_t, std::vector<std::string>> tags;
  const Reading reading(connection, damage);
  Rows row = connection
                 .prepared(
                     "SELECT number, text FROM events WHERE study_id = ? AND number IS NOT NULL AND kind = 'tag' "
                     "ORDER BY number, text")
                 .query(find_study(connection, study));
  while (reading.next(row, "events"))
    reading.row([&] { return words_of_trial(study, row.shown(0)); },
                [&] { in_table("events", [&] { tags[row.count(0)].push_back(row.text(1)); }); });
  return tags;
}

}  // namespace tuner::storage
