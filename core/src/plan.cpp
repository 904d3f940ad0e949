#include "tuner/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tuner/error.hpp"
#include "tuner/json.hpp"

namespace tuner {

namespace {

// Puts the values of one configuration in place of search parameters.
class Filling {
 public:
  Filling(const StudyPlan& plan, const Configuration& configuration)
      : space_(plan.space), configuration_(configuration) {}

  [[nodiscard]] Value operator()(const Setting& setting) const {
    if (const auto* searched = std::get_if<SearchParameter>(&setting))
      return configuration_[searched->dimension].value_or(Value(Null{}));
    return std::get<Value>(setting);
  }
  [[nodiscard]] std::map<std::string, Value> operator()(const Settings& settings) const {
    std::map<std::string, Value> values;
    for (const auto& [key, setting] : settings) values.emplace(key, (*this)(setting));
    return values;
  }
  template <class T>
  [[nodiscard]] const T& branch(const OneOf<T>& choice) const {
    if (!choice.dimension) return choice.branches.front();
    const Dimension& dimension = space_.dimensions[*choice.dimension];
    return choice.branches[branch_of(std::get<Branches>(dimension.domain), *configuration_[*choice.dimension])];
  }

 private:
  const Space& space_;
  const Configuration& configuration_;
};

PluginUse fill(const PluginPlan& plan, const Filling& filling) {
  std::vector<std::map<std::string, Value>> groups;
  std::vector<GroupMatch> matches;
  for (const GroupPlan& group : plan.groups) {
    groups.push_back(filling(group.options));
    matches.push_back(group.match);
  }
  PluginUse use{plan.plugin, OptionTable(*plan.plugin, filling(plan.options), groups), std::move(matches), nullptr};
  use.options.check(*plan.plugin);
  if (!plan.inner.empty()) use.inner = std::make_unique<PluginUse>(fill(filling.branch(plan.inner.front()), filling));
  return use;
}

double number(const Value& value, double otherwise) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  return otherwise;
}

std::int64_t integer(const Value& value, std::int64_t otherwise) {
  const auto* i = std::get_if<std::int64_t>(&value);
  return i ? *i : otherwise;
}

bool boolean(const Value& value, bool otherwise) {
  const auto* b = std::get_if<bool>(&value);
  return b ? *b : otherwise;
}

template <class Enum, std::size_t n>
Enum word(const Value& value, const char* const (&words)[n], Enum otherwise) {
  if (const auto* text = std::get_if<std::string>(&value))
    for (std::size_t i = 0; i < n; ++i)
      if (*text == words[i]) return static_cast<Enum>(i);
  return otherwise;
}

Schedule fill_schedule(const SchedulePlan& plan, const Filling& filling) {
  Schedule schedule;
  auto warmup = filling(plan.warmup);
  schedule.warmup_steps = integer(warmup["warmup_steps"], 0);
  schedule.warmup_fraction = number(warmup["warmup_fraction"], 0);
  schedule.warmup_form = word(warmup["warmup_form"], kWarmupForms, WarmupForm::linear);
  for (const StagePlan& stage : plan.stages)
    schedule.stages.push_back({fill(filling.branch(stage.scheduler), filling), integer(filling(stage.steps), -1)});
  return schedule;
}

TrainingSettings fill_training(const StudyPlan& plan, const Filling& filling) {
  auto values = filling(plan.training);
  TrainingSettings t;
  t.steps = integer(values["steps"], 0);
  t.epochs = integer(values["epochs"], 0);
  t.batch_size = integer(values["batch_size"], 0);
  t.drop_remainder = boolean(values["drop_remainder"], t.drop_remainder);
  t.shuffle = word(values["shuffle"], kShuffles, t.shuffle);
  t.noise_eta = number(values["noise_eta"], t.noise_eta);
  t.noise_gamma = number(values["noise_gamma"], t.noise_gamma);
  t.clip_value = number(values["clip_value"], t.clip_value);
  t.clip_norm = number(values["clip_norm"], t.clip_norm);
  t.nonfinite_gradient = word(values["nonfinite_gradient"], kNonfiniteGradients, t.nonfinite_gradient);
  t.log_every = integer(values["log_every"], t.log_every);
  t.eval_every = integer(values["eval_every"], t.eval_every);
  t.common_random_numbers = boolean(values["common_random_numbers"], t.common_random_numbers);
  t.time_limit_seconds = number(values["time_limit_seconds"], t.time_limit_seconds);
  t.summary = word(values["summary"], kSummaries, t.summary);
  if (!plan.early_stopping.branches.empty()) {
    if (const OptionalSettings& stopping = filling.branch(plan.early_stopping)) {
      auto rules = filling(*stopping);
      EarlyStopping defaults;
      t.early_stopping =
          EarlyStopping{integer(rules["patience"], defaults.patience), number(rules["min_delta"], defaults.min_delta)};
    }
  }
  return t;
}

// ---- canonical form

Json canonical(const Value& value) { return Json::parse(to_json(value)); }

class Canonical {
 public:
  explicit Canonical(const StudyPlan& plan) : space_(plan.space), files_(plan.files) {}

