// The losses of embeddings: by hand on a few samples, and against plain loops over all triplets.
#include <cmath>

#include "classifier_cases.hpp"

namespace tuner::test {
namespace {

// Images of two pixels, which a linear network of known weights puts at (0, 0), (3, 4), (0, 1), (0, 0), (5, 5).
enum Sample : std::uint64_t { kOrigin, kFar, kNear, kTwin, kCorner };  // of the labels 0, 0, 1, 1, 2

const TemporaryFolder& few_images() {
  static const TemporaryFolder* const kFolder = [] {
    auto* folder = new TemporaryFolder;
    const std::vector<std::uint8_t> pixels = {0, 0, 153, 204, 0, 51, 0, 0, 255, 255}, labels = {0, 0, 1, 1, 2};
    for (const char* part : {"train", "t10k"}) {
      folder->write(std::string(part) + "-images-idx3-ubyte", idx_bytes(0x803, {5, 1, 2}, pixels));
      folder->write(std::string(part) + "-labels-idx1-ubyte", idx_bytes(0x801, {5}, labels));
    }
    return folder;
  }();
  return *kFolder;
}

Settings linear(const char* loss, double margin, std::int64_t pair_batch = 256) {
  return {{"dataset", word("idx")},  {"data_dir", few_images().path().string()},
          {"dtype", word("f64")},    {"valid_size", std::int64_t{0}},
          {"hidden", Value(List{})}, {"embedding", std::int64_t{2}},
          {"loss", word(loss)},      {"margin", margin},
          {"pair_batch", pair_batch}};
}

struct Planted : Problem {
  explicit Planted(const Settings& settings) : Problem("mlp", settings) { set({5, 0, 0, 5, 0.5, -0.25}); }
  double loss_of(std::vector<std::uint64_t> samples) {
    batch = std::move(samples);
    return loss();
  }
  double accuracy_of(std::vector<std::uint64_t> samples) {
    batch = std::move(samples);
    return metric();
  }
  // By the weights, row by row; that of the bias is 0, since distances do not change with it.
  void expect_gradient(std::vector<std::uint64_t> samples, const Numbers& expected) {
    batch = std::move(samples);
    const Numbers g = gradient();
    for (std::size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(g[i], i < 4 ? expected[i] : 0, 1e-14) << i;
  }
};

TEST(Contrastive, ByHand) {
  Planted problem(linear("contrastive", 2));
  EXPECT_NEAR(problem.loss_of({kOrigin, kFar}), 12.5, 1e-14);  // 1/2 25
  EXPECT_NEAR(problem.loss_of({kNear, kOrigin}), 0.5, 1e-14);  // 1/2 (2 - 1)^2
  EXPECT_EQ(problem.loss_of({kOrigin, kCorner}), 0);           // further than the margin
  EXPECT_NEAR(problem.loss_of({kOrigin, kFar, kNear}), (12.5 + 0.5 + 0) / 3, 1e-14);
  EXPECT_EQ(problem.loss_of({kOrigin}), 0);                        // no pair
  problem.expect_gradient({kOrigin, kFar}, {1.8, 2.4, 2.4, 3.2});  // (3, 4) times the pixels (0.6, 0.8)
  problem.expect_gradient({kNear, kOrigin}, {0, 0, 0, -0.2});      // (1 - 2 / 1) (0, 1) times (0, 0.2)
}

// Unequal labels at one place: the loss is known there, its derivative is not; 0 stands for it.
TEST(Contrastive, NoDistanceHasNoDirection) {
  Planted problem(linear("contrastive", 2));
  EXPECT_EQ(problem.loss_of({kOrigin, kTwin}), 2);  // 1/2 2^2
  problem.expect_gradient({kOrigin, kTwin}, {0, 0, 0, 0});
  for (const double product : problem.hvp({1, 2, 3, 4, 5, 6})) EXPECT_EQ(product, 0);
}

TEST(Triplet, ByHand) {
  Planted problem(linear("triplet", 3));
  EXPECT_NEAR(problem.loss_of({kOrigin, kFar, kNear}), 0.5 * ((25 - 1 + 3) + (25 - 18 + 3)), 1e-13);
  EXPECT_NEAR(problem.loss_of({kOrigin, kNear, kTwin}), 0.5 * ((1 - 1 + 3) + (1 - 0 + 3)), 1e-14);
  // The first of its two triplets has no loss, 25 - 50 + 3 < 0, and counts all the same.
  EXPECT_NEAR(problem.loss_of({kOrigin, kFar, kCorner}), 0.5 * (0 + (25 - 5 + 3)), 1e-13);
  EXPECT_EQ(problem.loss_of({kOrigin, kFar}), 0);            // no sample of another label
  EXPECT_EQ(problem.loss_of({kOrigin, kNear, kCorner}), 0);  // no two of one label
  problem.expect_gradient({kOrigin, kFar}, {0, 0, 0, 0});
  // d(25 - 5 + 3): 2 (3, 4) - 2 (-2, -1) = (10, 10) of the far one, times (0.6, 0.8); 2 (-2, -1) of the corner,
  // times 1.
  problem.expect_gradient({kOrigin, kFar, kCorner}, {0.5 * (6 - 4), 0.5 * (8 - 4), 0.5 * (6 - 2), 0.5 * (8 - 2)});
}

TEST(EmbeddingLosses, PiecesCountAsTheirSamples) {
  Planted problem(linear("triplet", 3, 3));
  EXPECT_NEAR(problem.loss_of({kOrigin, kFar, kNear, kOrigin, kNear, kTwin, kFar}), (3 * 18.5 + 3 * 3.5 + 1 * 0) / 7,
              1e-13);
}

// The network takes 512 and 64 samples at once, or whole pieces.
TEST(EmbeddingLosses, PiecesAreThoseOfTheBatch) {
  for (const char* id : {"mlp", "convnet"}) {
    Settings settings = linear("triplet", 3, 200);
    Problem problem(id, settings);
    problem.set(random_numbers(problem.parameters().size(), 3, -1, 1));
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < 450; ++i) all.push_back(i * i % 13 % 5);
    double sum = 0;
    for (std::size_t first = 0; first < all.size(); first += 200) {
      const std::size_t size = std::min<std::size_t>(200, all.size() - first);
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
      problem.batch.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
      sum += problem.loss() * static_cast<double>(size);
    }
    problem.batch = all;
    EXPECT_NEAR(problem.loss(), sum / 450, 1e-12 * sum / 450) << id;
  }
}

TEST(EmbeddingLosses, AccuracyIsOfTheNearestOtherSample) {
  for (const char* loss : {"contrastive", "triplet"}) {
    Planted problem(linear(loss, 1));
    EXPECT_EQ(problem.accuracy_of({kOrigin, kFar, kNear}), 0);                   // all are next to one of another label
    EXPECT_NEAR(problem.accuracy_of({kOrigin, kFar, kCorner}), 1.0 / 3, 1e-15);  // the origin to kFar
    EXPECT_EQ(problem.accuracy_of({kOrigin, kTwin, kNear}), 0);
    EXPECT_NEAR(problem.accuracy_of({kTwin, kOrigin, kNear}), 1.0 / 3, 1e-15);  // of two as near, the first
    EXPECT_EQ(problem.accuracy_of({kOrigin}), 0);
  }
}

// Loss and gradient by the weights of a linear embedding, triplet by triplet.
struct PlainTriplets {
  double loss = 0, count = 0;
  Numbers gradient = Numbers(3 * SmallImages::kFeatures, 0.0);

