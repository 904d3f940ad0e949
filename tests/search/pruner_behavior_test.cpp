// What every pruner must do, through the ABI: the contract of abi_search.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "loaded_pruner.hpp"

namespace search_tests {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::int64_t kSteps = 40;

// Options with which a pruner decides something on the studies below.
PrunerSetup setup_of(const std::string& id) {
  PrunerSetup setup{.budget = kSteps};
  // Pausing is what pruner_pause_test.cpp is about.
  if (id == "asha") setup.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 1}, {"brackets", 2}};
  if (id == "hyperband" || id == "successive_halving") setup.options = {{"mode", 1}};
  if (id == "wandb_hyperband") setup.options = {{"min_iter", 2}};
  if (id == "threshold") setup.options = {{"upper", 2}};
  return setup;
}

// The curves of trials fall from about 2 to about their own end; some report NaN and infinities.
double curve(std::uint64_t trial, std::int64_t step, bool troubled) {
  std::mt19937_64 random(1000 * trial + static_cast<std::uint64_t>(step));
  const double noise = std::uniform_real_distribution<>(-0.2, 0.2)(random);
  const double end = static_cast<double>((trial * 7919) % 101) / 100;
  const std::uint64_t kind = (trial * 31 + static_cast<std::uint64_t>(step)) % 97;
  if (troubled && kind < 3) return std::nan("");
  if (troubled && kind == 3) return kInf;
  if (troubled && kind == 4) return -kInf;
  if (troubled && kind == 5) return 1e308;
  return end + (2 - end) * std::exp(-0.1 * static_cast<double>(step)) + noise;
}

struct Study {
  std::vector<Event> events;
  std::vector<Answer> answers;  // to each of them
};

// `workers` trials side by side, which report in turns; what becomes of them follows from the answers.
Study run(LoadedPruner& pruner, std::uint64_t trials, std::size_t workers, bool troubled) {
  struct Running {
    std::uint64_t trial;
    std::int64_t step = 0, due = 1;
  };
  Study study;
  std::vector<Running> running;
  std::uint64_t next = 0;
  const auto tell = [&](const Event& event) {
    study.events.push_back(event);
    study.answers.push_back(pruner.tell(event));
    return study.answers.back();
  };
  while (next < trials || !running.empty()) {
    while (next < trials && running.size() < workers) running.push_back({next++});
    for (std::size_t i = 0; i < running.size();) {
      Running& r = running[i];
      ++r.step;
      const double value = curve(r.trial, r.step, troubled);
      Event end{.trial = r.trial, .step = r.step, .value = value, .is_end = true};
      bool ended = r.step == kSteps;
      if (r.due > 0 && r.step >= r.due) {
        const Answer answer = tell({.trial = r.trial, .step = r.step, .value = value});
        r.due = answer.next_step;
        if (answer.decision == TUNER_DECISION_STOP) end.outcome = TUNER_OUTCOME_PRUNED;
        ended = ended || answer.decision == TUNER_DECISION_STOP;
      }
      if (troubled && r.trial % 9 == 4 && r.step == 20) {
        end.outcome = static_cast<std::uint32_t>(r.trial % 5) + TUNER_OUTCOME_PRUNED;
        end.value = std::nan("");
        ended = true;
      }
      if (ended) tell(end);
      if (ended)
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      else
        ++i;
    }
  }
  return study;
}

std::size_t stops(const Study& study) {
  return static_cast<std::size_t>(
      std::ranges::count(study.answers, std::uint32_t{TUNER_DECISION_STOP}, &Answer::decision));
}

class Pruners : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::string id() const { return GetParam(); }
};

TEST_P(Pruners, SayWhatTheyAre) {
  const tuner_plugin& plugin = plugin_of(id());
  EXPECT_EQ(plugin.kind, TUNER_KIND_PRUNER);
  EXPECT_EQ(plugin.id, id());
  EXPECT_NE(std::string(plugin.details).find("Variant"), std::string::npos);
}

TEST_P(Pruners, StopSomeTrialsAndGiveLegalAnswers) {
  for (const bool troubled : {false, true}) {
    LoadedPruner pruner(id(), setup_of(id()));
    ASSERT_EQ(pruner.status(), TUNER_OK) << pruner.error();
    const Study study = run(pruner, 100, 4, troubled);
    EXPECT_GT(stops(study), 10U);
    EXPECT_LT(stops(study), 100U);
    for (std::size_t i = 0; i < study.events.size(); ++i) {
      const Answer& answer = study.answers[i];
      if (study.events[i].is_end) continue;
      EXPECT_LE(answer.decision, TUNER_DECISION_STOP);
      if (answer.decision == TUNER_DECISION_STOP) {
        EXPECT_EQ(answer.next_step, -1);
      }
      EXPECT_TRUE(answer.next_step == -1 || answer.next_step > study.events[i].step);
    }
  }
}

