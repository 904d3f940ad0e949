#include "tuner/report/page_columns.hpp"

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <new>
#include <stdexcept>

#include "tuner/report/filter.hpp"

namespace tuner::report {

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](std::size_t at) {
    return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0U;
  };
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::uint32_t group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += at + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    text += at + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return text;
}

Json PackedArrays::add(const char* type, const void* numbers, std::size_t size, std::size_t count) {
  const std::size_t at = bytes_.size();
  const auto* from = static_cast<const char*>(numbers);
  bytes_.reserve(at + size * count);
  for (std::size_t plane = 0; plane < size; ++plane)
    for (std::size_t i = 0; i < count; ++i) bytes_ += from[i * size + plane];
  return {{"type", type}, {"at", at}, {"count", count}};
}

std::string PackedArrays::packed() const {
  // The mantissas of random numbers do not compress: more effort would not make them smaller.
  constexpr int kEffort = 4;
  uLongf size = compressBound(bytes_.size());
  std::string deflated(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(deflated.data()), &size, reinterpret_cast<const Bytef*>(bytes_.data()),
                bytes_.size(), kEffort) != Z_OK)
    throw std::bad_alloc();  // the one thing that can be wrong
  deflated.resize(size);
  return base64(deflated);
}

std::uint32_t Cells::choice_of(const Value& value) {
  const auto [found, is_new] = known_.try_emplace(to_json(value), static_cast<std::uint32_t>(choices_.size()));
  if (is_new) {
    const bool real = std::holds_alternative<double>(value);
    choices_.push_back(real ? Json{{"n", document_of(value)}} : document_of(value));
  }
  return found->second;
}

void Cells::become_choices() {
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    if (missing_[i] != 0)
      indices_.push_back(0);
    else
      indices_.push_back(kind_ == Kind::reals ? choice_of(reals_[i]) : choice_of(integers_[i]));
  }
  kind_ = Kind::choices;
}

void Cells::add(const Value& value, bool is_there) {
  const auto* real = std::get_if<double>(&value);
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (is_there) {
    if (kind_ == Kind::unknown && (real != nullptr || integer != nullptr))
      kind_ = real != nullptr ? Kind::reals : Kind::integers;
    const bool fits = (kind_ == Kind::reals && real != nullptr) || (kind_ == Kind::integers && integer != nullptr);
    if (!fits && kind_ != Kind::choices) become_choices();
  }
  if (kind_ == Kind::choices) {
    indices_.push_back(is_there ? choice_of(value) : 0);
    return;
  }
  missing_.push_back(is_there ? 0 : 1);
  any_missing_ = any_missing_ || !is_there;
  reals_.push_back(real != nullptr && is_there ? *real : std::numeric_limits<double>::quiet_NaN());
  integers_.push_back(integer != nullptr && is_there ? *integer : 0);
}

Json Cells::pack(PackedArrays& arrays) const {
  if (kind_ == Kind::choices) return {{"data", arrays.add(indices_)}, {"missing", Json()}, {"choices", Json(choices_)}};
  return {{"data", kind_ == Kind::integers ? arrays.add(integers_) : arrays.add(reals_)},
          {"missing", any_missing_ ? arrays.add(missing_) : Json()},
          {"choices", Json()}};
}

namespace {

// "2026-11-27T06:00:00.123Z" as milliseconds since 1970; what is no such time stays what it is.
Value milliseconds_of(const std::string& text) {
  int year = 0, milliseconds = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3dZ", &year, &month, &day, &hour, &minute, &second,
                  &milliseconds) != 7)
    return text;
  using namespace std::chrono;
  const sys_days date{std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)};
  return std::int64_t{sys_time<std::chrono::milliseconds>(date).time_since_epoch().count()} +
         ((hour * 60 + minute) * 60 + second) * std::int64_t{1000} + milliseconds;
}

}  // namespace

TrialColumns::TrialColumns(const std::vector<std::string>& parameters) : names_(columns()) {
  first_parameter_ = names_.size();
  names_.insert(names_.end(), parameters.begin(), parameters.end());
  names_.emplace_back("optimizer of the trial");
  columns_.resize(names_.size());
  parameters_.resize(parameters.size());
  is_there_.resize(parameters.size());
}

void TrialColumns::add(const storage::RunRow& run, const std::string& optimizer) {
  static const std::vector<Column> kKeys = [] {
    std::vector<Column> keys;
    for (const std::string& name : report::columns()) keys.emplace_back(name, StudyNames{}, "");
    return keys;
  }();
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    Value value = kKeys[i].of(run);
    if (kKeys[i].name().ends_with("_at")) value = milliseconds_of(std::get<std::string>(value));
    columns_[i].add(value, !std::holds_alternative<Null>(value));
  }
  std::ranges::fill(is_there_, std::uint8_t{0});
  const auto first = names_.begin() + static_cast<std::ptrdiff_t>(first_parameter_);
  // Those of a trial stand in the order of the study.
  std::size_t at = 0;
  for (const auto& [name, value] : run.parameters) {
    const auto found = std::find(first + static_cast<std::ptrdiff_t>(at), names_.end() - 1, name);
    if (found == names_.end() - 1) continue;
    at = static_cast<std::size_t>(found - first);
    is_there_[at] = 1;
    parameters_[at] = value;
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    columns_[first_parameter_ + i].add(parameters_[i], is_there_[i] != 0);
  columns_.back().add(optimizer, !optimizer.empty());
}

Json TrialColumns::pack(PackedArrays& arrays) const {
  Json list = Json::array();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Json column{{"name", names_[i]}, {"parameter", i >= first_parameter_ && i + 1 < columns_.size()}};
    column.update(columns_[i].pack(arrays));
    list.push_back(std::move(column));
  }
  return list;
}

}  // namespace tuner::report
