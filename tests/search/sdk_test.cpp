// The C++ layer of searchers and pruners: what it passes on, and what becomes of exceptions.
#include <gtest/gtest.h>

#include <cmath>

#include "loaded_searcher.hpp"

namespace search_tests {
namespace {

TestSpace one_dimension() {
  TestSpace space;
  space.real("x", 0, 1000);
  return space;
}

TEST(SearchSdk, LibraryNeedsAHostOfTheMinorThatHasThem) {
  const tuner_library& library = library_of("counting");
  ASSERT_EQ(library.n_plugins, 2U);
  EXPECT_EQ(library.min_host_minor, 1U);
  EXPECT_EQ(library.plugins[0]->kind, TUNER_KIND_SEARCHER);
  EXPECT_EQ(library.plugins[1]->kind, TUNER_KIND_PRUNER);
}

TEST(SearchSdk, EarlierProposalsOfACallArePending) {
  TestSpace space = one_dimension();
  LoadedSearcher searcher("counting", space);
  const auto made = searcher.propose(0, 3);
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0].values[0], 0);
  EXPECT_EQ(made[1].values[0], 101);
  EXPECT_EQ(made[2].values[0], 202);
  EXPECT_EQ(made[2].states[0], TUNER_VALUE_FREE);
  EXPECT_EQ(searcher.propose(1, 1, made)[0].values[0], 301);
}

TEST(SearchSdk, Exhausted) {
  TestSpace space = one_dimension();
  LoadedSearcher searcher("counting", space);
  EXPECT_EQ(searcher.propose(1, 5).size(), 2U);
  EXPECT_EQ(searcher.status(), TUNER_EXHAUSTED);
  EXPECT_EQ(searcher.propose(3, 1).size(), 0U);
  EXPECT_EQ(searcher.status(), TUNER_EXHAUSTED);
  EXPECT_EQ(searcher.propose(0, 1).size(), 1U);
  EXPECT_EQ(searcher.status(), TUNER_OK);
}

TEST(SearchSdk, ExceptionsBecomeStatusAndText) {
  TestSpace space = one_dimension();
  LoadedSearcher invalid("counting", space, {.options = {{"most", -1}}});
  EXPECT_EQ(invalid.status(), TUNER_INVALID);
  EXPECT_EQ(invalid.error(), "most is below 0");
  LoadedSearcher broken("counting", space, {.options = {{"most", 1001}}});
  EXPECT_EQ(broken.status(), TUNER_ERROR);
  EXPECT_EQ(broken.error(), "most is beyond all bounds");
}

TEST(SearchSdk, ObservationsArriveInOrder) {
  TestSpace space = one_dimension();
  LoadedSearcher searcher("counting", space);
  const auto made = searcher.propose(0, 2);
  searcher.observe({{made[0], 10}, {made[1], 20}});
  EXPECT_EQ(searcher.propose(2)[0].values[0], 10 + 20 + 101 + 2);
}

TEST(SearchSdk, PrunerDecides) {
  TestSpace space = one_dimension();
  const auto& table = *static_cast<const tuner_pruner*>(library_of("counting").plugins[1]->vtable);
  const tuner_options options{};
  tuner_error error{.struct_size = sizeof(tuner_error), .reserved = 0, .text = {}};
  tuner_search_create_args create{};
  create.struct_size = sizeof create;
  create.host = no_host();
  create.options = &options;
  create.space = space.raw();
  create.error = &error;
  void* state = nullptr;
  ASSERT_EQ(table.create(&create, &state), TUNER_OK);
  const Result result{{0, {1}, {TUNER_VALUE_FREE}}, 5};
  const ObservationOf observation(result);
  tuner_observe_args observe{};
  observe.struct_size = sizeof observe;
  observe.n_observations = 1;
  observe.observation_stride = sizeof(tuner_observation);
  observe.observations = &observation.raw;
  observe.error = &error;
  ASSERT_EQ(table.observe(state, &observe), TUNER_OK);
  const tuner_configuration configuration = result.assignment.raw();
  const auto decide = [&](std::int64_t step, double value) {
    tuner_report report{};
    report.struct_size = sizeof report;
    report.configuration = &configuration;
    report.step = step;
    report.value = value;
    std::uint32_t decision = TUNER_DECISION_CONTINUE;
    std::int64_t next_step = -1;
    tuner_decide_args args{};
    args.struct_size = sizeof args;
    args.report = &report;
    args.decision = &decision;
    args.next_step = &next_step;
    args.error = &error;
    const std::int32_t status = table.decide(state, &args);
    return std::tuple(status, decision, next_step);
  };
  EXPECT_EQ(decide(3, 4), std::tuple(TUNER_OK, TUNER_DECISION_CONTINUE, 13));
  EXPECT_EQ(decide(3, 6), std::tuple(TUNER_OK, TUNER_DECISION_STOP, -1));
  EXPECT_EQ(decide(3, std::nan("")), std::tuple(TUNER_OK, TUNER_DECISION_PAUSE, 13));
  EXPECT_EQ(std::get<0>(decide(-1, 0)), TUNER_INVALID);
  EXPECT_STREQ(error.text, "a step is below 0");
  table.destroy(state);
}

}  // namespace
}  // namespace search_tests
