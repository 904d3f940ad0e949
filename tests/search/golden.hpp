// Recorded values, and NumPy's random numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tuner/json.hpp"

namespace search_tests {

inline const tuner::Json& golden(const std::string& file) {
  static std::map<std::string, tuner::Json> files;
  const auto at = files.find(file);
  if (at != files.end()) return at->second;
  std::ifstream text(std::string(TUNER_SOURCE_DIR "/tests/search/data/") + file);
  return files[file] = tuner::Json::parse(text);
}

// numpy.random.RandomState(seed): its generator is std::mt19937, and random_sample() takes 53 bits of two words.
class NumPy {
 public:
  explicit NumPy(std::uint32_t seed) : words_(seed) {}
  std::uint32_t word() { return static_cast<std::uint32_t>(words_()); }
  double uniform() {
    const double high = word() >> 5;
    const double low = word() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  double normal() { return std::numeric_limits<double>::quiet_NaN(); }  // nothing here replays them

 private:
  std::mt19937 words_;
};

// The order in which numpy.argsort() of NumPy 1.24 leaves `values`: a quicksort by the median of three, not stable,
// that sorts 16 values and fewer by insertion.
class NumPyOrder {
 public:
  explicit NumPyOrder(std::vector<double> values) : values_(std::move(values)), order_(values_.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    if (!order_.empty()) sort(0, static_cast<std::ptrdiff_t>(order_.size()) - 1);
  }
  [[nodiscard]] const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  std::uint32_t& at(std::ptrdiff_t i) { return order_[static_cast<std::size_t>(i)]; }
  double value(std::ptrdiff_t i) { return values_[at(i)]; }
  void swap_if_less(std::ptrdiff_t a, std::ptrdiff_t b) {
    if (value(a) < value(b)) std::swap(at(a), at(b));
  }
  void sort(std::ptrdiff_t left, std::ptrdiff_t right) {
    if (right - left <= 15) {
      std::stable_sort(order_.begin() + left, order_.begin() + right + 1,
                       [&](std::uint32_t a, std::uint32_t b) { return values_[a] < values_[b]; });
      return;
    }
    const std::ptrdiff_t middle = left + (right - left) / 2;
    swap_if_less(middle, left);
    swap_if_less(right, middle);
    swap_if_less(middle, left);
    const double pivot = value(middle);
    std::swap(at(middle), at(right - 1));
    std::ptrdiff_t low = left;
    std::ptrdiff_t high = right - 1;
    while (true) {
      do ++low;
      while (value(low) < pivot);
      do --high;
      while (pivot < value(high));
      if (low >= high) break;
      std::swap(at(low), at(high));
    }
    std::swap(at(low), at(right - 1));
    sort(left, low - 1);
    sort(low + 1, right);
  }
  std::vector<double> values_;
  std::vector<std::uint32_t> order_;
};

}  // namespace search_tests
