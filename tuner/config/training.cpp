#include "tuner/config/training.hpp"

#include <algorithm>

#include "tuner/config/language.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

// Keys that are a map, or its first value alone: gradient_noise: 0.3 is gradient_noise: {eta: 0.3}.
struct MapKey {
  std::string_view key;
  std::span<const HostKey> keys;
  // The field of TrainingSettings for each of the keys.
  std::vector<std::string> settings;
};
const MapKey* map_key(std::string_view key) {
  static const std::vector<MapKey> kMapKeys{
      {"gradient_noise", kNoiseKeys, {"noise_eta", "noise_gamma"}},
      {"clip_agc", kAgcKeys, {"clip_agc", "agc_eps"}},
      {"clip_norm", kClipNormKeys, {"clip_norm", "clip_norm_kind", "clip_norm_per"}}};
  const auto found = std::ranges::find(kMapKeys, key, &MapKey::key);
  return found == kMapKeys.end() ? nullptr : &*found;
}

class TrainingReader {
 public:
  TrainingReader(const Scope& scope, Reading& reading) : scope_(scope), reading_(reading) {}

  TrainingPlan read(const Node& node) {
    plan_.early_stopping.branches.emplace_back(std::nullopt);
    plan_.averaging.branches.emplace_back(std::nullopt);
    Keys keys;
    for (const HostKey& key : kTrainingKeys)
      keys.emplace_back(key.key, [&](const Entry& entry) { read_key(key, entry); });
    read_keys(node, "training", keys);
    check_length(node);
    check_batches(node);
    if (is("predictions", std::string()))
      throw Error(Message::config_bad_value, "training.predictions is an empty string",
                  "name a folder, or remove the key")
          .at(node.find("predictions")->place);
    return std::move(plan_);
  }

 private:
  void read_key(const HostKey& key, const Entry& entry) {
    if (const MapKey* map = map_key(key.key)) return read_map(*map, entry.value);
    if (key.key == "early_stopping") return read_early_stopping(entry.value);
    if (key.key == "averaging") return read_averaging(entry.value);
    set(key, entry, scope_, key.key == "time_limit" ? "time_limit_seconds" : entry.key, plan_.settings);
  }

  void set(const HostKey& key, const Entry& entry, const Scope& scope, const std::string& setting, Settings& settings) {
    put(settings, setting, read_setting(entry.value, host_field(key, scope.name(entry.key)), scope, reading_));
  }

  // A bare number or search parameter is the first of its values.
  void read_map(const MapKey& map, const Node& node) {
    const Scope scope = scope_.within(map.key);
    if (!node.is_map() || is_search_parameter(node))
      return put(plan_.settings, map.settings.front(),
                 read_setting(node, host_field(map.keys.front(), scope.path), scope_, reading_));
    Keys keys;
    for (std::size_t i = 0; i < map.keys.size(); ++i)
      keys.emplace_back(map.keys[i].key, [&, i](const Entry& entry) {
        set(map.keys[i], entry, scope, map.settings[i], plan_.settings);
      });
    read_keys(node, scope.path, keys);
  }

  void read_early_stopping(const Node& node) {
    if (node.missing) refuse_type(node, "training.early_stopping", "a map like {patience: 2, min_delta: 0}");
    const auto label = [](const Node& branch) -> std::string {
      if (branch.is_null()) return "none";
      const Node* as = branch.given("as");
      return as == nullptr ? "on" : label_of(*as);
    };
    plan_.early_stopping =
        read_one_of<OptionalSettings>(node, scope_.within("early_stopping"), reading_, label,
                                      [&](const Node& branch, const Scope& scope) -> OptionalSettings {
                                        if (branch.is_null()) return std::nullopt;
                                        Settings settings;
                                        Keys keys{{kAsKey.key, [](const Entry&) {}}};
                                        for (const HostKey& key : kEarlyStoppingKeys)
                                          keys.emplace_back(key.key, [&](const Entry& entry) {
                                            set(key, entry, scope, entry.key, settings);
                                            if (key.key == "metric") note_metrics(settings, entry.value.place);
                                          });
                                        read_keys(branch, "early_stopping", keys);
                                        return settings;
                                      });
  }

  // Which metrics there are is known once the objective is.
  void note_metrics(const Settings& settings, const std::string& place) {
    const auto found = settings.find("metric");
    if (found == settings.end()) return;
    const auto note = [&](const Value& value) {
      if (const auto* name = std::get_if<std::string>(&value)) plan_.stopping_metrics.emplace(*name, place);
    };
    const auto* searched = std::get_if<SearchParameter>(&found->second);
    if (searched == nullptr) return note(std::get<Value>(found->second));
    for (const Value& value : std::get<Values>(reading_.space.dimensions[searched->dimension].domain)) note(value);
  }