// A new state that is told a recorded sequence, whose answers are ignored, is where the old one was.
TEST_P(Pruners, AreReplayedFromAJournal) {
  LoadedPruner pruner(id(), setup_of(id()));
  const Study study = run(pruner, 60, 4, true);
  for (const std::size_t cut : {std::size_t{1}, study.events.size() / 3, study.events.size() - 1}) {
    LoadedPruner replayed(id(), setup_of(id()));
    for (std::size_t i = 0; i < cut; ++i) replayed.tell(study.events[i]);
    for (std::size_t i = cut; i < study.events.size(); ++i)
      ASSERT_EQ(replayed.tell(study.events[i]), study.answers[i]) << i;
  }
}

TEST_P(Pruners, KeepNothingOutsideOfTheirState) {
  LoadedPruner alone(id(), setup_of(id()));
  const Study study = run(alone, 60, 3, true);
  LoadedPruner first(id(), setup_of(id()));
  LoadedPruner second(id(), setup_of(id()));
  for (std::size_t i = 0; i < study.events.size(); ++i) {
    ASSERT_EQ(first.tell(study.events[i]), study.answers[i]) << i;
    if (i >= 7) second.tell(study.events[i - 7]);
  }
}

// With the signs of all values turned, maximizing asks for the same. A threshold is one of the metric itself.
// Those that compare trials. The range of threshold is of the metric itself.
class ComparingPruners : public Pruners {};

std::vector<const char*> comparing_pruners() {
  std::vector<const char*> ids{PRUNERS};
  std::erase_if(ids, [](const std::string& id) { return id == "threshold"; });
  return ids;
}

TEST_P(ComparingPruners, MaximizeAsTheyMinimize) {
  LoadedPruner low(id(), setup_of(id()));
  const Study study = run(low, 60, 4, true);
  PrunerSetup turned = setup_of(id());
  turned.direction = TUNER_MAXIMIZE;
  LoadedPruner high(id(), turned);
  for (std::size_t i = 0; i < study.events.size(); ++i) {
    Event event = study.events[i];
    event.value = -event.value;
    ASSERT_EQ(high.tell(event), study.answers[i]) << i;
  }
}

// A trial with nothing but NaN never gets to its end once there is something to compare it with.
TEST_P(Pruners, StopWhatIsAlwaysNan) {
  LoadedPruner pruner(id(), setup_of(id()));
  for (std::uint64_t trial = 0; trial < 20; ++trial) pruner.run(trial, std::vector<double>(kSteps, 1));
  EXPECT_FALSE(pruner.run(20, std::vector<double>(kSteps, std::nan(""))));
}

// Trials that are all alike end all alike.
TEST_P(Pruners, LetTiesGoOn) {
  LoadedPruner pruner(id(), setup_of(id()));
  for (std::uint64_t trial = 0; trial < 50; ++trial) EXPECT_TRUE(pruner.run(trial, std::vector<double>(kSteps, 1)));
}

TEST_P(Pruners, JudgeTrialsWithOneReport) {
  LoadedPruner pruner(id(), setup_of(id()));
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Answer answer = pruner.decide(trial, 3, 1);
    EXPECT_EQ(answer.decision, TUNER_DECISION_CONTINUE);
    pruner.observe(trial, 1);
  }
}

// What is observed need not have reported, and may have no value.
TEST_P(Pruners, ObserveTrialsThatNeverReported) {
  LoadedPruner pruner(id(), setup_of(id()));
  for (std::uint64_t trial = 0; trial < 30; ++trial)
    pruner.observe(trial, trial % 2 == 0 ? 1 : std::nan(""), static_cast<std::uint32_t>(trial % 7));
  EXPECT_EQ(pruner.decide(30, 1, 1).decision, TUNER_DECISION_CONTINUE);
}

INSTANTIATE_TEST_SUITE_P(All, Pruners, testing::Values(PRUNERS),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(All, ComparingPruners, testing::ValuesIn(comparing_pruners()),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace search_tests
