#include "optimizer_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tuner/details.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/training.hpp"

namespace tuner::bench {

namespace {

constexpr std::int64_t kDimension = 10, kSteps = 20;
constexpr double kFound = 1e-8;  // a loss at which the minimum, 0, is found
constexpr const char* kFamilies[] = {"gradient descent", "adaptive",     kMatrixFamily,     "layer-wise", "self-tuning",
                                     "line search",      "second order", "derivative-free", "wrapper"};

PluginUse use_of(const Plugin& plugin, const std::map<std::string, Value>& options = {}) {
  return {&plugin, OptionTable(plugin, options), {}, nullptr};
}

// At its defaults; a wrapper around sgd.
PluginUse optimizer_use(const Catalogue& catalogue, const Plugin& plugin) {
  PluginUse use = use_of(plugin);
  if (plugin.has(TUNER_PLUGIN_WRAPS))
    use.inner = std::make_unique<PluginUse>(use_of(catalogue.get(Kind::optimizer, "sgd")));
  return use;
}

double state_bytes(const Catalogue& catalogue, const Plugin& plugin, std::vector<std::int64_t> shape) {
  PluginUse use = optimizer_use(catalogue, plugin);
  TensorSpec spec;
  spec.name = "w";
  spec.shape = std::move(shape);
  Tensors tensors({spec});
  Optimizer optimizer(use, tensors, 1, 0);
  const std::uint64_t inner = optimizer.inner() ? optimizer.inner()->state_bytes() : 0;
  return static_cast<double>(optimizer.state_bytes() - inner);
}

// Bytes per parameter. What needs a closure takes all parameters as one vector, with n^2 values of state at most: the
// parabola through three lengths tells. The others: of one matrix.
std::string state_text(const Catalogue& catalogue, const Plugin& plugin) {
  std::string text;
  if (plugin.has(TUNER_PLUGIN_CLOSURE)) {
    const double n = 64, a = state_bytes(catalogue, plugin, {64}), b = state_bytes(catalogue, plugin, {128}),
                 c = state_bytes(catalogue, plugin, {192});
    const double square = (c - 2 * b + a) / (2 * n * n), linear = (b - a) / n - 3 * n * square;
    if (square > 0) text = fmt::format("{:g} n", square);
    if (linear > 0 || text.empty()) text += fmt::format("{}{:g}", text.empty() ? "" : " + ", linear);
  } else {
    text = fmt::format("{:.2g}", state_bytes(catalogue, plugin, {kMatrixSide, kMatrixSide}) /
                                     static_cast<double>(kMatrixSide * kMatrixSide));
  }
  return plugin.has(TUNER_PLUGIN_WRAPS) ? text + " and inner's" : text;
}

TrialResult train(const Catalogue& catalogue, const Plugin& plugin, std::int64_t steps) {
  TrialSpec spec{.study_seed = 1,
                 .number = 0,
                 .objective = use_of(catalogue.get(Kind::objective, "quadratic"), {{"dim", kDimension}}),
                 .optimizer = optimizer_use(catalogue, plugin),
                 .schedule = {},
                 .training = {},
                 .metric = "loss",
                 .goal = Goal::minimize,
                 .target = kFound};
  spec.schedule.stages.push_back({use_of(catalogue.get(Kind::scheduler, "constant")), -1});
  spec.training.steps = steps;
  SharedObjectives shared;
  TrialResult result = run_trial(std::move(spec), shared);
  if (result.outcome != Outcome::completed || result.steps == 0)
    throw std::runtime_error(fmt::format("optimizer '{}' does not train the quadratic: {} {}", plugin.id(),
                                         to_string(result.outcome), result.error));
  return result;
}

// Means over the steps until the minimum is found, without the loss that the loop takes at the end.
std::string evaluations_text(const Catalogue& catalogue, const Plugin& plugin) {
  TrialResult result = train(catalogue, plugin, kSteps);
  if (result.target_step && *result.target_step < result.steps) result = train(catalogue, plugin, *result.target_step);
  struct Count {
    std::uint64_t count;
    const char *one, *many;
  };
  std::string text;
  for (const Count& c : {Count{result.evaluations.loss - 1, "loss", "losses"},
                         Count{result.evaluations.gradient, "gradient", "gradients"},
                         Count{result.evaluations.hvp, "Hessian product", "Hessian products"}}) {
    if (c.count == 0) continue;
    const double mean = std::round(10 * static_cast<double>(c.count) / static_cast<double>(result.steps)) / 10;
    text += fmt::format("{}{:g} {}", text.empty() ? "" : ", ", mean, mean == 1 ? c.one : c.many);
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string row(const Catalogue& catalogue, const Plugin& plugin, const Details& details, const Timings& timings) {
  const auto measured = timings.cells.find(std::string(plugin.id()));
  return fmt::format("| `{}` | {} | {} | {} | `{}` | {} | {} |\n", plugin.id(),
                     measured == timings.cells.end() ? "-" : measured->second, state_text(catalogue, plugin),
                     evaluations_text(catalogue, plugin), escaped(details.rule), escaped(details.use),
                     escaped(details.avoid));
}

std::string introduction(const Timings& timings) {
  return fmt::format(
      R"(# Optimizers

One row each, by family. `tuner plugins show adam` prints the whole rule with its variants, options and references.
Rules, advice and state are the plugins' own words and slots, evaluations are counted by the host, times are measured:
the build that has the plugins writes this file (`build/release/tests/optimizer_document --write docs/optimizers.md`, or
with new times `build/release/tests/bench_optimizers --table docs/optimizers.md`), and a test compares it.

- **ns**: per element and step, one thread, float32, {0} of them in a matrix of 2500 x 4000; matrix rules: per step
  on {1} x {1}, mean of ten steps at their defaults. Rules that evaluate the objective within a step are not timed.
  {2}
- **state**: bytes per float32 parameter at the defaults, for a matrix of {1} x {1}; rules on all parameters as one
  vector: n is their number. Slots that the defaults leave idle count.
- **evaluations** of the objective per step: means of {3} steps, fewer where the loss falls below 1e-8, on the quadratic of {4} parameters,
  everything at its defaults; a Hessian product costs as much as two gradients. Wrappers are around `sgd`.
- **rule**: g gradient, t step from 1, m and v moving averages, m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t).
)",
      "10^7", kMatrixSide, timings.machine.empty() ? "Not measured yet." : timings.machine, kSteps, kDimension);
}

std::string heading(std::string family) {
  if (!family.empty()) family[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(family[0])));
  return fmt::format(
      "\n## {}\n\n| optimizer | ns | state, B | evaluations | rule | use | not |\n|---|---|---|---|---|---|---|\n",
      family);
}

}  // namespace

