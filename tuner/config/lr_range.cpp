#include "tuner/config/lr_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tuner/config/language.hpp"
#include "tuner/config/plugins.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

std::string full_name(std::string_view section, std::string_view key) { return fmt::format("{}.{}", section, key); }

std::int64_t read_integer(std::span<const HostKey> keys, const Entry& entry, std::string_view section) {
  return integer_within(entry.value, host_key(keys, entry.key).bounds, full_name(section, entry.key));
}
double read_real(std::span<const HostKey> keys, const Entry& entry, std::string_view section) {
  return real_within(entry.value, host_key(keys, entry.key).bounds, full_name(section, entry.key));
}

// The word none, which a part of the test that is left out has in place of its map.
bool is_none(const Entry& part) {
  if (!part.value.is_scalar()) return false;
  static_cast<void>(word_of(part.value, full_name("lr_range", part.key), {"none"}));
  return true;
}

void read_lr_grid(const Entry& part, lr_range::TestSettings& settings) {
  if (is_none(part)) {
    settings.grid_points = 0;
    return;
  }
  const std::string section = full_name("lr_range", part.key);
  const auto points = [&](const Entry& e) { settings.grid_points = read_integer(kLrGridKeys, e, section); };
  const auto steps = [&](const Entry& e) { settings.grid_steps = read_integer(kLrGridKeys, e, section); };
  const auto budget = [&](const Entry& e) { settings.grid_budget = read_real(kLrGridKeys, e, section); };
  read_keys(part.value, section, readers_of(kLrGridKeys, {{"points", points}, {"steps", steps}, {"budget", budget}}));
}

void read_stability(const Entry& part, lr_range::TestSettings& settings) {
  if (is_none(part)) {
    settings.stability_steps = 0;
    return;
  }
  const std::string section = full_name("lr_range", part.key);
  const auto steps = [&](const Entry& e) { settings.stability_steps = read_integer(kStabilityKeys, e, section); };
  const auto precision = [&](const Entry& e) { settings.stability_precision = read_real(kStabilityKeys, e, section); };
  read_keys(part.value, section, readers_of(kStabilityKeys, {{"steps", steps}, {"precision", precision}}));
}

void read_probe(const Entry& part, lr_range::TestSettings& settings) {
  if (is_none(part)) {
    settings.probes = 0;
    return;
  }
  const std::string section = full_name("lr_range", part.key);
  const auto times = [&](const Entry& e) { settings.probes = read_integer(kProbeKeys, e, section); };
  read_keys(part.value, section, readers_of(kProbeKeys, {{"times", times}}));
}

// The lr that is tested is the first from the outside in, as the one that a schedule drives.
Chain::const_iterator with_lr(const Chain& chain) {
  return std::ranges::find_if(chain, [](const PluginPlan* use) { return use->plugin->find_param("lr").has_value(); });
}

std::string names_of(const Chain& chain) {
  std::string names = fmt::format("optimizer '{}'", chain.front()->plugin->id());
  for (std::size_t i = 1; i < chain.size(); ++i) names += fmt::format(" around '{}'", chain[i]->plugin->id());
  return names;
}

void check_lr(const Chain& chain, const std::string& at) {
  const auto tested = with_lr(chain);
  const auto refuse = [&](const std::string& message) {
    throw Error(Message::config_impossible, message,
                "leave this optimizer out, or put it in a study of its own with another method")
        .at(at);
  };
  if (tested == chain.end()) refuse(fmt::format("{} has no lr, so there is none to test", names_of(chain)));
  const Plugin& plugin = *(*tested)->plugin;
  if (!is_tested_lr(plugin, plugin.param(*plugin.find_param("lr"))))
    refuse(
        fmt::format("the lr of optimizer '{}' ({}) is no real number that can change during a run, as a ramp needs it",
                    plugin.id(), plugin.param(*plugin.find_param("lr")).doc));
}

// The test would recommend the lr of a wrapper, and not that of the optimizer inside.
void check_outermost(const Chain& chain, const Reading& reading) {
  const auto tested = with_lr(chain);
  if (tested == chain.end()) return;
  for (auto inner = tested + 1; inner != chain.end(); ++inner) {
    const auto lr = (*inner)->options.find("lr");
    const SearchParameter* searched =
        lr == (*inner)->options.end() ? nullptr : std::get_if<SearchParameter>(&lr->second);
    if (searched == nullptr) continue;
    if (std::ranges::find(reading.tested, searched->dimension, &Reading::Tested::dimension) == reading.tested.end())
      continue;
    throw Error(Message::config_impossible,
                fmt::format("an LR range test finds the outermost lr, that of '{}', and this is the lr of '{}' inside",
                            (*tested)->plugin->id(), (*inner)->plugin->id()),
                "write {from: lr_range} at the outer one, and here a value or {min: ..., max: ...}")
        .at(reading.places[searched->dimension]);
  }
}

