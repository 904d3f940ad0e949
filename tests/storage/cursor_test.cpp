// Cursors give what the rows say, in their order and one at a time, also behind a damaged page.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "connection.hpp"
#include "fixture.hpp"

namespace tuner::storage {
namespace {

using Numbers = std::vector<std::uint64_t>;
using Strings = std::vector<std::string>;

void expect_equal(const RunRow& a, const RunRow& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.configuration, b.configuration);
  EXPECT_EQ(a.replicate, b.replicate);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.evaluations, b.evaluations);
  EXPECT_EQ(a.wall_seconds, b.wall_seconds);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.finished_at, b.finished_at);
  EXPECT_EQ(a.error, b.error);
}

class CursorTest : public StorageTest {
 protected:
  // With parameters whose order is not that of their names, a trial without any, and one that failed.
  static TrialRecord trial(std::uint64_t number) {
    TrialRecord trial = make_trial(number, static_cast<double>(number * 7 % 11));
    trial.parameters = {{"z", std::int64_t(number)}, {"a", fmt::format("marker-{}", number)}, {"m", 0.5}};
    if (number == 3) trial.parameters.clear();
    if (number == 5) {
      trial.result.outcome = Outcome::failed;
      trial.result.value = {};
      trial.result.error = "it failed";
      trial.attempt = 2;
    }
    return trial;
  }
  void fill(std::uint64_t count) {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    std::vector<TrialRecord> trials;
    for (std::uint64_t number = 0; number < count; ++number) trials.push_back(trial(number));
    store.record(trials);
    store.open_study(make_study("other"));
    store.record(std::vector{make_trial(0), make_trial(4)});
  }
};

TEST_F(CursorTest, GivesTheTrialsThatThereAre) {
  fill(8);
  const Store store(file_, Access::read_only);
  for (const bool ranked : {false, true}) {
    Numbers numbers;
    store.read_runs("demo", 0, ranked, [&](const RunRow& run) {
      numbers.push_back(run.number);
      expect_equal(run, run_row(trial(run.number)));
    });
    EXPECT_EQ(numbers, ranked ? (Numbers{0, 2, 7, 4, 1, 6, 3}) : (Numbers{0, 1, 2, 3, 4, 5, 6, 7}));
    numbers.clear();
    store.read_runs("demo", 2, ranked, [&](const RunRow& run) { numbers.push_back(run.number); });
    EXPECT_EQ(numbers, ranked ? (Numbers{0, 2}) : (Numbers{0, 1}));
  }
  for (std::uint64_t number = 0; number < 8; ++number)
    expect_equal(store.trial("demo", number).run, run_row(trial(number)));
}

TEST_F(CursorTest, StopsWhereTheReaderThrows) {
  fill(8);
  const Store store(file_, Access::read_only);
  for (int time = 0; time < 2; ++time) {
    int seen = 0;
    const auto read = [&] {
      store.read_runs("demo", 0, false, [&](const RunRow&) {
        if (++seen == 3) throw Error(Message::storage_failed, "enough");
      });
    };
    EXPECT_TRUE(says(error_of(read), "enough"));
    EXPECT_EQ(seen, 3);
  }
  EXPECT_EQ(store.runs("demo").size(), 8u);
}

// The leaf of trial_parameters that has a trial's text becomes a page of no kind.
void damage_page_of(const std::filesystem::path& file, const std::string& text) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  std::size_t at = bytes.find(text);
  // In the JSON of `trials` it is in quotes.
  while (at != std::string::npos && bytes[at - 1] == '"') at = bytes.find(text, at + 1);
  ASSERT_NE(at, std::string::npos);
  constexpr std::size_t kPage = 4096;
  stream.clear();
  stream.seekp(static_cast<std::streamoff>(at / kPage * kPage));
  stream.put('\x7f');
}

TEST_F(CursorTest, GoesOnBehindADamagedPage) {
  fill(2000);
  damage_page_of(file_, "marker-1000");
  const Store store(file_, Access::read_only);
  Damage damage;
  Numbers numbers;
  store.read_runs(
      "demo", 0, false,
      [&](const RunRow& run) {
        numbers.push_back(run.number);
        EXPECT_EQ(run.parameters, trial(run.number).parameters);
      },
      &damage);
  EXPECT_FALSE(damage.empty());
  EXPECT_LT(numbers.size(), 2000u);
  EXPECT_GT(numbers.size(), 1800u);
  EXPECT_EQ(numbers.back(), 1999u);
  EXPECT_EQ(std::ranges::count(numbers, 1000u), 0);
  EXPECT_EQ(error_of([&] { store.read_runs("demo", 0, false, [](const RunRow&) {}); }).id(), Message::storage_damaged);
  EXPECT_EQ(store.parameter_names("demo", &damage), (Strings{"z", "a", "m"}));
}

