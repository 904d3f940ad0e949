// The parts that an LR range test proposes: how many, where, and that order and interruptions do not matter.
#include "tuner/lr_range/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <tuple>

#include "tuner/lr_range/measurements.hpp"

namespace tuner::lr_range {

namespace {

// A test of optimizers of these names; {from: lr_range} stands at those that `from` has.
StudyPlan plan_of(const TestSettings& settings, const std::vector<std::string>& optimizers = {"sgd"},
                  const std::vector<std::string>& from = {}) {
  StudyPlan plan;
  plan.search_version = 2;  // a configuration for every seed; SeedsAreReplicates compares
  plan.method = kMethod;
  plan.sections[kMethod] = canonical(settings);
  plan.optimizer.emplace();
  for (const auto& id : optimizers)
    plan.optimizer->branches.push_back({.plugin = nullptr, .label = id, .options = {}, .groups = {}, .inner = {}});
  auto& dimensions = plan.space.dimensions;
  if (optimizers.size() > 1) dimensions.push_back({"optimizer", Branches{optimizers}, std::nullopt, 0});
  for (const auto& id : from) {
    const auto branch = static_cast<std::size_t>(std::ranges::find(optimizers, id) - optimizers.begin());
    dimensions.push_back(
        {"optimizer." + id + ".lr",
         Range{.min = 1e-4, .max = 1, .scale = Scale::log, .step = {}, .count = {}, .source = RangeSource{kMethod, 10}},
         0, branch});
  }
  dimensions.push_back(
      {std::string(kPartDimension), Values{"ramp", "curvature", "probe", "ladder", "stability"}, std::nullopt, 0});
  dimensions.push_back({std::string(kSeedDimension), Values{std::int64_t{0}}, std::nullopt, 0});
  dimensions.push_back({std::string(kLrDimension), Values{0.1}, std::nullopt, 0});
  return plan;
}

// What a part would measure where runs diverge above `edge`, are best at a fifth of it, and the seeds differ a little.
TrialResult measured(const TestSettings& settings, const Part& part, double edge = 0.1) {
  TrialResult result;
  const auto record = [&](std::int64_t step, const char* name, double value) {
    result.metrics.push_back({step, name, value});
  };
  const double own = edge * (1 + 0.1 * static_cast<double>(part.seed));
  const double ratio = std::pow(settings.lr_max / settings.lr_min, 1 / static_cast<double>(settings.steps - 1));
  if (part.kind == PartKind::ramp)
    for (std::int64_t i = 0; i < settings.steps; ++i) {
      const double lr = settings.lr_min * std::pow(ratio, static_cast<double>(i));
      const double loss = lr > own ? INFINITY : 10 - std::log(lr / settings.lr_min) / 2;
      record(i + 1, "lr", lr);
      record(i + 1, "loss_before", 10);
      record(i + 1, "loss", loss);
      if (lr > own) break;
    }
  if (part.kind == PartKind::curvature) record(5, "limit", edge);
  if (part.kind != PartKind::grid) return result;
  record(0, "loss", 10);
  if (part.lr > own)
    result.outcome = Outcome::diverged;
  else
    result.value = 1 + std::pow(std::log(part.lr / (own / 5)), 2);
  return result;
}

void tell(RangeSearch& search, std::uint64_t number, TrialResult result) {
  search.observe({.proposal = number,
                  .configuration = number,
                  .assignment = search.propose(number),
                  .outcome = result.outcome,
                  .last_step = result.steps,
                  .budget = 0,
                  .values = {result.value},
                  .mean = result.value,
                  .standard_deviation = {},
                  .results = {result}});
}
void observe(RangeSearch& search, const StudyPlan& plan, std::uint64_t number, double edge = 0.1) {
  tell(search, number, measured(settings_of(plan), part_of(plan, search.propose(number), 0), edge));
}
std::uint64_t ready(const RangeSearch& search) {
  std::uint64_t n = 0;
  while (search.ready(n)) ++n;
  return n;
}
std::vector<Configuration> points_of(const RangeSearch& search) {
  std::vector<Configuration> points;
  for (std::uint64_t n = 0; search.ready(n); ++n) points.push_back(search.propose(n));
  return points;
}
RangeSearch finished(const StudyPlan& plan, double edge = 0.1) {
  RangeSearch search(plan);
  for (std::uint64_t n = 0; search.ready(n); ++n) observe(search, plan, n, edge);
  return search;
}

// The least lr of the LR grid is its greatest one too: no ramp measures that, but anything may stand in a database.
TEST(RangeSearch, TakesStoredRampsOfAnyLr) {
  const TestSettings settings{.lr_min = 1e-4, .lr_max = 10, .steps = 40, .grid_points = 5};
  for (const double lr : {1e-5, 0.0, -1.0, 1e308, 5e-324, std::nan("")}) {
    const StudyPlan plan = plan_of(settings, {"sgd"});
    RangeSearch search(plan);
    for (std::uint64_t n = 0; search.ready(n); ++n) {
      TrialResult result;
      result.value = 1;
      result.metrics = {{1, "lr", lr}, {1, "loss_before", 1}, {1, "loss", std::nan("")}};
      tell(search, n, result);
    }
    EXPECT_EQ(ready(search), search.size()) << lr;
  }
}

TEST(RangeSearch, ComesInThreeRounds) {
  const TestSettings settings{.lr_min = 1e-4, .lr_max = 10, .steps = 40, .grid_points = 5};
  const StudyPlan plan = plan_of(settings, {"sgd", "adam"});
  RangeSearch search(plan);
  EXPECT_EQ(search.size(), 2u * (3 * (1 + 5 + 6 + 1 + 1) + 1));
  EXPECT_TRUE(search.learns());
  EXPECT_TRUE(search.wants_results());
  for (const auto& [number, needed] : {std::pair<std::uint64_t, std::uint64_t>{0, 0},
                                       {7, 0},
                                       {8, 8},
                                       {49, 8},
                                       {50, 50},
                                       {*search.size() - 1, 50},
                                       {*search.size(), *search.size()}})
    EXPECT_EQ(search.needs(number), needed) << number;
  EXPECT_EQ(ready(search), 8u) << "of both branches a ramp for every seed and the curvature";
  for (std::uint64_t n = 0; n < 7; ++n) observe(search, plan, n);
  EXPECT_EQ(ready(search), 8u) << "one is missing";
  observe(search, plan, 7);
  EXPECT_EQ(ready(search), 8u + 2 * 3 * (5 + 1 + 1));
  for (std::uint64_t n = 8; n < 50; ++n) observe(search, plan, n);
  EXPECT_EQ(ready(search), search.size());
  for (std::uint64_t n = 50; n < *search.size(); ++n) observe(search, plan, n);
  EXPECT_EQ(ready(search), search.size()) << "there is no fourth";

  std::map<std::pair<PartKind, std::int64_t>, int> parts;
  for (const MeasuredPart& part : search.measured(1)) ++parts[{part.part.kind, part.part.seed}];
  EXPECT_EQ(parts.size(), 3u * 4 + 1);
  EXPECT_EQ((parts[{PartKind::grid, 2}]), 11);
  EXPECT_EQ((parts[{PartKind::curvature, 0}]), 1);
  EXPECT_EQ(search.measured(0).size() + search.measured(1).size(), search.size());
}

// The parts of a test are the same, by the number of the trial, whether its seeds are replicates or configurations.
TEST(RangeSearch, SeedsAreReplicatesAndWereConfigurations) {
  for (const bool curvature : {true, false}) {
    const StudyPlan before = plan_of({.steps = 40, .grid_points = 3, .curvature = curvature}, {"sgd", "adam"});
    StudyPlan plan = before;
    plan.search_version = 3;
    const RangeSearch then = finished(before);
    RangeSearch now(plan);
    EXPECT_EQ(now.size(), 2u * (1 + curvature + 3 + 1 + 1 + 6));
    EXPECT_EQ(trials_of(now), then.size());
    EXPECT_EQ(trials_of(then), then.size());
    EXPECT_EQ(now.needs(2u + 2 * curvature), 2u + 2 * curvature) << "the second round";
    std::uint64_t number = 0;
    for (std::uint64_t c = 0; now.ready(c); ++c) {
      const bool once = curvature && c < 4 && c % 2 == 1;
      ASSERT_EQ(now.replicates(c), once ? 1u : 3u) << c;
      ASSERT_EQ(now.first_trial(c), number);
      const Configuration point = now.propose(c);
      for (const auto& [name, value] : parameters_of(plan.space, point)) EXPECT_NE(name, kSeedDimension);
      search::Observation observation;
      observation.proposal = observation.configuration = c;
      observation.assignment = point;
      for (std::uint32_t replicate = 0; replicate < now.replicates(c); ++replicate, ++number) {
        EXPECT_EQ(search::trial_of(now, number), (TrialId{number, c, replicate}));
        const Part part = part_of(plan, point, replicate), earlier = part_of(before, then.propose(number), 0);
        EXPECT_EQ(std::tuple(part.kind, part.seed, part.lr), std::tuple(earlier.kind, earlier.seed, earlier.lr));
        observation.results.push_back(measured(settings_of(plan), part));
      }
      now.observe(observation);
    }
    EXPECT_EQ(number, then.size());
    for (const std::size_t branch : {0u, 1u}) {
      const auto parts = now.measured(branch), earlier = then.measured(branch);
      ASSERT_EQ(parts.size(), earlier.size());
      for (std::size_t i = 0; i < parts.size(); ++i) {
        EXPECT_EQ(parts[i].part.seed, earlier[i].part.seed);
        EXPECT_EQ(parts[i].result.value, earlier[i].result.value);
      }
    }
  }
}

TEST(RangeSearch, LeavesOutWhatIsNotWanted) {
  const TestSettings all{.steps = 40, .seeds = 2, .grid_points = 4};
  const auto size_with = [&](const std::function<void(TestSettings&)>& change) {
    TestSettings settings = all;
    change(settings);
    const StudyPlan plan = plan_of(settings);
    const RangeSearch search = finished(plan);
    EXPECT_EQ(ready(search), search.size());
    return *search.size();
  };
  EXPECT_EQ(size_with([](auto&) {}), 2u * (1 + 4 + 6 + 1 + 1) + 1);
  EXPECT_EQ(size_with([](auto& s) { s.grid_points = 0; }), 2u * 3 + 1);
  EXPECT_EQ(size_with([](auto& s) { s.stability_steps = 0; }), 2u * 12 + 1);
  EXPECT_EQ(size_with([](auto& s) { s.probes = 0; }), 2u * 12 + 1);
  EXPECT_EQ(size_with([](auto& s) { s.curvature = false; }), 2u * 13);
  EXPECT_EQ(size_with([](auto& s) { s.seeds = 1; }), 14u);
  EXPECT_EQ(size_with([](auto& s) { s.grid_points = s.stability_steps = s.probes = 0, s.curvature = false; }), 2u);
}

TEST(RangeSearch, TheLadderStandsAroundWhereTheRampsDivergeAndThenAroundItsBest) {
  const StudyPlan plan = plan_of({.lr_min = 1e-6, .lr_max = 1e3, .steps = 100, .grid_points = 9});
  const RangeSearch search = finished(plan, 0.1);
  std::vector<GridLr> grid;
  for (const MeasuredPart& part : search.measured(0)) {
    if (part.part.kind == PartKind::grid) add_grid_run(grid, part.part, part.result.value);
    // Within the spacing of the ramp's points.
    if (part.part.kind == PartKind::probe) {
      EXPECT_NEAR(std::log10(part.part.lr), -2, 0.15);
    }
    if (part.part.kind == PartKind::stability) {
      EXPECT_DOUBLE_EQ(part.part.lr, 0.1 / 1.7);
    }
  }
  ASSERT_EQ(grid.size(), 15u);
  EXPECT_NEAR(std::log10(grid.front().lr), -4, 0.15);
  EXPECT_NEAR(std::log10(grid.back().lr), 0, 0.15);
  // The fine ones are at quarters of the coarse ratio, and the best of all is within half a quarter of 0.02.
  const double quarter = std::log(grid.back().lr / grid.front().lr) / 8 / 4;
  const auto best = *best_in_grid(grid);
  for (const std::size_t i : {best - 2, best - 1, best})
    EXPECT_NEAR(std::log(grid[i + 1].lr / grid[i].lr), quarter, 1e-9);
  EXPECT_NEAR(std::log(grid[best].lr / 0.022), 0, quarter / 2 + 0.01);
}

TEST(RangeSearch, KeepsWithinTheRangeOfTheTestUnlessItIsExtended) {
  TestSettings settings{.lr_min = 1e-3, .lr_max = 0.05, .steps = 40, .grid_points = 5};
  const auto ends = [&] {
    const StudyPlan plan = plan_of(settings);
    RangeSearch search(plan);
    for (std::uint64_t n = 0; n < 4; ++n) observe(search, plan, n, 1e9);  // the ramps go to their end
    double least = INFINITY, most = 0;
    for (std::uint64_t n = 4; search.ready(n); ++n) {
      const double lr = part_of(plan, search.propose(n), 0).lr;
      least = std::min(least, lr);
      most = std::max(most, lr);
    }
    return std::pair(least, most);
  };
  EXPECT_DOUBLE_EQ(ends().first, 1e-3);
  EXPECT_DOUBLE_EQ(ends().second, 0.05);
  settings.extend = true;
  EXPECT_DOUBLE_EQ(ends().second, 0.05 * 50);
}

TEST(RangeSearch, AFailedRampDoesNotSayWhereTheOthersDiverge) {
  const StudyPlan plan = plan_of({.lr_min = 1e-6, .lr_max = 1e3, .steps = 100, .grid_points = 5});
  const auto highest_lr = [&](std::uint64_t failing) {
    RangeSearch search(plan);
    for (std::uint64_t n = 0; n < 4; ++n) {
      TrialResult result = measured(settings_of(plan), part_of(plan, search.propose(n), 0));
      if (n < failing) {
        result.outcome = Outcome::failed;
        result.metrics.resize(12);
      }
      tell(search, n, result);
    }
    double most = 0;
    for (std::uint64_t n = 4; search.ready(n); ++n)
      if (const Part part = part_of(plan, search.propose(n), 0); part.kind == PartKind::grid)
        most = std::max(most, part.lr);
    return most;
  };
  EXPECT_NEAR(std::log10(highest_lr(0)), 0, 0.15);
  EXPECT_NEAR(std::log10(highest_lr(2)), 0, 0.15);
  EXPECT_DOUBLE_EQ(highest_lr(3), 1e3) << "nothing is known: the whole range";
}

TEST(RangeSearch, TheOrderOfResultsDoesNotMatter) {
  const StudyPlan plan = plan_of({.steps = 50, .grid_points = 6}, {"sgd", "adam"});
  const std::vector<Configuration> straight = points_of(finished(plan));
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u}) {
    std::mt19937 rng(seed);
    RangeSearch search(plan);
    std::vector<std::uint64_t> running;
    for (std::uint64_t next = 0; next < search.size() || !running.empty();) {
      while (search.ready(next)) running.push_back(next++);
      ASSERT_FALSE(running.empty());
      std::swap(running[rng() % running.size()], running.back());
      observe(search, plan, running.back());
      running.pop_back();
    }
    EXPECT_EQ(points_of(search), straight) << "seed " << seed;
  }
}

