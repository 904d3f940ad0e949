// Schedules against PyTorch's, and the figures of the specification.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "schedule_values.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"

namespace tuner::test {
namespace {

Value value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    List list;
    for (const Json& item : json)
      item.is_integer() ? list.emplace_back(item.get<std::int64_t>()) : list.emplace_back(item.get<double>());
    return list;
  }
  return json.get<double>();
}

// 2e-16 of the base: what one rounding of a sum of two values around 1 costs a value near 0.
void expect_values(const Json& expected, const std::function<double(std::int64_t)>& value) {
  const auto values = expected.get<Vector>();
  ASSERT_EQ(values.size(), 51u);
  for (std::size_t t = 0; t < values.size(); ++t)
    ASSERT_NEAR(value(static_cast<std::int64_t>(t)), values[t], 1e-14 * std::abs(values[t]) + 2e-16) << "step " << t;
}

TEST(ScheduleReference, AgreesWithTorchAndPapers) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/schedules.json");
  const Json reference = Json::parse(file);
  std::map<std::string, int> compared;
  for (const Json& c : reference["cases"]) {
    SCOPED_TRACE(c["scheduler"].get<std::string>() + " " + c["options"].dump());
    Given given;
    for (const auto& [id, value] : c["options"].items()) given[id] = value_of(value);
    const auto scheduler = c["scheduler"].get<std::string>();
    const ScheduleValues schedule(scheduler, given, reference["base"].get<double>(),
                                  reference["horizon"].get<std::int64_t>());
    expect_values(c["values"], [&](std::int64_t t) { return schedule.at(t); });
    if (c.contains("momentum")) expect_values(c["momentum"], [&](std::int64_t t) { return schedule.all_at(t)[1]; });
    ++compared[scheduler];
  }
  EXPECT_EQ(compared.size(), 19u);  // every PURE scheduler
  for (const auto& [id, count] : compared) EXPECT_GE(count, id == "constant" ? 1 : 4) << id;
}

struct Figure {
  std::int64_t step;
  double value;
};
void expect_figures(const ScheduleValues& schedule, std::initializer_list<Figure> figures) {
  for (const auto& [step, value] : figures)
    EXPECT_NEAR(schedule.at(step), value, 5e-9 + 1e-8 * value) << "step " << step;
}

TEST(PublishedSchedules, Step) {
  expect_figures(ScheduleValues("step", {{"step_size", std::int64_t{3}}, {"gamma", .1}}, 1, -1),
                 {{0, 1}, {2, 1}, {3, .1}, {5, .1}, {6, .01}, {9, .001}});
}

TEST(PublishedSchedules, Cosine) {
  const std::initializer_list<Figure> to_the_end = {{1, .97552826}, {5, .5}, {9, .024471742}, {10, 0}};
  const ScheduleValues rebound("cosine", {{"t_max", std::int64_t{10}}, {"after_end", "rebound"}}, 1, -1);
  expect_figures(rebound, to_the_end);
  expect_figures(rebound, {{11, .024471742}, {20, 1}});
  const ScheduleValues hold("cosine", {{"t_max", std::int64_t{10}}}, 1, -1);
  expect_figures(hold, to_the_end);
  expect_figures(hold, {{11, 0}, {20, 0}, {1000, 0}});
}

TEST(PublishedSchedules, CosineWarmRestarts) {
  expect_figures(ScheduleValues("cosine_warm_restarts", {{"t_0", std::int64_t{4}}, {"t_mult", std::int64_t{2}}}, 1, -1),
                 {{1, .85355339}, {3, .14644661}, {4, 1}, {5, .96193977}, {11, .038060234}, {12, 1}});
}

TEST(PublishedSchedules, PolynomialAndLinear) {
  expect_figures(ScheduleValues("polynomial", {{"power", 2.0}}, 1, -1),
                 {{0, 1}, {1, .64}, {2, .36}, {3, .16}, {4, .04}, {5, 0}, {6, 0}});
  expect_figures(ScheduleValues("polynomial", {{"total_iters", std::int64_t{0}}, {"eta_min", .2}}, 1, 10),
                 {{0, 1}, {5, .6}, {10, .2}, {11, .2}});
  expect_figures(ScheduleValues("linear", {}, 1, -1),
                 {{0, .33333333}, {1, .46666667}, {2, .6}, {3, .73333333}, {4, .86666667}, {5, 1}, {6, 1}});
  const ScheduleValues to_zero("linear", {{"start_factor", 1.0}, {"end_factor", 0.0}, {"total_iters", std::int64_t{0}}},
                               1, 4);
  expect_figures(to_zero, {{0, 1}, {1, .75}, {2, .5}, {3, .25}, {4, 0}});
}

const ScheduleValues& one_cycle() {
  static const ScheduleValues schedule("one_cycle", {}, 1, 10);
  return schedule;
}

TEST(PublishedSchedules, OneCycle) {
  expect_figures(one_cycle(), {{0, .04},
                               {1, .52},
                               {2, 1},
                               {3, .95048463},
                               {4, .81174565},
                               {5, .61126202},
                               {6, .38874198},
                               {7, .18825835},
                               {8, .049519368},
                               {9, 4e-6}});
}

