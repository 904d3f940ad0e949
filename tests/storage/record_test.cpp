// What is recorded comes back as it was.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <ctime>
#include <fstream>
#include <limits>
#include <numeric>

#include "fixture.hpp"
#include "ranks.hpp"
#include "tuner/json.hpp"

namespace tuner::storage {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

class RecordTest : public StorageTest {
 protected:
  RecordTest() { store_.open_study(make_study()); }
  TrialDetail round_trip(const TrialRecord& trial) {
    store_.record(std::span(&trial, 1));
    return Store(file_, Access::read_only).trial("demo", trial.id.number);
  }
  Store store_{file_, Access::read_write};
};

TEST_F(RecordTest, KeepsEveryFieldOfATrial) {
  TrialRecord trial = make_trial(7);
  trial.seed = 0xffff'ffff'ffff'fff0;
  trial.attempt = 3;
  trial.started_at_ms = 1'795'301'280'123;
  trial.finished_at_ms = 1'795'301'281'007;
  trial.parameters = {{"zebra", Null{}},
                      {"optimizer", std::string("adamw")},
                      {"nesterov", true},
                      {"amsgrad", false},
                      {"big", std::numeric_limits<std::int64_t>::min()},
                      {"lr", 0.1},
                      {"whole", 3.0},
                      {"hidden", List{std::int64_t{64}, 0.5, std::string("a\"b"), Null{}, true}},
                      {"none", List{}},
                      {"", std::string()},
                      {"größe \n\t\"日本\"", std::string("Ω \\ ' % \x01")}};
  trial.result = {
      .outcome = Outcome::completed,
      .value = 0.1 + 0.2,
      .last_value = 1e-310,
      .best_value = -0.0,
      .steps = 1234567890123,
      .epochs = 2.5,
      .evaluations = {.loss = 3, .gradient = 5, .hvp = 7},
      .nonfinite_gradients = 4,
      .wall_seconds = 12.25,
      .target_step = 99,
      .target_seconds = 0.75,
      .error = "",
      .metrics = {{.step = 5, .name = "b", .value = -0.0},
                  {.step = 10, .name = "a", .value = 3.0},
                  {.step = 0, .name = "a", .value = std::numeric_limits<double>::denorm_min()}},
      .log = {"first", "", "zweite Zeile: ü"},
      .process = ProcessEnd{
          .exit_code = 0, .signal = 11, .output_bytes = 4, .output = std::string("a\xff\0b\n", 5), .files = {}}};
  trial.plugins = {make_plugin("lookahead"),
                   {.kind = "optimizer",
                    .id = "adamw",
                    .version = "2.1.0",
                    .sha256 = "bb",
                    .path = "/p/b.so",
                    .abi_minor = 3,
                    .build_flags = 0xffff'ffff,
                    .build = "GCC 12"}};
  const TrialDetail read = round_trip(trial);

  EXPECT_EQ(read.run.number, 7u);
  EXPECT_EQ(read.run.outcome, Outcome::completed);
  EXPECT_TRUE(same(read.run.value.value(), 0.1 + 0.2));
  EXPECT_EQ(read.run.parameters, trial.parameters);
  EXPECT_EQ(read.run.seed, trial.seed);
  EXPECT_EQ(read.run.attempt, 3u);
  EXPECT_EQ(read.run.steps, 1234567890123);
  EXPECT_EQ(read.run.evaluations, 15u);
  EXPECT_EQ(read.run.wall_seconds, 12.25);
  EXPECT_EQ(read.run.started_at, "2026-11-21T22:48:00.123Z");
  EXPECT_EQ(read.run.finished_at, "2026-11-21T22:48:01.007Z");
  EXPECT_EQ(read.run.error, "");
  EXPECT_TRUE(same(read.last_value.value(), 1e-310));
  EXPECT_TRUE(same(read.best_value.value(), -0.0));
  EXPECT_EQ(read.epochs, 2.5);
  EXPECT_EQ(read.evaluations.loss, 3u);
  EXPECT_EQ(read.evaluations.gradient, 5u);
  EXPECT_EQ(read.evaluations.hvp, 7u);
  EXPECT_EQ(read.nonfinite_gradients, 4);
  EXPECT_EQ(read.target_step, 99);
  EXPECT_EQ(read.target_seconds, 0.75);
  EXPECT_EQ(read.plugins, trial.plugins);
  EXPECT_EQ(read.log, trial.result.log);
  EXPECT_EQ(read.exit, "signal 11 (Segmentation fault)");
  EXPECT_EQ(read.output, "a\\xff\\x00b\n");
  ASSERT_EQ(read.metrics.size(), 3u);  // by name, then step
  EXPECT_EQ(read.metrics[0].step, 0);
  EXPECT_TRUE(same(read.metrics[0].value, std::numeric_limits<double>::denorm_min()));
  EXPECT_EQ(read.metrics[1].step, 10);
  EXPECT_EQ(read.metrics[2].name, "b");
  EXPECT_TRUE(same(read.metrics[2].value, -0.0));
}

TEST_F(RecordTest, KeepsNanAndInfinitiesEverywhere) {
  for (const double value : {kNan, kInf, -kInf}) {
    TrialRecord trial = make_trial(std::isnan(value) ? 0 : value > 0 ? 1 : 2);
    trial.parameters = {{"x", value}, {"y", 1.0}};
    trial.result.value = trial.result.best_value = trial.result.last_value = value;
    trial.result.metrics = {{.step = 0, .name = "loss", .value = value}, {.step = 1, .name = "loss", .value = 1}};
    const TrialDetail read = round_trip(trial);
    EXPECT_TRUE(same(read.run.value.value(), value));
    EXPECT_TRUE(same(read.best_value.value(), value));
    EXPECT_TRUE(same(read.last_value.value(), value));
    EXPECT_TRUE(same(read.metrics.at(0).value, value));
    EXPECT_TRUE(same(std::get<double>(read.run.parameters.at(0).second), value));
  }
  const Table table = table_of(store_, "SELECT value, typeof(value), json_valid(parameters) FROM runs ORDER BY number");
  EXPECT_EQ(table.rows[0], (std::vector<Value>{"nan", "text", std::int64_t{1}}));
  EXPECT_EQ(table.rows[1], (std::vector<Value>{kInf, "real", std::int64_t{1}}));
  EXPECT_EQ(table.rows[2], (std::vector<Value>{-kInf, "real", std::int64_t{1}}));
  EXPECT_EQ(table_of(store_, "SELECT value FROM learning_curves WHERE typeof(value) = 'text'").rows.size(), 1u);
  // A NaN is no best value, an infinity is comparable.
  EXPECT_EQ(store_.best("demo")->number, 2u);
  EXPECT_EQ(store_.runs("demo", 0, true).size(), 2u);
}

TEST_F(RecordTest, ParametersInTheViewAreTheCanonicalJson) {
  TrialRecord trial = make_trial(0);
  trial.parameters = {{"z", 0.1}, {"a\"", List{std::int64_t{1}, 2.0}}, {"é", Null{}}, {"t", true}};
  store_.record(std::span(&trial, 1));
  const Table table = table_of(store_, "SELECT parameters FROM runs");
  const auto json = Json::parse(std::get<std::string>(table.rows[0][0]));
  EXPECT_EQ(json.dump(), R"({"z":0.1,"a\"":[1,2.0],"é":null,"t":true})");
}

