#include "tuner/commands/plugin_page.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "tuner/check/settings.hpp"
#include "tuner/details.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"
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

Json text_or_null(const char* text) { return text == nullptr || *text == 0 ? Json() : Json(text); }

Json option_json(const tuner_param& param) {
  constexpr const char* kScaleNames[] = {"linear", "log", "log1m"};
  const bool required = (param.flags & TUNER_PARAM_REQUIRED) != 0;
  Json option{{"option", param.id},
              {"type", type_name(param.type)},
              {"required", required},
              {"default", required ? Json() : document_of(default_value(param))}};
  if (param.type == TUNER_TYPE_CHOICE) {
    option["choices"] = std::vector<std::string>(param.choices, param.choices + param.n_choices);
  } else if (param.type != TUNER_TYPE_BOOL && param.type != TUNER_TYPE_TEXT && param.type != TUNER_TYPE_TEXT_LIST) {
    const auto bound = [&](const char* key, const char* open_key, double at, bool open) {
      if (std::isfinite(at)) option[open ? open_key : key] = at;
    };
    bound("minimum", "above", param.min, (param.flags & TUNER_PARAM_MIN_OPEN) != 0);
    bound("maximum", "below", param.max, (param.flags & TUNER_PARAM_MAX_OPEN) != 0);
  }
  if (param.flags & TUNER_PARAM_SEARCHABLE)
    option["search"] = {
        {"min", param.search_min}, {"max", param.search_max}, {"scale", kScaleNames[param.search_scale]}};
  option["unit"] = text_or_null(param.unit);
  option["doc"] = text_or_null(param.doc);
  return option;
}

Json tensors_json(std::span<const TensorSpec> tensors) {
  Json list = Json::array();
  for (const TensorSpec& tensor : tensors) {
    Json shape = Json::array();
    for (const std::int64_t extent : tensor.shape) shape.push_back(extent);
    list.push_back({{"name", tensor.name},
                    {"shape", shape},
                    {"role", role_name(tensor.role)},
                    {"dtype", tensor.dtype == TUNER_DTYPE_F32 ? "f32" : "f64"}});
  }
  return list;
}

void add_objective(Json& page, const Plugin& plugin, const Layout& layout) {
  const tuner_objective& objective = plugin.objective();
  Json metrics = Json::array();
  for (std::uint32_t m = 0; m < objective.n_metrics; ++m) {
    const std::string id = objective.metrics[m]->id;
    metrics.push_back({{"name", id},
                       {"stored", Json::array({"val_" + id, "test_" + id})},
                       {"goal", objective.metrics[m]->direction == TUNER_MAXIMIZE ? "maximize" : "minimize"},
                       {"doc", text_or_null(objective.metrics[m]->doc)}});
  }
  page["metrics"] = std::move(metrics);
  page["minimum"] = std::isnan(objective.minimum) ? Json() : Json(objective.minimum);
  page["tensors"] = layout.problem.empty() ? tensors_json(layout.tensors) : Json();
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
  Json page{{"kind", to_string(plugin.kind())},
            {"id", d.id},
            {"version", d.version},
            {"name", text_or_null(d.name)},
            {"doc", text_or_null(d.doc)},
            {"details", details.text}};
  for (const auto& [key, text] : {std::pair("family", &details.family), std::pair("rule", &details.rule),
                                  std::pair("use", &details.use), std::pair("not", &details.avoid)})
    page[key] = text_or_null(text->c_str());
  page["examples"] = details.examples;
  page["reference"] = text_or_null(d.reference);
  if (plugin.kind() == Kind::objective) add_objective(page, plugin, layout);
  if (plugin.kind() == Kind::scheduler) {
    Json outputs = Json::array();
    for (std::uint32_t o = 0; o < plugin.scheduler().n_outputs; ++o)
      outputs.push_back(plugin.scheduler().outputs[o]->id);
    page["drives"] = std::move(outputs);
  }
  Json slots = Json::array();
  for (std::size_t s = 0; s < plugin.slot_count(); ++s)
    slots.push_back({{"slot", plugin.slot(s).id}, {"doc", text_or_null(plugin.slot(s).doc)}});
  Json options = Json::array();
  for (std::size_t i = 0; i < plugin.param_count(); ++i) options.push_back(option_json(plugin.param(i)));
  page["slots"] = std::move(slots);
  page["options"] = std::move(options);
  const tuner_library& library = *plugin.library().table;
  page["library"] = {{"path", plugin.library().path.string()},
                     {"sha256", plugin.library().sha256},
                     {"abi_minor", library.abi_minor},
                     {"build", text_or_null(library.build)}};
  return page.line();
}

}  // namespace tuner::commands
