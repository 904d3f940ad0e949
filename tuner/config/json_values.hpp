// Values of a sweep file in JSON Schema: what a key takes where nothing is searched, and the search parameters
// that may stand for it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tuner/config/language.hpp"
#include "tuner/json.hpp"

namespace tuner::config {

// The value of a key: a name for its definition, and the schema of a fixed value that is not null.
struct ValueSchema {
  std::string name;  // "number_from_0"
  Json fixed;
  bool range = false;     // {min, max} may stand for it
  bool integer = false;   // of a range
  bool search = false;    // the word `search` may stand for it, and is no value itself
  bool tested = false;    // {from: lr_range} may stand for it
  bool required = false;  // null does not stand for a default
};

[[nodiscard]] ValueSchema value_schema(const HostKey& key);
[[nodiscard]] ValueSchema value_schema(const tuner_param& param);

// The `definitions` of a schema: every type of value once, however many options have it.
class Definitions {
 public:
  // Adds a definition and returns a schema that refers to it; under another name where another schema has that one.
  Json add(const std::string& name, Json schema);
  // A schema for the value or a search parameter.
  Json setting(const ValueSchema& value);
  // For {min, max}. end: for an end.
  static Json range(const ValueSchema& value, const Json& end);
  // For {distribution: word, ...}.
  static Json distribution(const ValueSchema& value, const Json& end, std::string_view word);

  [[nodiscard]] static Json ref(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }
  [[nodiscard]] const Json& all() const { return definitions_; }

  // {from: lr_range}, with what may stand beside it.
  static Json from();

 private:
  // fixed, end: the reference to its definition.
  static Json search_parameter(const ValueSchema& value, const Json& fixed);

  Json definitions_ = Json::object();
};

// A map with these properties and no others.
[[nodiscard]] Json closed_map(Json properties, Json required = Json::array());
// Any scalar: the reader takes the word as it is written, and YAML may see a number in it.
[[nodiscard]] Json string_schema(std::string_view pattern = {});
// The probabilities of values or branches.
[[nodiscard]] Json probabilities_schema();
// One of the words. A word that YAML takes for a number or boolean is legal as that, too.
[[nodiscard]] Json words_schema(const std::vector<std::string>& words);
// Schemas that ask whether a map has a key, with any value or one that is not null.
[[nodiscard]] Json nullable(Json schema);  // null is the default of every optional key
[[nodiscard]] Json has(const std::string& key);
[[nodiscard]] Json has_value(const std::string& key);

}  // namespace tuner::config
