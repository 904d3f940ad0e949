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
  using enum Type;
  std::string_view key;
  Type type;
  std::string_view doc;
  std::string_view fallback = {};  // what the key's absence means, as JSON; empty where a sentence would be needed
  Bounds bounds = {0, 0x1p53};     // integer, real
  std::span<const char* const> words = {};  // word
  std::string_view pattern = {};            // string: a regular expression for the whole of it
};

inline constexpr double kAnyReal = std::numeric_limits<double>::max();

}  // namespace tuner::config
