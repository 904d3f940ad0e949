// Plugins for the tests of the config language: they declare options of every type and train nothing.
#include <tuner/plugin.hpp>
#include <tuner/pruner.hpp>
#include <tuner/searcher.hpp>

namespace {

constexpr const char* kReference = "made for the tests of tuner";

struct Full {
  static constexpr tuner::Info info{
      .id = "full", .name = "Full", .doc = "options of every type", .reference = kReference};
  enum { kLr, kBeta, kWindow, kNesterov };
  static constexpr const char* kModes[] = {"plain", "fancy", "none"};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("beta", 0.9, "decay").at_least(0).below(1).search(0.8, 0.999, tuner::kLog1m),
      tuner::integer("window", 10, "an integer").at_least(1).at_most(100).search(2, 32, tuner::kLog),
      tuner::boolean("nesterov", false, "needs beta above 0"),
      tuner::choice("mode", kModes, "a choice"),
      tuner::text("note", "", "a text"),
      tuner::real("weight_decay", 0, "no suggestion").at_least(0),
      tuner::reals("ratios", "[0.5]", "numbers").at_least(0),
      tuner::integers("sizes", nullptr, "integers").at_least(1),
      tuner::texts("tags", nullptr, "texts"),
      tuner::integer("history", 0, "changes slots").at_least(0).structural()};
  static void check(const tuner::Options& o) {
    if (o.flag(kNesterov) && o[kBeta] == 0) throw tuner::Invalid("nesterov needs beta above 0");
  }
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};

struct Bare {
  static constexpr tuner::Info info{.id = "bare", .name = "Bare", .doc = "lr alone", .reference = kReference};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog)};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};

// Optimizers with demands.
struct Curved {
  static constexpr tuner::Info info{.id = "curved",
                                    .name = "Curved",
                                    .doc = "needs products",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_NEEDS_HVP};
  static constexpr tuner::Param params[] = {tuner::real("lr", 1e-3, "step size").at_least(0)};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};
struct Faithful {
  static constexpr tuner::Info info{
      .id = "faithful",
      .name = "Faithful",
      .doc = "needs one batch, no gradient and one group",
      .reference = kReference,
      .flags = TUNER_PLUGIN_FULL_BATCH | TUNER_PLUGIN_DERIVATIVE_FREE | TUNER_PLUGIN_ONE_GROUP};
  static constexpr tuner::Param params[] = {tuner::real("lr", 1e-3, "step size").at_least(0)};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};
struct Ascent {
  static constexpr tuner::Info info{.id = "ascent",
                                    .name = "Ascent",
                                    .doc = "wraps and evaluates",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_WRAPS | TUNER_PLUGIN_CLOSURE};
  static void step(const tuner::Step& s) { s.inner_step(); }
};

struct Wrapper {
  static constexpr tuner::Info info{.id = "wrapper",
                                    .name = "Wrapper",
                                    .doc = "wraps another optimizer",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_WRAPS};
  static constexpr tuner::Param params[] = {tuner::integer("k", 5, "inner steps").at_least(1)};
  static void step(const tuner::Step& s) { s.inner_step(); }
};

// Optimizers that an LR range test cannot test, and a wrapper with an lr of its own.
struct Rateless {
  static constexpr tuner::Info info{.id = "rateless", .name = "Rateless", .doc = "has no lr", .reference = kReference};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};
struct Counted {
  static constexpr tuner::Info info{.id = "counted", .name = "Counted", .doc = "integer lr", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::integer("lr", 1, "a count").at_least(1)};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>&) {}
};
struct Steered {
  static constexpr tuner::Info info{.id = "steered",
                                    .name = "Steered",
                                    .doc = "wraps another optimizer",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_WRAPS};
  static constexpr tuner::Param params[] = {tuner::real("lr", 0.1, "step size").above(1e-3).below(1)};
  static void step(const tuner::Step& s) { s.inner_step(); }
};

struct Constant {
  static constexpr tuner::Info info{
      .id = "constant", .name = "Constant", .doc = "the base lr", .reference = kReference, .flags = TUNER_PLUGIN_PURE};
  static double value(const tuner::Schedule& s) { return s.base(); }
};

