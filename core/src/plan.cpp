#include "tuner/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tuner/end_measures.hpp"
#include "tuner/error.hpp"
#include "tuner/schedule.hpp"

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
  schedule.warmup_target = number(warmup["warmup_target"], 0);
  for (const StagePlan& stage : plan.stages) {
    const PluginPlan& first = filling.branch(stage.scheduler);
    ScheduleStage& filled = schedule.stages.emplace_back(
        ScheduleStage{fill(first, filling), integer(filling(stage.steps), -1), first.drives, {}});
    for (const OneOf<PluginPlan>& factor : stage.factors) {
      const PluginPlan& beside = filling.branch(factor);
      filled.factors.push_back({fill(beside, filling), beside.drives});
    }
  }
  return schedule;
}

// The direction of a metric that the objective reports under this name.
Goal goal_of(const Plugin& objective, std::string_view name) {
  const tuner_objective& plugin = objective.objective();
  for (const std::string_view prefix : {"val_", "test_"})
    if (name.starts_with(prefix))
      for (std::uint32_t m = 0; m < plugin.n_metrics; ++m)
        if (name.substr(prefix.size()) == plugin.metrics[m]->id)
          return plugin.metrics[m]->direction == TUNER_MAXIMIZE ? Goal::maximize : Goal::minimize;
  return Goal::minimize;
}

// The settings of a section that may be absent; nothing where it is.
std::optional<std::map<std::string, Value>> fill_section(const OneOf<OptionalSettings>& section,
                                                         const Filling& filling) {
  if (section.branches.empty()) return std::nullopt;
  const OptionalSettings& settings = filling.branch(section);
  return settings ? std::optional(filling(*settings)) : std::nullopt;
}

std::optional<EarlyStopping> fill_early_stopping(const StudyPlan& plan, const Filling& filling) {
  auto rules = fill_section(plan.early_stopping, filling);
  if (!rules) return std::nullopt;
  EarlyStopping stopping;
  stopping.patience = integer((*rules)["patience"], stopping.patience);
  stopping.min_delta = number((*rules)["min_delta"], stopping.min_delta);
  stopping.restore_best = boolean((*rules)["restore_best"], stopping.restore_best);
  if (const auto* metric = std::get_if<std::string>(&(*rules)["metric"]); metric && *metric != plan.metric.name) {
    stopping.metric = *metric;
    stopping.goal = goal_of(*filling.branch(plan.objective).plugin, *metric);
  }
  return stopping;
}

std::optional<Averaging> fill_averaging(const StudyPlan& plan, const Filling& filling) {
  auto rules = fill_section(plan.averaging, filling);
  if (!rules) return std::nullopt;
  Averaging averaging;
  averaging.kind = word((*rules)["kind"], kAveragingKinds, averaging.kind);
  averaging.decay = number((*rules)["decay"], averaging.decay);
  averaging.warmup = boolean((*rules)["warmup"], averaging.warmup);
  averaging.start = number((*rules)["start"], averaging.start);
  averaging.every = integer((*rules)["every"], averaging.every);
  return averaging;
}

TrainingSettings fill_training(const StudyPlan& plan, const Filling& filling) {
  auto values = filling(plan.training);
  TrainingSettings t;
  t.steps = integer(values["steps"], 0);
  t.epochs = integer(values["epochs"], 0);
  t.batch_size = integer(values["batch_size"], 0);
  t.accumulation = integer(values["accumulation"], t.accumulation);
  t.base_batch = integer(values["base_batch"], t.base_batch);
  t.lr_scaling = word(values["lr_scaling"], kLrScalings, t.lr_scaling);
  t.regime_adaptation = integer(values["regime_adaptation"], t.regime_adaptation);
  t.drop_remainder = boolean(values["drop_remainder"], t.drop_remainder);
  t.shuffle = word(values["shuffle"], kShuffles, t.shuffle);
  t.order = word(values["order"], kOrders, t.order);
  t.log_schedule = boolean(values["log_schedule"], t.log_schedule);
  t.log_weights = boolean(values["log_weights"], t.log_weights);
  t.noise_eta = number(values["noise_eta"], t.noise_eta);
  t.noise_gamma = number(values["noise_gamma"], t.noise_gamma);
  t.clip_value = number(values["clip_value"], t.clip_value);
  t.clip_norm = number(values["clip_norm"], t.clip_norm);
  t.clip_norm_kind = word(values["clip_norm_kind"], kNormKinds, t.clip_norm_kind);
  t.clip_norm_per = word(values["clip_norm_per"], kNormScopes, t.clip_norm_per);
  t.clip_agc = number(values["clip_agc"], t.clip_agc);
  t.agc_eps = number(values["agc_eps"], t.agc_eps);
  t.nonfinite_gradient = word(values["nonfinite_gradient"], kNonfiniteGradients, t.nonfinite_gradient);
  t.log_every = integer(values["log_every"], t.log_every);
  t.eval_every = integer(values["eval_every"], t.eval_every);
  t.common_random_numbers = boolean(values["common_random_numbers"], t.common_random_numbers);
  t.time_limit_seconds = number(values["time_limit_seconds"], t.time_limit_seconds);
  t.summary = word(values["summary"], kSummaries, t.summary);
  t.early_stopping = fill_early_stopping(plan, filling);
  t.averaging = fill_averaging(plan, filling);
  return t;
}

