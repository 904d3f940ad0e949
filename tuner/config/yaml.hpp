// A document as YAML that parse_document() reads back.
#pragma once

#include <string>

#include "tuner/config/node.hpp"

namespace tuner::config {

// Maps and lists of the first levels on lines of their own, small ones inside of them in braces. Strings have quotes
// where a plain word could be read as something else. No comments: a Node has none.
[[nodiscard]] std::string to_yaml(const Node& root);

}  // namespace tuner::config
