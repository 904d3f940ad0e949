#include "tuner/config/lr_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tuner/config/language.hpp"
#include "tuner/config/plugins.hpp"
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
  read_keys(part.value, section, readers_of(kLrGridKeys, {{"points", points}, {"steps", steps}}));
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
                                      {"curvature", boolean(s.curvature)}}));
  if (!(s.lr_min < s.lr_max)) {
    const Node* given = node.find("lr_max");
    throw Error(Message::config_bad_value,
                fmt::format("the range of lr_range is empty: lr_min is {} and lr_max is {}", s.lr_min, s.lr_max),
                "lr_max must be above lr_min")
        .at(given != nullptr ? given->place : node.find("lr_min")->place);
  }
  return s;
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

void check_lr_range(StudyPlan& plan, const RunSettings& run, const std::string& at, const std::string& optimizer_at) {
  const auto refuse = [&](const char* message, const char* remedy) {
    throw Error(Message::config_impossible, message, remedy).at(at);
  };
  if (!plan.optimizer) refuse("an LR range test needs an optimizer, and there is none", "add optimizer: NAME");
  if (run.trials)
    refuse("trials is the length of a search, and an LR range test knows its own",
           "remove trials; steps and seeds of lr_range: say how much is measured");
  if (plan.partial) refuse("partial allows to cut a grid, and the method is not grid", "remove partial");
  if (run.budget_seconds)
    refuse("a budget ends a search early, and an LR range test needs all its parts",
           "remove budget; steps, seeds and parts of lr_range: say how much is measured");
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

}  // namespace tuner::config
