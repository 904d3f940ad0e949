// The files that `tuner plugins new` writes, as templates: tuner/templates/NAME.in, where @word@ is a placeholder.
#pragma once

#include <span>
#include <string_view>

namespace tuner::templates {

struct Template {
  std::string_view name;  // "optimizer.cpp"
  std::string_view text;
};

[[nodiscard]] std::span<const Template> all();

}  // namespace tuner::templates
