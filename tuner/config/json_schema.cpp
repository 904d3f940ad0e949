#include "tuner/config/json_schema.hpp"

#include <fmt/format.h>

#include <functional>

#include "tuner/config/json_values.hpp"
#include "tuner/config/plugins.hpp"
#include "tuner/options.hpp"

namespace tuner::config {
namespace {

Json described(Json schema, std::string_view doc) {
  Json result{{"description", doc}};
  result.update(schema);
  return result;
}

Json any_of(const std::vector<Json>& schemas) { return {{"anyOf", Json(schemas)}}; }

Json one_of_list(Json branch) {
  return {{"description", "branches, each with its own space"},
          {"type", "array"},
          {"minItems", 1},
          {"items", std::move(branch)}};
}
Json one_of(Json branch) {
  return closed_map({{"one_of", one_of_list(std::move(branch))}, {"probabilities", probabilities_schema()}},
                    Json::array({"one_of"}));
}

Json unit_text(const tuner_param& param) {
  return param.unit != nullptr && *param.unit != 0 ? fmt::format("{} ({})", param.doc, param.unit) : param.doc;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Catalogue& catalogue) : catalogue_(catalogue) {}

  std::string write() {
    Json root = study();  // fills the definitions
    Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "tuner sweep file"},
                {"description", "A training run in which any value may be a search parameter: see docs/config.md"}};
    schema.update(root);
    schema["definitions"] = definitions_.all();
    return schema.dump(1) + "\n";
  }

 private:
  // ---- keys of the host

  Json described_key(const HostKey& key, Json schema) {
    Json result = described(std::move(schema), key.doc);
    if (!key.fallback.empty()) result["default"] = Json::parse(key.fallback);
    return result;
  }
  // A value that cannot be searched.
  Json plain(const HostKey& key) { return described_key(key, value_schema(key).fixed); }

  using Own = std::function<Json(std::string_view key)>;
  // `required`: the one key that has no default, and no null in its place.
  Json properties(std::span<const HostKey> keys, bool searched, const Own& own = {}, std::string_view required = {}) {
    Json properties = Json::object();
    for (const HostKey& key : keys) {
      const bool searchable = searched && key.type != HostKey::own;
      Json value = searchable                 ? definitions_.setting(value_schema(key))  // with its null
                   : key.type == HostKey::own ? own(key.key)
                                              : value_schema(key).fixed;
      if (!searchable && key.key != required) value = nullable(std::move(value));
      properties[std::string(key.key)] = described_key(key, std::move(value));
    }
    return properties;
  }

  Json study() {
    Json schema = closed_map(properties(
                                 kStudyKeys, false, [this](std::string_view key) { return section(key); }, "objective"),
                             Json::array({"objective"}));
    schema["not"] = {{"allOf", Json::array({has_value("trials"), has_value("run_cap")})}};
    std::vector<Json> endless{method_is("random")};
    for (const auto& plugin : catalogue_.plugins())
      if (plugin->kind() == Kind::searcher) endless.push_back(method_is(std::string(plugin->id())));
    const Json without_end = any_of(std::move(endless)), grid = method_is("grid"), tested = method_is("lr_range");
    Json wall = has_value("wall");
    wall["type"] = "object";
    const Json timed = with("budget", std::move(wall)), counted = any_of({has_value("trials"), has_value("run_cap")});
    const Json cut = any_of(
        {with("partial", {{"const", true}}), with("method", {{"type", "object"},
                                                             {"required", Json::array({"partial"})},
                                                             {"properties", {{"partial", {{"const", true}}}}}})});
    // With repeats it is their number, which a schema cannot compare.
    const Json one{{"enum", {1, nullptr}}}, optimized = has_value("optimizer");
    Json length = any_of({has_value("epochs"), has_value("steps")});
    length["type"] = "object";
    const Json trained = with("training", std::move(length));
    const Json scaled = with("training", {{"allOf", Json::array({Json{{"type", "object"}}, has_value("lr_scaling")})}});
    Json command = any_of({has_value("command"), has_value("program")});
    command["type"] = "object";
    Json limited = has_value("budget");
    limited["type"] = "object";
    const Json of_program = with("objective", std::move(command));
    Json launcher = has_value("launcher");
    launcher["type"] = "object";
    const Json launched = with("workers", std::move(launcher));
    schema["allOf"] = Json::array(
        {rule(optimized, trained), rule(has_value("scheduler"), optimized), rule(without_end, any_of({counted, timed})),
         rule(cut, grid), rule(tested, any_of({optimized, of_program})),
         rule({{"allOf", {tested, of_program}}}, with("objective", std::move(limited))),
         rule(of_program, {{"not", any_of({optimized, has_value("scheduler"), has_value("training"),
                                           with("isolation", {{"const", "thread"}})})}}),
         rule(tested, {{"not", any_of({counted, timed, has_value("repeats"), has_value("pruner"), scaled})}}),
         rule(with("isolation", {{"const", "thread"}}), {{"not", any_of({has_value("memory_limit"), launched})}}),
         rule({{"not", any_of({has_value("method"), has_value("repeats")})}},
              {{"properties", {{"trials", one}, {"run_cap", one}}}})});
    return schema;
  }

  static Json rule(Json condition, Json consequence) {
    return {{"if", std::move(condition)}, {"then", std::move(consequence)}};
  }
  static Json with(const std::string& key, Json schema) {
    return {{"required", Json::array({key})}, {"properties", {{key, std::move(schema)}}}};
  }
  static Json method_is(const std::string& name) {
    const Json map{
        {"type", "object"}, {"required", Json::array({"name"})}, {"properties", {{"name", {{"const", name}}}}}};
    return with("method", any_of({{{"const", name}}, map}));
  }

  static Json bytes() {
    return any_of(
        {{{"type", "number"}, {"minimum", 1}},
         {{"type", "string"}, {"pattern", "^[+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)? *([KMG]i|[kMG])?B$"}}});
  }

  Json section(std::string_view key) {
    if (key == "workers") return workers();
    if (key == "metric") {
      Json schema = closed_map(properties(kMetricKeys, false));
      schema["allOf"] = Json::array({rule(with("on_target", {{"const", "end"}}), has_value("target"))});
      Json several = {{"type", "array"},
                      {"items", closed_map(properties(kSeveralMetricsKeys, false), Json::array({"name", "goal"}))},
                      {"minItems", 1}};
      return any_of({string_schema(), std::move(schema), std::move(several)});
    }
    if (key == "method") return method();
    if (key == "pruner") return pruner();
    if (key == "memory_limit") return bytes();
    if (key == "retry") return retry();
    if (key == "repeats")
      return any_of({plain(host_key(kRepeatsKeys, "count")),
                     closed_map(properties(kRepeatsKeys, false, {}, "count"), Json::array({"count"}))});
    if (key == "checkpoint") {
      const auto own = [](std::string_view) { return bytes(); };
      return any_of({{{"const", "none"}}, closed_map(properties(kCheckpointKeys, false, own))});
    }
    if (key == "budget") {
      Json schema = closed_map(properties(kBudgetKeys, false));
      schema["allOf"] = Json::array({rule(has_value("on_end"), has_value("wall"))});
      return schema;
    }
    if (key == "objective") return objective();
    if (key == "optimizer") return optimizer();
    if (key == "scheduler") return scheduler();
    if (key == "training") return training();
    if (key == "lr_range") return lr_range();
    throw std::logic_error("a section without a schema");
  }

  Json workers() {
    HostKey count = host_key(kWorkersKeys, "count");
    count.type = HostKey::integer;
    const Json counted = any_of({value_schema(count).fixed, {{"const", "auto"}}});
    const auto list_of = [](const char* pattern) {
      return Json{{"type", "array"}, {"minItems", 1}, {"items", string_schema(pattern)}};
    };
    Json schema = closed_map(properties(kWorkersKeys, false, [&](std::string_view key) {
      return key == "count" ? counted : list_of(key == "hosts" ? "^[^-]" : "^.");
    }));
    const Json launched = has_value("launcher"), of_hosts = has_value("hosts");
    const Json placed = any_of({launched, with("count", {{"const", "auto"}})});
    schema["allOf"] =
        Json::array({rule(any_of({of_hosts, has_value("per_host")}), launched),
                     rule(any_of({has_value("program"), has_value("nodes"), has_value("send_plugins")}), placed),
                     rule(of_hosts, {{"not", has_value("count")}})});
    return any_of({described_key(count, counted), std::move(schema)});
  }
  Json method() {
    std::vector<Json> all{plain(host_key(kMethodKeys, "name")),
                          closed_map(properties(kMethodKeys, false, {}, "name"), Json::array({"name"}))};
    add_named(all, Kind::searcher, kSearcherKeys);
    return any_of(std::move(all));
  }
  Json pruner() {
    std::vector<Json> all;
    add_named(all, Kind::pruner, kPrunerKeys);
    return all.empty() ? Json{{"not", Json::object()}} : any_of(std::move(all));
  }

  // Plugins that a section names: by the name alone, or a map of the name, options and the host's keys.
  void add_named(std::vector<Json>& all, Kind kind, std::span<const HostKey> host_keys) {
    for (const auto& plugin : catalogue_.plugins()) {
      if (plugin->kind() != kind) continue;
      Json required = Json::array({"name"});
      Json keys = properties(host_keys, false, [](std::string_view key) {
        if (key == "lag") {
          const Bounds& bounds = host_key(kSearcherKeys, key).bounds;
          return any_of({{{"type", "integer"}, {"minimum", bounds.min}, {"maximum", bounds.max}}, {{"const", "free"}}});
        }
        if (key == "learn_from") return any_of({string_schema(), {{"type", "array"}, {"items", string_schema()}}});
        const Json first{{"type", "object"}, {"additionalProperties", {{"type", {"number", "string", "boolean"}}}}};
        return Json{{"type", "array"}, {"items", first}};
      });
      for (std::size_t i = 0; i < plugin->param_count(); ++i) {
        const tuner_param& param = plugin->param(i);
        if (param.flags & TUNER_PARAM_REQUIRED) required.push_back(param.id);
        keys[param.id] = fixed_option(param);
      }
      const Json id{{"const", plugin->id()}};
      if (required.size() == 1) all.push_back(described(id, plugin->descriptor().doc));
      keys["name"] = id;
      all.push_back(definitions_.add(
          name_of(*plugin), described(closed_map(std::move(keys), std::move(required)), plugin->descriptor().doc)));
    }
  }

  // One that is not searched.
  Json fixed_option(const tuner_param& param) {
    Json schema = described(nullable(value_schema(param).fixed), unit_text(param).get<std::string>());
    if (const Value value = default_value(param); !std::holds_alternative<Null>(value))
      schema["default"] = Json::parse(to_json(value));
    return schema;
  }

  Json retry() {
    const Json failure = words_schema({std::begin(kFailures) + 1, std::end(kFailures)});  // all but none
    const auto on = [&](std::string_view) { return any_of({failure, {{"type", "array"}, {"items", failure}}}); };
    Json schema = closed_map(properties(kRetryKeys, false, on, "max"), Json::array({"max"}));
    return schema;
  }

  Json lr_range() {
    const auto part = [&](std::span<const HostKey> keys) {
      return any_of({{{"const", "none"}}, closed_map(properties(keys, false))});
    };
    Json schema = closed_map(properties(kLrRangeKeys, false, [&](std::string_view key) {
      return key == "grid" ? part(kLrGridKeys) : key == "stability" ? part(kStabilityKeys) : part(kProbeKeys);
    }));
    // The older name of grid. Editors do not propose what is deprecated.
    schema["properties"]["ladder"] = part(kLrGridKeys);
    schema["properties"]["ladder"]["deprecated"] = true;
    schema["not"] = {{"required", Json::array({"grid", "ladder"})}};
    return schema;
  }

  Json training() {
    Json schema = closed_map(properties(kTrainingKeys, true, [this](std::string_view key) {
      if (key == "gradient_noise") return or_first(kNoiseKeys);
      if (key == "clip_agc") return or_first(kAgcKeys);
      if (key == "clip_norm") return or_first(kClipNormKeys);
      return key == "averaging" ? averaging() : early_stopping();
    }));
    schema["not"] = {{"allOf", Json::array({has_value("epochs"), has_value("steps")})}};
    const auto other_than = [](const char* key, int number) {
      Json value = has_value(key);
      value["properties"][key] = {{"not", {{"enum", Json::array({number, nullptr})}}}};
      return value;
    };
    const Json batches = other_than("batch_size", 0);
    schema["allOf"] = Json::array(
        {rule(has_value("lr_scaling"), {{"allOf", Json::array({has_value("base_batch"), batches})}}),
         rule(has_value("base_batch"), has_value("lr_scaling")), rule(other_than("accumulation", 1), batches),
         rule(with("order", {{"const", "curriculum"}}), {{"not", has_value("shuffle")}}),
         rule(other_than("regime_adaptation", 0), {{"not", has_value("steps")}})});
    return schema;
  }

  // A map, or its first value alone.
  Json or_first(std::span<const HostKey> keys) {
    Json schema = definitions_.setting(value_schema(keys.front()));
    schema["anyOf"].push_back(closed_map(properties(keys, true)));
    return schema;
  }

  Json early_stopping() {
    Json keys = properties(kEarlyStoppingKeys, true);
    keys["as"] = nullable(plain(kAsKey));
    const Json branch = definitions_.add("early_stopping", any_of({{{"type", "null"}}, closed_map(std::move(keys))}));
    return any_of({branch, one_of(branch)});
  }

  // Each kind has keys of its own; null is the default of all.
  Json averaging() {
    std::vector<Json> all{{{"type", "null"}}, {{"enum", Json::array({"ema", "swa"})}}};
    for (const char* kind : kAveragingKinds) {
      const bool swa = std::string_view(kind) == "swa";
      Json keys = properties(
          kAveragingKeys, true,
          [&](std::string_view) {
            return Json{{"const", kind}};
          },
          "kind");
      for (const char* other : {"decay", "warmup", "start", "every"})
        if ((std::string_view(other) == "start" || std::string_view(other) == "every") != swa)
          keys[other] = {{"type", "null"}};
      keys["as"] = nullable(plain(kAsKey));
      all.push_back(closed_map(std::move(keys), Json::array({"kind"})));
    }
    const Json branch = definitions_.add("averaging", any_of(std::move(all)));
    return any_of({branch, one_of(branch)});
  }

  // ---- plugins

  // The options of a plugin, with what may stand beside them.
  Json plugin_map(const Plugin& plugin, const Json& host_keys, const Json& host_required) {
    Json required = Json::array({"plugin"});
    for (const Json& key : host_required) required.push_back(key);
    Json keys{{"plugin", {{"const", plugin.id()}}}, {"as", nullable(plain(kAsKey))}};
    for (std::size_t i = 0; i < plugin.param_count(); ++i) {
      const tuner_param& param = plugin.param(i);
      keys[param.id] = option(param, is_tested_lr(plugin, param));
      if (param.flags & TUNER_PARAM_REQUIRED) required.push_back(param.id);
    }
    keys.update(host_keys);
    return described(closed_map(std::move(keys), std::move(required)), plugin.descriptor().doc);
  }

  Json option(const tuner_param& param, bool tested) {
    ValueSchema value = value_schema(param);
    value.tested = tested;
    Json schema = described(definitions_.setting(value), unit_text(param).get<std::string>());
    if ((param.flags & TUNER_PARAM_REQUIRED) == 0)
      if (const Value value = default_value(param); !std::holds_alternative<Null>(value))
        schema["default"] = Json::parse(to_json(value));
    return schema;
  }

  // A bare name, or a map; `definition` gives the map of a plugin.
  Json plugin_of(Kind kind, const std::function<Json(const Plugin&)>& definition) {
    Json bare = Json::array(), ids = Json::array(), rules = Json::array();
    for (const auto& plugin : catalogue_.plugins()) {
      if (plugin->kind() != kind) continue;
      ids.push_back(plugin->id());
      bool complete = !plugin->has(TUNER_PLUGIN_WRAPS);
      for (std::size_t i = 0; i < plugin->param_count(); ++i)
        complete = complete && (plugin->param(i).flags & TUNER_PARAM_REQUIRED) == 0;
      if (complete) bare.push_back(plugin->id());
      rules.push_back(rule(with("plugin", {{"const", plugin->id()}}), definition(*plugin)));
    }
    return any_of({{{"enum", std::move(bare)}},
                   {{"type", "object"},
                    {"required", Json::array({"plugin"})},
                    {"properties", {{"plugin", {{"enum", std::move(ids)}}}}},
                    {"allOf", std::move(rules)}}});
  }

  static std::string name_of(const Plugin& plugin) {
    return fmt::format("{}.{}", to_string(plugin.kind()), plugin.id());
  }
  // A plugin that has been defined, with further keys.
  static Json extended(const Plugin& plugin, Json required, const Json& base, const Json& host_keys) {
    Json keys = Json::object();
    for (const std::string& key : base.at("properties").keys())
      keys[key] = Definitions::ref(fmt::format("{}/properties/{}", name_of(plugin), key));
    keys.update(host_keys);
    return described(closed_map(std::move(keys), std::move(required)), plugin.descriptor().doc);
  }

  Json objective() {
    const Json plugin =
        definitions_.add("objective", plugin_of(Kind::objective, [this](const Plugin& p) {
                           return definitions_.add(name_of(p), plugin_map(p, Json::object(), Json::array()));
                         }));
    return any_of({plugin, one_of(plugin), program()});
  }

  // ---- programs

  Json program() {
    Json schema = closed_map(properties(kProgramKeys, false, [this](std::string_view key) {
      if (key == "command") return Json{{"type", "array"}, {"minItems", 1}, {"items", string_schema()}};
      if (key == "parameters") return parameters();
      if (key == "environment") return Json{{"type", "object"}, {"additionalProperties", string_schema()}};
      Json metric = nullable(closed_map(properties(kProgramMetricKeys, false)));
      return Json{{"type", "object"}, {"additionalProperties", std::move(metric)}};
    }));
    schema["anyOf"] = {has_value("command"), has_value("program")};
    return schema;
  }

  // Any value that a program can be given, or what is searched in its place.
  Json parameters() {
    const Json scalar{{"type", {"string", "number", "boolean", "null"}}};
    const Json value = definitions_.add("parameter_value", any_of({scalar, {{"type", "array"}, {"items", scalar}}}));
    Json values = closed_map({{"values",
                               {{"description", "each of them: scalars, lists, null"},
                                {"type", "array"},
                                {"minItems", 1},
                                {"uniqueItems", true},
                                {"items", value}}},
                              {"probabilities", probabilities_schema()}},
                             Json::array({"values"}));
    const HostKey any_number{"number", HostKey::real, "", {}, {-kAnyReal, kAnyReal}};
    ValueSchema number = value_schema(any_number);
    number.integer = false;
    Json range = Definitions::range(number, number.fixed);
    range["properties"]["integer"] = {{"description", "integers alone"}, {"type", {"boolean", "null"}}};
    Json label = plain(kAsKey);
    Json branch{{"type", "object"},
                {"properties", {{"as", label}}},
                {"required", Json::array({"as"})},
                {"additionalProperties", Definitions::ref("parameter")}};
    const Json one = one_of(any_of({string_schema(kLabelPattern), std::move(branch)}));
    std::vector<Json> all{value, std::move(values), std::move(range), one};
    for (const char* word : kDrawnDistributions) {
      Json drawn = Definitions::distribution(number, number.fixed, word);
      drawn["properties"]["integer"] = all[2].at("properties").at("integer");
      all.push_back(std::move(drawn));
    }
    all.push_back(Definitions::from());
    all.push_back(closed_map({{"parameters",
                               {{"description", "parameters that the program gets as one map"},
                                {"type", "object"},
                                {"minProperties", 1},
                                {"additionalProperties", Definitions::ref("parameter")}}}},
                             Json::array({"parameters"})));
    definitions_.add("parameter", any_of(all));
    return {{"type", "object"}, {"additionalProperties", Definitions::ref("parameter")}};
  }

  Json optimizer() {
    const Json choice = any_of({Definitions::ref("optimizer"), one_of(Definitions::ref("optimizer"))});
    definitions_.add("optimizer", plugin_of(Kind::optimizer, [&](const Plugin& p) {
                       Json keys{{"groups",
                                  {{"description", "options for some tensors only; the first group that matches wins"},
                                   {"type", {"array", "null"}},
                                   {"items", group(p)}}}};
                       if (p.has(TUNER_PLUGIN_ONE_GROUP))
                         keys["groups"] = {{"description", "none: options are for all tensors at once"},
                                           {"type", {"array", "null"}},
                                           {"maxItems", 0}};
                       Json required = Json::array();
                       if (p.has(TUNER_PLUGIN_WRAPS)) {
                         keys["inner"] = described(choice, "the optimizer that this one wraps");
                         required.push_back("inner");
                       }
                       return definitions_.add(name_of(p), plugin_map(p, std::move(keys), std::move(required)));
                     }));
    return choice;
  }

  Json group(const Plugin& plugin) {
    Json keys{{"match", definitions_.add("match", match())}};
    for (std::size_t i = 0; i < plugin.param_count(); ++i)
      if (const tuner_param& p = plugin.param(i);
          (p.flags & (TUNER_PARAM_STRUCTURAL | TUNER_PARAM_ONE_VALUE)) == 0 && p.type < TUNER_TYPE_TEXT)
        keys[p.id] = is_tested_lr(plugin, p) ? option(p, false)  // a test is about the optimizer's own lr
                                             : Definitions::ref(fmt::format("{}/properties/{}", name_of(plugin), p.id));
    return closed_map(std::move(keys), Json::array({"match"}));
  }

  static Json match() {
    std::vector<std::string> roles;
    for (std::uint32_t role = TUNER_ROLE_UNKNOWN; role <= TUNER_ROLE_SCALAR; ++role)
      roles.emplace_back(role_name(role));
    const auto one_or_more = [](const Json& word) { return any_of({word, {{"type", "array"}, {"items", word}}}); };
    const auto some = [](const char* key) {
      return with(key, {{"not", any_of({{{"type", "array"}, {"maxItems", 0}}, {{"type", "null"}}})}});
    };
    Json schema = closed_map({{"role", described(nullable(one_or_more(words_schema(roles))), "roles of tensors")},
                              {"name", described(nullable(one_or_more(string_schema("^([^*]+\\*?|\\*)$"))),
                                                 "names of tensors, or their beginning and *")}});
    schema["anyOf"] = {some("role"), some("name")};
    return described(std::move(schema), "the tensors: by role, by name, or both must fit");
  }

  // A scheduler stands alone in a stage's one_of and in a product, with its length in a stage, and with a warmup
  // elsewhere.
  Json scheduler() {
    const Json warmup = properties(kWarmupKeys, true), steps = properties(kStageKeys, true);
    const Json drives{{"drives", nullable(plain(kDrivesKey))}};
    Json alone = plugin_of(Kind::scheduler, [&](const Plugin& p) {
      return definitions_.add(name_of(p), plugin_map(p, drives, Json::array()));
    });
    definitions_.add("scheduler_alone", std::move(alone));
    const auto extended_by = [&](const Json& host_keys, const char* prefix) {
      return plugin_of(Kind::scheduler, [&](const Plugin& p) {
        const Json& base = definitions_.all().at(name_of(p));
        return definitions_.add(fmt::format("{}.{}", prefix, p.id()),
                                extended(p, base.at("required"), base, host_keys));
      });
    };
    const Json one = any_of({Definitions::ref("scheduler_alone"), one_of(Definitions::ref("scheduler_alone"))});
    const auto several = [](const char* key, const char* doc, const Json& item, const Json& beside) {
      Json keys{{key, {{"description", doc}, {"type", "array"}, {"minItems", 1}, {"items", item}}}};
      keys.update(beside);
      return closed_map(std::move(keys), Json::array({key}));
    };
    const char* const side_by_side = "schedulers side by side; their factors are multiplied where they drive the same";
    Json beside = one_of(Definitions::ref("scheduler_alone"));
    beside["properties"].update(steps);
    const Json stage =
        definitions_.add("stage", any_of({extended_by(steps, "stage"), std::move(beside),
                                          several("product", side_by_side, definitions_.add("factor", one), steps)}));
    Json named = warmup;
    named["as"] = nullable(plain(kAsKey));
    Json branch =
        any_of({extended_by(warmup, "warmed_up"), several("sequence", "stages, one after another", stage, named),
                several("product", side_by_side, Definitions::ref("factor"), named)});
    const auto together = [](const char* first, const char* second) -> Json {
      return {{"not", {{"allOf", Json::array({has_value(first), has_value(second)})}}}};
    };
    branch["allOf"] =
        Json::array({rule({{"type", "object"}}, together("warmup_steps", "warmup_fraction")),
                     rule({{"allOf", Json::array({Json{{"type", "object"}}, has_value("warmup_form")})}},
                          any_of({has_value("warmup_steps"), has_value("warmup_fraction")})),
                     rule({{"allOf", Json::array({Json{{"type", "object"}}, has_value("warmup_target")})}},
                          {{"allOf", Json::array({any_of({has_value("warmup_steps"), has_value("warmup_fraction")}),
                                                  Json{{"not", has_value("warmup_form")}}})}})});
    const Json any = definitions_.add("scheduler", std::move(branch));
    return any_of({any, one_of(any)});
  }

  const Catalogue& catalogue_;
  Definitions definitions_;
};

}  // namespace

std::string json_schema(const Catalogue& catalogue) { return SchemaWriter(catalogue).write(); }

}  // namespace tuner::config
