// Studies: found again, continued, erased.
#include <chrono>
#include <map>

#include "connection.hpp"
#include "fixture.hpp"

namespace tuner::storage {
namespace {

class ResumeTest : public StorageTest {};

TEST_F(ResumeTest, AStudyIsFoundAgainWithItsTrials) {
  StudyRecord study = make_study();
  study.seed = 0x8000'0000'0000'0001;
  study.goal = Goal::maximize;
  {
    Store store(file_, Access::read_write);
    store.open_study(study);
    std::vector<TrialRecord> trials{make_trial(2, 0.25), make_trial(0, 0.5), make_trial(1)};
    trials[2].result.outcome = Outcome::cancelled;
    store.record(trials);
  }
  EXPECT_FALSE(std::filesystem::exists(file_.string() + "-wal"));  // a closed database is one file

  Store store(file_, Access::read_write);
  study.config_text = "# a comment\nseed: 1\n";
  study.config_sha256 = sha256_of_text(study.config_text);
  study.tuner_version = "1.0.1";
  store.open_study(study);
  EXPECT_EQ(store.finished("demo"), (std::vector<std::uint64_t>{0, 2}));
  EXPECT_EQ(store.study_config("demo"), study.config_text);
  const StudyRow row = store.study("demo");
  EXPECT_EQ(row.name, "demo");
  EXPECT_EQ(row.metric, "loss");
  EXPECT_EQ(row.goal, Goal::maximize);
  EXPECT_EQ(row.seed, study.seed);
  EXPECT_EQ(row.tuner_version, "1.0.1");
  EXPECT_EQ(row.created_at.size(), std::string_view("2026-11-21T22:48:00.123Z").size());
  EXPECT_EQ(row.trials, 3u);
  EXPECT_EQ(row.completed, 2u);
  EXPECT_EQ(row.best_number, 0u);
  EXPECT_EQ(table_of(store, "SELECT config_sha256 FROM studies").rows[0][0], Value(study.config_sha256));
}

TEST_F(ResumeTest, ACancelledTrialIsReplacedAndItsAttemptCountedOn) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  TrialRecord cancelled = make_trial(3);
  cancelled.result.outcome = Outcome::cancelled;
  cancelled.result.value.reset();
  cancelled.result.log = {"stopped"};
  cancelled.parameters = {{"old", true}};
  cancelled.plugins = {make_plugin("sgd")};
  store.record(std::vector{cancelled});
  store.record(std::vector{cancelled});
  EXPECT_EQ(store.trial("demo", 3).run.attempt, 2u);
  EXPECT_TRUE(store.finished("demo").empty());

  TrialRecord done = make_trial(3);
  done.result.metrics = {{.step = 1, .name = "loss", .value = 4}};
  store.record(std::vector{done});
  const TrialDetail read = store.trial("demo", 3);
  EXPECT_EQ(read.run.attempt, 3u);
  EXPECT_EQ(read.run.outcome, Outcome::completed);
  EXPECT_EQ(read.run.parameters, done.parameters);  // nothing is left of the earlier attempts
  EXPECT_EQ(read.metrics.size(), 1u);
  EXPECT_TRUE(read.log.empty() && read.plugins.empty());
  EXPECT_EQ(store.finished("demo"), std::vector<std::uint64_t>{3});
}

TEST_F(ResumeTest, ErasingAStudyRemovesAllOfItAndNothingElse) {
  Store store(file_, Access::read_write);
  for (const char* name : {"keep", "demo"}) {
    store.open_study(make_study(name));
    TrialRecord trial = make_trial(0);
    trial.result.log = {"line"};
    trial.plugins = {make_plugin("sgd")};
    store.record(std::vector{trial});
    store.add_event("started", "");
  }
  store.erase_study("demo");
  store.erase_study("never there");
  ASSERT_EQ(store.studies().size(), 1u);
  EXPECT_EQ(store.studies()[0].name, "keep");
  for (const char* table : {"trials", "trial_parameters", "metrics", "trial_plugins", "events"}) {
    EXPECT_TRUE(
        table_of(store, std::string("SELECT * FROM ") + table + " WHERE study_id NOT IN (SELECT id FROM studies)")
            .rows.empty())
        << table;
  }
  EXPECT_EQ(store.trial("keep", 0).log.size(), 1u);
  EXPECT_TRUE(says(error_of([&] { store.record(std::vector{make_trial(1)}); }), "before a study is open"));
  // The name is free again, for any plan.
  store.open_study(make_study("demo", "{}"));
  EXPECT_TRUE(store.finished("demo").empty());
}

TEST_F(ResumeTest, AStudyThatIsNotThereIsNamedWithWhatMayBeMeant) {
  Store store(file_, Access::read_write);
  EXPECT_TRUE(says(error_of([&] { (void)store.study("x"); }), "holds no study yet"));
  store.open_study(make_study("fashion-mnist"));
  const Error error = error_of([&] { (void)store.study("fashon-mnist"); });
  EXPECT_EQ(error.id(), Message::usage_no_such_study);
  EXPECT_TRUE(says(error, "did you mean 'fashion-mnist'?"));
  EXPECT_EQ(error_of([&] { (void)store.runs("nope"); }).id(), Message::usage_no_such_study);
  EXPECT_EQ(error_of([&] { (void)store.best("nope"); }).id(), Message::usage_no_such_study);
  EXPECT_EQ(error_of([&] { (void)store.finished("nope"); }).id(), Message::usage_no_such_study);
  EXPECT_EQ(error_of([&] { (void)store.trial("nope", 0); }).id(), Message::usage_no_such_study);
  EXPECT_EQ(error_of([&] { (void)store.study_config("nope"); }).id(), Message::usage_no_such_study);
  EXPECT_EQ(error_of([&] { (void)store.changed_plugins("nope", {}); }).id(), Message::usage_no_such_study);
  const Error trial = error_of([&] { (void)store.trial("fashion-mnist", 4); });
  EXPECT_EQ(trial.id(), Message::usage_no_such_trial);
  EXPECT_TRUE(says(trial, "has no trial 4"));
  EXPECT_FALSE(store.best("fashion-mnist").has_value());
}

std::string plan_with(const std::string& limit) {
  return "{\n \"seed\": 1,\n \"training\": {\n  \"steps\": 5" +
         (limit.empty() ? "" : ",\n  \"time_limit_seconds\": " + limit) + "\n }\n}";
}

TEST_F(ResumeTest, TimedOutTrialsAreRunAgainWithALongerLimitAlone) {
  TrialRecord timed_out = make_trial(1);
  timed_out.result.outcome = Outcome::timed_out;
  timed_out.result.value.reset();
  timed_out.result.error = "step 3: the time limit of 2 s is over";
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study("demo", plan_with("2.0")));
    store.record(std::vector{make_trial(0), timed_out});
  }
  using Numbers = std::vector<std::uint64_t>;
  const auto finished_with = [&](const std::string& limit) {
    Store store(file_, Access::read_write);
    store.open_study(make_study("demo", plan_with(limit)));
    EXPECT_EQ(store.plan_difference("demo", plan_with(limit), plan_with(limit)), "");
    EXPECT_EQ(table_of(store, "SELECT plan FROM studies").rows[0][0], Value(plan_with(limit)));
    return store.finished("demo");
  };
  EXPECT_EQ(finished_with("2.0"), (Numbers{0, 1}));
  EXPECT_EQ(finished_with("1.0"), (Numbers{0, 1})) << "a shorter one";
  EXPECT_EQ(finished_with("3.5"), (Numbers{0}));
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study("demo", plan_with("3.5")));
    EXPECT_EQ(store.outcomes("demo"), (std::map<Outcome, std::uint64_t>{
                                          {Outcome::completed, 1}, {Outcome::timed_out, 0}, {Outcome::cancelled, 1}}));
    EXPECT_EQ(table_of(store, "SELECT text FROM events WHERE kind = 'reopened'").rows[0][0],
              Value("1 timed out trial: the time limit was 1 s and is 3.5 s"));
    store.record(std::vector{timed_out});
    EXPECT_EQ(store.finished("demo"), (Numbers{0, 1}));
  }
  EXPECT_EQ(finished_with(""), (Numbers{0})) << "no limit is the longest one";
  Store store(file_, Access::read_write);
  const Error other = error_of([&] { store.open_study(make_study("demo", "{\n \"seed\": 2\n}")); });
  EXPECT_EQ(other.id(), Message::storage_other_plan);
}

