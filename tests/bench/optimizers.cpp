// What a step of every optimizer costs that needs nothing but a gradient: per element, float32, one thread, through the
// host. Every tensor is a matrix (rules without an interest in shapes do not notice); wrappers are around sgd.
//
// NAME/n        ns per element at n = 1000 (25 x 40) and 10^7 (2500 x 4000)
// NAME/512x512  matrix rules instead of 10^7: ten steps are one iteration, as their roots and bases last for ten
// streams_K/n   a loop in place over the same memory: x += a g, s_k += a g for K slots; what the memory allows
// NAME/50x10000 and NAME/1x500000: many small tensors (100 x 100) and one (500 x 1000)
//
// Repetitions of all of them are interleaved at random. The table at the end gives medians and their spread, and the
// share of the bytes per second of streams_K that each element-wise optimizer reaches in the same run.
// --table FILE measures 10^7 and 512x512 alone and writes docs/optimizers.md with these times.
// Other options are Google Benchmark's: --benchmark_filter=adam/ --benchmark_repetitions=9 --benchmark_out=FILE
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "optimizer_table.hpp"
#include "tuner/catalogue.hpp"
#include "tuner/details.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/sdk/update.hpp"
#include "tuner/tensor.hpp"

namespace {

using namespace tuner;

constexpr std::int64_t kSmall = 1000, kLarge = 10'000'000;
constexpr std::int64_t kPeriod = 10;  // steps of a matrix rule that share a root or a basis

struct Shape {
  std::int64_t rows, columns;
  [[nodiscard]] std::int64_t elements() const { return rows * columns; }
};
constexpr Shape kSmallShape{25, 40}, kLargeShape{2500, 4000}, kMatrixShape{bench::kMatrixSide, bench::kMatrixSide};

Catalogue& catalogue() {
  static auto* const kCatalogue = [] {
    auto* plugins = new Catalogue;  // plugins are never unloaded
    plugins->add_folder(TUNER_PLUGIN_DIR);
    return plugins;
  }();
  return *kCatalogue;
}

struct Contender {
  std::string name;
  const Plugin* plugin;
  std::map<std::string, Value> options;
  [[nodiscard]] bool is_matrix_rule() const { return details_of(*plugin).family == bench::kMatrixFamily; }
};

std::vector<Contender> contenders() {
  std::vector<Contender> all;
  for (const auto& loaded : catalogue().plugins()) {
    const Plugin* plugin = loaded.get();
    if (plugin->kind() != Kind::optimizer || plugin->has(TUNER_PLUGIN_CLOSURE)) continue;
    all.push_back({std::string(plugin->id()), plugin, {}});
    if (plugin->id() == "agd") all.back().options = {{"init", "keep"}};  // an orthogonal start is no part of a step
    if (plugin->id() != "sgd") continue;
    all.push_back({"momentum", plugin, {{"momentum", 0.9}}});
    all.push_back({"nesterov", plugin, {{"momentum", 0.9}, {"nesterov", true}}});
  }
  return all;
}

PluginUse use_of(const Contender& contender) {
  PluginUse use{contender.plugin, OptionTable(*contender.plugin, contender.options), {}, nullptr};
  if (contender.plugin->has(TUNER_PLUGIN_WRAPS)) {
    const Plugin& sgd = catalogue().get(Kind::optimizer, "sgd");
    use.inner = std::make_unique<PluginUse>(PluginUse{&sgd, OptionTable(sgd, {}), {}, nullptr});
  }
  return use;
}

// Values that keep every rule away from denormal numbers: x near 1, gradients of both signs near 0.01.
void fill(Tensors& tensors) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    auto *x = static_cast<float*>(tensors.data(t)), *g = static_cast<float*>(tensors.grad(t));
    for (std::uint64_t i = 0; i < tensors.spec(t).numel(); ++i) {
      x[i] = 1 + 1e-3f * static_cast<float>(i % 97);
      g[i] = (i % 2 ? 1e-2f : -1e-2f) * (1 + 1e-2f * static_cast<float>(i % 89));
    }
  }
}

