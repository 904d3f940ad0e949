// tuner plugins: what there is, rendered from the plugins' own metadata.
#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <sstream>

#include "tuner/commands/inspection.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/plugin_page.hpp"
#include "tuner/commands/plugins.hpp"
#include "tuner/details.hpp"
#include "tuner/error.hpp"
#include "tuner/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner plugins [list | show ID | new ID | check FILE...] [--plugin FILE] [options]",
    "Lists the plugins, or shows one: update rule, reference, options with defaults, legal and search ranges, and what "
    "its\n"
    "state costs. Everything comes from the plugin itself. A schedule is drawn, an objective's tensors are listed: "
    "--set\n"
    "gives them options. --json prints a page as JSON.\n"
    "`tuner plugins new --help` explains how one is begun, `tuner plugins check --help` how it is checked.",
    "  tuner plugins\n  tuner plugins show adam\n  tuner plugins show step --set step_size=30\n  tuner plugins show "
    "my_optimizer --plugin ./my_optimizer.so"};

std::string number_text(double value) { return fmt::format("{:g}", value); }

std::string legal_range(const tuner_param& p) {
  if (p.type == TUNER_TYPE_CHOICE) {
    std::string choices;
    for (std::uint32_t i = 0; i < p.n_choices; ++i) choices += fmt::format("{}{}", i ? " | " : "", p.choices[i]);
    return choices;
  }
  if (p.type == TUNER_TYPE_BOOL) return "true | false";
  if (p.type == TUNER_TYPE_TEXT || p.type == TUNER_TYPE_TEXT_LIST) return "";
  if (std::isinf(p.min) && std::isinf(p.max)) return "any";
  const char* open = p.flags & TUNER_PARAM_MIN_OPEN || std::isinf(p.min) ? "(" : "[";
  const char* close = p.flags & TUNER_PARAM_MAX_OPEN || std::isinf(p.max) ? ")" : "]";
  return fmt::format("{}{:g}, {:g}{}", open, p.min, p.max, close);
}

// The part of the state that grows with the parameters, at the defaults: "8 B per f32 parameter". What an option
// multiplies is named beside it: "of which 4 B times history_size (10)".
std::string state_text(const Plugin& plugin) {
  std::uint64_t f32 = 0, f64 = 0;
  std::string rest;
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
    const tuner_slot& slot = plugin.slot(s);
    if (slot.scope == TUNER_SCOPE_ELEMENT) {
      const std::uint64_t bytes = slot.dtype == TUNER_DTYPE_AS_TENSOR || slot.dtype == TUNER_DTYPE_F32 ? 4 : 8;
      const std::uint64_t wide_bytes = slot.dtype == TUNER_DTYPE_F32 ? 4 : 8;
      std::uint64_t times = 1;
      if (slot.count_param >= 0) {
        const tuner_param& p = plugin.param(static_cast<std::size_t>(slot.count_param));
        const bool required = (p.flags & TUNER_PARAM_REQUIRED) != 0;
        times = required ? 0 : static_cast<std::uint64_t>(p.default_value);
        const std::string value = p.type == TUNER_TYPE_BOOL ? (times > 0 ? "true" : "false") : std::to_string(times);
        rest += fmt::format(", {}: {} B for each f32 parameter times {} ({})", slot.id, bytes, p.id,
                            required ? "no default" : value);
      }
      f32 += bytes * times;
      f64 += wide_bytes * times;
    } else {
      static constexpr const char* kScopes[] = {"per element", "per tensor", "in all"};
      rest += fmt::format(", {} {}", slot.id, kScopes[slot.scope]);
      if (slot.count_param >= 0)
        rest += fmt::format(" times {}", plugin.param(static_cast<std::size_t>(slot.count_param)).id);
    }
  }
  if (plugin.slot_count() == 0) return "none";
  return fmt::format("{} B per f32 parameter, {} B per f64 parameter{}", f32, f64, rest);
}

void indented(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) std::cout << "  " << printable(line) << "\n";
}

