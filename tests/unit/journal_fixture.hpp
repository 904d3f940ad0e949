// Studies of made-up trials for the tests of the journal, and searchers and pruners that remember what they were told.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fake_executor.hpp"
#include "order_sensitive.hpp"
#include "plan_fixture.hpp"
#include "temporary_folder.hpp"
#include "tuner/study/coordinator.hpp"

namespace tuner::study {

using executor::Finished;

inline StudyPlan plan_of() {
  StudyPlan plan = test::lr_study();
  plan.method = "test";
  plan.space.dimensions = {
      {"optimizer.lr", Range{.min = 1e-3, .max = 1, .scale = Scale::log, .step = {}, .count = {}}, std::nullopt, 0},
      {"choice", Branches{{"a", "b"}}, std::nullopt, 0},
      {"choice.b.count", Range{.min = 1, .max = 9, .step = {}, .count = {}, .integer = true}, 1, 1},
      {"list", Values{List{std::int64_t{1}, 2.5}, Null{}, std::numeric_limits<double>::infinity()}, std::nullopt, 0}};
  return plan;
}

// Of these parameters, whenever and wherever it is trained.
inline TrialResult result_at(const Configuration& point) {
  const double lr = std::get<double>(*point[0]);
  TrialResult result;
  result.steps = static_cast<std::int64_t>(lr * 1000);
  if (lr < 0.01) {
    result.outcome = Outcome::diverged;
    result.error = "step 1: the loss is inf";
  } else
    result.value = result.last_value = std::sin(lr * 100);
  result.metrics = {{1, "val_loss", lr}};
  return result;
}

struct Options {
  std::size_t workers = 1;
  unsigned seed = 1;  // of the order in which trials end
  std::optional<std::uint64_t> lag = 4;
  std::string file = "tuner.db";
  test::FakeExecutor::Run run = [](Finished& trial) { trial.result = result_at(trial.job.point); };
  search::Pruner* pruner = nullptr;
};

class JournalTest : public testing::Test {
 protected:
  StudyStatus run(search::Searcher& searcher, const Options& options) {
    storage::Store store(folder_.path() / options.file, storage::Access::read_write);
    store.open_study({.name = "demo",
                      .config_text = "",
                      .config_sha256 = "",
                      .plan = "{}",
                      .metric = "val_loss",
                      .goal = Goal::minimize,
                      .seed = 1,
                      .tuner_version = "1.0.0",
                      .repeats = plan_.on_duplicate == OnDuplicate::repeat ? 0 : plan_.repeats.count});
    Study study{.plan = plan_, .run = {}, .source = {}};
    study.run.workers = static_cast<std::uint32_t>(options.workers);
    test::FakeExecutor executor(options.workers, options.seed, options.run);
    const executor::InterruptCounter interrupts;
    return run_study(study, searcher, store, executor, interrupts, [](auto&&...) {},
                     {.lag = options.lag, .pruner = options.pruner});
  }
  StudyStatus run(std::uint64_t trials, const Options& options) {
    test::OrderSensitive searcher(plan_, trials);
    return run(searcher, options);
  }
  std::string cells(const std::string& sql, const std::string& file = "tuner.db") {
    const storage::Store store(folder_.path() / file, storage::Access::read_only);
    std::string text;
    store.query(
        sql, [](const std::vector<std::string>&) {},
        [&](const std::vector<Value>& row) {
          for (const Value& cell : row) text += to_json(cell) + " ";
          text += "\n";
        });
    return text;
  }
  // Trials and journal.
  std::string tables(const std::string& file = "tuner.db") {
    return cells("SELECT number, outcome, value, parameters FROM runs ORDER BY number", file) +
           cells("SELECT * FROM proposals ORDER BY entry", file) +
           cells("SELECT * FROM observations ORDER BY entry", file);
  }
  // Interrupts the study after some results.
  static Options interrupted_after(int results, Options options = {}) {
    options.run = [left = results](Finished& trial) mutable {
      trial.result = result_at(trial.job.point);
      if (--left == 0) std::raise(SIGINT);
    };
    return options;
  }
  void by_hand(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_.path() / "tuner.db").c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  StudyPlan plan_ = plan_of();
  test::TemporaryFolder folder_;
};

// Says how much each proposal has seen, and of which configurations it knows that they are not there yet.
class Watching : public test::OrderSensitive {
 public:
  using OrderSensitive::OrderSensitive;
  [[nodiscard]] Configuration propose(std::uint64_t proposal,
                                      std::span<const search::PendingProposal> pending) const override {
    seen.emplace_back(proposal, observed(), pending.size());
    return OrderSensitive::propose(proposal, pending);
  }
  using Seen = std::vector<std::tuple<std::uint64_t, std::uint64_t, std::size_t>>;
  mutable Seen seen;
};

// Stops every third trial at step 6 and remembers what it was told.
class EveryThird : public search::Pruner {
 public:
  explicit EveryThird(bool inverted = false) : inverted_(inverted) {}
  [[nodiscard]] std::int64_t first_step() const override { return 3; }
  void observe(const search::Judged& judged) override {
    EXPECT_EQ(judged.value, static_cast<double>(judged.step));
    EXPECT_TRUE(told.emplace(judged.number, judged.step).second) << "once";
  }
  [[nodiscard]] Decision decide(const search::Judged& judged) const override {
    EXPECT_TRUE(told.contains({judged.number, judged.step}));
    const bool stop = judged.step == 6 && judged.number % 3 == 0;
    return {.what = stop != inverted_ ? Decision::What::stop : Decision::What::go_on,
            .next = judged.step < 6 ? judged.step + 3 : kNever};
  }
  std::set<std::pair<std::uint64_t, std::int64_t>> told;

 private:
  bool inverted_;
};

}  // namespace tuner::study
