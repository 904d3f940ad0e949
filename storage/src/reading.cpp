#include "reading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema.hpp"

namespace tuner::storage {

bool has_replicates(Connection& connection) { return connection.integer("PRAGMA user_version") >= kReplicatesVersion; }

std::string words_of_study(std::string_view study) { return fmt::format("study '{}'", study); }

std::string words_of_trial(std::string_view study, const std::string& number) {
  return fmt::format("trial {} of study '{}'", number, study);
}

Outcome outcome_of(const Rows& row, int column) {
  if (const auto outcome = outcome_from(row.text(column))) return *outcome;
  row.refuse(column, "an outcome");
}

std::int64_t limit_of(std::uint64_t limit) {
  return limit == 0 ? -1 : static_cast<std::int64_t>(std::min<std::uint64_t>(limit, INT64_MAX));
}

void Damage::add(std::string line) {
  constexpr std::size_t kShown = 20;
  ++count_;
  if (lines_.size() < kShown) lines_.push_back(std::move(line));
}

void Damage::raise(const std::filesystem::path& file) const {
  if (empty()) return;
  std::string list;
  for (const std::string& line : lines_) list += "\n  " + line;
  if (count_ > lines_.size()) list += fmt::format("\n  ... and {} more", count_ - lines_.size());
  throw Error(Message::storage_damaged, fmt::format("what cannot be read was left out:{}", list),
              std::string(kDamagedRemedy))
      .at(file.string());
}

}  // namespace tuner::storage
