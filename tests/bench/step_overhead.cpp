// What a step costs: Rosenbrock with Adam, two parameters, through run_trial and through a loop written by hand, which
// calls the same objective plugin through its vtable and updates as the plugin does, bias corrections by pow. Both must
// end at the same loss, to the last bit. Last comes the ratio, which must be at most 3.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tuner/objective.hpp"
#include "tuner/training.hpp"

namespace {

using namespace tuner;

constexpr std::int64_t kSteps = 50'000;
constexpr int kRepetitions = 15;
constexpr double kMostAllowed = 3.0;

PluginUse use_of(Kind kind, const std::string& id) {
  static Catalogue* const kCatalogue = [] {
    auto* catalogue = new Catalogue;  // plugins are never unloaded
    for (const char* name : {"rosenbrock", "adam", "constant"})
      catalogue->add_file(std::string(TUNER_PLUGIN_DIR) + "/" + name + ".so");
    return catalogue;
  }();
  const Plugin& plugin = kCatalogue->get(kind, id);
  return {&plugin, OptionTable(plugin, {}), {}, nullptr};
}

double through_the_host() {
  TrialSpec spec{.study_seed = 1,
                 .number = 0,
                 .objective = use_of(Kind::objective, "rosenbrock"),
                 .optimizer = use_of(Kind::optimizer, "adam"),
                 .schedule = {},
                 .training = {},
                 .metric = "loss",
                 .goal = Goal::minimize,
                 .target = std::nullopt};
  spec.schedule.stages.push_back({use_of(Kind::scheduler, "constant"), -1});
  spec.training.steps = kSteps;
  SharedObjectives shared;
  return run_trial(std::move(spec), shared).value.value();
}

// The objective bound to memory of our own.
class Function {
 public:
  Function() : use_(use_of(Kind::objective, "rosenbrock")), vtable_(use_.plugin->objective()), tensors_({spec()}) {
    tuner_bind_args args{};
    args.struct_size = sizeof args;
    args.n_tensors = 1;
    args.tensor_stride = sizeof(tuner_tensor);
    args.host = host_.abi();
    args.options = use_.options.abi();
    args.tensors = tensors_.abi().data();
    args.error = &error_;
    tuner_rng rng{};
    if (vtable_.bind(&args, &context_) != TUNER_OK || vtable_.init(context_, &rng, &error_) != TUNER_OK) std::abort();
    args_.struct_size = sizeof args_;
    args_.flags = TUNER_EVALUATE_TRAIN;
    args_.host = host_.abi();
    args_.rng = &rng_;
    args_.loss = &loss_;
    args_.error = &error_;
  }
  ~Function() { vtable_.release(context_); }
  double operator()(std::uint32_t want) {
    args_.want = want;
    if (vtable_.evaluate(context_, &args_) != TUNER_OK) std::abort();
    return loss_;
  }
  double* x() { return static_cast<double*>(tensors_.data(0)); }
  double* gradient() { return static_cast<double*>(tensors_.grad(0)); }

 private:
  static TensorSpec spec() {
    TensorSpec spec;
    spec.name = "x";
    spec.shape = {2};
    spec.dtype = TUNER_DTYPE_F64;
    return spec;
  }
  PluginUse use_;
  const tuner_objective& vtable_;
  Tensors tensors_;
  HostServices host_;
  tuner_evaluate_args args_{};
  tuner_error error_{};
  tuner_rng rng_{};
  double loss_ = 0;
  void* context_ = nullptr;
};

double by_hand() {
  Function f;
  double *x = f.x(), *g = f.gradient();
  double m[2] = {0, 0}, v[2] = {0, 0};
  const double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  for (std::int64_t t = 1; t <= kSteps; ++t) {
    f(TUNER_WANT_LOSS | TUNER_WANT_GRADIENT);
    const double c1 = 1 - std::pow(beta1, static_cast<double>(t)), c2 = 1 - std::pow(beta2, static_cast<double>(t));
    const double step_size = lr / c1, correction = 1 / c2;
    for (int i = 0; i < 2; ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      x[i] -= step_size * m[i] / (std::sqrt(v[i] * correction) + eps);
    }
  }
  return f(TUNER_WANT_LOSS);
}

template <double (*loop)()>
void measure(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(loop());
  state.counters["per step"] = benchmark::Counter(
      static_cast<double>(kSteps), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Keeps the time of every repetition for the ratio.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration)
        times[run.run_name.function_name].push_back(run.cpu_accumulated_time / static_cast<double>(run.iterations));
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, std::vector<double>> times;
};

}  // namespace

int main(int argc, char** argv) {
  // Interleaved, so that a change in the machine's speed meets both.
  std::vector<char*> arguments(argv, argv + argc);
  char interleaved[] = "--benchmark_enable_random_interleaving=true";
  arguments.push_back(interleaved);
  int count = argc + 1;
  benchmark::Initialize(&count, arguments.data());
  const double hand = by_hand(), host = through_the_host();
  if (std::bit_cast<std::uint64_t>(hand) != std::bit_cast<std::uint64_t>(host)) {
    std::fprintf(stderr, "the loops differ: %.17g by hand, %.17g through the host\n", hand, host);
    return 1;
  }
  for (auto* registered : {benchmark::RegisterBenchmark("by_hand", measure<by_hand>),
                           benchmark::RegisterBenchmark("through_the_host", measure<through_the_host>)})
    registered->Repetitions(kRepetitions)->MinTime(0.1)->Unit(benchmark::kMillisecond);
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const auto &slow = reporter.times["through_the_host"], &fast = reporter.times["by_hand"];
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(slow.size(), fast.size()); ++i) ratios.push_back(slow[i] / fast[i]);
  if (ratios.empty()) return 0;
  std::sort(ratios.begin(), ratios.end());
  const double median = ratios[ratios.size() / 2];
  std::printf("ratio: median %.2f, %.2f to %.2f over %zu repetitions; at most %.1f is allowed\n", median,
              ratios.front(), ratios.back(), ratios.size(), kMostAllowed);
  return median <= kMostAllowed ? 0 : 1;
}
