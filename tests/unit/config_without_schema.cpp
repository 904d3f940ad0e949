// The tests of the config language as scripts/test runs them: without the validator of the full run, which compares
// every verdict of the reader with that of the JSON Schema.
#include <fmt/format.h>

#include "config_reading.hpp"
#include "tuner/config/json_schema.hpp"
#include "tuner/json.hpp"

namespace tuner::config {

void compare_with_schema(const std::string&, const std::vector<std::string>&, const Error*) {}

namespace {

// Where the references of a schema lead.
std::vector<std::string> references(const Json& schema) {
  std::vector<std::string> found;
  for (const auto& [key, value] : schema.items())
    if (key == "$ref") found.push_back(value.get<std::string>());
  for (const Json& part : schema)
    for (std::string& reference : references(part)) found.push_back(std::move(reference));
  return found;
}

TEST(JsonSchema, DefinesEveryPluginAndAllThatItRefersTo) {
  const Json schema = Json::parse(json_schema(catalogue()));
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["additionalProperties"], false);
  const Json& definitions = schema["definitions"];
  for (const auto& plugin : catalogue().plugins())
    EXPECT_TRUE(definitions.contains(fmt::format("{}.{}", to_string(plugin->kind()), plugin->id()))) << plugin->id();
  const std::vector<std::string> all = references(schema);
  EXPECT_GT(all.size(), 100u);
  for (const std::string& reference : all) {
    const std::string start = "#/definitions/";
    ASSERT_TRUE(reference.starts_with(start)) << reference;
    EXPECT_TRUE(definitions.contains(reference.substr(start.size(), reference.find('/', start.size()) - start.size())))
        << reference;
  }
}

}  // namespace
}  // namespace tuner::config
