// The objectives on LibTorch against PyTorch (tests/reference/generate_torch.py), and what is theirs alone.
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#include "idx_files.hpp"
#include "objective_fixture.hpp"
#include "temporary_folder.hpp"
#include "torch/min_norm.hpp"

namespace tuner::test {
namespace {

const Plugin& torch_plugin(const std::string& id) {
  static Catalogue* const kCatalogue = [] {
    auto* catalogue = new Catalogue;
    catalogue->add_file(TUNER_PLUGIN_DIR "/torch_objectives.so");
    return catalogue;
  }();
  return kCatalogue->get(Kind::objective, id);
}

// Images by the formula of generate_networks.py, the same ones for training and test.
struct FormulaImages {
  FormulaImages(std::uint32_t count, std::uint32_t rows, std::uint32_t columns, std::uint32_t classes) {
    std::vector<std::uint8_t> pixels(count * rows * columns), labels(count);
    for (std::uint32_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i * 7 + i * 37 + 11);
    for (std::uint32_t i = 0; i < count; ++i) labels[i] = static_cast<std::uint8_t>(i * 11 % classes);
    for (const char* part : {"train", "t10k"}) {
      folder.write(std::string(part) + "-images-idx3-ubyte", idx_bytes(0x803, {count, rows, columns}, pixels));
      folder.write(std::string(part) + "-labels-idx1-ubyte", idx_bytes(0x801, {count}, labels));
    }
  }
  TemporaryFolder folder;
};

Settings on_images(Settings more = {}) {
  static const auto* const kImages = new FormulaImages(24, 5, 4, 3);
  more.insert({{"dataset", std::string("idx")},
               {"data_dir", kImages->folder.path().string()},
               {"valid_size", std::int64_t{0}},
               {"dtype", std::string("f64")}});
  return more;
}
Settings on_mnist_sized_images() {
  static const auto* const kImages = new FormulaImages(20, 28, 28, 10);
  return {
      {"dataset", std::string("idx")}, {"data_dir", kImages->folder.path().string()}, {"valid_size", std::int64_t{4}}};
}
Settings with_module(const std::string& name, Settings more = {}) {
  Settings settings = on_images(std::move(more));
  settings.erase("dtype");
  settings["module"] = TUNER_SOURCE_DIR "/tests/reference/data/torchscript/" + name + ".pt";
  return settings;
}

PluginUse torch_use(const std::string& id, const Settings& settings) { return use_of(torch_plugin(id), settings); }
Value integers(std::initializer_list<std::int64_t> numbers) { return List(numbers.begin(), numbers.end()); }
Value integer(std::int64_t number) { return number; }

Settings small_settings(const std::string& id, Settings more = {}) {
  if (id == "torch_mlp") more.insert({"hidden", integers({6, 5})});
  if (id == "torch_2c2d") more.insert({{"channels", integers({3, 2})}, {"hidden", integer(5)}});
  if (id == "torch_lstm") more.insert({{"hidden", integer(3)}, {"layers", integer(2)}});
  if (id == "torch_vae") {
    more.insert({{"filters", integer(2)}, {"latents", integer(2)}});
    more.insert({"dropout", 0.0});
  }
  return on_images(std::move(more));
}

Numbers formula_parameters(std::size_t count) {
  Numbers x(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<double>(i);
    x[i] = 0.6 * std::sin(1.7 * n * n + 0.9 * n + 0.3);
  }
  return x;
}

// The lines of a case, by their first words.
std::map<std::string, Numbers> torch_lines(const std::string& name) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/torch.txt");
  std::map<std::string, Numbers> lines;
  std::string line;
  for (bool within = false; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, value;
    words >> key;
    if (key == "case") {
      words >> value;
      within = value == name;
    } else if (within) {
      Numbers& numbers = lines[key];
      while (words >> value) numbers.push_back(std::stod(value));
    }
  }
  return lines;
}

void expect_near(const Numbers& got, const Numbers& expected, const char* what, double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], tolerance * (1 + largest(expected))) << what << ' ' << i;
}

