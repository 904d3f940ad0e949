#include "tuner/options.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner {

namespace {

constexpr std::int64_t kExactIntegers = std::int64_t{1} << 53;  // i64 options travel as doubles

std::string type_word(const tuner_param& param) {
  switch (param.type) {
    case TUNER_TYPE_F64:
      return "a number";
    case TUNER_TYPE_I64:
      return "an integer";
    case TUNER_TYPE_BOOL:
      return "true or false";
    case TUNER_TYPE_CHOICE:
      return "one of its choices";
    case TUNER_TYPE_TEXT:
      return "a string";
    case TUNER_TYPE_F64_LIST:
      return "a list of numbers";
    case TUNER_TYPE_I64_LIST:
      return "a list of integers";
    default:
      return "a list of strings";
  }
}

std::string name_of(const Plugin& plugin, const tuner_param& param) {
  return fmt::format("option '{}' of {} '{}'", param.id, to_string(plugin.kind()), plugin.id());
}

[[noreturn]] void wrong_type(const Plugin& plugin, const tuner_param& param, const Value& value) {
  std::string remedy;
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool numeric = param.type == TUNER_TYPE_F64 || param.type == TUNER_TYPE_I64;
    if (numeric && !text->empty() && (std::isdigit(static_cast<unsigned char>((*text)[0])) || (*text)[0] == '-'))
      remedy = "a quoted number is a string: remove the quotes";
    if (param.type == TUNER_TYPE_BOOL) remedy = "write true or false";
  }
  throw Error(Message::config_wrong_type,
              fmt::format("{} takes {}, not {}", name_of(plugin, param), type_word(param), to_json(value)), remedy);
}

void require_range(const Plugin& plugin, const tuner_param& param, double number) {
  if (!is_legal(param, number))
    throw Error(Message::config_out_of_range,
                fmt::format("{} must be {}, not {}", name_of(plugin, param), range_text(param), number));
}

// A number of the wanted kind, or nothing where the scalar is of another type.
std::optional<double> as_number(const Scalar& scalar, bool integer) {
  if (const auto* i = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&scalar); d && (!integer || *d == std::floor(*d))) return *d;
  return std::nullopt;
}

// The integer that `scalar` is, in its range and exact as a double.
std::int64_t legal_integer(const Plugin& plugin, const tuner_param& param, const Scalar& scalar, double number) {
  require_range(plugin, param, number);
  const auto* given = std::get_if<std::int64_t>(&scalar);
  const bool exact = given ? -kExactIntegers <= *given && *given <= kExactIntegers
                           : std::abs(number) <= static_cast<double>(kExactIntegers);
  if (!exact)
    throw Error(Message::config_out_of_range,
                fmt::format("{} takes integers up to 2^53, not {}", name_of(plugin, param),
                            given ? fmt::to_string(*given) : fmt::to_string(number)));
  return static_cast<std::int64_t>(number);
}

Scalar to_scalar(const Value& value) {
  return std::visit(
      [](const auto& v) -> Scalar {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, List>)
          return Null{};
        else
          return v;
      },
      value);
}

Value checked_list(const Plugin& plugin, const tuner_param& param, const Value& value) {
  List list = std::holds_alternative<List>(value) ? std::get<List>(value) : List{to_scalar(value)};
  for (Scalar& item : list) {
    if (param.type == TUNER_TYPE_TEXT_LIST) {
      if (!std::holds_alternative<std::string>(item)) wrong_type(plugin, param, value);
      continue;
    }
    const bool integer = param.type == TUNER_TYPE_I64_LIST;
    const auto number = as_number(item, integer);
    if (!number) wrong_type(plugin, param, value);
    if (integer) {
      item = legal_integer(plugin, param, item, *number);
    } else {
      require_range(plugin, param, *number);
      item = *number;
    }
  }
  return list;
}

std::vector<std::string> choices_of(const tuner_param& param) {
  return {param.choices, param.choices + param.n_choices};
}

}  // namespace