  [[nodiscard]] Json setting(const Setting& s) const {
    if (const auto* searched = std::get_if<SearchParameter>(&s)) return domain(space_.dimensions[searched->dimension]);
    return value(std::get<Value>(s));
  }
  [[nodiscard]] Json settings(const Settings& map) const {
    Json object = Json::object();
    for (const auto& [key, s] : map) object[key] = setting(s);
    return object;
  }
  [[nodiscard]] Json plugin(const PluginPlan& plan) const {
    Json object{{"plugin", plan.plugin->id()}, {"version", plan.plugin->version()}};
    if (plan.label != plan.plugin->id()) object["as"] = plan.label;
    // Defaults stand in full: a default that changes is another study.
    Json options = Json::object();
    for (std::size_t p = 0; p < plan.plugin->param_count(); ++p) {
      const tuner_param& param = plan.plugin->param(p);
      const auto given = plan.options.find(param.id);
      const bool absent = given == plan.options.end() || setting(given->second).is_null();
      options[param.id] = absent ? canonical(default_value(param)) : setting(given->second);
    }
    object["options"] = std::move(options);
    for (const GroupPlan& group : plan.groups) {
      Json roles = Json::array();
      for (const std::uint32_t role : group.match.roles) roles.push_back(role_name(role));
      object["groups"].push_back(
          {{"roles", roles}, {"names", group.match.names}, {"options", settings(group.options)}});
    }
    if (!plan.inner.empty())
      object["inner"] = one_of(plan.inner.front(), [this](const PluginPlan& p) { return plugin(p); });
    return object;
  }
  [[nodiscard]] Json schedule(const SchedulePlan& plan) const {
    Json object = settings(plan.warmup);
    for (const StagePlan& stage : plan.stages)
      object["stages"].push_back(
          {{"scheduler", one_of(stage.scheduler, [this](const PluginPlan& p) { return plugin(p); })},
           {"steps", setting(stage.steps)}});
    return object;
  }
  // All dimensions, with where they are active: of a plan in which they stand nowhere else.
  [[nodiscard]] Json space() const {
    Json dimensions = Json::object();
    for (const Dimension& d : space_.dimensions) {
      const auto* branches = std::get_if<Branches>(&d.domain);
      Json& object = dimensions[d.name] = branches != nullptr ? Json{{"one_of", Json(branches->labels)}} : domain(d);
      if (branches != nullptr) add_probabilities(object, d);
      if (!d.parent) continue;
      const Dimension& parent = space_.dimensions[*d.parent];
      object["where"] = {{parent.name, std::get<Branches>(parent.domain).labels[d.branch]}};
    }
    return dimensions;
  }
  template <class T, class Form>
  [[nodiscard]] Json one_of(const OneOf<T>& choice, Form form) const {
    if (!choice.dimension) return choice.branches.empty() ? Json() : form(choice.branches.front());
    Json branches = Json::array();
    const auto& labels = std::get<Branches>(space_.dimensions[*choice.dimension].domain).labels;
    for (std::size_t i = 0; i < choice.branches.size(); ++i)
      branches.push_back({{labels[i], form(choice.branches[i])}});
    Json object{{"one_of", branches}};
    add_probabilities(object, space_.dimensions[*choice.dimension]);
    return object;
  }

  [[nodiscard]] Json partial(const Configuration& configuration) const {
    Json object = Json::object();
    for (std::size_t i = 0; i < configuration.size(); ++i)
      if (configuration[i]) object[space_.dimensions[i].name] = value(*configuration[i]);
    return object;
  }