struct Decay {
  static constexpr tuner::Info info{
      .id = "decay", .name = "Decay", .doc = "falls", .reference = kReference, .flags = TUNER_PLUGIN_PURE};
  static constexpr tuner::Param params[] = {tuner::real("gamma", 0.9, "factor").above(0).at_most(1).search(0.5, 1)};
  static double value(const tuner::Schedule& s) { return s.base() * s[0]; }
};

struct BetaCycle {
  static constexpr tuner::Info info{.id = "beta_cycle",
                                    .name = "Beta cycle",
                                    .doc = "drives beta",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_PURE};
  static constexpr const char* kTargets[] = {"beta"};
  static constexpr tuner::Output outputs[] = {tuner::drives("beta", kTargets)};
  static void values(const tuner::Schedule& s, std::span<double> values) { values[0] = s.base(); }
};

struct Net {
  static constexpr tuner::Info info{.id = "net", .name = "Net", .doc = "a network", .reference = kReference};
  static constexpr tuner::Param params[] = {
      tuner::text("dataset", "toy", "a word"),
      tuner::text("data_dir", "", "a folder").with(TUNER_PARAM_PATH | TUNER_PARAM_DATA),
      tuner::integers("hidden", "[64]", "layers").at_least(1), tuner::boolean("bias", true, "with biases")};
  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit Net(const tuner::Bind&) {}
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) { e.loss(0); }
};

struct Curve {
  static constexpr tuner::Info info{.id = "curve", .name = "Curve", .doc = "with products", .reference = kReference};
  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit Curve(const tuner::Bind&) {}
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) { e.loss(0); }
  void hvp(const tuner_hvp_args&) {}
};

struct FromFile {
  static constexpr tuner::Info info{
      .id = "from_file", .name = "From file", .doc = "needs a file", .reference = kReference};
  static constexpr tuner::Param params[] = {
      tuner::text("file", nullptr, "the data").with(TUNER_PARAM_REQUIRED | TUNER_PARAM_PATH)};
  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit FromFile(const tuner::Bind&) {}
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) { e.loss(0); }
};

struct BlackBox {
  static constexpr tuner::Info info{
      .id = "black_box", .name = "Black box", .doc = "no tensors", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::real("x", 0, "first").search(-5, 5),
                                            tuner::real("y", 0, "second").search(-5, 5)};
  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit BlackBox(const tuner::Bind&) {}
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) { e.loss(0); }
};

struct Process {
  static constexpr tuner::Info info{.id = "gp", .name = "Process", .doc = "learns", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::integer("startup", 10, "drawn at random").at_least(1),
                                            tuner::real("noise", 0.1, "of the values").at_least(0)};
  explicit Process(const tuner::SearchSetup&) {}
  static void check(const tuner::Options& options) {
    if (options.integer(0) == 13) throw tuner::Invalid("13 is nothing to begin with");
  }
  void observe(const tuner::Observation&) {}
  void propose(tuner::Proposal&) const {}
};

struct Judge {
  static constexpr tuner::Info info{.id = "judge", .name = "Judge", .doc = "stops", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::real("share", 0.5, "of the trials").at_least(0).at_most(1)};
  explicit Judge(const tuner::SearchSetup&) {}
  void observe(const tuner::Observation&) {}
  tuner::Decision decide(const tuner::Report&) { return {}; }
};

struct WandbHyperband : Judge {
  static constexpr tuner::Info info{
      .id = "wandb_hyperband", .name = "Hyperband", .doc = "stops", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::integer("min_iter", 1, "first band").at_least(1),
                                            tuner::real("eta", 3, "from band to band").above(1),
                                            tuner::boolean("strict", true, "the value at the band")};
  using Judge::Judge;
};

}  // namespace

TUNER_LIBRARY("config_plugins", "1.0.0", "MIT", tuner::optimizer<Full>, tuner::optimizer<Bare>,
              tuner::optimizer<Curved>, tuner::optimizer<Faithful>, tuner::optimizer<Ascent>, tuner::optimizer<Wrapper>,
              tuner::optimizer<Rateless>, tuner::optimizer<Counted>, tuner::optimizer<Steered>,
              tuner::scheduler<Constant>, tuner::scheduler<Decay>, tuner::scheduler<BetaCycle>, tuner::objective<Net>,
              tuner::objective<Curve>, tuner::objective<FromFile>, tuner::objective<BlackBox>, tuner::searcher<Process>,
              tuner::pruner<Judge>, tuner::pruner<WandbHyperband>)