Timings read_timings(const std::string& document) {
  Timings timings;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  Measured on")) timings.machine = line.substr(2);
    const std::size_t id_end = line.find("` | "), cell_end = line.find(" | ", id_end + 4);
    if (!line.starts_with("| `") || id_end == std::string::npos || cell_end == std::string::npos) continue;
    const std::string cell = line.substr(id_end + 4, cell_end - id_end - 4);
    if (cell != "-") timings.cells[line.substr(3, id_end - 3)] = cell;
  }
  return timings;
}

std::string optimizer_document(const Catalogue& catalogue, const Timings& timings) {
  std::map<std::string, std::string> rows;  // by family
  for (const auto& plugin : catalogue.plugins()) {
    if (plugin->kind() != Kind::optimizer) continue;
    const Details details = details_of(*plugin);
    for (const auto& [word, text] :
         {std::pair{"family", details.family}, {"rule", details.rule}, {"use", details.use}, {"not", details.avoid}})
      if (text.empty())
        throw std::runtime_error(
            fmt::format("optimizer '{}' has no line \"{}  ...\" in its details", plugin->id(), word));
    if (std::ranges::find(kFamilies, details.family) == std::end(kFamilies))
      throw std::runtime_error(
          fmt::format("optimizer '{}' is of an unknown family '{}': the table's order is in "
                      "tests/bench/optimizer_table.cpp",
                      plugin->id(), details.family));
    rows[details.family] += row(catalogue, *plugin, details, timings);
  }
  std::string document = introduction(timings);
  for (const char* family : kFamilies)
    if (rows.contains(family)) document += heading(family) + rows[family];
  return document;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace tuner::bench