struct Bench {
  Bench(const Contender& contender, std::int64_t count, Shape shape)
      : use(use_of(contender)), tensors(specs(count, shape)), optimizer(use, tensors, 1, 0) {
    fill(tensors);
    error.struct_size = sizeof error;
    if (optimizer.init(host.abi(), &error) != TUNER_OK) fail();
  }
  static std::vector<TensorSpec> specs(std::int64_t count, Shape shape) {
    std::vector<TensorSpec> all(static_cast<std::size_t>(count));
    for (TensorSpec& spec : all) {
      spec.name = std::to_string(&spec - all.data());
      spec.shape = {shape.rows, shape.columns};
    }
    return all;
  }
  void step() {
    host.reset_scratch();
    StepInputs inputs;
    inputs.step = ++steps;
    inputs.host = host.abi();
    if (optimizer.step(inputs, &error) != TUNER_OK) fail();
  }
  [[noreturn]] void fail() const {
    std::fprintf(stderr, "%s: %s\n", std::string(use.plugin->id()).c_str(), error.text);
    std::exit(1);
  }
  PluginUse use;
  HostServices host;
  Tensors tensors;
  Optimizer optimizer;
  tuner_error error{};
  std::int64_t steps = 0;
};

// Slots as long as the parameters that an optimizer writes with these options: some stand idle, as sgd's without
// momentum.
int streams_of(const Contender& contender) {
  constexpr std::uint64_t n = 64;
  Bench bench(contender, 1, {8, 8});
  std::vector<std::vector<float>> before;
  const auto values = [&](std::size_t slot) {
    const Optimizer::SlotView view = bench.optimizer.slot(slot);
    const auto* from = static_cast<const float*>(view.data);
    return view.count == n && view.dtype == TUNER_DTYPE_F32 ? std::vector<float>(from, from + n) : std::vector<float>();
  };
  for (std::size_t s = 0; s < contender.plugin->slot_count(); ++s) before.push_back(values(s));
  for (int i = 0; i < 3; ++i) {
    bench.step();
    auto* g = static_cast<float*>(bench.tensors.grad(0));
    std::for_each_n(g, n, [](float& value) { value *= 0.5f; });  // a difference of gradients is a slot of adan's
  }
  int count = 0;
  for (std::size_t s = 0; s < before.size(); ++s) count += values(s) != before[s] ? 1 : 0;
  return count;
}

void report(benchmark::State& state, std::int64_t elements) {
  state.counters["ns/element"] =
      benchmark::Counter(static_cast<double>(elements) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void measure(benchmark::State& state, const Contender& contender, std::int64_t count, Shape shape,
             std::int64_t steps = 1) {
  Bench bench(contender, count, shape);
  for (int i = 0; i < 3; ++i) bench.step();  // first touch of the slots, first-step branches
  for (auto _ : state)
    for (std::int64_t i = 0; i < steps; ++i) bench.step();
  report(state, steps * count * shape.elements());
}

template <int slots, int... index>
void stream(benchmark::State& state, std::int64_t n, std::integer_sequence<int, index...>) {
  std::vector<AlignedBuffer> buffers;
  float* memory[slots + 2];
  for (float*& values : memory) {
    values = static_cast<float*>(buffers.emplace_back(static_cast<std::size_t>(n) * sizeof(float)).data());
    std::fill_n(values, n, 1.0f);
  }
  const float a = 1e-6f;
  for (auto _ : state) {
    sdk::detail::update(
        memory[0], static_cast<const float*>(memory[1]), static_cast<std::size_t>(n),
        [a](float& x, float g, auto&... s) TUNER_INLINE {
          x += a * g;
          ((s += a * g), ...);
        },
        memory[2 + index]...);
    benchmark::ClobberMemory();
  }
  report(state, n);
}

template <int slots>
void streams(benchmark::State& state, std::int64_t n) {
  stream<slots>(state, n, std::make_integer_sequence<int, slots>());
}
constexpr void (*kStreams[])(benchmark::State&, std::int64_t) = {streams<0>, streams<1>, streams<2>,
                                                                 streams<3>, streams<4>, streams<5>};

// Keeps ns per element of every repetition.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration) times[run.run_name.function_name].push_back(run.counters.at("ns/element"));
    ConsoleReporter::ReportRuns(runs);
  }
  std::map<std::string, std::vector<double>> times;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
// Half the distance of the quartiles, relative to the median, in percent.
double spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return 50 * (values[values.size() * 3 / 4] - values[values.size() / 4]) / values[values.size() / 2];
}

std::string at(const std::string& name, std::int64_t n) { return name + "/" + std::to_string(n); }

std::string matrix_name(const std::string& name) {
  return name + "/" + std::to_string(kMatrixShape.rows) + "x" + std::to_string(kMatrixShape.columns);
}

using Times = std::map<std::string, std::vector<double>>;

std::string format(const char* pattern, double a, double b = 0) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

double matrix_ms(const Times& times, const Contender& c) {
  return median(times.at(matrix_name(c.name))) * static_cast<double>(kMatrixShape.elements()) * 1e-6;
}

