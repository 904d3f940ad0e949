#include "tuner/commands/search_process.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "tuner/commands/inspection.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"
#include "tuner/trainer.hpp"

namespace tuner::commands {

namespace {

constexpr int kStarts = 3;
constexpr std::chrono::minutes kLongestAnswer{10};

std::int64_t fixed_budget(const StudyPlan& plan) {
  for (const char* key : {"steps", "epochs"})
    if (const auto found = plan.training.find(key); found != plan.training.end())
      if (const auto* value = std::get_if<Value>(&found->second))
        if (const auto* count = std::get_if<std::int64_t>(value)) return *count;
  return 0;
}

// Its arguments travel as: EngineSetup, whether the searcher is to be made anew, the evidence that is new, Wanted.
class ProcessEngine : public search::Engine {
 public:
  ProcessEngine(const std::filesystem::path& executable, executor::WorkerSetup worker, search::EngineSetup setup)
      : inspector_(executable, std::move(worker),
                   {.when = "when it was asked for a proposal",
                    .remedy = "`tuner plugins check FILE` finds out where; the same command continues the study",
                    .time_limit = kLongestAnswer}),
        setup_(setup) {}

  void observe(std::vector<search::Evidence> evidence) override {
    Writer out;
    for (const search::Evidence& one : evidence) out.put(one);
    known_ += out.bytes();
    count_ += evidence.size();
  }

  search::Proposed propose(const search::Wanted& wanted) override {
    for (int start = 1;; ++start) try {
        const std::string answer = inspector_.ask(search_question(arguments(wanted)));
        is_made_ = true;
        told_ = known_.size();
        told_count_ = count_;
        return from_bytes<search::Proposed>(answer);
      } catch (const Error& e) {
        is_made_ = false;
        told_ = 0;
        told_count_ = 0;
        if (e.id() != Message::plugin_crashes || start == kStarts) throw;
        std::fputs(fmt::format("warning: {}: it is started again\n", printable(e.message())).c_str(), stderr);
      }
  }

 private:
  [[nodiscard]] std::string arguments(const search::Wanted& wanted) const {
    Writer out;
    out(setup_, !is_made_, count_ - told_count_);
    const std::string_view fresh = std::string_view(known_).substr(told_);
    out.put_raw(fresh.data(), fresh.size());
    out(wanted);
    return out.bytes();
  }

  executor::Inspector inspector_;
  search::EngineSetup setup_;
  std::string known_;  // all evidence, one after another
  std::uint64_t count_ = 0, told_count_ = 0;
  std::size_t told_ = 0;  // bytes of known_ that the process has
  bool is_made_ = false;
};

}  // namespace

study::SearcherHost searcher_host(const Study& study, const std::filesystem::path& executable, std::uint64_t lag) {
  study::SearcherHost host;
  host.setup.lag = lag;
  host.setup.budget = fixed_budget(study.plan);
  if (study.run.trials) host.setup.trials = static_cast<std::int64_t>(*study.run.trials / study.plan.repeats.count);
  if (study.run.isolation == Isolation::thread) return host;
  executor::WorkerSetup worker = worker_setup(study, config::ReadAs::study);
  host.make = [executable, worker](const StudyPlan&, const search::EngineSetup& setup) {
    return std::make_unique<ProcessEngine>(executable, worker, setup);
  };
  return host;
}

std::string answer_search(const executor::Inspected& asked, Reader& arguments) {
  const StudyPlan& plan = asked.study.plan;
  asked.about({{TUNER_KIND_SEARCHER, std::string(plan.searcher->plugin->id())}});
  const Calling calling(asked.trace, TUNER_KIND_SEARCHER);
  const auto setup = arguments.get<search::EngineSetup>();
  if (arguments.get<bool>()) asked.engine = search::make_engine(plan, setup);
  const auto evidence = arguments.get<std::vector<search::Evidence>>();
  const auto wanted = arguments.get<search::Wanted>();
  arguments.end();
  asked.engine->observe(evidence);
  return to_bytes(asked.engine->propose(wanted));
}

}  // namespace tuner::commands
