// One plugin of each kind that together use every struct and every table of the ABI: options of all types, slots of all
// scopes, extents, closure, random numbers, scratch memory, evaluation points, schedules with state, an objective with
// data, splits, metrics and a buffer. Compiled against the ABI of today and against that of abi_future.h.
#include <cmath>
#include <tuner/plugin.hpp>
#include <vector>

namespace {

constexpr const char* kModes[] = {"plain", "noisy"};

struct FixtureOptimizer {
  static constexpr tuner::Info info{.id = "fixture",
                                    .name = "Fixture",
                                    .doc = "uses every table of the ABI",
                                    .reference = "a test",
                                    .flags = TUNER_PLUGIN_CLOSURE};
  enum { kLr, kMomentum, kHistory, kMode, kWeights, kPowers, kTag, kNames };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.05, "step size").at_least(0),
      tuner::real("momentum", 0.5, "decay of the velocity").at_least(0).below(1),
      tuner::integer("history", 2, "gradients kept").at_least(0).at_most(8).structural(),
      tuner::choice("mode", kModes, "noise on the step"),
      tuner::reals("weights", "[0.75, 0.25]", "of the kept gradients"),
      tuner::integers("powers", "[1, 2]", "of the scale"),
      tuner::text("tag", "fixture", "its length is added to the total"),
      tuner::texts("names", "[\"a\", \"bc\"]", "their lengths are added to the total")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("velocity", "v"),
                                          tuner::per_element("history", "last gradients").times(kHistory).filled(0.125),
                                          tuner::per_tensor("norm", "last norm").as(TUNER_DTYPE_F64).filled(1),
                                          tuner::global("total", "running total"),
                                          tuner::global("counts", "steps by remainder").as(TUNER_DTYPE_I64)};
  enum { kVelocity, kGradients, kNorm, kTotal, kCounts };

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    if (args.slot != kCounts) return 1;
    std::uint64_t ranks = 0;
    for (std::uint32_t t = 0; t < args.n_tensors; ++t) ranks += args.tensors[t]->rank;
    return ranks;
  }

  static void init(const tuner::Step& step) { step.global_slot(kTotal)[0] = static_cast<double>(step.tensor_count()); }

  static void step(const tuner::Step& step) {
    const tuner::Options options = step.options();
    double* total = step.global_slot(kTotal);
    ++step.global_slot<std::int64_t>(kCounts)[step.number() % 2];
    total[0] += static_cast<double>(options.text(kTag).size());
    for (const char* name : options.texts(kNames)) total[0] += static_cast<double>(std::string_view(name).size());
    step.for_each_tensor([&](const auto& tensor) { update(step, tensor, total[0]); });
    total[0] = std::fmod(total[0], 16) + step.evaluate(TUNER_WANT_LOSS) * 1e-3;
    step.host().report("total", step.number(), total[0]);
  }

  template <class T>
  static void update(const tuner::Step& step, const tuner::Tensor<T>& x, double total) {
    const tuner::Options& options = x.options();
    const auto history = static_cast<std::size_t>(options.integer(kHistory));
    const auto weights = options.reals(kWeights);
    const auto mean = step.host().template scratch<double>(x.size());
    double squares = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      mean[i] = x.grad()[i];
      for (std::size_t h = 0; h < history; ++h) mean[i] += weights[h] * x.slot(kGradients)[h * x.size() + i];
      squares += mean[i] * mean[i];
    }
    double& norm = x.template slot<double>(kNorm)[0];
    double scale = 1;
    for (const std::int64_t power : options.integers(kPowers))
      scale += 1e-3 * std::pow(norm, static_cast<double>(power)) / (1 + norm * norm);
    norm = std::sqrt(squares);
    scale += 1e-6 * total + 1e-4 * x.info().rank;
    for (std::size_t i = 0; i < x.size(); ++i) {
      T& v = x.slot(kVelocity)[i];
      v = static_cast<T>(options[kMomentum] * v + mean[i] * scale);
      if (options.choice(kMode) == 1) v += static_cast<T>(1e-3 * tuner_rng_normal_at(&step.rng(), x.first_index() + i));
      x.data()[i] -= static_cast<T>(options[kLr]) * v;
      for (std::size_t h = history; h-- > 1;)
        x.slot(kGradients)[h * x.size() + i] = x.slot(kGradients)[(h - 1) * x.size() + i];
      if (history > 0) x.slot(kGradients)[i] = x.grad()[i];
    }
  }

  static void evaluation_point(const tuner_point_args& args) {
    for (std::uint32_t t = 0; t < args.n_tensors; ++t) {
      const auto& tensor =
          *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args.tensors) + t * args.tensor_stride);
      if (tensor.info->flags & TUNER_TENSOR_BUFFER) continue;
      const auto shrink = [&](auto* out) {
        for (std::uint64_t i = 0; i < tensor.numel; ++i)
          out[i] *= static_cast<std::remove_pointer_t<decltype(out)>>(0.875);
      };
      if (tensor.dtype == TUNER_DTYPE_F32)
        shrink(static_cast<float*>(args.outputs[t]));
      else
        shrink(static_cast<double*>(args.outputs[t]));
    }
  }
};