// The keys of the section that are not null, those of grid with its name and a dot before them.
std::vector<std::pair<const Entry*, std::string>> given_keys(const Node* section) {
  std::vector<std::pair<const Entry*, std::string>> keys;
  if (section == nullptr) return keys;
  for (const Entry& entry : section->entries) {
    const bool is_grid = entry.key == "grid" || entry.key == "ladder";
    if (is_grid && entry.value.is_map())
      for (const Entry& key : entry.value.entries)
        if (!key.value.is_null()) keys.emplace_back(&key, "grid." + key.key);
    if (!entry.value.is_null() && !(is_grid && entry.value.is_map())) keys.emplace_back(&entry, entry.key);
  }
  return keys;
}

// Ramps, probes and the like look into the steps of a training.
void refuse_keys_of_trainings(const Node* section) {
  constexpr std::string_view kOfPrograms[] = {"lr_min", "lr_max", "seeds", "parameter", "grid.points", "grid.budget"};
  for (const auto& [entry, name] : given_keys(section)) {
    if (std::ranges::find(kOfPrograms, name) != std::end(kOfPrograms)) continue;
    if (name == "grid")
      throw Error(Message::config_impossible, "the LR range test of a program is its LR grid, and grid is none",
                  "remove it, or write grid: {points: 9}")
          .at(entry->place);
    throw Error(Message::config_impossible,
                fmt::format("{} of lr_range is for trainings, and the objective is a program, of whose test there is "
                            "the LR grid alone",
                            name),
                name == "grid.steps" ? "write budget in its place, in the unit of the program" : "remove it")
        .at(entry->place);
  }
}

// Finds every parameter of that name, and marks the dimensions that they have: the test gives their values.
class LrParameters {
 public:
  LrParameters(const std::string& name, Space& space, const std::string& at) : name_(name), space_(space), at_(at) {}

  void find(std::vector<program::Parameter>& all, bool in_branch = false) {
    for (program::Parameter& parameter : all) {
      if (parameter.name == name_) take(parameter, in_branch);
      find(parameter.inside, in_branch);
      for (auto& branch : parameter.branches) find(branch, true);
    }
  }
  std::vector<program::Parameter*> parameters;  // that were found
  std::optional<double> least, most;            // of their ranges

 private:
  void take(program::Parameter& parameter, bool in_branch) {
    const auto refuse = [&](const char* what) {
      throw Error(Message::config_impossible,
                  fmt::format("parameter '{}' is to be tested as the lr, and {}", name_, what),
                  fmt::format("write {}: {{min: 1e-5, max: 1, scale: log}}, or name another parameter with "
                              "lr_range: {{parameter: NAME}}",
                              name_))
          .at(at_);
    };
    if (!parameter.inside.empty() || !parameter.branches.empty()) refuse("it has parameters of its own");
    const auto* search = std::get_if<SearchParameter>(&parameter.setting);
    if (search == nullptr) {
      // Of the other branches nothing would say whether they have it.
      if (in_branch) refuse("in a branch of a one_of it has one value");
      const auto& value = std::get<Value>(parameter.setting);
      if (std::holds_alternative<List>(value) || std::holds_alternative<std::string>(value) ||
          std::holds_alternative<bool>(value))
        refuse("its value is no number");
    } else {
      Dimension& own = space_.dimensions[search->dimension];
      if (const auto* range = std::get_if<Range>(&own.domain); range != nullptr && !lr_range::is_tested(own)) {
        if (range->integer || !(range->min > 0)) refuse("its range has values that no lr has");
        least = std::min(least.value_or(range->min), range->min);
        most = std::max(most.value_or(range->max), range->max);
      }
      own.domain =
          Range{.scale = Scale::log, .step = {}, .count = {}, .source = RangeSource{.study = lr_range::kMethod}};
      own.probabilities.clear();
    }
    parameters.push_back(&parameter);
  }

  const std::string& name_;
  Space& space_;
  const std::string& at_;
};

