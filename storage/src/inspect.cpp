#include "tuner/storage/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>

#include "connection.hpp"
#include "lease.hpp"
#include "log.hpp"
#include "open.hpp"
#include "tuner/library.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostLines = 20;  // of one check

// Rows of trials `t` of studies `s` that contradict themselves or others.
struct Rule {
  const char* what;
  const char* wrong;
  const char* needs = "trials";                              // a table; files of older schemas lack some
  std::int64_t first_version = 1, last_version = INT64_MAX;  // of the schema
};
constexpr Rule kTrialRules[] = {
    {"have no study", "s.id IS NULL"},
    {"have an outcome that there is not",
     "t.outcome NOT IN ('completed', 'pruned', 'diverged', 'failed', 'timed_out', 'cancelled', 'paused')"},
    {"are finished and name no plugin",
     "t.outcome <> 'cancelled' AND NOT EXISTS (SELECT 1 FROM trial_plugins AS u WHERE u.study_id = t.study_id AND "
     "u.number = t.number)"},
    {"have a value that is no number",
     "(typeof(t.value) NOT IN ('real', 'null') AND t.value IS NOT 'nan') OR (typeof(t.best_value) NOT IN ('real', "
     "'null') AND t.best_value IS NOT 'nan') OR (typeof(t.last_value) NOT IN ('real', 'null') AND t.last_value IS NOT "
     "'nan')"},
    {"have a value that does not go with their outcome",
     // Of the parts of an LR range test a run of the LR grid alone has a value.
     "(t.outcome = 'completed' AND t.value IS NULL AND NOT EXISTS (SELECT 1 FROM trial_parameters AS p WHERE "
     "p.study_id = t.study_id AND p.number = t.number AND p.name = 'lr_range.part' AND p.value <> 'ladder')) OR "
     "(t.outcome NOT IN ('completed', 'pruned', 'paused') AND t.value IS NOT NULL)"},
    {"are ranked by another number than their value",
     "t.rank_key IS NOT CASE WHEN t.outcome = 'completed' AND typeof(t.value) = 'real' THEN "
     "CASE s.goal WHEN 'minimize' THEN t.value ELSE -t.value END END",
     "trials", 1, kConstraintsVersion - 1},
    {"are ranked by another number than their value",
     "t.rank_key IS NOT CASE WHEN t.outcome = 'completed' AND typeof(t.value) = 'real' AND coalesce(t.violation, 0) = "
     "0 THEN CASE s.goal WHEN 'minimize' THEN t.value ELSE -t.value END END",
     "trials", kConstraintsVersion},
    {"have a violation that is not that of their constraints",
     "coalesce(t.violation > 0, -1) <> coalesce((SELECT max(m.value > 0 OR typeof(m.value) <> 'real') FROM metrics AS "
     "m "
     "WHERE m.study_id = t.study_id AND m.number = t.number AND (m.name GLOB 'constraint.*' OR m.name GLOB "
     "'val_constraint.*') AND m.step = (SELECT max(n.step) FROM metrics AS n WHERE n.study_id = m.study_id AND "
     "n.number = m.number AND n.name = m.name)), -1)",
     "trials", kConstraintsVersion},
    {"do not stand in the ranking once, as their rank says",
     "(SELECT count(*) FROM ranks AS r WHERE r.study_id = t.study_id AND r.rank_key = t.rank_key AND r.number = "
     "t.number) + (SELECT count(*) FROM recent_ranks AS r WHERE r.study_id = t.study_id AND r.number = t.number AND "
     "r.rank_key = t.rank_key) <> (t.rank_key IS NOT NULL)",
     "ranks"},
    {"have a count that is none",
     "typeof(t.number) <> 'integer' OR t.number < 0 OR typeof(t.attempt) <> 'integer' OR t.attempt < 1 OR "
     "typeof(t.steps) <> 'integer' OR t.steps < 0 OR typeof(t.loss_evaluations) <> 'integer' OR t.loss_evaluations < 0 "
     "OR typeof(t.gradient_evaluations) <> 'integer' OR t.gradient_evaluations < 0 OR typeof(t.hvp_evaluations) <> "
     "'integer' OR t.hvp_evaluations < 0 OR typeof(t.nonfinite_gradients) <> 'integer' OR t.nonfinite_gradients < 0 OR "
     "typeof(t.seed) <> 'integer'"},
    {"are no replicate of a configuration",
     "typeof(t.replicate) <> 'integer' OR t.replicate < 0 OR typeof(t.repeats_so_far) <> 'integer' OR t.replicate > "
     "t.repeats_so_far OR t.repeats_so_far > t.number",
     "configurations"},
    {"are replicates of a configuration that has no row",
     "s.repeats <> 1 AND t.outcome NOT IN ('cancelled', 'paused') AND NOT EXISTS (SELECT 1 FROM configurations AS c "
     "WHERE c.study_id = "
     "t.study_id AND c.configuration = t.configuration)",
     "configurations"},
    {"are not found by their configuration, or are where they are its neighbors",
     "t.repeated_configuration IS NOT CASE WHEN s.repeats = 0 THEN t.configuration END", "trials", kRepeatedVersion},
    {"have a duration that is none",
     "typeof(t.wall_seconds) <> 'real' OR t.wall_seconds NOT BETWEEN 0 AND 1.7976931348623157e308 OR "
     "typeof(t.epochs) <> 'real' OR t.epochs NOT BETWEEN 0 AND 1.7976931348623157e308"},
    {"have a time that is none",
     "julianday(t.started_at) IS NULL OR julianday(t.finished_at) IS NULL OR t.started_at NOT GLOB "
     "'*T*.[0-9][0-9][0-9]Z' "
     "OR t.finished_at NOT GLOB '*T*.[0-9][0-9][0-9]Z'"},
    // Both forms of the parameters. SQLite's reading of a number may be off by its last digit.
    {"have parameters that do not agree with trial_parameters",
     "CASE WHEN json_valid(t.parameters) THEN "
     "(SELECT count(*) FROM json_each(t.parameters)) <> "
     "(SELECT count(*) FROM trial_parameters AS p WHERE p.study_id = t.study_id AND p.number = t.number) "
     "OR EXISTS (SELECT 1 FROM trial_parameters AS p LEFT JOIN json_each(t.parameters) AS j ON j.key = p.name "
     "WHERE p.study_id = t.study_id AND p.number = t.number AND (j.key IS NULL OR CASE p.type "
     "WHEN 'null' THEN j.type <> 'null' OR p.value IS NOT NULL "
     "WHEN 'boolean' THEN j.type IS NOT CASE p.value WHEN 1 THEN 'true' WHEN 0 THEN 'false' END "
     "WHEN 'integer' THEN typeof(p.value) <> 'integer' OR j.value IS NOT p.value "
     "WHEN 'number' THEN CASE WHEN j.type = 'text' THEN p.value IS NOT 'nan' AND abs(p.value) < 9e999 "
     "ELSE typeof(p.value) <> 'real' OR abs(j.value - p.value) > 1e-12 * abs(p.value) END "
     "WHEN 'text' THEN typeof(p.value) <> 'text' OR j.value IS NOT p.value "
     "WHEN 'list' THEN CASE WHEN json_valid(p.value) THEN json(p.value) IS NOT j.value ELSE 1 END "
     "ELSE 1 END)) ELSE 1 END"},
    {"have parameters that are not numbered from 0",
     "EXISTS (SELECT 1 FROM trial_parameters AS p WHERE p.study_id = t.study_id AND p.number = t.number "
     "GROUP BY p.number HAVING min(p.position) <> 0 OR max(p.position) <> count(DISTINCT p.position) - 1 "
     "OR count(*) <> count(DISTINCT p.position))"},
};
// The same for rows of another table `t`.
struct TableRule {
  const char* table;
  const char* what;
  const char* wrong;
  const char* of = "of trial";  // whose number the rows have, under `column`
  const char* column = "number";
  std::int64_t first_version = 1, last_version = INT64_MAX;  // of the schema
};
constexpr const char* kNoRankedTrial =
    "NOT EXISTS (SELECT 1 FROM trials AS o WHERE o.study_id = t.study_id AND o.number = t.number AND o.rank_key = "
    "t.rank_key)";
