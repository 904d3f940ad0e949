#include "tuner/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tuner/config/language.hpp"
#include "tuner/config/lr_range.hpp"
#include "tuner/config/methods.hpp"
#include "tuner/config/metric.hpp"
#include "tuner/config/pairings.hpp"
#include "tuner/config/plugins.hpp"
#include "tuner/config/program.hpp"
#include "tuner/config/schedules.hpp"
#include "tuner/config/search.hpp"
#include "tuner/config/start.hpp"
#include "tuner/config/sweep_file.hpp"
#include "tuner/config/training.hpp"
#include "tuner/config/wandb.hpp"
#include "tuner/config/workers.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

namespace fs = std::filesystem;

// Top-level keys that say how to search, not what to train.
constexpr std::string_view kOfSearches[] = {"method", "trials", "run_cap", "partial", "repeats", "budget", "pruner"};

// A worker with its plugins loaded needs about a third of this.
constexpr double kLeastMemory = 0x1p26;

// Of a study: STUDY.lr_range, too, must be able to name a folder of checkpoints.
constexpr std::size_t kLongestName = 255 - std::string_view(lr_range::kStudySuffix).size();

// True where the file's own method is another one.
bool turn_into_lr_range_test(Node& root) {
  if (!root.is_map()) return false;
  const Node* method = root.find("method");
  const Node* name = method != nullptr && method->is_map() ? method->find("name") : method;
  const bool already = name != nullptr && name->is_word(lr_range::kMethod);
  // The test of a training measures the loss, whatever the file's metric is.
  const Node* objective = root.find("objective");
  const bool of_program = objective != nullptr && is_program(*objective);
  std::erase_if(root.entries, [&](const Entry& entry) {
    return std::ranges::find(kOfSearches, entry.key) != std::end(kOfSearches) || (entry.key == "metric" && !of_program);
  });
  Node word;
  word.type = Node::Type::scalar;
  word.text = lr_range::kMethod;
  word.place = root.place;
  root.entries.push_back({"method", root.place, std::move(word)});
  return !already;
}

class StudyReader {
 public:
  StudyReader(Reading& reading, std::string name) : reading_(reading) { plan_.name = std::move(name); }

  Study read(const Node& root) {
    if (root.is_null())
      throw Error(Message::config_missing_key, "the file is empty",
                  "a run needs at least objective:, optimizer: and training:")
          .at(root.place);
    plan_.method = "single";
    method_place_ = root.place;
    if (const Node* section = root.is_map() ? root.given("lr_range") : nullptr; section && section->given("parameter"))
      reading_.lr_parameter = section->given("parameter")->text;
    read_keys(root, "a sweep file", keys());
    if (root.given("study") == nullptr) check_name(root.place);  // the file's own name
    if (!program_) check_range(root.given("lr_range"), lr_range_, root.place);
    fill_ranges(lr_range_, plan_.optimizer ? &*plan_.optimizer : nullptr, reading_);
    plan_.space = reading_.space;  // complete: every section is read
    if (start_) plan_.start = read_start(*start_, plan_.space);
    finish(root);
    check_metrics(plan_, pruner_place_);
    return std::move(study_);
  }

 private:
  Keys keys() {
    const auto value = [this](void (StudyReader::*read)(const Node&)) {
      return [this, read](const Entry& entry) { (this->*read)(entry.value); };
    };
    const auto trials = [this](const Entry& entry) { read_trials(entry); };
    return readers_of(kStudyKeys,
                      {{"study", value(&StudyReader::read_study)},
                       {"seed", value(&StudyReader::read_seed)},
                       {"metric", [this](const Entry& entry) { read_metric(entry.value, plan_, run_); }},
                       {"method", value(&StudyReader::read_method)},
                       {"pruner", value(&StudyReader::read_pruner)},
                       {"trials", trials},
                       {"run_cap", trials},
                       {"partial", value(&StudyReader::read_partial)},
                       {"repeats", value(&StudyReader::read_repeats)},
                       {"workers", value(&StudyReader::read_workers)},
                       {"isolation", value(&StudyReader::read_isolation)},
                       {"memory_limit", value(&StudyReader::read_memory_limit)},
                       {"retry", value(&StudyReader::read_retry)},
                       {"checkpoint", value(&StudyReader::read_checkpoint)},
                       {"max_failed_trials", value(&StudyReader::read_max_failed)},
                       {"storage", value(&StudyReader::read_storage)},
                       {"durability", value(&StudyReader::read_durability)},
                       {"plugins", [](const Entry& entry) { static_cast<void>(read_plugin_list(entry.value)); }},
                       {"budget", value(&StudyReader::read_budget)},
                       {"objective", value(&StudyReader::read_objective)},
                       {"optimizer", value(&StudyReader::read_optimizer)},
                       {"scheduler", value(&StudyReader::read_scheduler)},
                       {"training", value(&StudyReader::read_training_section)},
                       {"lr_range", [this](const Entry& entry) { lr_range_ = read_lr_range(entry.value); }}});
  }