TEST(RangeSearch, GoesOnAtAnyPointWithTheSamePoints) {
  const StudyPlan plan = plan_of({.steps = 50, .seeds = 2, .grid_points = 4}, {"sgd", "adam"});
  const RangeSearch whole = finished(plan);
  const std::vector<Configuration> straight = points_of(whole);
  for (std::uint64_t stopped = 0; stopped <= straight.size(); ++stopped) {
    RangeSearch search(plan);
    // Of what was running then, every second one has ended.
    std::vector<bool> done(straight.size());
    for (std::uint64_t n = 0; n < straight.size() && search.ready(n); ++n)
      if (n < stopped || (n < stopped + 6 && n % 2 == 0)) {
        observe(search, plan, n);
        done[n] = true;
      }
    for (std::uint64_t n = 0; search.ready(n); ++n)
      if (!done[n]) observe(search, plan, n);
    EXPECT_EQ(points_of(search), straight) << "stopped at " << stopped;
  }
}

TEST(RangeSearch, GoesOnWhereEveryRunDiverges) {
  for (const std::int64_t seeds : {1, 3}) {
    const StudyPlan plan = plan_of({.lr_min = 1e-3, .lr_max = 10, .steps = 20, .seeds = seeds, .grid_points = 3});
    const RangeSearch search = finished(plan, 1e-9);
    EXPECT_EQ(ready(search), search.size());
    for (const MeasuredPart& part : search.measured(0))
      EXPECT_TRUE(part.part.kind != PartKind::grid || !part.result.value);
    // Nothing is known to be better: below and above the lowest one.
    double least = INFINITY;
    for (const MeasuredPart& part : search.measured(0))
      if (part.part.kind == PartKind::grid) least = std::min(least, part.part.lr);
    EXPECT_LT(least, 1e-3);
    EXPECT_GT(least, 1e-4);
  }
}

