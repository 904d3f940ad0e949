// Searchers that are plugins, on the host's side: the space as they see it, and what becomes of their proposals.
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "tuner/distribution.hpp"
#include "tuner/error.hpp"
#include "tuner/search/plugin_searcher.hpp"

namespace tuner::search {
namespace {

Dimension dimension(const char* name, std::variant<Values, Range, Branches> domain,
                    std::optional<std::size_t> parent = {}, std::size_t branch = 0) {
  return {name, std::move(domain), parent, branch};
}
Range range(double min, double max) {
  Range domain;
  domain.min = min;
  domain.max = max;
  return domain;
}

// One dimension of each form: real, log, stepped, integer, numbers, words, a one_of with a real under its second
// branch.
Space every_form() {
  Range log = range(1e-4, 1);
  log.scale = Scale::log;
  Range stepped = range(0.1, 0.5);
  stepped.step = 0.1;
  Range integer = range(1, 64);
  integer.integer = true;
  return {{dimension("real", range(-1, 3)), dimension("log", log), dimension("stepped", stepped),
           dimension("integer", integer), dimension("numbers", Values{std::int64_t{16}, std::int64_t{32}, 64.5}),
           dimension("words", Values{std::string("relu"), std::string("tanh")}),
           dimension("branch", Branches{{"sgd", "adam"}}), dimension("branch.adam.beta", range(0, 1), 6, 1)}};
}

TEST(PluginSpace, HasEveryFormOfDimension) {
  const Space space = every_form();
  const PluginSpace plugin(space);
  const tuner_space& abi = *plugin.abi();
  ASSERT_EQ(abi.n_dimensions, 8u);
  const auto at = [&](std::size_t i) -> const tuner_dimension& { return abi.dimensions[i]; };
  EXPECT_EQ(at(0).type, TUNER_DIMENSION_REAL);
  EXPECT_EQ(at(0).low, -1);
  EXPECT_EQ(at(0).high, 3);
  EXPECT_EQ(at(0).step, 0);
  EXPECT_EQ(at(0).parent, -1);
  EXPECT_EQ(at(1).scale, TUNER_SCALE_LOG);
  EXPECT_EQ(at(2).step, 0.1);
  EXPECT_EQ(at(3).type, TUNER_DIMENSION_INTEGER);
  EXPECT_EQ(at(3).step, 1);
  EXPECT_EQ(at(4).type, TUNER_DIMENSION_CHOICE);
  EXPECT_EQ(at(4).n_choices, 3u);
  EXPECT_EQ(at(4).choice_values[2], 64.5);
  EXPECT_TRUE(at(4).flags & TUNER_DIMENSION_ORDERED);
  EXPECT_EQ(at(5).choice_values, nullptr);
  EXPECT_STREQ(at(5).choice_texts[1], "\"tanh\"");
  EXPECT_FALSE(at(5).flags & TUNER_DIMENSION_ORDERED);
  EXPECT_EQ(at(7).parent, 6);
  ASSERT_EQ(at(7).n_active_choices, 1u);
  EXPECT_EQ(at(7).active_choices[0], 1u);
}

TEST(PluginSpace, TakesConfigurationsBothWays) {
  const Space space = every_form();
  const PluginSpace plugin(space);
  for (const bool adam : {false, true}) {
    Configuration configuration{Value(0.25),
                                Value(1e-3),
                                Value(0.3),
                                Value(std::int64_t{17}),
                                Value(64.5),
                                Value(std::string("tanh")),
                                Value(std::string(adam ? "adam" : "sgd")),
                                std::nullopt};
    if (adam) configuration[7] = Value(0.9);
    const Row row = plugin.row_of(configuration);
    EXPECT_EQ(row.values[4], 2);
    EXPECT_EQ(row.states[7], adam ? TUNER_VALUE_FREE : TUNER_VALUE_INACTIVE);
    EXPECT_EQ(plugin.configuration_of(row, ""), configuration);
  }
}

TEST(PluginSpace, CutsWhatNothingCuts) {
  Range normal = range(-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity());
  normal.distribution = Distribution::normal;
  normal.mu = 2;
  normal.sigma = 0.5;
  Range stepped = normal;
  stepped.step = 0.25;
  Range log_normal = normal;
  log_normal.distribution = Distribution::log_normal;
  const Space space{{dimension("normal", normal), dimension("stepped", stepped), dimension("log_normal", log_normal)}};
  const PluginSpace plugin(space);
  const auto* dimensions = plugin.abi()->dimensions;
  EXPECT_EQ(dimensions[0].distribution, TUNER_DISTRIBUTION_NORMAL);
  EXPECT_EQ(dimensions[0].low, -1);
  EXPECT_EQ(dimensions[0].high, 5);
  EXPECT_EQ(dimensions[1].low, -1);
  EXPECT_EQ(dimensions[1].step, 0.25);
  EXPECT_EQ(dimensions[2].scale, TUNER_SCALE_LOG);
  EXPECT_DOUBLE_EQ(dimensions[2].low, std::exp(-1.0));
  EXPECT_EQ(dimensions[2].mu, 2);
}

TEST(PluginSpace, GivesBetaAsTheShareBelow) {
  Range beta = range(0, 1);
  beta.distribution = Distribution::beta;
  beta.alpha = 2;
  beta.beta = 5;
  const Space space{{dimension("x", beta)}};
  const PluginSpace plugin(space);
  EXPECT_EQ(plugin.abi()->dimensions[0].distribution, TUNER_DISTRIBUTION_UNIFORM);
  for (const double share : {0.001, 0.3, 0.5, 0.97}) {
    const Configuration configuration = plugin.configuration_of({{share}, {TUNER_VALUE_FREE}}, "");
    // P(x <= t) of beta(2, 5) = 1 - (1 - t)^5 (1 + 5 t).
    const double t = std::get<double>(*configuration[0]);
    EXPECT_NEAR(1 - std::pow(1 - t, 5) * (1 + 5 * t), share, 1e-14);
    EXPECT_NEAR(plugin.row_of(configuration).values[0], share, 1e-14);
  }
}

void expect_refused(const PluginSpace& plugin, const Row& row, const std::string& text) {
  try {
    static_cast<void>(plugin.configuration_of(row, "proposal 3 of searcher 'x'"));
    ADD_FAILURE() << "accepted, and due is: " << text;
  } catch (const Error& e) {
    EXPECT_EQ(e.id(), Message::plugin_bad_proposal);
    EXPECT_NE(std::string(e.what()).find("proposal 3 of searcher 'x' " + text), std::string::npos) << e.what();
  }
}

TEST(PluginSpace, RefusesWhatIsNotInIt) {
  const Space space = every_form();
  const PluginSpace plugin(space);
  const Row legal{{0, 0.5, 0.3, 2, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 1, 0}};
  EXPECT_NO_THROW(static_cast<void>(plugin.configuration_of(legal, "")));
  const auto with = [&](std::size_t i, double value) {
    Row row = legal;
    row.values[i] = value;
    return row;
  };
  expect_refused(plugin, with(0, 3.1), "has real = 3.1000000000000001, and a number from -1 to 3 is due");
  expect_refused(plugin, with(0, std::nan("")), "has real = nan, and a number from -1 to 3 is due");
  expect_refused(plugin, with(2, 0.35), "has stepped = 0.34999999999999998, and 0.1 + k * 0.1 with a whole k is due");
  expect_refused(plugin, with(3, 2.5), "has integer = 2.5, and 1 + k * 1 with a whole k is due");
  expect_refused(plugin, with(4, 3), "has numbers = 3, and the index of one of 3 choices is due");
  expect_refused(plugin, with(6, -1), "has branch = -1, and the index of one of 2 choices is due");
  Row row = legal;
  row.states[0] = TUNER_VALUE_INACTIVE;
  expect_refused(plugin, row, "has no value for real, which is active beside the values before it");
  row = legal;
  row.states[7] = TUNER_VALUE_FREE;
  expect_refused(plugin, row, "has a value for branch.adam.beta, which is not active beside the values before it");
  // Rounding at an end is not the plugin's mistake.
  EXPECT_EQ(plugin.configuration_of(with(0, 3 + 1e-15), "")[0], Value(3.0));
}

// Proposes the same row again and again, and remembers what it is asked.
class OneRow : public Engine {
 public:
  struct Log {
    std::vector<Wanted> wanted;
    std::vector<Evidence> evidence;
  };
  explicit OneRow(Log& log) : log_(log) {}
  void observe(std::vector<Evidence> evidence) override {
    for (Evidence& one : evidence) log_.evidence.push_back(std::move(one));
  }
  Proposed propose(const Wanted& wanted) override {
    log_.wanted.push_back(wanted);
    if (wanted.proposal == 100) return {};
    const std::size_t dimensions = wanted.fixed.values.size();
    return {.row = Row{std::vector<double>(dimensions, 1.0), std::vector<std::uint8_t>(dimensions, TUNER_VALUE_FREE)},
            .log = {}};
  }

