#include "tuner/commands/search_process.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "tuner/commands/inspection.hpp"
#include "tuner/error.hpp"
#include "tuner/program/program.hpp"
#include "tuner/text.hpp"
#include "tuner/trainer.hpp"

namespace tuner::commands {

namespace {

constexpr int kStarts = 3;
constexpr std::chrono::minutes kLongestAnswer{10};

enum class Role : std::uint32_t { searcher, pruner };

std::int64_t fixed_integer(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  if (found == settings.end()) return 0;
  const auto* value = std::get_if<Value>(&found->second);
  const auto* count = value != nullptr ? std::get_if<std::int64_t>(value) : nullptr;
  return count != nullptr ? *count : 0;
}

// A process that is told things one after another, and asked. Where it ends, the next one is told everything again.
// A question travels as: Role, EngineSetup, whether the plugin is to be made anew, how many things are new, these, and
// what is asked.
class ToldProcess {
 public:
  ToldProcess(const std::filesystem::path& executable, executor::WorkerSetup worker, Role role,
              const search::EngineSetup& setup)
      : inspector_(
            executable, std::move(worker),
            {.when = role == Role::pruner ? "when it was asked for a decision" : "when it was asked for a proposal",
             .remedy = "`tuner plugins check FILE` finds out where; the same command continues the study",
             .time_limit = kLongestAnswer}),
        role_(role),
        setup_(setup) {}

  template <class T>
  void tell(const T& thing) {
    Writer out;
    out(thing);
    known_ += out.bytes();
    ++count_;
  }

  // What the process knows already, since it answered a question about it.
  template <class T>
  void tell_known(const T& thing) {
    tell(thing);
    told_ = known_.size();
    told_count_ = count_;
  }

  template <class Answer, class Question>
  [[nodiscard]] Answer ask(const Question& question) {
    for (int start = 1;; ++start) try {
        Writer out;
        out(role_, setup_, !is_made_, count_ - told_count_);
        out.put_raw(known_.data() + told_, known_.size() - told_);
        out(question);
        const std::string answer = inspector_.ask(search_question(out.bytes()));
        is_made_ = true;
        told_ = known_.size();
        told_count_ = count_;
        return from_bytes<Answer>(answer);
      } catch (const Error& e) {
        is_made_ = false;
        told_ = 0;
        told_count_ = 0;
        if (e.id() != Message::plugin_crashes || start == kStarts) throw;
        std::fputs(fmt::format("warning: {}: it is started again\n", printable(e.message())).c_str(), stderr);
      }
  }

 private:
  executor::Inspector inspector_;
  Role role_;
  search::EngineSetup setup_;
  std::string known_;  // everything, one after another
  std::uint64_t count_ = 0, told_count_ = 0;
  std::size_t told_ = 0;  // bytes of known_ that the process has
  bool is_made_ = false;
};

class ProcessEngine : public search::Engine {
 public:
  ProcessEngine(const std::filesystem::path& executable, executor::WorkerSetup worker, const search::EngineSetup& setup)
      : process_(executable, std::move(worker), Role::searcher, setup) {}
  void observe(std::vector<search::Evidence> evidence) override {
    for (const search::Evidence& one : evidence) process_.tell(one);
  }
  search::Proposed propose(const search::Wanted& wanted) override { return process_.ask<search::Proposed>(wanted); }

 private:
  ToldProcess process_;
};

class ProcessPruneEngine : public search::PruneEngine {
 public:
  ProcessPruneEngine(const std::filesystem::path& executable, executor::WorkerSetup worker,
                     const search::EngineSetup& setup)
      : process_(executable, std::move(worker), Role::pruner, setup) {}
  void begin() override { static_cast<void>(process_.ask<search::Verdict>(std::optional<search::TrialEvent>())); }
  void tell(search::TrialEvent event) override { process_.tell(event); }
  // Judged once, it is one of the events that a new process is told. A review that names no trial changes nothing.
  search::Verdict decide(search::TrialEvent event) override {
    auto verdict = process_.ask<search::Verdict>(std::optional(event));
    if (event.kind == search::TrialEvent::Kind::report || verdict.decision != TUNER_DECISION_PAUSE)
      process_.tell_known(event);
    return verdict;
  }

 private:
  ToldProcess process_;
};

}  // namespace

study::SearcherHost searcher_host(const Study& study, const std::filesystem::path& executable, std::uint64_t lag) {
  study::SearcherHost host;
  host.setup.lag = lag;
  host.setup.budget = fixed_integer(study.plan.training, "steps");
  if (study.run.trials) host.setup.trials = static_cast<std::int64_t>(*study.run.trials / study.plan.repeats.count);
  if (study.run.isolation == Isolation::thread) return host;
  executor::WorkerSetup worker = worker_setup(study, config::ReadAs::study);
  host.make = [executable, worker](const StudyPlan&, const search::EngineSetup& setup) {
    return std::make_unique<ProcessEngine>(executable, worker, setup);
  };
  return host;
}

study::PrunerHost pruner_host(const Study& study, const std::filesystem::path& executable) {
  study::PrunerHost host;
  host.setup.budget = fixed_integer(study.plan.training, "steps");
  if (study.plan.program) host.setup.budget = program::fixed_budget(*study.plan.program);
  if (study.run.trials) host.setup.trials = static_cast<std::int64_t>(*study.run.trials / study.plan.repeats.count);
  if (study.run.isolation == Isolation::thread) return host;
  executor::WorkerSetup worker = worker_setup(study, config::ReadAs::study);
  host.make = [executable, worker](const StudyPlan&, const search::EngineSetup& setup) {
    return std::make_unique<ProcessPruneEngine>(executable, worker, setup);
  };
  return host;
}

std::string answer_search(const executor::Inspected& asked, Reader& arguments) {
  const StudyPlan& plan = asked.study.plan;
  const auto role = arguments.get<Role>();
  const auto setup = arguments.get<search::EngineSetup>();
  const bool anew = arguments.get<bool>();
  if (role == Role::searcher) {
    asked.about({{TUNER_KIND_SEARCHER, std::string(plan.searcher->plugin->id())}});
    const Calling calling(asked.trace, TUNER_KIND_SEARCHER);
    if (anew) asked.engine = search::make_engine(plan, setup);
    asked.engine->observe(arguments.get<std::vector<search::Evidence>>());
    return to_bytes(asked.engine->propose(arguments.get<search::Wanted>()));
  }
  asked.about({{TUNER_KIND_PRUNER, std::string(plan.pruner->plugin.plugin->id())}});
  const Calling calling(asked.trace, TUNER_KIND_PRUNER);
  if (anew) asked.prune_engine = search::make_prune_engine(plan, setup);
  for (search::TrialEvent& event : arguments.get<std::vector<search::TrialEvent>>())
    asked.prune_engine->tell(std::move(event));
  auto report = arguments.get<std::optional<search::TrialEvent>>();
  return to_bytes(report ? asked.prune_engine->decide(*std::move(report)) : search::Verdict());
}

}  // namespace tuner::commands
