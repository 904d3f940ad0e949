#include "tuner/config/plugins.hpp"

#include <algorithm>
#include <filesystem>

#include "tuner/config/scalars.hpp"
#include "tuner/options.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

// The node that names the plugin.
const Node& plugin_node(const Node& node, Kind kind) {
  if (node.is_scalar()) return node;
  if (!node.is_map())
    throw Error(Message::config_wrong_type, fmt::format("the {} is {}", to_string(kind), node.description()),
                "write the name of a plugin, or a map: {plugin: NAME, option: value}")
        .at(node.place);
  const Node* plugin = node.find("plugin");
  if (plugin == nullptr) {
    refuse_later_keys(node, fmt::format("the {}", to_string(kind)));
    throw Error(Message::config_missing_key, fmt::format("this {} has no key 'plugin'", to_string(kind)),
                is_search_parameter(node)
                    ? "plugins to choose from are the branches of a one_of: {one_of: [first, second]}"
                    : "name one: {plugin: NAME, ...}; `tuner plugins` lists them")
        .at(node.place);
  }
  if (!plugin->is_scalar())
    refuse_type(*plugin, fmt::format("the plugin of this {}", to_string(kind)), "the name of a plugin");
  return *plugin;
}

const Plugin& find_plugin(const Node& node, Kind kind, const Catalogue& catalogue) {
  const Node& name = plugin_node(node, kind);
  try {
    return catalogue.get(kind, name.text);
  } catch (Error& error) {
    throw error.at(name.place);
  }
}

std::string option_name(const Plugin& plugin, const tuner_param& param) {
  return fmt::format("option '{}' of {} '{}'", param.id, to_string(plugin.kind()), plugin.id());
}

const char* kind_of(std::filesystem::file_type type) {
  switch (type) {
    case std::filesystem::file_type::fifo:
      return "a FIFO or pipe";
    case std::filesystem::file_type::socket:
      return "a socket";
    default:
      return "a device";
  }
}

std::string read_text(const Node& node, const std::string& what, const tuner_param& param,
                      const std::filesystem::path& folder) {
  const std::string text = string_of(node, what);
  if ((param.flags & TUNER_PARAM_PATH) == 0 || text.empty()) return text;
  const std::filesystem::path path = (folder / text).lexically_normal();
  // Whoever opens a FIFO waits for its writer, and a device may never end.
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::is_other(status))
    throw Error(Message::config_bad_value,
                fmt::format("{} is '{}', which is {}, neither a file nor a folder", what, path.string(),
                            kind_of(status.type())),
                "write the data into a file and name that")
        .at(node.place);
  return path.string();
}

Scalar read_item(const Node& node, const std::string& what, const tuner_param& param,
                 const std::filesystem::path& folder) {
  switch (param.type) {
    case TUNER_TYPE_F64:
    case TUNER_TYPE_F64_LIST:
      return number_of(node, what);
    case TUNER_TYPE_I64:
    case TUNER_TYPE_I64_LIST:
      return integer_of(node, what);
    case TUNER_TYPE_BOOL:
      return boolean_of(node, what);
    default:
      return read_text(node, what, param, folder);
  }
}

bool is_list(const tuner_param& param) { return param.type >= TUNER_TYPE_F64_LIST; }

Value read_option(const Node& node, const Plugin& plugin, const tuner_param& param,
                  const std::filesystem::path& folder) {
  const std::string what = option_name(plugin, param);
  Value value;
  if (is_list(param) && node.is_list()) {
    List list;
    for (const Node& item : node.items) list.push_back(read_item(item, "an item of " + what, param, folder));
    value = std::move(list);
  } else {
    std::visit([&](auto&& scalar) { value = std::forward<decltype(scalar)>(scalar); },
               read_item(node, what, param, folder));
  }
  try {
    return checked_value(plugin, param, value);
  } catch (Error& error) {
    throw error.at(node.place);
  }
}

