#include "tuner/config/wandb_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"
#include "tuner/value.hpp"

namespace tuner::config::wandb {
namespace {

constexpr double kSlack = 1e-9;  // of a division that is exact but for rounding

[[noreturn]] void refuse(const std::string& place, std::string message, std::string remedy) {
  throw Error(Message::config_bad_hole, std::move(message), std::move(remedy)).at(place);
}

bool is_written_as_integer(const Node& node) {
  return node.is_scalar() && !node.quoted && !node.text.empty() &&
         node.text.find_first_not_of("+-0123456789") == std::string::npos;
}

// As PyYAML reads it, by YAML 1.1: yes and no, on and off are booleans.
Node value_of(const Node& node) {
  Node value = node;
  for (Node& item : value.items) item = value_of(item);
  if (!node.is_scalar() || node.quoted) return value;
  constexpr std::string_view kTrue[] = {"yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE"};
  constexpr std::string_view kFalse[] = {"no", "No", "NO", "off", "Off", "OFF", "False", "FALSE"};
  if (std::ranges::find(kTrue, node.text) != std::end(kTrue)) value.text = "true";
  if (std::ranges::find(kFalse, node.text) != std::end(kFalse)) value.text = "false";
  return value;
}

class Parameter {
 public:
  Parameter(const Entry& entry, const std::string& name, bool grid, std::vector<std::string>& warnings)
      : entry_(entry), node_(entry.value), name_(name), grid_(grid), warnings_(warnings) {}

  Node translate() {
    if (!node_.is_map())
      refuse(node_.place, fmt::format("parameter '{}' is {}, and W&B has a map there", name_, node_.description()),
             fmt::format("write {}: {{value: ...}}, or {{min: ..., max: ...}}", entry_.key));
    if (const Node* inside = node_.find("parameters")) {
      if (!inside->is_map()) refuse_type(*inside, fmt::format("'parameters' of parameter '{}'", name_), "a map");
      Node own = map(node_.place);
      put(own, "parameters", translate_inside(*inside));
      return own;
    }
    const Node* given = node_.given("distribution");
    const std::string distribution = given != nullptr && given->is_scalar() ? given->text : "";
    if (node_.find("value") != nullptr) return constant(*node_.find("value"));
    if (node_.find("values") != nullptr) return listed(*node_.find("values"));
    if (distribution.empty() && node_.find("min") != nullptr && node_.find("max") != nullptr) return undeclared();
    return drawn(given, distribution);
  }

 private:
  void warn(const std::string& text) {
    warnings_.push_back(fmt::format("{}: parameter '{}': {}", node_.place, name_, text));
  }

  Node translate_inside(const Node& parameters) {
    Node own = map(parameters.place);
    for (const Entry& entry : parameters.entries)
      put(own, entry.key, Parameter(entry, name_ + "." + entry.key, grid_, warnings_).translate());
    return own;
  }

  // A map of constants is one of parameters that are not searched.
  Node constant(const Node& value) const {
    if (!value.is_map()) return value_of(value);
    if (value.entries.empty())
      refuse(value.place, fmt::format("the value of parameter '{}' is an empty map", name_), "leave the parameter out");
    Node inside = map(value.place);
    for (const Entry& entry : value.entries) put(inside, entry.key, constant(entry.value));
    Node own = map(value.place);
    put(own, "parameters", std::move(inside));
    return own;
  }

  // W&B takes a value that is written twice twice as often, and in a grid once.
  Node listed(const Node& values) {
    if (!values.is_list() || values.items.empty())
      refuse(values.place,
             fmt::format("the values of parameter '{}' are {}, and a list is due", name_, values.description()),
             "write values: [first, second]");
    const Node* given = node_.given("probabilities");
    if (given != nullptr && (!given->is_list() || given->items.size() != values.items.size()))
      refuse(given->place,
             fmt::format("parameter '{}' has {} values, and as many probabilities are due", name_, values.items.size()),
             "write one probability for each value");
    Node list;
    list.type = Node::Type::list;
    list.place = values.place;
    std::vector<double> weights;
    for (std::size_t i = 0; i < values.items.size(); ++i) {
      const Node& item = values.items[i];
      if (item.is_map())
        throw Error(Message::config_not_in_this_version,
                    fmt::format("a map among the values of parameter '{}' is not in this version of tuner", name_),
                    "give its keys parameters of their own")
            .at(item.place);
      const double weight = given != nullptr ? real_of(given->items[i], "a probability of parameter " + name_) : 1;
      if (weight == 0) continue;
      Node value = value_of(item);
      const auto known = std::ranges::find_if(list.items, [&](const Node& other) {
        return other.type == value.type && other.text == value.text && other.quoted == value.quoted && !value.is_list();
      });
      if (known != list.items.end()) {
        weights[static_cast<std::size_t>(known - list.items.begin())] += weight;
        continue;
      }
      list.items.push_back(std::move(value));
      weights.push_back(weight);
    }
    const bool weighted = given != nullptr || std::ranges::any_of(weights, [](double weight) { return weight != 1; });
    Node own = map(node_.place);
    put(own, "values", std::move(list));
    if (weighted && (!grid_ || given != nullptr)) put(own, "probabilities", shares(weights));
    return own;
  }

