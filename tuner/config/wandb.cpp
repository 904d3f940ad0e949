#include "tuner/config/wandb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tuner/config/language.hpp"
#include "tuner/config/wandb_parameters.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

namespace fs = std::filesystem;

// Of W&B's servers and interface.
constexpr std::string_view kCloudKeys[] = {"project", "entity", "apiVersion", "kind",       "controller",
                                           "job",     "launch", "image_uri",  "description"};
constexpr std::string_view kWandbKeys[] = {"program", "method",  "metric",          "parameters", "name",
                                           "run_cap", "command", "early_terminate", "project",    "entity"};
// Keys of ours that say how a study is run, or that W&B has no word for.
constexpr std::string_view kOwnKeys[] = {
    "study",   "seed",       "trials", "repeats", "workers", "memory_limit", "retry", "checkpoint", "max_failed_trials",
    "storage", "durability", "budget", "partial", "pruner"};
constexpr std::string_view kMacros[] = {"env",
                                        "interpreter",
                                        "program",
                                        "args",
                                        "args_no_equals",
                                        "args_no_hyphens",
                                        "args_no_boolean_flags",
                                        "args_append_hydra",
                                        "args_override_hydra",
                                        "args_json",
                                        "args_json_file"};
constexpr const char* kGrace = "30s";  // of W&B's agent, between SIGTERM and SIGKILL

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::ranges::find(words, word) != std::end(words);
}

class Translator {
 public:
  Translator(const Node& root, const fs::path& folder) : root_(root), folder_(folder) {}

  WandbSweep translate() {
    sweep_.root.type = Node::Type::map;
    sweep_.root.place = root_.place;
    for (const Entry& entry : root_.entries) take(entry);
    add_method();
    add_metric();
    add_length();
    add_objective();
    if (!cloud_.empty()) {
      std::string keys;
      for (const std::string& key : cloud_) keys += (keys.empty() ? "" : ", ") + key;
      warn(cloud_place_, fmt::format("ignored, as nothing leaves this machine: {}", keys));
    }
    return std::move(sweep_);
  }

 private:
  void warn(const std::string& place, const std::string& text) {
    sweep_.warnings.push_back(fmt::format("{}: {}", place, text));
  }
  void put(std::string key, Node value) {
    const std::string place = value.place;
    sweep_.root.entries.push_back({std::move(key), place, std::move(value)});
  }

  void take(const Entry& entry) {
    if (is_one_of(entry.key, kOwnKeys)) return put(entry.key, entry.value);
    if (is_one_of(entry.key, kCloudKeys)) {
      if (cloud_.empty()) cloud_place_ = entry.place;
      return cloud_.push_back(entry.key);
    }
    if (entry.key == "early_terminate" && !entry.value.says_null()) add_early_terminate(entry.value);
    if (entry.key == "scheduler" || entry.key == "metrics")
      throw Error(Message::config_not_in_this_version,
                  fmt::format("'{}', for W&B's method: custom, is not in this version of tuner", entry.key),
                  "remove it, and write method: random and metric: {name: ..., goal: ...}")
          .at(entry.place);
    if (!is_one_of(entry.key, kWandbKeys))
      throw Error(Message::config_unknown_key, fmt::format("a sweep file of W&B has no key '{}'", shown(entry.key)),
                  did_you_mean(entry.key, kWandbKeys))
          .at(entry.place);
    // A name of W&B's may have what cannot name a folder.
    if (entry.key != "name" || root_.find("study") != nullptr || !entry.value.is_scalar()) return;
    Node name = entry.value;
    std::ranges::replace(name.text, '/', '-');
    put("study", std::move(name));
  }

