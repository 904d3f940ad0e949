#include <fmt/format.h>

#include "impl.hpp"
#include "reading.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

void Store::record_lr_suggestions(std::span<const LrSuggestion> suggestions) {
  check_open(impl_->study_id);
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  check_held(connection, impl_->study_id, impl_->study_name, impl_->token);
  connection.prepared("DELETE FROM lr_suggestions WHERE study_id = ?").run(impl_->study_id);
  Statement& insert = connection.prepared(
      "INSERT INTO lr_suggestions (study_id, position, branch, name, value, low, high, rule, note) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    const LrSuggestion& s = suggestions[i];
    insert.run(impl_->study_id, i, s.branch, s.name, s.value, s.low, s.high, s.rule, s.note);
  }
  transaction.commit();
  impl_->check_place();
}

std::vector<LrSuggestion> Store::lr_suggestions(std::string_view study, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const std::int64_t id = find_study(connection, study);
  const Reading reading(connection, damage);
  std::vector<LrSuggestion> suggestions;
  Rows row = connection
                 .prepared(
                     "SELECT branch, name, value, low, high, rule, note FROM lr_suggestions WHERE study_id = ? "
                     "ORDER BY position")
                 .query(id);
  while (reading.next(row, "lr_suggestions")) {
    const auto read = [&] {
      suggestions.push_back({.branch = row.text(0),
                             .name = row.text(1),
                             .value = row.optional_real(2),
                             .low = row.optional_real(3),
                             .high = row.optional_real(4),
                             .rule = row.text(5),
                             .note = row.text(6)});
    };
    reading.row([&] { return fmt::format("{} {} of study '{}'", row.shown(0), row.shown(1), study); },
                [&] { in_table("lr_suggestions", read); });
  }
  return suggestions;
}

}  // namespace tuner::storage