  void read_study(const Node& node) {
    plan_.name = string_of(node, "study");
    check_name(node.place);
  }
  void check_name(const std::string& place) const try { check_study_name(plan_.name); } catch (Error& error) {
    throw error.at(place);
  }
  void read_seed(const Node& node) {
    plan_.seed = static_cast<std::uint64_t>(integer_within(node, host_key(kStudyKeys, "seed").bounds, "seed"));
  }
  void read_trials(const Entry& entry) {
    if (run_.trials)
      throw Error(Message::config_duplicate_key, "trials and run_cap are one thing, and both are given",
                  "remove one of them")
          .at(entry.place);
    trials_place_ = entry.value.place;
    run_.trials =
        static_cast<std::uint64_t>(integer_within(entry.value, host_key(kStudyKeys, entry.key).bounds, entry.key));
  }
  void read_repeats(const Node& node) {
    repeats_place_ = node.place;
    const auto count = [this](const Node& value, std::string_view what) {
      plan_.repeats.count =
          static_cast<std::uint32_t>(integer_within(value, host_key(kRepeatsKeys, "count").bounds, std::string(what)));
    };
    if (!node.is_map()) return count(node, "repeats");
    const auto on_failure = [this](const Entry& entry) {
      const bool ignore = word_of(entry.value, "repeats.on_failure", words(kOnFailures)) == "ignore";
      plan_.repeats.on_failure = ignore ? OnFailure::ignore : OnFailure::rank_last;
    };
    read_keys(node, "repeats",
              readers_of(kRepeatsKeys, {{"count", [&](const Entry& entry) { count(entry.value, "repeats.count"); }},
                                        {"on_failure", on_failure}}));
    if (node.given("count") == nullptr)
      throw Error(Message::config_missing_key, "repeats says no number of trials", "add count: 3, or remove repeats")
          .at(node.place);
  }
  void read_partial(const Node& node) { plan_.partial = plan_.partial || boolean_of(node, "partial"); }
  void read_workers(const Node& node) { config::read_workers(node, run_); }
  void read_isolation(const Node& node) {
    run_.isolation =
        word_of(node, "isolation", words(kIsolations)) == "thread" ? Isolation::thread : Isolation::process;
  }
  void read_memory_limit(const Node& node) {
    run_.memory_limit = bytes_of(node, "memory_limit");
    memory_limit_place_ = node.place;
    check_bounds(static_cast<double>(run_.memory_limit), {kLeastMemory, 0x1p60}, "memory_limit in bytes", node.place);
  }
  void read_retry(const Node& node) {
    const auto max = [this](const Entry& entry) {
      run_.retry.max = integer_within(entry.value, host_key(kRetryKeys, "max").bounds, "retry.max");
    };
    const auto on = [this](const Entry& entry) {
      run_.retry.on.clear();
      const auto add = [this](const Node& item) {
        const auto failures = words(kFailures);
        const std::vector<std::string_view> legal(failures.begin() + 1, failures.end());  // all but none
        const std::string word = word_of(item, "retry.on", legal);
        run_.retry.on.push_back(static_cast<Failure>(std::ranges::find(failures, word) - failures.begin()));
      };
      if (entry.value.is_list())
        for (const Node& item : entry.value.items) add(item);
      else
        add(entry.value);
    };
    run_.retry = {.max = 0, .on = {}};
    for (std::size_t failure = 1; failure < std::size(kFailures); ++failure)  // all but none
      if (static_cast<Failure>(failure) != Failure::out_of_memory)
        run_.retry.on.push_back(static_cast<Failure>(failure));
    read_keys(node, "retry", readers_of(kRetryKeys, {{"max", max}, {"on", on}}));
    if (node.given("max") == nullptr)
      throw Error(Message::config_missing_key, "retry says no number of attempts", "add max: 1, or remove retry")
          .at(node.place);
  }
  void read_checkpoint(const Node& node) {
    if (node.is_scalar()) {
      static_cast<void>(word_of(node, "checkpoint", {"none"}));
      run_.checkpoint.every_seconds = 0;
      return;
    }
    const auto every = [this](const Entry& entry) {
      run_.checkpoint.every_seconds = duration_of(entry.value, "checkpoint.every");
    };
    const auto keep = [this](const Entry& entry) {
      run_.checkpoint.keep_all = word_of(entry.value, "checkpoint.keep", words(kKeeps)) == "all";
    };
    const auto limit = [this](const Entry& entry) {
      run_.checkpoint.paused_limit = bytes_of(entry.value, "checkpoint.paused_limit");
    };
    const auto folder = [this](const Entry& entry) {
      const std::string text = string_of(entry.value, "checkpoint.folder");
      if (text.empty())
        throw Error(Message::config_bad_value, "checkpoint.folder is an empty string",
                    "name a folder that all machines see, or remove the key")
            .at(entry.value.place);
      run_.checkpoint.folder = text;
      run_.checkpoint.shared = true;
    };
    read_keys(
        node, "checkpoint",
        readers_of(kCheckpointKeys, {{"folder", folder}, {"every", every}, {"keep", keep}, {"paused_limit", limit}}));
  }
  void read_max_failed(const Node& node) {
    run_.max_failed_trials = static_cast<std::uint64_t>(
        integer_within(node, host_key(kStudyKeys, "max_failed_trials").bounds, "max_failed_trials"));
  }
  void read_storage(const Node& node) {
    run_.database = string_of(node, "storage");
    if (run_.database.empty())
      throw Error(Message::config_bad_value, "storage is an empty string", "name a database file, or remove the key")
          .at(node.place);
  }
  void read_durability(const Node& node) {
    run_.durability =
        word_of(node, "durability", words(kDurabilities)) == "full" ? Durability::full : Durability::normal;
  }
  void read_budget(const Node& node) {
    const auto wall = [this](const Entry& entry) { run_.budget_seconds = duration_of(entry.value, "budget.wall"); };
    const auto on_end = [this](const Entry& entry) {
      const bool finish = word_of(entry.value, "budget.on_end", words(kBudgetEnds)) == "finish";
      run_.budget_end = finish ? BudgetEnd::finish : BudgetEnd::cancel;
    };
    read_keys(node, "budget", readers_of(kBudgetKeys, {{"wall", wall}, {"on_end", on_end}}));
    if (node.given("on_end") != nullptr && !run_.budget_seconds)
      throw Error(Message::config_missing_key, "budget says what happens at its end, and not when that is",
                  "add wall: 1h, or remove on_end")
          .at(node.place);
  }

