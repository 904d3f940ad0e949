// Layers, normalizations and losses against PyTorch (tests/reference/generate_networks.py), and what is theirs alone.
#include <cmath>
#include <sstream>

#include "classifier_cases.hpp"

namespace tuner::test {
namespace {

// 24 images of 5 x 4 pixels in three classes, as in the script.
const TemporaryFolder& formula_images() {
  static const TemporaryFolder* const kFolder = [] {
    auto* folder = new TemporaryFolder;
    std::vector<std::uint8_t> pixels(24 * 20), labels(24);
    for (std::uint32_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i * 7 + i * 37 + 11);
    for (std::uint32_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint8_t>(i * 5 % 3);
    for (const char* part : {"train", "t10k"}) {
      folder->write(std::string(part) + "-images-idx3-ubyte", idx_bytes(0x803, {24, 5, 4}, pixels));
      folder->write(std::string(part) + "-labels-idx1-ubyte", idx_bytes(0x801, {24}, labels));
    }
    return folder;
  }();
  return *kFolder;
}

Settings with_formula_images(Settings more) {
  more.insert({{"dataset", word("idx")},
               {"data_dir", formula_images().path().string()},
               {"valid_size", std::int64_t{0}},
               {"dtype", word("f64")}});
  return more;
}

const Value kThree = std::int64_t{3}, kTwo = std::int64_t{2}, kFour = std::int64_t{4};
const Value kTanh = word("tanh"), kGelu = word("gelu"), kWeights = numbers({0.5, 2.0, 1.25});

const std::vector<ClassifierCase> kTorchCases = {
    {"conv", "convnet", {{"channels", integers({3, 2})}, {"kernel", kThree}, {"hidden", integers({5})}}},
    {"conv_even_kernel",
     "convnet",
     {{"channels", integers({2})}, {"kernel", kTwo}, {"hidden", Value(List{})}, {"activation", kTanh}}},
    {"conv_wide",
     "convnet",
     {{"channels", integers({2})}, {"hidden", integers({4})}, {"activation", kGelu}, {"l2", 0.1}}},
    {"conv_batch",
     "convnet",
     {{"channels", integers({2, 3})},
      {"kernel", kThree},
      {"hidden", integers({4})},
      {"activation", kTanh},
      {"norm", word("batch")},
      {"l2", 0.1}}},
    {"conv_ghost",
     "convnet",
     {{"channels", integers({3})},
      {"kernel", kThree},
      {"hidden", integers({4})},
      {"activation", kTanh},
      {"norm", word("ghost")},
      {"virtual_batch", kFour},
      {"norm_momentum", 0.3}}},
    {"conv_group",
     "convnet",
     {{"channels", integers({4, 2})},
      {"kernel", kThree},
      {"hidden", integers({6})},
      {"activation", kGelu},
      {"norm", word("group")},
      {"norm_groups", kTwo}}},
    {"conv_layer_focal",
     "convnet",
     {{"channels", integers({2})},
      {"kernel", kThree},
      {"hidden", integers({4})},
      {"activation", kTanh},
      {"norm", word("layer")},
      {"loss", word("focal")}}},
    {"batch", "mlp", {{"hidden", integers({6, 5})}, {"norm", word("batch")}, {"activation", word("sigmoid")}}},
    {"ghost",
     "mlp",
     {{"hidden", integers({6})},
      {"norm", word("ghost")},
      {"virtual_batch", kFour},
      {"activation", kTanh},
      {"norm_momentum", 0.5}}},
    {"layer", "mlp", {{"hidden", integers({6, 5})}, {"norm", word("layer")}, {"activation", kGelu}}},
    {"group",
     "mlp",
     {{"hidden", integers({6, 9})}, {"norm", word("group")}, {"norm_groups", kThree}, {"activation", kTanh}}},
    {"focal",
     "mlp",
     {{"hidden", integers({5})},
      {"activation", kTanh},
      {"loss", word("focal")},
      {"focal_gamma", 1.5},
      {"label_smoothing", 0.2}}},
    {"focal_weights",
     "logistic_regression",
     {{"loss", word("focal")}, {"focal_gamma", 0.5}, {"class_weights", kWeights}}},
    {"mse",
     "mlp",
     {{"hidden", integers({5})},
      {"activation", kTanh},
      {"loss", word("mse")},
      {"label_smoothing", 0.1},
      {"class_weights", kWeights}}},
    {"binary",
     "mlp",
     {{"hidden", integers({5})},
      {"activation", kTanh},
      {"loss", word("binary_cross_entropy")},
      {"label_smoothing", 0.1}}},
    {"weights", "logistic_regression", {{"class_weights", kWeights}, {"label_smoothing", 0.1}, {"l2", 0.2}}},
    {"contrastive", "mlp", {{"hidden", integers({5})}, {"activation", kTanh}, {"loss", word("contrastive")}}},
    {"contrastive_linear",
     "mlp",
     {{"hidden", Value(List{})}, {"loss", word("contrastive")}, {"embedding", kTwo}, {"margin", 0.5}, {"l2", 0.1}}},
    {"contrastive_ghost",
     "mlp",
     {{"hidden", integers({6})},
      {"norm", word("ghost")},
      {"virtual_batch", kFour},
      {"activation", kTanh},
      {"loss", word("contrastive")},
      {"embedding", kThree},
      {"margin", 0.8},
      {"pair_batch", kThree}}},
    {"triplet",
     "mlp",
     {{"hidden", integers({5})},
      {"activation", kTanh},
      {"loss", word("triplet")},
      {"embedding", kThree},
      {"margin", 0.2}}},
    {"triplet_pieces",
     "mlp",
     {{"hidden", integers({5, 4})},
      {"activation", kGelu},
      {"loss", word("triplet")},
      {"margin", 1.0},
      {"pair_batch", kFour},
      {"l2", 0.1}}},
    {"conv_triplet_batch",
     "convnet",
     {{"channels", integers({2})},
      {"kernel", kThree},
      {"hidden", integers({4})},
      {"activation", kTanh},
      {"norm", word("batch")},
      {"loss", word("triplet")},
      {"embedding", kFour},
      {"margin", 0.1}}}};

// The lines of a case, by their first words.
std::map<std::string, Numbers> torch_lines(const std::string& name) {
  std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/networks.txt");
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

void expect_near(const Numbers& got, const Numbers& expected, const char* what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], 1e-12 * (1 + largest(expected))) << what << ' ' << i;
}

class TorchNetworks : public testing::TestWithParam<ClassifierCase> {};
INSTANTIATE_TEST_SUITE_P(Options, TorchNetworks, testing::ValuesIn(kTorchCases),
                         [](const auto& info) { return info.param.name; });

TEST_P(TorchNetworks, LossAndDerivativesAreThoseOfPyTorch) {
  const auto expected = torch_lines(GetParam().name);
  ASSERT_EQ(expected.size(), 5u);
  Problem problem(GetParam().id, with_formula_images(GetParam().settings));
  Numbers x = problem.parameters(), v = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto n = static_cast<double>(i);
    x[i] = 0.6 * std::sin(1.7 * n * n + 0.9 * n + 0.3);
    v[i] = std::cos(2.3 * n + 0.1 * n * n);
  }
  problem.set(x);
  problem.batch = {0, 5, 11, 19, 7, 2, 23, 14, 3, 17};
  problem.flags = TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS;
  double loss = 0;
  const Numbers gradient = problem.gradient(&loss);
  expect_near({loss}, expected.at("loss"), "loss");
  expect_near(gradient, expected.at("gradient"), "gradient");
  expect_near(problem.buffers(), expected.at("running"), "running");
  expect_near(problem.hvp(v), expected.at("product"), "product");
  problem.flags = 0;
  expect_near({problem.loss()}, expected.at("after"), "after");
}

// In evaluation mode statistics are constants: the gradient is one of the loss at hand.
TEST(BatchNorm, HasAGradientInEvaluationMode) {
  for (const char* id : {"mlp", "convnet"}) {
    Problem problem(id,
                    with_formula_images({{"hidden", integers({4})}, {"activation", kTanh}, {"norm", word("batch")}}));
    problem.all_samples();
    problem.flags = TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS;
    (void)problem.loss();
    problem.flags = 0;
    const Numbers x = random_numbers(problem.parameters().size(), 3, -0.8, 0.8);
    problem.set(x);
    const Numbers g = problem.gradient();
    for (std::size_t i = 0; i < x.size(); i += 1 + x.size() / 50) {
      Numbers unit(x.size(), 0.0);
      unit[i] = 1;
      problem.set(moved(x, 1e-5, unit));
      const double above = problem.loss();
      problem.set(moved(x, -1e-5, unit));
      EXPECT_NEAR(g[i], (above - problem.loss()) / 2e-5, 1e-7) << id << ' ' << i;
    }
  }
}

TEST(BatchNorm, StatisticsMoveOnlyWhereTheHostSaysSo) {
  Problem problem("mlp", with_formula_images({{"hidden", integers({4})}, {"norm", word("batch")}}));
  const Numbers start = problem.buffers();
  EXPECT_EQ(start, (Numbers{0, 0, 0, 0, 1, 1, 1, 1}));
  problem.all_samples().gradient();
  problem.hvp(problem.parameters());
  problem.flags = TUNER_EVALUATE_UPDATE_BUFFERS;  // in evaluation mode
  problem.loss();
  EXPECT_EQ(problem.buffers(), start);
  problem.flags |= TUNER_EVALUATE_TRAIN;
  problem.loss();
  EXPECT_NE(problem.buffers(), start);
}

// One value for each channel has no variance: it becomes the shift, and the running variance stays.
TEST(BatchNorm, ABatchOfOneSampleIsItsShift) {
  Problem problem("mlp", with_formula_images({{"hidden", integers({4})}, {"norm", word("batch")}}));
  problem.batch = {3};
  problem.flags = TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS;
  EXPECT_NEAR(problem.loss(), std::log(3), 1e-15);  // shifts and biases start at 0
  const Numbers running = problem.buffers();
  EXPECT_EQ(Numbers(running.begin() + 4, running.end()), Numbers(4, 1.0));
}

TEST(BatchNorm, AGhostBatchOfAllSamplesIsABatch) {
  Settings settings = {{"hidden", integers({4})}, {"norm", word("batch")}, {"activation", kTanh}};
  Problem batch("mlp", with_formula_images(settings));
  settings["norm"] = word("ghost");
  settings["virtual_batch"] = std::int64_t{24};
  Problem whole("mlp", with_formula_images(settings));
  settings["virtual_batch"] = std::int64_t{8};
  Problem parts("mlp", with_formula_images(settings));
  for (Problem* problem : {&batch, &whole, &parts}) problem->all_samples().flags |= TUNER_EVALUATE_UPDATE_BUFFERS;
  EXPECT_EQ(whole.gradient(), batch.gradient());
  EXPECT_EQ(whole.buffers(), batch.buffers());
  EXPECT_NE(parts.gradient(), batch.gradient());
  EXPECT_NE(parts.buffers(), batch.buffers());
}

TEST(BatchNorm, ABatchThatIsTooLargeIsRefused) {
  Problem problem("convnet", with_formula_images(
                                 {{"channels", integers({1})}, {"hidden", Value(List{})}, {"norm", word("batch")}}));
  problem.batch.assign(1024, 0);
  EXPECT_TRUE(std::isfinite(problem.loss()));
  problem.batch.assign(1025, 0);
  try {
    problem.loss();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_CONTAINS(std::string(e.what()),
                    "a batch has 1025 samples, and norm: batch takes at most 1024 at once; norm: ghost");
  }
  problem.flags = 0;  // evaluation goes by the running statistics
  EXPECT_TRUE(std::isfinite(problem.loss()));
}

TEST(Norm, TensorsSayWhatTheyAre) {
  Problem problem("convnet", with_formula_images(
                                 {{"channels", integers({6})}, {"hidden", integers({5})}, {"norm", word("batch")}}));
  const Tensors& tensors = problem.objective().tensors();
  std::vector<std::string> names;
  for (std::size_t t = 0; t < tensors.size(); ++t) names.push_back(tensors.spec(t).name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"layers.0.weight", "layers.0.norm.scale", "layers.0.norm.shift",
                                      "layers.0.norm.running_mean", "layers.0.norm.running_variance", "layers.1.weight",
                                      "layers.1.norm.scale", "layers.1.norm.shift", "layers.1.norm.running_mean",
                                      "layers.1.norm.running_variance", "layers.2.weight", "layers.2.bias"}));
  EXPECT_EQ(tensors.spec(0).shape, (std::vector<std::int64_t>{6, 5, 5, 1}));
  EXPECT_EQ(tensors.spec(0).role, TUNER_ROLE_CONV);
  EXPECT_EQ(tensors.spec(0).fan_in, 25);
  EXPECT_EQ(tensors.spec(0).fan_out, 150);
  EXPECT_EQ(tensors.spec(1).role, TUNER_ROLE_NORM_SCALE);
  EXPECT_EQ(tensors.spec(2).role, TUNER_ROLE_NORM_BIAS);
  EXPECT_EQ(tensors.spec(3).flags, TUNER_TENSOR_BUFFER);
  EXPECT_EQ(tensors.spec(5).shape, (std::vector<std::int64_t>{5, 36}));  // 5 x 4 pixels are pooled to 3 x 2
  EXPECT_EQ(tensors.spec(10).role, TUNER_ROLE_HEAD);
}

