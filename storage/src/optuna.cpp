#include "tuner/storage/optuna.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <system_error>

#include "connection.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/text.hpp"

namespace tuner::storage {

namespace {

namespace fs = std::filesystem;

// As SQLAlchemy writes it.
constexpr const char* kSchema = R"(
CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256),
  PRIMARY KEY (version_info_id), CHECK (version_info_id = 1));
CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL, study_id INTEGER NOT NULL,
  objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective),
  FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, "key" VARCHAR(512),
  value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, "key"),
  FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER, "key" VARCHAR(512),
  value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, "key"),
  FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,
  datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id),
  FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE INDEX trials_study_id_key ON trials (study_id);
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, "key" VARCHAR(512),
  value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, "key"),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER, "key" VARCHAR(512),
  value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, "key"),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
  distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL,
  value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
  step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL,
  PRIMARY KEY (trial_intermediate_value_id), UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
  heartbeat DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
INSERT INTO version_info VALUES (1, 12, '3.0.0');
)";

// A number that is not finite is NULL beside its name.
struct Stored {
  std::optional<double> number;
  const char* type;
};
Stored stored(double value) {
  if (std::isnan(value)) return {std::nullopt, "NAN"};
  if (std::isinf(value)) return {std::nullopt, value > 0 ? "INF_POS" : "INF_NEG"};
  return {value, "FINITE"};
}
double number_from(const Rows& row, int value, int type) {
  const std::string name = row.optional_text(type);
  if (name == "INF_POS") return std::numeric_limits<double>::infinity();
  if (name == "INF_NEG") return -std::numeric_limits<double>::infinity();
  return row.is_null(value) ? std::numeric_limits<double>::quiet_NaN() : row.real(value);
}

std::optional<std::string> optional_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void write_trial(Connection& connection, std::int64_t id, const OptunaTrial& trial) {
  connection.prepared("INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)")
      .run(id, trial.number, trial.state, optional_text(trial.started), optional_text(trial.finished));
  for (const auto& [name, value, distribution] : trial.parameters)
    connection
        .prepared("INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)")
        .run(id, name, value, distribution);
  for (std::size_t i = 0; i < trial.values.size(); ++i) {
    const Stored value = stored(trial.values[i]);
    connection.prepared("INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)")
        .run(id, i, value.number, std::string_view(value.type));
  }
  for (const auto& [step, measured] : trial.intermediate) {
    const Stored value = stored(measured);
    connection
        .prepared(
            "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
            "VALUES (?, ?, ?, ?)")
        .run(id, step, value.number, std::string_view(value.type));
  }
  for (const auto& [key, json] : trial.attributes)
    connection.prepared("INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)")
        .run(id, key, json);
  if (trial.constraints.empty()) return;
  Json constraints = Json::array();
  for (const double constraint : trial.constraints) constraints.push_back(constraint);
  connection.prepared("INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (?, 'constraints', ?)")
      .run(id, constraints.line());
}

void write_all(const fs::path& file, const OptunaStudy& study, OptunaSchema schema) {
  Connection connection(file, Connection::Mode::create);
  Transaction transaction(connection);
  connection.execute(kSchema);
  if (schema != OptunaSchema::none)
    connection.execute(
        fmt::format("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT "
                    "alembic_version_pkc PRIMARY KEY (version_num)); INSERT INTO alembic_version VALUES "
                    "('{}')",
                    schema == OptunaSchema::v3_0 ? "v3.0.0.d" : "v3.2.0.a"));
  connection.prepared("INSERT INTO studies VALUES (1, ?)").run(study.name);
  for (std::size_t i = 0; i < study.directions.size(); ++i)
    connection.prepared("INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, ?)")
        .run(std::string_view(study.directions[i] == Goal::minimize ? "MINIMIZE" : "MAXIMIZE"), i);
  std::int64_t id = 0;
  for (const OptunaTrial& trial : study.trials) write_trial(connection, ++id, trial);
  transaction.commit();
}