constexpr TableRule kTableRules[] = {
    {"configurations", "do not agree with their trials",
     "(t.replicates, t.completed) IS NOT (SELECT count(*), count(o.rank_key) FROM trials AS o WHERE o.study_id = "
     "t.study_id AND o.number > t.number - t.due AND o.number < t.number + t.due AND o.configuration = t.configuration "
     "AND o.outcome <> 'cancelled') OR t.replicates < 1 OR typeof(t.mean) = 'real' AND abs(t.mean - (SELECT "
     "avg(o.value) FROM trials AS o WHERE "
     "o.study_id = t.study_id AND o.number > t.number - t.due AND o.number < t.number + t.due AND o.configuration = "
     "t.configuration AND o.rank_key IS NOT NULL)) > 1e-9 * abs(t.mean)",
     "of configuration", "configuration", 1, kRepeatedVersion - 1},
    {"configurations", "do not agree with their trials",
     "EXISTS (SELECT 1 FROM (SELECT count(*) AS replicates, count(rank_key) AS completed, avg(CASE WHEN rank_key IS "
     "NOT "
     "NULL THEN value END) AS mean FROM (SELECT rank_key, value, outcome FROM trials AS o WHERE o.study_id = "
     "t.study_id "
     "AND o.repeated_configuration = t.configuration UNION ALL SELECT rank_key, value, outcome FROM trials AS o WHERE "
     "o.study_id = t.study_id AND o.number > t.number - t.due AND o.number < t.number + t.due AND o.configuration = "
     "t.configuration AND o.repeated_configuration IS NULL) WHERE outcome <> 'cancelled') AS a WHERE "
     "(t.replicates, t.completed) IS NOT (a.replicates, a.completed) OR t.replicates < 1 OR typeof(t.mean) = 'real' "
     "AND abs(t.mean - a.mean) > 1e-9 * abs(t.mean))",
     "of configuration", "configuration", kRepeatedVersion},
    {"configurations", "do not stand in the order once, as their rank says",
     "(SELECT count(*) FROM configuration_ranks AS r WHERE r.study_id = t.study_id AND r.place = t.place AND "
     "r.rank_key "
     "= t.rank_key AND r.configuration = t.configuration) <> (t.moved = 1 AND t.rank_key IS NOT NULL)",
     "of configuration", "configuration"},
    {"configuration_ranks", "are not those of a configuration",
     "NOT EXISTS (SELECT 1 FROM configurations AS c WHERE c.study_id = t.study_id AND c.configuration = "
     "t.configuration AND c.place = t.place AND c.rank_key = t.rank_key)",
     "of configuration", "configuration"},
    {"metrics", "have a value that is no number", "typeof(t.value) <> 'real' AND t.value IS NOT 'nan'"},
    {"metrics", "have a step that is none", "typeof(t.step) <> 'integer' OR t.step < 0"},
    {"metrics", "have no name", "typeof(t.name) <> 'text' OR t.name = ''"},
    {"ranks", "are not those of a trial", kNoRankedTrial},
    {"recent_ranks", "are not those of a trial", kNoRankedTrial},
    {"trial_plugins", "name no plugin", "NOT EXISTS (SELECT 1 FROM plugins AS p WHERE p.plugin_key = t.plugin_key)"},
};
// Rows `t` of the journal that contradict themselves or others.
constexpr TableRule kJournalRules[] = {
    {"proposals", "are not counted from 0",
     "(t.study_id, t.entry) IN (SELECT study_id, entry FROM (SELECT study_id, entry, proposal, row_number() OVER "
     "(PARTITION BY study_id ORDER BY entry) - 1 AS due FROM proposals) WHERE proposal IS NOT due)"},
    {"proposals", "have no configuration",
     "typeof(t.configuration) <> 'integer' OR t.configuration NOT BETWEEN 0 AND t.proposal OR NOT "
     "json_valid(t.parameters) OR "
     "json_type(t.parameters) <> 'object'"},
    // A path among them may have moved since.
    {"proposals", "are not what their trials were",
     "t.parameters NOT LIKE '%/%' AND (t.study_id, t.entry) IN (SELECT p.study_id, p.entry FROM trials AS o JOIN "
     "proposals AS p ON p.study_id = o.study_id AND p.configuration = o.configuration WHERE o.parameters <> "
     "p.parameters)"},
    // With a lag of 0 they come as trials end.
    {"observations", "are not those of one proposal after another",
     "(t.study_id, t.entry) IN (SELECT study_id, entry FROM (SELECT study_id, entry, proposal, row_number() OVER "
     "(PARTITION BY study_id ORDER BY entry) - 1 AS due FROM observations WHERE study_id NOT IN (SELECT id FROM "
     "studies WHERE lag = 0)) WHERE proposal IS NOT due)"},
    {"observations", "do not follow their proposal",
     "(t.study_id, t.entry) IN (SELECT o.study_id, o.entry FROM observations AS o LEFT JOIN proposals AS p ON "
     "p.study_id = o.study_id AND p.proposal = o.proposal WHERE p.entry IS NULL OR p.entry > o.entry OR "
     "p.configuration <> o.configuration)"},
    {"observations", "have an outcome that there is not",
     "t.outcome NOT IN ('completed', 'pruned', 'diverged', 'failed', 'timed_out', 'paused')"},
    // One that timed out may have been run again with a longer limit, and a paused one may have been continued; each is
    // observed once.
    {"observations", "are not what their trials were",
     "t.replicates = 1 AND t.outcome NOT IN ('timed_out', 'paused') AND (t.study_id, t.entry) IN (SELECT p.study_id, "
     "p.entry FROM "
     "trials "
     "AS o JOIN observations AS p ON p.study_id = o.study_id AND p.configuration = o.configuration JOIN studies AS s "
     "ON "
     "s.id = o.study_id WHERE o.outcome <> 'cancelled' AND (s.repeats <> 0 OR o.number = p.proposal) AND (o.outcome <> "
     "p.outcome OR o.value IS NOT p.mean))"},
    {"observations", "have a value that is no number",
     "(typeof(t.mean) NOT IN ('real', 'null') AND t.mean IS NOT 'nan') OR (typeof(t.standard_deviation) NOT IN "
     "('real', 'null') AND t.standard_deviation IS NOT 'nan') OR typeof(t.budget) <> 'real' OR t.budget NOT BETWEEN 0 "
     "AND 1.7976931348623157e308 OR typeof(t.last_step) <> 'integer' OR t.last_step < 0"},
    {"observations", "do not have as many values as replicates",
     "CASE WHEN json_valid(t.replicate_values) THEN json_type(t.replicate_values) <> 'array' OR "
     "json_array_length(t.replicate_values) IS NOT t.replicates OR EXISTS (SELECT 1 FROM json_each(t.replicate_values) "
     "AS v WHERE v.type NOT IN ('real', 'null') AND (v.type <> 'text' OR v.value NOT IN ('nan', 'inf', '-inf'))) "
     "ELSE 1 END"},
    {"reports", "have no step, value or decision",
     "typeof(t.number) <> 'integer' OR t.number < 0 OR typeof(t.step) <> 'integer' OR t.step < 0 OR (typeof(t.value) "
     "NOT IN ('real', 'null') AND t.value IS NOT 'nan') OR t.decision NOT IN ('continue', 'stop', 'pause') OR "
     "(t.next_step "
     "IS NOT NULL AND (typeof(t.next_step) <> 'integer' OR t.next_step <= t.step))"},
    {"ends", "have no outcome, step or value",
     "typeof(t.number) <> 'integer' OR t.number < 0 OR t.outcome NOT IN ('completed', 'pruned', 'diverged', 'failed', "
     "'timed_out', 'paused') OR typeof(t.last_step) <> 'integer' OR t.last_step < 0 OR (typeof(t.value) NOT IN "
     "('real', 'null') AND t.value IS NOT 'nan')"},
    {"evidence", "have no trial, parameters, outcome or value",
     "typeof(t.from_study) <> 'text' OR typeof(t.from_number) <> 'integer' OR t.from_number < 0 OR NOT "
     "json_valid(t.parameters) OR json_type(t.parameters) <> 'object' OR t.outcome NOT IN ('completed', 'pruned', "
     "'diverged', 'failed', 'timed_out') OR typeof(t.last_step) <> 'integer' OR t.last_step < 0 OR "
     "(typeof(t.value) NOT IN ('real', 'null') AND t.value IS NOT 'nan')"},
    {"reviews", "have no decision",
     "typeof(t.number) <> 'integer' OR t.number < 0 OR t.decision NOT IN ('continue', 'stop') OR t.is_last NOT IN (0, "
     "1) OR (t.next_step IS NOT NULL AND (typeof(t.next_step) <> 'integer' OR t.next_step < 0))"},
    {"reviews", "are not of a trial that was paused",
     "(t.study_id, t.number) NOT IN (SELECT study_id, number FROM ends WHERE outcome = 'paused')"},
};
// Each row of these belongs to a trial. Trials are looked up once for all of their rows.
constexpr const char* kTablesOfTrials[] = {"metrics", "trial_parameters", "trial_plugins"};
constexpr const char* kNoTrial =
    "(t.study_id, t.number) IN (SELECT g.study_id, g.number FROM (SELECT DISTINCT study_id, number FROM {}) AS g WHERE "
    "NOT EXISTS (SELECT 1 FROM trials AS o WHERE o.study_id = g.study_id AND o.number = g.number))";