  Node shares(const std::vector<double>& weights) const {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    Node list;
    list.type = Node::Type::list;
    list.place = node_.place;
    for (const double weight : weights) list.items.push_back(scalar(format_number(weight / sum), node_.place));
    return list;
  }

  // min and max without a distribution: W&B draws integers where both are written as such.
  Node undeclared() {
    check_keys({"min", "max", "distribution"});
    if (!is_written_as_integer(*node_.find("min")) || !is_written_as_integer(*node_.find("max"))) return uniform(false);
    warn(fmt::format("integers from {} to {}, since neither end has a point; for reals write distribution: uniform",
                     node_.find("min")->text, node_.find("max")->text));
    return uniform(true);
  }

  Node drawn(const Node* given, const std::string& distribution) {
    if (given == nullptr)
      refuse(node_.place, fmt::format("parameter '{}' says nothing that W&B could take a value from", name_),
             "write {value: ...}, {values: [...]} or {min: ..., max: ...}");
    if (distribution == "uniform" || distribution == "int_uniform") {
      check_keys({"distribution", "min", "max"});
      return uniform(distribution == "int_uniform");
    }
    if (distribution == "q_uniform") return quantized_range(end("min"), end("max"), "");
    if (distribution == "log_uniform_values" || distribution == "inv_log_uniform_values") {
      check_keys({"distribution", "min", "max"});
      return log_range(end("min"), end("max"));
    }
    if (distribution == "q_log_uniform_values") return quantized_range(end("min"), end("max"), "log");
    if (distribution == "log_uniform" || distribution == "inv_log_uniform" || distribution == "q_log_uniform")
      return of_exponents(distribution);
    for (const char* kind : {"normal", "log_normal", "beta"})
      if (distribution == kind || distribution == std::string("q_") + kind)
        return shaped(kind, distribution.starts_with("q_"));
    constexpr std::string_view kKnown[] = {"constant",
                                           "categorical",
                                           "int_uniform",
                                           "uniform",
                                           "q_uniform",
                                           "log_uniform",
                                           "log_uniform_values",
                                           "q_log_uniform",
                                           "q_log_uniform_values",
                                           "inv_log_uniform",
                                           "inv_log_uniform_values",
                                           "normal",
                                           "q_normal",
                                           "log_normal",
                                           "q_log_normal",
                                           "beta",
                                           "q_beta"};
    refuse(given->place,
           fmt::format("parameter '{}' has the distribution {}, which W&B does not have", name_, given->description()),
           did_you_mean(distribution, kKnown));
  }

  void check_keys(std::initializer_list<std::string_view> known) const {
    for (const Entry& entry : node_.entries)
      if (std::ranges::find(known, entry.key) == known.end())
        refuse(entry.place,
               fmt::format("parameter '{}' has the key '{}', which its distribution does not have", name_,
                           shown(entry.key)),
               did_you_mean(entry.key, std::vector<std::string_view>(known)));
  }
  [[nodiscard]] double number(const char* key, std::optional<double> otherwise = {}) const {
    const Node* value = node_.given(key);
    if (value == nullptr && !otherwise)
      refuse(node_.place, fmt::format("parameter '{}' lacks its {}", name_, key), fmt::format("add {}: NUMBER", key));
    return value == nullptr ? *otherwise : real_of(*value, fmt::format("{} of parameter '{}'", key, name_));
  }
  [[nodiscard]] double end(const char* key) const { return number(key); }

  [[nodiscard]] Node number_node(double value, bool integer) const {
    return scalar(integer ? fmt::format("{:.0f}", value) : format_number(value), node_.place);
  }
  Node range(double min, double max, bool integer) const {
    Node own = map(node_.place);
    put(own, "min", number_node(min, integer));
    put(own, "max", number_node(max, integer));
    if (integer) put(own, "integer", scalar("true", node_.place));
    return own;
  }

  Node uniform(bool integer) const {
    const double min = end("min"), max = end("max");
    if (integer && (min != std::floor(min) || max != std::floor(max)))
      refuse(node_.place,
             fmt::format("int_uniform of parameter '{}' goes from {} to {}, which are no integers", name_, min, max),
             "write integers, or distribution: uniform");
    Node own = range(min, max, integer);
    if (integer && grid_) put(own, "step", scalar("1", node_.place));
    return own;
  }

  Node log_range(double min, double max) const {
    Node own = range(min, max, false);
    put(own, "scale", scalar("log", node_.place));
    return own;
  }

