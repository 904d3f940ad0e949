#include "tuner/config/search_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "tuner/config/distributions.hpp"
#include "tuner/config/language.hpp"
#include "tuner/grid.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

constexpr double kMostValues = 1e6;  // of one range: a grid holds them all
constexpr std::string_view kRangeKeys[] = {"min", "max", "scale", "step", "count"};

[[noreturn]] void refuse_parameter(const std::string& place, std::string message, std::string remedy) {
  throw Error(Message::config_bad_hole, std::move(message), std::move(remedy)).at(place);
}

Values read_values(const Node& list, const Field& field) {
  if (!list.is_list() || list.items.empty())
    refuse_parameter(list.place, fmt::format("the values of {} must be a list with something in it", field.what),
                     "write {values: [first, second]}");
  Values values;
  for (const Node& item : list.items) {
    if (item.is_map())
      refuse_parameter(item.place, fmt::format("the values of {} have a map", field.what),
                       "values are scalars, lists and null; maps are the branches of a one_of");
    const bool null = item.is_null() && !item.missing && !field.required;
    Value value = null ? Value(Null{}) : field.read(item);
    if (std::ranges::find(values, value) != values.end())
      refuse_parameter(item.place, fmt::format("the values of {} have {} twice", field.what, shown(to_display(value))),
                       "remove one of them");
    values.push_back(std::move(value));
  }
  return values;
}

double as_number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

// What other systems call a scale. Their words are not taken, since a key's words are one list, but answered.
constexpr std::pair<std::string_view, Scale> kScaleWords[] = {
    {"log10", Scale::log},       {"log2", Scale::log},        {"ln", Scale::log},
    {"loguniform", Scale::log},  {"log_uniform", Scale::log}, {"log_uniform_values", Scale::log},
    {"logarithmic", Scale::log}, {"reciprocal", Scale::log},  {"lin", Scale::linear},
    {"uniform", Scale::linear}};

Scale read_scale(const Node& node, const std::string& what) {
  for (const auto& [word, scale] : kScaleWords)
    if (node.is_word(word))
      throw Error(Message::config_bad_value, fmt::format("the scale of {} is '{}', which it cannot be", what, word),
                  fmt::format("did you mean '{}'?", kScales[static_cast<std::size_t>(scale)]))
          .at(node.place);
  const std::string word = word_of(node, "the scale of " + what, words(kScales));
  return static_cast<Scale>(std::ranges::find(kScales, word) - std::begin(kScales));
}

// Even spacing on a log scale can give an integer twice.
void check_count(const Range& range, const Field& field, const Node& at) {
  const double count = static_cast<double>(*range.count);
  if (!range.integer || count < 2) return;
  if (count > range.max - range.min + 1)
    refuse_parameter(at.place,
                     fmt::format("{} has {} integers from {} to {}, fewer than count: {}", field.what,
                                 range.max - range.min + 1, range.min, range.max, *range.count),
                     "lower the count");
  Value last = grid_value(range, 0);
  for (std::int64_t i = 1; i < *range.count; ++i) {
    Value next = grid_value(range, static_cast<std::uint64_t>(i));
    if (next == last)
      refuse_parameter(
          at.place, fmt::format("count: {} on this scale meets the integer {} twice", *range.count, to_display(next)),
          "lower the count, or write {values: [...]}");
    last = std::move(next);
  }
}

void check_range(const Range& range, const Field& field, const Node& node) {
  if (!(range.min < range.max))
    refuse_parameter(node.find("max")->place,
                     fmt::format("the range of {} is empty: min is {} and max is {}", field.what, range.min, range.max),
                     "max must be above min");
  if (range.scale == Scale::log && !(range.min > 0))
    refuse_parameter(node.find("min")->place,
                     fmt::format("a log scale needs a min above 0, and {} has min {}", field.what, range.min),
                     "raise min, or write scale: linear");
  if (range.scale == Scale::log1m && !(range.max < 1))
    refuse_parameter(
        node.find("max")->place,
        fmt::format("a log1m scale (log of 1 - x) needs a max below 1, and {} has max {}", field.what, range.max),
        "lower max, or write scale: linear");
  if (range.step && *range.step > range.max - range.min)
    refuse_parameter(node.find("step")->place,
                     fmt::format("step {} is wider than the range of {}", *range.step, field.what), "make it smaller");
  if (range.step && static_cast<double>(step_count(range)) > kMostValues + 1)
    refuse_parameter(
        node.find("step")->place,
        fmt::format("step {} cuts the range of {} into more than {} values", *range.step, field.what, kMostValues),
        "make it wider, or leave it out: without a step every value is possible");
  if (range.step && range.count)
    refuse_parameter(node.find("count")->place, fmt::format("{} has both step and count", field.what),
                     "remove one of them");
}