TEST_F(RecordTest, NoValueAndNoOptionalsStayAbsent) {
  TrialRecord trial = make_trial(0);
  trial.parameters.clear();
  trial.result = TrialResult();
  trial.result.outcome = Outcome::failed;
  trial.result.error = "it\'s \"bad\"";
  const TrialDetail read = round_trip(trial);
  EXPECT_EQ(read.run.outcome, Outcome::failed);
  EXPECT_EQ(read.run.value, std::nullopt);
  EXPECT_EQ(read.run.error, "it's \"bad\"");
  EXPECT_EQ(read.best_value, std::nullopt);
  EXPECT_EQ(read.last_value, std::nullopt);
  EXPECT_EQ(read.target_step, std::nullopt);
  EXPECT_EQ(read.target_seconds, std::nullopt);
  EXPECT_TRUE(read.run.parameters.empty() && read.metrics.empty() && read.plugins.empty() && read.log.empty());
  EXPECT_EQ(table_of(store_, "SELECT value, parameters FROM runs").rows[0], (std::vector<Value>{Null{}, "{}"}));
}

TEST_F(RecordTest, EveryOutcomeHasItsWord) {
  std::vector<TrialRecord> trials;
  for (const Outcome outcome : {Outcome::completed, Outcome::pruned, Outcome::diverged, Outcome::failed,
                                Outcome::timed_out, Outcome::cancelled}) {
    trials.push_back(make_trial(trials.size(), -static_cast<double>(trials.size())));
    trials.back().result.outcome = outcome;
  }
  store_.record(trials);
  const std::vector<RunRow> runs = store_.runs("demo");
  ASSERT_EQ(runs.size(), 6u);
  for (std::size_t i = 0; i < runs.size(); ++i) EXPECT_EQ(runs[i].outcome, trials[i].result.outcome);
  // Only completed trials are ranked, however good the others look.
  EXPECT_EQ(store_.best("demo")->number, 0u);
  EXPECT_EQ(store_.study("demo").trials, 6u);
  EXPECT_EQ(store_.study("demo").completed, 1u);
  // The cancelled one, made again, is counted once; a batch that fails counts nothing.
  store_.record(std::vector{make_trial(5)});
  EXPECT_EQ(error_of([&] { store_.record(std::vector{make_trial(6), make_trial(0)}); }).id(), Message::storage_failed);
  EXPECT_EQ(store_.study("demo").trials, 6u);
  EXPECT_EQ(store_.study("demo").completed, 2u);
  const char* counted = "SELECT outcome, trials FROM outcome_counts WHERE trials <> 0 ORDER BY 1";
  EXPECT_EQ(table_of(store_, counted).rows,
            table_of(store_, "SELECT outcome, count(*) FROM trials GROUP BY 1 ORDER BY 1").rows);
}

