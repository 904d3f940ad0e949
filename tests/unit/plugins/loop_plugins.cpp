// Plugins for the tests of the training loop: objectives whose gradients are known, which report what the loop asks of
// them, and optimizers and schedulers that misbehave on purpose. Reports become metrics of the trial.
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuner/plugin.hpp>
#include <vector>

namespace {

constexpr const char* kReference = "made for the tests of tuner";
constexpr const char* kDtypes[] = {"f64", "f32"};
constexpr std::int64_t kNever = -1;

consteval tuner::Param at_step(const char* id) { return tuner::integer(id, kNever, "the step where it happens"); }

// The step that an evaluation belongs to: streams of dropout stand 2^32 words apart.
std::int64_t step_of(const tuner::Evaluation& e) { return static_cast<std::int64_t>(e.rng().position >> 32); }

// One scalar x, start 0; the loss of sample i is 0.5 (x - i)^2. Reports the batches of training.
struct Rows {
  static constexpr tuner::Info info{.id = "rows", .name = "Rows", .doc = "numbered samples", .reference = kReference};
  enum { kTrain, kValid, kTest, kReport, kDtype };
  static constexpr tuner::Param params[] = {
      tuner::integer("train", 10, "samples").at_least(0), tuner::integer("valid", 0, "samples").at_least(0),
      tuner::integer("test", 0, "samples").at_least(0), tuner::boolean("report", false, "report batches"),
      tuner::choice("dtype", kDtypes, "precision")};
  static constexpr tuner::Metric metrics[] = {
      tuner::metric("index", TUNER_MAXIMIZE, "mean index"),
      tuner::metric("count", TUNER_MINIMIZE, "samples", "", TUNER_AGGREGATE_SUM)};

  static void describe(const tuner::Options& o, const tuner::Layout& layout) {
    const std::int64_t shape[] = {1};
    layout.tensor({.name = "x", .shape = shape, .dtype = o.choice(kDtype) == 0 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32});
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split)
      layout.samples(split, static_cast<std::uint64_t>(o.integer(split)));
  }
  explicit Rows(const tuner::Bind& bind) : x_(bind.tensor(0)), report_(bind.options().flag(kReport)) {}
  void init(tuner_rng&) { set(x_.data, 0); }

  void evaluate(const tuner::Evaluation& e) {
    const double x = get(x_.data);
    double loss = 0, slope = 0, index = 0;
    for (const std::uint64_t i : e.indices()) {
      const double gap = x - static_cast<double>(i);
      loss += 0.5 * gap * gap;
      slope += gap;
      index += static_cast<double>(i);
    }
    const auto n = static_cast<double>(e.indices().size());
    if (e.wants_loss()) e.loss(loss / n);
    if (e.wants_gradient()) set(x_.grad, slope / n);
    e.metric(0, index / n);
    e.metric(1, n);
    if (report_ && e.split() == TUNER_SPLIT_TRAIN) report(e);
  }

 private:
  void report(const tuner::Evaluation& e) const {
    const std::int64_t step = step_of(e);
    std::size_t place = 0;
    for (const std::uint64_t i : e.indices())
      e.host().report(("batch" + std::to_string(place++)).c_str(), step, static_cast<double>(i));
    e.host().report("flags", step, e.training() + 2 * e.updates_buffers());
    e.host().report("purpose", step, e.rng().purpose);
    e.host().report("trial", step, e.rng().trial);
  }
  double get(const void* p) const {
    return x_.dtype == TUNER_DTYPE_F32 ? *static_cast<const float*>(p) : *static_cast<const double*>(p);
  }
  void set(void* p, double value) const {
    if (x_.dtype == TUNER_DTYPE_F32)
      *static_cast<float*>(p) = static_cast<float>(value);
    else
      *static_cast<double*>(p) = value;
  }
  const tuner_tensor x_;
  bool report_;
};

