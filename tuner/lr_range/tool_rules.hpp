// The rules of other tools, for rules.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "tuner/lr_range/rules.hpp"

namespace tuner::lr_range {

// As apply_rule(); nullopt where no tool has a rule of this name.
[[nodiscard]] std::optional<Finding> apply_tool_rule(std::string_view name, const Curve& curve,
                                                     std::size_t planned_steps);

}  // namespace tuner::lr_range