TEST_F(RecordTest, RanksByTheGoalAndThenByNumber) {
  for (const Goal goal : {Goal::minimize, Goal::maximize}) {
    StudyRecord study = make_study(std::string(to_string(goal)));
    study.goal = goal;
    store_.open_study(study);
    std::vector<TrialRecord> trials;
    for (const double value : {0.5, -1.0, 2.0, -1.0, 2.0}) trials.push_back(make_trial(trials.size(), value));
    std::reverse(trials.begin(), trials.end());
    store_.record(trials);
    std::vector<std::uint64_t> numbers;
    for (const RunRow& run : store_.runs(study.name, 0, true)) numbers.push_back(run.number);
    const bool down = goal == Goal::minimize;
    EXPECT_EQ(numbers, (down ? std::vector<std::uint64_t>{1, 3, 0, 2, 4} : std::vector<std::uint64_t>{2, 4, 0, 1, 3}));
    EXPECT_EQ(store_.runs(study.name, 2, true).size(), 2u);
    EXPECT_EQ(store_.runs(study.name, 3).back().number, 2u);
    EXPECT_EQ(store_.best(study.name)->number, numbers.front());
    EXPECT_EQ(store_.study(study.name).best_number, numbers.front());
    EXPECT_EQ(store_.study(study.name).best_value, down ? -1.0 : 2.0);
    const Table view = table_of(store_, "SELECT number FROM best_runs WHERE study = '" + study.name + "'");
    ASSERT_EQ(view.rows.size(), numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_EQ(std::get<std::int64_t>(view.rows[i][0]), static_cast<std::int64_t>(numbers[i]));
    }
  }
}

TEST_F(RecordTest, AMetricReportedTwiceForAStepKeepsTheLastValue) {
  TrialRecord trial = make_trial(0);
  trial.result.metrics = {{.step = 4, .name = "m", .value = 1}, {.step = 4, .name = "m", .value = 2}};
  const TrialDetail read = round_trip(trial);
  ASSERT_EQ(read.metrics.size(), 1u);
  EXPECT_EQ(read.metrics[0].value, 2);
}

