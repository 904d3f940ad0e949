#include "tuner/report/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/plan.hpp"
#include "tuner/text.hpp"

namespace tuner::report {

namespace {

constexpr std::string_view kOption = "--where";

std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}
bool is_null(const Value& value) { return std::holds_alternative<Null>(value); }

bool equal(const Value& a, const Value& b) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y) return *x == *y || (std::isnan(*x) && std::isnan(*y));
  return a == b;
}

}  // namespace

const std::vector<std::string>& columns() {
  static const std::vector<std::string> names{"trial",   "outcome",    "value",       "steps",         "evaluations",
                                              "seconds", "error",      "attempt",     "configuration", "replicate",
                                              "seed",    "started_at", "finished_at", "violation",     "tag"};
  return names;
}

StudyNames names_of(const storage::Store& store, const std::string& study, storage::Damage* damage) {
  StudyNames names{.parameters = store.parameter_names(study, damage),
                   .metrics = {store.study(study).metric},
                   .last_value = [&store, study](std::uint64_t trial, const std::string& metric) {
                     return store.last_value(study, trial, metric);
                   }};
  for (const FurtherMetric& metric : further_metrics_of(store.versions(study).back().plan))
    names.metrics.push_back(metric.name);
  return names;
}

Column::Column(std::string name, const StudyNames& names, std::string_view option) : name_(std::move(name)) {
  if (std::ranges::find(columns(), name_) != columns().end()) return;
  const auto is_it = [this](const std::string& parameter) {
    return parameter == name_ || parameter.ends_with("." + name_);
  };
  if (std::ranges::any_of(names.parameters, is_it)) {
    kind_ = Kind::parameter;
    return;
  }
  if (const auto metric = std::ranges::find(names.metrics, name_); metric != names.metrics.end()) {
    kind_ = metric == names.metrics.begin() ? Kind::value : Kind::further_metric;
    last_value_ = names.last_value;
    return;
  }
  std::vector<std::string> known = columns();
  known.insert(known.end(), names.parameters.begin(), names.parameters.end());
  known.insert(known.end(), names.metrics.begin(), names.metrics.end());
  throw Error(Message::usage_bad_option,
              fmt::format("{}: '{}' is no column, no parameter and no metric of the study", option, shown(name_)),
              did_you_mean(name_, known));
}

Value Column::of(const storage::RunRow& run) const {
  const auto real = [](std::optional<double> number) { return number ? Value(*number) : Value(Null{}); };
  if (kind_ == Kind::value) return real(run.value);
  if (kind_ == Kind::further_metric) {
    const std::optional<double> last = last_value_(run.number, name_);
    return last && std::isnan(*last) ? Value(Null{}) : real(last);
  }
  if (kind_ == Kind::parameter) {
    for (const auto& [name, value] : run.parameters)
      if (name == name_) return value;
    for (const auto& [name, value] : run.parameters)
      if (name.ends_with("." + name_)) return value;
    return Null{};
  }
  const auto count = [](auto number) { return Value(static_cast<std::int64_t>(number)); };
  if (name_ == "trial") return count(run.number);
  if (name_ == "outcome") return std::string(to_string(run.outcome));
  if (name_ == "value") return real(run.value);
  if (name_ == "steps") return run.steps;
  if (name_ == "evaluations") return count(run.evaluations);
  if (name_ == "seconds") return run.wall_seconds;
  if (name_ == "error") return run.error.empty() ? Value(Null{}) : Value(run.error);
  if (name_ == "attempt") return count(run.attempt);
  if (name_ == "configuration") return count(run.configuration);
  if (name_ == "replicate") return count(run.replicate);
  if (name_ == "seed") return count(run.seed);
  if (name_ == "violation") return real(run.violation);
  if (name_ == "tag") return run.tags.empty() ? Value(Null{}) : Value(List(run.tags.begin(), run.tags.end()));
  return name_ == "started_at" ? run.started_at : run.finished_at;
}

