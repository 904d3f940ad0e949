// The journal: proposals, observations and decisions in the order in which they were made, with the trials they follow.
#include <array>
#include <cmath>
#include <limits>

#include "connection.hpp"
#include "fixture.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::storage {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

ProposalRecord proposal(std::uint64_t index) {
  return {
      .proposal = index,
      .configuration = index,
      .parameters = {{"optimizer.lr", 0.1 + static_cast<double>(index)}, {"training.batch_size", std::int64_t{64}}}};
}
ObservationRecord observation(std::uint64_t configuration) {
  return {.proposal = configuration,
          .configuration = configuration,
          .outcome = Outcome::completed,
          .last_step = 10,
          .budget = 20,
          .values = {0.5, 0.25},
          .mean = 0.375,
          .standard_deviation = 0.125,
          .further_means = {3, -kInfinity},
          .constraints = {-1, kNan}};
}
ReportRecord report(std::uint64_t number, std::int64_t step, std::string decision = "continue") {
  return {.number = number, .step = step, .value = 0.5, .decision = std::move(decision), .next_step = step + 5};
}

EndRecord end(std::uint64_t number, Outcome outcome) {
  return {.number = number, .outcome = outcome, .last_step = 4, .value = 0.25};
}
ReviewRecord review(std::uint64_t number, std::string decision = "continue") {
  return {.number = number,
          .decision = std::move(decision),
          .next_step = std::nullopt,
          .is_last = true,
          .why = "rank 1 of 3"};
}
EvidenceRecord evidence(std::uint64_t number) {
  return {.study = "before",
          .number = number,
          .parameters = proposal(number).parameters,
          .outcome = Outcome::pruned,
          .last_step = 7,
          .budget = 20,
          .value = {},
          .further_values = {2, 1e-300},
          .constraints = {0.25}};
}

class JournalTest : public StorageTest {
 protected:
  JournalTest() : store_(file_, Access::read_write) { store_.open_study(make_study()); }

  [[nodiscard]] std::vector<JournalEntry> journal(std::string_view study = "demo") const {
    std::vector<JournalEntry> entries;
    store_.read_journal(study, [&](JournalEntry entry) { entries.push_back(std::move(entry)); });
    return entries;
  }
  void record(std::initializer_list<JournalEntry> entries, std::initializer_list<TrialRecord> trials = {}) {
    store_.record(std::vector(trials), std::vector(entries));
  }
  void by_hand(const std::string& sql) {
    Connection connection(file_, Connection::Mode::existing);
    connection.execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
    connection.execute(sql);
  }
  std::string damage() {
    std::string lines;
    for (const std::string& line : inspect(file_).damage) lines += line + "\n";
    return lines;
  }

  Store store_;
};

TEST_F(JournalTest, EntriesComeBackInTheirOrderWithAllTheirBits) {
  ProposalRecord odd = proposal(2);
  odd.parameters = {{"a", Null{}},
                    {"b", true},
                    {"c", std::int64_t{-7}},
                    {"d", 0.1 + 0.2},
                    {"e", 1.0},
                    {"f", -0.0},
                    {"g", std::string("\"quoted\" \xc3\xa4")},
                    {"h", List{std::int64_t{1}, 2.5, std::string("x")}}};
  ObservationRecord failed = observation(1);
  failed.outcome = Outcome::failed;
  failed.values = {{}, kNan, kInfinity, -kInfinity, 5e-324};
  failed.mean.reset();
  failed.further_means.clear();
  failed.constraints.clear();
  failed.standard_deviation = kNan;
  ReportRecord last = report(4, 9, "stop");
  last.value = kNan;
  last.next_step.reset();

  record({proposal(0), proposal(1), report(0, 5)});
  record({observation(0), odd, report(4, 4), last, failed}, {make_trial(0), make_trial(1)});
  const std::vector<JournalEntry> entries = journal();
  ASSERT_EQ(entries.size(), 8u);
  EXPECT_EQ(std::get<ProposalRecord>(entries[0]), proposal(0));
  EXPECT_EQ(std::get<ProposalRecord>(entries[1]), proposal(1));
  EXPECT_EQ(std::get<ReportRecord>(entries[2]), report(0, 5));
  const auto& seen = std::get<ObservationRecord>(entries[3]);
  EXPECT_EQ(seen.proposal, 0u);
  EXPECT_EQ(seen.last_step, 10);
  EXPECT_EQ(seen.budget, 20);
  EXPECT_EQ(seen.values, observation(0).values);
  EXPECT_EQ(seen.mean, 0.375);
  EXPECT_EQ(seen.further_means, observation(0).further_means);
  ASSERT_EQ(seen.constraints.size(), 2U);
  EXPECT_EQ(seen.constraints[0], -1);
  EXPECT_TRUE(std::isnan(seen.constraints[1]));
  EXPECT_EQ(seen.standard_deviation, 0.125);
  EXPECT_EQ(std::get<ProposalRecord>(entries[4]), odd);
  EXPECT_TRUE(std::signbit(std::get<double>(std::get<ProposalRecord>(entries[4]).parameters[5].second)));
  EXPECT_EQ(std::get<ReportRecord>(entries[5]), report(4, 4));
  const auto& stop = std::get<ReportRecord>(entries[6]);
  EXPECT_TRUE(std::isnan(*stop.value) && !stop.next_step && stop.decision == "stop");
  const auto& bad = std::get<ObservationRecord>(entries[7]);
  EXPECT_EQ(bad.outcome, Outcome::failed);
  ASSERT_EQ(bad.values.size(), 5u);
  EXPECT_FALSE(bad.values[0]);
  EXPECT_TRUE(std::isnan(*bad.values[1]));
  EXPECT_EQ(bad.values[2], kInfinity);
  EXPECT_EQ(bad.values[3], -kInfinity);
  EXPECT_EQ(bad.values[4], 5e-324);
  EXPECT_FALSE(bad.mean);
  EXPECT_TRUE(bad.constraints.empty());
  EXPECT_TRUE(std::isnan(*bad.standard_deviation));
  EXPECT_EQ(store_.finished("demo"), (std::vector<std::uint64_t>{0, 1}));
}