TEST(Norm, GroupsThatDoNotDivideTheUnitsAreRefused) {
  EXPECT_CONTAINS(
      error_of(Message::config_impossible,
               [] {
                 Problem("mlp", with_formula_images(
                                    {{"hidden", integers({6, 4})}, {"norm", word("group")}, {"norm_groups", kThree}}));
               }),
      "norm_groups is 3, which does not divide the 4 channels or units of a hidden layer into equal groups");
}

TEST(Losses, AClassWeightForEachClassIsDue) {
  EXPECT_CONTAINS(error_of(Message::config_impossible,
                           [] {
                             Problem("mlp", with_formula_images({{"class_weights", numbers({1, 2})}}));
                           }),
                  "class_weights has 2 values, and the data has 3 classes");
}

TEST(Losses, ClassWeightsCountInTrainingAlone) {
  Problem plain("logistic_regression", with_formula_images({}));
  Problem weighted("logistic_regression", with_formula_images({{"class_weights", kWeights}}));
  plain.batch = weighted.batch = {1};  // of class 2
  EXPECT_NEAR(weighted.loss(), 1.25 * plain.loss(), 1e-15);
  plain.flags = weighted.flags = 0;
  EXPECT_EQ(weighted.loss(), plain.loss());
}

// p of one class is 1 in floating point there: the loss, its gradient and its product are finite and small.
TEST(Losses, FocalHasNoPoles) {
  for (const double gamma : {0.0, 0.5, 1.0, 2.0}) {
    Problem problem("logistic_regression", with_formula_images({{"loss", word("focal")}, {"focal_gamma", gamma}}));
    Numbers x(problem.parameters().size(), 0.0);
    x[x.size() - 3] = 800;  // the bias of class 0
    problem.set(x);
    problem.batch = {0};
    double loss = -1;
    const Numbers g = problem.gradient(&loss), product = problem.hvp(Numbers(x.size(), 1.0));
    EXPECT_EQ(loss, 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(g[i], 0);
      EXPECT_EQ(product[i], 0);
    }
    problem.batch = {1};  // of class 2: -log p = 800
    EXPECT_NEAR(problem.loss(), 800, 1e-10);
  }
}