  void read_method(const Node& node) {
    method_place_ = node.place;
    if (!node.is_map()) return read_method_name(node);
    if (const Node* name = node.given("name"); name != nullptr && is_searcher(*name, reading_.catalogue))
      return read_searcher(node);
    read_keys(node, "method",
              readers_of(kMethodKeys, {{"name", [this](const Entry& entry) { read_method_name(entry.value); }},
                                       {"partial", [this](const Entry& entry) { read_partial(entry.value); }}}));
    if (plan_.method == "single")
      throw Error(Message::config_missing_key, "method has no name",
                  "add name: grid, name: random, or a searcher that `tuner plugins` lists")
          .at(node.place);
  }
  void read_method_name(const Node& node) {
    if (is_searcher(node, reading_.catalogue)) return read_searcher(node);
    plan_.method = read_method_word(node, reading_.catalogue);
  }
  void read_searcher(const Node& node) {
    const auto lag = [this](const Entry& entry) {
      const Bounds& bounds = host_key(kSearcherKeys, "lag").bounds;
      run_.lag =
          static_cast<std::uint64_t>(integer_or_word(entry.value, "free", bounds, "method.lag").value_or(kFreeLag));
    };
    const auto on_duplicate = [this](const Entry& entry) {
      const auto word = word_of(entry.value, "method.on_duplicate", words(kOnDuplicates));
      plan_.on_duplicate = static_cast<OnDuplicate>(std::ranges::find(kOnDuplicates, word) - kOnDuplicates);
    };
    const auto start = [this](const Entry& entry) { start_ = entry.value; };
    const auto learn_from = [this](const Entry& entry) {
      const auto add = [this](const Node& name) { plan_.learn_from.push_back(string_of(name, "method.learn_from")); };
      if (entry.value.is_list())
        for (const Node& name : entry.value.items) add(name);
      else
        add(entry.value);
    };
    plan_.searcher = read_named(
        node, Kind::searcher, "method",
        readers_of(kSearcherKeys,
                   {{"lag", lag}, {"start", start}, {"learn_from", learn_from}, {"on_duplicate", on_duplicate}}),
        reading_);
    plan_.method = plan_.searcher->label;
  }
  void read_pruner(const Node& node) {
    pruner_place_ = node.place;
    plan_.pruner = config::read_pruner(node, reading_);
  }
  // It judges what trials report while they run.
  void check_pruner() const {
    if (!plan_.pruner) return;
    const auto refuse = [this](const char* what, const char* remedy) {
      throw Error(Message::config_impossible, what, remedy).at(pruner_place_);
    };
    if (lr_range::is_test(plan_)) refuse("an LR range test has no pruner", "remove pruner");
    if (plan_.on_duplicate == OnDuplicate::repeat)
      refuse("a pruner judges a configuration once, and method.on_duplicate is repeat",
             "remove pruner, or write on_duplicate: retry");
  }

