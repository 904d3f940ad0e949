#include "tuner/storage/store.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "cells.hpp"
#include "diff.hpp"
#include "impl.hpp"
#include "open.hpp"
#include "ranks.hpp"
#include "reading.hpp"
#include "tuner/json.hpp"
#include "tuner/plan.hpp"

namespace tuner::storage {
namespace {

// Do two plans differ in nothing but how long a trial is trained?
bool differ_in_length(const std::string& before, const std::string& now) {
  const auto without_length = [](const std::string& plan) {
    Json json = Json::parse(plan);
    Json training = Json::object();
    for (const auto& [key, value] : json.at("training").items())
      if (key != "steps" && key != "epochs") training[key] = value;
    json["training"] = std::move(training);
    return json.dump(1);
  };
  try {
    return without_length(before) == without_length(now);
  } catch (const std::logic_error&) {
    return false;  // no canonical plans
  }
}

bool has_grown(const StudyRecord& study, const std::string& recorded) {
  const std::string before = plan_identity(recorded);
  return !study.grown_from.empty() && before == plan_identity(study.grown_from) && before != plan_identity(study.plan);
}

// Returns what to warn of.
std::vector<std::string> check_plan(const Connection& connection, const StudyRecord& study,
                                    const std::string& recorded) {
  std::vector<std::string> warnings;
  const std::string before = plan_identity(recorded);
  const std::string now = plan_identity(study.plan);
  if (before == now || has_grown(study, recorded)) return warnings;
  if (const auto moved = moved_paths(before, plan_identity(study.plan_by_path))) {
    for (const auto& [old_path, new_path] : *moved)
      warnings.push_back(
          fmt::format("the study recorded '{}' without its content, as an earlier version did; it goes on with '{}'",
                      old_path, new_path));
    return warnings;
  }
  std::string changed;
  for (const auto& [path, sha256] : study.files)
    if (recorded.find(sha256) == std::string::npos)
      changed += fmt::format("The study did not begin with this content of {} (sha256 {}).\n  ", path, sha256);
  if (differ_in_length(before, now))
    changed +=
        "How long a trial is trained is part of a study, as schedules follow it: a longer run is another trial, which "
        "begins anew.\n  ";
  if (!study.not_grown.empty()) changed += study.not_grown + "\n  ";
  throw Error(
      Message::storage_other_plan,
      fmt::format("study '{}' is there already, with another plan (- recorded, + this one):\n{}", study.name,
                  line_diff(before, now)),
      changed + fmt::format("Give this sweep another name (study: {}-2), erase the recorded study and its trials with "
                            "--fresh, or use another database (--db FILE).",
                            study.name))
      .at(connection.file().string());
}

// Trials of that outcome become cancelled ones, which are run again. How many there were.
std::int64_t reopen(Connection& connection, std::int64_t id, std::string_view outcome) {
  std::int64_t trials = 0;
  {
    Rows row =
        connection.prepared("SELECT trials FROM outcome_counts WHERE study_id = ? AND outcome = ?").query(id, outcome);
    if (row.next()) trials = row.integer(0);
  }
  if (trials == 0) return 0;
  const std::vector<RepeatedTrial> repeated = replicates_with(connection, id, outcome);
  connection.prepared("UPDATE trials SET outcome = 'cancelled', error = NULL WHERE study_id = ? AND outcome = ?")
      .run(id, outcome);
  const ConfigurationRules rules = read_rules(connection, id);
  for (const RepeatedTrial& trial : repeated) rank_configuration(connection, id, trial, rules);
  connection.prepared("UPDATE outcome_counts SET trials = 0 WHERE study_id = ? AND outcome = ?").run(id, outcome);
  connection
      .prepared(
          "INSERT INTO outcome_counts (study_id, outcome, trials) VALUES (?, 'cancelled', ?) "
          "ON CONFLICT DO UPDATE SET trials = trials + excluded.trials")
      .run(id, trials);
  return trials;
}

// Trials that timed out are run again where they have more time now.
void reopen_timed_out(Connection& connection, std::int64_t id, double before, double limit, std::string_view now) {
  if (before == 0 || (limit != 0 && limit <= before)) return;
  const std::int64_t trials = reopen(connection, id, "timed_out");
  if (trials == 0) return;
  const std::string text =
      fmt::format("{} timed out trial{}: the time limit was {:g} s and is {}", trials, trials == 1 ? "" : "s", before,
                  limit == 0 ? std::string("none") : fmt::format("{:g} s", limit));
  connection.prepared("INSERT INTO events (study_id, at, kind, text) VALUES (?, ?, 'reopened', ?)").run(id, now, text);
}

std::int64_t insert_study(Connection& connection, const StudyRecord& study, std::string_view now) {
  Rows row = connection
                 .prepared(
                     "INSERT INTO studies (name, config, config_sha256, plan, metric, goal, seed, created_at, "
                     "tuner_version, search_version, repeats, on_failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                     "RETURNING id")
                 .query(study.name, study.config_text, study.config_sha256, study.plan, study.metric,
                        to_string(study.goal), study.seed, now, study.tuner_version, study.search_version,
                        study.repeats, to_string(study.on_failure));
  row.next();
  const std::int64_t id = row.integer(0);
  row.next();  // an INSERT is complete only after its last row
  return id;
}

void record_overrides(Connection& connection, std::int64_t id, const std::vector<std::string>& overrides) {
  connection.prepared("DELETE FROM study_overrides WHERE study_id = ?").run(id);
  Statement& row = connection.prepared("INSERT INTO study_overrides (study_id, position, text) VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < overrides.size(); ++i) row.run(id, i, overrides[i]);
}

// Keeps what the study is now, before its plan becomes another one.
void keep_version(Connection& connection, std::int64_t id, std::string_view now) {
  Json overrides = Json::array();
  {
    Rows row = connection.prepared("SELECT text FROM study_overrides WHERE study_id = ? ORDER BY position").query(id);
    while (row.next()) overrides.push_back(row.text(0));
  }
  connection
      .prepared(
          "INSERT INTO study_versions (study_id, version, config, overrides, plan, replaced_at, proposals) "
          "SELECT id, (SELECT count(*) FROM study_versions WHERE study_id = studies.id), config, ?, plan, ?, "
          "CASE journal WHEN 1 THEN (SELECT count(*) FROM proposals WHERE study_id = studies.id) END "
          "FROM studies WHERE id = ?")
      .run(overrides.dump(), now, id);
  connection
      .prepared("INSERT INTO events (study_id, at, kind, text) VALUES (?, ?, 'grown', 'its space has more values now')")
      .run(id, now);
}

// An earlier version made none, and somebody may have deleted a study by hand.
void make_study_views(Connection& connection) try {
  Transaction transaction(connection);
  make_missing_study_views(connection, MakeViews::kept);
  transaction.commit();
} catch (const SqliteError&) {
  // Nobody needs them to write; what is wrong with the file shows there.
}

}  // namespace

Store::Impl::~Impl() {
  if (!connection || study_id == 0) return;
  try {
    release_lease(*connection, study_id, token);
  } catch (const Error&) {
    // The lease ends with the process anyhow.
  }
}

void Store::Impl::check_place() {
  if (!place) return;
  const std::string problem = place->problem();
  if (problem.empty()) return;
  try {
    release_lease(*connection, study_id, token);  // nobody runs the copy
  } catch (const Error&) {
    // It ends with the process anyhow.
  }
  place->give_up(*connection, study_name, problem);
}

Store::Store(const std::filesystem::path& file, Access access, Durability durability, Network network)
    : impl_(std::make_unique<Impl>()) {
  impl_->connection = open_database(file, access, durability, migrations(), network);
  if (access == Access::read_only) return;
  impl_->place.emplace(impl_->connection->file());
  if (lacks_study_views(*impl_->connection)) make_study_views(*impl_->connection);
}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

std::shared_ptr<const void> Store::snapshot() const { return std::make_shared<Snapshot>(*impl_->connection); }

std::vector<std::string> Store::open_study(const StudyRecord& study) {
  Connection& connection = *impl_->connection;
  const std::string now = iso8601(now_ms());
  Transaction transaction(connection);
  std::int64_t id = 0;
  std::string recorded;
  std::vector<std::string> warnings;
  {
    Rows row = connection.prepared("SELECT id, plan FROM studies WHERE name = ?").query(study.name);
    if (row.next()) {
      id = row.integer(0);
      Reading(connection, nullptr)
          .row([&] { return fmt::format("study '{}'", study.name); },
               [&] { recorded = in_table("studies", [&] { return row.text(1); }); });
    }
  }
  if (id == 0) {
    id = insert_study(connection, study, now);
  } else {
    warnings = check_plan(connection, study, recorded);
    check_free(connection, study.name, impl_->token);
    if (has_grown(study, recorded)) keep_version(connection, id, now);
    reopen_timed_out(connection, id, plan_time_limit(recorded), plan_time_limit(study.plan), now);
    connection.prepared("UPDATE studies SET config = ?, config_sha256 = ?, plan = ?, tuner_version = ? WHERE id = ?")
        .run(study.config_text, study.config_sha256, study.plan, study.tuner_version, id);
  }
  record_overrides(connection, id, study.overrides);
  if (impl_->study_id != 0) release_lease(connection, impl_->study_id, impl_->token);
  take_lease(connection, id, impl_->token, now);
  const std::int64_t recent_ranks = count_recent_ranks(connection, id);
  const ConfigurationRules rules = read_rules(connection, id);
  const std::int64_t recent_configurations = count_recent_configurations(connection, id);
  StudyView view(connection, id, study.name);
  transaction.commit();
  impl_->study_id = id;
  impl_->study_name = study.name;
  impl_->goal = study.goal;
  impl_->recent_ranks = recent_ranks;
  impl_->next_entry.reset();
  impl_->rules = rules;
  impl_->recent_configurations = recent_configurations;
  impl_->view = std::move(view);
  return warnings;
}

std::uint64_t Store::reopen_failed() {
  check_open(impl_->study_id);
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  check_held(connection, impl_->study_id, impl_->study_name, impl_->token);
  const std::int64_t trials =
      reopen(connection, impl_->study_id, "failed") + reopen(connection, impl_->study_id, "timed_out");
  transaction.commit();
  return static_cast<std::uint64_t>(trials);
}

void Store::rename_study(std::string_view name, std::string_view to) {
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  const std::int64_t id = find_study(connection, name);
  check_free(connection, name, impl_->token);
  {
    Rows row = connection.prepared("SELECT 1 FROM studies WHERE name = ?").query(to);
    if (row.next())
      throw Error(Message::usage_bad_option, fmt::format("there is a study '{}' already", to), "give another name");
  }
  connection.prepared("UPDATE studies SET name = ? WHERE id = ?").run(to, id);
  drop_study_view(connection, name);
  static_cast<void>(StudyView(connection, id, std::string(to)));
  transaction.commit();
}

void Store::copy_compact(const std::filesystem::path& file) const {
  if (std::error_code none; std::filesystem::exists(std::filesystem::symlink_status(file, none)))
    throw Error(Message::storage_cannot_open, fmt::format("{}: there is a file of that name", file.string()),
                "name a new one");
  std::filesystem::path part = file;
  part += ".part";
  std::error_code none;
  std::filesystem::remove(part, none);
  try {
    // A reader's own connection may not even write to other files.
    Connection reading(impl_->connection->file(), Connection::Mode::existing);
    reading.prepared("VACUUM INTO ?").run(part.string());
    std::filesystem::permissions(part, std::filesystem::perms::owner_read | std::filesystem::perms::group_read |
                                           std::filesystem::perms::others_read);
    std::filesystem::rename(part, file);
  } catch (const std::filesystem::filesystem_error& error) {
    std::filesystem::remove(part, none);
    throw Error(Message::storage_failed, fmt::format("{}: {}", file.string(), error.code().message()),
                "name a file in a folder that you may write to");
  } catch (...) {
    std::filesystem::remove(part, none);
    throw;
  }
}

void Store::erase_study(std::string_view name) {
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  check_free(connection, name, impl_->token);
  // Table by table; the triggers, which do it row by row, find nothing left.
  for (const char* table :
       {"metrics", "trial_parameters", "trial_plugins", "events", "ranks", "recent_ranks", "proposals", "observations",
        "reports", "ends", "reviews", "evidence", "study_versions", "configurations", "configuration_ranks", "trials"})
    connection.prepared(fmt::format("DELETE FROM {} WHERE study_id IN (SELECT id FROM studies WHERE name = ?)", table))
        .run(name);
  connection.prepared("DELETE FROM studies WHERE name = ?").run(name);
  drop_study_view(connection, name);
  transaction.commit();
  if (impl_->study_name == name) {
    impl_->study_id = 0;
    impl_->study_name.clear();
  }
}

}  // namespace tuner::storage