// Opens a file of Optuna's for reading.
Connection opened(const fs::path& file) {
  if (std::error_code none; !fs::is_regular_file(file, none))
    throw Error(Message::storage_cannot_open, fmt::format("{}: there is no such file", file.string()),
                "name a SQLite file of Optuna: the path in sqlite:///PATH");
  return Connection(file, Connection::Mode::existing);
}
void require_optuna(Connection& connection) try {
  static_cast<void>(connection.integer("SELECT schema_version FROM version_info"));
} catch (const SqliteError&) {
  throw Error(Message::storage_not_a_database, fmt::format("{} is no database of Optuna", connection.file().string()),
              "name a SQLite file that its RDBStorage made");
}

OptunaTrial read_trial(Connection& connection, const Rows& row) {
  OptunaTrial trial{.number = row.count(1),
                    .state = row.text(2),
                    .started = row.optional_text(3),
                    .finished = row.optional_text(4),
                    .values = {},
                    .parameters = {},
                    .intermediate = {},
                    .attributes = {}};
  const std::int64_t id = row.integer(0);
  Rows value =
      connection.prepared("SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective").query(id);
  while (value.next()) trial.values.push_back(number_from(value, 0, 1));
  Rows constraints =
      connection.prepared("SELECT value_json FROM trial_system_attributes WHERE trial_id = ? AND key = 'constraints'")
          .query(id);
  if (constraints.next())
    for (const Json& constraint : Json::parse(constraints.text(0)))
      trial.constraints.push_back(constraint.get<double>());
  Rows parameter = connection
                       .prepared(
                           "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = "
                           "? ORDER BY param_id")
                       .query(id);
  while (parameter.next()) trial.parameters.push_back({parameter.text(0), parameter.real(1), parameter.text(2)});
  Rows point = connection
                   .prepared(
                       "SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values "
                       "WHERE trial_id = ? ORDER BY step")
                   .query(id);
  while (point.next()) trial.intermediate.push_back({point.integer(0), number_from(point, 1, 2)});
  return trial;
}

}  // namespace

void write_optuna(const fs::path& file, const OptunaStudy& study, OptunaSchema schema) {
  if (std::error_code none; fs::exists(fs::symlink_status(file, none)))
    throw Error(Message::storage_cannot_open, fmt::format("{}: there is a file of that name", file.string()),
                "name a new one: nothing is added to a database of Optuna");
  fs::path part = file;
  part += ".part";
  std::error_code none;
  fs::remove(part, none);
  try {
    write_all(part, study, schema);
    fs::rename(part, file);
  } catch (const fs::filesystem_error& error) {
    fs::remove(part, none);
    throw Error(Message::storage_failed, fmt::format("{}: {}", file.string(), error.code().message()),
                "name a file in a folder that you may write to");
  } catch (...) {
    fs::remove(part, none);
    throw;
  }
}

std::vector<std::string> optuna_studies(const fs::path& file) {
  Connection connection = opened(file);
  require_optuna(connection);
  std::vector<std::string> names;
  Rows row = connection.prepared("SELECT study_name FROM studies ORDER BY study_id").query();
  while (row.next()) names.push_back(row.text(0));
  return names;
}

OptunaStudy read_optuna(const fs::path& file, const std::string& name) {
  Connection connection = opened(file);
  require_optuna(connection);
  const Snapshot snapshot(connection);
  OptunaStudy study{.name = name, .directions = {}, .trials = {}};
  Rows found = connection.prepared("SELECT study_id FROM studies WHERE study_name = ?").query(name);
  if (!found.next())
    throw Error(Message::usage_no_such_study, fmt::format("{}: there is no study '{}'", file.string(), shown(name)),
                did_you_mean(name, optuna_studies(file)));
  const std::int64_t id = found.integer(0);
  Rows direction =
      connection.prepared("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective").query(id);
  while (direction.next())
    study.directions.push_back(direction.text(0) == "MAXIMIZE" ? Goal::maximize : Goal::minimize);
  Rows trial = connection
                   .prepared(
                       "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE "
                       "study_id = ? ORDER BY number")
                   .query(id);
  while (trial.next()) study.trials.push_back(read_trial(connection, trial));
  return study;
}

}  // namespace tuner::storage