TEST_F(JournalTest, GoesOnAfterItsLastEntryWhereTheStudyIsOpenedAgain) {
  record({proposal(0), report(0, 3)});
  store_.open_study(make_study("other"));
  EXPECT_TRUE(journal("other").empty());
  record({proposal(0)});
  {
    store_ = Store(file_, Access::read_write);
    store_.open_study(make_study());
    record({observation(0), proposal(1)});
  }
  EXPECT_EQ(journal().size(), 4u);
  EXPECT_EQ(journal("other").size(), 1u);
  const Table rows = table_of(store_, "SELECT entry FROM proposals WHERE study_id = 1 ORDER BY entry");
  EXPECT_EQ(rows.rows, (std::vector<std::vector<Value>>{{std::int64_t{0}}, {std::int64_t{3}}}));
}

TEST_F(JournalTest, IsWrittenWithItsTrialsOrNotAtAll) {
  record({proposal(0), report(0, 3)}, {make_trial(0)});
  // The last one is there already.
  const Error twice = error_of([&] { record({observation(0), report(0, 3, "stop")}, {make_trial(1)}); });
  EXPECT_EQ(twice.id(), Message::storage_failed);
  EXPECT_EQ(journal().size(), 2u);
  EXPECT_EQ(store_.finished("demo"), std::vector<std::uint64_t>{0});
  EXPECT_TRUE(says(error_of([&] { record({report(0, 3)}); }), "an entry of the journal of study 'demo'"));
  // And then the entries are numbered on without a gap.
  record({observation(0)}, {make_trial(1)});
  EXPECT_EQ(table_of(store_, "SELECT entry FROM observations").rows[0][0], Value(std::int64_t{2}));
}

TEST_F(JournalTest, ANewStudyKeepsOneAndAnOlderOneWithTrialsDoesNot) {
  EXPECT_EQ(store_.lag("demo"), std::nullopt);
  EXPECT_TRUE(store_.keep_journal(8));
  EXPECT_EQ(store_.lag("demo"), 8u);
  EXPECT_TRUE(store_.keep_journal(32));
  EXPECT_EQ(store_.lag("demo"), 8u) << "it keeps its own";
  record({}, {make_trial(0)});
  EXPECT_TRUE(store_.keep_journal(32));

  store_.open_study(make_study("older"));
  record({}, {make_trial(0)});
  EXPECT_FALSE(store_.keep_journal(8));
  EXPECT_EQ(store_.lag("older"), std::nullopt);
  store_.open_study(make_study("by itself"));
  EXPECT_TRUE(store_.keep_journal({}));
  EXPECT_EQ(store_.lag("by itself"), std::nullopt);
  record({}, {make_trial(0)});
  EXPECT_TRUE(store_.keep_journal(8)) << "it has one";
}