// What was not measured, because of a filter, is "-".
void print_table(const std::vector<Contender>& all, const Times& times) {
  const auto cell = [&](const std::string& key) {
    return times.contains(key) ? format("%.3f +- %.0f%%", median(times.at(key)), spread(times.at(key))) : "-";
  };
  const auto ratio = [&](const std::string& a, const std::string& b) {
    return times.contains(a) && times.contains(b) ? format("%.2f", median(times.at(a)) / median(times.at(b))) : "-";
  };
  std::printf(
      "\n| optimizer | slots | ns per element, 10^3 | ns per element, 10^7 | of the memory's speed | 50 tensors : 1 "
      "|\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const Contender& c : all) {
    const int slots = streams_of(c);
    const std::string small = at(c.name, kSmall), large = at(c.name, kLarge), matrix = matrix_name(c.name);
    if (!times.contains(small) && !times.contains(large) && !times.contains(c.name + "/50x10000") &&
        !times.contains(matrix))
      continue;
    // Only a single pass can be compared with streams.
    const bool one_pass = c.plugin->has(TUNER_PLUGIN_ELEMENTWISE);
    std::printf("| %s | %s | %s | %s | %s | %s |\n", c.name.c_str(), one_pass ? std::to_string(slots).c_str() : "",
                cell(small).c_str(),
                times.contains(matrix) ? format("%.3g ms a step of 512 x 512", matrix_ms(times, c)).c_str()
                                       : cell(large).c_str(),
                one_pass ? ratio(at("streams_" + std::to_string(slots), kLarge), large).c_str() : "",
                ratio(c.name + "/50x10000", c.name + "/1x500000").c_str());
  }
}

std::string first_word(const char* path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "an unknown processor";
}

void write_document(const std::string& path, const std::vector<Contender>& all, const Times& times,
                    const std::string& load_before) {
  bench::Timings timings;
  timings.machine = "Measured on " + processor() + ", load of the machine " + load_before + " before and " +
                    first_word("/proc/loadavg") + " after.";
  for (const Contender& c : all) {
    if (times.contains(at(c.name, kLarge)))
      timings.cells[c.name] = format("%.2f", median(times.at(at(c.name, kLarge))));
    if (times.contains(matrix_name(c.name))) timings.cells[c.name] = format("%.3g ms a step", matrix_ms(times, c));
  }
  bench::write_file(path, bench::optimizer_document(catalogue(), timings));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  std::string document;
  // Before the user's own, so that those win.
  char interleaved[] = "--benchmark_enable_random_interleaving=true";
  char repetitions[] = "--benchmark_repetitions=7";
  char least_time[] = "--benchmark_min_time=0.05";
  char of_document[] = "--benchmark_filter=/(10000000|512x512)(/|$)";
  std::vector<char*> defaults{interleaved, repetitions, least_time};
  if (argc > 2 && std::strcmp(argv[1], "--table") == 0) {
    document = argv[2];
    arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
    defaults.push_back(of_document);
  }
  arguments.insert(arguments.begin() + 1, defaults.begin(), defaults.end());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  const std::string load_before = first_word("/proc/loadavg");
  const std::vector<Contender> all = contenders();
  std::vector<benchmark::internal::Benchmark*> registered;
  for (const Contender& c : all) {
    const auto add = [&](const std::string& name, std::int64_t tensors, Shape shape, std::int64_t steps = 1) {
      return registered.emplace_back(benchmark::RegisterBenchmark(
          name.c_str(), [&c, tensors, shape, steps](benchmark::State& s) { measure(s, c, tensors, shape, steps); }));
    };
    add(at(c.name, kSmall), 1, kSmallShape);
    if (c.is_matrix_rule()) {
      add(matrix_name(c.name), 1, kMatrixShape, kPeriod)->Iterations(1)->Repetitions(3);
      continue;
    }
    add(at(c.name, kLarge), 1, kLargeShape);
    add(c.name + "/50x10000", 50, {100, 100});
    add(c.name + "/1x500000", 1, {500, 1000});
  }
  for (int k = 0; k < static_cast<int>(std::size(kStreams)); ++k)
    registered.push_back(benchmark::RegisterBenchmark(at("streams_" + std::to_string(k), kLarge).c_str(),
                                                      [k](benchmark::State& s) { kStreams[k](s, kLarge); }));
  for (auto* b : registered) b->Unit(benchmark::kMicrosecond);
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  print_table(all, reporter.times);
  try {
    if (!document.empty()) write_document(document, all, reporter.times, load_before);
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "%s\n", e.what()), 1;
  }
  return 0;
}
