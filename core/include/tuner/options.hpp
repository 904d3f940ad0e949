// Values of a plugin's options: checked against its metadata, laid out as the ABI wants them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/abi.h"
#include "tuner/catalogue.hpp"
#include "tuner/value.hpp"

namespace tuner {

// Brings a value into the type of an option: an integer where a number is due becomes one, a number without a
// fraction an integer, one scalar a list of one. Null stands for the default and stays null.
// Errors: config.wrong_type, config.out_of_range, config.bad_value (a choice that there is not; a reserved kind of
// number), each naming plugin and option, the value and what is legal.
[[nodiscard]] Value checked_value(const Plugin& plugin, const tuner_param& param, const Value& value);

// Is the number in the option's legal range? And that range in words: "at least 0 and below 1".
[[nodiscard]] bool is_legal(const tuner_param& param, double number);
[[nodiscard]] std::string range_text(const tuner_param& param);

// The default of an option as a value; null for an absent text or empty list.
[[nodiscard]] Value default_value(const tuner_param& param);

// A plugin's options in all groups. Owns what the ABI's pointers point to. Movable.
class OptionTable {
 public:
  // given: values by option id, already checked_value'd; the rest are defaults. groups: overrides on top of `given`,
  // one entry per group after the first; none for a plugin without groups.
  // Errors: config.missing_key for a REQUIRED option that is not given.
  OptionTable(const Plugin& plugin, const std::map<std::string, Value>& given,
              const std::vector<std::map<std::string, Value>>& groups = {});
  OptionTable(OptionTable&&) noexcept = default;
  OptionTable& operator=(OptionTable&&) noexcept = default;

  [[nodiscard]] const tuner_options* abi() const;
  [[nodiscard]] std::uint32_t group_count() const { return n_groups_; }
  [[nodiscard]] double number(std::size_t param, std::uint32_t group = 0) const {
    return values_[group * n_params_ + param];
  }
  // The value of a step, where a schedule drives the option: the configured one stays beside it, for the plugin to see.
  void set_number(std::size_t param, std::uint32_t group, double value) { values_[group * n_params_ + param] = value; }

  // The configured value itself.
  void configure(std::size_t param, std::uint32_t group, double value);

  // The option's value in group 0 as text, for keys and messages: equal texts are equal values.
  [[nodiscard]] std::string text_of(std::size_t param) const;

  // Asks the plugin's own check(). Throws config.impossible with its text.
  void check(const Plugin& plugin) const;

 private:
  std::uint32_t n_groups_ = 1, n_params_ = 0;
  std::vector<double> values_, base_;
  std::vector<std::vector<double>> reals_;
  std::vector<std::vector<std::int64_t>> integers_;
  std::vector<std::vector<std::string>> texts_;
  std::vector<std::vector<const char*>> text_pointers_;
  std::vector<tuner_list> lists_;
  mutable tuner_options abi_{};
};

}  // namespace tuner
