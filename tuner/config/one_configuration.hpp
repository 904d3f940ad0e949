// A sweep file with one configuration in place of what it searches.
#pragma once

#include <span>
#include <string>

#include "tuner/config/config.hpp"
#include "tuner/space.hpp"

namespace tuner::config {

// The file, with its overrides, as one that runs this configuration alone: every search parameter has its value, every
// one_of is the branch that was chosen, and what belongs to a search is gone. A file of W&B becomes one of ours.
// study: the name that the new one gives its study.
// Errors: config.bad_hole where file and parameters are not of one study; those of parse_document().
[[nodiscard]] std::string one_configuration(const SweepFile& file, std::span<const std::string> overrides,
                                            const Parameters& parameters, const std::string& study);

}  // namespace tuner::config