 private:
  Log& log_;
};

struct Searched {
  explicit Searched(Space space) {
    plan.method = "one_row";
    plan.space = std::move(space);
    searcher.emplace(plan, EngineSetup{},
                     [this](const StudyPlan&, const EngineSetup&) { return std::make_unique<OneRow>(log); });
  }
  StudyPlan plan;
  OneRow::Log log;
  std::optional<PluginSearcher> searcher;
};

TEST(PluginSearcher, RunsEveryConfigurationOfASmallSpaceOnce) {
  Searched search({{dimension("x", Values{std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{4}})}});
  EXPECT_EQ(search.searcher->size(), 4u);
  std::vector<PendingProposal> pending;
  std::set<std::string> seen;
  for (std::uint64_t n = 0; n < 4; ++n) {
    // The first is as proposed; then 32 attempts with random numbers of their own are made, and a free one is taken.
    pending.push_back({n, search.searcher->propose(n, pending)});
    seen.insert(to_display(*pending.back().configuration[0]));
    EXPECT_EQ(search.log.wanted.size(), 1 + 32 * n);
    EXPECT_EQ(search.log.wanted.back().attempt, n == 0 ? 0u : 31u);
  }
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(to_display(*pending[0].configuration[0]), "2");
}

TEST(PluginSearcher, FixesWhatIsGivenToStartWith) {
  Searched search({{dimension("x", range(0, 2)), dimension("y", range(0, 1))}});
  search.plan.start = {{Value(1.0), std::nullopt}, {Value(0.5), std::nullopt}};
  static_cast<void>(search.searcher->propose(0));
  EXPECT_EQ(search.log.wanted[0].fixed.states, (std::vector<std::uint8_t>{TUNER_VALUE_FIXED, TUNER_VALUE_FREE}));
  EXPECT_EQ(search.log.wanted[0].fixed.values[0], 1);
  // The engine proposes x = 1 whatever is fixed.
  EXPECT_THROW(static_cast<void>(search.searcher->propose(1)), Error);
  static_cast<void>(search.searcher->propose(2));
  EXPECT_EQ(search.log.wanted.back().fixed.states[0], TUNER_VALUE_FREE);
}

TEST(PluginSearcher, TellsWhatIsPendingAndWhatWasObserved) {
  Searched search({{dimension("x", range(0, 2))}});
  EXPECT_FALSE(search.searcher->size());
  const Configuration first = search.searcher->propose(0);
  search.searcher->observe({.proposal = 0,
                            .configuration = 0,
                            .assignment = first,
                            .outcome = Outcome::diverged,
                            .last_step = 7,
                            .budget = 20,
                            .values = {std::nullopt, 2.0, 4.0},
                            .mean = 3.0,
                            .standard_deviation = std::sqrt(2.0),
                            .results = {}});
  ASSERT_EQ(search.log.evidence.size(), 1u);
  const Evidence& evidence = search.log.evidence[0];
  EXPECT_EQ(evidence.outcome, TUNER_OUTCOME_DIVERGED);
  EXPECT_EQ(evidence.replicates, 3u);
  EXPECT_EQ(evidence.last_step, 7);
  EXPECT_EQ(evidence.budget, 20);
  EXPECT_EQ(evidence.values, std::vector<double>{3.0});
  EXPECT_EQ(evidence.mean, 3);
  const std::vector<PendingProposal> pending{{1, {Value(0.5)}}, {2, {Value(1.5)}}};
  static_cast<void>(search.searcher->propose(3, pending));
  ASSERT_EQ(search.log.wanted.back().pending.size(), 2u);
  EXPECT_EQ(search.log.wanted.back().pending[0].proposal, 1u);
  EXPECT_EQ(search.log.wanted.back().pending[1].row.values[0], 1.5);
  EXPECT_THROW(static_cast<void>(search.searcher->propose(100)), Exhausted);
}

}  // namespace
}  // namespace tuner::search