TEST_F(JournalTest, GoesWithItsStudy) {
  const std::initializer_list<JournalEntry> entries = {
      evidence(0), proposal(0), observation(0), report(0, 3), end(0, Outcome::paused), review(0)};
  record(entries);
  store_.open_study(make_study("other"));
  record(entries);
  store_.erase_study("demo");
  const auto count = [&](const char* table) {
    return table_of(store_, std::string("SELECT * FROM ") + table).rows.size();
  };
  for (const char* table : {"proposals", "observations", "reports", "ends", "reviews", "evidence"})
    EXPECT_EQ(count(table), 1u) << table;
  by_hand("DELETE FROM studies");
  for (const char* table : {"proposals", "observations", "reports", "ends", "reviews", "evidence"})
    EXPECT_EQ(count(table), 0u) << table;
}

TEST_F(JournalTest, PausedTrialsAreOpenAndKeepTheirAttempt) {
  TrialRecord paused = make_trial(0, 0.5);
  PluginRecord plugin = make_plugin("sgd");
  plugin.sha256 = std::string(64, 'a');
  paused.plugins = {plugin};
  paused.result.outcome = Outcome::paused;
  paused.attempt = 2;
  record({report(0, 3, "pause"), end(0, Outcome::paused)}, {paused});
  EXPECT_TRUE(store_.finished("demo").empty());
  EXPECT_EQ(store_.outcomes("demo").at(Outcome::paused), 1u);
  EXPECT_FALSE(store_.best("demo").has_value()) << "it is not ranked";
  const auto decisions = store_.trial("demo", 0).decisions;
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].decision, "pause");
  paused.result.outcome = Outcome::completed;
  record({review(0), end(0, Outcome::completed)}, {paused});
  EXPECT_EQ(store_.finished("demo"), std::vector<std::uint64_t>{0});
  EXPECT_EQ(store_.outcomes("demo").at(Outcome::completed), 1u);
  const TrialDetail trial = store_.trial("demo", 0);
  EXPECT_EQ(trial.run.attempt, 2u) << "nobody interrupted it";
  ASSERT_EQ(trial.decisions.size(), 2u);
  EXPECT_TRUE(trial.decisions[1].is_review);
  EXPECT_EQ(trial.decisions[1].step, 3) << "where it was paused";
  EXPECT_EQ(trial.decisions[1].why, "rank 1 of 3");
  EXPECT_EQ(damage(), "");
}

TEST_F(JournalTest, APausedTrialIsPrunedWhereItIs) {
  TrialRecord paused = make_trial(0, 0.5);
  PluginRecord plugin = make_plugin("sgd");
  plugin.sha256 = std::string(64, 'a');
  paused.plugins = {plugin};
  paused.result.outcome = Outcome::paused;
  record({end(0, Outcome::paused)}, {paused});
  store_.prune({}, "step 3: rank 3 of 3", std::vector<JournalEntry>{review(0, "stop"), end(0, Outcome::pruned)});
  const TrialDetail trial = store_.trial("demo", 0);
  EXPECT_EQ(trial.run.outcome, Outcome::pruned);
  EXPECT_EQ(trial.run.error, "step 3: rank 3 of 3");
  EXPECT_EQ(trial.run.value, 0.5);
  EXPECT_EQ(store_.outcomes("demo").at(Outcome::pruned), 1u);
  EXPECT_EQ(journal().size(), 3u);
  EXPECT_EQ(damage(), "");
}

TEST_F(JournalTest, ATrialThatIsDeletedLeavesItsEntries) {
  record({proposal(0), report(0, 3)}, {make_trial(0)});
  by_hand("DELETE FROM trials");
  EXPECT_EQ(journal().size(), 2u);
}