  void read_objective(const Node& node) {
    objective_place_ = node.place;
    if (is_program(node)) {
      program_ = read_program(node, reading_);
      return;
    }
    plan_.objective = read_plugins(node, Kind::objective, {.path = "objective", .parent = {}}, reading_);
  }
  void read_optimizer(const Node& node) {
    optimizer_place_ = node.place;
    plan_.optimizer = read_optimizers(node, {.path = "optimizer", .parent = {}}, reading_);
  }
  void read_scheduler(const Node& node) {
    scheduler_place_ = node.place;
    plan_.schedule = read_schedules(node, {.path = "scheduler", .parent = {}}, reading_, schedulers_);
  }
  void read_training_section(const Node& node) {
    TrainingPlan training = read_training(node, {.path = "training", .parent = {}}, reading_);
    plan_.training = std::move(training.settings);
    plan_.early_stopping = std::move(training.early_stopping);
    plan_.averaging = std::move(training.averaging);
    plan_.stopping_metrics = std::move(training.stopping_metrics);
    training_place_ = node.place;
  }

  // What concerns several sections.
  void check_isolation() const {
    if (run_.isolation != Isolation::thread) return;
    if (run_.memory_limit > 0)
      throw Error(Message::config_impossible, "memory_limit is a limit of worker processes, and isolation is thread",
                  "remove one of them")
          .at(memory_limit_place_);
    if (!run_.launch.command.empty())
      throw Error(Message::config_impossible, "a launcher starts worker processes, and isolation is thread",
                  "remove one of them")
          .at(run_.launch.place);
  }

  void finish(const Node& root) {
    check_pruner();
    if (program_) return finish_program_study(root);
    if (plan_.objective.branches.empty())
      throw Error(Message::config_missing_key, "the file names no objective: what is to be trained",
                  "add objective: NAME, or objective: {plugin: NAME, ...}, which `tuner plugins` lists, or "
                  "objective: {command: [...]}")
          .at(root.place);
    if (lr_range::is_test(plan_)) {
      check_test(plan_, run_, method_place_, repeats_place_);
      check_training_test(plan_, root.given("lr_range"), method_place_, optimizer_place_);
    }
    check_isolation();
    if (plan_.early_stopping.branches.empty()) plan_.early_stopping.branches.emplace_back(std::nullopt);
    if (plan_.averaging.branches.empty()) plan_.averaging.branches.emplace_back(std::nullopt);
    if (plan_.optimizer) {
      finish_optimizer(root);
    } else if (!scheduler_place_.empty()) {
      throw Error(Message::config_impossible, "a scheduler drives options of an optimizer, and there is none",
                  "add optimizer: NAME, or remove the scheduler")
          .at(scheduler_place_);
    }
    if (lr_range::is_test(plan_))
      add_lr_range_dimensions(lr_range_, plan_.space);
    else
      check_search(plan_, run_, reading_, method_place_, trials_place_);
    if (lr_range::needs_test(plan_)) {
      if (plan_.training.contains("lr_scaling"))
        throw Error(Message::config_impossible,
                    "an LR range test finds the lr of the batches that the trials have, and lr_scaling would scale it",
                    "remove lr_scaling and base_batch")
            .at(training_place_);
      plan_.sections.emplace(lr_range::kMethod, lr_range::canonical(lr_range_));
    }
  }

