// The search space as the database has it: every dimension of a plan is found again in its canonical form.
#include "tuner/report/stored_space.hpp"

#include "config_reading.hpp"

namespace tuner::config {
namespace {

using report::StoredParameter;

std::map<std::string, StoredParameter> found_in(const StudyPlan& plan) {
  std::map<std::string, StoredParameter> found;
  for (StoredParameter& parameter : report::stored_space(canonical_plan(plan)))
    found.emplace(parameter.name, std::move(parameter));
  return found;
}

void expect_all(const StudyPlan& plan) {
  const auto found = found_in(plan);
  for (const std::string& name : names(plan)) EXPECT_TRUE(found.contains(name)) << name;
}

TEST(StoredSpace, HasTheSearchParametersOfPlugins) {
  expect_all(read(sweep("{one_of: [{plugin: full, lr: {min: 1e-4, max: 1, scale: log}}, bare]}")));
  expect_all(
      read("objective: {one_of: [net, {plugin: curve, as: other}]}\n"
           "optimizer: {plugin: full, lr: {min: 1e-4, max: 1, scale: log}}\n"
           "training: {steps: 5, batch_size: {values: [1, 2]}, clip_norm: {min: 0.5, max: 2},\n"
           "  gradient_noise: {eta: {min: 0.1, max: 1}, gamma: {values: [0.5, 0.6]}},\n"
           "  early_stopping: {one_of: [null, {patience: {values: [1, 2]}}]}}\n"
           "method: random\ntrials: 3\n"));
}

TEST(StoredSpace, KnowsRangesAndChoices) {
  const auto found = found_in(read(sweep("{one_of: [{plugin: full, lr: {min: 1e-4, max: 1, scale: log}}, bare]}")));
  const StoredParameter& lr = found.at("optimizer.full.lr");
  EXPECT_TRUE(lr.is_range());
  EXPECT_EQ(lr.scale, Scale::log);
  EXPECT_EQ(lr.low, 1e-4);
  EXPECT_EQ(lr.high, 1.0);
  const StoredParameter& optimizer = found.at("optimizer");
  EXPECT_EQ(optimizer.choice_of(std::string("bare")), std::size_t{1});
  EXPECT_FALSE(optimizer.choice_of(std::string("other")));
}

TEST(StoredSpace, HasTheParametersOfPrograms) {
  const auto found = found_in(
      read("objective:\n  command: [train]\n  metrics: {loss: }\n  parameters:\n"
           "    lr: {distribution: log_normal, mu: -7, sigma: 1}\n    layers: {min: 1, max: 4, integer: true}\n"
           "    optimizer: {one_of: [{as: sgd, momentum: {min: 0.0, max: 0.9}}, adam]}\nmethod: random\ntrials: 3\n"));
  EXPECT_EQ(found.at("lr").scale, Scale::log);
  EXPECT_FALSE(found.at("lr").low);
  EXPECT_TRUE(found.at("layers").integer);
  EXPECT_EQ(found.at("optimizer").choices, (std::vector<std::string>{"\"sgd\"", "\"adam\""}));
  EXPECT_EQ(found.at("optimizer.sgd.momentum").high, 0.9);
}

TEST(StoredSpace, InfersWhatThePlanDoesNotSay) {
  EXPECT_TRUE(report::seen_parameter("x", {1.0, std::int64_t{2}}).is_range());
  EXPECT_EQ(report::seen_parameter("x", {std::string("a"), true, std::string("a")}).choices,
            (std::vector<std::string>{"\"a\"", "true"}));
}

}  // namespace
}  // namespace tuner::config
