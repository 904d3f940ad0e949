// A JSON Schema validator for sweep files: what an editor would say about them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tuner/config/node.hpp"

namespace tuner::config {

class SchemaValidator {
 public:
  // Throws std::runtime_error where the text is no JSON Schema.
  explicit SchemaValidator(const std::string& schema);
  ~SchemaValidator();
  // What the schema has against the document as YAML 1.2 reads it; nothing where it is valid.
  [[nodiscard]] std::optional<std::string> refusal(const Node& document) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tuner::config
