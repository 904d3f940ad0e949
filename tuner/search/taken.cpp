#include "tuner/search/taken.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string_view>

#include "tuner/grid.hpp"

namespace tuner::search {

namespace {

constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 22;

// Which value of its dimension `value` is, counted from 0 in any order that gives each its own number.
std::uint64_t index_of(const Dimension& dimension, const Value& value) {
  if (const auto* branches = std::get_if<Branches>(&dimension.domain)) return branch_of(*branches, value);
  if (const auto* values = std::get_if<Values>(&dimension.domain))
    return static_cast<std::uint64_t>(std::ranges::find(*values, value) - values->begin());
  const auto& range = std::get<Range>(dimension.domain);
  if (range.integer) return static_cast<std::uint64_t>(std::get<std::int64_t>(value));
  const double first = std::isfinite(range.min) ? range.min / *range.step : 0;
  return static_cast<std::uint64_t>(std::llround(std::get<double>(value) / *range.step - first));
}

// FNV-1a.
std::uint64_t hash_of(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : key) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

bool is_discrete(const Dimension& dimension) {
  const auto* range = std::get_if<Range>(&dimension.domain);
  return range == nullptr || range->step || range->integer;
}

// The space with a step for every range of integers, so that a grid has all of them.
Space with_steps(Space space) {
  for (Dimension& dimension : space.dimensions)
    if (auto* range = std::get_if<Range>(&dimension.domain)) {
      range->count.reset();
      if (range->integer && !range->step) range->step = 1;
    }
  return space;
}

}  // namespace

Taken::Taken(const Space& space)
    : space_(space),
      can_repeat_(std::ranges::none_of(
          space.dimensions, [](const Dimension& dimension) { return !dimension.parent && !is_discrete(dimension); })),
      count_(configuration_count(space)) {
  // Larger spaces are never exhausted.
  if (count_ && *count_ > kMostCounted) count_.reset();
}

std::string Taken::key_of(const Configuration& configuration, bool& is_countable) const {
  std::string key;
  is_countable = true;
  for (std::size_t i = 0; i < configuration.size(); ++i) {
    if (!configuration[i]) continue;
    if (!is_discrete(space_.dimensions[i])) {
      is_countable = false;
      const auto bits = std::bit_cast<std::array<char, sizeof(double)>>(std::get<double>(*configuration[i]));
      key.append(bits.data(), bits.size());
      continue;
    }
    for (std::uint64_t index = index_of(space_.dimensions[i], *configuration[i]);; index >>= 7) {
      key += static_cast<char>((index & 127) | (index > 127 ? 128 : 0));
      if (index <= 127) break;
    }
  }
  return key;
}

bool Taken::has(const Configuration& configuration) const {
  bool is_countable = true;
  const std::string key = key_of(configuration, is_countable);
  return is_countable ? taken_.contains(key) : hashes_.contains(hash_of(key));
}

bool Taken::add(const Configuration& configuration) {
  bool is_countable = true;
  std::string key = key_of(configuration, is_countable);
  return is_countable ? taken_.insert(std::move(key)).second : hashes_.insert(hash_of(key)).second;
}

std::uint64_t Taken::take_free(double u) {
  auto place = static_cast<std::uint64_t>(u * static_cast<double>(*count_));
  while (!add(at(place))) place = (place + 1) % *count_;
  return place;
}

Configuration Taken::at(std::uint64_t place) const { return grid().propose(place); }

const Grid& Taken::grid() const {
  if (!grid_) {
    stepped_ = with_steps(space_);
    grid_.emplace(stepped_);
  }
  return *grid_;
}

}  // namespace tuner::search