// "use        when ...", further lines under the first; nothing for an empty text.
void print_named(std::string_view name, const std::string& text) {
  constexpr std::size_t kWidth = 104;
  if (text.empty()) return;
  std::string line;
  std::istringstream words(printable(text));
  std::cout << fmt::format("{:<11}", name);
  for (std::string word; std::getline(words, word, ' ');) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      std::cout << line << "\n" << std::string(11, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  std::cout << line << "\n";
}

// As a sweep names it: a metric is stored for the validation and the test split.
std::string metric_names(const char* id) { return fmt::format("val_{}, test_{}", id, id); }

bool is_drawn(const Plugin& plugin) { return plugin.kind() == Kind::scheduler && plugin.has(TUNER_PLUGIN_PURE); }

void print(const Plugin& plugin, const Layout& layout) {
  const tuner_plugin& d = plugin.descriptor();
  std::cout << printable(fmt::format("{} '{}' {}: {}\n{}\n", to_string(plugin.kind()), d.id, d.version, d.name, d.doc));
  const Details details = details_of(plugin);
  if (!details.text.empty()) std::cout << "\n";
  indented(details.text);
  std::cout << "\n";
  print_named("family", details.family);
  print_named("in short", details.rule);
  print_named("use", details.use);
  print_named("not", details.avoid);
  for (const std::string& example : details.examples) print_named("example", example);
  if (d.reference && *d.reference) std::cout << "reference  " << printable(d.reference) << "\n";
  if (plugin.kind() == Kind::optimizer) {
    std::cout << "state      " << state_text(plugin) << "\n";
    for (std::size_t s = 0; s < plugin.slot_count(); ++s)
      std::cout << printable(fmt::format("           {}: {}\n", plugin.slot(s).id, plugin.slot(s).doc));
  }
  if (plugin.kind() == Kind::objective) {
    const auto& objective = plugin.objective();
    for (std::uint32_t m = 0; m < objective.n_metrics; ++m)
      std::cout << fmt::format("metric     {} ({}): {}\n", metric_names(objective.metrics[m]->id),
                               objective.metrics[m]->direction == TUNER_MAXIMIZE ? "maximize" : "minimize",
                               objective.metrics[m]->doc);
    if (!std::isnan(objective.minimum)) std::cout << fmt::format("minimum    {:g}\n", objective.minimum);
    if (!layout.problem.empty())
      std::cout << "tensors    not known: " << shown(layout.problem, 200) << "; options are given with --set\n";
  }
  if (plugin.kind() == Kind::scheduler)
    for (std::uint32_t o = 0; o < plugin.scheduler().n_outputs; ++o)
      std::cout << fmt::format("drives     {}\n", plugin.scheduler().outputs[o]->id);
  const tuner_library& library = *plugin.library().table;
  const std::string flags = build_flags_text(plugin.library().build_flags);
  std::cout << fmt::format("library    {} (ABI 1.{}, {}{}{}, sha256 {})\n", plugin.library().path.string(),
                           library.abi_minor, library.build ? library.build : "", flags.empty() ? "" : ", ", flags,
                           plugin.library().sha256.substr(0, 16));
  if (plugin.param_count() == 0) return;
  std::cout << "\n";
  report::TableWriter table(std::cout, "table");
  table.header({"option", "type", "default", "legal", "search", "what it is"});
  for (std::size_t i = 0; i < plugin.param_count(); ++i) {
    const tuner_param& p = plugin.param(i);
    static constexpr const char* kScaleNames[] = {"linear", "log", "log1m"};
    const std::string search = p.flags & TUNER_PARAM_SEARCHABLE ? fmt::format("{:g} to {:g} {}", p.search_min,
                                                                              p.search_max, kScaleNames[p.search_scale])
                                                                : "";
    const std::string value = p.flags & TUNER_PARAM_REQUIRED ? "required"
                              : p.type == TUNER_TYPE_F64     ? number_text(p.default_value)
                                                             : to_display(default_value(p));
    const std::string unit = p.unit && *p.unit ? fmt::format(" ({})", p.unit) : "";
    table.row({p.id, type_name(p.type), value, legal_range(p), search, p.doc + unit});
  }
  table.end();
}

// Everything of that id; nothing is printed before all settings are found good.
void show(const std::filesystem::path& executable, const Catalogue& catalogue, const std::string& id,
          const std::vector<std::string>& settings, const std::string& format) {
  std::vector<const Plugin*> found;
  std::vector<std::string_view> ids;
  for (const auto& plugin : catalogue.plugins()) {
    ids.push_back(plugin->id());
    if (plugin->id() == id) found.push_back(plugin.get());
  }
  if (found.empty())
    throw Error(Message::plugin_unknown, fmt::format("there is no plugin '{}'", shown(id)), did_you_mean(id, ids));
  if (format == "csv")
    throw Error(Message::usage_bad_option, "a plugin has a page, and no table for --format csv",
                "take --format json, or `tuner plugins --format csv` for the list");
  std::vector<std::string> curves;
  std::vector<Layout> layouts;
  bool set = settings.empty();
  for (const Plugin* plugin : found) {
    const bool objective = plugin->kind() == Kind::objective;
    curves.push_back(is_drawn(*plugin) ? inspect_curve(executable, *plugin, settings) : "");
    layouts.push_back(objective ? inspect_layout(executable, *plugin, settings) : Layout{});
    set = set || objective || is_drawn(*plugin);
  }
  if (!set)
    throw Error(Message::usage_bad_option,
                fmt::format("'--set {}' draws a schedule or lays out an objective, and '{}' is neither",
                            shown(settings.front()), id),
                "leave it out");
  if (format == "json") {
    for (std::size_t i = 0; i < found.size(); ++i)
      std::cout << (i == 0 ? "[" : ",\n ") << plugin_json(*found[i], layouts[i]);
    std::cout << "]\n";
    return;
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) std::cout << "\n";
    print(*found[i], layouts[i]);
    if (!layouts[i].tensors.empty()) {
      std::cout << "\n";
      print_tensors(std::cout, layouts[i].tensors);
    }
    if (!curves[i].empty()) std::cout << "\n" << curves[i];
  }
}

}  // namespace

