// A sweep file up to its document: reading it, its overrides, and its list of plugins.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/config/node.hpp"

namespace tuner::config {

// The document with its overrides. trials and run_cap are one thing: an override of one takes the place of the other.
// Errors: those of parse_document and apply_override.
[[nodiscard]] Node document_of(const SweepFile& file, std::span<const std::string> overrides);

// Files of a list `plugins:`. Errors: config.wrong_type.
[[nodiscard]] std::vector<std::string> read_plugin_list(const Node& node);

}  // namespace tuner::config
