#include "tuner/commands/plugin_page.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "tuner/check/settings.hpp"
#include "tuner/details.hpp"
#include "tuner/error.hpp"
#include "tuner/objective.hpp"
#include "tuner/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

std::string shape_text(const TensorSpec& tensor) {
  std::string text;
  for (const std::int64_t extent : tensor.shape) text += fmt::format("{}{}", text.empty() ? "" : " x ", extent);
  return text;
}

std::string text_or_null(const char* text) { return text == nullptr || *text == 0 ? "null" : json_quoted(text); }

// An object or array of JSON, item by item.
class Items {
 public:
  explicit Items(const char* ends) : ends_(ends) {}
  void add(const std::string& item) { text_ += (text_.empty() ? "" : ", ") + item; }
  void add(const char* key, const std::string& value) { add(fmt::format("\"{}\": {}", key, value)); }
  [[nodiscard]] std::string text() const { return ends_[0] + text_ + ends_[1]; }

 private:
  const char* ends_;
  std::string text_;
};

std::string option_json(const tuner_param& param) {
  constexpr const char* kScaleNames[] = {"linear", "log", "log1m"};
  Items option("{}");
  option.add("option", json_quoted(param.id));
  option.add("type", json_quoted(type_name(param.type)));
  const bool required = (param.flags & TUNER_PARAM_REQUIRED) != 0;
  option.add("required", required ? "true" : "false");
  option.add("default", required ? "null" : to_json(default_value(param)));
  if (param.type == TUNER_TYPE_CHOICE) {
    Items choices("[]");
    for (std::uint32_t i = 0; i < param.n_choices; ++i) choices.add(json_quoted(param.choices[i]));
    option.add("choices", choices.text());
  } else if (param.type != TUNER_TYPE_BOOL && param.type != TUNER_TYPE_TEXT && param.type != TUNER_TYPE_TEXT_LIST) {
    const auto bound = [&](const char* key, const char* open_key, double at, bool open) {
      if (std::isfinite(at)) option.add(open ? open_key : key, format_number(at));
    };
    bound("minimum", "above", param.min, (param.flags & TUNER_PARAM_MIN_OPEN) != 0);
    bound("maximum", "below", param.max, (param.flags & TUNER_PARAM_MAX_OPEN) != 0);
  }
  if (param.flags & TUNER_PARAM_SEARCHABLE) {
    Items search("{}");
    search.add("min", format_number(param.search_min));
    search.add("max", format_number(param.search_max));
    search.add("scale", json_quoted(kScaleNames[param.search_scale]));
    option.add("search", search.text());
  }
  option.add("unit", text_or_null(param.unit));
  option.add("doc", text_or_null(param.doc));
  return option.text();
}

std::string tensors_json(std::span<const TensorSpec> tensors) {
  Items list("[]");
  for (const TensorSpec& tensor : tensors) {
    Items shape("[]"), item("{}");
    for (const std::int64_t extent : tensor.shape) shape.add(std::to_string(extent));
    item.add("name", json_quoted(tensor.name));
    item.add("shape", shape.text());
    item.add("role", json_quoted(role_name(tensor.role)));
    item.add("dtype", tensor.dtype == TUNER_DTYPE_F32 ? "\"f32\"" : "\"f64\"");
    list.add(item.text());
  }
  return list.text();
}

void add_objective(Items& page, const Plugin& plugin, const Layout& layout) {
  const tuner_objective& objective = plugin.objective();
  Items metrics("[]");
  for (std::uint32_t m = 0; m < objective.n_metrics; ++m) {
    Items metric("{}");
    metric.add("name", json_quoted(objective.metrics[m]->id));
    metric.add("stored", fmt::format("[\"val_{0}\", \"test_{0}\"]", objective.metrics[m]->id));
    metric.add("goal", objective.metrics[m]->direction == TUNER_MAXIMIZE ? "\"maximize\"" : "\"minimize\"");
    metric.add("doc", text_or_null(objective.metrics[m]->doc));
    metrics.add(metric.text());
  }
  page.add("metrics", metrics.text());
  page.add("minimum", std::isnan(objective.minimum) ? "null" : to_json(objective.minimum));
  page.add("tensors", layout.problem.empty() ? tensors_json(layout.tensors) : "null");
}

}  // namespace

const char* type_name(std::uint32_t type) {
  static constexpr const char* kNames[] = {"",     "number",  "integer",  "boolean", "choice",
                                           "text", "numbers", "integers", "texts"};
  return kNames[type];
}

Layout layout_of(const Plugin& objective, const std::vector<std::string>& settings) {
  Layout layout;
  try {
    const PluginUse use{.plugin = &objective,
                        .options = OptionTable(objective, check::settings_for(objective, settings)),
                        .groups = {},
                        .inner = nullptr};
    SharedObjectives shared;
    const HostServices host;
    layout.tensors = describe(use, shared.get(objective, use.options, 1), host.abi()).tensors;
  } catch (const Error& error) {
    if (!settings.empty()) throw;
    layout.problem = error.message();
  }
  return layout;
}

void print_tensors(std::ostream& out, std::span<const TensorSpec> tensors) {
  report::TableWriter table(out, "table");
  table.header({"tensor", "shape", "role"});
  for (const TensorSpec& tensor : tensors)
    table.row({tensor.name, shape_text(tensor), std::string(role_name(tensor.role))});
  table.end();
}

std::string plugin_json(const Plugin& plugin, const Layout& layout) {
  const tuner_plugin& d = plugin.descriptor();
  const Details details = details_of(plugin);
  Items page("{}");
  page.add("kind", json_quoted(to_string(plugin.kind())));
  page.add("id", json_quoted(d.id));
  page.add("version", json_quoted(d.version));
  page.add("name", text_or_null(d.name));
  page.add("doc", text_or_null(d.doc));
  page.add("details", json_quoted(details.text));
  for (const auto& [key, text] : {std::pair("family", &details.family), std::pair("rule", &details.rule),
                                  std::pair("use", &details.use), std::pair("not", &details.avoid)})
    page.add(key, text_or_null(text->c_str()));
  page.add("reference", text_or_null(d.reference));
  if (plugin.kind() == Kind::objective) add_objective(page, plugin, layout);
  if (plugin.kind() == Kind::scheduler) {
    Items outputs("[]");
    for (std::uint32_t o = 0; o < plugin.scheduler().n_outputs; ++o)
      outputs.add(json_quoted(plugin.scheduler().outputs[o]->id));
    page.add("drives", outputs.text());
  }
  Items slots("[]"), options("[]");
  for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
    Items slot("{}");
    slot.add("slot", json_quoted(plugin.slot(s).id));
    slot.add("doc", text_or_null(plugin.slot(s).doc));
    slots.add(slot.text());
  }
  for (std::size_t i = 0; i < plugin.param_count(); ++i) options.add(option_json(plugin.param(i)));
  page.add("slots", slots.text());
  page.add("options", options.text());
  const tuner_library& library = *plugin.library().table;
  Items file("{}");
  file.add("path", json_quoted(plugin.library().path.string()));
  file.add("sha256", json_quoted(plugin.library().sha256));
  file.add("abi_minor", std::to_string(library.abi_minor));
  file.add("build", text_or_null(library.build));
  page.add("library", file.text());
  return page.text();
}

}  // namespace tuner::commands
