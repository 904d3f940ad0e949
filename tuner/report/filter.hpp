// Which trials are meant: expressions such as `value < 0.1 and optimizer == adam and lr in [0.01, 0.1]`.
//
//   expression  = term {"or" term}              term = factor {"and" factor}
//   factor      = "not" factor | "(" expression ")" | NAME comparison
//   comparison  = ("==" | "!=" | "<" | "<=" | ">" | ">=" | "~") VALUE | "in" "[" VALUE {"," VALUE} "]"
//   VALUE       = number | true | false | null | nan | inf | -inf | word | "text" | 'text'
//
// A NAME is looked for among the columns (columns()), the parameters, their last words behind a dot, and the metrics
// that the study minimizes or maximizes, in this order. `lr` is the lr of the optimizer that the trial has, the first
// one if it has several. `~`: the text contains the other. A comparison with what a trial does not have, or of a string
// with a number, is false; `== null` asks whether it has it, and `!=` is the contrary of `==`. Of `tag` a trial may
// have several: a comparison holds where it holds for one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/storage/rows.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/value.hpp"

namespace tuner::report {

// The keys of a trial (docs/json.md) but parameters, and tag.
[[nodiscard]] const std::vector<std::string>& columns();

using LastValue = std::function<std::optional<double>(std::uint64_t trial, const std::string& metric)>;

// What the trials of a study have beside columns().
struct StudyNames {
  std::vector<std::string> parameters;
  std::vector<std::string> metrics;  // that it minimizes or maximizes: of the first a trial has its value
  LastValue last_value;              // of the others what it measured last
};
// The store must outlive them.
[[nodiscard]] StudyNames names_of(const storage::Store& store, const std::string& study, storage::Damage* damage);

// What a trial has under a name, null where it has nothing.
class Column {
 public:
  // Errors: usage.bad_option for an unknown name, with `option` as what gave it.
  Column(std::string name, const StudyNames& names, std::string_view option);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Value of(const storage::RunRow& run) const;
  // Are these the tags of a trial? They are a list of texts.
  [[nodiscard]] bool is_tag() const { return kind_ == Kind::column && name_ == "tag"; }

 private:
  enum class Kind { column, parameter, value, further_metric };
  std::string name_;
  Kind kind_ = Kind::column;
  LastValue last_value_;
};

// The order of a list: numbers, then texts, then what is missing.
[[nodiscard]] bool comes_before(const Value& a, const Value& b);

class Filter {
 public:
  // Errors: usage.bad_option with the place of what is wrong.
  Filter(const std::string& expression, const StudyNames& names);
  ~Filter();
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  [[nodiscard]] bool matches(const storage::RunRow& run) const;
  // Does it need RunRow::tags?
  [[nodiscard]] bool asks_for_tags() const;

  struct Node;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace tuner::report