bool comes_before(const Value& a, const Value& b) {
  const auto rank = [](const Value& value) {
    const auto number = number_of(value);
    if (number) return std::isnan(*number) ? 1 : 0;
    return is_null(value) ? 3 : 2;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (rank(a) == 0) return *number_of(a) < *number_of(b);
  return rank(a) == 2 && to_display(a) < to_display(b);
}

struct Filter::Node {
  enum class Kind { all, any, negation, equal, unequal, below, at_most, above, at_least, contains, one_of };
  Kind kind = Kind::all;
  std::vector<Node> parts = {};       // of all, any, negation
  std::optional<Column> column = {};  // of the others
  std::vector<Value> values = {};

  [[nodiscard]] bool matches(const storage::RunRow& run) const {
    const auto holds = [&](const Node& part) { return part.matches(run); };
    if (kind == Kind::all) return std::ranges::all_of(parts, holds);
    if (kind == Kind::any) return std::ranges::any_of(parts, holds);
    if (kind == Kind::negation) return !parts.front().matches(run);
    const Value value = column->of(run);
    if (!column->is_tag() || is_null(value)) return holds_for(value);
    const auto holds_for_tag = [&](const std::string& tag) { return holds_for(tag); };
    return kind == Kind::unequal ? std::ranges::all_of(run.tags, holds_for_tag)
                                 : std::ranges::any_of(run.tags, holds_for_tag);
  }
  [[nodiscard]] bool holds_for(const Value& value) const {
    const auto is = [&](const Value& other) { return equal(value, other); };
    if (kind == Kind::equal || kind == Kind::one_of) return std::ranges::any_of(values, is);
    if (kind == Kind::unequal) return !is(values.front());
    if (kind == Kind::contains)
      return is_null(value) ? false : to_display(value).find(to_display(values.front())) != std::string::npos;
    return compares(value);
  }
  [[nodiscard]] bool asks_for_tags() const {
    return (column && column->is_tag()) ||
           std::ranges::any_of(parts, [](const Node& part) { return part.asks_for_tags(); });
  }
  // Two numbers or two texts.
  [[nodiscard]] bool compares(const Value& value) const {
    const auto x = number_of(value), y = number_of(values.front());
    if (x && y) return ordered(*x, *y);
    const auto* a = std::get_if<std::string>(&value);
    const auto* b = std::get_if<std::string>(&values.front());
    return a != nullptr && b != nullptr && ordered(*a, *b);
  }
  template <class T>
  [[nodiscard]] bool ordered(const T& a, const T& b) const {
    if (kind == Kind::below) return a < b;
    if (kind == Kind::at_most) return a <= b;
    return kind == Kind::above ? a > b : a >= b;
  }
};

namespace {

using Node = Filter::Node;

class FilterReader {
 public:
  FilterReader(const std::string& text, const StudyNames& names) : text_(text), names_(names) {}
  Node read() {
    Node node = read_any();
    skip_blanks();
    if (at_ < text_.size()) refuse("'and', 'or' or the end");
    return node;
  }

 private:
  [[noreturn]] void refuse(const std::string& due) const {
    const std::string rest = at_ < text_.size() ? fmt::format("'{}'", shown(text_.substr(at_, 20))) : "the end";
    throw Error(Message::usage_bad_option,
                fmt::format("{} {}: at character {}: expected {}, found {}", kOption, shown(text_), at_ + 1, due, rest),
                "for example: --where 'value < 0.1 and optimizer == adam and lr in [0.01, 0.1]'");
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-' || c == '+';
  }
  // The word that comes next, which is not taken.
  [[nodiscard]] std::string next_word() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool take_word(std::string_view word) {
    if (next_word() != word) return false;
    at_ += word.size();
    return true;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  Node read_any() {
    return read_list("or", Node::Kind::any, [this] { return read_all(); });
  }
  Node read_all() {
    return read_list("and", Node::Kind::all, [this] { return read_factor(); });
  }
  template <class Read>
  Node read_list(std::string_view word, Node::Kind kind, Read read) {
    Node first = read();
    if (next_word() != word) return first;
    Node list{.kind = kind};
    list.parts.push_back(std::move(first));
    while (take_word(word)) list.parts.push_back(read());
    return list;
  }
  Node read_factor() {
    if (++depth_ > kMostDepth) refuse("an expression that is not so deep");
    Node node = read_simple();
    --depth_;
    return node;
  }
  Node read_simple() {
    if (take_word("not")) {
      Node node{.kind = Node::Kind::negation};
      node.parts.push_back(read_factor());
      return node;
    }
    if (take("(")) {
      Node node = read_any();
      if (!take(")")) refuse("')'");
      return node;
    }
    const std::string name = next_word();
    if (name.empty() || name == "and" || name == "or") refuse("a column, a parameter or a metric");
    at_ += name.size();
    Node node{.column = Column(name, names_, kOption)};
    read_comparison(node);
    return node;
  }
  void read_comparison(Node& node) {
    constexpr std::pair<std::string_view, Node::Kind> kSigns[] = {
        {"==", Node::Kind::equal},    {"!=", Node::Kind::unequal}, {"<=", Node::Kind::at_most},
        {">=", Node::Kind::at_least}, {"<", Node::Kind::below},    {">", Node::Kind::above},
        {"=", Node::Kind::equal},     {"~", Node::Kind::contains}};
    if (take_word("in")) {
      node.kind = Node::Kind::one_of;
      if (!take("[")) refuse("'['");
      do node.values.push_back(read_value());
      while (take(","));
      if (!take("]")) refuse("',' or ']'");
      return;
    }
    for (const auto& [sign, kind] : kSigns)
      if (take(sign)) {
        node.kind = kind;
        node.values.push_back(read_value());
        return;
      }
    refuse("a comparison: ==, !=, <, <=, >, >=, ~ or in");
  }
  Value read_value() {
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      const std::size_t end = text_.find(text_[at_], at_ + 1);
      if (end == std::string::npos) refuse("a string that ends with a quote");
      const std::string text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return text;
    }
    const std::string word = next_word();
    if (word.empty()) refuse("a value");
    at_ += word.size();
    if (word == "null") return Null{};
    if (word == "true" || word == "false") return word == "true";
    if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (word == "inf" || word == "-inf") return word == "inf" ? HUGE_VAL : -HUGE_VAL;
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc{} && end == word.data() + word.size()) return number;
    return word;
  }

  static constexpr int kMostDepth = 100;
  const std::string& text_;
  const StudyNames& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Filter::Filter(const std::string& expression, const StudyNames& names)
    : root_(std::make_unique<Node>(FilterReader(expression, names).read())) {}
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
bool Filter::matches(const storage::RunRow& run) const { return root_->matches(run); }
bool Filter::asks_for_tags() const { return root_->asks_for_tags(); }

}  // namespace tuner::report