// What is set, and what is said of it by read_journal() and by inspect().
constexpr std::array<std::array<const char*, 3>, 28> kDamaged{{
    {"UPDATE proposals SET proposal = 2 WHERE proposal = 1", "proposal is 2, not 1",
     "proposals are not counted from 0"},
    {"UPDATE proposals SET configuration = -1 WHERE proposal = 1", "configuration is -1", "have no configuration"},
    {"UPDATE proposals SET parameters = '{'", "not a JSON object", "have no configuration"},
    {"UPDATE proposals SET parameters = '[1]'", "not a JSON object", "have no configuration"},
    {"UPDATE proposals SET parameters = 7", "not a JSON object", "have no configuration"},
    {"DELETE FROM proposals WHERE proposal = 0", "proposal is 1, not 0", "its journal has gaps"},
    {"UPDATE proposals SET configuration = 2 WHERE proposal = 1",
     "configuration is 2, not one that was proposed before", "proposals have no configuration"},
    {"UPDATE observations SET proposal = 1", "proposal is 1, not 0", "one proposal after another"},
    {"UPDATE observations SET configuration = 1", "", "do not follow their proposal"},
    {"UPDATE observations SET outcome = 'lost'", "not an outcome", "have an outcome that there is not"},
    {"UPDATE observations SET replicates = 3", "replicates is 3, not 1", "as many values as replicates"},
    {"UPDATE observations SET replicate_values = '[1.0, \"x\"]'", "not a JSON array of numbers", "as many values"},
    {"UPDATE observations SET replicate_values = 'x'", "not a JSON array of numbers", "as many values"},
    {"UPDATE observations SET mean = 'x'", "mean is \"x\", not a number", "have a value that is no number"},
    {"UPDATE observations SET budget = -1.0", "budget is -1", "have a value that is no number"},
    {"UPDATE observations SET entry = 0; DELETE FROM proposals", "one that was made before", "do not follow"},
    {"UPDATE reports SET decision = 'perhaps'", "not a decision", "have no step, value or decision"},
    {"UPDATE reports SET next_step = step", "next_step is 3", "have no step, value or decision"},
    {"UPDATE reports SET step = 'x'", "step is \"x\"", "have no step, value or decision"},
    {"UPDATE ends SET outcome = 'cancelled'", "not an outcome", "ends have no outcome, step or value"},
    {"UPDATE ends SET last_step = -1", "last_step is -1", "ends have no outcome, step or value"},
    {"UPDATE ends SET value = 'x'", "value is \"x\", not a number", "ends have no outcome, step or value"},
    {"UPDATE reviews SET decision = 'pause'", "not a decision", "reviews have no decision"},
    {"UPDATE reviews SET is_last = 2", "is_last is 2", "reviews have no decision"},
    {"UPDATE evidence SET outcome = 'paused'", "not an outcome of a trial that has ended", "evidence have no trial"},
    {"UPDATE evidence SET parameters = '[1]'", "not a JSON object", "evidence have no trial"},
    {"UPDATE evidence SET from_number = -1", "from_number is -1", "evidence have no trial"},
    {"DELETE FROM evidence", "", "its journal has gaps"},
}};

TEST_F(JournalTest, DamageIsNamed) {
  ObservationRecord only = observation(0);
  only.values = {0.375};
  TrialRecord trial = make_trial(0, 0.375);
  trial.parameters = proposal(0).parameters;
  PluginRecord plugin = make_plugin("sgd");
  plugin.sha256 = std::string(64, 'a');
  trial.plugins = {plugin};
  record({evidence(5), proposal(0), proposal(1), report(0, 3), only, end(0, Outcome::paused), review(0)}, {trial});
  ASSERT_EQ(damage(), "");
  store_ = Store(folder_ / "elsewhere.db", Access::read_write);
  const std::filesystem::path whole = folder_ / "whole.db";
  std::filesystem::copy_file(file_, whole);
  for (const auto& [sql, read, looked] : kDamaged) {
    SCOPED_TRACE(sql);
    std::filesystem::copy_file(whole, file_, std::filesystem::copy_options::overwrite_existing);
    by_hand(sql);
    EXPECT_NE(damage().find(looked), std::string::npos) << damage();
    if (std::string_view(read).empty()) continue;
    const Store store(file_, Access::read_only);
    const Error error = error_of([&] { store.read_journal("demo", [](const JournalEntry&) {}); });
    EXPECT_EQ(error.id(), Message::storage_damaged);
    EXPECT_TRUE(says(error, read));
    EXPECT_TRUE(says(error, "of the journal of study 'demo'"));
  }
  const auto looked = [&](const char* sql) {
    std::filesystem::copy_file(whole, file_, std::filesystem::copy_options::overwrite_existing);
    by_hand(sql);
    return damage();
  };
  EXPECT_NE(looked("UPDATE trials SET outcome = 'failed', value = NULL, rank_key = NULL")
                .find("observations are not what their trials were"),
            std::string::npos);
  EXPECT_NE(looked("UPDATE proposals SET parameters = replace(parameters, 'lr', 'rl')")
                .find("proposals are not what their trials were"),
            std::string::npos);
  EXPECT_EQ(looked("UPDATE proposals SET parameters = '{\"file\": \"/a/b\"}'"), "") << "paths move";
  EXPECT_EQ(looked("UPDATE observations SET outcome = 'timed_out'"), "") << "it was run again since";
  EXPECT_NE(looked("UPDATE ends SET outcome = 'pruned'").find("reviews are not of a trial that was paused"),
            std::string::npos);
  std::filesystem::copy_file(whole, file_, std::filesystem::copy_options::overwrite_existing);
  by_hand("UPDATE studies SET lag = -1");
  EXPECT_NE(damage().find("a lag below 0"), std::string::npos) << damage();
}

}  // namespace
}  // namespace tuner::storage
