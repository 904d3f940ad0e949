#include "tuner/config/one_configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "tuner/config/program.hpp"
#include "tuner/config/search_parameters.hpp"
#include "tuner/config/sweep_file.hpp"
#include "tuner/config/wandb.hpp"
#include "tuner/config/yaml.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace {

// What says how to search.
constexpr std::string_view kOfSearches[] = {"method", "trials",   "run_cap",           "partial", "repeats",
                                            "pruner", "lr_range", "max_failed_trials", "budget"};

Node scalar_node(std::string text, bool quoted = false) {
  Node node;
  node.type = Node::Type::scalar;
  node.text = std::move(text);
  node.quoted = quoted;
  return node;
}

Node node_of(const Value& value) {
  if (const auto* list = std::get_if<List>(&value)) {
    Node node;
    node.type = Node::Type::list;
    for (const Scalar& item : *list)
      node.items.push_back(node_of(std::visit([](const auto& scalar) { return Value(scalar); }, item)));
    return node;
  }
  if (std::holds_alternative<Null>(value)) return {};
  if (const auto* text = std::get_if<std::string>(&value)) return scalar_node(*text, true);
  return scalar_node(to_json(value));
}

class Chooser {
 public:
  explicit Chooser(const Parameters& parameters) : parameters_(parameters.begin(), parameters.end()) {}

  void choose(Node& node, const std::string& path) {
    if (node.find("one_of") != nullptr) return choose_branch(node, path);
    if ((node.is_map() && is_search_parameter(node)) || node.is_word("search")) {
      // A bare range of the noise is that of its eta.
      const bool has_own = parameters_.contains(path);
      node = node_of(take(has_own ? path : path + ".eta", node));
      return;
    }
    for (Entry& entry : node.entries) choose(entry.value, path.empty() ? entry.key : path + "." + entry.key);
    for (std::size_t i = 0; i < node.items.size(); ++i) choose(node.items[i], fmt::format("{}.{}", path, i));
  }

  // Parameters of a program: their dimensions begin with their own names, and a branch is a value with further ones
  // beside it.
  void choose_all(std::vector<Entry>& entries, const std::string& path, const std::string& above) {
    std::vector<Entry> chosen;
    for (Entry& entry : entries) {
      const std::string name = above + entry.key;
      const std::string dimension = path.empty() ? name : path + "." + name;
      if (entry.value.find("parameters") != nullptr) {
        choose_all(entry.value.entries.front().value.entries, path, name + ".");
      } else if (const Node* branches = entry.value.find("one_of")) {
        const std::string label = label_of_choice(dimension, entry.value);
        std::vector<Entry> beside;
        for (const Node& branch : branches->items)
          if (program_label(branch) == label && branch.is_map()) beside = branch.entries;
        std::erase_if(beside, [](const Entry& inside) { return inside.key == "as"; });
        choose_all(beside, dimension + "." + label, "");
        entry.value = scalar_node(label);
        chosen.push_back(std::move(entry));
        std::ranges::move(beside, std::back_inserter(chosen));
        continue;
      } else if (entry.value.is_map() && is_search_parameter(entry.value)) {
        entry.value = node_of(take(dimension, entry.value));
      }
      chosen.push_back(std::move(entry));
    }
    entries = std::move(chosen);
  }

  // The first parameter that has no place in the file; empty: all have one.
  [[nodiscard]] std::string left() const { return parameters_.empty() ? "" : parameters_.begin()->first; }

