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
    if (node.given("sequence") != nullptr) {
      keys.emplace_back("sequence", [&](const Entry& entry) { read_sequence(entry); });
      keys.emplace_back("as", [](const Entry&) {});  // read above
      if (node.given("plugin") != nullptr)
        throw Error(Message::config_impossible, "a scheduler is one plugin or a sequence, not both",
                    "make the plugin an item of the sequence")
            .at(node.find("plugin")->place);
      read_keys(node, "a sequence of schedulers", keys);
    } else {
      keys.emplace_back("sequence", [](const Entry&) {});  // null
      StagePlan stage;
      stage.scheduler.branches.push_back(read_scheduler(node, scope_, keys));
      plan_.stages.push_back(std::move(stage));
    }
    check_warmup(node);
    return std::move(plan_);
  }

  static std::string label_of_schedule(const Node& node) {
    if (node.given("sequence") == nullptr) return plugin_label(node, Kind::scheduler);
    const Node* as = node.given("as");
    return as == nullptr ? "sequence" : label_of(*as);
  }

 private:
  PluginPlan read_scheduler(const Node& node, const Scope& scope, const Keys& keys) {
    PluginPlan plan = read_plugin(node, Kind::scheduler, scope, reading_, keys);
    places_.emplace_back(plan.plugin, node.place);
    return plan;
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
    if (!list.is_list() || list.items.empty())
      throw Error(Message::config_wrong_type,
                  fmt::format("the sequence is {}, and a list of schedulers is due", list.description()),
                  "write sequence: [{plugin: constant, steps: 500}, cosine]")
          .at(list.place);
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
    const auto refuse_warmup = [](const Node& node) {
      for (const Entry& entry : node.entries)
        if (entry.key.starts_with("warmup_"))
          throw Error(Message::config_impossible,
                      fmt::format("'{}' stands in a stage, and warmup comes before the first one", shown(entry.key)),
                      "put it beside sequence")
              .at(entry.place);
    };
    refuse_warmup(item);
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
  for (const auto& [scheduler, place] : places) {
    const auto check = [&driver = *scheduler](const Chain& chain) {
      std::vector<const Plugin*> plugins;
      for (const PluginPlan* use : chain) plugins.push_back(use->plugin);
      check_bindings(driver, plugins);
    };
    try {
      each_chain(optimizers, check);
    } catch (Error& error) {
      throw error.at(place);
    }
  }
}

}  // namespace tuner::config