// Multiplies the noise of the small torch_vae by exp(-50).
void silence(Problem& vae, Numbers& x) {
  std::size_t at = 0;  // the bias of log_deviation is tensor 9
  for (std::size_t t = 0; t < 9; ++t) at += vae.parameters(t).size();
  x[at] = x[at + 1] = -100;
}

const std::vector<std::uint64_t> kBatch = {0, 5, 11, 19, 7, 2, 23, 14, 3, 17};

class TorchObjectives : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, TorchObjectives,
                         testing::Values("torch_logreg", "torch_mlp", "torch_2c2d", "torch_lstm", "torch_vae"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(TorchObjectives, LossDerivativesAndOneStepAreThoseOfPyTorch) {
  const std::string id = GetParam();
  const auto expected = torch_lines(id);
  ASSERT_FALSE(expected.empty());
  Problem problem(torch_use(id, small_settings(id)));
  Numbers x = formula_parameters(problem.parameters().size()), v = x;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const auto n = static_cast<double>(i);
    v[i] = std::cos(2.3 * n + 0.1 * n * n);
  }
  if (id == "torch_vae") silence(problem, x);
  problem.set(x);
  problem.batch = kBatch;
  double loss = 0;
  const Numbers gradient = problem.gradient(&loss);
  expect_near({loss}, expected.at("loss"), "loss");
  expect_near(gradient, expected.at("gradient"), "gradient");
  ASSERT_EQ(problem.objective().has_hvp(), expected.contains("product"));
  if (problem.objective().has_hvp()) expect_near(problem.hvp(v), expected.at("product"), "product");
  problem.set(moved(x, -0.1, gradient));
  expect_near({problem.loss()}, expected.at("after"), "after");
}

TEST_P(TorchObjectives, AreTheSameForEveryCutOfTheData) {
  const std::string id = GetParam();
  Problem problem(torch_use(id, small_settings(id, {{"valid_size", integer(8)}})));
  problem.set(formula_parameters(problem.parameters().size()));
  problem.batch = {3, 1, 4};
  const Numbers all = problem.gradient();
  Numbers sum(all.size(), 0.0);
  for (const std::uint64_t sample : {1, 3, 4}) {
    problem.batch = {sample};
    sum = moved(sum, 1.0 / 3, problem.gradient());
  }
  expect_near(all, sum, "gradient");
}

// The last valid_size images of the training file are for validation, the first train_limit of the others for training.
TEST_P(TorchObjectives, HaveTheSplitsOfTheDataOptions) {
  const std::string id = GetParam();
  Problem whole(torch_use(id, small_settings(id)));
  Problem cut(torch_use(id, small_settings(id, {{"valid_size", integer(8)}, {"train_limit", integer(10)}})));
  EXPECT_EQ(whole.objective().samples(TUNER_SPLIT_TRAIN), 24u);
  EXPECT_EQ(whole.objective().samples(TUNER_SPLIT_VALID), 0u);
  EXPECT_EQ(cut.objective().samples(TUNER_SPLIT_TRAIN), 10u);
  EXPECT_EQ(cut.objective().samples(TUNER_SPLIT_VALID), 8u);
  EXPECT_EQ(cut.objective().samples(TUNER_SPLIT_TEST), 24u);
  Numbers x = formula_parameters(whole.parameters().size());
  if (id == "torch_vae") silence(whole, x);
  whole.set(x);
  cut.set(x);
  whole.batch = {16, 20, 23};
  cut.split = TUNER_SPLIT_VALID;
  cut.batch = {0, 4, 7};
  EXPECT_NEAR(cut.loss(), whole.loss(), 1e-12 * (1 + whole.loss()));
  cut.batch = {1, 4, 7};
  EXPECT_GT(std::abs(cut.loss() - whole.loss()), 1e-6);
}

// Concurrent trials share what LibTorch keeps for a process.
TEST_P(TorchObjectives, HaveTheSameBitsOnEveryThread) {
  const std::string id = GetParam();
  const auto run = [&] {
    Problem problem(torch_use(id, small_settings(id)));
    problem.batch = kBatch;
    Numbers x = problem.parameters();
    for (int step = 0; step < 5; ++step) {
      x = moved(x, -0.1, problem.gradient());
      problem.set(x);
    }
    return x;
  };
  const Numbers expected = run();
  Numbers one, two;
  {
    const std::jthread first([&] { one = run(); }), second([&] { two = run(); });
  }
  EXPECT_EQ(one, expected);
  EXPECT_EQ(two, expected);
}