// Source: Goyal et al. 2017, arXiv 1706.02677, section 2.1 (linear); Krizhevsky 2014, arXiv 1404.5997, section 5
// (sqrt).
double lr_factor(const TrainingSettings& t) {
  const double ratio = static_cast<double>(t.update_batch()) / static_cast<double>(t.base_batch);
  return t.lr_scaling == LrScaling::linear ? ratio : std::sqrt(ratio);
}

void scale_lr(PluginUse& optimizer, const TrainingSettings& t) {
  const Binding lr = lr_option(optimizer);
  if (lr.use == nullptr)
    throw Error(Message::config_impossible,
                fmt::format("lr_scaling scales lr, and optimizer '{}' has none", optimizer.plugin->id()),
                "remove lr_scaling, or take an optimizer with an lr, such as sgd");
  if (t.update_batch() == 0)
    throw Error(Message::config_impossible,
                "lr_scaling compares batch_size with base_batch, and batch_size 0 is all samples",
                "give a batch_size, or remove lr_scaling");
  const tuner_param& param = lr.use->plugin->param(lr.param);
  for (std::uint32_t g = 0; g < lr.use->options.group_count(); ++g) {
    const double given = lr.use->options.number(lr.param, g), scaled = given * lr_factor(t);
    if (!is_legal(param, scaled))
      throw Error(Message::config_impossible,
                  fmt::format("lr_scaling makes {} of lr {}, for batches of {} and base_batch {}, and it must be {}",
                              scaled, given, t.update_batch(), t.base_batch, range_text(param)),
                  "give another lr, or another base_batch");
    lr.use->options.configure(lr.param, g, scaled);
  }
}

// Plugins of all branches, or of those that `filling` chooses.
class Collector {
 public:
  explicit Collector(const Filling* filling) : filling_(filling) {}

  void add(const StudyPlan& plan) {
    each(plan.objective, [this](const PluginPlan& p) { add(p); });
    if (plan.optimizer) each(*plan.optimizer, [this](const PluginPlan& p) { add(p); });
    each(plan.schedule, [this](const SchedulePlan& schedule) {
      for (const auto& stage : schedule.stages) {
        each(stage.scheduler, [this](const PluginPlan& p) { add(p); });
        for (const auto& factor : stage.factors) each(factor, [this](const PluginPlan& p) { add(p); });
      }
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
  for (const FurtherMetric& metric : plan.further_metrics) spec.further_metrics.push_back(metric.name);
  if (plan.optimizer) spec.optimizer = fill(filling.branch(*plan.optimizer), filling);
  if (spec.optimizer && spec.training.lr_scaling != LrScaling::none) scale_lr(*spec.optimizer, spec.training);
  if (!plan.schedule.branches.empty()) spec.schedule = fill_schedule(filling.branch(plan.schedule), filling);
  return spec;
}

TrialSpec resolve(const Study& study, const Configuration& configuration, const TrialId& trial) {
  TrialSpec spec = resolve(study.plan, configuration, trial);
  spec.memory = study.run.trial_memory;
  return spec;
}

EndMeasures end_measures_of(const Study& study, const Configuration& configuration) {
  const Filling filling(study.plan, configuration);
  auto values = filling(study.plan.training);
  EndMeasures measures{.generalization_gap = boolean(values["generalization_gap"], false)};
  if (const auto* folder = std::get_if<std::string>(&values["predictions"]))
    measures.predictions = (std::filesystem::absolute(study.source.folder) / *folder).lexically_normal();
  return measures;
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

}  // namespace tuner