// Their foreign keys are looked at by SQLite; those of the tables above are rules here.
constexpr const char* kTablesWithKeys[] = {"trials",       "events",         "lr_suggestions", "ranks",
                                           "recent_ranks", "outcome_counts", "configurations", "configuration_ranks",
                                           "proposals",    "observations",   "reports",        "study_versions",
                                           "ends",         "reviews",        "evidence"};
// learning_curves is not read: its rows are those of metrics, each of which has been looked at.
constexpr const char* kViews[] = {"runs", "best_runs", "best_configurations", "learning_rates"};

// A text without quotes, anything else as a message shows it.
std::string words(const Rows& row, int column) { return row.is_text(column) ? row.text(column) : row.shown(column); }

class Inspector {
 public:
  // in_use: another process had it open before we did.
  Inspector(Connection& connection, const fs::path& file, bool in_use, const InspectionProgress& progress)
      : connection_(connection), file_(file), in_use_(in_use), progress_(progress) {}

  Inspection run() {
    found_.schema_version = connection_.integer("PRAGMA user_version");
    found_.page_size = connection_.integer("PRAGMA page_size");
    found_.pages = connection_.integer("PRAGMA page_count");
    const Snapshot snapshot(connection_);
    attempt("the pages", [this] { check_pages(); });
    attempt("the schema", [this] { check_schema(); });
    attempt("the studies", [this] { check_studies(); });
    check_rows();
    attempt("the plugins", [this] { check_plugins(); });
    attempt("table lr_suggestions", [this] { check_lr_suggestions(); });
    for (const char* view : kViews)
      if (has("view", view)) attempt(fmt::format("the view {}", view), [&] { scan_view(view); });
    check_log_beside();
    count_all();
    return std::move(found_);
  }

