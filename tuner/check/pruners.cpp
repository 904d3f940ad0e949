// What a pruner must be: a function of what it was told, with answers that a host can follow.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

#include "tuner/check/check.hpp"
#include "tuner/check/environment.hpp"
#include "tuner/check/pruner_rig.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kPruners = 1u << TUNER_KIND_PRUNER;
constexpr std::uint64_t kTrials = 40;
constexpr const char* kAnswers =
    "answer TUNER_DECISION_CONTINUE, _STOP or, with a review(), _PAUSE; with a next step behind that of the report, or "
    "-1 where no report needs a decision any more";
constexpr const char* kTold =
    "let every answer depend on what the pruner was told since create() alone: nothing in a static, no clock, no "
    "address";

struct Case {
  const char* name;
  Goal goal;
  std::int64_t budget;
};
constexpr std::array kCases{Case{"minimizes", Goal::minimize, PrunerRig::kSteps},
                            Case{"maximizes", Goal::maximize, PrunerRig::kSteps},
                            Case{"minimizes, with trials of unknown length", Goal::minimize, 0}};

// Runs `body` on each study that the pruner takes. What it throws is a finding, and so is a pruner that takes none.
template <class Body>
void in_each_study(const Subject& subject, Report& report, const char* remedy, const Body& body) {
  std::string printed_text;
  std::string refusal;
  std::size_t taken = 0;
  for (const Case& study : kCases) {
    if (!report.findings().empty()) return;
    report.doing(fmt::format("a study that {}", study.name));
    const PrintedText printed;
    try {
      PrunerRig rig(subject, study.goal, study.budget);
      ++taken;
      body(rig, study);
    } catch (const Error& e) {
      if (e.id() == Message::config_impossible)
        refusal = e.message();
      else
        report.fail(fmt::format("in a study that {}: {}", study.name, e.message()), remedy);
    }
    printed_text += printed.text();
  }
  if (taken == 0) report.fail(refusal, "judge a study at the defaults, or say what to give with --set OPTION=VALUE");
  if (!printed_text.empty())
    report.fail(fmt::format("it prints: {}", printed_text), "a plugin never prints: use the host's log()");
}

std::uint32_t all_complete(std::uint64_t) { return TUNER_OUTCOME_COMPLETED; }
// One in five trials fails.
std::uint32_t some_fail(std::uint64_t trial) { return trial % 5 == 3 ? TUNER_OUTCOME_FAILED : TUNER_OUTCOME_COMPLETED; }

void check_decides(const Subject& subject, Report& report) {
  in_each_study(subject, report, kAnswers, [&](PrunerRig& rig, const Case& study) {
    static_cast<void>(rig.run(kTrials, falling, all_complete));
    // Trials of a single report, late and early.
    PrunerRig single(subject, study.goal, study.budget);
    for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
      search::TrialEvent event{.kind = search::TrialEvent::Kind::report,
                               .trial = trial,
                               .outcome = TUNER_OUTCOME_COMPLETED,
                               .step = trial % 2 == 0 ? PrunerRig::kSteps - 1 : 1,
                               .budget = study.budget,
                               .value = falling(trial, 1),
                               .row = {{0.5}, {TUNER_VALUE_FREE}}};
      static_cast<void>(single.tell(event));
      event.kind = search::TrialEvent::Kind::end;
      static_cast<void>(single.tell(event));
    }
  });
}

// Where the pruner, which is told the events of the study from `first` on, answers otherwise; empty: nowhere.
std::string difference(PrunerRig& rig, const PrunedStudy& study, std::size_t first) {
  for (std::size_t i = first; i < study.events.size(); ++i) {
    const search::Verdict verdict = rig.tell(study.events[i]);
    const search::Verdict& expected = study.verdicts[i];
    const bool is_review = study.events[i].kind == search::TrialEvent::Kind::review ||
                           study.events[i].kind == search::TrialEvent::Kind::last_review;
    if (verdict.decision == expected.decision && verdict.next_step == expected.next_step &&
        (!is_review || verdict.trial == expected.trial))
      continue;
    const auto words = [](const search::Verdict& v) {
      if (v.decision == TUNER_DECISION_PAUSE) return std::string("pause");
      return v.decision == TUNER_DECISION_STOP ? "stop" : fmt::format("go on, next step {}", v.next_step);
    };
    if (is_review)
      return fmt::format("at a review: trial {} '{}' and trial {} '{}'", expected.trial, words(expected), verdict.trial,
                         words(verdict));
    return fmt::format("at step {} of trial {}: '{}' and '{}'", study.events[i].step, study.events[i].trial,
                       words(expected), words(verdict));
  }
  return "";
}

void check_determinism(const Subject& subject, Report& report) {
  in_each_study(subject, report, kTold, [&](PrunerRig& rig, const Case& study) {
    const PrunedStudy once = rig.run(kTrials, falling, some_fail);
    PrunerRig second(subject, study.goal, study.budget);
    const std::string where = difference(second, once, 0);
    if (!where.empty())
      report.fail(fmt::format("in a study that {}: two pruners that are told the same differ {}", study.name, where),
                  kTold);
  });
}

