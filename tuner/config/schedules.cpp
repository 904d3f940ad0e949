#include "tuner/config/schedules.hpp"

#include "tuner/config/language.hpp"
#include "tuner/config/plugins.hpp"
#include "tuner/schedule.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

class ScheduleReader {
 public:
  ScheduleReader(const Scope& scope, Reading& reading, SchedulerPlaces& places)
      : scope_(scope), reading_(reading), places_(places) {}

  SchedulePlan read(const Node& node) {
    plan_.label = label_of_schedule(node);
    Keys keys = warmup_keys();
    const std::string_view several = list_key(node);
    for (const std::string_view key : kListKeys)
      if (key != several) keys.emplace_back(key, [](const Entry&) {});  // null
    if (several.empty()) {
      StagePlan stage;
      stage.scheduler.branches.push_back(read_scheduler(node, scope_, keys));
      plan_.stages.push_back(std::move(stage));
    } else {
      keys.emplace_back("as", [](const Entry&) {});  // read above
      keys.emplace_back(several, [&](const Entry& entry) {
        if (several == "sequence") return read_sequence(entry);
        StagePlan& stage = plan_.stages.emplace_back();
        read_product(entry, scope_, stage);
      });
      read_keys(node, fmt::format("a {} of schedulers", several), keys);
    }
    check_warmup(node);
    return std::move(plan_);
  }

  static std::string label_of_schedule(const Node& node) {
    const std::string_view several = list_key(node);
    if (several.empty()) return plugin_label(node, Kind::scheduler);
    const Node* as = node.given("as");
    return as == nullptr ? std::string(several) : label_of(*as);
  }

 private:
  static constexpr std::string_view kListKeys[] = {"sequence", "product"};

  // The key that makes several schedulers of one; empty where there is none.
  static std::string_view list_key(const Node& node) {
    const bool sequence = node.given("sequence") != nullptr, product = node.given("product") != nullptr;
    if (sequence && product)
      throw Error(Message::config_impossible, "a scheduler is a sequence or a product, not both",
                  "make the product an item of the sequence: sequence: [{product: [...], steps: 500}, cosine]")
          .at(node.find("product")->place);
    if (!sequence && !product) return {};
    const std::string_view key = sequence ? "sequence" : "product";
    if (node.given("plugin") != nullptr)
      throw Error(Message::config_impossible, fmt::format("a scheduler is one plugin or a {}, not both", key),
                  fmt::format("make the plugin an item of the {}", key))
          .at(node.find("plugin")->place);
    return key;
  }

  static void check_list(const Node& list, std::string_view key, const char* example) {
    if (list.is_list() && !list.items.empty()) return;
    throw Error(Message::config_wrong_type,
                fmt::format("the {} is {}, and a list of schedulers is due", key, list.description()), example)
        .at(list.place);
  }

  PluginPlan read_scheduler(const Node& node, const Scope& scope, Keys keys) {
    std::string drives, place = node.place;
    keys.emplace_back(kDrivesKey.key, [&](const Entry& entry) {
      drives = string_of(entry.value, scope.name(entry.key));
      place = entry.value.place;
    });
    PluginPlan plan = read_plugin(node, Kind::scheduler, scope, reading_, keys);
    plan.drives = drives;
    places_.push_back({plan.plugin, drives, place});
    return plan;
  }

  // Schedulers side by side, each a plugin or a one_of.
  void read_product(const Entry& entry, const Scope& scope, StagePlan& stage) {
    check_list(entry.value, "product", "write product: [cosine, {plugin: linear, drives: weight_decay}]");
    for (std::size_t i = 0; i < entry.value.items.size(); ++i) {
      const Node& item = entry.value.items[i];
      const Scope within = scope.within(fmt::format("product.{}", i));
      refuse_warmup(item);
      if (item.given("steps") != nullptr)
        throw Error(Message::config_impossible, "the schedulers of a product all last as long as the product",
                    "put steps beside product, in a sequence")
            .at(item.find("steps")->place);
      OneOf<PluginPlan> scheduler = read_one_of<PluginPlan>(
          item, within, reading_, [](const Node& branch) { return plugin_label(branch, Kind::scheduler); },
          [&](const Node& branch, const Scope& at) {
            refuse_warmup(branch);
            return read_scheduler(branch, at, {});
          });
      if (i == 0)
        stage.scheduler = std::move(scheduler);
      else
        stage.factors.push_back(std::move(scheduler));
    }
  }

  static void refuse_warmup(const Node& node) {
    for (const Entry& entry : node.entries)
      if (entry.key.starts_with("warmup_"))
        throw Error(Message::config_impossible,
                    fmt::format("'{}' stands in a stage, and warmup comes before the first one", shown(entry.key)),
                    "put it beside sequence or product")
            .at(entry.place);
  }