 private:
  // The content of a file in place of its path.
  [[nodiscard]] Json value(const Value& v) const {
    if (files_.empty()) return canonical(v);
    if (const auto* list = std::get_if<List>(&v)) {
      Json items = Json::array();
      for (const Scalar& item : *list)
        items.push_back(std::visit([this](const auto& scalar) { return value(Value(scalar)); }, item));
      return items;
    }
    if (const auto* text = std::get_if<std::string>(&v))
      if (const auto found = files_.find(*text); found != files_.end()) return content(found->second);
    return canonical(v);
  }
  [[nodiscard]] static Json content(const std::map<std::string, std::string>& sha256_by_name) {
    Json object = Json::object();
    for (const auto& [name, sha256] : sha256_by_name) {
      if (name.empty()) return "sha256:" + sha256;
      object[name] = "sha256:" + sha256;
    }
    return object;
  }
  static void add_probabilities(Json& object, const Dimension& d) {
    for (const double probability : d.probabilities) object["probabilities"].push_back(probability);
  }
  [[nodiscard]] static Json distribution(const Range& range) {
    Json object{{"distribution", kDistributions[static_cast<std::size_t>(range.distribution)]}};
    if (range.distribution == Distribution::beta) {
      object["alpha"] = range.alpha;
      object["beta"] = range.beta;
    } else {
      object["mu"] = range.mu;
      object["sigma"] = range.sigma;
    }
    if (std::isfinite(range.min)) object["min"] = range.min;
    if (std::isfinite(range.max)) object["max"] = range.max;
    if (range.step) object["step"] = *range.step;
    if (range.integer) object["integer"] = true;
    return object;
  }
  [[nodiscard]] Json domain(const Dimension& d) const {
    if (const auto* values = std::get_if<Values>(&d.domain)) {
      Json list = Json::array();
      for (const Value& one : *values) list.push_back(value(one));
      Json object{{"values", list}};
      add_probabilities(object, d);
      return object;
    }
    const auto& range = std::get<Range>(d.domain);
    // What the test has found is a result of the study.
    if (range.source) {
      Json object{{"from", range.source->study}, {"factor", range.source->factor}};
      if (range.count) object["count"] = *range.count;
      return object;
    }
    if (range.distribution != Distribution::uniform) return distribution(range);
    Json object{{"min", range.min}, {"max", range.max}, {"scale", kScales[static_cast<std::size_t>(range.scale)]}};
    if (range.step) object["step"] = *range.step;
    if (range.count) object["count"] = *range.count;
    if (range.integer) object["integer"] = true;
    return object;
  }
  const Space& space_;
  const std::map<std::string, std::map<std::string, std::string>>& files_;
};

constexpr const char* kTimeLimit = "time_limit_seconds";

// A canonical plan with one time limit for all trials; nothing where it has none, or where the limit is searched.
std::optional<Json> with_time_limit(const std::string& canonical) {
  try {
    Json plan = Json::parse(canonical);
    if (plan.is_object() && plan.contains("training") && plan.at("training").contains(kTimeLimit) &&
        plan.at("training").at(kTimeLimit).is_number())
      return plan;
  } catch (const std::invalid_argument&) {
    // No JSON: it is compared as it is.
  }
  return std::nullopt;
}

// Plugins of all branches, or of those that `filling` chooses.
class Collector {
 public:
  explicit Collector(const Filling* filling) : filling_(filling) {}

  void add(const StudyPlan& plan) {
    each(plan.objective, [this](const PluginPlan& p) { add(p); });
    if (plan.optimizer) each(*plan.optimizer, [this](const PluginPlan& p) { add(p); });
    each(plan.schedule, [this](const SchedulePlan& schedule) {
      for (const auto& stage : schedule.stages) each(stage.scheduler, [this](const PluginPlan& p) { add(p); });
    });
    if (plan.searcher) add(*plan.searcher);
    if (plan.pruner) add(plan.pruner->plugin);
  }
  [[nodiscard]] std::vector<const Plugin*> sorted() const {
    std::vector<const Plugin*> plugins(found_.begin(), found_.end());
    std::ranges::sort(plugins, [](const Plugin* a, const Plugin* b) {
      return std::pair(a->kind(), a->id()) < std::pair(b->kind(), b->id());
    });
    return plugins;
  }

 private:
  template <class T, class Visit>
  void each(const OneOf<T>& choice, Visit visit) {
    if (choice.branches.empty()) return;
    if (filling_) return visit(filling_->branch(choice));
    for (const T& branch : choice.branches) visit(branch);
  }
  void add(const PluginPlan& plan) {
    found_.insert(plan.plugin);
    for (const auto& inner : plan.inner) each(inner, [this](const PluginPlan& p) { add(p); });
  }
  const Filling* filling_;
  std::set<const Plugin*> found_;
};

}  // namespace