  // Its keys are options of the pruner of that name.
  void add_early_terminate(const Node& node) {
    const Node* type = node.is_map() ? node.given("type") : nullptr;
    if (type == nullptr)
      throw Error(Message::config_missing_key, "early_terminate has no type",
                  "write early_terminate: {type: hyperband, min_iter: 3}")
          .at(node.place);
    if (!type->is_word("hyperband"))
      throw Error(Message::config_bad_value,
                  fmt::format("the type of early_terminate is {}, which W&B does not have", type->description()),
                  "write type: hyperband")
          .at(type->place);
    Node pruner = node;
    for (Entry& entry : pruner.entries) {
      if (entry.key != "type") continue;
      entry.key = "name";
      entry.value.text = "wandb_hyperband";
    }
    put("pruner", std::move(pruner));
  }

  void add_method() {
    const Node* method = root_.given("method");
    if (method == nullptr)
      throw Error(Message::config_missing_key, "the sweep has no method", "add method: random, bayes or grid")
          .at(root_.place);
    if (method->is_word("bayes")) {
      method_ = "bayes";
      Node searcher = *method;
      searcher.text = "gp";
      return put("method", std::move(searcher));
    }
    if (!method->is_word("grid") && !method->is_word("random")) {
      const bool later = method->is_word("custom");
      throw Error(later ? Message::config_not_in_this_version : Message::config_bad_value,
                  later ? fmt::format("W&B's method '{}' is not in this version of tuner", method->text)
                        : fmt::format("the method is {}, which W&B does not have", method->description()),
                  "write method: random, bayes or grid")
          .at(method->place);
    }
    method_ = method->text;
    put("method", *method);
  }

  void add_metric() {
    const Node* metric = root_.given("metric");
    const Node* name = metric == nullptr ? nullptr : metric->given("name");
    if (name == nullptr || !name->is_scalar())
      throw Error(Message::config_missing_key, "the sweep names no metric, so its trials cannot be compared",
                  "add metric: {name: val_loss, goal: minimize}")
          .at(metric == nullptr ? root_.place : metric->place);
    for (const Entry& entry : metric->entries) {
      if (is_one_of(entry.key, std::initializer_list<std::string_view>{"name", "goal", "target"})) continue;
      if (!entry.key.starts_with("impute"))
        throw Error(Message::config_unknown_key, fmt::format("metric of W&B has no key '{}'", shown(entry.key)),
                    did_you_mean(entry.key, std::initializer_list<std::string_view>{"name", "goal", "target"}))
            .at(entry.place);
      if (entry.value.says_null() || (method_ == "bayes" && entry.value.is_word("worst"))) continue;
      warn(entry.place,
           method_ == "bayes"
               ? fmt::format("{}: failed trials count as the worst, and running ones as expected", entry.key)
               : fmt::format("{} is for method: bayes, and method: {} does not use it", entry.key, method_));
    }
    metric_ = *name;
    const Node* goal = metric->given("goal");
    goal_ = goal != nullptr ? *goal : wandb::scalar("minimize", metric->place);
    Node own = wandb::map(metric->place);
    wandb::put(own, "name", *name);
    wandb::put(own, "goal", goal_);
    if (const Node* target = metric->given("target")) {
      wandb::put(own, "target", *target);
      wandb::put(own, "on_target", wandb::scalar("end", target->place));
    }
    put("metric", std::move(own));
  }

  void add_length() {
    const Node* cap = root_.given("run_cap");
    const bool counted = cap != nullptr || root_.given("trials") != nullptr;
    if (cap != nullptr) put("run_cap", *cap);
    if (method_ == "grid") {
      if (counted && root_.given("partial") == nullptr) put("partial", wandb::scalar("true", root_.place));
      return;
    }
    if (!counted && root_.given("budget") == nullptr)
      throw Error(Message::config_no_trials, "the sweep has no run_cap, and a random search has no end of its own",
                  "add run_cap: n, or give --trials n")
          .at(root_.find("method")->place);
  }

