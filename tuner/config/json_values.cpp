#include "tuner/config/json_values.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

#include "tuner/error.hpp"

namespace tuner::config {
namespace {

constexpr double kExactIntegers = 0x1p53;  // options travel as doubles
constexpr double kMostValues = 1e6;        // of one range

Json number(double value) {
  if (value != std::floor(value) || std::abs(value) > 0x1p63) return value;
  if (value == 0x1p63) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value);
}

struct Interval {
  double min, max;
  bool min_open, max_open;
};

// Every integer or number of an interval. Bounds that any finite number keeps are left out.
ValueSchema numbers(bool integer, const Interval& interval) {
  ValueSchema schema{.name = integer ? "integer" : "number", .fixed = {{"type", integer ? "integer" : "number"}}};
  schema.range = true;
  schema.integer = integer;
  const auto bound = [&](double at, bool open, const char* key, const char* open_key, const char* word,
                         const char* open_word) {
    if (std::abs(at) >= kAnyReal) return;
    schema.fixed[open ? open_key : key] = number(at);
    if (!integer || std::abs(at) < kExactIntegers)  // the bound of all integers needs no name
      schema.name += fmt::format("_{}_{}", open ? open_word : word, at);
  };
  bound(interval.min, interval.min_open, "minimum", "exclusiveMinimum", "from", "above");
  bound(interval.max, interval.max_open, "maximum", "exclusiveMaximum", "to", "below");
  return schema;
}

// 90s, 1h30m: above 0.
Json time_schema() {
  return {{"anyOf",
           {{{"type", "number"}, {"exclusiveMinimum", 0}},
            {{"type", "string"}, {"pattern", "^(?=.*[1-9])(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ms|min|s|m|h|d))+$"}}}}};
}

// What YAML reads where an unquoted word stands, if that is no string.
std::optional<Json> as_number_or_boolean(const std::string& word) {
  Node node;
  node.type = Node::Type::scalar;
  node.text = word;
  try {
    const Scalar value = number_of(node, word);
    return std::holds_alternative<double>(value) ? number(std::get<double>(value))
                                                 : Json(std::get<std::int64_t>(value));
  } catch (const Error&) {
  }
  try {
    return boolean_of(node, word);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json list_of(const Json& item) { return {{"anyOf", Json::array({item, {{"type", "array"}, {"items", item}}})}}; }

std::vector<std::string> choices_of(const tuner_param& param) {
  return {param.choices, param.choices + param.n_choices};
}

}  // namespace

Json closed_map(Json properties, Json required) {
  Json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

Json string_schema(std::string_view pattern) {
  Json schema{{"type", {"string", "number", "boolean"}}};
  if (!pattern.empty()) schema["pattern"] = pattern;
  return schema;
}

Json probabilities_schema() {
  return {{"description", "how often a random search takes each of them; they add up to 1"},
          {"type", {"array", "null"}},
          {"minItems", 1},
          {"items", {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}}}};
}

Json words_schema(const std::vector<std::string>& words) {
  Json all = Json::array();
  for (const std::string& word : words) {
    all.push_back(word);
    if (auto other = as_number_or_boolean(word)) all.push_back(std::move(*other));
  }
  return {{"enum", std::move(all)}};
}

Json nullable(Json schema) { return {{"anyOf", Json::array({std::move(schema), {{"type", "null"}}})}}; }

Json has(const std::string& key) { return {{"required", Json::array({key})}}; }
Json has_value(const std::string& key) {
  return {{"required", Json::array({key})}, {"properties", {{key, {{"not", {{"type", "null"}}}}}}}};
}

ValueSchema value_schema(const HostKey& key) {
  switch (key.type) {
    case HostKey::integer:
    case HostKey::real:
      return numbers(key.type == HostKey::integer,
                     {key.bounds.min, key.bounds.max, key.bounds.min_open, key.bounds.max_open});
    case HostKey::time:
      return {.name = "time", .fixed = time_schema(), .range = true};
    case HostKey::boolean:
      return {.name = "boolean", .fixed = {{"type", "boolean"}}, .search = true};
    case HostKey::word:
      return {.name = "word_" + std::string(key.key),
              .fixed = words_schema({key.words.begin(), key.words.end()}),
              .search = true};
    case HostKey::string:
      return {.name = "string_" + std::string(key.key), .fixed = string_schema(key.pattern)};
    case HostKey::list:
      return {.name = "strings", .fixed = {{"type", "array"}, {"items", string_schema()}}};
    case HostKey::own:
      break;
  }
  throw std::logic_error("a key that has a schema of its own");
}

ValueSchema value_schema(const tuner_param& param) {
  const bool integer = param.type == TUNER_TYPE_I64 || param.type == TUNER_TYPE_I64_LIST;
  Interval interval{param.min, param.max, (param.flags & TUNER_PARAM_MIN_OPEN) != 0,
                    (param.flags & TUNER_PARAM_MAX_OPEN) != 0};
  if (integer && interval.min < -kExactIntegers) {
    interval.min = -kExactIntegers;
    interval.min_open = false;
  }
  if (integer && interval.max > kExactIntegers) {
    interval.max = kExactIntegers;
    interval.max_open = false;
  }
  ValueSchema schema;
  switch (param.type) {
    case TUNER_TYPE_F64:
    case TUNER_TYPE_I64:
      schema = numbers(integer, interval);
      schema.search = (param.flags & TUNER_PARAM_SEARCHABLE) != 0;
      break;
    case TUNER_TYPE_BOOL:
      schema = {.name = "boolean", .fixed = {{"type", "boolean"}}, .search = true};
      break;
    case TUNER_TYPE_CHOICE:
      schema = {.name = "choice", .fixed = words_schema(choices_of(param)), .search = true};
      for (const std::string& choice : choices_of(param)) schema.name += "_" + choice;
      break;
    case TUNER_TYPE_TEXT:
      schema = {.name = "string", .fixed = string_schema()};
      break;
    case TUNER_TYPE_TEXT_LIST:
      schema = {.name = "strings", .fixed = list_of(string_schema())};
      break;
    default:
      schema = numbers(integer, interval);
      schema = {.name = "list_of_" + schema.name, .fixed = list_of(schema.fixed)};
  }
  schema.required = (param.flags & TUNER_PARAM_REQUIRED) != 0;
  return schema;
}

Json Definitions::add(const std::string& name, Json schema) {
  std::string unique;  // in a reference nothing needs to be escaped
  for (const char c : name) unique += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ? c : '_';
  while (definitions_.contains(unique) && definitions_[unique] != schema) unique += '_';
  definitions_[unique] = std::move(schema);
  return ref(unique);
}

// Rules between min and max, or with the number of steps, are beyond JSON Schema; the reader tells.
Json Definitions::range(const ValueSchema& value, const Json& end) {
  const auto where_scale = [](std::size_t scale, Json properties) -> Json {
    return {{"if", {{"required", Json::array({"scale"})}, {"properties", {{"scale", {{"const", kScales[scale]}}}}}}},
            {"then", {{"properties", std::move(properties)}}}};
  };
  Json range = closed_map({{"min", end},
                           {"max", end},
                           {"scale",
                            {{"description", "log: even in log x; log1m: even in log(1 - x), for values just below 1"},
                             {"enum", {kScales[0], kScales[1], kScales[2], nullptr}}}},
                           {"step",
                            {{"description", "only min, min + step, ... up to max"},
                             {"type", {value.integer ? "integer" : "number", "null"}},
                             {"exclusiveMinimum", 0}}},
                           {"count",
                            {{"description", "number of values that a grid takes"},
                             {"type", {"integer", "null"}},
                             {"minimum", 1},
                             {"maximum", number(kMostValues)}}}},
                          Json::array({"min", "max"}));
  range["not"] = {{"allOf", Json::array({has_value("step"), has_value("count")})}};
  range["allOf"] = {where_scale(1, {{"min", {{"exclusiveMinimum", 0}}}}),
                    where_scale(2, {{"max", {{"exclusiveMaximum", 1}}}})};
  return range;
}

// That its values are legal is beyond JSON Schema.
Json Definitions::distribution(const ValueSchema& value, const Json& end, std::string_view word) {
  Json properties = Json::object();
  Json required = Json::array({"distribution"});
  const bool beta = word == "beta";
  for (const HostKey& key : kDistributionKeys) {
    const bool shape = key.type == HostKey::real;
    if (shape && beta != (key.key == "alpha" || key.key == "beta")) continue;
    Json schema{{"description", key.doc}};
    if (key.key == "distribution")
      schema["const"] = word;
    else if (key.key == "step")
      schema.update(Json{{"type", {value.integer ? "integer" : "number", "null"}}, {"exclusiveMinimum", 0}});
    else
      schema.update(shape ? value_schema(key).fixed : nullable(end));
    properties[std::string(key.key)] = std::move(schema);
    if (shape) required.push_back(key.key);
  }
  return closed_map(std::move(properties), std::move(required));
}

Json Definitions::from() {
  Json properties = Json::object();
  for (const HostKey& key : kFromKeys) {
    Json& schema = properties[std::string(key.key)] = {{"description", key.doc}};
    const Json value = value_schema(key).fixed;
    schema.update(key.key == "from" ? value : nullable(value));
    if (!key.fallback.empty()) schema["default"] = Json::parse(key.fallback);
  }
  return closed_map(std::move(properties), Json::array({"from"}));
}

Json Definitions::search_parameter(const ValueSchema& value, const Json& fixed) {
  Json item{{"anyOf", Json::array({fixed})}};
  if (!value.required) item["anyOf"].push_back({{"type", "null"}});
  Json values = closed_map({{"values",
                             {{"description", "each of them: scalars, lists, null"},
                              {"type", "array"},
                              {"minItems", 1},
                              {"uniqueItems", true},
                              {"items", std::move(item)}}},
                            {"probabilities", probabilities_schema()}},
                           Json::array({"values"}));
  if (!value.range) return values;
  Json kinds = Json::array({values, range(value, fixed)});
  for (const char* word : kDrawnDistributions) kinds.push_back(distribution(value, fixed, word));
  if (value.tested) kinds.push_back(from());
  return {{"anyOf", std::move(kinds)}};
}

Json Definitions::setting(const ValueSchema& value) {
  const Json fixed = add(value.name, value.fixed);
  Json any = Json::array({fixed});
  if (!value.required) any.push_back({{"type", "null"}});
  if (value.search) any.push_back({{"const", "search"}});
  any.push_back(add(value.name + (value.tested ? "_lr" : "") + (value.required ? "_required_searched" : "_searched"),
                    search_parameter(value, fixed)));
  return {{"anyOf", std::move(any)}};
}

}  // namespace tuner::config