Field field_of(const Plugin& plugin, const tuner_param& param, const Scope& scope, const Reading& reading) {
  Field field{.name = scope.name(param.id), .what = option_name(plugin, param)};
  field.kind = param.type == TUNER_TYPE_F64   ? Field::Kind::real
               : param.type == TUNER_TYPE_I64 ? Field::Kind::integer
                                              : Field::Kind::other;
  field.read = [&plugin, &param, &reading](const Node& node) {
    return read_option(node, plugin, param, reading.folder);
  };
  if (param.flags & TUNER_PARAM_SEARCHABLE)
    field.suggested = Range{.min = param.search_min,
                            .max = param.search_max,
                            .scale = param.search_scale == TUNER_SCALE_LOG     ? Scale::log
                                     : param.search_scale == TUNER_SCALE_LOG1M ? Scale::log1m
                                                                               : Scale::linear,
                            .step = {},
                            .count = {},
                            .integer = param.type == TUNER_TYPE_I64};
  if (param.type == TUNER_TYPE_BOOL) field.all = {false, true};
  if (param.type == TUNER_TYPE_CHOICE)
    for (std::uint32_t i = 0; i < param.n_choices; ++i) field.all.emplace_back(std::string(param.choices[i]));
  field.takes_word = param.type == TUNER_TYPE_TEXT || param.type == TUNER_TYPE_TEXT_LIST;
  field.required = (param.flags & TUNER_PARAM_REQUIRED) != 0;
  if (is_tested_lr(plugin, param))
    field.lr_bounds = Bounds{param.min, param.max, (param.flags & TUNER_PARAM_MIN_OPEN) != 0,
                             (param.flags & TUNER_PARAM_MAX_OPEN) != 0};
  return field;
}

void read_into(Settings& settings, const Entry& entry, const Plugin& plugin, std::size_t param, const Scope& scope,
               Reading& reading, bool in_group = false) {
  Field field = field_of(plugin, plugin.param(param), scope, reading);
  if (in_group && field.lr_bounds) {
    field.lr_bounds.reset();
    field.what += " in a group";
    field.lr_range_remedy = "write it at the optimizer, outside of its groups: that is the lr that is tested";
  }
  put(settings, entry.key, read_setting(entry.value, field, scope, reading));
}

[[noreturn]] void refuse_option(const Entry& entry, const Plugin& plugin, const Keys& host_keys) {
  const std::string what = fmt::format("{} '{}'", to_string(plugin.kind()), plugin.id());
  const auto impossible = [&](std::string message, std::string remedy) {
    throw Error(Message::config_impossible, std::move(message), std::move(remedy)).at(entry.place);
  };
  if (entry.key == "groups")
    impossible(fmt::format("groups belong to an optimizer, not to {}", what), "move them to the optimizer");
  if (entry.key == "inner")
    impossible(fmt::format("{} wraps no other optimizer, so it has no 'inner'", what), "remove inner");
  if (entry.key == "steps" && plugin.kind() == Kind::scheduler)
    impossible("'steps' belongs to the items of a sequence",
               "write scheduler: {sequence: [{plugin: ..., steps: n}, ...]}");
  std::vector<std::string_view> known = plugin.param_ids();
  if (plugin.kind() == Kind::searcher || plugin.kind() == Kind::pruner)
    known.emplace_back("name");
  else
    known.insert(known.end(), {"plugin", "as"});
  for (const auto& [key, read] : host_keys) known.push_back(key);
  refuse_key(entry, what, known);
}

void check_complete(const PluginPlan& plan, const Node& node) {
  const Plugin& plugin = *plan.plugin;
  for (std::size_t i = 0; i < plugin.param_count(); ++i)
    if (const tuner_param& param = plugin.param(i);
        (param.flags & TUNER_PARAM_REQUIRED) && !plan.options.contains(param.id))
      throw Error(Message::config_missing_key,
                  fmt::format("{} is missing and has no default", option_name(plugin, param)),
                  fmt::format("add {}: {}", param.id, param.doc))
          .at(node.place);
}

