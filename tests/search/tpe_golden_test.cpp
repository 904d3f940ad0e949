// TPE against recorded values of Optuna 5: densities and weights need no random numbers, runs replay NumPy's.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "golden.hpp"
#include "search_space.hpp"
#include "tpe.hpp"

namespace search_tests {
namespace {

using searchers::Axes;
using searchers::KernelPlace;
using searchers::Mixture;
using tuner::Json;

constexpr double kTolerance = 1e-9;

const std::vector<std::string> kNames = {"drop", "lr", "mom", "opt", "units", "width"};
const std::vector<std::string> kOptimizers = {"sgd", "adam", "radam"};

TestSpace golden_space() {
  TestSpace space;
  space.real("drop", 0, 0.5, TUNER_SCALE_LINEAR, 0.1)
      .real("lr", 1e-4, 1, TUNER_SCALE_LOG)
      .real("mom", 0, 0.99)
      .choice("opt", 3)
      .integer("units", 4, 64, TUNER_SCALE_LINEAR, 4)
      .integer("width", 1, 1000, TUNER_SCALE_LOG);
  return space;
}

// Widths depend on the order of equal places, and the recorded ones on NumPy's.
void reorder(std::vector<KernelPlace>& sorted) {
  std::ranges::sort(sorted, {}, &KernelPlace::kernel);
  std::vector<double> places;
  for (const KernelPlace& place : sorted) places.push_back(place.mu);
  const std::vector<KernelPlace> by_age = sorted;
  const NumPyOrder numpy(places);
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = by_age[numpy.order()[i]];
}

// The observations of a recorded case as kernels of the given axes.
Mixture mixture_of(const Axes& axes, const std::vector<std::uint32_t>& part, const Json& observed) {
  const std::size_t n = observed["lr"].size();
  Mixture mixture;
  mixture.reset(axes, part, n);
  for (std::size_t a = 0; a < part.size(); ++a) {
    const auto values = observed[kNames[part[a]]].get<std::vector<double>>();
    std::vector<KernelPlace> places;
    std::vector<std::uint32_t> choices;
    for (std::uint32_t i = 0; i < n; ++i) {
      choices.push_back(static_cast<std::uint32_t>(values[i]));
      places.push_back({axes[part[a]].place(values[i]), i});
    }
    reorder(places);
    if (axes[part[a]].choice)
      mixture.place(a, choices);
    else
      mixture.place(a, places);
  }
  return mixture;
}

std::vector<double> queries(const Axes& axes, const std::vector<std::uint32_t>& part, const Json& query) {
  std::vector<double> places;
  for (const std::uint32_t axis : part)
    for (const Json& value : query[kNames[axis]]) {
      const double x = value.get<double>();
      places.push_back(axes[axis].choice || axes[axis].step > 0 ? x : axes[axis].place(x));
    }
  return places;
}

TEST(TpeGolden, Gamma) {
  for (const auto& [n, expected] : golden("golden.json")["tpe"]["gamma"].items())
    EXPECT_EQ(searchers::tpe_gamma(std::stoul(n)), static_cast<std::size_t>(expected.get<std::int64_t>())) << n;
}

TEST(TpeGolden, WeightsOfTheObservationsByAge) {
  for (const std::size_t n : {26, 30}) {
    const auto expected = golden("golden.json")["tpe"]["weights" + std::to_string(n)].get<std::vector<double>>();
    const std::vector<double> weights = searchers::kernel_weights(n);
    ASSERT_EQ(weights.size(), n + 1);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(weights[i] / weights[n], expected[i], kTolerance) << i;
  }
}

TEST(TpeGolden, Densities) {
  TestSpace space = golden_space();
  const Axes axes(tuner::SearchSpace(space.raw()));
  const std::vector<std::uint32_t> all = {0, 1, 2, 3, 4, 5};
  const Json& tpe = golden("golden.json")["tpe"];
  for (const Json& recorded : tpe["cases"]) {
    SCOPED_TRACE(recorded["n"].get<std::int64_t>());
    Mixture joint = mixture_of(axes, all, recorded["obs"]);
    std::vector<double> found(4);
    joint.log_density(queries(axes, all, tpe["query"]), 4, found);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(found[i], recorded["log_pdf_joint"][i].get<double>(), kTolerance) << i;
    for (const std::uint32_t axis : all) {
      const Json& expected = recorded["dims"][kNames[axis]];
      Mixture one = mixture_of(axes, {axis}, recorded["obs"]);
      one.log_density(queries(axes, {axis}, tpe["query"]), 4, found);
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(found[i], expected["log_pdf"][i].get<double>(), kTolerance) << kNames[axis] << i;
    }
  }
}

TEST(TpeGolden, KernelsAndTheirWeights) {
  TestSpace space = golden_space();
  const Axes axes(tuner::SearchSpace(space.raw()));
  for (const Json& recorded : golden("golden.json")["tpe"]["cases"]) {
    SCOPED_TRACE(recorded["n"].get<std::int64_t>());
    for (std::uint32_t axis = 0; axis < axes.size(); ++axis) {
      const Mixture mixture = mixture_of(axes, {axis}, recorded["obs"]);
      const Json& expected = recorded["dims"][kNames[axis]];
      for (std::size_t k = 0; k < mixture.kernel_count(); ++k) {
        if (k < recorded["weights"].size()) {
          EXPECT_NEAR(mixture.weights()[k], recorded["weights"][k].get<double>(), kTolerance);
        }
        if (axes[axis].choice) {
          if (k >= expected["w"].size()) continue;
          for (std::size_t c = 0; c < 3; ++c)
            EXPECT_NEAR(mixture.probability(0, k, c), expected["w"][k][c].get<double>(), kTolerance);
        } else if (k < expected["mu"].size()) {
          EXPECT_NEAR(mixture.mu(0, k), expected["mu"][k].get<double>(), kTolerance) << kNames[axis] << k;
          EXPECT_NEAR(mixture.sigma(0, k), expected["sigma"][k].get<double>(), kTolerance) << kNames[axis] << k;
        }
      }
    }
  }
}

TEST(TruncatedNormalGolden, QuantilesAndMasses) {
  const Json& recorded = golden("golden.json")["truncnorm_ppf"];
  for (std::size_t i = 0; i < recorded["a"].size(); ++i) {
    const auto number = [&](const char* key) { return recorded[key][i].get<double>(); };
    EXPECT_NEAR(searchers::truncated_quantile(number("q"), number("a"), number("b")), number("x"), kTolerance) << i;
    EXPECT_NEAR(searchers::log_normal_mass(number("a"), number("b")), number("log_mass"), kTolerance) << i;
  }
}

// log P(Z <= z) at the quantile of p is log p, from the middle into the far tail.
TEST(TruncatedNormal, QuantileInvertsTheMass) {
  for (const double p : {0.5, 0.3, 0.0749, 0.01, 1e-6, 1e-11, 1e-12, 1e-100, 1e-300}) {
    EXPECT_NEAR(searchers::log_normal_below(searchers::normal_quantile(p)), std::log(p), 4e-13 * -std::log(p)) << p;
    if (p <= 1e-10) continue;
    EXPECT_NEAR(searchers::normal_quantile(1 - p), -searchers::normal_quantile(p), 1e-5);
  }
  // Where exp underflows: the mass of [-60, -50], and half of it.
  const double half = searchers::truncated_quantile(0.5, -60, -50);
  EXPECT_NEAR(searchers::log_normal_mass(-60, half), searchers::log_normal_mass(-60, -50) - std::log(2.0), 1e-9);
  EXPECT_NEAR(searchers::truncated_quantile(0.5, 50, 60), -half, 1e-12);
}

// ---- whole runs

double number_of(const Json& parameters, const std::string& name) {
  if (name != "opt") return parameters[name].get<double>();
  const auto text = parameters[name].get<std::string>();
  return static_cast<double>(std::ranges::find(kOptimizers, text) - kOptimizers.begin());
}

Assignment assignment_of(const Json& parameters, std::uint64_t proposal) {
  Assignment assignment{proposal, {}, std::vector<std::uint8_t>(kNames.size(), TUNER_VALUE_FREE)};
  for (const std::string& name : kNames) assignment.values.push_back(number_of(parameters, name));
  return assignment;
}

struct Method {
  explicit Method(const searchers::TpeOptions& options) : space(golden_space()) {
    args.struct_size = sizeof args;
    args.n_goals = 1;
    args.host = no_host();
    args.options = &no_options;
    args.space = space.raw();
    args.directions = &direction;
    tpe = std::make_unique<searchers::Tpe>(tuner::SearchSetup(&args), options);
  }
  void observe(const Json& parameters, double value, std::uint64_t proposal) {
    const Result result{assignment_of(parameters, proposal), value};
    const ObservationOf observation(result);
    tpe->observe(tuner::Observation(observation.raw, kNames.size()));
  }
  void expect_next(const Json& expected, NumPy& draws) const {
    std::vector<double> values(kNames.size());
    std::vector<std::uint8_t> states(kNames.size(), TUNER_VALUE_FREE);
    tpe->propose(values, states, tuner::Configurations(nullptr, 0, sizeof(tuner_configuration), kNames.size()), draws);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const double x = number_of(expected, kNames[i]);
      EXPECT_NEAR(values[i], x, kTolerance * std::max(1.0, std::abs(x))) << kNames[i];
    }
  }
  TestSpace space;
  std::uint32_t direction = TUNER_MINIMIZE;
  tuner_options no_options{};
  tuner_search_create_args args{};
  std::unique_ptr<searchers::Tpe> tpe;
};

TEST(TpeGolden, NumPysRandomNumbers) {
  const Json& check = golden("golden_suggest.json")["rng_check"];
  EXPECT_EQ(NumPy(5489).word(), check["RandomState(5489)_first_uint32"].get<std::int64_t>());
  NumPy draws(42);
  for (const Json& expected : check["RandomState(42).random_sample(3)"])
    EXPECT_EQ(draws.uniform(), expected.get<double>());
}

// The first ten trials come from a generator of their own with the same seed, and are taken from the record.
TEST(TpeGolden, SeededRuns) {
  for (const Json& run : golden("golden_suggest.json")["runs"]) {
    SCOPED_TRACE(run["seed"].get<std::int64_t>());
    searchers::TpeOptions options{.reorder = &reorder};
    options.multivariate = !run["args"].contains("multivariate");
    options.constant_liar = !run["args"].contains("constant_liar");
    Method method(options);
    NumPy draws(static_cast<std::uint32_t>(run["seed"].get<std::int64_t>()));
    for (std::size_t trial = 0; trial < run["trials"].size(); ++trial) {
      SCOPED_TRACE(trial);
      const Json& recorded = run["trials"][trial];
      EXPECT_EQ(method.tpe->starts(), trial < 10);
      if (trial >= 10) method.expect_next(recorded["params"], draws);
      method.observe(recorded["params"], recorded["value"].get<double>(), trial);
    }
  }
}

// The values of the 30 given trials are those of the function of the runs.
double recorded_function(const Json& parameters) {
  const double lr = std::log10(number_of(parameters, "lr")) + 2;
  const double momentum = number_of(parameters, "mom") - 0.9;
  const double width = std::log10(number_of(parameters, "width")) - 2;
  const double optimizers[] = {0.2, 0, 0.1};
  return lr * lr + 0.3 * momentum * momentum + 0.001 * number_of(parameters, "units") + 0.1 * width * width +
         std::abs(number_of(parameters, "drop") - 0.2) + optimizers[std::size_t(number_of(parameters, "opt"))];
}

TEST(TpeGolden, OneSuggestionEach) {
  const Json& recorded = golden("golden_suggest.json");
  for (const Json& trial : recorded["runs"][0]["trials"])
    EXPECT_NEAR(recorded_function(trial["params"]), trial["value"].get<double>(), kTolerance);
  Method method({.reorder = &reorder});
  std::uint64_t proposal = 0;
  for (const Json& parameters : recorded["one_shot"]["fixed"])
    method.observe(parameters, recorded_function(parameters), proposal++);
  for (const Json& suggestion : recorded["one_shot"]["suggestions"]) {
    SCOPED_TRACE(suggestion["seed"].get<std::int64_t>());
    NumPy draws(static_cast<std::uint32_t>(suggestion["seed"].get<std::int64_t>()));
    method.expect_next(suggestion["params"], draws);
  }
}

}  // namespace
}  // namespace search_tests