 private:
  // Damage may show as an error of any statement.
  void attempt(const std::string& what, const std::function<void()>& act) {
    if (progress_) progress_(what);
    try {
      act();
    } catch (const SqliteError& error) {
      found_.damage.push_back(fmt::format("{} cannot be read: {}", what, error.reason()));
    } catch (const DamagedValue& error) {
      found_.damage.push_back(fmt::format("{}: {}", what, error.message()));
    }
  }

  void check_pages() {
    Statement statement(connection_, fmt::format("PRAGMA integrity_check({})", kMostLines));
    Rows row = statement.query();
    while (row.next())
      if (const std::string line = row.text(0); line != "ok") found_.damage.push_back(line);
  }

  // Tables, indexes and views as the migrations make them; what others have added is theirs.
  void check_schema() {
    Connection model(":memory:", Connection::Mode::create);
    for (const Migration& migration : migrations())
      if (migration.version <= found_.schema_version) model.execute(migration.sql);
    Statement expected(model, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    Statement actual(connection_, "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?");
    Rows row = expected.query();
    while (row.next()) {
      Rows there = actual.query(std::string_view(row.text(0)), std::string_view(row.text(1)));
      if (!there.next())
        found_.damage.push_back(fmt::format("there is no {} {}", row.text(0), row.text(1)));
      else if (words(there, 0) != row.text(2))
        found_.damage.push_back(fmt::format("the {} {} is not what it should be", row.text(0), row.text(1)));
    }
  }

  void check_studies() {
    Statement statement(connection_,
                        "SELECT name, config, config_sha256, json_valid(plan), goal IN ('minimize', 'maximize'), "
                        "lease_token IS NOT NULL, lease_pid, lease_boot_id, lease_start_ticks FROM studies");
    Rows row = statement.query();
    while (row.next()) attempt(fmt::format("study '{}'", words(row, 0)), [&] { check_study(row); });
  }

  void check_study(const Rows& row) {
    const std::string name = row.text(0);
    if (sha256_of_text(row.text(1)) != row.text(2))
      found_.damage.push_back(fmt::format("study '{}': its config does not have the recorded hash", name));
    if (row.integer(3) == 0) found_.damage.push_back(fmt::format("study '{}': its plan is no JSON", name));
    if (row.integer(4) == 0) found_.damage.push_back(fmt::format("study '{}' has no goal", name));
    if (row.integer(5) == 0) return;
    const Process holder{.pid = row.integer(6), .boot_id = row.text(7), .start_ticks = row.integer(8)};
    found_.notes.push_back(
        is_alive(holder) ? fmt::format("study '{}' is being run by process {}", name, holder.pid)
                         : fmt::format("study '{}': the run of process {} was ended by force; the next one takes over",
                                       name, holder.pid));
  }

  [[nodiscard]] bool applies(const auto& rule) const {
    return found_.schema_version >= rule.first_version && found_.schema_version <= rule.last_version;
  }

  void check_rows() {
    for (const Rule& rule : kTrialRules) {
      if (!applies(rule) || !has_table(rule.needs)) continue;
      check_rule("trials", rule.what,
                 fmt::format("SELECT s.name, count(*), min(t.number) FROM trials AS t LEFT JOIN studies AS s ON s.id = "
                             "t.study_id WHERE {} GROUP BY t.study_id",
                             rule.wrong));
    }
    for (const char* table : kTablesOfTrials)
      if (has_table(table)) {
        const std::string no_trial = fmt::format(kNoTrial, table);
        check_table({.table = table, .what = "belong to no trial", .wrong = no_trial.c_str()});
      }
    check_tables();
    for (const TableRule& rule : kJournalRules)
      if (has_table(rule.table))
        check_rule(rule.table, rule.what,
                   fmt::format("SELECT s.name, count(*), min(t.entry) FROM {} AS t LEFT JOIN studies AS s ON s.id = "
                               "t.study_id WHERE {} GROUP BY t.study_id",
                               rule.table, rule.wrong),
                   "entry");
    if (has_table("proposals")) attempt("the journal", [this] { check_entries(); });
    if (has_table("outcome_counts")) attempt("table outcome_counts", [this] { check_counts(); });
    for (const char* table : kTablesWithKeys) {
      if (!has_table(table)) continue;
      attempt(fmt::format("the foreign keys of {}", table), [&] {
        Statement statement(connection_, "SELECT parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY 1");
        Rows row = statement.query(std::string_view(table));
        while (row.next())
          found_.damage.push_back(
              fmt::format("{} rows of {} point to no row of {}", row.shown(1), table, words(row, 0)));
      });
    }
  }

  // A table is read once for all of its rules, and again by rule only where it breaks one.
  void check_tables() {
    for (auto rule = std::begin(kTableRules); rule != std::end(kTableRules);) {
      const auto next = std::find_if(rule, std::end(kTableRules), [&](const TableRule& other) {
        return std::string_view(other.table) != rule->table;
      });
      std::string any;
      for (auto one = rule; one != next; ++one)
        if (applies(*one)) any += fmt::format("{}({})", any.empty() ? "" : " OR ", one->wrong);
      bool broken = false;
      if (has_table(rule->table))
        attempt(fmt::format("table {}", rule->table), [&] {
          Statement statement(connection_, fmt::format("SELECT 1 FROM {} AS t WHERE {} LIMIT 1", rule->table, any));
          broken = statement.query().next();
        });
      for (; rule != next; ++rule)
        if (broken && applies(*rule)) check_table(*rule);
    }
  }

  void check_table(const TableRule& rule) {
    check_rule(rule.table, rule.what,
               fmt::format("SELECT s.name, count(*), min(t.{}) FROM {} AS t LEFT JOIN studies AS s ON s.id = "
                           "t.study_id WHERE {} GROUP BY t.study_id",
                           rule.column, rule.table, rule.wrong),
               rule.of);
  }

  void check_counts() {
    Statement statement(connection_,
                        "WITH counted AS (SELECT study_id, outcome, count(*) AS trials FROM trials GROUP BY 1, 2), "
                        "said AS (SELECT study_id, outcome, trials FROM outcome_counts WHERE trials <> 0) "
                        "SELECT s.name FROM studies AS s WHERE s.id IN (SELECT study_id FROM "
                        "(SELECT * FROM counted EXCEPT SELECT * FROM said)) OR s.id IN (SELECT study_id FROM "
                        "(SELECT * FROM said EXCEPT SELECT * FROM counted))");
    Rows row = statement.query();
    while (row.next())
      found_.damage.push_back(
          fmt::format("study '{}': outcome_counts does not say how many trials there are", words(row, 0)));
  }

  // Each place among the entries is taken once.
  void check_entries() {
    Statement statement(
        connection_,
        fmt::format("SELECT s.name FROM (SELECT study_id, entry FROM proposals UNION ALL SELECT study_id, entry FROM "
                    "observations UNION ALL SELECT study_id, entry FROM reports{}) AS e JOIN studies AS s ON s.id = "
                    "e.study_id GROUP BY e.study_id HAVING min(entry) <> 0 OR max(entry) <> count(*) - 1 OR "
                    "count(DISTINCT entry) <> count(*) UNION SELECT name FROM studies WHERE journal NOT IN (0, 1) OR "
                    "(lag IS NOT NULL AND (typeof(lag) <> 'integer' OR lag < 0))",
                    has_table("reviews") ? " UNION ALL SELECT study_id, entry FROM ends UNION ALL SELECT study_id, "
                                           "entry FROM reviews UNION ALL SELECT study_id, entry FROM evidence"
                                         : ""));
    Rows row = statement.query();
    while (row.next())
      found_.damage.push_back(fmt::format("study '{}': its journal has gaps or a lag below 0", words(row, 0)));
  }

  // What should be there and is not is check_schema()'s to name.
  bool has(std::string_view type, std::string_view name) {
    Rows row = connection_.prepared("SELECT 1 FROM sqlite_schema WHERE type = ? AND name = ?").query(type, name);
    return row.next();
  }
  bool has_table(std::string_view table) { return has("table", table); }

  void check_rule(const char* table, const char* what, const std::string& sql, const char* first = "of trial") {
    attempt(fmt::format("table {}", table), [&] {
      Statement statement(connection_, sql);
      Rows row = statement.query();
      for (std::int64_t lines = 0; lines < kMostLines && row.next(); ++lines)
        found_.damage.push_back(fmt::format("study '{}': {} rows of {} {} (the first {} {})", words(row, 0),
                                            row.integer(1), table, what, first, row.shown(2)));
    });
  }

  void check_plugins() {
    const std::int64_t bad = connection_.integer(
        "SELECT count(*) FROM plugins WHERE kind NOT IN ('optimizer', 'scheduler', 'objective', 'searcher', 'pruner', "
        "'program', "
        "'script', 'file') OR length(sha256) <> "
        "64 "
        "OR sha256 GLOB '*[^0-9a-f]*' OR id = ''");
    if (bad > 0) found_.damage.push_back(fmt::format("{} rows of plugins have no kind, id or sha256", bad));
  }

  void check_lr_suggestions() {
    Statement statement(
        connection_,
        "SELECT s.name, count(*) FROM lr_suggestions AS l LEFT JOIN studies AS s ON s.id = l.study_id WHERE l.name = "
        "'' "
        "OR (typeof(l.value) NOT IN ('real', 'null') AND l.value IS NOT 'nan') OR (typeof(l.low) NOT IN ('real', "
        "'null') AND l.low IS NOT 'nan') OR (typeof(l.high) NOT IN ('real', 'null') AND l.high IS NOT 'nan') "
        "GROUP BY l.study_id");
    Rows row = statement.query();
    while (row.next())
      found_.damage.push_back(
          fmt::format("study '{}': {} rows of lr_suggestions have no name or a value that is no number", words(row, 0),
                      row.integer(1)));
  }

  void scan_view(const char* view) {
    Statement statement(connection_, fmt::format("SELECT * FROM {}", view));
    Rows row = statement.query();
    while (row.next()) {
    }
  }

  void check_log_beside() {
    if (!has_log(file_)) return;
    std::error_code ignored;
    const std::uintmax_t bytes = fs::file_size(log_of(file_), ignored);
    if (in_use_) {
      found_.notes.push_back(fmt::format("another process has it open; {} bytes of log stand beside it", bytes));
      return;
    }
    const LogState log = read_log(file_);
    if (log.committed_frames > 0)
      found_.notes.push_back(
          fmt::format("{} pages of changes stand in {} and not in the file yet: copy both, or open it for writing once",
                      log.committed_frames, log_of(file_).filename().string()));
  }

  void count_all() {
    std::vector<std::pair<std::int64_t, std::string>> studies;
    attempt("the numbers of rows", [&] {
      Rows row = connection_.prepared("SELECT id, name FROM studies ORDER BY id").query();
      while (row.next()) studies.emplace_back(row.integer(0), words(row, 1));
    });
    for (const auto& [id, name] : studies) {
      StudyCounts counts{.name = name};
      counts.trials = count("trials WHERE study_id = ?", id, counts);
      counts.completed = count("trials WHERE outcome = 'completed' AND study_id = ?", id, counts);
      counts.parameters = count("trial_parameters WHERE study_id = ?", id, counts);
      counts.metrics = count("metrics WHERE study_id = ?", id, counts);
      found_.studies.push_back(std::move(counts));
    }
  }
  // Up to the damage, if there is any.
  std::uint64_t count(const char* of, std::int64_t id, StudyCounts& counts) {
    try {
      Rows row = connection_.prepared(fmt::format("SELECT count(*) FROM {}", of)).query(id);
      row.next();
      return row.count(0);
    } catch (const SqliteError&) {
      counts.complete = false;  // said above
    }
    std::uint64_t number = 0;
    try {
      Rows row = connection_.prepared(fmt::format("SELECT 1 FROM {}", of)).query(id);
      while (row.next()) ++number;
    } catch (const SqliteError&) {
      return number;
    }
    return number;
  }

  Connection& connection_;
  fs::path file_;
  bool in_use_;
  const InspectionProgress& progress_;
  Inspection found_;
};

}  // namespace

Inspection inspect(const fs::path& file, const InspectionProgress& progress) {
  const fs::path path = fs::absolute(file).lexically_normal();
  const bool in_use = is_in_use(path);
  const auto connection = open_for_inspection(path);
  return Inspector(*connection, path, in_use, progress).run();
}

}  // namespace tuner::storage