TEST_F(ResumeTest, ElapsedTimeCountsOverAllRunsOfAStudy) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  EXPECT_EQ(store.elapsed_seconds("demo"), 0);
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  store.add_event("started", "");
  EXPECT_LT(store.elapsed_seconds("demo"), 50);
  // Killed: up to what it recorded last.
  TrialRecord trial = make_trial(0), cancelled = make_trial(1);
  trial.finished_at_ms = now + 100'000;
  cancelled.finished_at_ms = now + 300'000;
  cancelled.result.outcome = Outcome::cancelled;
  store.record(std::vector{trial, cancelled});
  EXPECT_GE(store.elapsed_seconds("demo"), 299);
  EXPECT_LT(store.elapsed_seconds("demo"), 350);
  // Ended: up to then, whatever its trials say.
  store.add_event("interrupted", "");
  EXPECT_LT(store.elapsed_seconds("demo"), 50);
  // What people write down later, and what becomes of the study between its runs, takes no time.
  for (const char* kind : {"note", "tag", "merged", "grown", "reopened"}) {
    Connection connection(file_, Connection::Mode::existing);
    connection.prepared("INSERT INTO events (study_id, at, kind, text) VALUES (1, '2100-01-01T00:00:00.000Z', ?, '')")
        .run(std::string_view(kind));
    EXPECT_LT(store.elapsed_seconds("demo"), 50) << kind;
  }
  store.add_event("resumed", "");
  store.add_event("budget_used", "");
  EXPECT_LT(store.elapsed_seconds("demo"), 50);
  store.open_study(make_study("other"));
  EXPECT_EQ(store.elapsed_seconds("other"), 0);
}

TEST_F(ResumeTest, APluginOfEqualVersionAndOtherBytesIsReported) {
  Store store(file_, Access::read_write);
  const PluginRecord sgd = make_plugin("sgd");
  PluginRecord other = sgd;
  other.sha256 = "bbbb";
  store.open_study(make_study("elsewhere"));
  TrialRecord foreign = make_trial(0);
  foreign.plugins = {other};
  store.record(std::vector{foreign});

  store.open_study(make_study());
  TrialRecord trial = make_trial(0);
  trial.plugins = {sgd};
  store.record(std::vector{trial});
  EXPECT_TRUE(store.changed_plugins("demo", std::vector{sgd}).empty());
  const std::vector<std::string> lines = store.changed_plugins("demo", std::vector{other});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("optimizer 'sgd' 1.0.0"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("than in trial"), std::string::npos) << lines[0];
  other.version = "1.1.0";  // a new version may have other bytes
  EXPECT_TRUE(store.changed_plugins("demo", std::vector{other}).empty());
}

}  // namespace
}  // namespace tuner::storage
