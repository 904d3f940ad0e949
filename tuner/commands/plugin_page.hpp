// What a plugin says of itself: as a page to read, and as JSON.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/tensor.hpp"

namespace tuner::commands {

// "number", "integers": names of TUNER_TYPE_...
[[nodiscard]] const char* type_name(std::uint32_t type);

// What an objective trains with these settings (OPTION=VALUE), or why that is not known.
struct Layout {
  std::vector<TensorSpec> tensors;
  std::string problem;
};
[[nodiscard]] Layout layout_of(const Plugin& objective, const std::vector<std::string>& settings);

template <class Archive>
void serialize(Archive& archive, Layout& layout) {
  archive(layout.tensors, layout.problem);
}

// A table of name, shape and role.
void print_tensors(std::ostream& out, std::span<const TensorSpec> tensors);

// One object: everything of the page but the curve of a schedule.
[[nodiscard]] std::string plugin_json(const Plugin& plugin, const Layout& layout);

}  // namespace tuner::commands
