// Option tables made of parts.
#pragma once

#include <cstddef>

#include "tuner/plugin.hpp"

namespace tuner::objectives {

template <std::size_t n>
struct ParamTable {
  Param items[n];
};

// The parts one after another. A plugin class names it as `static constexpr auto& params = kTable.items;`.
template <std::size_t... n>
consteval auto joined(const Param (&... parts)[n]) {
  ParamTable<(n + ...)> table{};
  std::size_t at = 0;
  const auto add = [&](const auto& part) {
    for (const Param& param : part) table.items[at++] = param;
  };
  (add(parts), ...);
  return table;
}

}  // namespace tuner::objectives