// Recorded ranks are moved from one table to another, now and then.
class RankingTest : public StorageTest {
 protected:
  RankingTest() { store_.open_study(make_study()); }
  // The next `count` trials; their values come in no order, and every one about twice.
  std::vector<TrialRecord> next(std::int64_t count) {
    std::vector<TrialRecord> batch;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t number = values_.size();
      values_.push_back(static_cast<double>(number * 7919 % 4001));
      batch.push_back(make_trial(number, values_.back()));
      batch.back().parameters.clear();
      batch.back().result.metrics.clear();
    }
    return batch;
  }
  void expect_ranked() {
    std::vector<std::uint64_t> expected(values_.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::ranges::stable_sort(expected, {}, [&](std::uint64_t number) { return values_[number]; });
    std::vector<std::uint64_t> ranked, viewed;
    for (const RunRow& run : store_.runs("demo", 0, true)) ranked.push_back(run.number);
    for (const auto& row : table_of(store_, "SELECT number FROM best_runs WHERE study = 'demo'").rows) {
      viewed.push_back(static_cast<std::uint64_t>(std::get<std::int64_t>(row[0])));
    }
    EXPECT_EQ(ranked, expected);
    EXPECT_EQ(viewed, expected);
  }
  std::vector<std::int64_t> sizes() {
    const Table table =
        table_of(store_, "SELECT (SELECT count(*) FROM ranks), (SELECT count(*) FROM recent_ranks) FROM studies");
    return {std::get<std::int64_t>(table.rows[0][0]), std::get<std::int64_t>(table.rows[0][1])};
  }
  Store store_{file_, Access::read_write};
  std::vector<double> values_;
};

TEST_F(RankingTest, IsOneAcrossRecentAndMergedRanks) {
  store_.record(next(kRecentRanks - 10));
  EXPECT_EQ(sizes(), (std::vector<std::int64_t>{0, kRecentRanks - 10}));
  // A batch that would have moved them fails, and nothing of it is left.
  std::vector<TrialRecord> batch = next(20);
  batch.push_back(make_trial(0));
  EXPECT_EQ(error_of([&] { store_.record(batch); }).id(), Message::storage_failed);
  EXPECT_EQ(sizes(), (std::vector<std::int64_t>{0, kRecentRanks - 10}));
  // Another opening knows how many there are.
  store_ = Store(file_, Access::read_write);
  store_.open_study(make_study());
  batch.pop_back();
  store_.record(batch);
  EXPECT_EQ(sizes(), (std::vector<std::int64_t>{kRecentRanks + 10, 0}));
  expect_ranked();
  store_.record(next(100));
  EXPECT_EQ(sizes(), (std::vector<std::int64_t>{kRecentRanks + 10, 100}));
  expect_ranked();
  EXPECT_EQ(store_.best("demo")->number, 0u);
  TrialRecord better = make_trial(values_.size(), -1);
  store_.record(std::vector{better});
  EXPECT_EQ(store_.best("demo")->number, better.id.number);
  EXPECT_EQ(store_.study("demo").best_number, better.id.number);
  // Erasing the study erases its ranks.
  store_.erase_study("demo");
  EXPECT_TRUE(table_of(store_, "SELECT number FROM ranks UNION ALL SELECT number FROM recent_ranks").rows.empty());
}

TEST_F(RankingTest, IsMergedAgainAndAgain) {
  for (int i = 0; i < 2; ++i) store_.record(next(kRecentRanks));
  store_.record(next(7));
  EXPECT_EQ(sizes(), (std::vector<std::int64_t>{2 * kRecentRanks, 7}));
  expect_ranked();
}

TEST_F(RecordTest, ABatchIsAllOrNothing) {
  store_.record(std::vector{make_trial(0)});
  TrialRecord with_plugin = make_trial(1);
  with_plugin.plugins = {make_plugin("sgd")};
  // Trial 0 is finished and must not be written again; trials 1 and 2 around it are not written either.
  const Error error = error_of([&] { store_.record(std::vector{with_plugin, make_trial(0, 9), make_trial(2)}); });
  EXPECT_EQ(error.id(), Message::storage_failed);
  EXPECT_TRUE(says(error, "finished already"));
  EXPECT_EQ(store_.finished("demo"), std::vector<std::uint64_t>{0});
  EXPECT_EQ(store_.best("demo")->value, 0.5);
  EXPECT_TRUE(table_of(store_, "SELECT * FROM plugins").rows.empty());
  // The store goes on, and the plugin that was rolled back is written now.
  store_.record(std::vector{with_plugin});
  EXPECT_EQ(store_.trial("demo", 1).plugins, with_plugin.plugins);
}

