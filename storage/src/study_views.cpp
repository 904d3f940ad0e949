#include "study_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "cells.hpp"
#include "parameters.hpp"
#include "reading.hpp"

namespace tuner::storage {
namespace {

constexpr std::string_view kPrefix = "runs_";
// Those of `runs` but parameters. tests/storage/study_views_test.cpp compares them.
constexpr std::string_view kColumns[] = {"number",      "outcome",     "value",         "seed",
                                         "steps",       "evaluations", "wall_seconds",  "started_at",
                                         "finished_at", "error",       "configuration", "replicate"};
// SQLite takes 2000 columns and a million bytes of SQL.
constexpr std::size_t kMostParameters = 1900, kMostBytes = 800'000;

std::string without_case(std::string_view name) {
  std::string result(name);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// "CREATE VIEW name AS SELECT 'study' AS study, t.number AS number, ...", up to the parameters.
std::string head_of(std::string_view view) { return fmt::format("CREATE VIEW {} AS SELECT ", sql_identifier(view)); }
std::string fixed_columns() {
  std::string sql = " AS study";
  for (const std::string_view column : kColumns) sql += fmt::format(", t.{0} AS {0}", column);
  return sql;
}
constexpr std::string_view kParameter =
    ",\n  (SELECT p.value FROM trial_parameters AS p WHERE p.study_id = t.study_id AND p.number = t.number AND p.name "
    "= ";
constexpr std::string_view kAs = ") AS ";
constexpr std::string_view kTail = "\nFROM studies AS s JOIN trials AS t ON t.study_id = s.id WHERE s.name = ";

// A name that SQL takes without quotes: '_' for what may not be in one. In quotes a name that is misspelled would be a
// text, without a word of SQLite's.
std::string plain_name(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!is_letter && (c < '0' || c > '9')) c = '_';
  }
  return plain;
}

std::string column_name(const std::string& parameter, std::set<std::string>& taken) {
  const std::string plain = plain_name(parameter);
  std::string name = plain;
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || taken.contains(without_case(name))) name = "param_" + plain;
  for (int number = 2; taken.contains(without_case(name)); ++number) name = fmt::format("param_{}_{}", plain, number);
  taken.insert(without_case(name));
  return name;
}

// What follows CREATE.
std::string view_sql(std::string_view view, std::string_view study, const std::vector<std::string>& parameters) {
  std::string sql = fmt::format("VIEW {} AS SELECT {}{}", sql_identifier(view), sql_literal(study), fixed_columns());
  std::set<std::string> taken{"study"};
  taken.insert(std::begin(kColumns), std::end(kColumns));
  std::size_t count = 0;
  for (const std::string& name : parameters) {
    if (name.find('\0') != std::string::npos || ++count > kMostParameters || sql.size() > kMostBytes) continue;
    sql += fmt::format("{}{}{}{}", kParameter, sql_literal(name), kAs, sql_identifier(column_name(name, taken)));
  }
  return sql += fmt::format("{}{}", kTail, sql_literal(study));
}

bool take(std::string_view& rest, std::string_view text) {
  if (!rest.starts_with(text)) return false;
  rest.remove_prefix(text.size());
  return true;
}
// What was quoted; nothing where no quote stands there.
std::optional<std::string> take_quoted(std::string_view& rest, char quote) {
  if (!rest.starts_with(quote)) return std::nullopt;
  std::string text;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == quote) {
      if (at + 1 == rest.size() || rest[at + 1] != quote) {
        rest.remove_prefix(at + 1);
        return text;
      }
      ++at;
    }
    text += rest[at];
  }
  return std::nullopt;
}

struct Found {
  std::string view;
  std::optional<std::vector<std::string>> parameters;  // nothing: made by another version, in other words
};