// One scalar x, start 1; the loss of sample i is 0.5 (i + 1) x^2.
struct Stiff {
  static constexpr tuner::Info info{
      .id = "stiff", .name = "Stiff", .doc = "samples of other curvatures", .reference = kReference};
  static constexpr tuner::Param params[] = {tuner::integer("train", 10, "samples").at_least(1)};
  static void describe(const tuner::Options& o, const tuner::Layout& layout) {
    const std::int64_t shape[] = {1};
    layout.tensor({.name = "x", .shape = shape, .dtype = TUNER_DTYPE_F64});
    layout.samples(TUNER_SPLIT_TRAIN, static_cast<std::uint64_t>(o.integer(0)));
  }
  explicit Stiff(const tuner::Bind& bind) : x_(bind.tensor(0)) {}
  void init(tuner_rng&) { *static_cast<double*>(x_.data) = 1; }
  void evaluate(const tuner::Evaluation& e) {
    const double x = *static_cast<const double*>(x_.data), curvature = mean(e.indices());
    e.loss(0.5 * curvature * x * x);
    if (e.wants_gradient()) *static_cast<double*>(x_.grad) = curvature * x;
  }
  void hvp(const tuner_hvp_args& args) {
    *static_cast<double*>(args.products[0]) =
        mean({args.indices, args.n_indices}) * *static_cast<const double*>(args.vectors[0]);
  }

 private:
  static double mean(std::span<const std::uint64_t> indices) {
    double sum = 0;
    for (const std::uint64_t i : indices) sum += static_cast<double>(i + 1);
    return sum / static_cast<double>(indices.size());
  }
  const tuner_tensor x_;
};

// loss = g'x + offset with a constant gradient g, start 0, no samples.
struct Slope {
  static constexpr tuner::Info info{
      .id = "slope", .name = "Slope", .doc = "constant gradient", .reference = kReference};
  enum { kGradient, kLossNan, kGradientNan, kFails, kSleep, kLossInf, kFailsAgain };
  static constexpr tuner::Param params[] = {tuner::reals("gradient", "[1]", "the gradient").structural(),
                                            at_step("loss_nan"),
                                            at_step("gradient_nan"),
                                            at_step("fails"),
                                            tuner::integer("sleep_ms", 0, "time of an evaluation").at_least(0),
                                            at_step("loss_inf"),
                                            at_step("fails_again")};

  static void describe(const tuner::Options& o, const tuner::Layout& layout) {
    const std::int64_t shape[] = {static_cast<std::int64_t>(o.reals(kGradient).size())};
    layout.tensor({.name = "x", .shape = shape, .dtype = TUNER_DTYPE_F64});
  }
  explicit Slope(const tuner::Bind& bind)
      : x_(bind.tensor(0)),
        gradient_(bind.options().reals(kGradient)),
        loss_nan_(bind.options().integer(kLossNan)),
        gradient_nan_(bind.options().integer(kGradientNan)),
        fails_(bind.options().integer(kFails)),
        sleep_ms_(bind.options().integer(kSleep)),
        loss_inf_(bind.options().integer(kLossInf)),
        fails_again_(bind.options().integer(kFailsAgain)) {}
  void init(tuner_rng&) {}

  void evaluate(const tuner::Evaluation& e) {
    if (sleep_ms_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(sleep_ms_));
    const std::int64_t step = step_of(e);
    // Every evaluation but the first of a step comes from a closure.
    if (step == fails_ || (step == fails_again_ && !e.updates_buffers()))
      throw std::runtime_error("the slope gave way");
    const auto* x = static_cast<const double*>(x_.data);
    double loss = 0;
    for (std::size_t i = 0; i < gradient_.size(); ++i) loss += gradient_[i] * x[i];
    if (step == loss_nan_) loss = std::nan("");
    if (step == loss_inf_) loss = tuner::kInfinity;
    e.loss(loss);
    if (!e.wants_gradient()) return;
    auto* g = static_cast<double*>(x_.grad);
    for (std::size_t i = 0; i < gradient_.size(); ++i) g[i] = gradient_[i];
    if (step == gradient_nan_) g[0] = std::nan("");
  }

 private:
  const tuner_tensor x_;
  std::span<const double> gradient_;
  std::int64_t loss_nan_, gradient_nan_, fails_, sleep_ms_, loss_inf_, fails_again_;
};

// Tensors of several roles; loss = sum of all, so that every gradient is 1. Reports the first value of each.
struct Parts {
  static constexpr tuner::Info info{.id = "parts", .name = "Parts", .doc = "several roles", .reference = kReference};
  struct Part {
    const char* name;
    std::uint32_t role, flags;
  };
  static constexpr Part kParts[] = {{"first.weight", TUNER_ROLE_WEIGHT, 0},
                                    {"first.bias", TUNER_ROLE_BIAS, 0},
                                    {"second.weight", TUNER_ROLE_WEIGHT, 0},
                                    {"second.bias", TUNER_ROLE_BIAS, 0},
                                    {"frozen", TUNER_ROLE_WEIGHT, TUNER_TENSOR_FROZEN}};

