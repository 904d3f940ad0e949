#include "schema.hpp"

#include <fmt/format.h>

namespace tuner::storage {
namespace {

// Columns named `value` have no declared type: SQLite then keeps what it is given (a REAL stays a REAL with all its
// bits, -0.0 included; 'nan' stays a text), where a REAL column would store whole numbers as integers.
//
// rank_key makes one index serve both goals: the smaller the better, NULL for what is not ranked.
constexpr const char* kMigration1 = R"sql(
CREATE TABLE studies (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL,
  config_sha256 TEXT NOT NULL,
  plan TEXT NOT NULL,
  metric TEXT NOT NULL,
  goal TEXT NOT NULL CHECK (goal IN ('minimize', 'maximize')),
  seed INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  tuner_version TEXT NOT NULL,
  lease_token TEXT,
  lease_pid INTEGER,
  lease_boot_id TEXT,
  lease_start_ticks INTEGER,
  lease_since TEXT
);

CREATE TABLE trials (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  outcome TEXT NOT NULL
    CHECK (outcome IN ('completed', 'pruned', 'diverged', 'failed', 'timed_out', 'cancelled')),
  value,
  parameters TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  steps INTEGER NOT NULL,
  epochs REAL NOT NULL,
  loss_evaluations INTEGER NOT NULL,
  gradient_evaluations INTEGER NOT NULL,
  hvp_evaluations INTEGER NOT NULL,
  evaluations INTEGER GENERATED ALWAYS AS (loss_evaluations + gradient_evaluations + hvp_evaluations) VIRTUAL,
  wall_seconds REAL NOT NULL,
  error TEXT,
  best_value,
  last_value,
  nonfinite_gradients INTEGER NOT NULL,
  target_step INTEGER,
  target_seconds REAL,
  rank_key REAL,
  PRIMARY KEY (study_id, number)
);
CREATE INDEX trials_ranked ON trials (study_id, outcome, rank_key, number);

CREATE TABLE trial_parameters (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('null', 'boolean', 'integer', 'number', 'text', 'list')),
  value,
  PRIMARY KEY (study_id, number, name),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE metrics (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value NOT NULL,
  PRIMARY KEY (study_id, number, name, step),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE plugins (
  plugin_key INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  path TEXT NOT NULL,
  abi_minor INTEGER NOT NULL,
  build_flags INTEGER NOT NULL,
  build TEXT NOT NULL,
  UNIQUE (kind, id, version, sha256, path, abi_minor, build_flags, build)
);

CREATE TABLE trial_plugins (
  study_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  position INTEGER NOT NULL,
  plugin_key INTEGER NOT NULL REFERENCES plugins (plugin_key),
  PRIMARY KEY (study_id, number, position),
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  FOREIGN KEY (study_id, number) REFERENCES trials (study_id, number) ON DELETE CASCADE
);
CREATE INDEX events_by_trial ON events (study_id, number);

CREATE VIEW runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error
FROM studies AS s JOIN trials AS t ON t.study_id = s.id;

CREATE VIEW best_runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error
FROM studies AS s JOIN trials AS t ON t.study_id = s.id
WHERE t.outcome = 'completed' AND t.rank_key IS NOT NULL
ORDER BY s.name, t.rank_key, t.number;

CREATE VIEW learning_curves AS
SELECT s.name AS study, m.number AS number, m.step AS step, m.name AS name, m.value AS value
FROM studies AS s JOIN metrics AS m ON m.study_id = s.id;
)sql";

constexpr const char* kMigration2 = R"sql(
CREATE TABLE lr_suggestions (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  branch TEXT NOT NULL,
  name TEXT NOT NULL,
  value,
  low,
  high,
  rule TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (study_id, position),
  UNIQUE (study_id, branch, name)
) WITHOUT ROWID;

CREATE VIEW learning_rates AS
SELECT s.name AS study, l.branch AS branch, l.name AS name, l.value AS value, l.low AS low, l.high AS high,
  l.rule AS rule, l.note AS note
FROM studies AS s JOIN lr_suggestions AS l ON l.study_id = s.id
ORDER BY s.name, l.position;
)sql";

// The index trials_ranked was hit at another page by every trial of a batch, so a trial took the longer to record the
// more there were. ranks.hpp says what stands in its place; outcome_counts, that nobody has to count a million of them.
//
// In best_runs, CROSS JOIN keeps the order of the loops, in which `ranks` needs no sorting.
constexpr const char* kMigration3 = R"sql(
CREATE TABLE ranks (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  rank_key REAL NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (study_id, rank_key, number)
) WITHOUT ROWID;
INSERT INTO ranks (study_id, rank_key, number)
SELECT study_id, rank_key, number FROM trials WHERE outcome = 'completed' AND rank_key IS NOT NULL
ORDER BY study_id, rank_key, number;

CREATE TABLE recent_ranks (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  rank_key REAL NOT NULL,
  PRIMARY KEY (study_id, number)
) WITHOUT ROWID;

DROP INDEX trials_ranked;
CREATE TABLE outcome_counts (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  outcome TEXT NOT NULL,
  trials INTEGER NOT NULL,
  PRIMARY KEY (study_id, outcome)
) WITHOUT ROWID;
INSERT INTO outcome_counts (study_id, outcome, trials)
SELECT study_id, outcome, count(*) FROM trials GROUP BY study_id, outcome;

DROP VIEW best_runs;
CREATE VIEW best_runs AS
SELECT study, number, outcome, value, parameters, seed, steps, evaluations, wall_seconds, started_at, finished_at, error
FROM (
  SELECT s.name AS study, r.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
    t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
    t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error, r.rank_key AS rank_key
  FROM studies AS s CROSS JOIN ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  UNION ALL
  SELECT s.name, r.number, t.outcome, t.value, t.parameters, t.seed, t.steps, t.evaluations, t.wall_seconds,
    t.started_at, t.finished_at, t.error, r.rank_key
  FROM studies AS s CROSS JOIN recent_ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  ORDER BY study, rank_key, number
);
)sql";

