// Search parameters: where a sweep file leaves a value to the search.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/config/node.hpp"
#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"
#include "tuner/plan.hpp"
#include "tuner/space.hpp"

namespace tuner::config {

// Where in the space something stands.
struct Scope {
  std::string path;                   // names of dimensions begin with it: "optimizer.adamw"
  std::optional<std::size_t> parent;  // dimension of the innermost one_of around it
  std::size_t branch = 0;             // the branch of it
  bool labelled = false;              // path ends in the plugin's label

  [[nodiscard]] std::string name(std::string_view key) const { return fmt::format("{}.{}", path, key); }
  [[nodiscard]] Scope within(std::string_view key) const { return {name(key), parent, branch, false}; }
};

// What is collected while a file is read. Dimensions come in the order of the file.
struct Reading {
  const Catalogue& catalogue;
  std::filesystem::path folder;  // absolute; paths in the file count from it
  Space space = {};
  std::vector<std::string> places = {};  // of the dimensions
  // Ranges {from: lr_range}: their ends come from a section that may stand later in the file.
  struct Tested {
    std::size_t dimension;
    std::string what;
    Bounds legal;  // of the option
  };
  std::vector<Tested> tested = {};
  std::string lr_parameter = "lr";  // of a program: the parameter that {from: lr_range} may stand at
};

// A value that may be a search parameter.
struct Field {
  std::string name;  // of its dimension
  std::string what;  // in messages
  enum class Kind { real, integer, other } kind = Kind::other;
  std::function<Value(const Node&)> read = {};  // a fixed value: typed, checked, errors with their place
  // `search` expands to one of them.
  std::optional<Range> suggested = {};
  Values all = {};
  bool takes_word = false;  // `search` is a string like any other here
  bool required = false;    // there is no default that null could stand for
  // {from: lr_range} may stand here, and its lrs must be legal; or what to do instead.
  std::optional<Bounds> lr_bounds = {};
  std::string lr_range_remedy = "write {values: [...]} or {min: ..., max: ...}";
};

// The value, or a search parameter and its dimension in the space. Null for null: the default.
// Errors: config.bad_hole; those of field.read for every value that it could take.
[[nodiscard]] Setting read_setting(const Node& node, const Field& field, const Scope& scope, Reading& reading);

// Adds a setting unless it is null: what is left out has its default.
void put(Settings& settings, const std::string& key, Setting setting);

// A map with values, min, max, from or distribution.
[[nodiscard]] bool is_search_parameter(const Node& node);

// Adds a dimension and returns its index.
std::size_t add_dimension(std::string name, decltype(Dimension::domain) domain, const Scope& scope,
                          const std::string& place, Reading& reading);

// A label: of letters, digits, '_', '-' and '.'.
[[nodiscard]] std::string label_of(const Node& as);

// The list of a one_of, not empty; null where the node is none. Keys beside it are config.bad_hole unless they are
// `beside` or probabilities.
[[nodiscard]] const Node* one_of_list(const Node& node, std::string_view beside = {});

// Adds the dimension of a one_of, with its probabilities. Errors: config.equal_labels; those of read_probabilities.
std::size_t add_branches(const Node& node, std::vector<std::string> labels, const Scope& scope, Reading& reading);

// One branch, or those of a one_of, each read as read(node, scope). label(node) says what a branch is called.
template <class T, class Label, class Read>
[[nodiscard]] OneOf<T> read_one_of(const Node& node, const Scope& scope, Reading& reading, Label label, Read read,
                                   std::string_view beside = {}) {
  OneOf<T> result;
  const Node* list = one_of_list(node, beside);
  if (list == nullptr) {
    result.branches.push_back(read(node, scope));
    return result;
  }
  std::vector<std::string> labels;
  for (const Node& branch : list->items) {
    if (branch.find("one_of") != nullptr)
      throw Error(Message::config_bad_hole, "a one_of is directly inside another one",
                  "write its branches into the outer list")
          .at(branch.place);
    labels.push_back(label(branch));
  }
  result.dimension = add_branches(node, labels, scope, reading);
  for (std::size_t i = 0; i < list->items.size(); ++i)
    result.branches.push_back(read(list->items[i], Scope{scope.name(labels[i]), result.dimension, i, true}));
  return result;
}

}  // namespace tuner::config