  static void describe(const tuner::Options&, const tuner::Layout& layout) {
    const std::int64_t shape[] = {2};
    for (const Part& part : kParts)
      layout.tensor(
          {.name = part.name, .shape = shape, .dtype = TUNER_DTYPE_F64, .role = part.role, .flags = part.flags});
  }
  explicit Parts(const tuner::Bind& bind) {
    for (std::size_t i = 0; i < bind.tensor_count(); ++i) tensors_.push_back(bind.tensor(i));
  }
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) {
    double sum = 0;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto* x = static_cast<const double*>(tensors_[i].data);
      e.host().report(kParts[i].name, step_of(e), x[0]);
      sum += x[0] + x[1];
      if (auto* g = static_cast<double*>(tensors_[i].grad); g && e.wants_gradient()) g[0] = g[1] = 1;
    }
    e.loss(sum);
  }

 private:
  std::vector<tuner_tensor> tensors_;
};

// A black box: (x - 2)^2, with two values on the way.
struct Box {
  static constexpr tuner::Info info{.id = "box", .name = "Box", .doc = "no tensors", .reference = kReference};
  enum { kX, kFails, kNan };
  static constexpr tuner::Param params[] = {tuner::real("x", 0, "argument").search(-5, 5),
                                            tuner::boolean("fails", false, "throws"),
                                            tuner::boolean("nan", false, "returns NaN")};
  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit Box(const tuner::Bind& bind)
      : x_(bind.options()[kX]), fails_(bind.options().flag(kFails)), nan_(bind.options().flag(kNan)) {}
  void init(tuner_rng&) {}
  void evaluate(const tuner::Evaluation& e) {
    e.host().report("halfway", 1, x_ / 2);
    e.host().report("halfway", 2, x_);
    if (fails_) throw std::runtime_error("the box is empty");
    e.loss(nan_ ? std::nan("") : (x_ - 2) * (x_ - 2));
  }

 private:
  double x_;
  bool fails_, nan_;
};

// Refuses its data, its layout, or its init.
struct Broken {
  static constexpr tuner::Info info{.id = "broken", .name = "Broken", .doc = "refuses", .reference = kReference};
  enum { kWhere };
  static constexpr const char* kPlaces[] = {"open", "describe", "bind", "init"};
  static constexpr tuner::Param params[] = {tuner::choice("where", kPlaces, "what fails").with(TUNER_PARAM_DATA)};
  struct Shared {
    explicit Shared(const tuner::Open& open) {
      if (open.options().choice(kWhere) == 0) throw std::runtime_error("no such file: rows.csv");
    }
  };
  static void describe(const Shared&, const tuner::Options& o, const tuner::Layout& layout) {
    if (o.choice(kWhere) == 1) throw tuner::Invalid("no layout");
    const std::int64_t shape[] = {1};
    layout.tensor({.name = "x", .shape = shape});
  }
  Broken(const Shared&, const tuner::Bind& bind) {
    if (bind.options().choice(kWhere) == 2) throw tuner::Invalid("no binding");
  }
  void init(tuner_rng&) { throw std::runtime_error("no start"); }
  void evaluate(const tuner::Evaluation& e) { e.loss(0); }
};

consteval tuner::Param rate() { return tuner::real("lr", 0.1, "step size").at_least(0).search(1e-4, 1, tuner::kLog); }

// x -= lr g. Reports what reaches it.
struct Recorder {
  static constexpr tuner::Info info{.id = "recorder", .name = "Recorder", .doc = "reports", .reference = kReference};
  enum { kLr, kMomentum, kNoise };
  static constexpr tuner::Param params[] = {rate(), tuner::real("momentum", 0.9, "reported"),
                                            tuner::boolean("noise", false, "add a draw of the rng")};
  static void step(const tuner::Step& s) {
    const std::int64_t done = s.number() - 1;
    s.host().report("momentum", done, s.options()[kMomentum]);
    s.host().report("loss_on_entry", done, s.loss());
    s.host().report("horizon", done, static_cast<double>(s.horizon()));
    s.for_each_tensor([&]<class T>(const tuner::Tensor<T>& t) {
      for (std::size_t i = 0; i < t.size(); ++i) {
        s.host().report(("gradient" + std::to_string(i)).c_str(), done, t.grad()[i]);
        t.data()[i] -= t[kLr] * t.grad()[i];
        if (s.options().flag(kNoise)) t.data()[i] += static_cast<T>(tuner_rng_next_uniform(&s.rng()));
      }
    });
  }
};