bool is_legal(const tuner_param& param, double number) {
  if ((param.flags & TUNER_PARAM_MIN_OPEN) && number == param.min) return false;
  if ((param.flags & TUNER_PARAM_MAX_OPEN) && number == param.max) return false;
  return std::isfinite(number) && number >= param.min && number <= param.max;
}

std::string range_text(const tuner_param& param) {
  const bool open_low = (param.flags & TUNER_PARAM_MIN_OPEN) != 0,
             open_high = (param.flags & TUNER_PARAM_MAX_OPEN) != 0;
  std::string low, high;
  if (std::isfinite(param.min)) low = fmt::format("{} {}", open_low ? "above" : "at least", param.min);
  if (std::isfinite(param.max)) high = fmt::format("{} {}", open_high ? "below" : "at most", param.max);
  if (!low.empty() && !high.empty()) return low + " and " + high;
  if (low.empty() && high.empty()) return "a finite number";
  return low.empty() ? high : low;
}

Value checked_value(const Plugin& plugin, const tuner_param& param, const Value& value) {
  if (std::holds_alternative<Null>(value)) return value;
  switch (param.type) {
    case TUNER_TYPE_F64:
    case TUNER_TYPE_I64: {
      if (std::holds_alternative<List>(value)) wrong_type(plugin, param, value);
      const bool integer = param.type == TUNER_TYPE_I64;
      const auto number = as_number(to_scalar(value), integer);
      if (!number) wrong_type(plugin, param, value);
      if (integer) return legal_integer(plugin, param, to_scalar(value), *number);
      require_range(plugin, param, *number);
      return *number;
    }
    case TUNER_TYPE_BOOL:
      if (!std::holds_alternative<bool>(value)) wrong_type(plugin, param, value);
      return value;
    case TUNER_TYPE_CHOICE: {
      const auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) wrong_type(plugin, param, value);
      const auto choices = choices_of(param);
      for (const auto& choice : choices)
        if (choice == *text) return value;
      throw Error(Message::config_bad_value, fmt::format("{} has no choice '{}'", name_of(plugin, param), shown(*text)),
                  did_you_mean(*text, choices));
    }
    case TUNER_TYPE_TEXT:
      if (!std::holds_alternative<std::string>(value)) wrong_type(plugin, param, value);
      return value;
    default:
      return checked_list(plugin, param, value);
  }
}

Value default_value(const tuner_param& param) {
  switch (param.type) {
    case TUNER_TYPE_F64:
      return param.default_value;
    case TUNER_TYPE_I64:
      return static_cast<std::int64_t>(param.default_value);
    case TUNER_TYPE_BOOL:
      return param.default_value != 0;
    case TUNER_TYPE_CHOICE:
      return std::string(param.choices[static_cast<std::size_t>(param.default_value)]);
    case TUNER_TYPE_TEXT:
      return param.default_text ? Value(std::string(param.default_text)) : Value(Null{});
    default:
      return param.default_text ? value_from_json(param.default_text) : Value(Null{});
  }
}

namespace {

double number_of(const tuner_param& param, const Value& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1 : 0;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* s = std::get_if<std::string>(&value); s && param.type == TUNER_TYPE_CHOICE) {
    for (std::uint32_t i = 0; i < param.n_choices; ++i)
      if (*s == param.choices[i]) return i;
  }
  return 0;
}

}  // namespace