  PlainTriplets(const Numbers& weights, const std::vector<std::uint64_t>& batch, double margin) {
    const auto pixel = [&](std::size_t i, std::size_t f) {
      return images().train_pixels[batch[i] * SmallImages::kFeatures + f] / 255.0;
    };
    std::vector<Numbers> z(batch.size(), Numbers(3, 0.0)), delta = z;
    for (std::size_t i = 0; i < z.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t f = 0; f < SmallImages::kFeatures; ++f)
          z[i][k] += weights[k * SmallImages::kFeatures + f] * pixel(i, f);
    for (std::size_t a = 0; a < z.size(); ++a)
      for (std::size_t p = 0; p < z.size(); ++p)
        for (std::size_t n = 0; n < z.size(); ++n) add(z, delta, batch, {a, p, n}, margin);
    for (std::size_t i = 0; i < z.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t f = 0; f < SmallImages::kFeatures; ++f)
          gradient[k * SmallImages::kFeatures + f] += delta[i][k] * pixel(i, f) / count;
    loss /= count;
  }

 private:
  void add(const std::vector<Numbers>& z, std::vector<Numbers>& delta, const std::vector<std::uint64_t>& batch,
           const std::array<std::size_t, 3>& triplet, double margin) {
    const auto [a, p, n] = triplet;
    const auto label = [&](std::size_t i) { return images().train_labels[batch[i]]; };
    if (a == p || label(a) != label(p) || label(a) == label(n)) return;
    ++count;
    double value = margin;
    for (std::size_t k = 0; k < 3; ++k) value += std::pow(z[a][k] - z[p][k], 2) - std::pow(z[a][k] - z[n][k], 2);
    if (value <= 0) return;
    loss += value;
    for (std::size_t k = 0; k < 3; ++k) {
      delta[a][k] += 2 * (z[n][k] - z[p][k]);
      delta[p][k] -= 2 * (z[a][k] - z[p][k]);
      delta[n][k] += 2 * (z[a][k] - z[n][k]);
    }
  }
};

// Samples that come twice are at no distance, and there are ties of all kinds.
TEST(Triplet, AgreesWithAllTripletsOneByOne) {
  Problem problem(
      "mlp",
      small({{"hidden", Value(List{})}, {"embedding", std::int64_t{3}}, {"loss", word("triplet")}, {"margin", 0.35}}));
  const Numbers x = random_numbers(problem.parameters().size(), 21, -0.8, 0.8);
  problem.set(x);
  problem.all_samples();
  for (std::uint64_t i = 0; i < 15; ++i) problem.batch.push_back(i * 7 % 20);
  const PlainTriplets plain(x, problem.batch, 0.35);
  double loss = 0;
  const Numbers g = problem.gradient(&loss);
  EXPECT_NEAR(loss, plain.loss, 1e-13 * loss);
  for (std::size_t i = 0; i < plain.gradient.size(); ++i)
    EXPECT_NEAR(g[i], plain.gradient[i], 1e-13 * (1 + largest(g))) << i;
}

TEST(EmbeddingLosses, TheLastLayerIsAsWideAsTheEmbedding) {
  for (const char* id : {"mlp", "convnet"}) {
    Problem problem(id, linear("contrastive", 1));
    const Tensors& tensors = problem.objective().tensors();
    EXPECT_EQ(tensors.spec(tensors.size() - 1).shape, (std::vector<std::int64_t>{2})) << id;
  }
}

TEST(EmbeddingLosses, WhatDoesNotApplyIsRefused) {
  for (const char* id : {"mlp", "convnet"})
    for (const std::string loss : {"contrastive", "triplet"}) {
      const auto error = [&](const char* option, const Value& value) {
        Settings settings = linear(loss.c_str(), 1);
        settings[option] = value;
        return error_of(Message::config_impossible, [&] { Problem(id, settings); });
      };
      EXPECT_CONTAINS(error("label_smoothing", 0.1),
                      "label_smoothing moves shares of a label to other classes, and loss: " + loss +
                          " compares embeddings, which have no classes");
      EXPECT_CONTAINS(error("focal_gamma", 1.0), "focal_gamma is the exponent of loss: focal, and loss is " + loss);
      EXPECT_CONTAINS(error("class_weights", numbers({1, 1, 1})),
                      "class_weights are factors on the loss of a sample, and loss: " + loss +
                          " is one of several samples together");
    }
}

// Where it starts, at zero, they have no gradient.
TEST(EmbeddingLosses, ASoftmaxRegressionHasNone) {
  EXPECT_CONTAINS(error_of(Message::config_bad_value,
                           [] {
                             Problem("logistic_regression", small({{"loss", word("triplet")}}));
                           }),
                  "option 'loss' of objective 'logistic_regression' has no choice 'triplet'");
}

}  // namespace
}  // namespace tuner::test
