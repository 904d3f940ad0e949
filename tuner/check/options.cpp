// Options: every call uses those that it is given.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tuner/check/new_process.hpp"
#include "tuner/check/optimizer_rig.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

using Options = std::map<std::string, Value>;
constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 5;

// A third into the search range, on its own scale.
double third(const tuner_param& p) {
  if (p.search_scale == TUNER_SCALE_LOG) return std::pow(p.search_min, 2.0 / 3) * std::pow(p.search_max, 1.0 / 3);
  if (p.search_scale == TUNER_SCALE_LOG1M)
    return 1 - std::pow(1 - p.search_min, 2.0 / 3) * std::pow(1 - p.search_max, 1.0 / 3);
  return p.search_min + (p.search_max - p.search_min) / 3;
}

bool is_taken(const Plugin& plugin, const Options& options) {
  try {
    OptionTable(plugin, options).check(plugin);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Another value than the default: for a number one in the search range, of a flag and a choice the next one.
std::optional<Value> other_value(const tuner_param& p) {
  const bool searchable = (p.flags & TUNER_PARAM_SEARCHABLE) != 0;
  const double number = third(p) == p.default_value ? p.search_max : third(p);
  if (p.type == TUNER_TYPE_F64 && searchable) return number;
  if (p.type == TUNER_TYPE_I64 && searchable) return static_cast<std::int64_t>(std::round(number));
  if (p.type == TUNER_TYPE_BOOL) return p.default_value == 0;
  if (p.type == TUNER_TYPE_CHOICE && p.n_choices > 1)
    return std::string(p.choices[(static_cast<std::uint32_t>(p.default_value) + 1) % p.n_choices]);
  return std::nullopt;
}

// Other values than the defaults for all options that the plugin takes together, but for those with a flag of `without`
// and those that the user set.
Options other_options(const Subject& subject, std::uint32_t without) {
  const Plugin& plugin = *subject.plugin;
  Options options = subject.given;
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& p = plugin.param(i);
    const std::optional<Value> other = other_value(p);
    if (!other || (p.flags & without) != 0 || options.contains(p.id)) continue;
    Options more = options;
    more[p.id] = *other;
    if (is_taken(plugin, more)) options = std::move(more);
  }
  for (const auto& [id, value] : subject.given) options.erase(id);
  return options;
}

std::string words_of(const Options& options) {
  std::string words;
  for (const auto& [id, value] : options)
    words += fmt::format("{}{} = {}", words.empty() ? "" : ", ", id, to_display(value));
  return words;
}

// One that changes slots is not varied: what it may be is limited by memory.
constexpr std::uint32_t kForAll = TUNER_PARAM_STRUCTURAL | TUNER_PARAM_ONE_VALUE;

std::string nothing_to_vary(const Subject& subject) {
  return other_options(subject, TUNER_PARAM_STRUCTURAL).empty() ? "it has no option to vary" : "";
}

// The pieces of one type of what steps_in_new_process() returns.
State of_type(const State& both, std::uint32_t dtype) {
  const std::string prefix = std::string(dtype_name(dtype)) + " ";
  State state;
  for (Piece piece : both) {
    if (!piece.name.starts_with(prefix)) continue;
    piece.name.erase(0, prefix.size());
    state.push_back(std::move(piece));
  }
  return state;
}

void fresh(const Subject& subject, Report& report) {
  reporting(report, [&] {
    const Options other = other_options(subject, TUNER_PARAM_STRUCTURAL);
    Subject alone = subject;
    alone.given.insert(other.begin(), other.end());
    const State expected = steps_in_new_process(alone, {.tensors = {}, .count = kSteps}, "for the steps alone");
    // Another trial of other options, of other tensors, and of another type than the one that follows it.
    for (const std::uint32_t dtype : kBothDtypes) {
      Setup before = setup_for(subject, &report);
      before.dtype = dtype == TUNER_DTYPE_F64 ? TUNER_DTYPE_F32 : TUNER_DTYPE_F64;
      before.tensors = {plain_tensor("long", {70}), plain_tensor("matrix", {9, 11})};
      before.tensors[1].role = TUNER_ROLE_WEIGHT;
      Rig first(*subject.plugin, before);
      first.run(3);
      Setup setup = setup_for(alone, &report);
      setup.dtype = dtype;
      Rig second(*subject.plugin, setup);
      for (int t = 0; t < kSteps; ++t) {
        second.run(1);
        first.run(1);
      }
      if (const std::string where = difference(of_type(expected, dtype), second.state()); !where.empty())
        throw Found{fmt::format("steps at {} differ between a process of their own and one where a trial at the "
                                "defaults, on other tensors, is stepped in turn: {} ({})",
                                words_of(other), where, second.circumstances()),
                    "read options, tensors and their sizes at every call, and keep none of it in static or "
                    "thread-local variables"};
    }
  });
}

std::string no_groups(const Subject& subject) {
  if (subject.plugin->has(TUNER_PLUGIN_ONE_GROUP)) return "it takes one option for all tensors";
  return other_options(subject, kForAll).empty() ? "it has no option that may differ between groups" : "";
}

void groups(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      const Options other = other_options(subject, kForAll);
      Setup setup = setup_for(subject, &report, other);
      setup.dtype = dtype;
      Rig expected(*subject.plugin, setup);
      // All tensors are in group 2, whose options are the same; those of groups 0 and 1 are nobody's.
      setup.options = subject.given;
      setup.groups = {{}, other};
      Rig grouped(*subject.plugin, setup);
      for (int t = 0; t < kSteps; ++t) {
        expected.run(1);
        grouped.run(1);
        if (const std::string where = difference(expected.parameters(), grouped.parameters()); !where.empty())
          throw Found{fmt::format("{} as options of all tensors and as those of parameter group 2, which has all "
                                  "tensors, differ: {} ({})",
                                  words_of(other), where, grouped.circumstances()),
                      "an option of a tensor is options->values[tensor->group * options->n_params + index]; an option "
                      "that is one for all tensors is ONE_VALUE, and a rule without groups ONE_GROUP"};
      }
    });
}

constexpr Check kChecks[] = {
    {"options.fresh",
     "Steps with other options give the same bits in a process of their own and in turn with a trial at the defaults "
     "on "
     "tensors of other sizes and of the other type: nothing of a trial is kept for the next one.",
     kOptimizer, "state.resume threads.reentrant", nothing_to_vary, fresh},
    {"options.groups",
     "Options of a parameter group that has all tensors act as those of the optimizer itself, bit for bit.", kOptimizer,
     "determinism.same_seed", no_groups, groups},
};

}  // namespace

std::span<const Check> option_checks() { return kChecks; }

}  // namespace tuner::check