  // It has nothing of what trains plugins.
  void finish_program_study(const Node& root) {
    constexpr std::pair<const char*, const char*> kOfPlugins[] = {
        {"optimizer", "remove it: what the program is given stands in objective.parameters"},
        {"scheduler", "remove it: what the program is given stands in objective.parameters"},
        {"training",
         "remove it: what the program is given stands in objective.parameters, its time_limit in objective"},
        {"isolation", "remove it: a program has a process of its own"}};
    for (const auto& [key, remedy] : kOfPlugins) {
      const auto entry = std::ranges::find(root.entries, key, &Entry::key);
      if (entry == root.entries.end() || entry->value.says_null()) continue;
      if (entry->value.is_word("process")) continue;
      throw Error(Message::config_impossible,
                  fmt::format("{} is for objectives that are plugins, and this one is a program", key), remedy)
          .at(entry->place);
    }
    if (const Node* checkpoint = root.given("checkpoint");
        checkpoint != nullptr && checkpoint->given("every") != nullptr)
      throw Error(Message::config_impossible, "checkpoint.every is for trainings, and the objective is a program",
                  "remove it: a program writes its own states into the folder $TUNER_CHECKPOINT")
          .at(checkpoint->find("every")->place);
    prepare_program_test(program_->program, root.given("lr_range"), lr_range_, plan_, objective_place_);
    if (lr_range::is_test(plan_)) {
      check_test(plan_, run_, method_place_, repeats_place_);
      plan_.metric.target.reset();
      run_.end_at_target = false;
    } else {
      check_search(plan_, run_, reading_, method_place_, trials_place_);
    }
    if (lr_range::needs_test(plan_)) plan_.sections.emplace(lr_range::kMethod, lr_range::canonical(lr_range_));
    finish_program(std::move(*program_), study_, objective_place_);
  }

  void finish_optimizer(const Node& root) {
    if (scheduler_place_.empty()) {
      Node constant;
      constant.type = Node::Type::scalar;
      constant.text = "constant";
      constant.place = root.place;
      read_scheduler(constant);
    }
    check_pairings(plan_, optimizer_place_);
    check_schedules(schedulers_, *plan_.optimizer);
    if (!plan_.training.contains("steps") && !plan_.training.contains("epochs"))
      throw Error(Message::config_missing_key, "nothing says how long to train",
                  "add epochs: n or steps: n to training:")
          .at(training_place_.empty() ? root.place : training_place_);
  }

  Reading& reading_;
  Study study_;
  StudyPlan& plan_ = study_.plan;
  RunSettings& run_ = study_.run;
  lr_range::TestSettings lr_range_;
  SchedulerPlaces schedulers_;
  std::optional<ProgramPlan> program_;  // where the objective is one
  std::optional<Node> start_;           // until the space is complete
  std::string objective_place_, method_place_, optimizer_place_, scheduler_place_, training_place_, memory_limit_place_,
      repeats_place_, trials_place_, pruner_place_;
};

}  // namespace

void check_study_name(const std::string& name) {
  if (printable(name) != name || name.find('\n') != std::string::npos)
    throw Error(Message::config_bad_value,
                fmt::format("'{}' cannot name a study: it has a control character", shown(name)),
                "use letters, digits, '-' and '_'");
  if (name.size() > kLongestName)
    throw Error(Message::config_bad_value,
                fmt::format("the name of the study has {} bytes, and {} are the most: a folder has its name",
                            name.size(), kLongestName),
                "choose a shorter one with study:");
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    throw Error(Message::config_bad_value, fmt::format("'{}' cannot name a study", shown(name)),
                "use a word without '/': trials are called STUDY/NUMBER");
}

Study read_study(const SweepFile& file, const Catalogue& catalogue, std::span<const std::string> overrides, ReadAs as) {
  std::vector<std::string> warnings;
  Node root = document_of(file, overrides);
  if (is_wandb_sweep(root)) {
    WandbSweep sweep = translate_wandb(root, file.folder);
    root = std::move(sweep.root);
    warnings = std::move(sweep.warnings);
  }
  const bool renamed = as == ReadAs::lr_range_test && turn_into_lr_range_test(root);
  Reading reading{.catalogue = catalogue, .folder = fs::absolute(file.folder)};
  Study study = StudyReader(reading, file.study).read(root);
  if (renamed) study.plan.name += lr_range::kStudySuffix;
  study.source = {.text = file.text,
                  .path = file.name,
                  .folder = file.folder.string(),
                  .overrides = {overrides.begin(), overrides.end()},
                  .warnings = std::move(warnings)};
  return study;
}

Study parse_study(std::string_view text, const std::string& name, const fs::path& folder, const Catalogue& catalogue,
                  std::span<const std::string> overrides, ReadAs as) {
  return read_study(
      {.name = name, .text = std::string(text), .folder = folder, .study = fs::path(name).stem().string()}, catalogue,
      overrides, as);
}

}  // namespace tuner::config
