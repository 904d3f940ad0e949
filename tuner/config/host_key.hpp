// One key of a sweep file: what it is called, what it takes, and what its absence means.
#pragma once

#include <limits>
#include <span>
#include <string_view>

#include "tuner/config/scalars.hpp"

namespace tuner::config {

struct HostKey {
  // list: of strings. own: has a reader of its own, and a part of its own in the schema.
  enum class Type { integer, real, boolean, word, string, time, list, own };

  inline constexpr double kAnyReal = std::numeric_limits<double>::max();

}  // namespace tuner::config