struct FixtureSchedule {
  static constexpr tuner::Info info{
      .id = "fixture", .name = "Fixture", .doc = "lr and momentum, with state", .reference = "a test"};
  static constexpr tuner::Param params[] = {tuner::real("decay", 0.9, "of lr").above(0).at_most(1),
                                            tuner::integer("period", 3, "of momentum").at_least(1)};
  static constexpr const char* kLrTargets[] = {"lr"};
  static constexpr const char* kMomentumTargets[] = {"beta1", "momentum"};
  static constexpr tuner::Output outputs[] = {tuner::drives("lr", kLrTargets),
                                              tuner::drives("momentum", kMomentumTargets, TUNER_OUTPUT_OPTIONAL)};
  static constexpr tuner::Slot slots[] = {tuner::global("factor", "product of the decays").filled(1),
                                          tuner::global("calls", "calls so far").as(TUNER_DTYPE_I64)};

  static void values(const tuner::Schedule& s, std::span<double> values) {
    double& factor = s.slot(0)[0];
    const std::int64_t calls = s.slot<std::int64_t>(1)[0]++;
    values[0] = s.base(0) * factor;
    values[1] = s.base(1) * (calls % s.options().integer(1) == 0 ? 0.5 : 1);
    factor *= s[0];
    if (s.metric_count() > 0) factor *= s.metric() > 0 ? 0.99 : 1.01;
  }
};

struct FixtureObjective {
  static constexpr tuner::Info info{
      .id = "fixture", .name = "Fixture", .doc = "mean distance to random points", .reference = "a test"};
  static constexpr tuner::Param params[] = {
      tuner::integer("samples", 24, "in the training split").at_least(1).with(TUNER_PARAM_DATA),
      tuner::real("offset", 0.25, "of the start")};
  static constexpr tuner::Metric metrics[] = {
      tuner::metric("distance", TUNER_MINIMIZE, "mean distance"),
      tuner::metric("hits", TUNER_MAXIMIZE, "points within 1", "points", TUNER_AGGREGATE_SUM)};
  static constexpr double kMinimiser[] = {0, 0, 0, 0, 0, 0};
  static constexpr tuner::Known known{.minimum = 0, .minimisers = kMinimiser, .dimension = 6};

  struct Shared {
    std::vector<double> points;
    std::uint64_t train;
    explicit Shared(const tuner::Open& open) : train(static_cast<std::uint64_t>(open.options().integer(0))) {
      for (std::uint64_t i = 0; i < 6 * (train + 8); ++i) points.push_back(tuner_rng_normal_at(&open.rng(), i));
    }
  };

  static void describe(const Shared& shared, const tuner::Options&, const tuner::Layout& layout) {
    constexpr std::int64_t kMatrix[] = {3, 2}, kVector[] = {5}, kOne[] = {1};
    layout.tensor({.name = "w",
                   .shape = kMatrix,
                   .dtype = TUNER_DTYPE_F64,
                   .role = TUNER_ROLE_WEIGHT,
                   .fan_in = 3,
                   .fan_out = 2});
    layout.tensor({.name = "b", .shape = kVector, .dtype = TUNER_DTYPE_F32, .role = TUNER_ROLE_BIAS});
    layout.tensor({.name = "seen", .shape = kOne, .dtype = TUNER_DTYPE_F64, .flags = TUNER_TENSOR_BUFFER});
    layout.samples(TUNER_SPLIT_TRAIN, shared.train);
    layout.samples(TUNER_SPLIT_VALID, 8);
  }

  FixtureObjective(const Shared& shared, const tuner::Bind& bind)
      : shared_(shared),
        w_(bind.data<double>(0)),
        w_grad_(bind.grad<double>(0)),
        b_(bind.data<float>(1)),
        b_grad_(bind.grad<float>(1)),
        seen_(bind.data<double>(2)),
        offset_(bind.options()[1]) {}

  void init(tuner_rng& rng) {
    for (int i = 0; i < 6; ++i) w_[i] = offset_ + tuner_rng_next_normal(&rng);
    for (int i = 0; i < 5; ++i) b_[i] = static_cast<float>(tuner_rng_next_uniform(&rng));
    *seen_ = 0;
  }

  void evaluate(const tuner::Evaluation& e) {
    double loss = 0, distance = 0, hits = 0, gradient[6] = {};
    const std::uint64_t first = e.split() == TUNER_SPLIT_VALID ? shared_.train : 0;
    const auto n = static_cast<double>(e.indices().size());
    for (const std::uint64_t sample : e.indices()) {
      double squares = 0;
      for (int i = 0; i < 6; ++i) {
        const double noise = e.training() ? 1e-3 * tuner_rng_uniform_at(&e.rng(), sample * 6 + i) : 0;
        const double difference = w_[i] - shared_.points[(first + sample) * 6 + i] + noise;
        squares += difference * difference;
        gradient[i] += difference / n;
      }
      loss += 0.5 * squares / n;
      distance += std::sqrt(squares) / n;
      hits += squares < 1 ? 1 : 0;
    }
    for (int i = 0; i < 5; ++i) loss += 0.5 * b_[i] * b_[i];
    if (e.updates_buffers()) *seen_ += n;
    e.loss(loss + 1e-6 * *seen_);
    e.metric(0, distance);
    e.metric(1, hits);
    if (!e.wants_gradient()) return;
    for (int i = 0; i < 6; ++i) w_grad_[i] = gradient[i];
    for (int i = 0; i < 5; ++i) b_grad_[i] = b_[i];
  }

 private:
  const Shared& shared_;
  double *w_, *w_grad_;
  float *b_, *b_grad_;
  double* seen_;
  double offset_;
};

}  // namespace

TUNER_LIBRARY("fixture", "1.0.0", "MIT", tuner::optimizer<FixtureOptimizer>, tuner::scheduler<FixtureSchedule>,
              tuner::objective<FixtureObjective>)
