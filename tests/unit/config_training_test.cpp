// `training:`: the techniques, their keys, and which of them exclude or need each other.
#include "config_reading.hpp"

namespace tuner::config {
namespace {

// Training of ten epochs with these keys, at line 3 from column 23 on.
std::string with(const std::string& keys) {
  return "objective: net\noptimizer: bare\ntraining: {epochs: 10, " + keys + "}\n";
}
std::string searched(const std::string& keys) { return with(keys) + "method: random\ntrials: 3\n"; }
TrainingSettings settings(const std::string& keys) {
  const StudyPlan plan = read(with(keys));
  return resolve(plan, {}, {}).training;
}

TEST(ConfigTraining, BatchesAndTheirRegime) {
  const TrainingSettings t =
      settings("batch_size: 8, accumulation: 4, lr_scaling: sqrt, base_batch: 32, regime_adaptation: 16");
  EXPECT_EQ(t.accumulation, 4);
  EXPECT_EQ(t.update_batch(), 32);
  EXPECT_EQ(t.lr_scaling, LrScaling::sqrt);
  EXPECT_EQ(t.base_batch, 32);
  EXPECT_EQ(t.regime_adaptation, 16);
  const TrainingSettings none = settings("batch_size: 8");
  EXPECT_EQ(none.accumulation, 1);
  EXPECT_EQ(none.lr_scaling, LrScaling::none);
  EXPECT_EQ(none.regime_adaptation, 0);
}

TEST(ConfigTraining, BatchesAreChecked) {
  expect_error(error_of(with("accumulation: 0, batch_size: 2")), "sweep.yaml:3:38 config.out_of_range");
  expect_error(error_of(with("accumulation: 2")), "sweep.yaml:3:38 config.impossible", {"add batch_size"});
  expect_error(error_of(with("accumulation: 2, batch_size: 0")), "sweep.yaml:3:38 config.impossible");
  EXPECT_EQ(error_of(with("accumulation: 1")), "no error");
  expect_error(error_of(with("batch_size: 8, lr_scaling: linear")), "sweep.yaml:3:51 config.missing_key",
               {"add base_batch"});
  expect_error(error_of(with("batch_size: 8, base_batch: 8")), "sweep.yaml:3:51 config.impossible", {"add lr_scaling"});
  expect_error(error_of(with("lr_scaling: linear, base_batch: 8")), "sweep.yaml:3:36 config.impossible",
               {"add batch_size"});
  expect_error(error_of(with("lr_scaling: root, base_batch: 8, batch_size: 2")), "sweep.yaml:3:36 config.bad_value",
               {"linear, sqrt"});
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {steps: 10, regime_adaptation: 2}\n"),
               "sweep.yaml:3:42 config.impossible", {"write epochs"});
  EXPECT_EQ(error_of("objective: net\noptimizer: bare\ntraining: {steps: 10, regime_adaptation: 0}\n"), "no error");
  expect_error(error_of(with("accumulations: 2")), "sweep.yaml:3:24 config.unknown_key", {"'accumulation'"});
}

TEST(ConfigTraining, LrScalingIsNotForLrRanges) {
  const std::string scaled = with("batch_size: 8, lr_scaling: linear, base_batch: 4");
  expect_error(error_of(scaled + "method: lr_range\n"), "sweep.yaml:3:11 config.impossible",
               {"LR range test", "remove lr_scaling"});
  expect_error(error_of(scaled + "method: random\ntrials: 2\n", {"optimizer={plugin: bare, lr: {from: lr_range}}"}),
               "sweep.yaml:3:11 config.impossible");
}

TEST(ConfigTraining, LrScalingNeedsAnLr) {
  const std::string scaled =
      "training: {epochs: 1, batch_size: 8, lr_scaling: linear, base_batch: 4}\nobjective: net\n";
  EXPECT_EQ(error_of(scaled + "optimizer: {plugin: wrapper, inner: bare}\n"), "no error");
  expect_error(error_of(scaled + "optimizer: rateless\n"), "sweep.yaml:3:12 config.impossible",
               {"'rateless' has none"});
  expect_error(error_of(scaled + "method: random\ntrials: 2\noptimizer: {one_of: [bare, rateless]}\n"),
               "sweep.yaml:5:12 config.impossible");
}

TEST(ConfigTraining, OrderIsThatOfShuffleOrACurriculum) {
  EXPECT_EQ(settings("order: curriculum, log_schedule: true").order, Order::curriculum);
  EXPECT_TRUE(settings("log_schedule: true").log_schedule);
  EXPECT_EQ(settings("order: shuffled, shuffle: once").shuffle, Shuffle::once);
  EXPECT_EQ(names(read(searched("order: search, shuffle: once"))), Names{"training.order"});
  expect_error(error_of(with("order: curriculum, shuffle: once")), "sweep.yaml:3:31 config.impossible", {"remove one"});
  expect_error(error_of(with("order: curiculum")), "sweep.yaml:3:31 config.bad_value", {"'curriculum'"});
}

TEST(ConfigTraining, ClippingIsAValueOrAMap) {
  EXPECT_EQ(settings("clip_norm: 2").clip_norm, 2);
  EXPECT_EQ(settings("clip_agc: 0.01").clip_agc, 0.01);
  EXPECT_EQ(settings("clip_agc: 0.01").agc_eps, 1e-3);
  const TrainingSettings t = settings("clip_norm: {limit: 3, norm: inf, per: tensor}, clip_agc: {clip: 0.1, eps: 0.5}");
  EXPECT_EQ(t.clip_norm, 3);
  EXPECT_EQ(t.clip_norm_kind, NormKind::inf);
  EXPECT_EQ(t.clip_norm_per, NormScope::tensor);
  EXPECT_EQ(t.clip_agc, 0.1);
  EXPECT_EQ(t.agc_eps, 0.5);
  EXPECT_EQ(canonical_plan(read(with("clip_norm: 2"))), canonical_plan(read(with("clip_norm: {limit: 2}"))));
  const StudyPlan plan =
      read(searched("clip_norm: {limit: {min: 1, max: 2}, norm: search}, clip_agc: {min: 0.1, max: 1}"));
  EXPECT_EQ(names(plan), (Names{"training.clip_norm.limit", "training.clip_norm.norm", "training.clip_agc"}));
  expect_error(error_of(with("clip_norm: {limit: -1}")), "sweep.yaml:3:43 config.out_of_range");
  expect_error(error_of(with("clip_norm: {limit: 1, norm: l1}")), "sweep.yaml:3:52 config.bad_value",
               {"did you mean 'l2'?"});
  expect_error(error_of(with("clip_norm: {limit: 1, pro: all}")), "sweep.yaml:3:46 config.unknown_key",
               {"limit, norm, per"});
  expect_error(error_of(with("clip_agc: {clip: 1, esp: 1}")), "sweep.yaml:3:44 config.unknown_key", {"'eps'"});
}

TEST(ConfigTraining, Averaging) {
  EXPECT_FALSE(settings("batch_size: 1").averaging);
  EXPECT_FALSE(settings("averaging: null").averaging);
  const auto ema = settings("averaging: ema").averaging;
  ASSERT_TRUE(ema);
  EXPECT_EQ(ema->kind, AveragingKind::ema);
  EXPECT_EQ(ema->decay, 0.999);
  EXPECT_TRUE(ema->warmup);
  const auto swa = settings("averaging: {kind: swa, start: 0.5, every: 7}").averaging;
  ASSERT_TRUE(swa);
  EXPECT_EQ(swa->kind, AveragingKind::swa);
  EXPECT_EQ(swa->start, 0.5);
  EXPECT_EQ(swa->every, 7);
  EXPECT_EQ(canonical_plan(read(with("averaging: ema"))), canonical_plan(read(with("averaging: {kind: ema}"))));
  EXPECT_EQ(canonical_plan(read(with("averaging: null"))), canonical_plan(read(with("shuffle: null"))));
  EXPECT_NE(canonical_plan(read(with("averaging: ema"))), canonical_plan(read(with("averaging: swa"))));
}

TEST(ConfigTraining, AveragingMayBeABranch) {
  const StudyPlan plan =
      read(searched("averaging: {one_of: [null, swa, {kind: ema, decay: {min: 0.9, max: 0.99}}, {as: slow, kind: ema, "
                    "warmup: search}]}"));
  EXPECT_EQ(names(plan),
            (Names{"training.averaging", "training.averaging.ema.decay", "training.averaging.slow.warmup"}));
  EXPECT_EQ(std::get<Branches>(plan.space.dimensions[0].domain).labels, (Names{"none", "swa", "ema", "slow"}));
  const auto averaging = resolve(plan, {Value(std::string("ema")), Value(0.95), {}}, {}).training.averaging;
  ASSERT_TRUE(averaging);
  EXPECT_EQ(averaging->decay, 0.95);
  EXPECT_FALSE(resolve(plan, {Value(std::string("none")), {}, {}}, {}).training.averaging);
}

TEST(ConfigTraining, AveragingIsChecked) {
  expect_error(error_of(with("averaging: {decay: 0.9}")), "sweep.yaml:3:35 config.missing_key", {"kind: swa"});
  expect_error(error_of(with("averaging: {kind: emma}")), "sweep.yaml:3:42 config.bad_value", {"did you mean 'ema'?"});
  expect_error(error_of(with("averaging: mean")), "sweep.yaml:3:35 config.bad_value", {"ema, swa"});
  expect_error(error_of(with("averaging: {kind: search}")), "sweep.yaml:3:42 config.bad_hole", {"one_of"});
  expect_error(error_of(with("averaging: {kind: ema, start: 0.5}")), "sweep.yaml:3:47 config.impossible",
               {"for kind swa"});
  expect_error(error_of(with("averaging: {kind: swa, decay: 0.5}")), "sweep.yaml:3:47 config.impossible",
               {"for kind ema"});
  expect_error(error_of(with("averaging: {kind: ema, decay: 1}")), "sweep.yaml:3:54 config.out_of_range");
  expect_error(error_of(with("averaging: {kind: swa, start: 1}")), "sweep.yaml:3:54 config.out_of_range");
  expect_error(error_of(with("averaging: {kind: ema, decays: 0.9}")), "sweep.yaml:3:47 config.unknown_key",
               {"'decay'"});
  expect_error(error_of(with("averaging: [ema]")), "sweep.yaml:3:35 config.wrong_type");
}

TEST(ConfigTraining, EarlyStoppingNamesAMetric) {
  const StudyPlan plan = read(with("early_stopping: {metric: val_loss, restore_best: true}"));
  EXPECT_EQ(plan.stopping_metrics, (std::map<std::string, std::string>{{"val_loss", "sweep.yaml:3:49"}}));
  const auto stopping = resolve(plan, {}, {}).training.early_stopping;
  ASSERT_TRUE(stopping);
  EXPECT_EQ(stopping->metric, "val_loss");
  EXPECT_TRUE(stopping->restore_best);
  EXPECT_FALSE(settings("early_stopping: {}").early_stopping->restore_best);
  const StudyPlan among = read(searched("early_stopping: {metric: {values: [null, val_loss, loss]}}"));
  EXPECT_EQ(names(among), Names{"training.early_stopping.metric"});
  EXPECT_EQ(among.stopping_metrics.size(), 2U);
  EXPECT_EQ(resolve(among, {Value(Null{})}, {}).training.early_stopping->metric, "");
  EXPECT_EQ(resolve(among, {Value(std::string("loss"))}, {}).training.early_stopping->metric, "loss");
  expect_error(error_of(with("early_stopping: {metric: [loss]}")), "sweep.yaml:3:49 config.wrong_type");
  expect_error(error_of(with("early_stopping: {restore: true}")), "sweep.yaml:3:41 config.unknown_key",
               {"metric, restore_best"});
}

}  // namespace
}  // namespace tuner::config