// The library loaded a second time, from a copy of its file: with static objects of its own, as in another process.
class LoadedAnew {
 public:
  explicit LoadedAnew(const Subject& subject) : subject_(subject) {
    std::string name = (std::filesystem::temp_directory_path() / "tuner-check-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(Message::storage_failed, "cannot make a temporary folder", "make room in TMPDIR");
    folder_ = name;
    const std::filesystem::path copy = folder_ / subject.file.filename();
    std::filesystem::copy_file(subject.file, copy);
    catalogue_.add_file(copy);
    subject_.plugin = &catalogue_.get(Kind::pruner, subject.plugin->id());
  }
  ~LoadedAnew() {
    std::error_code none;
    std::filesystem::remove_all(folder_, none);
  }
  LoadedAnew(const LoadedAnew&) = delete;
  LoadedAnew& operator=(const LoadedAnew&) = delete;

  [[nodiscard]] const Subject& subject() const { return subject_; }

 private:
  std::filesystem::path folder_;
  Catalogue catalogue_;
  Subject subject_;
};

void check_replay(const Subject& subject, Report& report) {
  in_each_study(subject, report, kTold, [&](PrunerRig& rig, const Case& study) {
    const PrunedStudy once = rig.run(kTrials, falling, some_fail);
    const LoadedAnew anew(subject);
    for (const std::size_t share : {1, 3}) {
      const std::size_t cut = once.events.size() * share / 4;
      PrunerRig resumed(anew.subject(), study.goal, study.budget);
      for (std::size_t i = 0; i < cut; ++i) static_cast<void>(resumed.tell(once.events[i]));
      const std::string where = difference(resumed, once, cut);
      if (!where.empty())
        return report.fail(
            fmt::format("in a study that {}: a pruner of the library loaded anew, which was told {} events again, "
                        "differs {}",
                        study.name, cut, where),
            kTold);
    }
  });
}

// Values as trials report them that go wrong.
double troubled(std::uint64_t trial, std::int64_t step) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double values[] = {std::nan(""), kInfinity, -kInfinity, 1e308, -1e308, 5e-324, 0};
  const std::uint64_t kind = (trial * 31 + static_cast<std::uint64_t>(step) * 7) % 23;
  return kind < std::size(values) ? values[kind] : falling(trial, step);
}

std::uint32_t every_outcome(std::uint64_t trial) {
  const std::uint32_t outcomes[] = {TUNER_OUTCOME_COMPLETED, TUNER_OUTCOME_DIVERGED, TUNER_OUTCOME_FAILED,
                                    TUNER_OUTCOME_COMPLETED, TUNER_OUTCOME_PRUNED,   TUNER_OUTCOME_TIMED_OUT,
                                    TUNER_OUTCOME_CANCELLED, TUNER_OUTCOME_COMPLETED};
  return outcomes[trial % std::size(outcomes)];
}

void check_trouble(const Subject& subject, Report& report) {
  constexpr const char* kRemedy = "take NaN for the worst value, and trials without a value for ones that say nothing";
  in_each_study(subject, report, kRemedy, [](PrunerRig& rig, const Case& study) {
    // Ends of trials that never reported.
    for (std::uint64_t trial = 0; trial < 7; ++trial)
      static_cast<void>(rig.tell({.kind = search::TrialEvent::Kind::end,
                                  .trial = 1000 + trial,
                                  .outcome = static_cast<std::uint32_t>(trial),
                                  .step = 0,
                                  .budget = study.budget,
                                  .value = trial == 0 ? 1 : std::nan(""),
                                  .row = {{0.5}, {TUNER_VALUE_FREE}}}));
    static_cast<void>(rig.run(kTrials, troubled, every_outcome));
  });
  in_each_study(subject, report, kRemedy, [](PrunerRig& rig, const Case&) {
    static_cast<void>(rig.run(
        kTrials, [](std::uint64_t, std::int64_t) { return std::nan(""); }, every_outcome));
  });
}

constexpr Check kChecks[] = {
    {"pruners.decides",
     "Studies of 40 trials of 81 steps, four at a time, that minimize, maximize and do not say how long a trial is, "
     "and "
     "trials of a single report: each answer is a decision with a later next step, or none, and a review names a "
     "trial that is paused. A study may be refused, not all of them.",
     kPruners, nullptr, nullptr, check_decides},
    {"pruners.determinism", "Two pruners in one process that are told the same answer the same.", kPruners,
     "pruners.decides", nullptr, check_determinism},
    {"pruners.replay",
     "A pruner of the library loaded anew, which is told what was recorded up to a quarter and three quarters of a "
     "study, answers the rest of the reports and reviews the same. A review that named no trial is not recorded.",
     kPruners, "pruners.determinism", nullptr, check_replay},
    {"pruners.trouble",
     "Values that are NaN, infinite, enormous or all NaN, trials that end in every outcome or without a report: the "
     "answers are still decisions.",
     kPruners, "pruners.decides", nullptr, check_trouble},
};

}  // namespace

std::span<const Check> pruner_checks() { return kChecks; }

}  // namespace tuner::check