// What depends on a row goes with it, also where someone deletes by hand and PRAGMA foreign_keys is off, as it is in
// the sqlite3 shell. A build of a plugin stays as long as a trial names it.
constexpr const char* kMigration4 = R"sql(
CREATE TRIGGER trial_is_deleted AFTER DELETE ON trials BEGIN
  DELETE FROM trial_parameters WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM metrics WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM trial_plugins WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM events WHERE study_id = OLD.study_id AND number = OLD.number;
  DELETE FROM ranks WHERE study_id = OLD.study_id AND rank_key = OLD.rank_key AND number = OLD.number;
  DELETE FROM recent_ranks WHERE study_id = OLD.study_id AND number = OLD.number;
  UPDATE outcome_counts SET trials = trials - 1 WHERE study_id = OLD.study_id AND outcome = OLD.outcome;
END;

CREATE TRIGGER study_is_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM trials WHERE study_id = OLD.id;
  DELETE FROM events WHERE study_id = OLD.id;
  DELETE FROM lr_suggestions WHERE study_id = OLD.id;
  DELETE FROM ranks WHERE study_id = OLD.id;
  DELETE FROM recent_ranks WHERE study_id = OLD.id;
  DELETE FROM outcome_counts WHERE study_id = OLD.id;
END;

CREATE TRIGGER used_plugin_stays BEFORE DELETE ON plugins
WHEN EXISTS (SELECT 1 FROM trial_plugins AS u WHERE u.plugin_key = OLD.plugin_key) BEGIN
  SELECT RAISE(ABORT, 'a trial used this build of a plugin: delete that first');
END;
)sql";

// How the study's configurations follow from its plan; kSearchVersion of core's space.hpp says what the numbers mean.
constexpr const char* kMigration5 = R"sql(
ALTER TABLE studies ADD COLUMN search_version INTEGER NOT NULL DEFAULT 1;
)sql";