TEST(PublishedSchedules, Cyclic) {
  const auto cyclic = [](const char* mode, double gamma) {
    return ScheduleValues(
        "cyclic", {{"base_lr", .1}, {"step_size_up", std::int64_t{4}}, {"mode", mode}, {"gamma", gamma}}, 1, -1);
  };
  expect_figures(cyclic("triangular", 1), {{0, .1}, {1, .325}, {2, .55}, {4, 1}, {6, .55}, {8, .1}});
  expect_figures(cyclic("triangular2", 1), {{12, .55}});
  expect_figures(cyclic("exp_range", .99), {{4, .96453641}, {12, .89774638}});
}

TEST(Schedules, OneCycleStaysAtItsEnd) {
  EXPECT_EQ(one_cycle().at(10), one_cycle().at(9));
  EXPECT_EQ(one_cycle().at(1000), one_cycle().at(9));
  EXPECT_EQ(one_cycle().all_at(1000)[1], .95);
  // The optimizer's own momentum where it is not to be driven.
  EXPECT_EQ(ScheduleValues("one_cycle", {{"cycle_momentum", false}}, .5, 10).all_at(2)[1], .5);
  EXPECT_EQ(ScheduleValues("cyclic", {{"base_lr", .1}, {"cycle_momentum", false}}, .5, 10).all_at(2)[1], .5);
}

TEST(Schedules, ShortestRunsAreFinite) {
  for (const std::int64_t horizon : {0, 1, 2, 3})
    for (const char* id : {"one_cycle", "wsd", "flat_cosine", "tanh", "rex", "sqrt_decay", "cosine"})
      for (std::int64_t t = 0; t <= 4; ++t) {
        const double lr = ScheduleValues(id, {}, 1, horizon).at(t);
        EXPECT_TRUE(lr >= 0 && lr <= 1) << id << " of " << horizon << " steps at " << t << ": " << lr;
      }
}

TEST(Schedules, RefuseOptionsThatDoNotFit) {
  const auto refuses = [](const char* id, const Given& given) {
    EXPECT_THROW(ScheduleValues(id, given, 1, 10), Error) << id;
  };
  const List three{std::int64_t{1}, std::int64_t{2}, std::int64_t{3}}, falling{std::int64_t{3}, std::int64_t{2}};
  refuses("piecewise", {{"boundaries", three}, {"factors", three}});
  refuses("piecewise", {{"boundaries", falling}, {"factors", three}});
  refuses("exponential", {});
  refuses("exponential", {{"gamma", .9}, {"alpha", .1}});
  refuses("tanh", {{"lb", 3.0}});
  refuses("one_cycle", {{"three_phase", true}, {"form", "fastai"}});
  refuses("one_cycle", {{"three_phase", true}, {"pct_start", .6}});
}

TEST(Schedules, CosineTakesTheLengthOfTheRun) {
  expect_figures(ScheduleValues("cosine", {{"eta_min", .2}}, 1, 10), {{0, 1}, {5, .6}, {10, .2}});
  const ScheduleValues unknown("cosine", {}, 1, -1);
  EXPECT_THROW((void)unknown.at(0), std::runtime_error);
}

TEST(Schedules, AnswerInAnyOrder) {
  const auto whole = [](std::int64_t value) { return Value(value); };
  const List steps{std::int64_t{3}, std::int64_t{9}}, factors{1.0, .5, .2};
  const std::map<std::string, Given> schedules = {{"constant", {}},
                                                  {"constant_then", {{"factor", 1.0}}},
                                                  {"cosine", {}},
                                                  {"cosine_warm_restarts", {{"t_0", whole(6)}}},
                                                  {"cyclic", {{"base_lr", .1}, {"step_size_up", whole(5)}}},
                                                  {"exponential", {{"gamma", .9}}},
                                                  {"flat_cosine", {}},
                                                  {"inverse_sqrt", {{"timescale", whole(10)}}},
                                                  {"inverse_time", {{"decay_rate", .1}}},
                                                  {"linear", {{"start_factor", 1.0}, {"end_factor", .2}}},
                                                  {"multi_step", {{"milestones", steps}}},
                                                  {"one_cycle", {{"div_factor", 1.0}}},
                                                  {"piecewise", {{"boundaries", steps}, {"factors", factors}}},
                                                  {"polynomial", {}},
                                                  {"rex", {}},
                                                  {"sqrt_decay", {}},
                                                  {"step", {{"step_size", whole(4)}}},
                                                  {"tanh", {{"lb", -20.0}}},
                                                  {"wsd", {}}};
  for (const auto& [id, given] : schedules) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(builtin(Kind::scheduler, id).has(TUNER_PLUGIN_PURE));
    const ScheduleValues schedule(id, given, .3, 40);
    Vector forward;
    for (int t = 0; t < 40; ++t) forward.push_back(schedule.at(t));
    for (int t = 39; t >= 0; --t) EXPECT_EQ(schedule.at(t), forward[static_cast<std::size_t>(t)]);
    for (int t = 0; t < 40; ++t) EXPECT_EQ(schedule.at(t * 17 % 40), forward[static_cast<std::size_t>(t * 17 % 40)]);
    EXPECT_EQ(forward[0], id == "cyclic" ? .1 : .3);
  }
}

}  // namespace
}  // namespace tuner::test
