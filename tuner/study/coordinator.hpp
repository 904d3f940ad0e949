// The coordinator: runs a study to its end, or resumes it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "tuner/executor/executor.hpp"
#include "tuner/executor/interrupt.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/pruner.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

using executor::Executor;
using executor::InterruptCounter;
using executor::Running;

// stopped: too many trials failed, a program fails at its start, or some were not run; `reason` says which.
enum class Ending { finished, budget_used, interrupted, stopped };
inline constexpr const char* kEndings[] = {"finished", "budget_used", "interrupted", "stopped"};

struct StudyStatus {
  std::optional<std::uint64_t> total;         // trials of the study
  std::uint64_t done = 0;                     // finished ones, earlier runs included
  std::uint64_t done_now = 0;                 // finished in this run
  std::map<Outcome, std::uint64_t> outcomes;  // of this run
  std::uint64_t failed = 0;                   // failed and timed out ones, earlier runs included
  std::uint64_t paused = 0;                   // trials that wait for the pruner, earlier runs included
  std::uint64_t paused_bytes = 0;             // that their checkpoints take
  std::optional<std::uint64_t> best_number;   // none in a study with several metrics
  double best_value = 0;
  Parameters best_parameters;
  double elapsed_seconds = 0;  // of this run
  int checkpoint_error = 0;    // errno of one that could not be written; 0: none so far
  int interrupts = 0;
  Ending ending = Ending::finished;
  std::uint64_t not_run = 0;  // of a plugin in quarantine
  // Trials of the study that are not run: replicates of configurations that were pruned or did not complete, or wait
  // for the pruner, and those of proposals that reuse an earlier result.
  std::uint64_t not_due = 0;
  std::uint64_t reused = 0;                // of them those of proposals
  std::uint64_t judged = 0;                // reports that the pruner decided on, earlier runs included
  std::string reason;                      // of Ending::stopped
  std::vector<std::string> troubles = {};  // since the last call: with what starts workers on other machines
};

// Told of every batch of recorded trials, and a few times a second in between (no trials then).
using Listener =
    std::function<void(const StudyStatus&, std::span<const storage::TrialRecord> recorded, std::span<const Running>)>;

// Told of what trials say while they run; of a trial's end hears the Listener.
using NoticeListener = std::function<void(const trial::Notice&)>;

// What guides a study beside its searcher.
struct Guidance {
  std::optional<std::uint64_t> lag = {};  // of a new study whose searcher learns, see journal.hpp; nothing: the default
  // Must outlive the study. Null: no trial is stopped or paused early. Of several replicates it judges
  // the first, see due_replicates.hpp.
  search::Pruner* pruner = nullptr;
};

// Runs the trials of `study` that the store does not hold yet, those that fail once more where `retry` says so. Every
// trial is in the database before the listener hears of it. Interrupts, the budget and failed trials count over all
// runs of the study end it; a trial that fails then, and would be run again, is left to the next run as a cancelled
// one. What a searcher that learns proposes and observes is in the study's journal before anything comes of it (see
// journal.hpp); where one of its trials cannot be run, the study is stopped, since nothing is observed that is not
// recorded. What a pruner decides is recorded before its trial hears of it (see decisions.hpp). Whenever a worker is
// free, paused trials that the pruner wants to go on come before new ones; those that are paused at the end stay so.
// heard: where it is given, the trials are asked for their reports.
// Errors: what the trials throw (input that nothing before could see); what is finished is kept.
[[nodiscard]] StudyStatus run_study(const Study& study, search::Searcher& searcher, storage::Store& store,
                                    Executor& executor, const InterruptCounter& interrupts, const Listener& listener,
                                    const Guidance& guidance = {}, const NoticeListener& heard = {});

}  // namespace tuner::study