// A table, for a line of the config's text may look like whatever would mark an override there.
constexpr const char* kMigration6 = R"sql(
CREATE TABLE study_overrides (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (study_id, position)
) WITHOUT ROWID;

CREATE TRIGGER overrides_are_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM study_overrides WHERE study_id = OLD.id;
END;
)sql";

// A trial is a replicate of a configuration. Adding these columns rewrites no row: `repeats_so_far` is 0 where no
// configuration is repeated, and there a trial is a configuration of the same number.
//
// A study whose configurations have one replicate each is ranked by `ranks`, as before. Of the others `configurations`
// has what their replicates say together, and `configuration_ranks` the order; configurations.hpp says when a row is
// moved there. A row of `configurations` is there from the first of its trials that has ended on.
//
// SQLite may lack a square root where somebody deletes by hand, so the deviation of what is left is not known then.
constexpr const char* kMigration7 = R"sql(
ALTER TABLE studies ADD COLUMN repeats INTEGER NOT NULL DEFAULT 1;
ALTER TABLE studies ADD COLUMN on_failure TEXT NOT NULL DEFAULT 'rank_last';
ALTER TABLE trials ADD COLUMN replicate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN repeats_so_far INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN configuration INTEGER GENERATED ALWAYS AS (number - repeats_so_far) VIRTUAL;

CREATE TABLE configurations (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  configuration INTEGER NOT NULL,
  number INTEGER NOT NULL,
  due INTEGER NOT NULL,
  replicates INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  mean,
  standard_deviation,
  place INTEGER NOT NULL CHECK (place IN (0, 1, 2)),
  rank_key REAL,
  moved INTEGER NOT NULL CHECK (moved IN (0, 1)),
  PRIMARY KEY (study_id, configuration)
) WITHOUT ROWID;
CREATE INDEX recent_configurations ON configurations (study_id) WHERE moved = 0;

CREATE TABLE configuration_ranks (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  rank_key REAL NOT NULL,
  configuration INTEGER NOT NULL,
  PRIMARY KEY (study_id, place, rank_key, configuration)
) WITHOUT ROWID;

CREATE TRIGGER replicate_is_deleted AFTER DELETE ON trials
WHEN OLD.outcome <> 'cancelled' AND EXISTS (SELECT 1 FROM configurations AS c WHERE c.study_id = OLD.study_id
  AND c.configuration = OLD.number - OLD.repeats_so_far)
BEGIN
  DELETE FROM configuration_ranks WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far
    AND (place, rank_key) = (SELECT c.place, c.rank_key FROM configurations AS c WHERE c.study_id = OLD.study_id
      AND c.configuration = OLD.number - OLD.repeats_so_far);
  DELETE FROM configurations WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far
    AND replicates <= 1;
  UPDATE configurations
  SET (number, replicates, completed, mean, rank_key, place) = (
      SELECT min(t.number), count(*), count(t.rank_key), avg(CASE WHEN t.rank_key IS NOT NULL THEN t.value END),
        avg(t.rank_key), CASE WHEN s.on_failure = 'rank_last' AND
          count(CASE WHEN t.outcome <> 'pruned' AND t.rank_key IS NULL THEN 1 END) > 0 THEN 2 ELSE 1 END
      FROM trials AS t JOIN studies AS s ON s.id = t.study_id
      WHERE t.study_id = OLD.study_id AND t.outcome <> 'cancelled'
        AND t.number >= OLD.number - OLD.replicate AND t.number < OLD.number - OLD.replicate + due
        AND t.configuration = OLD.number - OLD.repeats_so_far),
    standard_deviation = NULL, moved = 0
  WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far;
END;

CREATE TRIGGER study_of_configurations_is_deleted BEFORE DELETE ON studies BEGIN
  DELETE FROM configurations WHERE study_id = OLD.id;
  DELETE FROM configuration_ranks WHERE study_id = OLD.id;
