#include "tuner/config/training.hpp"

#include <limits>

#include "tuner/config/keys.hpp"
#include "tuner/config/scalars.hpp"

namespace tuner::config {
namespace {

constexpr double kAny = std::numeric_limits<double>::max();

class TrainingReader {
 public:
  TrainingReader(const Scope& scope, Reading& reading) : scope_(scope), reading_(reading) {}

  TrainingPlan read(const Node& node) {
    plan_.early_stopping.branches.emplace_back(std::nullopt);
    read_keys(node, "training",
              {integer("steps", 1),
               integer("epochs", 1),
               integer("batch_size", 0),
               boolean("drop_remainder"),
               word("shuffle", words(kShuffles)),
               real("clip_value"),
               real("clip_norm"),
               word("nonfinite_gradient", words(kNonfiniteGradients)),
               integer("log_every", 0),
               integer("eval_every", 0),
               boolean("common_random_numbers"),
               word("summary", words(kSummaries)),
               {"gradient_noise", [this](const Entry& entry) { read_noise(entry.value); }},
               {"time_limit", [this](const Entry& entry) { read_time_limit(entry); }},
               {"early_stopping", [this](const Entry& entry) { read_early_stopping(entry.value); }}});
    if (plan_.settings.contains("steps") && plan_.settings.contains("epochs"))
      throw Error(Message::config_impossible, "training has both steps and epochs", "remove one of them")
          .at(node.find("epochs")->place);
    return std::move(plan_);
  }

 private:
  using Reader = Keys::value_type;

  void set(const Entry& entry, const std::string& key, Field field, const Scope& scope, Settings& settings) {
    field.name = field.what = scope.name(entry.key);
    put(settings, key, read_setting(entry.value, field, scope, reading_));
  }

  static Field integer_field(const std::string& what, double min) {
    const auto read = [what, min](const Node& node) -> Value { return integer_within(node, {min, 0x1p53}, what); };
    return {.name = {}, .what = {}, .kind = Field::Kind::integer, .read = read};
  }
  static Field real_field(const std::string& what) {
    const auto read = [what](const Node& node) -> Value { return real_within(node, {0, kAny}, what); };
    return {.name = {}, .what = {}, .kind = Field::Kind::real, .read = read};
  }

  Reader integer(std::string_view key, double min) {
    return {key, [this, min](const Entry& entry) {
              set(entry, entry.key, integer_field(scope_.name(entry.key), min), scope_, plan_.settings);
            }};
  }
  Reader real(std::string_view key) {
    return {key, [this](const Entry& entry) {
              set(entry, entry.key, real_field(scope_.name(entry.key)), scope_, plan_.settings);
            }};
  }
  Reader boolean(std::string_view key) {
    return {key, [this](const Entry& entry) {
              Field field;
              field.read = [what = scope_.name(entry.key)](const Node& node) -> Value {
                return boolean_of(node, what);
              };
              field.all = {false, true};
              set(entry, entry.key, field, scope_, plan_.settings);
            }};
  }
  // words: string literals.
  Reader word(std::string_view key, std::vector<std::string_view> words) {
    return {key, [this, words](const Entry& entry) {
              Field field;
              field.read = [words, what = scope_.name(entry.key)](const Node& node) -> Value {
                return word_of(node, what, words);
              };
              for (const std::string_view option : words) field.all.emplace_back(std::string(option));
              set(entry, entry.key, field, scope_, plan_.settings);
            }};
  }

  // A bare number or hole is eta.
  void read_noise(const Node& node) {
    if (node.is_map() && !is_hole(node)) {
      const Scope scope = scope_.within("gradient_noise");
      const auto reader = [&](std::string_view key, const std::string& setting) -> Reader {
        return {key, [this, scope, setting](const Entry& entry) {
                  set(entry, setting, real_field(scope.name(entry.key)), scope, plan_.settings);
                }};
      };
      return read_keys(node, "training.gradient_noise", {reader("eta", "noise_eta"), reader("gamma", "noise_gamma")});
    }
    Field field = real_field(scope_.name("gradient_noise"));
    field.name = field.what = scope_.name("gradient_noise");
    put(plan_.settings, "noise_eta", read_setting(node, field, scope_, reading_));
  }

  void read_time_limit(const Entry& entry) {
    Field field;
    field.kind = Field::Kind::real;
    field.read = [what = scope_.name(entry.key)](const Node& node) -> Value { return duration_of(node, what); };
    set(entry, "time_limit_seconds", field, scope_, plan_.settings);
  }

  void read_early_stopping(const Node& node) {
    if (node.missing) refuse_type(node, "training.early_stopping", "a map like {patience: 2, min_delta: 0}");
    const auto label = [](const Node& branch) -> std::string {
      if (branch.is_null()) return "none";
      const Node* as = branch.find("as");
      return as == nullptr ? "on" : label_of(*as);
    };
    plan_.early_stopping = read_one_of<OptionalSettings>(
        node, scope_.within("early_stopping"), reading_, label,
        [&](const Node& branch, const Scope& scope) -> OptionalSettings {
          if (branch.is_null()) return std::nullopt;
          Settings settings;
          const auto patience = [&](const Entry& entry) {
            set(entry, entry.key, integer_field(scope.name(entry.key), 1), scope, settings);
          };
          const auto min_delta = [&](const Entry& entry) {
            set(entry, entry.key, real_field(scope.name(entry.key)), scope, settings);
          };
          read_keys(branch, "early_stopping",
                    {{"patience", patience}, {"min_delta", min_delta}, {"as", [](const Entry&) {}}});
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
