// An objective as the host runs it, with vectors of doubles at its border: what the tests of the objectives share.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/objective.hpp"

namespace tuner::test {

using Settings = std::map<std::string, Value>;
using Numbers = std::vector<double>;

// Plugins are never unloaded, hence neither are the catalogues.
inline const Plugin& objective_plugin(const std::string& id) {
  static Catalogue* const kCatalogue = [] {
    auto* catalogue = new Catalogue;
    for (const char* name :
         {"rosenbrock", "beale", "himmelblau", "paraboloid", "quadratic", "noisy_quadratic", "test_functions",
          "more_garbow_hillstrom", "classifiers", "convnet", "linear_regression", "sparse_logistic_regression"})
      catalogue->add_file(fmt::format("{}/{}.so", TUNER_PLUGIN_DIR, name));
    return catalogue;
  }();
  return kCatalogue->get(Kind::objective, id);
}

inline PluginUse use_of(const Plugin& plugin, const Settings& settings) {
  Settings checked;
  for (const auto& [key, value] : settings)
    checked[key] = checked_value(plugin, plugin.param(plugin.find_param(key).value()), value);
  OptionTable table(plugin, checked);
  table.check(plugin);
  return {&plugin, std::move(table), {}, nullptr};
}
inline PluginUse use_of(const std::string& id, const Settings& settings) {
  return use_of(objective_plugin(id), settings);
}

inline List list_of(const Numbers& numbers) { return List(numbers.begin(), numbers.end()); }

inline tuner_rng stream(std::uint32_t purpose, std::uint64_t seed = 1, std::uint32_t trial = 0,
                        std::uint64_t position = 0) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = purpose;
  rng.seed = seed;
  rng.trial = trial;
  rng.position = position;
  return rng;
}

// Bound to a trial. All tensors that are trained, one after another, make one vector.
class Problem {
 public:
  Problem(const std::string& id, const Settings& settings, std::uint64_t seed = 1, SharedObjectives* shared = nullptr)
      : Problem(use_of(id, settings), seed, shared) {}
  explicit Problem(PluginUse use, std::uint64_t seed = 1, SharedObjectives* shared = nullptr)
      : use_(std::move(use)), shared_(shared ? shared : &own_), objective_(use_, *shared_, seed, host_.abi()) {
    init(seed);
  }
  void init(std::uint64_t seed = 1, std::uint32_t trial = 0) {
    tuner_rng rng = stream(TUNER_RNG_INIT, seed, trial);
    ok(objective_.init(&rng, &error_));
  }
  Objective& objective() { return objective_; }
  HostServices& host() { return host_; }

  // What evaluations run on.
  std::vector<std::uint64_t> batch;
  std::uint32_t split = TUNER_SPLIT_TRAIN;
  std::uint32_t flags = TUNER_EVALUATE_TRAIN;
  tuner_rng dropout = stream(TUNER_RNG_DROPOUT, 1, 0, 0);

  Problem& all_samples() {
    batch.resize(objective_.samples(split));
    std::iota(batch.begin(), batch.end(), 0);
    return *this;
  }
  Numbers parameters() {
    Numbers out;
    for (const std::size_t t : trained()) append(out, t, objective_.tensors().data(t));
    return out;
  }
  Numbers parameters(std::size_t tensor) {
    Numbers out;
    append(out, tensor, objective_.tensors().data(tensor));
    return out;
  }
  void set(const Numbers& x) {
    std::size_t at = 0;
    for (const std::size_t t : trained()) store(x, at, t, objective_.tensors().data(t));
  }
  double loss() {
    double value = -1;
    ok(run(TUNER_WANT_LOSS, &value, nullptr));
    return value;
  }
  double metric() {
    double loss = 0, value = -1;
    ok(run(TUNER_WANT_LOSS | TUNER_WANT_METRICS, &loss, &value));
    return value;
  }
  Numbers gradient(double* loss = nullptr) {
    double value = 0;
    ok(run(TUNER_WANT_LOSS | TUNER_WANT_GRADIENT, &value, nullptr));
    if (loss != nullptr) *loss = value;
    Numbers out;
    for (const std::size_t t : trained()) append(out, t, objective_.tensors().grad(t));
    return out;
  }
  Numbers hvp(const Numbers& v) {
    Tensors& tensors = objective_.tensors();
    std::vector<AlignedBuffer> in, out;
    std::vector<const void*> vectors(tensors.size());
    std::vector<void*> products(tensors.size());
    std::size_t at = 0;
    for (const std::size_t t : trained()) {
      const std::size_t bytes = tensors.spec(t).numel() * dtype_size(tensors.spec(t).dtype);
      store(v, at, t, in.emplace_back(bytes).data());
      vectors[t] = in.back().data();
      products[t] = out.emplace_back(bytes).data();
    }
    ok(objective_.hvp(batch, vectors.data(), products.data(), &error_));
    Numbers result;
    for (const std::size_t t : trained()) append(result, t, products[t]);
    return result;
  }
  // Statistics of a batch normalization.
  Numbers buffers() {
    Numbers out;
    for (std::size_t t = 0; t < objective_.tensors().size(); ++t)
      if (!objective_.tensors().spec(t).is_trained()) append(out, t, objective_.tensors().data(t));
    return out;
  }
  std::int32_t run(std::uint32_t want, double* loss, double* metrics) {
    Objective::Request request;
    request.want = want;
    request.flags = flags;
    request.split = split;
    request.indices = batch;
    request.rng = &dropout;
    return objective_.evaluate(request, loss, metrics, &error_);
  }