END;

DROP VIEW runs;
CREATE VIEW runs AS
SELECT s.name AS study, t.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
  t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
  t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error, t.configuration AS configuration,
  t.replicate AS replicate
FROM studies AS s JOIN trials AS t ON t.study_id = s.id;

DROP VIEW best_runs;
CREATE VIEW best_runs AS
SELECT study, number, outcome, value, parameters, seed, steps, evaluations, wall_seconds, started_at, finished_at, error,
  configuration, replicate
FROM (
  SELECT s.name AS study, r.number AS number, t.outcome AS outcome, t.value AS value, t.parameters AS parameters,
    t.seed AS seed, t.steps AS steps, t.evaluations AS evaluations, t.wall_seconds AS wall_seconds,
    t.started_at AS started_at, t.finished_at AS finished_at, t.error AS error, t.configuration AS configuration,
    t.replicate AS replicate, r.rank_key AS rank_key
  FROM studies AS s CROSS JOIN ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  UNION ALL
  SELECT s.name, r.number, t.outcome, t.value, t.parameters, t.seed, t.steps, t.evaluations, t.wall_seconds,
    t.started_at, t.finished_at, t.error, t.configuration, t.replicate, r.rank_key
  FROM studies AS s CROSS JOIN recent_ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  ORDER BY study, rank_key, number
);

CREATE VIEW best_configurations AS
SELECT study, configuration, number, mean, standard_deviation, completed, replicates, due, replicates >= due AS complete,
  parameters
FROM (
  SELECT s.name AS study, r.number AS configuration, r.number AS number, t.value AS mean, NULL AS standard_deviation,
    1 AS completed, 1 AS replicates, 1 AS due, t.parameters AS parameters, 0 AS place, r.rank_key AS rank_key
  FROM studies AS s CROSS JOIN ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  WHERE s.repeats = 1
  UNION ALL
  SELECT s.name, r.number, r.number, t.value, NULL, 1, 1, 1, t.parameters, 0, r.rank_key
  FROM studies AS s CROSS JOIN recent_ranks AS r ON r.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = r.study_id AND t.number = r.number
  WHERE s.repeats = 1
  UNION ALL
  SELECT s.name, r.configuration, c.number, c.mean, c.standard_deviation, c.completed, c.replicates, c.due,
    t.parameters, r.place, r.rank_key
  FROM studies AS s CROSS JOIN configuration_ranks AS r ON r.study_id = s.id
    CROSS JOIN configurations AS c ON c.study_id = r.study_id AND c.configuration = r.configuration
    CROSS JOIN trials AS t ON t.study_id = c.study_id AND t.number = c.number
  UNION ALL
  SELECT s.name, c.configuration, c.number, c.mean, c.standard_deviation, c.completed, c.replicates, c.due,
    t.parameters, c.place, c.rank_key
  FROM studies AS s CROSS JOIN configurations AS c INDEXED BY recent_configurations ON c.study_id = s.id
    CROSS JOIN trials AS t ON t.study_id = c.study_id AND t.number = c.number
  WHERE c.moved = 0 AND c.rank_key IS NOT NULL
  ORDER BY study, place, rank_key, configuration
);
)sql";

// The journal. An entry's number says its place among the entries of all three tables.
constexpr const char* kMigration8 = R"sql(
ALTER TABLE studies ADD COLUMN journal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN lag INTEGER;

CREATE TABLE proposals (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  proposal INTEGER NOT NULL,
  configuration INTEGER NOT NULL,
  parameters TEXT NOT NULL,
  PRIMARY KEY (study_id, entry)
) WITHOUT ROWID;

CREATE TABLE observations (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  proposal INTEGER NOT NULL,
  configuration INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  budget REAL NOT NULL,
  replicates INTEGER NOT NULL,
  replicate_values TEXT NOT NULL,
  mean,
  standard_deviation,
  PRIMARY KEY (study_id, entry)
) WITHOUT ROWID;