TrialSpec resolve(const StudyPlan& plan, const Configuration& configuration, const TrialId& trial) {
  const Filling filling(plan, configuration);
  TrialSpec spec{.study_seed = plan.seed,
                 .number = trial.number,
                 .replicate = trial.replicate,
                 .objective = fill(filling.branch(plan.objective), filling),
                 .optimizer = std::nullopt,
                 .schedule = {},
                 .training = fill_training(plan, filling),
                 .metric = plan.metric.name,
                 .goal = plan.metric.goal,
                 .target = plan.metric.target};
  if (plan.optimizer) spec.optimizer = fill(filling.branch(*plan.optimizer), filling);
  if (!plan.schedule.branches.empty()) spec.schedule = fill_schedule(filling.branch(plan.schedule), filling);
  return spec;
}

TrialSpec resolve(const Study& study, const Configuration& configuration, const TrialId& trial) {
  TrialSpec spec = resolve(study.plan, configuration, trial);
  spec.memory = study.run.trial_memory;
  return spec;
}

std::string canonical_plan(const StudyPlan& plan) {
  const Canonical form(plan);
  const auto plugin = [&](const PluginPlan& p) { return form.plugin(p); };
  Json object{{"seed", plan.seed},
              {"method", plan.method},
              {"metric", {{"name", plan.metric.name}, {"goal", to_string(plan.metric.goal)}}},
              {"objective", form.one_of(plan.objective, plugin)},
              {"schedule", form.one_of(plan.schedule, [&](const SchedulePlan& s) { return form.schedule(s); })},
              {"training", form.settings(plan.training)},
              {"early_stopping", form.one_of(plan.early_stopping, [&](const OptionalSettings& s) {
                 return s ? form.settings(*s) : Json();
               })}};
  // A grid counts its configurations in the order of the file: in another order its trials have other numbers.
  if (plan.method == "grid")
    for (const Dimension& dimension : plan.space.dimensions) object["order"].push_back(dimension.name);
  if (plan.metric.target) object["metric"]["target"] = *plan.metric.target;
  if (plan.repeats.count > 1)
    object["repeats"] = {{"count", plan.repeats.count}, {"on_failure", to_string(plan.repeats.on_failure)}};
  if (plan.program) object["space"] = form.space();
  for (const auto& [key, section] : plan.sections) object[key] = section;
  if (plan.optimizer) object["optimizer"] = form.one_of(*plan.optimizer, plugin);
  if (plan.searcher) object["searcher"] = plugin(*plan.searcher);
  for (const Configuration& first : plan.start) object["start"].push_back(form.partial(first));
  if (plan.pruner)
    object["pruner"] = {{"plugin", plugin(plan.pruner->plugin)},
                        {"warmup", plan.pruner->warmup},
                        {"interval", plan.pruner->interval},
                        {"patience", plan.pruner->patience},
                        {"min_delta", plan.pruner->min_delta}};
  return object.sorted().dump(1);
}

std::string plan_identity(const std::string& canonical) {
  std::optional<Json> plan = with_time_limit(canonical);
  if (!plan) return canonical;
  Json training = Json::object();
  for (const auto& [key, value] : plan->at("training").items())
    if (key != kTimeLimit) training[key] = value;
  (*plan)["training"] = std::move(training);
  return plan->dump(1);
}

double plan_time_limit(const std::string& canonical) {
  const std::optional<Json> plan = with_time_limit(canonical);
  return plan ? plan->at("training").at(kTimeLimit).get<double>() : 0;
}

std::vector<const Plugin*> plugins_of(const StudyPlan& plan) {
  Collector collector(nullptr);
  collector.add(plan);
  return collector.sorted();
}

std::vector<const Plugin*> plugins_of(const StudyPlan& plan, const Configuration& configuration) {
  const Filling filling(plan, configuration);
  Collector collector(&filling);
  collector.add(plan);
  return collector.sorted();
}

std::string checkpoint_identity(const StudyPlan& plan) {
  StudyPlan first = plan;
  if (!plan.grown_from.empty()) first.space = plan.grown_from.front();
  std::string text = plan_identity(canonical_plan(first));
  // What proposed a configuration, and what may end its trial, is nothing to its states.
  for (const Plugin* plugin : plugins_of(plan))
    if (plugin->kind() != Kind::searcher && plugin->kind() != Kind::pruner) text += plugin->library().sha256;
  return sha256_of_text(text);
}

}  // namespace tuner