// The budget of a short run, as a value of the program's own parameter.
Value short_budget(const Value& whole, double& budget, const std::string& name, const std::string& at) {
  const auto* integer = std::get_if<std::int64_t>(&whole);
  const double most = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(whole);
  if (budget == 0) budget = integer != nullptr ? std::ceil(most / 10) : most / 10;
  if (!(budget <= most))
    throw Error(Message::config_impossible,
                fmt::format("a short run of the LR range test has {} {}, and a whole one {}", budget, name, most),
                "lower budget of grid in lr_range:")
        .at(at);
  if (integer == nullptr) return budget;
  if (budget != std::floor(budget))
    throw Error(
        Message::config_impossible,
        fmt::format("a short run of the LR range test has {} {}, of which there are whole ones alone", budget, name),
        "write a whole number as budget of grid in lr_range:")
        .at(at);
  return static_cast<std::int64_t>(budget);
}

}  // namespace

lr_range::TestSettings read_lr_range(const Node& node) {
  lr_range::TestSettings s;
  const auto real = [](double& value) {
    return [&value](const Entry& e) { value = read_real(kLrRangeKeys, e, "lr_range"); };
  };
  const auto integer = [](std::int64_t& value) {
    return [&value](const Entry& e) { value = read_integer(kLrRangeKeys, e, "lr_range"); };
  };
  const auto boolean = [](bool& value) {
    return [&value](const Entry& e) { value = boolean_of(e.value, full_name("lr_range", e.key)); };
  };
  read_keys(node, "lr_range",
            readers_of(kLrRangeKeys, {{"lr_min", real(s.lr_min)},
                                      {"lr_max", real(s.lr_max)},
                                      {"steps", integer(s.steps)},
                                      {"seeds", integer(s.seeds)},
                                      {"smoothing", real(s.smoothing)},
                                      {"stop", real(s.stop)},
                                      {"extend", boolean(s.extend)},
                                      {"grid", [&](const Entry& e) { read_lr_grid(e, s); }},
                                      {"stability", [&](const Entry& e) { read_stability(e, s); }},
                                      {"probe", [&](const Entry& e) { read_probe(e, s); }},
                                      {"curvature", boolean(s.curvature)},
                                      {"parameter", [&](const Entry& e) {
                                         s.lr_parameter = string_of(e.value, full_name("lr_range", e.key));
                                       }}}));
  return s;
}

void check_range(const Node* section, const lr_range::TestSettings& settings, const std::string& at) {
  if (settings.lr_min < settings.lr_max) return;
  const Node* given = section != nullptr ? section->given("lr_max") : nullptr;
  if (given == nullptr && section != nullptr) given = section->given("lr_min");
  throw Error(
      Message::config_bad_value,
      fmt::format("the range of lr_range is empty: lr_min is {} and lr_max is {}", settings.lr_min, settings.lr_max),
      "lr_max must be above lr_min")
      .at(given != nullptr ? given->place : at);
}

void fill_ranges(const lr_range::TestSettings& settings, const OneOf<PluginPlan>* optimizers, Reading& reading) {
  for (const auto& [dimension, what, legal] : reading.tested) {
    auto& range = std::get<Range>(reading.space.dimensions[dimension].domain);
    const double least = legal.min_open ? std::nextafter(legal.min, HUGE_VAL) : legal.min;
    const double most = legal.max_open ? std::nextafter(legal.max, -HUGE_VAL) : legal.max;
    range.min = std::max(settings.lr_min, least);
    range.max = std::min(settings.lr_max, most);
    if (!(range.min < range.max))
      throw Error(Message::config_impossible,
                  fmt::format("an LR range test from {} to {} has no lr that is legal for {}", settings.lr_min,
                              settings.lr_max, what),
                  fmt::format("it takes {} to {}: say so with lr_min and lr_max of lr_range:", least, most))
          .at(reading.places[dimension]);
  }
  if (optimizers == nullptr) return;
  each_chain(*optimizers, [&](const Chain& found) { check_outermost(found, reading); });
}

void check_test(const StudyPlan& plan, const RunSettings& run, const std::string& at, const std::string& repeats_at) {
  const auto refuse = [](const std::string& place, const char* message, const char* remedy) {
    throw Error(Message::config_impossible, message, remedy).at(place);
  };
  if (!repeats_at.empty())
    refuse(repeats_at, "repeats is for searches, and an LR range test repeats its parts itself",
           "remove repeats; seeds of lr_range: says how often a part is made");
  if (run.trials)
    refuse(at, "trials is the length of a search, and an LR range test knows its own",
           "remove trials; steps and seeds of lr_range: say how much is measured");
  if (plan.partial) refuse(at, "partial allows to cut a grid, and the method is not grid", "remove partial");
  if (run.budget_seconds)
    refuse(at, "a budget ends a search early, and an LR range test needs all its parts",
           "remove budget; steps, seeds and parts of lr_range: say how much is measured");
}