CREATE TABLE reports (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  number INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value,
  decision TEXT NOT NULL,
  next_step INTEGER,
  PRIMARY KEY (study_id, entry),
  UNIQUE (study_id, number, step)
) WITHOUT ROWID;

CREATE TRIGGER journal_is_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM proposals WHERE study_id = OLD.id;
  DELETE FROM observations WHERE study_id = OLD.id;
  DELETE FROM reports WHERE study_id = OLD.id;
END;
)sql";

// What a study was before its space grew: version 0 is what it began with, the last one stands in `studies`.
constexpr const char* kMigration9 = R"sql(
CREATE TABLE study_versions (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  config TEXT NOT NULL,
  overrides TEXT NOT NULL,
  plan TEXT NOT NULL,
  replaced_at TEXT NOT NULL,
  PRIMARY KEY (study_id, version)
) WITHOUT ROWID;

CREATE TRIGGER versions_are_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM study_versions WHERE study_id = OLD.id;
END;
)sql";

// A trial can be paused. SQLite cannot change a CHECK, so the text of the schema is changed, as its manual says
// (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"): no row is touched. IN
// makes an index anew for every row that is inserted, which took a fifth of the time of a study that learns.
constexpr const char* kMigration10 = R"sql(
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (outcome IN (''completed'', ''pruned'', ''diverged'', ''failed'', ''timed_out'', ''cancelled''))',
  'CHECK (outcome = ''completed'' OR outcome = ''pruned'' OR outcome = ''diverged'' OR outcome = ''failed''
      OR outcome = ''timed_out'' OR outcome = ''cancelled'' OR outcome = ''paused'')')
WHERE type = 'table' AND name = 'trials';
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (type IN (''null'', ''boolean'', ''integer'', ''number'', ''text'', ''list''))',
  'CHECK (type = ''number'' OR type = ''integer'' OR type = ''text'' OR type = ''boolean'' OR type = ''null''
      OR type = ''list'')')
WHERE type = 'table' AND name = 'trial_parameters';
PRAGMA writable_schema = RESET;

ALTER TABLE reports ADD COLUMN why TEXT;

CREATE TABLE ends (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  number INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  value,
  PRIMARY KEY (study_id, entry)
) WITHOUT ROWID;

CREATE TABLE reviews (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  number INTEGER NOT NULL,
  decision TEXT NOT NULL,
  next_step INTEGER,
  is_last INTEGER NOT NULL,
  why TEXT,
  PRIMARY KEY (study_id, entry)
) WITHOUT ROWID;
CREATE INDEX reviews_by_trial ON reviews (study_id, number);

CREATE TABLE evidence (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  entry INTEGER NOT NULL,
  from_study TEXT NOT NULL,
  from_number INTEGER NOT NULL,
  parameters TEXT NOT NULL,
  outcome TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  budget REAL NOT NULL,
  value,
  PRIMARY KEY (study_id, entry)
) WITHOUT ROWID;

CREATE TRIGGER reviews_are_deleted AFTER DELETE ON studies BEGIN
  DELETE FROM evidence WHERE study_id = OLD.id;
  DELETE FROM ends WHERE study_id = OLD.id;
  DELETE FROM reviews WHERE study_id = OLD.id;
END;
)sql";

// Constraints and several metrics. `violation` is the sum of the constraints' last values above 0, NULL where a trial
// has none. The others are JSON arrays, NULL where they are empty.
constexpr const char* kMigration11 = R"sql(
ALTER TABLE trials ADD COLUMN violation REAL;
ALTER TABLE observations ADD COLUMN further_means TEXT;
ALTER TABLE observations ADD COLUMN constraints TEXT;
ALTER TABLE evidence ADD COLUMN further_values TEXT;
ALTER TABLE evidence ADD COLUMN constraints TEXT;
)sql";