  // min and max are exponents of e. Many who write them mean the values.
  Node of_exponents(const std::string& distribution) {
    const bool inverse = distribution == "inv_log_uniform";
    const double low = std::exp(inverse ? -end("max") : end("min"));
    const double high = std::exp(inverse ? -end("min") : end("max"));
    if (!std::isfinite(high) || low == 0)
      refuse(node_.place,
             fmt::format("{} of parameter '{}' goes from e^{} to e^{}, more than a number can hold", distribution,
                         name_, end("min"), end("max")),
             "min and max are exponents; for the values themselves write distribution: log_uniform_values");
    warn(
        fmt::format("min and max of {} are exponents of e: it goes from {:.6g} to {:.6g}; where they were meant as "
                    "the values, write distribution: log_uniform_values",
                    distribution, low, high));
    if (distribution == "q_log_uniform") return quantized_range(low, high, "log");
    check_keys({"distribution", "min", "max"});
    return log_range(low, high);
  }

  // W&B rounds what it draws to multiples of q, which may lie outside of min and max; its grids count from min in steps
  // of q, and leave out max.
  Node quantized_range(double min, double max, const std::string& scale) {
    check_keys({"distribution", "min", "max", "q"});
    const double q = quantum();
    const bool integer_q = node_.given("q") != nullptr && is_written_as_integer(*node_.given("q"));
    const bool from_min = grid_ && scale.empty();
    const double first = from_min ? min : q * std::ceil(min / q - kSlack);
    const double last = from_min ? max : q * std::floor(max / q + kSlack);
    if (!from_min && (std::abs(first - min) > kSlack * q || std::abs(last - max) > kSlack * q))
      warn(fmt::format("the multiples of {} within min and max are {:.6g} to {:.6g}; W&B also rounds to one outside", q,
                       first, last));
    const double steps = (max - min) / q;
    if (from_min && std::abs(steps - std::round(steps)) < kSlack)
      warn(fmt::format("the grid has max, {:.6g}, too; W&B leaves it out", max));
    const bool exact = !from_min && std::abs(first - min) <= kSlack * q && std::abs(last - max) <= kSlack * q;
    const bool integer = integer_q && first == std::floor(first) && (from_min ? is_whole(max) : true);
    Node own = exact || from_min ? range(min, max, integer) : range(decimal(first), decimal(last), integer);
    if (!scale.empty()) put(own, "scale", scalar(scale, node_.place));
    put(own, "step", number_node(q, integer));
    return own;
  }
  // Without what rounding has left in its last digits.
  static double decimal(double value) { return std::stod(fmt::format("{:.12g}", value)); }
  static bool is_whole(double value) { return value == std::floor(value); }

  [[nodiscard]] double quantum() const {
    const double q = number("q", 1);
    if (!(q > 0)) refuse(node_.place, fmt::format("q of parameter '{}' is {}", name_, q), "write a q above 0");
    return q;
  }

  Node shaped(const std::string& kind, bool quantized) const {
    const bool beta = kind == "beta";
    std::vector<std::string_view> known{"distribution", beta ? "a" : "mu", beta ? "b" : "sigma"};
    if (quantized) known.emplace_back("q");
    for (const Entry& entry : node_.entries)
      if (std::ranges::find(known, entry.key) == known.end())
        refuse(entry.place,
               fmt::format("parameter '{}' has the key '{}', which its distribution does not have", name_,
                           shown(entry.key)),
               did_you_mean(entry.key, known));
    Node own = map(node_.place);
    put(own, "distribution", scalar(kind, node_.place));
    put(own, beta ? "alpha" : "mu", number_node(number(beta ? "a" : "mu", beta ? 1 : 0), false));
    put(own, beta ? "beta" : "sigma", number_node(number(beta ? "b" : "sigma", 1), false));
    if (!quantized) return own;
    const bool integer = node_.given("q") != nullptr && is_written_as_integer(*node_.given("q"));
    put(own, "step", number_node(quantum(), integer));
    if (integer) put(own, "integer", scalar("true", node_.place));
    return own;
  }

  const Entry& entry_;
  const Node& node_;
  const std::string name_;
  const bool grid_;
  std::vector<std::string>& warnings_;
};

}  // namespace

Node scalar(std::string text, std::string place) {
  Node node;
  node.type = Node::Type::scalar;
  node.text = std::move(text);
  node.place = std::move(place);
  return node;
}

Node map(std::string place) {
  Node node;
  node.type = Node::Type::map;
  node.place = std::move(place);
  return node;
}

void put(Node& map, std::string key, Node value) {
  const std::string place = value.place;
  map.entries.push_back({std::move(key), place, std::move(value)});
}

Node translate_parameters(const Node& parameters, bool grid, std::vector<std::string>& warnings) {
  Node own = map(parameters.place);
  for (const Entry& entry : parameters.entries)
    put(own, entry.key, Parameter(entry, entry.key, grid, warnings).translate());
  return own;
}

}  // namespace tuner::config::wandb
