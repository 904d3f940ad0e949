#include <cmath>

#include "classifier.hpp"

namespace {

using namespace tuner::objectives;

struct LogisticRegression : Classifier {
  static constexpr tuner::Info info{
      .id = "logistic_regression",
      .name = "Softmax regression",
      .doc = "one linear layer with a softmax on images; convex, starts at zero",
      .details =
          "loss = mean cross entropy of softmax(W a + b), a the pixels; W and b start at 0, where it is log(classes).\n"
          "Dropout there is none; l2 and label smoothing count in training alone, so validation losses compare.",
      .reference = "textbook; as DeepOBS's mnist_logreg and the first experiment of Kingma and Ba 2015"};
  static constexpr const tuner::Param* kCommon = kClassifierParams;
  static constexpr tuner::Param params[] = {kCommon[0], kCommon[1], kCommon[2], kCommon[3],
                                            kCommon[4], kCommon[5], kCommon[6], kCommon[7]};

  static void describe(const Shared& shared, const tuner::Options& o, const tuner::Layout& layout) {
    describe_layers(shared, widths_of(shared, {}), o, layout);
  }
  LogisticRegression(const Shared& shared, const tuner::Bind& bind)
      : Classifier(shared, bind,
                   {.widths = widths_of(shared, {}),
                    .label_smoothing = bind.options()[kLabelSmoothing],
                    .l2 = bind.options()[kL2]}) {}
  void init(tuner_rng&) {
    fill([](std::size_t) { return 0.0; });
  }
};

constexpr const char* kActivations[] = {"relu", "leaky_relu", "tanh", "sigmoid", "gelu"};
constexpr const char* kInits[] = {"he", "glorot", "truncated_normal", "zeros"};

struct Mlp : Classifier {
  static constexpr tuner::Info info{
      .id = "mlp",
      .name = "Multilayer perceptron",
      .doc = "dense layers with a softmax on images",
      .details =
          "a0 = pixels,  z = W a + b,  a = dropout(act(z)) after every hidden layer,  loss = mean cross entropy of "
          "softmax(z)\n"
          "init  he: N(0, 2 / fan_in);  glorot: uniform within +-sqrt(6 / (fan_in + fan_out));  truncated_normal: "
          "deviation\n"
          "init_std, cut at two deviations;  biases 0.  gelu is x Phi(x), leaky_relu has slope 0.01.\n"
          "Dropout is inverted (kept units times 1 / (1 - p)). Dropout, l2 and label smoothing count in training "
          "alone, so\n"
          "validation losses compare. hvp is exact; under dropout it uses the masks of the latest training evaluation.",
      .reference =
          "textbook; He et al. 2015, eq. 10; Glorot, Bengio 2010, eq. 16; Srivastava et al. 2014; Pearlmutter 1994"};
  enum { kHidden = kClassifierOptions, kActivation, kInit, kInitStd, kDropout };
  static constexpr const tuner::Param* kCommon = kClassifierParams;
  static constexpr tuner::Param params[] = {
      kCommon[0],
      kCommon[1],
      kCommon[2],
      kCommon[3],
      kCommon[4],
      kCommon[5],
      kCommon[6],
      kCommon[7],
      tuner::integers("hidden", "[100]", "units of every hidden layer").at_least(1).at_most(1e6).structural(),
      tuner::choice("activation", kActivations, "function after every hidden layer").structural(),
      tuner::choice("init", kInits, "distribution of the starting weights").structural(),
      tuner::real("init_std", 0.05, "deviation of init: truncated_normal")
          .above(0)
          .structural()
          .search(0.001, 0.3, tuner::kLog),
      tuner::real("dropout", 0, "probability of dropping a hidden unit")
          .at_least(0)
          .below(1)
          .structural()
          .search(0, 0.6)};

  static void describe(const Shared& shared, const tuner::Options& o, const tuner::Layout& layout) {
    describe_layers(shared, widths_of(shared, o.integers(kHidden)), o, layout);
  }
  Mlp(const Shared& shared, const tuner::Bind& bind)
      : Classifier(shared, bind, settings(shared, bind.options())),
        widths_(widths_of(shared, bind.options().integers(kHidden))),
        init_(bind.options().choice(kInit)),
        init_std_(bind.options()[kInitStd]) {}

  void init(tuner_rng& rng) {
    fill([&](std::size_t tensor) { return tensor % 2 == 1 ? 0.0 : draw(rng, tensor / 2); });
  }

 private:
  static NetworkSettings settings(const Shared& shared, const tuner::Options& o) {
    return {.widths = widths_of(shared, o.integers(kHidden)),
            .activation = static_cast<Activation>(o.choice(kActivation)),
            .dropout = o[kDropout],
            .label_smoothing = o[kLabelSmoothing],
            .l2 = o[kL2]};
  }
  double draw(tuner_rng& rng, std::size_t layer) const {
    const auto in = static_cast<double>(widths_[layer]), out = static_cast<double>(widths_[layer + 1]);
    switch (init_) {
      case 0:
        return std::sqrt(2 / in) * tuner_rng_next_normal(&rng);
      case 1:
        return std::sqrt(6 / (in + out)) * (2 * tuner_rng_next_uniform(&rng) - 1);
      case 2: {
        double normal = tuner_rng_next_normal(&rng);
        while (std::abs(normal) > 2) normal = tuner_rng_next_normal(&rng);
        return init_std_ * normal;
      }
      default:
        return 0;
    }
  }
  std::vector<std::int64_t> widths_;
  std::size_t init_;
  double init_std_;
};

}  // namespace

TUNER_LIBRARY("classifiers", "1.0.0", "MIT", tuner::objective<LogisticRegression>, tuner::objective<Mlp>)