 private:
  [[noreturn]] static void refuse(const std::string& what, const std::string& place) {
    throw Error(Message::config_bad_hole, what, "name a trial of the study that this file describes").at(place);
  }
  Value take(const std::string& name, const Node& node) {
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) refuse(fmt::format("the trial has no value of {}", shown(name)), node.place);
    Value value = std::move(found->second);
    parameters_.erase(found);
    return value;
  }
  std::string label_of_choice(const std::string& name, const Node& node) { return to_display(take(name, node), 17); }
  static std::string program_label(const Node& branch) {
    const Node* as = branch.is_map() ? branch.find("as") : &branch;
    return as != nullptr ? as->text : "";
  }
  // What a branch of plugins, or of early_stopping, is called.
  static std::string label_of_branch(const Node& branch) {
    if (branch.is_null()) return "none";
    if (branch.is_scalar()) return branch.text;
    for (const char* key : {"as", "plugin"})
      if (const Node* label = branch.given(key)) return label->text;
    return "on";
  }
  void choose_branch(Node& node, const std::string& path) {
    const std::string label = label_of_choice(path, node);
    const Node* branches = node.find("one_of");
    const auto found = std::ranges::find(branches->items, label, &label_of_branch);
    if (found == branches->items.end())
      refuse(fmt::format("the trial took the branch '{}' of {}, which is not here", shown(label), path), node.place);
    // What stands beside a one_of, as the steps of a stage, stays.
    std::vector<Entry> beside;
    for (const Entry& entry : node.entries)
      if (entry.key != "one_of" && entry.key != "probabilities") beside.push_back(entry);
    Node branch = *found;
    choose(branch, path + "." + label);
    if (!beside.empty() && branch.is_scalar()) {
      Node plugin;
      plugin.type = Node::Type::map;
      plugin.entries.push_back({"plugin", branch.place, std::move(branch)});
      branch = std::move(plugin);
    }
    for (Entry& entry : beside) {
      choose(entry.value, path + "." + entry.key);
      branch.entries.push_back(std::move(entry));
    }
    node = std::move(branch);
  }

  std::map<std::string, Value> parameters_;
};

// Names of parameters of a program, those inside of branches and maps too.
void add_names(const Node& parameters, std::set<std::string>& names) {
  for (const Entry& entry : parameters.entries) {
    names.insert(entry.key);
    if (const Node* inside = entry.value.find("parameters")) add_names(*inside, names);
    if (const Node* branches = entry.value.find("one_of"))
      for (const Node& branch : branches->items) add_names(branch, names);
  }
}

// ${NAME:-TEXT} of a parameter that the configuration does not have is TEXT: without the search nobody knows NAME.
void replace_missing(Node& node, const std::set<std::string>& missing) {
  for (Entry& entry : node.entries) replace_missing(entry.value, missing);
  for (Node& item : node.items) replace_missing(item, missing);
  for (const std::string& name : missing) {
    const std::string macro = "${" + name + ":-";
    for (std::size_t at; (at = node.text.find(macro)) != std::string::npos;) {
      const std::size_t end = node.text.find('}', at);
      if (end == std::string::npos) break;
      const std::string text = node.text.substr(at + macro.size(), end - at - macro.size());
      node.text.replace(at, end - at + 1, text);
    }
  }
}

void choose_of_program(Node& objective, Chooser& chooser) {
  const auto parameters = std::ranges::find(objective.entries, "parameters", &Entry::key);
  if (parameters == objective.entries.end()) return;
  std::set<std::string> missing, chosen;
  add_names(parameters->value, missing);
  chooser.choose_all(parameters->value.entries, "", "");
  add_names(parameters->value, chosen);
  for (const std::string& name : chosen) missing.erase(name);
  for (Entry& key : objective.entries)
    if (&key != &*parameters) replace_missing(key.value, missing);
}

}  // namespace

std::string one_configuration(const SweepFile& file, std::span<const std::string> overrides,
                              const Parameters& parameters, const std::string& study) {
  Node root = document_of(file, overrides);
  if (is_wandb_sweep(root)) root = translate_wandb(root, file.folder).root;
  std::erase_if(root.entries, [](const Entry& entry) {
    return entry.key == "study" || std::ranges::find(kOfSearches, entry.key) != std::end(kOfSearches);
  });
  Chooser chooser(parameters);
  for (Entry& entry : root.entries) {
    if (entry.key != "objective" && entry.key != "optimizer" && entry.key != "scheduler" && entry.key != "training")
      continue;
    if (entry.key != "objective" || !is_program(entry.value)) {
      chooser.choose(entry.value, entry.key);
      continue;
    }
    choose_of_program(entry.value, chooser);
  }
  if (const std::string left = chooser.left(); !left.empty())
    throw Error(Message::config_bad_hole,
                fmt::format("the trial has a value of {}, which the file does not search", left),
                "name a trial of the study that this file describes")
        .at(file.name);
  root.entries.insert(root.entries.begin(), Entry{"study", "", scalar_node(study, true)});
  return to_yaml(root);
}

}  // namespace tuner::config
