#include "validator.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace tuner::config {
namespace {

using nlohmann::json;

// The core schema of YAML 1.2. An integer may have a point or an exponent: JSON Schema asks for its value alone.
json scalar_of(const Node& node) {
  if (node.quoted) return node.text;
  static const std::regex number("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  if (!std::regex_match(node.text, number)) return node.text;
  const double value = std::strtod(node.text.c_str(), nullptr);
  if (value != std::floor(value) || std::abs(value) >= 0x1p63) return value;
  std::int64_t integer = 0;
  const char* begin = node.text.c_str() + (node.text[0] == '+');
  const char* end = node.text.c_str() + node.text.size();
  if (const auto [rest, status] = std::from_chars(begin, end, integer); rest == end && status == std::errc())
    return integer;
  return static_cast<std::int64_t>(value);
}

json json_of(const Node& node) {
  if (node.is_null()) return nullptr;
  if (node.is_list()) {
    json list = json::array();
    for (const Node& item : node.items) list.push_back(json_of(item));
    return list;
  }
  if (!node.is_map()) return scalar_of(node);
  json map = json::object();
  for (const Entry& entry : node.entries) map[entry.key] = json_of(entry.value);
  return map;
}

}  // namespace

struct SchemaValidator::Impl {
  json text;  // the parsed schema refers to it
  valijson::Schema schema;
};

SchemaValidator::SchemaValidator(const std::string& schema) : impl_(std::make_unique<Impl>()) {
  impl_->text = json::parse(schema);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(impl_->text), impl_->schema);
}

SchemaValidator::~SchemaValidator() = default;

std::optional<std::string> SchemaValidator::refusal(const Node& document) const {
  const json value = json_of(document);
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(impl_->schema, valijson::adapters::NlohmannJsonAdapter(value), &results)) return std::nullopt;
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& place : error.context) text += place;
    text += ": " + error.description + "\n";
  }
  return text;
}

}  // namespace tuner::config