TEST_F(RecordTest, ADiskThatFillsUpIsReportedAndLeavesTheFileWhole) {
  const pid_t child = spawn([&] {
    // Files cannot grow beyond this; the signal that comes with it is the writer's to ignore.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1'000'000, .rlim_max = 1'000'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    Store store(folder_ / "full.db", Access::read_write);
    store.open_study(make_study());
    for (std::uint64_t number = 0; number < 100'000; ++number) {
      try {
        store.record(std::vector{make_trial(number)});
      } catch (const Error& error) {
        if (error.id() != Message::storage_failed || !says(error, "Check the disk") || number < 5) _exit(2);
        std::ofstream(folder_ / "count") << number;
        return;
      }
    }
    _exit(3);
  });
  ASSERT_EQ(wait_for(child), 0);
  std::uint64_t recorded = 0;
  std::ifstream(folder_ / "count") >> recorded;
  Store store(folder_ / "full.db", Access::read_write);
  EXPECT_EQ(table_of(store, "PRAGMA integrity_check").rows[0][0], Value("ok"));
  EXPECT_EQ(store.finished("demo").size(), recorded);
  store.open_study(make_study());
  store.record(std::vector{make_trial(recorded)});
}

TEST_F(RecordTest, EventsAreKeptInOrder) {
  store_.add_event("started", "40 trials");
  store_.add_event("interrupted", "");
  const Table table = table_of(store_, "SELECT kind, text, number FROM events ORDER BY id");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0], (std::vector<Value>{"started", "40 trials", Null{}}));
  EXPECT_EQ(table.rows[1], (std::vector<Value>{"interrupted", "", Null{}}));
}

TEST_F(RecordTest, MachinesAreNamedOnceInOrder) {
  EXPECT_TRUE(store_.machines("demo").empty());
  for (const char* machine : {"b, 2 processors", "a, 4 processors", "b, 2 processors"}) {
    store_.add_event("started", "");
    store_.add_event("machine", machine);
  }
  EXPECT_EQ(store_.machines("demo"), (std::vector<std::string>{"b, 2 processors", "a, 4 processors"}));
  EXPECT_EQ(error_of([&] { static_cast<void>(store_.machines("none")); }).id(), Message::usage_no_such_study);
}

TEST_F(RecordTest, NothingIsRecordedWithoutAnOpenStudy) {
  Store store(file_, Access::read_write);
  EXPECT_TRUE(says(error_of([&] { store.record(std::vector{make_trial(0)}); }), "before a study is open"));
  EXPECT_TRUE(says(error_of([&] { store.add_event("a", "b"); }), "before a study is open"));
}

// Processor time and medians, so that a busy machine does not decide: recording costs the same in a study that is ten
// times larger.
TEST_F(RecordTest, TheCostPerTrialDoesNotGrowWithTheStudy) {
  constexpr std::size_t kBatches = 200, kBatch = 50, kEnd = 20;
  std::vector<double> seconds;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kBatches; ++i) {
    std::vector<TrialRecord> batch;
    for (std::size_t j = 0; j < kBatch; ++j, ++number) {
      batch.push_back(make_trial(number, static_cast<double>((number * 7919) % 10007)));
    }
    const std::clock_t start = std::clock();
    store_.record(batch);
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  const auto median = [&](std::size_t from) {
    const auto begin = seconds.begin() + static_cast<std::ptrdiff_t>(from);
    std::vector<double> part(begin, begin + kEnd);
    std::nth_element(part.begin(), part.begin() + kEnd / 2, part.end());
    return part[kEnd / 2];
  };
  EXPECT_LT(median(kBatches - kEnd), 4 * median(0));
  EXPECT_EQ(store_.best("demo")->value, 0.0);
}

// ---- what a study is run with

TEST_F(StorageTest, OverridesAreThoseOfTheLastStart) {
  StudyRecord study = make_study();
  study.overrides = {"training.steps=7", "optimizer={plugin: sgd,\n lr: 1}", ""};
  {
    Store store(file_, Access::read_write);
    store.open_study(study);
    EXPECT_EQ(store.study_overrides("demo"), study.overrides);
    store.open_study(make_study("other"));
    EXPECT_TRUE(store.study_overrides("other").empty());
    EXPECT_EQ(store.study_overrides("demo"), study.overrides) << "of this study alone";
  }
  Store store(file_, Access::read_write);
  study.overrides = {"seed=2"};
  store.open_study(study);
  EXPECT_EQ(store.study_overrides("demo"), study.overrides);
  EXPECT_EQ(store.study_config("demo"), study.config_text) << "the text stays as it was written";
  EXPECT_EQ(error_of([&] { static_cast<void>(store.study_overrides("none")); }).id(), Message::usage_no_such_study);
  store.erase_study("demo");
  EXPECT_EQ(table_of(store, "SELECT count(*) FROM study_overrides").rows[0][0], Value(std::int64_t{0}));
}