  Keys warmup_keys() {
    Keys keys;
    for (const HostKey& key : kWarmupKeys)
      keys.emplace_back(key.key, [this, &key](const Entry& entry) {
        const Field field = host_field(key, scope_.name(entry.key));
        put(plan_.warmup, entry.key, read_setting(entry.value, field, scope_, reading_));
      });
    return keys;
  }

  void read_sequence(const Entry& entry) {
    const Node& list = entry.value;
    check_list(list, "sequence", "write sequence: [{plugin: constant, steps: 500}, cosine]");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const Node& item = list.items[i];
      StagePlan stage = read_stage(item, scope_.within(fmt::format("sequence.{}", i)));
      const Value* steps = std::get_if<Value>(&stage.steps);
      const bool endless = steps != nullptr && std::holds_alternative<Null>(*steps);
      const bool last = i + 1 == list.items.size();
      if (endless && !last)
        throw Error(Message::config_impossible, "this stage has no end, and others follow", "add steps: n to it")
            .at(item.place);
      if (!endless && last)
        throw Error(Message::config_impossible, "the last stage lasts to the end of the run, so it has no 'steps'",
                    "remove steps, or add what comes after it: constant holds the value")
            .at(item.find("steps")->place);
      plan_.stages.push_back(std::move(stage));
    }
  }

  StagePlan read_stage(const Node& item, const Scope& scope) {
    StagePlan stage;
    const Keys steps{{"steps", [&](const Entry& entry) {
                        const Field field = host_field(host_key(kStageKeys, "steps"), scope.name("steps"));
                        stage.steps = read_setting(entry.value, field, scope, reading_);
                      }}};
    refuse_warmup(item);
    if (item.given("product") != nullptr) {
      static_cast<void>(list_key(item));
      Keys keys = steps;
      keys.emplace_back("product", [&](const Entry& entry) { read_product(entry, scope, stage); });
      read_keys(item, "a product of schedulers", keys);
      return stage;
    }
    if (item.find("one_of") == nullptr) {
      stage.scheduler.branches.push_back(read_scheduler(item, scope, steps));
      return stage;
    }
    const auto read_branches = [&] {
      stage.scheduler = read_one_of<PluginPlan>(
          item, scope, reading_, [](const Node& branch) { return plugin_label(branch, Kind::scheduler); },
          [&](const Node& branch, const Scope& at) {
            refuse_warmup(branch);
            return read_scheduler(branch, at, {});
          },
          "steps");
    };
    for (const Entry& entry : item.entries)
      if (entry.key != "probabilities" && !read_key(entry, steps)) read_branches();  // one_of, or an error
    return stage;
  }

  void check_warmup(const Node& node) const {
    const bool by_steps = plan_.warmup.contains("warmup_steps"), by_fraction = plan_.warmup.contains("warmup_fraction");
    if (by_steps && by_fraction)
      throw Error(Message::config_impossible, "warmup_steps and warmup_fraction say the same thing twice",
                  "remove one of them")
          .at(node.find("warmup_fraction")->place);
    if (plan_.warmup.contains("warmup_form") && !by_steps && !by_fraction)
      throw Error(Message::config_impossible, "warmup_form without a warmup",
                  "add warmup_steps or warmup_fraction, or remove it")
          .at(node.find("warmup_form")->place);
    if (!plan_.warmup.contains("warmup_target")) return;
    const Node& target = *node.find("warmup_target");
    if (!by_steps && !by_fraction)
      throw Error(Message::config_impossible, "warmup_target without a warmup",
                  "add warmup_steps or warmup_fraction, or remove it")
          .at(target.place);
    if (plan_.warmup.contains("warmup_form"))
      throw Error(Message::config_impossible, "warmup_target is reached in a straight line, and warmup_form is another",
                  "remove one of them")
          .at(node.find("warmup_form")->place);
  }

  Scope scope_;
  Reading& reading_;
  SchedulerPlaces& places_;
  SchedulePlan plan_;
};

}  // namespace

OneOf<SchedulePlan> read_schedules(const Node& node, const Scope& scope, Reading& reading, SchedulerPlaces& places) {
  return read_one_of<SchedulePlan>(
      node, scope, reading, [](const Node& branch) { return ScheduleReader::label_of_schedule(branch); },
      [&](const Node& branch, const Scope& at) { return ScheduleReader(at, reading, places).read(branch); });
}

void check_schedules(const SchedulerPlaces& places, const OneOf<PluginPlan>& optimizers) {
  for (const SchedulerPlace& scheduler : places) {
    const auto check = [&](const Chain& chain) {
      std::vector<const Plugin*> plugins;
      for (const PluginPlan* use : chain) plugins.push_back(use->plugin);
      check_bindings(*scheduler.plugin, plugins, scheduler.drives);
    };
    try {
      each_chain(optimizers, check);
    } catch (Error& error) {
      throw error.at(scheduler.place);
    }
  }
}

}  // namespace tuner::config