// A searcher may propose a configuration again, whose trials are then not neighbors: they are found by an index. A
// study that allows it has `repeats` 0, and `repeated_configuration` is NULL in all others.
constexpr const char* kMigration12 = R"sql(
ALTER TABLE trials ADD COLUMN repeated_configuration INTEGER;
CREATE INDEX repeated_trials ON trials (study_id, repeated_configuration) WHERE repeated_configuration IS NOT NULL;

DROP TRIGGER replicate_is_deleted;
CREATE TRIGGER replicate_is_deleted AFTER DELETE ON trials
WHEN OLD.outcome <> 'cancelled' AND EXISTS (SELECT 1 FROM configurations AS c WHERE c.study_id = OLD.study_id
  AND c.configuration = OLD.number - OLD.repeats_so_far)
BEGIN
  DELETE FROM configuration_ranks WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far
    AND (place, rank_key) = (SELECT c.place, c.rank_key FROM configurations AS c WHERE c.study_id = OLD.study_id
      AND c.configuration = OLD.number - OLD.repeats_so_far);
  DELETE FROM configurations WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far
    AND replicates <= 1;
  UPDATE configurations
  SET (number, replicates, completed, mean, rank_key, place) = (
      SELECT min(t.number), count(*), count(t.rank_key), avg(CASE WHEN t.rank_key IS NOT NULL THEN t.value END),
        avg(t.rank_key), CASE WHEN s.on_failure = 'rank_last' AND
          count(CASE WHEN t.outcome <> 'pruned' AND t.rank_key IS NULL THEN 1 END) > 0 THEN 2 ELSE 1 END
      FROM (
          SELECT * FROM trials WHERE study_id = OLD.study_id AND repeated_configuration = OLD.repeated_configuration
          UNION ALL
          SELECT * FROM trials WHERE OLD.repeated_configuration IS NULL AND study_id = OLD.study_id
            AND number >= OLD.number - OLD.replicate AND number < OLD.number - OLD.replicate + due
            AND configuration = OLD.number - OLD.repeats_so_far
        ) AS t JOIN studies AS s ON s.id = t.study_id
      WHERE t.outcome <> 'cancelled'),
    standard_deviation = NULL, moved = 0
  WHERE study_id = OLD.study_id AND configuration = OLD.number - OLD.repeats_so_far;
END;
)sql";

// How far the versions of a study that learns reach.
constexpr const char* kMigration13 = R"sql(
ALTER TABLE study_versions ADD COLUMN proposals INTEGER;
)sql";

constexpr Migration kMigrations[] = {
    {1, kMigration1},
    {2, kMigration2},
    {3, kMigration3},
    {4, kMigration4, ForReaders::none},
    {5, kMigration5, ForReaders::none},
    {6, kMigration6, ForReaders::none},
    {7, kMigration7, ForReaders::wanted},
    {8, kMigration8, ForReaders::none},
    {9, kMigration9, ForReaders::none},
    {10, kMigration10, ForReaders::none},
    {11, kMigration11, ForReaders::none},
    {12, kMigration12, ForReaders::none},
    {13, kMigration13, ForReaders::none},
};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Identity identity_of(Connection& connection) {
  const Snapshot snapshot(connection);
  return {.application_id = connection.integer("PRAGMA application_id"),
          .version = connection.integer("PRAGMA user_version"),
          .empty = connection.integer("SELECT count(*) FROM sqlite_schema") == 0};
}

void migrate(Connection& connection, std::span<const Migration> migrations) {
  if (connection.integer("PRAGMA user_version") >= migrations.back().version) return;
  Transaction transaction(connection);
  // Asked again under the write lock: another process may just have done it.
  const std::int64_t version = connection.integer("PRAGMA user_version");
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    connection.execute(migration.sql);
    connection.execute(fmt::format("PRAGMA user_version = {}", migration.version));
  }
  connection.execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
  transaction.commit();
}

}  // namespace tuner::storage
