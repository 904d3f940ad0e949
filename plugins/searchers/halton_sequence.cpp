#include "halton_sequence.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace searchers {
namespace {

constexpr std::uint64_t kResolution = std::uint64_t{1} << 53;

unsigned digits_of(std::uint32_t prime) {
  unsigned digits = 0;
  for (std::uint64_t power = 1; power < kResolution; power *= prime) ++digits;
  return digits;
}

}  // namespace

HaltonSequence::HaltonSequence(std::size_t dimensions) {
  const auto is_prime = [this](std::uint32_t number) {
    return std::ranges::none_of(bases_, [&](const Base& base) { return number % base.prime == 0; });
  };
  for (std::uint32_t number = 2; bases_.size() < dimensions; ++number)
    if (is_prime(number)) bases_.push_back({.prime = number, .digits = digits_of(number), .permutations = {}});
}

HaltonSequence::HaltonSequence(std::size_t dimensions, const tuner_rng& stream) : HaltonSequence(dimensions) {
  std::uint64_t draw = 0;
  for (Base& base : bases_) {
    base.permutations.resize(std::size_t{base.digits} * base.prime);
    for (auto first = base.permutations.begin(); first != base.permutations.end(); first += base.prime) {
      std::iota(first, first + base.prime, std::uint16_t{0});
      // Fisher and Yates: each one with itself or one of those before it.
      for (std::uint32_t last = base.prime - 1; last > 0; --last) {
        const auto other = static_cast<std::uint32_t>(tuner_rng_uniform_at(&stream, draw++) * (last + 1));
        std::swap(first[last], first[other]);
      }
    }
  }
}

double HaltonSequence::at(std::uint64_t n, std::size_t dimension) const {
  const Base& base = bases_[dimension];
  const bool scrambled = !base.permutations.empty();
  std::uint64_t numerator = 0, denominator = 1;
  // Without scrambling all later digits are 0, and few digits are exact.
  for (unsigned k = 0; k < base.digits && (scrambled || n > 0); ++k) {
    const std::uint64_t digit = n % base.prime;
    n /= base.prime;
    numerator = numerator * base.prime + (scrambled ? base.permutations[k * base.prime + digit] : digit);
    denominator *= base.prime;
  }
  return std::min(static_cast<double>(numerator) / static_cast<double>(denominator), 1 - 0x1p-53);
}

}  // namespace searchers