int plugins(const Invocation& invocation) {
  if (!invocation.words.empty() && (invocation.words[0] == "check" || invocation.words[0] == "new")) {
    const auto action = invocation.words[0] == "check" ? check_plugins : new_plugin;
    return action({{invocation.words.begin() + 1, invocation.words.end()}, invocation.executable});
  }
  po::options_description options("Options");
  options.add_options()("plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
                        "a further library to load")(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("OPTION=VALUE"),
      "draw a schedule, or list an objective's tensors, with this option");
  add_format_option(options);
  const auto values = parse(invocation, options, {"ACTION", "ID"}, kPage);
  if (!values) return 0;
  std::vector<std::filesystem::path> files;
  std::vector<std::string> settings;
  if (values->count("set")) settings = (*values)["set"].as<std::vector<std::string>>();
  if (values->count("plugin"))
    for (const auto& file : (*values)["plugin"].as<std::vector<std::string>>()) files.emplace_back(file);
  const std::string action = values->count("ACTION") ? (*values)["ACTION"].as<std::string>() : "list";
  if (action != "list" && action != "show")
    throw Error(Message::usage_unknown_command, fmt::format("there is no 'tuner plugins {}'", action),
                did_you_mean(action, std::vector<std::string>{"list", "show", "check", "new"}));
  const Catalogue catalogue = load_plugins(invocation.executable, files);
  if (action == "show") {
    show(invocation.executable, catalogue, required(*values, "ID", kPage), settings, format(*values));
    return 0;
  }
  if (!settings.empty())
    throw Error(Message::usage_bad_option, fmt::format("'--set {}' belongs to `tuner plugins show`", settings.front()),
                "name the scheduler");
  report::TableWriter table(std::cout, format(*values));
  table.header({"kind", "id", "version", "what it is"});
  for (const Kind kind : {Kind::objective, Kind::optimizer, Kind::scheduler, Kind::searcher, Kind::pruner})
    for (const auto& plugin : catalogue.plugins())
      if (plugin->kind() == kind)
        table.row({std::string(to_string(kind)), std::string(plugin->id()), std::string(plugin->version()),
                   plugin->descriptor().doc});
  table.end();
  return 0;
}

}  // namespace tuner::commands