std::string refusal(const std::string& id, const Settings& settings) {
  try {
    static_cast<void>(torch_use(id, settings));
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

TEST(TorchOptions, OfImagesNeedTheirFolder) {
  for (const char* id : {"torch_logreg", "torch_mlp", "torch_2c2d", "torch_lstm", "torch_vae"})
    EXPECT_CONTAINS(refusal(id, {{"dataset", std::string("idx")}}), "dataset: idx needs data_dir") << id;
}

TEST(TorchOptions, ChannelsAreTwo) {
  for (const auto& [channels, count] : {std::pair{integers({4}), "1"}, std::pair{integers({4, 8, 8}), "3"}})
    EXPECT_CONTAINS(refusal("torch_2c2d", on_images({{"channels", channels}})),
                    std::string("channels has ") + count + " numbers, and torch_2c2d has two convolutions");
  EXPECT_EQ(refusal("torch_2c2d", on_images({{"channels", integers({4, 8})}})), "no error");
}

// W (a - m) / s + b = (W / s) a + (b - m / s W 1), m and s of all pixels a.
TEST(TorchOptions, StandardizedPixelsHaveMeanZeroAndDeviationOne) {
  Problem unit(torch_use("torch_logreg", on_images()));
  Problem standardized(torch_use("torch_logreg", on_images({{"pixels", std::string("standardized")}})));
  constexpr int kPixels = 24 * 20, kFeatures = 20, kClasses = 3;
  double mean = 0, square = 0;
  for (std::uint32_t i = 0; i < kPixels; ++i) {
    const double a = static_cast<std::uint8_t>(i * i * 7 + i * 37 + 11) / 255.0;
    mean += a / kPixels;
    square += a * a / kPixels;
  }
  const double deviation = std::sqrt(square - mean * mean);
  const Numbers x = formula_parameters(kClasses * kFeatures + kClasses);
  Numbers same = x;
  for (int c = 0; c < kClasses; ++c)
    for (int j = 0; j < kFeatures; ++j) {
      same[c * kFeatures + j] = x[c * kFeatures + j] / deviation;
      same[kClasses * kFeatures + c] -= mean / deviation * x[c * kFeatures + j];
    }
  standardized.set(x);
  unit.set(same);
  EXPECT_NEAR(standardized.all_samples().loss(), unit.all_samples().loss(), 1e-12);
  unit.set(x);
  EXPECT_GT(std::abs(standardized.loss() - unit.loss()), 1e-3);
}

TEST(TorchSizes, AreThoseOfDeepObs) {
  const std::map<std::string, std::uint64_t> kParameters = {
      {"torch_logreg", 7850}, {"torch_mlp", 1336610}, {"torch_2c2d", 3274634}, {"torch_vae", 10151489}};
  for (const auto& [id, count] : kParameters) {
    Problem problem(torch_use(id, on_mnist_sized_images()));
    EXPECT_EQ(problem.parameters().size(), count) << id;
  }
}

struct Moments {
  double mean = 0, deviation = 0, most = 0;
};
Moments moments_of(const Numbers& x) {
  Moments m;
  for (const double v : x) m.mean += v / static_cast<double>(x.size());
  for (const double v : x) m.deviation += (v - m.mean) * (v - m.mean) / static_cast<double>(x.size());
  m.deviation = std::sqrt(m.deviation);
  m.most = largest(x);
  return m;
}

// A normal distribution that is cut at two deviations has 0.87962566 of the deviation.
void expect_truncated_normal(const Numbers& x, double deviation) {
  const Moments m = moments_of(x);
  const double error = 5 * deviation / std::sqrt(static_cast<double>(x.size()));
  EXPECT_NEAR(m.mean, 0, error);
  EXPECT_NEAR(m.deviation, 0.87962566 * deviation, error);
  EXPECT_LE(m.most, 2 * deviation * (1 + 1e-6));
  EXPECT_GT(m.most, 1.9 * deviation);
}

TEST(TorchInit, IsThatOfDeepObs) {
  Problem mlp(torch_use("torch_mlp", on_mnist_sized_images()));
  for (const std::size_t weight : {0u, 2u, 4u, 6u}) {
    expect_truncated_normal(mlp.parameters(weight), 0.03);
    EXPECT_EQ(largest(mlp.parameters(weight + 1)), 0);
  }
  Problem convnet(torch_use("torch_2c2d", on_mnist_sized_images()));
  for (const std::size_t weight : {0u, 2u, 4u, 6u}) {
    expect_truncated_normal(convnet.parameters(weight), 0.05);
    for (const double bias : convnet.parameters(weight + 1)) EXPECT_FLOAT_EQ(static_cast<float>(bias), 0.05f);
  }
  Problem logreg(torch_use("torch_logreg", on_mnist_sized_images()));
  EXPECT_EQ(largest(logreg.parameters()), 0);
  logreg.all_samples();
  EXPECT_NEAR(logreg.loss(), std::log(10.0), 1e-6);
  Problem vae(torch_use("torch_vae", on_mnist_sized_images()));
  const double bound = std::sqrt(6.0 / (12544 + 784));
  const Moments pixels = moments_of(vae.parameters(20));
  EXPECT_LE(pixels.most, bound * (1 + 1e-6));
  EXPECT_NEAR(pixels.deviation, bound / std::sqrt(3.0), 1e-3 * bound);
  EXPECT_EQ(largest(vae.parameters(21)), 0);
}

TEST(TorchInit, TheForgetGateStartsOpen) {
  Problem problem(torch_use("torch_lstm", small_settings("torch_lstm", {{"forget_bias", 1.5}})));
  const Numbers bias = problem.parameters(2), second = problem.parameters(3);
  for (std::size_t i = 0; i < bias.size(); ++i) EXPECT_EQ(bias[i], i / 3 == 1 ? 1.5 : 0) << i;
  EXPECT_EQ(largest(second), 0);
  EXPECT_LE(largest(problem.parameters(1)), 1 / std::sqrt(3.0));
}

TEST(TorchVae, DropsAFifthOfTheOutputsInTrainingAlone) {
  Problem problem(torch_use("torch_vae", small_settings("torch_vae", {{"dropout", 0.2}})));
  problem.all_samples();
  const double one = problem.loss();
  EXPECT_EQ(problem.loss(), one);
  problem.dropout.position = 1ull << 32;
  EXPECT_NE(problem.loss(), one);
  // The same noise without dropout.
  Problem without(torch_use("torch_vae", small_settings("torch_vae")));
  without.all_samples();
  problem.flags = without.flags = 0;
  problem.dropout.position = without.dropout.position = 7;
  problem.set(without.parameters());
  EXPECT_EQ(problem.loss(), without.loss());
  // The gradient is that of the loss with these masks and this noise.
  problem.flags = TUNER_EVALUATE_TRAIN;
  const Numbers x = formula_parameters(problem.parameters().size());
  problem.set(x);
  const Numbers g = problem.gradient();
  for (std::size_t i = 0; i < x.size(); i += 1 + x.size() / 97) {
    Numbers unit(x.size(), 0.0);
    unit[i] = 1;
    problem.set(moved(x, 1e-5, unit));
    const double above = problem.loss();
    problem.set(moved(x, -1e-5, unit));
    EXPECT_NEAR(g[i], (above - problem.loss()) / 2e-5, 1e-6 * (1 + largest(g))) << i;
  }
}

Numbers vae_gradient(Settings more, double* loss = nullptr) {
  Problem problem(torch_use("torch_vae", small_settings("torch_vae", std::move(more))));
  problem.batch = kBatch;
  problem.set(moved(Numbers(problem.parameters().size(), 0.0), 0.5, formula_parameters(problem.parameters().size())));
  return problem.gradient(loss);
}
Value weights(double first, double second) { return List{first, second}; }
double product(const Numbers& a, const Numbers& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

TEST(TorchMgda, TakesTheShortestCombinationOfTheGradients) {
  double sum = 0, first_loss = 0, second_loss = 0, mgda_loss = 0;
  const Numbers first = vae_gradient({{"weights", weights(1, 0)}}, &first_loss);
  const Numbers second = vae_gradient({{"weights", weights(0, 1)}}, &second_loss);
  const Numbers both = vae_gradient({}, &sum);
  expect_near(both, moved(first, 1, second), "sum");
  EXPECT_NEAR(sum, first_loss + second_loss, 1e-12 * sum);
  const Numbers got = vae_gradient({{"combine", std::string("mgda")}}, &mgda_loss);
  EXPECT_NEAR(mgda_loss, sum, 1e-12 * sum);
  const double aa = product(first, first), ab = product(first, second), bb = product(second, second);
  const double alpha = std::clamp((bb - ab) / (aa - 2 * ab + bb), 0.0, 1.0);
  expect_near(got, moved(moved(Numbers(first.size(), 0.0), alpha, first), 1 - alpha, second), "mgda");
  // With weights that bring the two to one length it is between them, and descends on both.
  const double scale = std::sqrt(aa / bb);
  const Numbers between = vae_gradient({{"combine", std::string("mgda")}, {"weights", weights(1, scale)}});
  const double length = product(between, between);
  EXPECT_NEAR(product(between, first), length, 1e-9 * length);
  EXPECT_NEAR(product(between, second) * scale, length, 1e-9 * length);
  EXPECT_LT(length, aa);
}

TEST(MinNorm, HasTheClosedFormOfTwo) {
  using objectives::min_norm_weights;
  EXPECT_EQ(min_norm_weights({}, 0), std::vector<double>{});
  EXPECT_EQ(min_norm_weights(Numbers{4}, 1), Numbers{1});
  expect_near(min_norm_weights(Numbers{1, 0, 0, 4}, 2), {0.8, 0.2}, "orthogonal");
  EXPECT_EQ(min_norm_weights(Numbers{1, 2, 2, 4}, 2), (Numbers{1, 0}));  // parallel: the shorter
  EXPECT_EQ(min_norm_weights(Numbers{4, 2, 2, 1}, 2), (Numbers{0, 1}));
  EXPECT_EQ(min_norm_weights(Numbers{1, -1, -1, 1}, 2), (Numbers{0.5, 0.5}));  // opposite: 0
  EXPECT_EQ(min_norm_weights(Numbers{2, 2, 2, 2}, 2), (Numbers{0.5, 0.5}));    // equal
  EXPECT_EQ(min_norm_weights(Numbers{NAN, 0, 0, 1}, 2), (Numbers{0.5, 0.5}));
}

Numbers gram_of(const std::vector<Numbers>& vectors) {
  Numbers gram;
  for (const Numbers& a : vectors)
    for (const Numbers& b : vectors) gram.push_back(product(a, b));
  return gram;
}

TEST(MinNorm, OrthogonalVectorsHaveWeightsByTheInverseOfTheirSquares) {
  const Numbers w = objectives::min_norm_weights(gram_of({{1, 0, 0}, {0, 2, 0}, {0, 0, 4}}), 3);
  const double sum = 1 + 1.0 / 4 + 1.0 / 16;
  EXPECT_NEAR(w[0], 1 / sum, 1e-9);
  EXPECT_NEAR(w[1], 0.25 / sum, 1e-9);
  EXPECT_NEAR(w[2], 0.0625 / sum, 1e-9);
}

TEST(MinNorm, OneInsideOfTheHullGivesZeroAndOneBehindItNothing) {
  const std::vector<Numbers> around = {{1, 0}, {-1, 1}, {-1, -1}};
  const Numbers w = objectives::min_norm_weights(gram_of(around), 3);
  EXPECT_NEAR(w[0], 0.5, 1e-6);
  EXPECT_NEAR(w[1], 0.25, 1e-6);
  const Numbers behind = objectives::min_norm_weights(gram_of({{1, 1}, {1, -1}, {5, 0}}), 3);
  EXPECT_NEAR(behind[0], 0.5, 1e-9);
  EXPECT_NEAR(behind[1], 0.5, 1e-9);
  EXPECT_NEAR(behind[2], 0, 1e-9);
}

// Optimal: every vector's product with the combination is at least its square, and those with weight have it.
TEST(MinNorm, MeetsTheConditionsOfOptimality) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::vector<Numbers> vectors;
    for (std::uint64_t i = 0; i < 4; ++i) vectors.push_back(random_numbers(6, seed * 10 + i, -1 + 0.3 * i, 1));
    const Numbers w = objectives::min_norm_weights(gram_of(vectors), 4);
    Numbers v(6, 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      v = moved(v, w[i], vectors[i]);
      sum += w[i];
      EXPECT_GE(w[i], 0);
    }
    EXPECT_NEAR(sum, 1, 1e-12) << seed;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_GE(product(v, vectors[i]), product(v, v) - 1e-9) << seed;
  }
}

TEST(TorchScript, NamedLossesAndTheirSum) {
  Problem problem(torch_use("torchscript", with_module("named")));
  problem.batch = kBatch;
  // norm.weight, norm.bias, dense.weight, dense.bias and scale, which has two names; then the running statistics.
  EXPECT_EQ(problem.parameters().size(), 20u + 20 + 60 + 3 + 1);
  EXPECT_EQ(problem.buffers().size(), 40u);
  expect_near(problem.parameters(), formula_parameters(104), "starting values");
  double loss = 0;
  double metrics[4] = {-1, -1, -1, -1};
  ASSERT_EQ(problem.run(TUNER_WANT_LOSS | TUNER_WANT_METRICS, &loss, metrics), TUNER_OK);
  EXPECT_GT(metrics[0], 0);  // entropy, which comes before size
  EXPECT_GT(metrics[1], 0);
  EXPECT_NEAR(loss, metrics[0] + metrics[1], 1e-12);
  EXPECT_EQ(metrics[2], 0);
  EXPECT_EQ(metrics[3], 0);
  const Numbers x = problem.parameters(), g = problem.gradient();
  for (std::size_t i = 0; i < x.size(); ++i) {
    Numbers unit(x.size(), 0.0);
    unit[i] = 1;
    problem.set(moved(x, 1e-6, unit));
    const double above = problem.loss();
    problem.set(moved(x, -1e-6, unit));
    EXPECT_NEAR(g[i], (above - problem.loss()) / 2e-6, 1e-7 * (1 + largest(g))) << i;
  }
}

TEST(TorchScript, StatisticsMoveOnlyWhereTheHostSaysSo) {
  Problem problem(torch_use("torchscript", with_module("named")));
  problem.all_samples();
  const Numbers start = problem.buffers();
  problem.gradient();
  problem.flags = TUNER_EVALUATE_UPDATE_BUFFERS;
  problem.loss();
  EXPECT_EQ(problem.buffers(), start);
  problem.flags |= TUNER_EVALUATE_TRAIN;
  problem.loss();
  const Numbers moved_once = problem.buffers();
  EXPECT_NE(moved_once, start);
  problem.loss();
  EXPECT_NE(problem.buffers(), moved_once);
}

TEST(TorchScript, DropoutIsTheStreams) {
  Problem one(torch_use("torchscript", with_module("dropout"))),
      other(torch_use("torchscript", with_module("dropout")));
  one.batch = other.batch = kBatch;
  const double loss = one.loss();
  other.dropout.position = 1;
  EXPECT_NE(other.loss(), loss);
  other.dropout.position = 0;
  EXPECT_EQ(other.loss(), loss);
  EXPECT_EQ(one.loss(), loss);
  // On every thread, whoever else draws.
  double beside[2] = {0, 0};
  {
    const std::jthread first([&] {
      for (int i = 0; i < 50; ++i) beside[0] = one.loss();
    });
    const std::jthread second([&] {
      for (int i = 0; i < 50; ++i) beside[1] = other.loss();
    });
  }
  EXPECT_EQ(beside[0], loss);
  EXPECT_EQ(beside[1], loss);
}

TEST(TorchScript, DrawsStartingValuesAnewWhereItIsToldSo) {
  Problem file(torch_use("torchscript", with_module("plain")));
  Problem drawn(torch_use("torchscript", with_module("plain", {{"init", std::string("fan_in")}})));
  EXPECT_NE(drawn.parameters(0), file.parameters(0));
  EXPECT_EQ(drawn.parameters(1), file.parameters(1));
  EXPECT_LE(largest(drawn.parameters(0)), 1 / std::sqrt(20.0));
  const Numbers first = drawn.parameters(0);
  drawn.init(1, 1);
  EXPECT_NE(drawn.parameters(0), first);
}

TEST(TorchScript, LearnsTheNumbersOfATable) {
  TemporaryFolder folder;
  const std::string table = folder.write("t.csv", "a,b,y\n1,2,-3\n2,1,-1\n0,1,4\n");
  Problem problem(
      torch_use("torchscript", {{"module", TUNER_SOURCE_DIR "/tests/reference/data/torchscript/regression.pt"},
                                {"dataset", std::string("csv")},
                                {"data_file", table},
                                {"targets", std::string("number")},
                                {"standardize", false},
                                {"valid_share", 0.0},
                                {"test_share", 0.0},
                                {"split_seed", integer(0)}}));
  problem.all_samples();
  problem.set({2, -1, 0.5});
  // 2 a - b + 0.5 is 0.5, 3.5 and -0.5: the errors are 3.5, 4.5 and -4.5.
  EXPECT_NEAR(problem.loss(), (12.25 + 20.25 + 20.25) / 3, 1e-5);
}

TEST(TorchScript, ALossThatIsNotANumberIsAResult) {
  Problem problem(torch_use("torchscript", with_module("nan")));
  problem.batch = kBatch;
  EXPECT_TRUE(std::isnan(problem.loss()));
}

std::string error_of_module(const std::string& name, Settings more = {}) {
  try {
    Problem problem(torch_use("torchscript", with_module(name, std::move(more))));
    problem.batch = kBatch;
    problem.gradient();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

TEST(TorchScript, SaysWhatIsWrongWithAModule) {
  EXPECT_CONTAINS(error_of_module("missing"), "missing.pt");
  EXPECT_CONTAINS(error_of_module("one_argument"), "takes (Tensor): it must take two tensors");
  EXPECT_CONTAINS(error_of_module("pair"), "returns Tuple[Tensor, Tensor]");
  EXPECT_CONTAINS(error_of_module("no_parameter"), "has no parameter to train");
  EXPECT_CONTAINS(error_of_module("vector"), "'loss' with 10 elements of type Float");
  EXPECT_CONTAINS(error_of_module("detached"), "depends on no parameter");
  EXPECT_CONTAINS(error_of_module("shape"), "mat1 and mat2 shapes cannot be multiplied");
  EXPECT_CONTAINS(error_of_module("named", {{"weights", List{1.0}}}), "weights has 1 numbers, and there are 2 losses");
  TemporaryFolder folder;
  Settings settings = with_module("plain");
  settings["module"] = folder.write("text.pt", "not a module");
  try {
    Problem problem(torch_use("torchscript", settings));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::exception& e) {
    EXPECT_CONTAINS(std::string(e.what()), "text.pt' is no TorchScript module");
  }
}

// A copy of the library without the engine beside it.
TEST(TorchEngine, IsNamedWhereItCannotBeLoaded) {
  TemporaryFolder folder;
  const auto copy = folder.path() / "torch_objectives.so";
  std::filesystem::copy_file(TUNER_PLUGIN_DIR "/torch_objectives.so", copy);
  auto* const catalogue = new Catalogue;
  catalogue->add_file(copy);
  try {
    Problem problem(use_of(catalogue->get(Kind::objective, "torch_logreg"), on_images()));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::exception& e) {
    EXPECT_CONTAINS(std::string(e.what()), "LibTorch cannot be loaded: ");
    EXPECT_CONTAINS(std::string(e.what()), "torch_engine.so");
  }
}

}  // namespace
}  // namespace tuner::test
