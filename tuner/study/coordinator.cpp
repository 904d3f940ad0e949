#include "tuner/study/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/program/program.hpp"
#include "tuner/study/aside.hpp"
#include "tuner/study/checkpoint_folder.hpp"
#include "tuner/study/decisions.hpp"
#include "tuner/study/due_replicates.hpp"
#include "tuner/study/journal.hpp"
#include "tuner/study/paused_trials.hpp"
#include "tuner/study/recorded_trial.hpp"
#include "tuner/study/tally.hpp"
#include "tuner/study/trial_record.hpp"
#include "tuner/system.hpp"

namespace tuner::study {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{200}, kProposing{2};
// Enough that short trials never wait for the coordinator's transactions, little enough to forget on Ctrl-C.
constexpr std::size_t kQueuedPerWorker = 256;

// The trials that can begin now, and what was found on the way.
struct NextJobs {
  std::vector<executor::Job> jobs;
  std::uint64_t reused = 0;            // trials that are not run: their proposal has the result of an earlier one
  std::optional<std::uint64_t> total;  // of the study, where the searcher has no further configuration
};

class Coordinator {
 public:
  Coordinator(const Study& study, search::Searcher& searcher, storage::Store& store, Executor& executor,
              const InterruptCounter& interrupts, const Listener& listener, const Guidance& guidance,
              const NoticeListener& heard)
      : plan_(study.plan),
        run_(study.run),
        searcher_(searcher),
        store_(store),
        executor_(executor),
        interrupts_(interrupts),
        listener_(listener),
        heard_(heard),
        due_(plan_.repeats.count, guidance.pruner != nullptr),
        paused_(study.run.checkpoint) {
    status_.total = search::trials_of(searcher);
    if (run_.trials) status_.total = std::min(run_.trials.value_or(UINT64_MAX), status_.total.value_or(UINT64_MAX));
    for (const std::uint64_t number : store.finished(plan_.name)) done_.insert(number);
    status_.done = done_.size();
    tally_.emplace(plan_, run_, store, status_);
    if (guidance.pruner != nullptr) resume_decisions(*guidance.pruner);
    if (searcher.learns())
      journal_.emplace(plan_, searcher, store,
                       Journal::Setup{.lag = guidance.lag.value_or(default_lag(run_.workers)), .judged = !!decisions_},
                       done_, decisions_ ? decisions_->first_pauses() : Journal::FirstPauses());
    if (proposes_aside()) aside_.emplace();
    if (run_.budget_seconds) spent_before_ = store.elapsed_seconds(plan_.name);
    for (const Plugin* plugin : plugins_of(plan_)) records_.emplace(plugin, plugin_record(*plugin));
    find_open_trials();
  }

  StudyStatus run() {
    store_.add_event(status_.done == 0 ? "started" : "resumed", fmt::format("{} trials finished before", status_.done));
    record_machine();
    remove_leftover_checkpoints(run_.checkpoint, done_);
    stop_if_too_many_failed();
    for (;;) {
      react_to(interrupts_.count());
      begin_jobs();
      if (executor_.pending() == 0 && !proposing_.valid() && (is_ending() || due_.empty()) && !review(true)) break;
      take(executor_.wait(longest_wait()));
    }
    status_.elapsed_seconds = elapsed();
    const bool complete = status_.total && status_.done + status_.not_due + paused_.size() >= *status_.total;
    if (status_.interrupts > 0 && !complete)
      status_.ending = Ending::interrupted;
    else if (!status_.reason.empty())
      status_.ending = Ending::stopped;
    else if (!complete && !tally_->target_reached())
      status_.ending = Ending::budget_used;
    std::string text = fmt::format("{} trials finished", status_.done);
    if (status_.paused > 0) text += fmt::format(", {} paused", status_.paused);
    if (!status_.reason.empty()) text += "; " + status_.reason;
    store_.add_event(kEndings[static_cast<int>(status_.ending)], text);
    return status_;
  }

 private:
  // Once for each machine.
  void record_machine() {
    const auto known = store_.machines(plan_.name);
    const std::string machine = machine_text();
    if (std::ranges::find(known, machine) == known.end()) store_.add_event("machine", machine);
  }
  // A configuration without values.
  [[nodiscard]] Configuration nothing_known() const { return Configuration(plan_.space.dimensions.size()); }

