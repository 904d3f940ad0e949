// The trials of a study as columns for the report page: typed, deflated, in base64.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/storage/rows.hpp"
#include "tuner/value.hpp"

namespace tuner::report {

[[nodiscard]] std::string base64(std::string_view bytes);

// Arrays of numbers, one behind the other. The bytes of an array stand in planes, the first byte of each number before
// all second ones, since those of close numbers are alike.
class PackedArrays {
 public:
  // Each returns where the array is: {"type": "f64", "at": first byte, "count": numbers}.
  Json add(std::span<const double> numbers) { return add("f64", numbers.data(), sizeof(double), numbers.size()); }
  Json add(std::span<const std::int64_t> numbers) {
    return add("i64", numbers.data(), sizeof(std::int64_t), numbers.size());
  }
  Json add(std::span<const std::uint32_t> numbers) {
    return add("u32", numbers.data(), sizeof(std::uint32_t), numbers.size());
  }
  Json add(std::span<const std::uint8_t> numbers) { return add("u8", numbers.data(), 1, numbers.size()); }
  // All of them, deflated (zlib), in base64.
  [[nodiscard]] std::string packed() const;

 private:
  Json add(const char* type, const void* numbers, std::size_t size, std::size_t count);

  std::string bytes_;
};

// What the trials have under one name. Integers and numbers are arrays as long as no trial has anything else; else each
// trial has the index of a choice.
class Cells {
 public:
  // A cell for the next trial; Null: it has nothing.
  void add(const Value& value, bool is_there = true);
  // {"data": where, "missing": where or null, "choices": array or null}. Choice 0 is what is missing; a number with a
  // fraction is {"n": number}, which tells 1 from 1.0.
  [[nodiscard]] Json pack(PackedArrays& arrays) const;

 private:
  enum class Kind { unknown, integers, reals, choices };
  std::uint32_t choice_of(const Value& value);
  void become_choices();

  Kind kind_ = Kind::unknown;
  std::vector<double> reals_;
  std::vector<std::int64_t> integers_;
  std::vector<std::uint32_t> indices_;
  std::vector<std::uint8_t> missing_;
  bool any_missing_ = false;
  std::vector<Json> choices_{Json()};
  std::map<std::string, std::uint32_t> known_;
};

class TrialColumns {
 public:
  // parameters: names of those of the study.
  explicit TrialColumns(const std::vector<std::string>& parameters);
  // optimizer: what it was trained with; empty: nothing.
  void add(const storage::RunRow& run, const std::string& optimizer);
  // An array of {"name", "parameter": bool, and what Cells::pack gives}: the keys of a trial (docs/json.md), then the
  // parameters, then "optimizer of the trial".
  [[nodiscard]] Json pack(PackedArrays& arrays) const;

 private:
  std::vector<std::string> names_;
  std::vector<Cells> columns_;  // the keys of a trial, then parameters, then the optimizer
  std::size_t first_parameter_;
  std::vector<Value> parameters_;  // of one trial, again and again
  std::vector<std::uint8_t> is_there_;
};

}  // namespace tuner::report