  void add_objective() {
    Node objective = wandb::map(root_.place);
    const Node* program = root_.given("program");
    if (program != nullptr) wandb::put(objective, "program", *program);
    wandb::put(objective, "command", command());
    const Node* parameters = root_.given("parameters");
    if (parameters == nullptr || !parameters->is_map() || parameters->entries.empty())
      throw Error(Message::config_missing_key, "the sweep has no parameters",
                  "add parameters: {lr: {min: 0.001, max: 0.1}}")
          .at(parameters == nullptr ? root_.place : parameters->place);
    wandb::put(objective, "parameters", wandb::translate_parameters(*parameters, method_ == "grid", sweep_.warnings));
    Node metric = wandb::map(metric_.place);
    wandb::put(metric, "goal", goal_);
    wandb::put(metric, "summary", wandb::scalar("last", metric_.place));
    Node metrics = wandb::map(metric_.place);
    wandb::put(metrics, metric_.text, std::move(metric));
    wandb::put(objective, "metrics", std::move(metrics));
    wandb::put(objective, "grace", wandb::scalar(kGrace, root_.place));
    if (program != nullptr && program->is_scalar()) add_folder(objective, *program);
    wandb::put(objective, "wandb", wandb::scalar("offline", root_.place));
    put("objective", std::move(objective));
  }

  // W&B's agent runs programs where it was started, and the sweep file may be elsewhere.
  void add_folder(Node& objective, const Node& program) {
    std::error_code error;
    if (fs::exists(folder_ / program.text, error)) return;
    const fs::path here = fs::current_path(error);
    if (error || !fs::exists(here / program.text, error)) return;
    warn(program.place, fmt::format("'{}' is not in the folder of the sweep file, so the program runs in {}",
                                    shown(program.text), here.string()));
    Node folder = wandb::scalar(here.string(), program.place);
    folder.quoted = true;
    wandb::put(objective, "working_directory", std::move(folder));
  }

  Node command() {
    Node list;
    list.type = Node::Type::list;
    list.place = root_.place;
    const Node* given = root_.given("command");
    if (given == nullptr) {
      for (const char* element : {"${env}", "${interpreter}", "${program}", "${args}"})
        list.items.push_back(wandb::scalar(element, root_.place));
      return list;
    }
    if (!given->is_list() || given->items.empty())
      throw Error(Message::config_wrong_type,
                  fmt::format("command is {}, and a list of a program and its arguments is due", given->description()),
                  "write command: [${env}, python3, ${program}, ${args}], an element a line")
          .at(given->place);
    list.place = given->place;
    for (const Node& element : given->items) add_element(element, list);
    return list;
  }

  // A macro stands alone; all else is taken as it is written, but for ${envvar:NAME}.
  void add_element(const Node& element, Node& list) {
    if (!element.is_scalar()) refuse_type(element, "an element of command", "a string");
    const std::string& text = element.text;
    if (text.starts_with("${") && text.ends_with("}") && text.find('}') == text.size() - 1 &&
        !text.starts_with("${envvar:")) {
      if (is_one_of(std::string_view(text).substr(2, text.size() - 3), kMacros)) return list.items.push_back(element);
      return warn(element.place, fmt::format("W&B has no macro {}, and leaves it out", shown(text)));
    }
    Node literal = element;
    literal.quoted = true;
    literal.text.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view rest = std::string_view(text).substr(i);
      if (rest.starts_with("${") && !rest.starts_with("${envvar:")) literal.text += '$';  // $${ is ${
      literal.text += text[i];
    }
    list.items.push_back(std::move(literal));
  }

  const Node& root_;
  const fs::path& folder_;
  WandbSweep sweep_;
  std::string method_, cloud_place_;
  std::vector<std::string> cloud_;
  Node metric_, goal_;
};

}  // namespace

bool is_wandb_sweep(const Node& root) {
  return root.is_map() && root.find("objective") == nullptr &&
         (root.find("program") != nullptr || root.find("parameters") != nullptr);
}

WandbSweep translate_wandb(const Node& root, const fs::path& folder) { return Translator(root, folder).translate(); }

}  // namespace tuner::config
