// Independent draws: a dimension of trial n takes the word of the stream (seed, n, SEARCH) that its name says, whatever
// else there is and in whatever order: a file with its keys in another order is the same study.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "tuner/abi.h"
#include "tuner/search/grid.hpp"
#include "tuner/search/lr_range.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner::search {

namespace {

// Integers have equal shares of the scale: each owns the half-open interval around it.
Value random_integer(const Range& range, double u) {
  const double low = range.min - 0.5, high = range.max + 0.5;
  const double x = range.scale == Scale::log ? std::exp(std::log(low) + u * (std::log(high) - std::log(low)))
                                             : low + u * (high - low);
  return static_cast<std::int64_t>(std::clamp(std::round(x), range.min, range.max));
}

Value random_in(const Range& range, double u) {
  if (range.step) {
    Dimension stepped;
    stepped.domain = range;
    const auto values = grid_values(stepped);
    if (range.scale == Scale::linear) return values[static_cast<std::size_t>(u * static_cast<double>(values.size()))];
    // On another scale: draw there, then take the nearest step.
    Range plain = range;
    plain.step.reset(), plain.integer = false;
    const double x = std::get<double>(random_in(plain, u));
    const auto k = static_cast<std::size_t>(std::llround((x - range.min) / *range.step));
    return values[std::min(k, values.size() - 1)];
  }
  if (range.integer) return random_integer(range, u);
  double x = 0;
  switch (range.scale) {
    case Scale::linear:
      x = range.min + u * (range.max - range.min);
      break;
    case Scale::log:
      x = std::exp(std::log(range.min) + u * (std::log(range.max) - std::log(range.min)));
      break;
    case Scale::log1m:
      x = 1 - std::exp(std::log1p(-range.min) + u * (std::log1p(-range.max) - std::log1p(-range.min)));
      break;
  }
  return std::clamp(x, range.min, range.max);
}

// Source: Fowler, Noll, Vo: FNV-1a, 64 bits.
std::uint64_t word_of(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

class Random : public Searcher {
 public:
  explicit Random(const StudyPlan& plan) : plan_(plan) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return plan_.trials; }
  [[nodiscard]] Point propose(std::uint64_t number) const override {
    tuner_rng rng{};
    rng.struct_size = sizeof rng, rng.purpose = TUNER_RNG_SEARCH, rng.seed = plan_.seed;
    rng.trial = static_cast<std::uint32_t>(number);
    Point point(plan_.space.dimensions.size());
    for (std::size_t i = 0; i < point.size(); ++i)
      if (is_active(plan_.space, point, i))
        point[i] = random_value(plan_.space.dimensions[i],
                                tuner_rng_uniform_at(&rng, word_of(plan_.space.dimensions[i].name)));
    return point;
  }

 private:
  const StudyPlan& plan_;
};

}  // namespace

Value random_value(const Dimension& dimension, double u) {
  if (const auto* range = std::get_if<Range>(&dimension.domain)) return random_in(*range, u);
  const auto values = grid_values(dimension);
  return values[static_cast<std::size_t>(u * static_cast<double>(values.size()))];
}

std::unique_ptr<Searcher> make_searcher(const StudyPlan& plan) {
  if (plan.method == "random") return std::make_unique<Random>(plan);
  if (plan.method == "lr_range") return std::make_unique<RangeSearch>(plan);
  return std::make_unique<Grid>(plan.space);
}

}  // namespace tuner::search