OptionTable::OptionTable(const Plugin& plugin, const std::map<std::string, Value>& given,
                         const std::vector<std::map<std::string, Value>>& groups)
    : n_groups_(static_cast<std::uint32_t>(groups.size() + 1)),
      n_params_(static_cast<std::uint32_t>(plugin.param_count())) {
  values_.assign(std::size_t{n_groups_} * n_params_, 0.0);
  reals_.resize(n_params_);
  integers_.resize(n_params_);
  texts_.resize(n_params_);
  text_pointers_.resize(n_params_);
  lists_.assign(n_params_, tuner_list{});
  for (std::size_t p = 0; p < n_params_; ++p) {
    const tuner_param& param = plugin.param(p);
    const auto found = given.find(param.id);
    Value value = found == given.end() ? Value(Null{}) : found->second;
    if (std::holds_alternative<Null>(value)) {
      if (param.flags & TUNER_PARAM_REQUIRED)
        throw Error(Message::config_missing_key,
                    fmt::format("{} is missing: it has no default", name_of(plugin, param)),
                    fmt::format("add '{}:'; `tuner plugins show {}` explains it", param.id, plugin.id()));
      value = default_value(param);
    }
    lists_[p].struct_size = sizeof(tuner_list);
    if (param.type <= TUNER_TYPE_CHOICE) {
      for (std::uint32_t g = 0; g < n_groups_; ++g) {
        const auto* overrides = g == 0 ? nullptr : &groups[g - 1];
        const auto over = overrides ? overrides->find(param.id) : given.end();
        const bool overridden = overrides && over != overrides->end() && !std::holds_alternative<Null>(over->second);
        values_[g * n_params_ + p] = number_of(param, overridden ? over->second : value);
      }
      continue;
    }
    if (std::holds_alternative<Null>(value)) continue;
    const List list = std::holds_alternative<List>(value) ? std::get<List>(value) : List{to_scalar(value)};
    for (const Scalar& item : list) {
      if (const auto* s = std::get_if<std::string>(&item))
        texts_[p].push_back(*s);
      else if (param.type == TUNER_TYPE_I64_LIST)
        integers_[p].push_back(static_cast<std::int64_t>(as_number(item, true).value_or(0)));
      else
        reals_[p].push_back(as_number(item, false).value_or(0));
    }
    lists_[p].count = list.size();
    if (param.type == TUNER_TYPE_F64_LIST)
      lists_[p].f64 = reals_[p].data();
    else if (param.type == TUNER_TYPE_I64_LIST)
      lists_[p].i64 = integers_[p].data();
    else {
      for (const auto& s : texts_[p]) text_pointers_[p].push_back(s.c_str());
      lists_[p].text = text_pointers_[p].data();
    }
  }
  base_ = values_;
}

const tuner_options* OptionTable::abi() const {
  abi_ = tuner_options{};
  abi_.struct_size = sizeof abi_;
  abi_.n_groups = n_groups_;
  abi_.n_params = n_params_;
  abi_.list_stride = sizeof(tuner_list);
  abi_.values = values_.data();
  abi_.lists = lists_.data();
  abi_.base = base_.data();
  return &abi_;
}

void OptionTable::configure(std::size_t param, std::uint32_t group, double value) {
  values_[group * n_params_ + param] = value;
  base_[group * n_params_ + param] = value;
}

std::string OptionTable::text_of(std::size_t p) const {
  if (lists_[p].count == 0) return format_number(values_[p]);
  List list;
  for (const double v : reals_[p]) list.emplace_back(v);
  for (const std::int64_t v : integers_[p]) list.emplace_back(v);
  for (const auto& v : texts_[p]) list.emplace_back(v);
  return to_json(list);
}

void OptionTable::check(const Plugin& plugin) const {
  std::int32_t (*check)(const tuner_options*, tuner_error*) = nullptr;
  switch (plugin.kind()) {
    case Kind::optimizer:
      check = plugin.optimizer().check;
      break;
    case Kind::scheduler:
      check = plugin.scheduler().check;
      break;
    case Kind::objective:
      check = plugin.objective().check;
      break;
    case Kind::searcher:
      check = plugin.searcher().check;
      break;
    case Kind::pruner:
      check = plugin.pruner().check;
      break;
  }
  if (check == nullptr) return;
  // A plugin sees one group at a time: a rule holds for each of them alone.
  for (std::uint32_t g = 0; g < n_groups_; ++g) {
    tuner_options one = *abi();
    one.n_groups = 1;
    one.values = values_.data() + std::size_t{g} * n_params_;
    one.base = base_.data() + std::size_t{g} * n_params_;
    tuner_error error{};
    error.struct_size = sizeof error;
    if (check(&one, &error) != TUNER_OK)
      throw Error(Message::config_impossible,
                  fmt::format("{} '{}' refuses its options: {}", to_string(plugin.kind()), plugin.id(), error.text));
  }
}

}  // namespace tuner