  void read_averaging(const Node& node) {
    if (node.missing) refuse_type(node, "training.averaging", "a map like {kind: ema, decay: 0.999}");
    const auto label = [](const Node& branch) -> std::string {
      if (branch.is_null()) return "none";
      const Node* as = branch.given("as");
      return as == nullptr ? averaging_kind(branch) : label_of(*as);
    };
    plan_.averaging = read_one_of<OptionalSettings>(node, scope_.within("averaging"), reading_, label,
                                                    [&](const Node& branch, const Scope& scope) -> OptionalSettings {
                                                      if (branch.is_null()) return std::nullopt;
                                                      return read_average(branch, scope);
                                                    });
  }

  // Which kind it is decides which keys there are, so it is a word and nothing that is searched.
  static std::string averaging_kind(const Node& branch) {
    const Node* kind = branch.is_map() ? branch.given("kind") : &branch;
    if (kind == nullptr)
      throw Error(Message::config_missing_key, "averaging does not say of which kind it is",
                  "add kind: ema, a moving average, or kind: swa, the mean over the end of the run")
          .at(branch.place);
    if (kind->is_map() || kind->is_word("search"))
      throw Error(Message::config_bad_hole, "the kind of averaging is searched, and it decides which keys there are",
                  "make them branches: averaging: {one_of: [{kind: ema}, {kind: swa}]}")
          .at(kind->place);
    return word_of(*kind, "the kind of averaging", words(kAveragingKinds));
  }

  Settings read_average(const Node& branch, const Scope& scope) {
    const std::string kind = averaging_kind(branch);
    Settings settings{{"kind", Value(kind)}};
    if (!branch.is_map()) return settings;
    constexpr std::string_view kOfSwa[] = {"start", "every"};
    Keys keys{{kAsKey.key, [](const Entry&) {}}};
    for (const HostKey& key : kAveragingKeys)
      keys.emplace_back(key.key, [&](const Entry& entry) {
        if (key.key == "kind") return;
        const bool of_swa = std::ranges::find(kOfSwa, key.key) != std::end(kOfSwa);
        if (of_swa != (kind == "swa"))
          throw Error(Message::config_impossible,
                      fmt::format("averaging of kind {} has no {}, which is for kind {}", kind, entry.key,
                                  of_swa ? "swa" : "ema"),
                      fmt::format("remove it, or write kind: {}", of_swa ? "swa" : "ema"))
              .at(entry.place);
        set(key, entry, scope, entry.key, settings);
      });
    read_keys(branch, "averaging", keys);
    return settings;
  }

  // ---- Keys that exclude or need each other.

  void check_length(const Node& node) const {
    if (!has("steps")) return;
    if (has("epochs"))
      throw Error(Message::config_impossible, "training has both steps and epochs", "remove one of them")
          .at(node.find("epochs")->place);
    if (has("regime_adaptation") && !is_number("regime_adaptation", 0))
      throw Error(Message::config_impossible,
                  "regime_adaptation multiplies epochs, and steps already say how many updates there are",
                  "write epochs in place of steps, or remove regime_adaptation")
          .at(node.find("regime_adaptation")->place);
  }

  void check_batches(const Node& node) const {
    if (has("shuffle") && is("order", std::string("curriculum")))
      throw Error(Message::config_impossible, "order curriculum is from easy to hard, and shuffle is another order",
                  "remove one of them")
          .at(node.find("order")->place);
    if (has("base_batch") && !has("lr_scaling"))
      throw Error(Message::config_impossible, "base_batch is the batch that lr is scaled from, and nothing scales it",
                  "add lr_scaling: linear, or remove base_batch")
          .at(node.find("base_batch")->place);
    const bool all_samples = !has("batch_size") || is_number("batch_size", 0);
    if (has("lr_scaling") && !has("base_batch"))
      throw Error(Message::config_missing_key, "lr_scaling does not know the batch that lr is meant for",
                  "add base_batch: 256, or whatever batch the lr was found with")
          .at(node.find("lr_scaling")->place);
    if (has("lr_scaling") && all_samples)
      throw Error(Message::config_impossible,
                  "lr_scaling compares batch_size with base_batch, and there is no batch_size",
                  "add batch_size, or remove lr_scaling")
          .at(node.find("lr_scaling")->place);
    if (has("accumulation") && !is_number("accumulation", 1) && all_samples)
      throw Error(Message::config_impossible,
                  "accumulation makes an update of several batches, and without batch_size a batch is all samples",
                  "add batch_size, or remove accumulation")
          .at(node.find("accumulation")->place);
  }

  [[nodiscard]] bool has(const std::string& key) const { return plan_.settings.contains(key); }
  // Is it this value, and not searched?
  [[nodiscard]] bool is(const std::string& key, const Value& fixed) const {
    if (!has(key)) return false;
    const auto* value = std::get_if<Value>(&plan_.settings.at(key));
    return value != nullptr && *value == fixed;
  }
  [[nodiscard]] bool is_number(const std::string& key, std::int64_t number) const { return is(key, Value(number)); }

  Scope scope_;
  Reading& reading_;
  TrainingPlan plan_;
};

}  // namespace

TrainingPlan read_training(const Node& node, const Scope& scope, Reading& reading) {
  return TrainingReader(scope, reading).read(node);
}

}  // namespace tuner::config
