// The identity of a study, as canonical JSON.
#include <algorithm>
#include <cmath>

#include "tuner/json.hpp"
#include "tuner/plan.hpp"

namespace tuner {

namespace {

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
    if (!plan.drives.empty()) object["drives"] = plan.drives;
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
    const auto form = [this](const PluginPlan& p) { return plugin(p); };
    for (const StagePlan& stage : plan.stages) {
      Json one{{"scheduler", one_of(stage.scheduler, form)}, {"steps", setting(stage.steps)}};
      for (const OneOf<PluginPlan>& factor : stage.factors) one["factors"].push_back(one_of(factor, form));
      object["stages"].push_back(std::move(one));
    }
    return object;
  }
  // All dimensions, with where they are active: of a plan in which they stand nowhere else.
  [[nodiscard]] Json space() const {
    Json dimensions = Json::object();
    std::vector<bool> is_there;
    for (const Dimension& d : space_.dimensions) {
      is_there.push_back(!d.parent || (is_there[*d.parent] && d.branch < labels_of(*d.parent).size()));
      if (!is_there.back()) continue;  // of a branch that an earlier version of the space did not have
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
    const std::vector<std::string>& labels = labels_of(*choice.dimension);
    // An earlier version of the space has fewer of them.
    for (std::size_t i = 0; i < std::min(labels.size(), choice.branches.size()); ++i)
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
  [[nodiscard]] const std::vector<std::string>& labels_of(std::size_t dimension) const {
    return std::get<Branches>(space_.dimensions[dimension].domain).labels;
  }
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

}  // namespace

std::string canonical_plan(const StudyPlan& plan) {
  const Canonical form(plan);
  const auto plugin = [&](const PluginPlan& p) { return form.plugin(p); };
  const auto section = [&](const OptionalSettings& s) { return s ? form.settings(*s) : Json(); };
  Json object{{"seed", plan.seed},
              {"method", plan.method},
              {"metric", {{"name", plan.metric.name}, {"goal", to_string(plan.metric.goal)}}},
              {"objective", form.one_of(plan.objective, plugin)},
              {"schedule", form.one_of(plan.schedule, [&](const SchedulePlan& s) { return form.schedule(s); })},
              {"training", form.settings(plan.training)},
              {"early_stopping", form.one_of(plan.early_stopping, section)}};
  // Not named where it is absent: such plans are older than it.
  if (const Json averaging = form.one_of(plan.averaging, section); !averaging.is_null())
    object["averaging"] = averaging;
  // A grid counts its configurations in the order of the file: in another order its trials have other numbers.
  if (plan.method == "grid")
    for (const Dimension& dimension : plan.space.dimensions) object["order"].push_back(dimension.name);
  if (plan.metric.target) object["metric"]["target"] = *plan.metric.target;
  for (const FurtherMetric& metric : plan.further_metrics)
    object["further_metrics"].push_back({{"name", metric.name}, {"goal", to_string(metric.goal)}});
  if (plan.repeats.count > 1)
    object["repeats"] = {{"count", plan.repeats.count}, {"on_failure", to_string(plan.repeats.on_failure)}};
  if (plan.program) object["space"] = form.space();
  for (const auto& [key, section] : plan.sections) object[key] = section;
  if (plan.optimizer) object["optimizer"] = form.one_of(*plan.optimizer, plugin);
  if (plan.searcher) object["searcher"] = plugin(*plan.searcher);
  if (!plan.learn_from.empty()) object["learn_from"] = plan.learn_from;
  if (plan.on_duplicate != OnDuplicate::retry)
    object["on_duplicate"] = kOnDuplicates[static_cast<int>(plan.on_duplicate)];
  for (const Configuration& first : plan.start) object["start"].push_back(form.partial(first));
  if (plan.pruner)
    object["pruner"] = {{"plugin", plugin(plan.pruner->plugin)},
                        {"warmup", plan.pruner->warmup},
                        {"interval", plan.pruner->interval},
                        {"patience", plan.pruner->patience},
                        {"min_delta", plan.pruner->min_delta}};
  return object.sorted().dump(1);
}

std::vector<FurtherMetric> further_metrics_of(const std::string& canonical) {
  std::vector<FurtherMetric> metrics;
  try {
    const Json plan = Json::parse(canonical);
    if (plan.is_object() && plan.contains("further_metrics"))
      for (const Json& metric : plan.at("further_metrics"))
        metrics.push_back({.name = metric.at("name").get<std::string>(),
                           .goal = metric.at("goal") == Json("maximize") ? Goal::maximize : Goal::minimize,
                           .place = {}});
  } catch (const std::exception&) {
    return {};  // no canonical plan
  }
  return metrics;
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
