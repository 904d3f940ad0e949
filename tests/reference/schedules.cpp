// Schedules against PyTorch's, and the figures of the specification.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "timetable.hpp"

namespace tuner::test {
namespace {

using Json = nlohmann::json;

Value value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    List list;
    for (const Json& item : json) list.emplace_back(item.get<std::int64_t>());
    return list;
  }
  return json.get<double>();
}

TEST(ScheduleReference, AgreesWithTorch) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/schedules.json");
  const Json reference = Json::parse(file);
  std::size_t compared = 0;
  for (const Json& c : reference["cases"]) {
    SCOPED_TRACE(c["scheduler"].get<std::string>() + " " + c["options"].dump());
    Given given;
    for (const auto& [id, value] : c["options"].items()) given[id] = value_of(value);
    const Timetable schedule(c["scheduler"], given, reference["base"].get<double>(), 51);
    const auto values = c["values"].get<Vector>();
    for (std::size_t t = 0; t < values.size(); ++t, ++compared)
      ASSERT_NEAR(schedule.at(static_cast<std::int64_t>(t)), values[t], 1e-14 * std::abs(values[t])) << "step " << t;
  }
  EXPECT_GE(compared, 36u * 51);
}

struct Figure {
  std::int64_t step;
  double value;
};
void expect_figures(const Timetable& schedule, std::initializer_list<Figure> figures) {
  for (const auto& [step, value] : figures)
    EXPECT_NEAR(schedule.at(step), value, 5e-9 + 1e-8 * value) << "step " << step;
}

TEST(GoldenSchedules, Step) {
  expect_figures(Timetable("step", {{"step_size", std::int64_t{3}}, {"gamma", .1}}, 1, -1),
                 {{0, 1}, {2, 1}, {3, .1}, {5, .1}, {6, .01}, {9, .001}});
}

TEST(GoldenSchedules, Cosine) {
  const std::initializer_list<Figure> to_the_end = {{1, .97552826}, {5, .5}, {9, .024471742}, {10, 0}};
  const Timetable rebound("cosine", {{"t_max", std::int64_t{10}}, {"after_end", "rebound"}}, 1, -1);
  expect_figures(rebound, to_the_end);
  expect_figures(rebound, {{11, .024471742}, {20, 1}});
  const Timetable hold("cosine", {{"t_max", std::int64_t{10}}}, 1, -1);
  expect_figures(hold, to_the_end);
  expect_figures(hold, {{11, 0}, {20, 0}, {1000, 0}});
}

TEST(GoldenSchedules, CosineWarmRestarts) {
  expect_figures(Timetable("cosine_warm_restarts", {{"t_0", std::int64_t{4}}, {"t_mult", std::int64_t{2}}}, 1, -1),
                 {{1, .85355339}, {3, .14644661}, {4, 1}, {5, .96193977}, {11, .038060234}, {12, 1}});
}

TEST(GoldenSchedules, PolynomialAndLinear) {
  expect_figures(Timetable("polynomial", {{"power", 2.0}}, 1, -1),
                 {{0, 1}, {1, .64}, {2, .36}, {3, .16}, {4, .04}, {5, 0}, {6, 0}});
  expect_figures(Timetable("polynomial", {{"total_iters", std::int64_t{0}}, {"eta_min", .2}}, 1, 10),
                 {{0, 1}, {5, .6}, {10, .2}, {11, .2}});
  expect_figures(Timetable("linear", {}, 1, -1),
                 {{0, .33333333}, {1, .46666667}, {2, .6}, {3, .73333333}, {4, .86666667}, {5, 1}, {6, 1}});
  const Timetable to_zero("linear", {{"start_factor", 1.0}, {"end_factor", 0.0}, {"total_iters", std::int64_t{0}}}, 1,
                          4);
  expect_figures(to_zero, {{0, 1}, {1, .75}, {2, .5}, {3, .25}, {4, 0}});
}

TEST(Schedules, CosineTakesTheLengthOfTheRun) {
  expect_figures(Timetable("cosine", {{"eta_min", .2}}, 1, 10), {{0, 1}, {5, .6}, {10, .2}});
  const Timetable unknown("cosine", {}, 1, -1);
  EXPECT_THROW((void)unknown.at(0), std::runtime_error);
}

TEST(Schedules, AnswerInAnyOrder) {
  const std::map<std::string, Given> schedules = {
      {"constant", {}},
      {"constant_then", {{"factor", 1.0}}},
      {"cosine", {}},
      {"cosine_warm_restarts", {{"t_0", std::int64_t{6}}}},
      {"exponential", {{"gamma", .9}}},
      {"linear", {{"start_factor", 1.0}, {"end_factor", .2}}},
      {"multi_step", {{"milestones", List{std::int64_t{3}, std::int64_t{9}}}}},
      {"polynomial", {}},
      {"step", {{"step_size", std::int64_t{4}}}}};
  for (const auto& [id, given] : schedules) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(builtin(Kind::scheduler, id).has(TUNER_PLUGIN_PURE));
    const Timetable schedule(id, given, .3, 40);
    Vector forward;
    for (int t = 0; t < 40; ++t) forward.push_back(schedule.at(t));
    for (int t = 39; t >= 0; --t) EXPECT_EQ(schedule.at(t), forward[static_cast<std::size_t>(t)]);
    EXPECT_EQ(forward[0], .3);
  }
}

}  // namespace
}  // namespace tuner::test