  // Of every trial that the study's journal proposed.
  std::map<std::uint64_t, Configuration> proposed_configurations() {
    std::map<std::uint64_t, Configuration> proposed;
    if (searcher_.learns())
      store_.read_journal(plan_.name, [&](const storage::JournalEntry& entry) {
        const auto* proposal = std::get_if<storage::ProposalRecord>(&entry);
        if (proposal == nullptr) return;
        Parameters parameters = proposal->parameters;
        if (!plan_.files.empty()) follow_paths(plan_, parameters);
        proposed.emplace(proposal->proposal, point_from(plan_.space, parameters, searcher_).value_or(nothing_known()));
      });
    return proposed;
  }

  // Tells the pruner what earlier runs of the study recorded, and then of the trials whose ends they did not record.
  void resume_decisions(search::Pruner& pruner) {
    decide_at_ = pruner.first_step();
    const std::map<std::uint64_t, Configuration> proposed = proposed_configurations();
    const auto configuration_of = [&](std::uint64_t number) {
      const std::uint64_t configuration = search::trial_of(searcher_, number).configuration;
      return searcher_.learns() ? proposed.at(configuration) : searcher_.propose(configuration);
    };
    decisions_.emplace(pruner, store_, plan_.name, configuration_of);
    store_.read_runs(plan_.name, 0, false, [&](const storage::RunRow& run) {
      const TrialId id = search::trial_of(searcher_, run.number);
      if (done_.contains(run.number)) end_replicate(id, run.outcome, configuration_of(run.number));
      if (run.outcome == Outcome::paused)
        running_.emplace(run.number, configuration_of(run.number));
      else if (done_.contains(run.number) && due_.is_judged(id) && !decisions_->knows_end(run.number))
        decisions_->ended({.number = run.number,
                           .outcome = run.outcome,
                           .last_step = run.steps,
                           .value = run.value,
                           .configuration = configuration_of(run.number)});
    });
  }

  // Trials that are to be continued: those that were paused, and those of a program that were cancelled.
  void find_open_trials() {
    store_.read_runs(plan_.name, 0, false, [&](const storage::RunRow& run) {
      if (run.outcome == Outcome::cancelled && plan_.program) cancelled_.insert(run.number);
      if (run.outcome != Outcome::paused || !decisions_) return;
      executor::Finished trial;
      trial.job.id = search::trial_of(searcher_, run.number);
      trial.job.point = running_.at(run.number);
      trial.job.asked.decide_at = decide_at_;
      trial.result.outcome = run.outcome;
      trial.result.value = run.value;
      trial.result.steps = run.steps;
      executor::Job job = trial.job;
      waiting_.insert(run.number);
      paused_.add(std::move(job), record_of(std::move(trial)));
    });
    evict();
    // Reviewed when the last run was ended by force.
    for (const std::uint64_t number : paused_.numbers())
      if (!decisions_->is_paused(number)) continued_.push_back(number);
  }