// x -= lr g, and trouble at a step (counted from 1).
struct Trouble {
  static constexpr tuner::Info info{.id = "trouble", .name = "Trouble", .doc = "fails", .reference = kReference};
  enum { kLr, kKind, kAt };
  enum { kThrows, kPoisons, kConverges, kStalls, kStops };
  static constexpr const char* kKinds[] = {"throws", "poisons", "converges", "stalls", "stops"};
  static constexpr tuner::Param params[] = {rate(), tuner::choice("kind", kKinds, "the trouble"),
                                            tuner::integer("at", 1, "step; 0: init").at_least(0)};
  static void init(const tuner::Step& s) {
    if (s.options().integer(kAt) == 0) throw std::runtime_error("could not begin");
  }
  static void step(const tuner::Step& s) {
    s.for_each_tensor([&]<class T>(const tuner::Tensor<T>& t) {
      for (std::size_t i = 0; i < t.size(); ++i) t.data()[i] -= t[kLr] * t.grad()[i];
      if (s.number() == s.options().integer(kAt) && s.options().choice(kKind) == kPoisons)
        t.data()[t.size() - 1] = std::numeric_limits<T>::quiet_NaN();
    });
    if (s.number() != s.options().integer(kAt)) return;
    if (s.options().choice(kKind) == kThrows) throw std::runtime_error("out of luck");
    if (s.options().choice(kKind) == kConverges) s.flag(TUNER_STEP_CONVERGED);
    if (s.options().choice(kKind) == kStalls) s.flag(TUNER_STEP_NO_PROGRESS);
    if (s.options().choice(kKind) == kStops) throw tuner::Stopped();
  }
};

// Evaluates `extra` times more in every step, without end where extra is 0, and reports the last loss.
struct Curious {
  static constexpr tuner::Info info{.id = "curious",
                                    .name = "Curious",
                                    .doc = "evaluates more than once",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_CLOSURE};
  enum { kLr, kExtra, kGradient };
  static constexpr tuner::Param params[] = {rate(), tuner::integer("extra", 1, "evaluations").at_least(0),
                                            tuner::boolean("gradient", true, "with gradient")};
  static void step(const tuner::Step& s) {
    const auto want = TUNER_WANT_LOSS | (s.options().flag(kGradient) ? TUNER_WANT_GRADIENT : 0);
    s.for_each_tensor([&]<class T>(const tuner::Tensor<T>& t) {
      for (std::size_t i = 0; i < t.size(); ++i) t.data()[i] -= t[kLr] * t.grad()[i];
    });
    const std::int64_t extra = s.options().integer(kExtra);
    double loss = 0;
    for (std::int64_t i = 0; extra == 0 || i < extra; ++i) loss = s.evaluate(want);
    s.host().report("loss_after", s.number(), loss);
  }
};

// Moves nothing; reports the Hessian times the gradient, `times` times in every step.
struct Curved {
  static constexpr tuner::Info info{.id = "curved",
                                    .name = "Curved",
                                    .doc = "asks for products",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_CLOSURE};
  static constexpr tuner::Param params[] = {tuner::integer("times", 1, "products").at_least(1)};
  static void step(const tuner::Step& s) {
    const tuner_closure& closure = *s.raw().closure;
    if (closure.hvp == nullptr) throw std::runtime_error("no product");
    const tuner_tensor& t = s.raw_tensor(0);
    const auto product = s.host().scratch<double>(t.numel);
    const void* vectors[] = {t.grad};
    void* products[] = {product.data()};
    for (std::int64_t i = 0; i < s.options().integer(0); ++i)
      if (const std::int32_t status = closure.hvp(closure.context, vectors, products); status != TUNER_OK)
        throw tuner::Failed(status);
    for (std::size_t i = 0; i < product.size(); ++i)
      s.host().report(("product" + std::to_string(i)).c_str(), s.number() - 1, product[i]);
  }
};

// Never asks for a gradient: x -= lr.
struct Blind {
  static constexpr tuner::Info info{.id = "blind",
                                    .name = "Blind",
                                    .doc = "derivative-free",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_DERIVATIVE_FREE};
  static constexpr tuner::Param params[] = {rate()};
  static void step(const tuner::Step& s) {
    s.for_each_tensor([&]<class T>(const tuner::Tensor<T>& t) {
      for (std::size_t i = 0; i < t.size(); ++i) t.data()[i] -= t[0];
    });
  }
};