void check_training_test(StudyPlan& plan, const Node* section, const std::string& at, const std::string& optimizer_at) {
  if (!plan.optimizer)
    throw Error(Message::config_impossible, "an LR range test needs an optimizer, and there is none",
                "add optimizer: NAME")
        .at(at);
  for (const auto& [entry, name] : given_keys(section))
    if (name == "parameter" || name == "grid.budget")
      throw Error(Message::config_impossible,
                  fmt::format("{} of lr_range is for programs, and this is a training", name),
                  name == "parameter" ? "remove it: the lr of the optimizer is tested" : "write steps in its place")
          .at(entry->place);
  if (!plan.metric.name.empty() && plan.metric.name != "loss")
    throw Error(Message::config_impossible,
                fmt::format("an LR range test measures the loss, and the metric is '{}'", shown(plan.metric.name)),
                "remove metric")
        .at(plan.metric_place);
  // In a sweep those branches alone are tested that ask for it, and their lr has been looked at.
  if (std::ranges::none_of(plan.space.dimensions, lr_range::is_tested))
    each_chain(*plan.optimizer, [&](const Chain& found) { check_lr(found, optimizer_at); });
  plan.metric.name = "loss";
  plan.metric.goal = Goal::minimize;
  plan.goal_given = true;
}

void add_lr_range_dimensions(const lr_range::TestSettings& settings, Space& space) {
  const auto add = [&](const char* name, decltype(Dimension::domain) domain) {
    space.dimensions.push_back({name, std::move(domain), std::nullopt, 0});
  };
  Values parts;
  for (const char* part : lr_range::kParts) parts.emplace_back(std::string(part));
  add("lr_range.part", std::move(parts));
  add("lr_range.seed",
      Range{.min = 0, .max = static_cast<double>(settings.seeds - 1), .step = {}, .count = {}, .integer = true});
  add("lr_range.lr",
      Range{.min = settings.lr_min, .max = settings.lr_max, .scale = Scale::log, .step = {}, .count = {}});
}

void prepare_program_test(program::Program& program, const Node* section, lr_range::TestSettings& settings,
                          StudyPlan& plan, const std::string& at) {
  refuse_keys_of_trainings(section);
  if (!lr_range::needs_test(plan)) return;
  settings.of_program = true;
  if (program.budget.empty())
    throw Error(Message::config_missing_key,
                "nothing says how far a run of the program goes, and an LR range test makes short ones",
                "add budget: NAME to the objective: the parameter that says it")
        .at(at);
  const auto budget = std::ranges::find(program.parameters, program.budget, &program::Parameter::name);
  const Value whole = std::get<Value>(budget->setting);
  const Value part =
      short_budget(whole, settings.grid_budget, program.budget, section != nullptr ? section->place : at);
  if (!lr_range::is_test(plan)) return;
  budget->setting = part;
  LrParameters lr(settings.lr_parameter, plan.space, at);
  lr.find(program.parameters);
  if (lr.parameters.empty()) {
    std::vector<std::string> names;
    for (const program::Parameter& parameter : program.parameters) names.push_back(parameter.name);
    throw Error(Message::config_missing_key,
                fmt::format("the program has no parameter '{}', which an LR range test could test",
                            shown(settings.lr_parameter)),
                fmt::format("write lr_range: {{parameter: NAME}}; {}", did_you_mean(settings.lr_parameter, names)))
        .at(at);
  }
  const auto given = [&](const char* key) { return section != nullptr && section->given(key) != nullptr; };
  if (lr.least && !given("lr_min")) settings.lr_min = *lr.least;
  if (lr.most && !given("lr_max")) settings.lr_max = *lr.most;
  check_range(section, settings, at);
  add_lr_range_dimensions(settings, plan.space);
  const auto own = std::ranges::find(plan.space.dimensions, lr_range::kLrDimension, &Dimension::name);
  for (program::Parameter* parameter : lr.parameters)
    parameter->setting = SearchParameter{static_cast<std::size_t>(own - plan.space.dimensions.begin())};
}

}  // namespace tuner::config