// The plugin's own rules between options can be asked here where nothing is left open; else every trial asks them.
void check_rules(const PluginPlan& plan, const Node& node) {
  const auto fixed = [](const Settings& settings) -> std::optional<std::map<std::string, Value>> {
    std::map<std::string, Value> values;
    for (const auto& [key, setting] : settings) {
      const Value* value = std::get_if<Value>(&setting);
      if (value == nullptr) return std::nullopt;
      values.emplace(key, *value);
    }
    return values;
  };
  const auto options = fixed(plan.options);
  if (!options) return;
  std::vector<std::map<std::string, Value>> groups;
  for (const GroupPlan& group : plan.groups) {
    const auto overrides = fixed(group.options);
    if (!overrides) return;
    groups.push_back(*overrides);
  }
  try {
    OptionTable(*plan.plugin, *options, groups).check(*plan.plugin);
  } catch (Error& error) {
    throw error.at(node.place);
  }
}

std::vector<std::string> read_words(const Node& node, const std::string& what) {
  std::vector<std::string> words;
  if (!node.is_list()) return {string_of(node, what)};
  for (const Node& item : node.items) words.push_back(string_of(item, what));
  return words;
}

GroupMatch read_match(const Node& node) {
  GroupMatch match;
  const auto read_roles = [&](const Entry& entry) {
    std::vector<std::string_view> roles;
    for (std::uint32_t role = TUNER_ROLE_UNKNOWN; role <= TUNER_ROLE_SCALAR; ++role) roles.push_back(role_name(role));
    for (const std::string& word : read_words(entry.value, "a role")) {
      const auto role = role_from(word);
      if (!role)
        throw Error(Message::config_bad_value, fmt::format("there is no role '{}'", shown(word)),
                    did_you_mean(word, roles))
            .at(entry.value.place);
      match.roles.push_back(*role);
    }
  };
  const auto read_names = [&](const Entry& entry) {
    match.names = read_words(entry.value, "the name of a tensor");
    for (const std::string& name : match.names)
      if (name.empty() || name.find('*') < name.size() - 1)
        throw Error(Message::config_bad_value, fmt::format("'{}' is no name of a tensor", shown(name)),
                    "write a whole name, or its beginning and one '*' at the end")
            .at(entry.value.place);
  };
  read_keys(node, "match", {{"role", read_roles}, {"name", read_names}});
  if (match.roles.empty() && match.names.empty())
    throw Error(Message::config_missing_key, "this match takes no tensor by role or name",
                "write match: {role: [bias, norm_scale]} or match: {name: [layers.0.*]}")
        .at(node.place);
  return match;
}

GroupPlan read_group(const Node& node, const Plugin& plugin, const Scope& scope, Reading& reading) {
  GroupPlan group;
  group.place = node.place;
  bool matched = false;
  Keys keys{{"match", [&](const Entry& entry) {
               group.match = read_match(entry.value);
               matched = true;
             }}};
  const auto read = [&](const Entry& entry) {
    const std::size_t index = *plugin.find_param(entry.key);
    const tuner_param& param = plugin.param(index);
    if ((param.flags & (TUNER_PARAM_STRUCTURAL | TUNER_PARAM_ONE_VALUE)) || param.type >= TUNER_TYPE_TEXT)
      throw Error(Message::config_impossible,
                  fmt::format("{} is one for all tensors, so a group cannot change it", option_name(plugin, param)),
                  "set it outside of the groups")
          .at(entry.place);
    read_into(group.options, entry, plugin, index, scope, reading, true);
  };
  for (const std::string_view id : plugin.param_ids()) keys.emplace_back(id, read);
  read_keys(node, fmt::format("a group of optimizer '{}'", plugin.id()), keys);
  if (!matched)
    throw Error(Message::config_missing_key, "this group does not say which tensors it takes",
                "add match: {role: [bias]} or match: {name: [layers.0.*]}")
        .at(node.place);
  return group;
}

void read_groups(PluginPlan& plan, const Node& node, const Scope& scope, Reading& reading) {
  if (!node.is_list())
    throw Error(Message::config_wrong_type, fmt::format("groups is {}, and a list is due", node.description()),
                "write groups: [{match: {role: [bias]}, option: value}]")
        .at(node.place);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    plan.groups.push_back(read_group(node.items[i], *plan.plugin, scope.within(fmt::format("groups.{}", i)), reading));
}