Range read_range(const Node& node, const Field& field) {
  if (field.kind == Field::Kind::other)
    refuse_parameter(node.place, fmt::format("{} is no number, so it has no range", field.what),
                     "write {values: [...]}");
  const Node* min = node.find("min");
  const Node* max = node.find("max");
  if (min == nullptr || max == nullptr)
    refuse_parameter(node.place,
                     fmt::format("the range of {} lacks its {}", field.what, min == nullptr ? "min" : "max"),
                     "write {min: ..., max: ...}");
  for (const Node* end : {min, max})
    if (end->is_null()) refuse_type(*end, fmt::format("an end of the range of {}", field.what), "a number");
  Range range;
  range.integer = field.kind == Field::Kind::integer;
  range.min = as_number(field.read(*min));
  range.max = as_number(field.read(*max));
  if (const Node* scale = node.given("scale")) range.scale = read_scale(*scale, field.what);
  if (const Node* step = node.given("step")) {
    const std::string what = "the step of " + field.what;
    range.step = range.integer ? static_cast<double>(integer_of(*step, what)) : real_of(*step, what);
    check_bounds(*range.step, {0, HUGE_VAL, true}, what, step->place);
  }
  if (const Node* count = node.given("count"))
    range.count = integer_within(*count, {1, kMostValues}, "the count of " + field.what);
  check_range(range, field, node);
  if (range.count) check_count(range, field, *node.find("count"));
  return range;
}

// {from: lr_range}. The ends are filled in when the whole file is read.
Range read_from(const Node& node, const Field& field, Reading& reading) {
  const auto what = [&](const char* key) { return fmt::format("'{}' of the range of {}", key, field.what); };
  const Node& from = *node.find("from");
  static_cast<void>(word_of(from, what("from"), words(kLrRangeSources)));
  if (!field.lr_bounds)
    refuse_parameter(
        from.place,
        fmt::format("{} takes no {{from: lr_range}}: an LR range test finds the lr of an optimizer", field.what),
        field.lr_range_remedy);
  Range range{.scale = Scale::log, .step = {}, .count = {}, .source = RangeSource{.study = lr_range::kMethod}};
  if (const Node* factor = node.given("factor"))
    range.source->factor = real_within(*factor, host_key(kFromKeys, "factor").bounds, what("factor"));
  if (const Node* count = node.given("count"))
    range.count = integer_within(*count, host_key(kFromKeys, "count").bounds, what("count"));
  reading.tested.push_back({reading.space.dimensions.size(), field.what, *field.lr_bounds});
  return range;
}

// Throws where a key of the map is one that other systems have in such a place.
void refuse_foreign_keys(const Node& node, const Field& field) {
  constexpr std::pair<std::string_view, std::string_view> kKeys[] = {
      {"low", "write min in its place"},
      {"high", "write max in its place"},
      {"lower", "write min in its place"},
      {"upper", "write max in its place"},
      {"log", "write scale: log"},
      {"q", "write step in its place"},
      {"choices", "write values: [...]"},
      {"value", "write the value itself in place of the map"},
      {"base", "remove it: scale: log is the same for every base"}};
  for (const Entry& entry : node.entries) {
    if (entry.key == "distribution") check_distribution_word(entry, field);
    const auto found = std::ranges::find(kKeys, entry.key, [](const auto& key) { return key.first; });
    if (found == std::end(kKeys)) continue;
    refuse_parameter(entry.place, fmt::format("the range of {} has no key '{}'", field.what, entry.key),
                     std::string(found->second));
  }
}

// A search parameter has the keys of one kind only.
void check_parameter_keys(const Node& node, const Field& field) {
  refuse_foreign_keys(node, field);
  const bool listed = node.find("values") != nullptr;
  const bool tested = node.find("from") != nullptr;
  if (!listed && !tested && node.find("distribution") != nullptr) return;  // its reader looks at the keys
  for (const Entry& entry : node.entries) {
    if (tested) {
      if (std::ranges::find(kFromKeys, entry.key, &HostKey::key) != std::end(kFromKeys)) continue;
      refuse_parameter(entry.place, fmt::format("the range of {} has both from and {}", field.what, entry.key),
                       "beside from: lr_range there may be factor and count");
    }
    const bool of_range =
        entry.key == "distribution" || std::ranges::find(kRangeKeys, entry.key) != std::end(kRangeKeys);
    const bool of_list = entry.key == "values" || entry.key == "probabilities";
    if (listed ? of_list : of_range) continue;
    if (!listed && entry.key == "probabilities")
      refuse_parameter(entry.place, fmt::format("the range of {} has probabilities", field.what),
                       "probabilities belong to values: {values: [first, second], probabilities: [0.9, 0.1]}");
    if (listed && of_range)
      refuse_parameter(entry.place, fmt::format("the range of {} has both values and {}", field.what, entry.key),
                       "write either {values: [...]} or {min: ..., max: ...}");
    refuse_parameter(entry.place,
                     fmt::format("the range of {} is mixed with the key '{}'", field.what, shown(entry.key)),
                     listed ? "beside values there may be probabilities" : did_you_mean(entry.key, kRangeKeys));
  }
}