// 1 - p is 2 exp(-30) there, far below the rounding of p.
TEST(Losses, FocalIsExactNearItsMinimum) {
  Problem problem("logistic_regression", with_formula_images({{"loss", word("focal")}, {"focal_gamma", 1.0}}));
  Numbers x(problem.parameters().size(), 0.0);
  x[x.size() - 3] = 30;
  problem.set(x);
  problem.batch = {0};
  double loss = 0;
  const Numbers g = problem.gradient(&loss);
  const double u = 2 * std::exp(-30.0);
  EXPECT_NEAR(loss, u * u, 1e-10 * u * u);
  EXPECT_NEAR(g[g.size() - 3], -2 * u * u, 1e-10 * u * u);  // by the bias of the label
}

TEST(Convnet, TheDefaultIsDeepObs2c2d) {
  TemporaryFolder folder;
  const std::vector<std::uint8_t> pixels(10 * 784, 7), labels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const char* part : {"train", "t10k"}) {
    folder.write(std::string(part) + "-images-idx3-ubyte", idx_bytes(0x803, {10, 28, 28}, pixels));
    folder.write(std::string(part) + "-labels-idx1-ubyte", idx_bytes(0x801, {10}, labels));
  }
  Problem problem("convnet",
                  {{"dataset", word("idx")}, {"data_dir", folder.path().string()}, {"valid_size", std::int64_t{0}}});
  EXPECT_EQ(problem.parameters().size(), 3274634u);
  const Numbers first = problem.parameters(2);  // of the second convolution, 51,200 weights
  double squares = 0;
  for (const double w : first) squares += w * w;
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(first.size())), 0.05 * 0.8796, 4e-4);
  EXPECT_LE(largest(first), 0.1);
  for (const std::size_t bias : {1, 3, 5, 7})
    for (const double b : problem.parameters(bias)) EXPECT_EQ(b, static_cast<double>(0.05f));
}

}  // namespace
}  // namespace tuner::test