// The views that are those of studies, by study.
std::multimap<std::string, Found> views_of_studies(Connection& connection) {
  std::multimap<std::string, Found> views;
  Rows row =
      connection
          .prepared(
              "SELECT name, sql FROM sqlite_schema WHERE type = 'view' AND substr(name, 1, 5) = 'runs_' UNION ALL "
              "SELECT name, sql FROM sqlite_temp_schema WHERE type = 'view' AND substr(name, 1, 5) = 'runs_'")
          .query();
  while (row.next()) {
    if (!row.is_text(0) || !row.is_text(1)) continue;
    Found found{.view = row.text(0), .parameters = {}};
    const std::string sql = row.text(1);
    std::string_view rest = sql;
    if (!take(rest, head_of(found.view))) continue;  // somebody's own
    const auto study = take_quoted(rest, '\'');
    if (!study || !rest.starts_with(" AS study, ")) continue;
    std::vector<std::string> parameters;
    bool known = take(rest, fixed_columns());
    while (known && take(rest, kParameter)) {
      auto name = take_quoted(rest, '\'');
      known = name && take(rest, kAs) && take_quoted(rest, '"');
      if (known) parameters.push_back(std::move(*name));
    }
    if (known && take(rest, kTail)) found.parameters = std::move(parameters);
    views.emplace(*study, std::move(found));
  }
  return views;
}

// Studies whose names differ in case, '-' and '_' alone would have the same.
std::string free_view_name(Connection& connection, std::string_view study) {
  const std::string base = fmt::format("{}{}", kPrefix, plain_name(study));
  std::string name = base;
  for (int number = 2;; ++number) {
    Rows row = connection
                   .prepared(
                       "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE UNION ALL SELECT 1 FROM "
                       "sqlite_temp_schema WHERE name = ?1 COLLATE NOCASE")
                   .query(name);
    if (!row.next()) return name;
    name = fmt::format("{}_{}", base, number);
  }
}

std::vector<std::string> parameters_of_study(Connection& connection, std::int64_t study_id) {
  Damage ignored;  // whoever reads the trials says it
  return names_of_parameters(connection, study_id, Reading(connection, &ignored));
}

std::map<std::string, std::int64_t> ids_of_studies(Connection& connection) {
  std::map<std::string, std::int64_t> ids;
  Rows row = connection.prepared("SELECT name, id FROM studies ORDER BY id").query();
  while (row.next())
    if (row.is_text(0)) ids.emplace(row.text(0), row.integer(1));
  return ids;
}

}  // namespace

bool lacks_study_views(Connection& connection) {
  const auto views = views_of_studies(connection);
  const auto ids = ids_of_studies(connection);
  return std::ranges::any_of(ids, [&](const auto& study) { return !views.contains(study.first); }) ||
         std::ranges::any_of(views, [&](const auto& view) { return !ids.contains(view.first); });
}

void make_missing_study_views(Connection& connection, MakeViews where) {
  const auto views = views_of_studies(connection);
  const auto ids = ids_of_studies(connection);
  if (where == MakeViews::kept)
    for (const auto& [study, found] : views)
      if (!ids.contains(study)) connection.execute(fmt::format("DROP VIEW {}", sql_identifier(found.view)));
  for (const auto& [study, id] : ids)
    if (!views.contains(study))
      connection.execute(
          fmt::format("CREATE {}{}", where == MakeViews::temporary ? "TEMP " : "",
                      view_sql(free_view_name(connection, study), study, parameters_of_study(connection, id))));
}

void drop_study_view(Connection& connection, std::string_view study) {
  const auto views = views_of_studies(connection);
  const auto [first, last] = views.equal_range(std::string(study));
  for (auto found = first; found != last; ++found)
    connection.execute(fmt::format("DROP VIEW {}", sql_identifier(found->second.view)));
}

StudyView::StudyView(Connection& connection, std::int64_t study_id, std::string study) : study_(std::move(study)) {
  const auto views = views_of_studies(connection);
  if (const auto found = views.find(study_); found != views.end() && found->second.parameters) {
    names_ = *found->second.parameters;
    return;
  }
  names_ = parameters_of_study(connection, study_id);
  drop_study_view(connection, study_);
  connection.execute("CREATE " + view_sql(free_view_name(connection, study_), study_, names_));
}

void StudyView::add(Connection& connection, const Parameters& parameters) {
  // Most trials have the parameters of the one before.
  if (std::ranges::equal(parameters, last_, {},
                         [](const auto& parameter) -> const std::string& { return parameter.first; }))
    return;
  last_.clear();
  for (const auto& [name, value] : parameters) last_.push_back(name);
  const std::size_t before = names_.size();
  merge_names(last_, names_);
  if (names_.size() == before) return;
  drop_study_view(connection, study_);
  connection.execute("CREATE " + view_sql(free_view_name(connection, study_), study_, names_));
}

}  // namespace tuner::storage
