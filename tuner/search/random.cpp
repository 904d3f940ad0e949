// Independent draws: a dimension of trial n takes the word of the stream (seed, n, SEARCH) that its name says, whatever
// else there is and in whatever order: a file with its keys in another order is the same study.
//
// No configuration is drawn twice: one that an earlier number has is drawn anew, with the stream's purpose counted on.
// So weights stay those of the draws, and the configuration of a number depends on the plan and the numbers before it
// alone. Where 64 draws give nothing new, most are taken: then the next free one of the grid of all is taken, counted
// from a random place.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "tuner/abi.h"
#include "tuner/distribution.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/search/taken.hpp"

namespace tuner::search {

namespace {

// Integers have equal shares of the scale: each owns the half-open interval around it.
Value random_integer(const Range& range, double u) {
  const double low = range.min - 0.5, high = range.max + 0.5;
  const double x = range.scale == Scale::log ? std::exp(std::log(low) + u * (std::log(high) - std::log(low)))
                                             : low + u * (high - low);
  return static_cast<std::int64_t>(std::clamp(std::round(x), range.min, range.max));
}

Value random_in(const Range& range, double u, int version) {
  if (range.distribution != Distribution::uniform) return random_quantile(range, u);
  if (range.step) {
    const std::uint64_t count = step_count(range);
    if (range.scale == Scale::linear)
      return grid_value(range, static_cast<std::uint64_t>(u * static_cast<double>(count)), version);
    // On another scale: draw there, then take the nearest step.
    Range plain = range;
    plain.step.reset();
    plain.integer = false;
    const double x = std::get<double>(random_in(plain, u, version));
    const auto k = static_cast<std::uint64_t>(std::llround((x - range.min) / *range.step));
    return grid_value(range, std::min(k, count - 1), version);
  }
  if (range.integer) return random_integer(range, u);
  double x = 0;
  switch (range.scale) {
    case Scale::linear:
      // A range may be wider than the largest number.
      x = std::isfinite(range.max - range.min) ? range.min + u * (range.max - range.min)
                                               : range.min * (1 - u) + range.max * u;
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

// Which of the choices u falls upon, each having its share of [0, sum of the probabilities).
std::size_t choice_at(double u, std::size_t count, const std::vector<double>& probabilities) {
  if (probabilities.empty()) return static_cast<std::size_t>(u * static_cast<double>(count));
  const double place = u * std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    sum += probabilities[i];
    if (place < sum) return i;
  }
  return count - 1;
}

class Random : public Searcher {
 public:
  explicit Random(const StudyPlan& plan) : Searcher(plan.repeats.count), plan_(plan), taken_(plan.space) {
    const auto& dimensions = plan.space.dimensions;
    // A search over nothing repeats one configuration, which is what it is asked for.
    if (plan.search_version == 1 || dimensions.empty()) return;
    once_ = taken_.can_repeat();
    count_ = taken_.count();
  }

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return count_; }

  [[nodiscard]] Configuration propose(std::uint64_t number, std::span<const PendingProposal> = {}) const override {
    if (!once_) return draw(number, 0);
    while (chosen_.size() <= number) choose_next();
    const Choice& choice = chosen_[number];
    return choice.attempt < kNoAttempt ? draw(number, choice.attempt) : taken_.at(choice.place);
  }

 private:
  // Where the configuration of a number comes from: a draw, or else a place in the grid of all.
  struct Choice {
    std::uint32_t attempt = 0, place = 0;
  };
  static constexpr std::uint32_t kNoAttempt = UINT32_MAX;
  // Draws for one number, before the next free place of the grid is taken; where there is no grid, before a repetition.
  static constexpr std::uint32_t kDraws = 64, kDrawsWithoutGrid = 0xffff;

  [[nodiscard]] tuner_rng stream(std::uint64_t number, std::uint32_t attempt) const {
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.purpose = TUNER_RNG_SEARCH + (attempt << 16);
    rng.seed = plan_.seed;
    rng.trial = static_cast<std::uint32_t>(number);
    return rng;
  }

  [[nodiscard]] Configuration draw(std::uint64_t number, std::uint32_t attempt) const {
    const tuner_rng rng = stream(number, attempt);
    const auto& dimensions = plan_.space.dimensions;
    Configuration configuration(dimensions.size());
    for (std::size_t i = 0; i < configuration.size(); ++i)
      if (is_active(plan_.space, configuration, i))
        configuration[i] =
            random_value(dimensions[i], tuner_rng_uniform_at(&rng, word_of(dimensions[i].name)), plan_.search_version);
    return configuration;
  }

  void choose_next() const {
    const std::uint64_t number = chosen_.size();
    const std::uint32_t draws = count_ ? kDraws : kDrawsWithoutGrid;
    for (std::uint32_t attempt = 0; attempt < draws; ++attempt)
      if (taken_.add(draw(number, attempt))) return chosen_.push_back({attempt, 0});
    if (!count_ || number >= *count_) return chosen_.push_back({0, 0});
    const tuner_rng rng = stream(number, draws);
    const std::uint64_t place = taken_.take_free(tuner_rng_uniform_at(&rng, 0));
    chosen_.push_back({kNoAttempt, static_cast<std::uint32_t>(place)});
  }

  const StudyPlan& plan_;
  bool once_ = false;                   // may a draw repeat a configuration, and must not?
  std::optional<std::uint64_t> count_;  // of the configurations, where they can be counted
  // What follows from the numbers up to now.
  mutable std::vector<Choice> chosen_;
  mutable Taken taken_;
};

}  // namespace

Value random_value(const Dimension& dimension, double u, int search_version) {
  if (const auto* range = std::get_if<Range>(&dimension.domain)) return random_in(*range, u, search_version);
  const auto drawn = [&](const auto& choices) -> Value {
    return choices[choice_at(u, choices.size(), dimension.probabilities)];
  };
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return drawn(*values);
  return drawn(std::get<Branches>(dimension.domain).labels);
}

std::unique_ptr<Searcher> make_random(const StudyPlan& plan) { return std::make_unique<Random>(plan); }

}  // namespace tuner::search