TEST(RangeSearch, TestsTheBranchesThatAskForIt) {
  const TestSettings settings{.steps = 20, .grid_points = 3};
  const auto labels = [&](const std::vector<std::string>& optimizers, const std::vector<std::string>& from) {
    std::vector<std::string> found;
    for (const Branch& branch : branches_of(plan_of(settings, optimizers, from))) found.push_back(branch.label);
    return found;
  };
  using Labels = std::vector<std::string>;
  EXPECT_EQ(labels({"sgd"}, {}), Labels{"sgd"});
  EXPECT_EQ(labels({"sgd", "adam", "lion"}, {}), (Labels{"sgd", "adam", "lion"}));
  EXPECT_EQ(labels({"sgd", "adam", "lion"}, {"lion"}), Labels{"lion"});
  const StudyPlan plan = plan_of(settings, {"sgd", "adam", "lion"}, {"sgd", "lion"});
  EXPECT_EQ(labels({"sgd", "adam", "lion"}, {"sgd", "lion"}), (Labels{"sgd", "lion"}));
  // The lr that is tested is the parts' own.
  const RangeSearch search = finished(plan);
  for (std::uint64_t n = 0; n < search.size(); ++n)
    for (const auto& [name, value] : parameters_of(plan.space, search.propose(n)))
      EXPECT_TRUE(name == "optimizer" || name.starts_with("lr_range.")) << name;
}

}  // namespace
}  // namespace tuner::lr_range