 private:
  void ok(std::int32_t status) const {
    if (status != TUNER_OK) throw std::runtime_error(error_.text);
  }
  std::vector<std::size_t> trained() {
    std::vector<std::size_t> indices;
    for (std::size_t t = 0; t < objective_.tensors().size(); ++t)
      if (objective_.tensors().spec(t).is_trained()) indices.push_back(t);
    return indices;
  }
  void append(Numbers& out, std::size_t t, const void* data) {
    const TensorSpec& spec = objective_.tensors().spec(t);
    for (std::uint64_t i = 0; i < spec.numel(); ++i)
      out.push_back(spec.dtype == TUNER_DTYPE_F32 ? static_cast<const float*>(data)[i]
                                                  : static_cast<const double*>(data)[i]);
  }
  void store(const Numbers& x, std::size_t& at, std::size_t t, void* data) {
    const TensorSpec& spec = objective_.tensors().spec(t);
    for (std::uint64_t i = 0; i < spec.numel(); ++i, ++at) {
      if (spec.dtype == TUNER_DTYPE_F32)
        static_cast<float*>(data)[i] = static_cast<float>(x[at]);
      else
        static_cast<double*>(data)[i] = x[at];
    }
  }
  PluginUse use_;
  SharedObjectives own_;
  SharedObjectives* shared_;
  HostServices host_;
  tuner_error error_{.struct_size = sizeof(tuner_error), .reserved = 0, .text = {}};
  Objective objective_;
};

inline Numbers random_numbers(std::size_t n, std::uint64_t seed, double low, double high) {
  tuner_rng rng = stream(TUNER_RNG_SEARCH, seed);
  Numbers out(n);
  for (double& x : out) x = low + (high - low) * tuner_rng_next_uniform(&rng);
  return out;
}

inline Numbers moved(const Numbers& x, double step, const Numbers& direction) {
  Numbers out = x;
  for (std::size_t i = 0; i < x.size(); ++i) out[i] += step * direction[i];
  return out;
}

inline double largest(const Numbers& x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

// Gradient against central differences of the loss, product against central differences of the gradient. Of many
// parameters a sample is differenced.
inline void expect_exact_derivatives(Problem& problem, const Numbers& x, double tolerance = 1e-6) {
  problem.set(x);
  double loss = 0;
  const Numbers g = problem.gradient(&loss);
  ASSERT_EQ(g.size(), x.size());
  const double h = 1e-5, scale = 1 + std::abs(loss) + largest(g);
  for (std::size_t i = 0; i < x.size(); i += 1 + x.size() / 97) {
    Numbers unit(x.size(), 0.0);
    unit[i] = 1;
    problem.set(moved(x, h, unit));
    const double above = problem.loss();
    problem.set(moved(x, -h, unit));
    EXPECT_NEAR(g[i], (above - problem.loss()) / (2 * h), tolerance * scale) << "parameter " << i;
  }
  ASSERT_TRUE(problem.objective().has_hvp());
  const Numbers v = random_numbers(x.size(), 77, -1, 1);
  problem.set(moved(x, h, v));
  const Numbers above = problem.gradient();
  problem.set(moved(x, -h, v));
  const Numbers below = problem.gradient();
  problem.set(x);
  problem.gradient();
  const Numbers product = problem.hvp(v);
  const double product_scale = 1 + largest(product) + largest(g);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(product[i], (above[i] - below[i]) / (2 * h), tolerance * product_scale) << "parameter " << i;
}

// Runs action() and returns the text of the tuner::Error it throws.
template <class Action>
std::string error_of(Message id, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(message_name(error.id()), message_name(id)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

}  // namespace tuner::test