// x -= lr g; evaluated at the mean of all x so far.
struct Averaged {
  static constexpr tuner::Info info{.id = "averaged", .name = "Averaged", .doc = "averages", .reference = kReference};
  static constexpr tuner::Param params[] = {rate()};
  static constexpr tuner::Slot slots[] = {tuner::per_element("sum", "of all x after their steps")};
  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    t.update([lr = t[0]](T& x, T g, T& sum) TUNER_INLINE { x -= lr * g, sum += x; }, t.slot(0));
  }
  static void evaluation_point(const tuner_point_args& a) {
    for (std::uint32_t i = 0; i < a.n_tensors; ++i) {
      const auto* sum = static_cast<const double*>(a.tensors[i].slots[0]);
      auto* out = static_cast<double*>(a.outputs[i]);
      for (std::uint64_t k = 0; k < a.tensors[i].numel; ++k) out[k] = sum[k] / static_cast<double>(a.step);
    }
  }
};

// Steps the inner optimizer `times` times; has a momentum of its own.
struct Repeated {
  static constexpr tuner::Info info{
      .id = "repeated", .name = "Repeated", .doc = "wraps", .reference = kReference, .flags = TUNER_PLUGIN_WRAPS};
  enum { kMomentum, kTimes };
  static constexpr tuner::Param params[] = {tuner::real("momentum", 0.5, "reported"),
                                            tuner::integer("times", 2, "inner steps").at_least(0)};
  static void step(const tuner::Step& s) {
    s.host().report("outer_momentum", s.number() - 1, s.options()[kMomentum]);
    for (std::int64_t i = 0; i < s.options().integer(kTimes); ++i) s.inner_step();
  }
};

// Slots of every scope; step() does nothing.
struct Stateful {
  static constexpr tuner::Info info{.id = "stateful", .name = "Stateful", .doc = "slots", .reference = kReference};
  enum { kHistory, kLimit };
  enum { kPlain, kSingle, kPerTensor, kGlobal, kHistorySlot, kSquare };
  static constexpr tuner::Param params[] = {tuner::integer("history", 0, "multiplies a slot").at_least(0).structural(),
                                            tuner::integer("limit", 100, "most elements").at_least(0).structural()};
  static constexpr tuner::Slot slots[] = {tuner::per_element("plain", "as the tensor"),
                                          tuner::per_element("single", "always f32").as(TUNER_DTYPE_F32).filled(2.5),
                                          tuner::per_tensor("per_tensor", "an integer").as(TUNER_DTYPE_I64).filled(-3),
                                          tuner::global("global", "one number").filled(7),
                                          tuner::per_element("history", "several times").times(kHistory).filled(1),
                                          tuner::global("square", "n x n")};
  static constexpr std::uint32_t state_version = 3;
  static std::uint64_t slot_extent(const tuner_extent_args& a) {
    if (a.slot != kSquare) return a.slot == kPerTensor ? a.tensors[a.tensor]->rank : 1;
    std::uint64_t n = 0;
    for (std::uint32_t t = 0; t < a.n_tensors; ++t) {
      std::uint64_t numel = 1;
      for (std::uint32_t d = 0; d < a.tensors[t]->rank; ++d)
        numel *= static_cast<std::uint64_t>(a.tensors[t]->shape[d]);
      n += numel;
    }
    if (static_cast<double>(n) > a.options->values[kLimit]) throw tuner::Invalid("too many elements");
    return n * n;
  }
  static void step(const tuner::Step&) {}
};
static_assert(tuner::detail::kOptimizerVtable<Stateful>.state_version == 3);

// Encodes what it is asked: base + step + horizon / 1000.
struct Ramp {
  static constexpr tuner::Info info{
      .id = "ramp", .name = "Ramp", .doc = "rises", .reference = kReference, .flags = TUNER_PLUGIN_PURE};
  static constexpr tuner::Param params[] = {at_step("fails")};
  static double value(const tuner::Schedule& s) {
    if (s.step() == s.options().integer(0)) throw tuner::Invalid("the ramp ends here");
    return s.base() + static_cast<double>(s.step()) + static_cast<double>(s.horizon()) / 1000;
  }
};