  [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  [[nodiscard]] bool all_submitted() const { return status_.total && next_.number >= *status_.total; }
  [[nodiscard]] double budget_left() const {
    return run_.budget_seconds.value_or(std::numeric_limits<double>::infinity()) - spent_before_ - elapsed();
  }
  // No trial begins any more.
  [[nodiscard]] bool is_ending() const {
    return status_.interrupts > 0 || budget_left() <= 0 || tally_->too_many_failed() || tally_->target_reached() ||
           cannot_go_on_ || tally_->fails_at_start();
  }
  [[nodiscard]] std::chrono::milliseconds longest_wait() const {
    if (proposing_.valid()) return kProposing;
    if (over_budget_ || budget_left() > std::chrono::duration<double>(kTick).count()) return kTick;
    return std::chrono::milliseconds(1 + static_cast<int>(std::max(0.0, budget_left()) * 1000));
  }

  void react_to(int interrupts) {
    if (interrupts > 0 && status_.interrupts == 0) executor_.drop_queued();
    if (interrupts > 1 && status_.interrupts < 2) executor_.cancel();
    status_.interrupts = interrupts;
    if (budget_left() > 0 || over_budget_) return;
    over_budget_ = true;
    executor_.drop_queued();
    if (run_.budget_end == BudgetEnd::cancel) executor_.cancel();
  }

  void stop_if_too_many_failed() {
    if (tally_->fails_at_start()) executor_.drop_queued();
    if (!tally_->too_many_failed() || !status_.reason.empty()) return;
    status_.reason =
        fmt::format("{} trials failed, and max_failed_trials is {}", status_.failed, *run_.max_failed_trials);
    executor_.drop_queued();
  }

  // At most so many.
  NextJobs next_jobs(std::size_t most, bool ending) {
    NextJobs next;
    const auto all_made = [&] { return next.total || all_submitted(); };
    while (!all_made() && next.jobs.size() < most) {
      const std::uint64_t proposal = next_.configuration;
      if (journal_ && !journal_->observe_for(proposal)) break;
      if (ending) break;
      if (journal_ && !journal_->propose(proposal)) {
        next.total = next_.number;
        break;
      }
      if (journal_ && journal_->is_reused(proposal))
        ++next.reused;
      else if (due_.begins(next_) && !done_.contains(next_.number) && !waiting_.contains(next_.number))
        next.jobs.push_back({.id = journal_ ? journal_->trial_of(next_.number) : next_,
                             .point = journal_ ? journal_->point(proposal) : searcher_.propose(proposal),
                             .asked = {.decide_at = decide_at_}});
      next_ = search::next_trial(searcher_, next_);
    }
    if (journal_ && all_made()) journal_->observe_rest(next_.configuration);
    return next;
  }
  // Once they are recorded.
  void begin(NextJobs next) {
    status_.reused += next.reused;
    count_not_due();
    if (next.total) status_.total = next.total;
    for (executor::Job& job : next.jobs) submit(std::move(job));
  }
  // Replicates whose turn it is.
  void begin_due() {
    while (!is_ending() && executor_.pending() < run_.workers) {
      std::optional<executor::Job> job = due_.take();
      if (!job) return;
      if (!done_.contains(job->id.number)) submit(std::move(*job));
    }
  }
  void end_replicate(const TrialId& id, Outcome outcome, const Configuration& configuration) {
    due_.ended(id, outcome, configuration);
    count_not_due();
  }
  void count_not_due() { status_.not_due = status_.reused + due_.not_due(paused_.size()); }
  [[nodiscard]] std::size_t room() const {
    // A trial that is queued must not stand before one that a review would continue, nor know less than it could.
    const bool one_by_one = reviews() || (journal_ && journal_->is_free());
    const std::size_t most = one_by_one ? run_.workers : kQueuedPerWorker * run_.workers;
    const std::size_t pending = executor_.pending();
    return most > pending ? most - pending : 0;
  }

  // Writes the trials, with what the journal makes of them, and only then begins the next ones.
  void record(const std::vector<storage::TrialRecord>& trials) {
    if (proposes_aside()) {
      store_.record(trials, decisions_->take_entries());
      return begin_jobs();
    }
    if (reviews()) {
      store_.record(trials, decisions_->take_entries());
      review(false);
      begin_due();
      return begin(next_jobs(room(), is_ending()));
    }
    NextJobs next = next_jobs(room(), is_ending());
    std::vector<storage::JournalEntry> entries;
    if (journal_) entries = journal_->take_entries();
    if (decisions_) entries = decisions_->take_entries();
    store_.record(trials, entries);
    begin_due();
    begin(std::move(next));
  }

  // Where trials wait for decisions no proposal may hold one up: proposals are made in a thread of their own.
  [[nodiscard]] bool proposes_aside() const { return journal_ && decisions_; }
  void begin_jobs() {
    if (!proposes_aside()) return record({});
    review(false);
    begin_due();
    if (proposing_.valid()) {
      if (proposing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
      NextJobs next = proposing_.get();
      store_.record({}, journal_->take_entries());
      if (is_ending()) next.jobs.clear();
      begin(std::move(next));
    }
    if (!std::exchange(has_news_, false)) return;
    for (auto& [number, result] : arrived_) journal_->add(number, std::move(result));
    arrived_.clear();
    proposing_ = aside_->run([this, most = room(), ending = is_ending()] { return next_jobs(most, ending); });
  }

  // Each decision is in the database before its trial hears of it.
  void decide(const std::vector<trial::Notice>& notices) {
    std::vector<std::pair<std::uint64_t, Decision>> answers;
    for (const trial::Notice& notice : notices)
      if (const auto* report = std::get_if<trial::Report>(&notice); report != nullptr && report->waits)
        answers.emplace_back(report->number, decisions_->decide({.number = report->number,
                                                                 .step = report->step,
                                                                 .value = report->value,
                                                                 .configuration = running_.at(report->number)}));
    if (answers.empty()) return;
    store_.record({}, decisions_->take_entries());
    for (const auto& [number, decision] : answers) executor_.answer(number, decision);
  }

  [[nodiscard]] bool reviews() const { return decisions_ && decisions_->reviews(); }
  // Keeps what paused trials take on the disk within its limit.
  void evict() {
    for (const auto& [number, step] : paused_.evict())
      store_.add_event("evicted", fmt::format("the checkpoint of trial {}, which is paused at step {}: over "
                                              "paused_limit; where it goes on, it begins at step 0",
                                              number, step));
    count_paused();
  }
  void count_paused() {
    status_.paused = paused_.size();
    count_not_due();
    status_.paused_bytes = paused_.bytes();
  }

  // A worker is free: continues paused trials, or prunes them, as the pruner wants. at_end: nothing runs. Was there
  // anything to do?
  bool review(bool at_end) {
    bool found = false;
    while (!is_ending() && executor_.pending() < run_.workers) {
      if (!continued_.empty()) {
        go_on(continued_.back());
        continued_.pop_back();
        found = true;
        continue;
      }
      if (!reviews()) break;
      std::optional<search::Reviewed> reviewed = decisions_->review(false);
      if (!reviewed && at_end && all_submitted() && !found) reviewed = decisions_->review(true);
      if (!reviewed) break;
      found = true;
      // One whose row was deleted by hand runs again, and hears of it at its step.
      const bool is_there = paused_.contains(reviewed->number);
      if (is_there && reviewed->decision.stops()) {
        prune(*reviewed);
      } else {
        store_.record({}, decisions_->take_entries());
        if (is_there) go_on(reviewed->number);
      }
    }
    count_paused();
    return found;
  }
  void go_on(std::uint64_t number) {
    PausedTrial paused = paused_.take(number);
    if (plan_.program) paused.job.earlier = result_of(store_.trial(plan_.name, number));
    submit(std::move(paused.job));
  }
  void prune(const search::Reviewed& reviewed) {
    storage::TrialRecord record = paused_.take(reviewed.number).record;
    TrialResult& result = record.result;
    result.outcome = Outcome::pruned;
    result.error = reviewed.decision.why.empty() ? "" : fmt::format("step {}: {}", result.steps, reviewed.decision.why);
    end_decisions(record);
    store_.prune(record.id, result.error, decisions_->take_entries());
    tally_->count(record);
    remove_checkpoints(run_.checkpoint, reviewed.number);
    pruned_.push_back(std::move(record));
  }

  void submit(executor::Job job) {
    if (const auto before = cancelled_.find(job.id.number); before != cancelled_.end()) {
      job.earlier = result_of(store_.trial(plan_.name, job.id.number));
      cancelled_.erase(before);
    }
    job.asked.reports = static_cast<bool>(heard_);
    if (decisions_) running_.insert_or_assign(job.id.number, job.point);
    executor_.submit(std::move(job));
  }

  void take(executor::Events events) {
    if (decisions_) decide(events.notices);
    if (heard_)
      for (const trial::Notice& notice : events.notices) heard_(notice);
    std::vector<storage::TrialRecord> records;
    std::exception_ptr error;
    for (executor::Finished& trial : events.finished) {
      if (trial.error)
        error = trial.error;
      else if (!trial.not_run.empty())
        skip(trial);
      else if (trial.result.outcome == Outcome::paused)
        records.push_back(pause(std::move(trial)));
      else if (!is_retried(trial))
        records.push_back(record_of(std::move(trial)));
      else if (is_ending())
        records.push_back(leave_open(std::move(trial)));
      else
        retry(std::move(trial));
    }
    for (const auto& record : records) {
      tally_->count(record);
      if (record.result.outcome == Outcome::cancelled) continue;
      if (decisions_) end_decisions(record);
      if (proposes_aside())
        arrived_.emplace_back(record.id.number, record.result);
      else if (journal_)
        journal_->add(record.id.number, record.result);
    }
    if (!events.finished.empty()) has_news_ = true;
    stop_if_too_many_failed();
    if (tally_->target_reached() && !std::exchange(at_target_, true)) executor_.drop_queued();
    if (error) cannot_go_on_ = true;
    if (decisions_) evict();
    record(records);
    remove_checkpoints_of(run_.checkpoint, records, executor_.pending() == 0);
    std::ranges::move(std::exchange(pruned_, {}), std::back_inserter(records));
    for (const std::string& trouble : events.troubles) store_.add_event("launcher", trouble);
    status_.troubles = std::move(events.troubles);
    status_.checkpoint_error = executor_.checkpoint_error();
    status_.elapsed_seconds = elapsed();
    listener_(status_, records, executor_.running());
    if (error) std::rethrow_exception(error);
  }

  void end_decisions(const storage::TrialRecord& record) {
    const auto running = running_.find(record.id.number);
    const Configuration configuration = running == running_.end() ? nothing_known() : running->second;
    const Outcome outcome = record.result.outcome;
    if (due_.is_judged(record.id))
      decisions_->ended({.number = record.id.number,
                         .outcome = outcome,
                         .last_step = record.result.steps,
                         .value = record.result.value,
                         .configuration = configuration});
    status_.judged = decisions_->count();
    if (outcome == Outcome::paused) return;
    if (running != running_.end()) running_.erase(running);
    end_replicate(record.id, outcome, configuration);
  }

  storage::TrialRecord pause(executor::Finished trial) {
    executor::Job job = trial.job;
    storage::TrialRecord record = record_of(std::move(trial));
    paused_.add(std::move(job), record);
    return record;
  }

  // Where the searcher learns, it gets no result for this trial: nothing is observed that is not recorded. What was
  // proposed by then is still run, and the study stops where a proposal needs the result.
  void skip(const executor::Finished& trial) { ++status_.not_run, status_.reason = trial.not_run; }

  [[nodiscard]] bool is_retried(const executor::Finished& trial) const {
    const Failure failure = trial.result.failure;
    return failure != Failure::none && trial.job.attempt <= run_.retry.max &&
           std::ranges::find(run_.retry.on, failure) != run_.retry.on.end();
  }
  // For the next run of the study.
  storage::TrialRecord leave_open(executor::Finished trial) {
    store_.add_event("retried", fmt::format("trial {}, attempt {}: {}; the next start runs it again",
                                            trial.job.id.number, trial.job.attempt, trial.result.error));
    trial.result.outcome = Outcome::cancelled;
    return record_of(std::move(trial));
  }
  void retry(executor::Finished trial) {
    store_.add_event(
        "retried", fmt::format("trial {}, attempt {}: {}", trial.job.id.number, trial.job.attempt, trial.result.error));
    ++trial.job.attempt;
    submit(std::move(trial.job));
  }

  storage::TrialRecord record_of(executor::Finished trial) {
    return study::record_of(std::move(trial), plan_, searcher_, records_);
  }

  const StudyPlan& plan_;
  const RunSettings& run_;
  search::Searcher& searcher_;
  storage::Store& store_;
  Executor& executor_;
  const InterruptCounter& interrupts_;
  const Listener& listener_;
  const NoticeListener& heard_;
  Clock::time_point start_ = Clock::now();
  StudyStatus status_;
  std::optional<Tally> tally_;
  DueReplicates due_;
  std::set<std::uint64_t> done_;
  TrialId next_;
  double spent_before_ = 0;  // of the budget, seconds
  bool over_budget_ = false;
  bool at_target_ = false;     // what was queued has been dropped
  bool cannot_go_on_ = false;  // a trial has thrown
  BuildRecords records_;
  std::optional<Journal> journal_;      // where the searcher learns
  std::optional<Decisions> decisions_;  // where there is a pruner
  std::int64_t decide_at_ = kNever;
  std::map<std::uint64_t, Configuration> running_;  // or paused, by number, where there is a pruner
  PausedTrials paused_;
  std::set<std::uint64_t> waiting_;           // that were paused when the study was opened
  std::vector<std::uint64_t> continued_;      // paused ones that an earlier run was to continue
  std::vector<storage::TrialRecord> pruned_;  // by a review, for the listener
  std::set<std::uint64_t> cancelled_;         // of a program, not run again yet
  // Where both are: results that the journal does not have yet, and the thread that has the journal meanwhile.
  std::vector<std::pair<std::uint64_t, TrialResult>> arrived_;
  bool has_news_ = true;
  std::future<NextJobs> proposing_;
  std::optional<Aside<NextJobs>> aside_;  // last: its task is waited for before the rest goes
};

}  // namespace

StudyStatus run_study(const Study& study, search::Searcher& searcher, storage::Store& store, Executor& executor,
                      const InterruptCounter& interrupts, const Listener& listener, const Guidance& guidance,
                      const NoticeListener& heard) {
  return Coordinator(study, searcher, store, executor, interrupts, listener, guidance, heard).run();
}

}  // namespace tuner::study
