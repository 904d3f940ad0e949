#include "tuner/executor/study_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>

#include "tuner/error.hpp"
#include "tuner/executor/interrupt.hpp"

namespace tuner::executor {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{200};
// Enough that short trials never wait for the coordinator's transactions, little enough to forget on Ctrl-C.
constexpr std::size_t kQueuedPerWorker = 256;

class StudyRun {
 public:
  StudyRun(const StudyPlan& plan, const search::Searcher& searcher, storage::Store& store, SharedObjectives& shared,
           const Listener& listener)
      : plan_(plan),
        searcher_(searcher),
        store_(store),
        listener_(listener),
        executor_(make_thread_executor(plan, shared, plan.workers)) {
    status_.total = searcher.size();
    if (plan.trials) status_.total = std::min(plan.trials.value_or(UINT64_MAX), status_.total.value_or(UINT64_MAX));
    for (const std::uint64_t number : store.finished(plan.name)) done_.insert(number);
    status_.done = done_.size();
    if (const auto best = store.best(plan.name)) remember(best->number, *best->value, best->parameters);
    for (const Plugin* plugin : plugins_of(plan)) records_.emplace(plugin, plugin_record(*plugin));
  }

  StudyStatus run() {
    const InterruptCounter interrupts;
    store_.add_event(status_.done == 0 ? "started" : "resumed", fmt::format("{} trials finished before", status_.done));
    for (;;) {
      react_to(interrupts.count());
      submit_more();
      if (executor_->pending() == 0) break;
      take(executor_->wait(kTick));
    }
    const bool complete = status_.total && status_.done >= *status_.total;
    if (!complete) status_.ending = status_.interrupts > 0 ? Ending::interrupted : Ending::budget_used;
    static constexpr const char* kEvents[] = {"finished", "budget_used", "interrupted"};
    store_.add_event(kEvents[static_cast<int>(status_.ending)], fmt::format("{} trials finished", status_.done));
    return status_;
  }

 private:
  [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  [[nodiscard]] bool all_submitted() const { return status_.total && next_ >= *status_.total; }
  [[nodiscard]] bool over_budget() const { return plan_.budget_seconds && elapsed() >= *plan_.budget_seconds; }

  void react_to(int interrupts) {
    if (interrupts > 0 && status_.interrupts == 0) executor_->drop_queued();
    if (interrupts > 1 && status_.interrupts < 2) executor_->cancel();
    status_.interrupts = interrupts;
    if (over_budget()) executor_->drop_queued();
  }

  void submit_more() {
    while (status_.interrupts == 0 && !over_budget() && !all_submitted() &&
           executor_->pending() < kQueuedPerWorker * plan_.workers) {
      if (!done_.contains(next_)) executor_->submit({next_, searcher_.propose(next_)});
      ++next_;
    }
  }

  void take(std::vector<Finished> finished) {
    std::vector<storage::TrialRecord> records;
    std::exception_ptr error;
    for (Finished& trial : finished) {
      if (trial.error)
        error = trial.error;
      else
        records.push_back(record_of(std::move(trial)));
    }
    if (!records.empty()) store_.record(records);
    for (const auto& record : records) count(record);
    status_.elapsed_seconds = elapsed();
    listener_(status_, records, executor_->running());
    if (error) std::rethrow_exception(error);
  }

  storage::TrialRecord record_of(Finished trial) {
    storage::TrialRecord record;
    record.number = trial.job.number, record.seed = plan_.seed;
    record.started_at_ms = trial.started_at_ms, record.finished_at_ms = trial.finished_at_ms;
    record.parameters = parameters_of(plan_.space, trial.job.point);
    record.result = std::move(trial.result);
    for (const Plugin* plugin : plugins_of(plan_, trial.job.point)) record.plugins.push_back(records_.at(plugin));
    return record;
  }

  void count(const storage::TrialRecord& record) {
    ++status_.outcomes[record.result.outcome];
    if (record.result.outcome == Outcome::cancelled) return;
    ++status_.done, ++status_.done_now;
    if (record.result.outcome == Outcome::completed) remember(record.number, *record.result.value, record.parameters);
  }

  void remember(std::uint64_t number, double value, const Parameters& parameters) {
    // Ties go to the lower number, as the store ranks them, in whatever order trials end.
    const bool better = plan_.metric.goal == Goal::minimize ? value < status_.best_value : value > status_.best_value;
    const bool tie = value == status_.best_value && number < status_.best_number.value_or(UINT64_MAX);
    if (status_.best_number && !better && !tie) return;
    status_.best_number = number, status_.best_value = value, status_.best_parameters = parameters;
  }

  const StudyPlan& plan_;
  const search::Searcher& searcher_;
  storage::Store& store_;
  const Listener& listener_;
  Clock::time_point start_ = Clock::now();
  StudyStatus status_;
  std::set<std::uint64_t> done_;
  std::uint64_t next_ = 0;
  std::map<const Plugin*, storage::PluginRecord> records_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace

StudyStatus run_study(const StudyPlan& plan, const search::Searcher& searcher, storage::Store& store,
                      SharedObjectives& shared, const Listener& listener) {
  return StudyRun(plan, searcher, store, shared, listener).run();
}

storage::PluginRecord plugin_record(const Plugin& plugin) {
  const tuner_library& table = *plugin.library().table;
  return {.kind = std::string(to_string(plugin.kind())),
          .id = std::string(plugin.id()),
          .version = std::string(plugin.version()),
          .sha256 = plugin.library().sha256,
          .path = plugin.library().path.string(),
          .abi_minor = table.abi_minor,
          .build_flags = table.build_flags,
          .build = table.build ? table.build : ""};
}

}  // namespace tuner::executor