Setting expand_search(const Node& node, const Field& field, const Scope& scope, Reading& reading) {
  if (field.suggested) return SearchParameter{add_dimension(field.name, *field.suggested, scope, node.place, reading)};
  if (!field.all.empty()) return SearchParameter{add_dimension(field.name, field.all, scope, node.place, reading)};
  refuse_parameter(node.place, fmt::format("{} has no suggested range", field.what),
                   field.kind == Field::Kind::other ? "write {values: [...]}" : "write {min: ..., max: ...}");
}

}  // namespace

bool is_search_parameter(const Node& node) {
  return std::ranges::any_of(std::array{"values", "min", "max", "from", "distribution"},
                             [&](auto key) { return node.find(key) != nullptr; });
}

Setting read_setting(const Node& node, const Field& field, const Scope& scope, Reading& reading) {
  if (node.missing) refuse_type(node, field.what, "a value");
  if (node.is_null()) {
    if (field.required) refuse_type(node, field.what, "a value");
    return Null{};
  }
  if (node.is_word("search") && !field.takes_word) return expand_search(node, field, scope, reading);
  if (node.is_map() && is_search_parameter(node)) {
    check_parameter_keys(node, field);
    decltype(Dimension::domain) domain;
    if (const Node* list = node.find("values")) {
      Values values = read_values(*list, field);
      const std::size_t count = values.size();
      const std::size_t dimension = add_dimension(field.name, std::move(values), scope, node.place, reading);
      reading.space.dimensions[dimension].probabilities =
          read_probabilities(node, count, fmt::format("the values of {}", field.what));
      return SearchParameter{dimension};
    }
    if (node.find("from") != nullptr)
      domain = read_from(node, field, reading);
    else if (node.find("distribution") != nullptr)
      domain = read_distribution(node, field);
    else
      domain = read_range(node, field);
    return SearchParameter{add_dimension(field.name, std::move(domain), scope, node.place, reading)};
  }
  refuse_foreign_keys(node, field);
  if (node.find("one_of") != nullptr)
    refuse_parameter(node.place, fmt::format("{} is a value and no plugin, so it has no one_of", field.what),
                     "write {values: [...]}");
  return field.read(node);
}

void put(Settings& settings, const std::string& key, Setting setting) {
  const Value* value = std::get_if<Value>(&setting);
  if (value == nullptr || !std::holds_alternative<Null>(*value)) settings.emplace(key, std::move(setting));
}

std::size_t add_dimension(std::string name, decltype(Dimension::domain) domain, const Scope& scope,
                          const std::string& place, Reading& reading) {
  reading.space.dimensions.push_back({std::move(name), std::move(domain), scope.parent, scope.branch});
  reading.places.push_back(place);
  return reading.space.dimensions.size() - 1;
}

std::string label_of(const Node& as) {
  const std::string label = string_of(as, "the label 'as'");
  const bool legal = !label.empty() && std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  if (!legal)
    throw Error(Message::config_bad_value, fmt::format("'{}' cannot be a label", shown(label)),
                "use letters, digits, '_', '-' and '.'")
        .at(as.place);
  return label;
}

const Node* one_of_list(const Node& node, std::string_view beside) {
  const Node* list = node.find("one_of");
  if (list == nullptr) return nullptr;
  for (const Entry& entry : node.entries)
    if (entry.key != "one_of" && entry.key != "probabilities" && (beside.empty() || entry.key != beside))
      throw Error(Message::config_bad_hole, fmt::format("a one_of is mixed with the key '{}'", shown(entry.key)),
                  "put the key into the branches that it is meant for")
          .at(entry.place);
  if (!list->is_list() || list->items.empty())
    throw Error(Message::config_bad_hole, "a one_of needs a list of branches", "write one_of: [first, second]")
        .at(list->place);
  return list;
}

std::size_t add_branches(const Node& node, std::vector<std::string> labels, const Scope& scope, Reading& reading) {
  const Node& list = *node.find("one_of");
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (std::ranges::find(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), labels[i]) !=
        labels.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error(Message::config_equal_labels,
                  fmt::format("two branches of this one_of are called '{}'", shown(labels[i])),
                  "add as: NAME to one of them")
          .at(list.items[i].place);
  std::vector<double> probabilities = read_probabilities(node, labels.size(), "the branches of this one_of");
  const std::size_t dimension = add_dimension(scope.path, Branches{std::move(labels)}, scope, list.place, reading);
  reading.space.dimensions[dimension].probabilities = std::move(probabilities);
  return dimension;
}

}  // namespace tuner::config
