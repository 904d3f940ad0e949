#include "tuner/check/sensible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "tuner/error.hpp"

namespace tuner::check {

namespace {

using Options = std::map<std::string, Value>;

bool is_legal(const Plugin& plugin, const tuner_param& param, const Value& value) {
  try {
    (void)checked_value(plugin, param, value);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The middle of the search range, on its own scale.
double middle(const tuner_param& p) {
  double value = p.search_min / 2 + p.search_max / 2;  // their sum may be infinite
  if (p.search_scale == TUNER_SCALE_LOG) value = std::sqrt(p.search_min * p.search_max);
  if (p.search_scale == TUNER_SCALE_LOG1M) value = 1 - std::sqrt((1 - p.search_min) * (1 - p.search_max));
  return p.type == TUNER_TYPE_I64 ? std::round(value) : value;
}

// A list of rising integers or falling numbers, as steps and factors are.
Value list_of(const tuner_param& p, std::size_t n) {
  List list;
  for (std::size_t i = 1; i <= n; ++i) {
    if (p.type == TUNER_TYPE_I64_LIST)
      list.emplace_back(static_cast<std::int64_t>(10 * i));
    else
      list.emplace_back(1 / static_cast<double>(i));
  }
  return list;
}

// Something legal, of which `n` is the length where it is a list; nothing for strings, which name what nobody can
// guess.
std::optional<Value> suggestion(const Plugin& plugin, const tuner_param& p, std::size_t n) {
  std::vector<Value> candidates;
  if (p.type <= TUNER_TYPE_I64) {
    if (p.flags & TUNER_PARAM_SEARCHABLE) candidates.emplace_back(middle(p));
    if (std::isfinite(p.min) && std::isfinite(p.max)) candidates.emplace_back(std::floor((p.min + p.max) / 2));
    for (const double number : {10.0, 1.0, 0.1, 0.01, 100.0, 0.0, -1.0}) candidates.emplace_back(number);
    for (const double bound : {p.min, p.max, (p.min + p.max) / 2}) candidates.emplace_back(bound);
  }
  if (p.type == TUNER_TYPE_BOOL) candidates.emplace_back(false);
  if (p.type == TUNER_TYPE_CHOICE) candidates.emplace_back(std::string(p.choices[0]));
  if (p.type == TUNER_TYPE_F64_LIST || p.type == TUNER_TYPE_I64_LIST) candidates.push_back(list_of(p, n));
  for (const Value& value : candidates)
    if (is_legal(plugin, p, value)) return checked_value(plugin, p, value);
  return std::nullopt;
}

// Why the plugin refuses the options; empty where it takes them.
std::string refusal(const Plugin& plugin, const Options& options) {
  try {
    OptionTable(plugin, options).check(plugin);
    return "";
  } catch (const Error& e) {
    return e.message();
  }
}

// One more option moved into its search range; false where none of them makes the plugin agree.
bool move_one(const Plugin& plugin, Options& options) {
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& p = plugin.param(i);
    if (options.contains(p.id) || !(p.flags & TUNER_PARAM_SEARCHABLE)) continue;
    Options tried = options;
    tried[p.id] = checked_value(plugin, p, middle(p));
    if (!refusal(plugin, tried).empty()) continue;
    options = std::move(tried);
    return true;
  }
  return false;
}

}  // namespace

OptionTable sensible_options(const Plugin& plugin, const Options& given) {
  return OptionTable(plugin, sensible_settings(plugin, given));
}

Options sensible_settings(const Plugin& plugin, const Options& given) {
  std::vector<const tuner_param*> required, lists;
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& p = plugin.param(i);
    if (!(p.flags & TUNER_PARAM_REQUIRED) || given.contains(p.id)) continue;
    if (!suggestion(plugin, p, 1))
      throw Error(Message::config_missing_key,
                  fmt::format("it needs the option '{}', for which nothing can be guessed", p.id),
                  fmt::format("give it: --set {}=...", p.id));
    (p.type >= TUNER_TYPE_TEXT ? lists : required).push_back(&p);
  }
  // Lists may have to be of lengths that fit each other: every combination of 1 to 3 for the first few of them.
  constexpr std::size_t kLengths = 3, kMostLists = 4;
  std::size_t combinations = 1;
  for (std::size_t i = 0; i < std::min(lists.size(), kMostLists); ++i) combinations *= kLengths;
  std::string first_refusal;
  for (std::size_t c = 0; c < combinations; ++c) {
    Options options = given;
    for (const tuner_param* p : required) options[p->id] = *suggestion(plugin, *p, 1);
    std::size_t rest = c;
    for (const tuner_param* p : lists) {
      options[p->id] = *suggestion(plugin, *p, rest % kLengths + 1);
      rest /= kLengths;
    }
    const std::string text = refusal(plugin, options);
    if (text.empty() || move_one(plugin, options)) return options;
    if (first_refusal.empty()) first_refusal = text;
  }
  throw Error(Message::config_impossible, first_refusal, "give options that it takes: --set OPTION=VALUE");
}

bool offers_dtype(const Plugin& plugin, const char* name) {
  const auto index = plugin.find_param("dtype");
  if (!index || plugin.param(*index).type != TUNER_TYPE_CHOICE) return false;
  const tuner_param& p = plugin.param(*index);
  return std::any_of(p.choices, p.choices + p.n_choices, [&](const char* c) { return std::strcmp(c, name) == 0; });
}

}  // namespace tuner::check