// ---- a space that grows

TEST_F(StorageTest, AStudyThatGrewKeepsWhatItWas) {
  StudyRecord study = make_study();
  const std::string first = study.plan;
  study.overrides = {"seed=1", "name=\"q\""};
  Store store(file_, Access::read_write);
  EXPECT_TRUE(store.versions("demo").empty());
  store.open_study(study);
  ASSERT_EQ(store.versions("demo").size(), 1u);
  StudyRecord grown = study;
  grown.config_text = "more";
  grown.config_sha256 = sha256_of_text("more");
  grown.overrides = {};
  grown.plan = "a larger plan";
  EXPECT_EQ(error_of([&] { store.open_study(grown); }).id(), Message::storage_other_plan);
  grown.grown_from = "something else";
  EXPECT_EQ(error_of([&] { store.open_study(grown); }).id(), Message::storage_other_plan);
  ASSERT_EQ(store.versions("demo").size(), 1u);
  grown.grown_from = first;
  EXPECT_TRUE(store.open_study(grown).empty());
  EXPECT_TRUE(store.open_study(grown).empty()) << "resumed as it is now";
  const auto versions = store.versions("demo");
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].config_text, study.config_text);
  EXPECT_EQ(versions[0].overrides, study.overrides);
  EXPECT_EQ(versions[0].plan, first);
  EXPECT_EQ(versions[1].config_text, "more");
  EXPECT_TRUE(versions[1].overrides.empty());
  EXPECT_EQ(versions[1].plan, grown.plan);
  EXPECT_EQ(error_of([&] { store.open_study(study); }).id(), Message::storage_other_plan) << "it does not shrink";
  EXPECT_EQ(versions[0].proposals, std::nullopt) << "it has no journal";
  EXPECT_FALSE(versions[0].replaced_at.empty());
  EXPECT_TRUE(versions[1].replaced_at.empty());
  store.erase_study("demo");
  EXPECT_EQ(table_of(store, "SELECT count(*) FROM study_versions").rows[0][0], Value(std::int64_t{0}));
}

TEST_F(StorageTest, AStudyThatLearnsKeepsHowManyProposalsItHadWhenItGrew) {
  StudyRecord study = make_study();
  Store store(file_, Access::read_write);
  std::vector<std::string> plans{study.plan, "a larger plan", "the largest plan"};
  const auto propose = [&](std::uint64_t from, std::uint64_t to) {
    std::vector<JournalEntry> entries;
    for (std::uint64_t n = from; n < to; ++n)
      entries.emplace_back(ProposalRecord{.proposal = n, .configuration = n, .parameters = {}});
    store.record({}, entries);
  };
  for (std::size_t version = 0; version < plans.size(); ++version) {
    study.plan = plans[version];
    study.grown_from = version == 0 ? "" : plans[version - 1];
    EXPECT_TRUE(store.open_study(study).empty());
    if (version == 0) {
      EXPECT_TRUE(store.keep_journal(8));
      propose(0, 5);
    }
    if (version == 1) propose(5, 7);
  }
  const auto versions = store.versions("demo");
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[0].proposals, 5u);
  EXPECT_EQ(versions[1].proposals, 7u);
  EXPECT_EQ(versions[2].proposals, std::nullopt);
}

TEST_F(StorageTest, AStudyThatDidNotGrowSaysWhyNot) {
  StudyRecord study = make_study();
  Store store(file_, Access::read_write);
  store.open_study(study);
  study.plan = "another plan";
  study.not_grown = "Its space did not only grow: x lost the value 2.";
  const Error error = error_of([&] { store.open_study(study); });
  EXPECT_EQ(error.id(), Message::storage_other_plan);
  EXPECT_NE(error.remedy().find(study.not_grown), std::string::npos) << error.remedy();
}

}  // namespace
}  // namespace tuner::storage