// Listens to the metric and counts its calls, from 10 on: base + calls, and says what it heard by its scale.
struct Listener {
  static constexpr tuner::Info info{.id = "listener",
                                    .name = "Listener",
                                    .doc = "hears the metric",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_NEEDS_METRIC};
  static constexpr tuner::Slot slots[] = {tuner::global("calls", "of this group").filled(10),
                                          tuner::global("whole", "an integer").as(TUNER_DTYPE_I64).filled(4),
                                          tuner::global("single", "a float").as(TUNER_DTYPE_F32).filled(0.5)};
  static double value(const tuner::Schedule& s) {
    *s.slot(0) += 1;
    const double heard = s.metric_count() > 0 ? s.metric() : 2;
    const double constants = static_cast<double>(*s.slot<std::int64_t>(1)) + *s.slot<float>(2);  // 4.5
    return s.base() + *s.slot(0) + 100 * static_cast<double>(s.metric_count()) + 1000 * heard + constants +
           (s.minimize() ? 0 : 0.25);
  }
};

// Two outputs: half the lr, and momentum or beta1 where there is one.
struct Pair {
  static constexpr tuner::Info info{
      .id = "pair", .name = "Pair", .doc = "two outputs", .reference = kReference, .flags = TUNER_PLUGIN_PURE};
  static constexpr const char* kLr[] = {"lr"};
  static constexpr const char* kMomentum[] = {"momentum", "beta1"};
  static constexpr tuner::Output outputs[] = {tuner::drives("lr", kLr),
                                              tuner::drives("momentum", kMomentum, TUNER_OUTPUT_OPTIONAL)};
  static void values(const tuner::Schedule& s, std::span<double> values) {
    values[0] = std::isnan(s.base(1)) ? s.base() / 4 : s.base() / 2;
    values[1] = s.base(1) + 0.01 * static_cast<double>(s.step() + 1);
  }
};

// Drives momentum alone: 100 times the number of metrics heard plus the last one, -1 before the first.
struct MomentumOnly {
  static constexpr tuner::Info info{.id = "momentum_only",
                                    .name = "Momentum only",
                                    .doc = "leaves lr alone",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_NEEDS_METRIC};
  static constexpr const char* kTargets[] = {"momentum"};
  static constexpr tuner::Output outputs[] = {tuner::drives("momentum", kTargets, TUNER_OUTPUT_OPTIONAL)};
  static void values(const tuner::Schedule& s, std::span<double> values) {
    values[0] = s.metric_count() > 0 ? 100 * static_cast<double>(s.metric_count()) + s.metric() : -1;
  }
};

// Wants to drive what fixes the slots.
struct Historian {
  static constexpr tuner::Info info{.id = "historian",
                                    .name = "Historian",
                                    .doc = "needs history",
                                    .reference = kReference,
                                    .flags = TUNER_PLUGIN_PURE};
  static constexpr const char* kTargets[] = {"history"};
  static constexpr tuner::Output outputs[] = {tuner::drives("history", kTargets)};
  static void values(const tuner::Schedule& s, std::span<double> values) { values[0] = s.base(); }
};

// Needs an option that is rare.
struct Picky {
  static constexpr tuner::Info info{
      .id = "picky", .name = "Picky", .doc = "needs rho", .reference = kReference, .flags = TUNER_PLUGIN_PURE};
  static constexpr const char* kTargets[] = {"rho", "sigma"};
  static constexpr tuner::Output outputs[] = {tuner::drives("rho", kTargets)};
  static void values(const tuner::Schedule& s, std::span<double> values) { values[0] = s.base(); }
};

}  // namespace

TUNER_LIBRARY("loop_plugins", "1.0.0", "MIT", tuner::objective<Rows>, tuner::objective<Stiff>, tuner::objective<Slope>,
              tuner::objective<Parts>, tuner::objective<Box>, tuner::objective<Broken>, tuner::optimizer<Recorder>,
              tuner::optimizer<Trouble>, tuner::optimizer<Curious>, tuner::optimizer<Curved>, tuner::optimizer<Blind>,
              tuner::optimizer<Averaged>, tuner::optimizer<Repeated>, tuner::optimizer<Stateful>,
              tuner::scheduler<Ramp>, tuner::scheduler<Listener>, tuner::scheduler<Pair>,
              tuner::scheduler<MomentumOnly>, tuner::scheduler<Historian>, tuner::scheduler<Picky>)