PluginPlan read_optimizer(const Node& node, const Scope& scope, Reading& reading);

OneOf<PluginPlan> read_inner(const Node& node, const Scope& scope, Reading& reading) {
  const auto label = [](const Node& branch) { return plugin_label(branch, Kind::optimizer); };
  return read_one_of<PluginPlan>(node, scope.within("inner"), reading, label, [&](const Node& branch, Scope at) {
    if (!at.labelled) {
      at.path = at.name(label(branch));
      at.labelled = true;
    }
    return read_optimizer(branch, at, reading);
  });
}

PluginPlan read_optimizer(const Node& node, const Scope& scope, Reading& reading) {
  const Plugin& plugin = find_plugin(node, Kind::optimizer, reading.catalogue);
  const bool wraps = plugin.has(TUNER_PLUGIN_WRAPS);
  Scope at = scope;
  if (wraps && !at.labelled) {
    at.path = at.name(plugin_label(node, Kind::optimizer));
    at.labelled = true;
  }
  PluginPlan parts;  // what the host's keys give
  parts.plugin = &plugin;
  Keys keys{{"groups", [&](const Entry& entry) { read_groups(parts, entry.value, at, reading); }}};
  if (wraps)
    keys.emplace_back("inner",
                      [&](const Entry& entry) { parts.inner.push_back(read_inner(entry.value, at, reading)); });
  PluginPlan plan = read_plugin(node, Kind::optimizer, at, reading, keys);
  plan.groups = std::move(parts.groups);
  plan.inner = std::move(parts.inner);
  if (wraps && plan.inner.empty())
    throw Error(Message::config_impossible,
                fmt::format("optimizer '{}' wraps another one, and none is given", plugin.id()),
                "add inner: NAME, or inner: {plugin: NAME, ...}")
        .at(node.place);
  check_rules(plan, node);
  return plan;
}

}  // namespace

bool is_tested_lr(const Plugin& plugin, const tuner_param& param) {
  return plugin.kind() == Kind::optimizer && std::string_view(param.id) == "lr" && param.type == TUNER_TYPE_F64 &&
         (param.flags & TUNER_PARAM_SCHEDULABLE) != 0;
}

std::string plugin_label(const Node& node, Kind kind) {
  const Node& plugin = plugin_node(node, kind);
  const Node* as = node.given("as");
  return as == nullptr ? plugin.text : label_of(*as);
}

PluginPlan read_plugin(const Node& node, Kind kind, const Scope& scope, Reading& reading, const Keys& host_keys) {
  PluginPlan plan;
  plan.plugin = &find_plugin(node, kind, reading.catalogue);
  plan.label = plugin_label(node, kind);
  for (const Entry& entry : node.entries) {
    if (entry.key == "plugin" || entry.key == "as" || read_key(entry, host_keys)) continue;
    const auto param = plan.plugin->find_param(entry.key);
    if (!param) refuse_option(entry, *plan.plugin, host_keys);
    read_into(plan.options, entry, *plan.plugin, *param, scope, reading);
  }
  check_complete(plan, node);
  if (kind != Kind::optimizer) check_rules(plan, node);  // an optimizer's groups come later
  return plan;
}

OneOf<PluginPlan> read_plugins(const Node& node, Kind kind, const Scope& scope, Reading& reading) {
  return read_one_of<PluginPlan>(
      node, scope, reading, [&](const Node& branch) { return plugin_label(branch, kind); },
      [&](const Node& branch, const Scope& at) { return read_plugin(branch, kind, at, reading); });
}

OneOf<PluginPlan> read_optimizers(const Node& node, const Scope& scope, Reading& reading) {
  return read_one_of<PluginPlan>(
      node, scope, reading, [](const Node& branch) { return plugin_label(branch, Kind::optimizer); },
      [&](const Node& branch, const Scope& at) { return read_optimizer(branch, at, reading); });
}

}  // namespace tuner::config
