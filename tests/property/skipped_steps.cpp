// training.nonfinite_gradient: skip, of every optimizer there is, alone and wrapped: at a constant lr the run after a
// skipped step is the clean run one step later, bit for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/training.hpp"

namespace tuner::test {
namespace {

// Beyond the tenth, at which soap renews its basis, and several times lookahead's five.
constexpr std::int64_t kSteps = 24;

const Catalogue& catalogue() {
  static const Catalogue* const kCatalogue = [] {
    auto* catalogue = new Catalogue;  // plugins are never unloaded
    catalogue->add_folder(TUNER_PLUGIN_DIR);
    catalogue->add_file(TUNER_BUILD_DIR "/tests/plugins/mishap.so");
    return catalogue;
  }();
  return *kCatalogue;
}

PluginUse use(Kind kind, const std::string& id, const std::map<std::string, Value>& given = {}) {
  const Plugin& plugin = catalogue().get(kind, id);
  std::map<std::string, Value> values;
  for (const auto& [name, value] : given)
    values[name] = checked_value(plugin, plugin.param(plugin.find_param(name).value()), value);
  return {.plugin = &plugin, .options = OptionTable(plugin, values, {}), .groups = {}, .inner = nullptr};
}

// "adam", or "sam adam" for what wraps it.
using Chain = std::vector<std::string>;
std::string name_of(const Chain& chain) {
  std::string name;
  for (const std::string& id : chain) name += (name.empty() ? "" : " ") + id;
  return name;
}

bool any(const Chain& chain, std::uint32_t flag) {
  for (const std::string& id : chain)
    if (catalogue().get(Kind::optimizer, id).has(flag)) return true;
  return false;
}

// Every optimizer alone; around it every wrapper, where one can wrap the other.
std::vector<Chain> chains() {
  std::vector<Chain> chains;
  std::vector<const Plugin*> wrappers;
  for (const auto& plugin : catalogue().plugins())
    if (plugin->kind() == Kind::optimizer && plugin->has(TUNER_PLUGIN_WRAPS)) wrappers.push_back(plugin.get());
  for (const auto& plugin : catalogue().plugins()) {
    if (plugin->kind() != Kind::optimizer || plugin->has(TUNER_PLUGIN_WRAPS)) continue;
    const std::string id(plugin->id());
    chains.push_back({id});
    for (const Plugin* wrapper : wrappers) {
      const bool evaluates = plugin->has(TUNER_PLUGIN_CLOSURE) || plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE);
      if (!(wrapper->has(TUNER_PLUGIN_CLOSURE) && evaluates)) chains.push_back({std::string(wrapper->id()), id});
    }
  }
  chains.push_back({"lookahead", "sam", "adam"});
  return chains;
}

TrialResult run(const Chain& chain, const std::string& kind, std::int64_t at,
                const std::map<std::string, Value>& options = {}) {
  std::unique_ptr<PluginUse> optimizer;
  for (auto id = chain.rbegin(); id != chain.rend(); ++id) {
    auto outer = std::make_unique<PluginUse>(
        use(Kind::optimizer, *id, id + 1 == chain.rend() ? options : std::map<std::string, Value>{}));
    outer->inner = std::move(optimizer);
    optimizer = std::move(outer);
  }
  TrialSpec spec{.study_seed = 5,
                 .number = 0,
                 .objective = use(Kind::objective, "mishap", {{"kind", kind}, {"at", at}}),
                 .optimizer = std::move(*optimizer),
                 .schedule = {},
                 .training = {},
                 .metric = "loss",
                 .goal = Goal::minimize,
                 .target = std::nullopt};
  spec.schedule.stages.push_back({use(Kind::scheduler, "constant"), -1});
  spec.training.steps = kSteps;
  spec.training.log_every = 1;
  spec.training.nonfinite_gradient = NonfiniteGradient::skip;
  SharedObjectives shared;
  return run_trial(std::move(spec), shared);
}

// Losses of the steps, without the one after the last, which some optimizers want to be measured elsewhere.
std::map<std::int64_t, double> losses(const TrialResult& result) {
  std::map<std::int64_t, double> values;
  for (const MetricPoint& point : result.metrics)
    if (point.name == "loss" && point.step < result.steps) values[point.step] = point.value;
  return values;
}

// With step `at` skipped, and nothing else different.
void expect_one_step_later(const TrialResult& skipped, const TrialResult& clean, std::int64_t at) {
  EXPECT_EQ(skipped.nonfinite_gradients, 1);
  const auto with = losses(skipped), without = losses(clean);
  std::size_t compared = 0;
  for (const auto& [step, loss] : with) {
    if (step == at) continue;
    const auto same = without.find(step < at ? step : step - 1);
    if (same == without.end()) continue;  // the clean run had nothing to do any more
    EXPECT_EQ(loss, same->second) << "step " << step;
    ++compared;
  }
  EXPECT_GE(compared + 1, std::min<std::size_t>(with.size(), without.size()));
}

class SkippedStep : public ::testing::TestWithParam<Chain> {};

TEST_P(SkippedStep, NeverWas) {
  const TrialResult clean = run(GetParam(), "none", 0);
  ASSERT_EQ(clean.outcome, Outcome::completed) << clean.error;
  ASSERT_GE(clean.steps, 1);
  for (const char* kind : {"loss_inf", "gradient_nan"}) {
    if (kind == std::string("gradient_nan") && any(GetParam(), TUNER_PLUGIN_DERIVATIVE_FREE)) continue;
    for (const std::int64_t at : {0, 1, 7}) {
      if (at >= clean.steps) continue;
      SCOPED_TRACE(kind + std::string(" at step ") + std::to_string(at));
      const TrialResult result = run(GetParam(), kind, at);
      EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
      expect_one_step_later(result, clean, at);
      for (const MetricPoint& point : result.metrics)
        if (point.name == "evaluations" && point.step > at) {
          EXPECT_TRUE(std::isfinite(point.value)) << "the objective's statistics";
        }
    }
  }
}

class EvaluatingStep : public ::testing::TestWithParam<Chain> {};

// What is not finite comes later in the step: a search may step back from it; else all is as before.
TEST_P(EvaluatingStep, NeverWasWhereItIsSkipped) {
  const TrialResult clean = run(GetParam(), "none", 0);
  for (const char* kind : {"further_loss_inf", "further_gradient_nan"})
    for (const std::int64_t at : {0, 1, 7}) {
      if (at >= clean.steps) continue;
      SCOPED_TRACE(kind + std::string(" at step ") + std::to_string(at));
      const TrialResult result = run(GetParam(), kind, at);
      EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
      if (result.nonfinite_gradients > 0) expect_one_step_later(result, clean, at);
      for (const auto& [step, loss] : losses(result)) EXPECT_TRUE(std::isfinite(loss)) << step;
    }
}

std::string test_name(const ::testing::TestParamInfo<Chain>& info) {
  std::string name = name_of(info.param);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}
std::vector<Chain> evaluating() {
  std::vector<Chain> all = chains();
  std::erase_if(all, [](const Chain& chain) { return !any(chain, TUNER_PLUGIN_CLOSURE); });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Every, SkippedStep, ::testing::ValuesIn(chains()), test_name);
INSTANTIATE_TEST_SUITE_P(Every, EvaluatingStep, ::testing::ValuesIn(evaluating()), test_name);

TEST(SkippedSteps, AreThoseWhoseSecondGradientIsNotFinite) {
  for (const Chain& chain : {Chain{"sam", "sgd"}, Chain{"sam", "lion"}, Chain{"lookahead", "sam", "adam"}}) {
    SCOPED_TRACE(name_of(chain));
    expect_one_step_later(run(chain, "further_gradient_nan", 7), run(chain, "none", 0), 7);
  }
}

TEST(SkippedSteps, AreThoseThatWouldPoisonStateOrParameters) {
  expect_one_step_later(run({"sophia_h"}, "further_gradient_nan", 0), run({"sophia_h"}, "none", 0), 0);
  expect_one_step_later(run({"spsa"}, "further_loss_inf", 7), run({"spsa"}, "none", 0), 7);
  expect_one_step_later(run({"newton"}, "further_gradient_nan", 1), run({"newton"}, "none", 0), 1);
}

TEST(SkippedSteps, AreTriedOfAllOptimizersAndWrappers) {
  EXPECT_GE(chains().size(), 110u);
  EXPECT_GE(evaluating().size(), 40u);
}

}  // namespace
}  // namespace tuner::test
