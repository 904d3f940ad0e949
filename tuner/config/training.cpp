#include "tuner/config/training.hpp"

#include "tuner/config/language.hpp"

namespace tuner::config {
namespace {

class TrainingReader {
 public:
  TrainingReader(const Scope& scope, Reading& reading) : scope_(scope), reading_(reading) {}

  TrainingPlan read(const Node& node) {
    plan_.early_stopping.branches.emplace_back(std::nullopt);
    Keys keys;
    for (const HostKey& key : kTrainingKeys)
      keys.emplace_back(key.key, [&](const Entry& entry) { read_key(key, entry); });
    read_keys(node, "training", keys);
    if (plan_.settings.contains("steps") && plan_.settings.contains("epochs"))
      throw Error(Message::config_impossible, "training has both steps and epochs", "remove one of them")
          .at(node.find("epochs")->place);
    return std::move(plan_);
  }

 private:
  void read_key(const HostKey& key, const Entry& entry) {
    if (key.key == "gradient_noise") return read_noise(entry.value);
    if (key.key == "early_stopping") return read_early_stopping(entry.value);
    set(key, entry, scope_, key.key == "time_limit" ? "time_limit_seconds" : entry.key, plan_.settings);
  }

  void set(const HostKey& key, const Entry& entry, const Scope& scope, const std::string& setting, Settings& settings) {
    put(settings, setting, read_setting(entry.value, host_field(key, scope.name(entry.key)), scope, reading_));
  }

  // A bare number or search parameter is eta.
  void read_noise(const Node& node) {
    const Scope scope = scope_.within("gradient_noise");
    if (!node.is_map() || is_search_parameter(node))
      return put(plan_.settings, "noise_eta",
                 read_setting(node, host_field(host_key(kNoiseKeys, "eta"), scope.path), scope_, reading_));
    Keys keys;
    for (const HostKey& key : kNoiseKeys)
      keys.emplace_back(key.key,
                        [&](const Entry& entry) { set(key, entry, scope, "noise_" + entry.key, plan_.settings); });
    read_keys(node, scope.path, keys);
  }

  void read_early_stopping(const Node& node) {
    if (node.missing) refuse_type(node, "training.early_stopping", "a map like {patience: 2, min_delta: 0}");
    const auto label = [](const Node& branch) -> std::string {
      if (branch.is_null()) return "none";
      const Node* as = branch.given("as");
      return as == nullptr ? "on" : label_of(*as);
    };
    plan_.early_stopping = read_one_of<OptionalSettings>(
        node, scope_.within("early_stopping"), reading_, label,
        [&](const Node& branch, const Scope& scope) -> OptionalSettings {
          if (branch.is_null()) return std::nullopt;
          Settings settings;
          Keys keys{{kAsKey.key, [](const Entry&) {}}};
          for (const HostKey& key : kEarlyStoppingKeys)
            keys.emplace_back(key.key, [&](const Entry& entry) { set(key, entry, scope, entry.key, settings); });
          read_keys(branch, "early_stopping", keys);
          return settings;
        });
  }

  Scope scope_;
  Reading& reading_;
  TrainingPlan plan_;
};

}  // namespace

TrainingPlan read_training(const Node& node, const Scope& scope, Reading& reading) {
  return TrainingReader(scope, reading).read(node);
}

}  // namespace tuner::config