TEST_F(CursorTest, NamesComeInTheOrderOfEveryTrial) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  std::uint64_t number = 0;
  for (const Strings& names :
       {Strings{"optimizer", "sgd.lr", "batch"}, Strings{"optimizer", "adam.lr", "adam.beta1", "batch"},
        Strings{"optimizer", "sgd.lr", "sgd.momentum", "batch"}, Strings{},
        Strings{"objective", "optimizer", "sgd.lr", "batch", "epochs"}}) {
    TrialRecord trial = make_trial(number++);
    trial.parameters.clear();
    for (const std::string& name : names) trial.parameters.emplace_back(name, 1.0);
    store.record(std::vector{trial});
  }
  EXPECT_EQ(store.parameter_names("demo"),
            (Strings{"objective", "optimizer", "sgd.lr", "adam.lr", "adam.beta1", "sgd.momentum", "batch", "epochs"}));
  EXPECT_EQ(error_of([&] { (void)store.parameter_names("dem"); }).id(), Message::usage_no_such_study);
  store.open_study(make_study("empty"));
  EXPECT_TRUE(store.parameter_names("empty").empty());
}

TEST_F(CursorTest, ConfigurationsComeAsTheirListDoes) {
  fill(8);
  const Store store(file_, Access::read_only);
  Numbers numbers;
  store.read_configurations("demo", 3, [&](const ConfigurationRow& row) { numbers.push_back(row.configuration); });
  EXPECT_EQ(numbers, (Numbers{0, 2, 7}));
}

TEST_F(CursorTest, EveryTrialHasItsCurve) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  std::vector<TrialRecord> trials;
  for (std::uint64_t number = 0; number < 3; ++number) {
    TrialRecord trial = make_trial(number);
    trial.result.metrics = {{.step = 0, .name = "accuracy", .value = 0.1}};
    for (std::int64_t step = 0; number != 1 && step < 100; ++step)
      trial.result.metrics.push_back({.step = step, .name = "loss", .value = 100.0 - static_cast<double>(step)});
    trials.push_back(trial);
  }
  store.record(trials);
  Numbers numbers;
  store.read_curves("demo", "loss", 10, [&](const Curve& curve) {
    numbers.push_back(curve.number);
    EXPECT_EQ(curve.measured, 100u);
    ASSERT_EQ(curve.points.size(), 10u);
    EXPECT_EQ(curve.points.front(), (CurvePoint{.step = 0, .value = 100}));
    EXPECT_EQ(curve.points.back(), (CurvePoint{.step = 99, .value = 1}));
  });
  EXPECT_EQ(numbers, (Numbers{0, 2})) << "trial 1 has not measured it";
  store.read_curves("demo", "none", 0, [&](const Curve&) { ADD_FAILURE(); });

  Connection(file_, Connection::Mode::existing)
      .execute("UPDATE metrics SET value = 'x' WHERE number = 2 AND name = 'loss' AND step = 50");
  Damage damage;
  std::size_t points = 0;
  store.read_curves(
      "demo", "loss", 0, [&](const Curve& curve) { points += curve.points.size(); }, &damage);
  EXPECT_EQ(points, 199u);
  EXPECT_TRUE(says(error_of([&] { damage.raise("file"); }), "trial 2 of study 'demo': metrics: value is \"x\""));
  EXPECT_EQ(error_of([&] { store.read_curves("demo", "loss", 0, [](const Curve&) {}); }).id(),
            Message::storage_damaged);
}

TEST(Thin, KeepsTheEndsAndWhatSticksOut) {
  std::vector<CurvePoint> points;
  for (std::int64_t step = 0; step < 1000; ++step)
    points.push_back({.step = step, .value = std::sin(0.01 * static_cast<double>(step))});
  points[300].value = 50;
  points[700].value = -50;
  points[900].value = std::numeric_limits<double>::infinity();
  const auto whole = points;
  for (const std::size_t most : {0u, 1000u, 2000u}) {
    auto same = whole;
    thin(same, most);
    EXPECT_EQ(same, whole) << most;
  }
  for (const std::size_t most : {4u, 5u, 20u, 101u, 999u}) {
    auto thinned = whole;
    thin(thinned, most);
    EXPECT_LE(thinned.size(), most);
    EXPECT_EQ(thinned.front(), whole.front());
    EXPECT_EQ(thinned.back(), whole.back());
    EXPECT_TRUE(std::ranges::is_sorted(thinned, {}, &CurvePoint::step));
    EXPECT_EQ(std::ranges::count(thinned, whole[700]), 1) << most;
    EXPECT_EQ(std::ranges::count(thinned, whole[900]), 1) << most;
    // With four points there is one for all peaks.
    EXPECT_EQ(std::ranges::count(thinned, whole[300]), most > 5 ? 1 : 0) << most;
  }
  auto few = whole;
  thin(few, 1);
  EXPECT_EQ(few.size(), 4u) << "fewer would not show what sticks out";
}

TEST(Thin, SeesANaN) {
  std::vector<CurvePoint> points(100);
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = {.step = std::int64_t(i), .value = 1.0};
  points[40].value = std::nan("");
  thin(points, 6);
  EXPECT_EQ(std::ranges::count_if(points, [](const CurvePoint& point) { return std::isnan(point.value); }), 1);
}

}  // namespace
}  // namespace tuner::storage
