#include <cmath>
#include <thread>

#include "classifier_cases.hpp"

namespace tuner::test {
namespace {

class Classifiers : public testing::TestWithParam<ClassifierCase> {
 protected:
  static constexpr double kSpread = 0.8;
  Problem problem{GetParam().id, small(GetParam().settings)};
  Numbers random_point(std::uint64_t seed) {
    return random_numbers(problem.parameters().size(), seed, -kSpread, kSpread);
  }
};
INSTANTIATE_TEST_SUITE_P(Options, Classifiers, testing::ValuesIn(classifier_cases()),
                         [](const auto& info) { return info.param.name; });
class PlainClassifiers : public Classifiers {};
INSTANTIATE_TEST_SUITE_P(Options, PlainClassifiers, testing::ValuesIn(plain_cases()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Classifiers, DerivativesAreExact) {
  problem.batch = {0, 3, 19, 3, 7};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_exact_derivatives(problem, random_point(seed));
  }
}

TEST_P(Classifiers, SinglePrecisionAgreesWithDouble) {
  Settings single = GetParam().settings;
  single["dtype"] = std::string("f32");
  Problem in32(GetParam().id, small(single));
  in32.set(random_point(4));
  problem.set(in32.parameters());
  in32.all_samples();
  problem.all_samples();
  double loss32 = 0, loss64 = 0;
  const Numbers g32 = in32.gradient(&loss32), g64 = problem.gradient(&loss64);
  EXPECT_NEAR(loss32, loss64, 2e-6 * (1 + loss64));
  for (std::size_t i = 0; i < g64.size(); ++i) EXPECT_NEAR(g32[i], g64[i], 4e-6 * (1 + largest(g64)));
  const Numbers v = random_numbers(g64.size(), 5, -1, 1), h32 = in32.hvp(v), h64 = problem.hvp(v);
  for (std::size_t i = 0; i < g64.size(); ++i) EXPECT_NEAR(h32[i], h64[i], 1e-5 * (1 + largest(h64)));
}

// 1,000 samples, each of the 20 fifty times, go through in more than one piece.
TEST_P(Classifiers, LargeBatchesAreTheMeanOfTheirSamples) {
  if (depends_on_batch(GetParam().settings)) problem.flags = 0;  // masks differ between copies of a sample
  problem.set(random_point(6));
  problem.all_samples();
  double once = 0, often = 0;
  const Numbers g = problem.gradient(&once), v = random_point(7);
  const Numbers product = problem.hvp(v);
  const auto few = problem.batch;
  for (int i = 1; i < 50; ++i) problem.batch.insert(problem.batch.end(), few.begin(), few.end());
  const Numbers g_often = problem.gradient(&often);
  const Numbers product_often = problem.hvp(v);
  EXPECT_NEAR(once, often, 1e-13 * once);
  for (std::size_t i = 0; i < g.size(); ++i) {
    EXPECT_NEAR(g[i], g_often[i], 1e-14);
    EXPECT_NEAR(product[i], product_often[i], 1e-13 * (1 + largest(product)));
  }
}

TEST_P(Classifiers, ABatchIsTheMeanOfItsHalves) {
  if (depends_on_batch(GetParam().settings)) problem.flags = 0;
  problem.set(random_point(8));
  problem.batch = {1, 4, 9, 16, 2, 3, 5, 7};
  double whole = 0, first = 0, second = 0;
  const Numbers g = problem.gradient(&whole);
  problem.batch = {1, 4, 9, 16};
  const Numbers g1 = problem.gradient(&first);
  problem.batch = {2, 3, 5, 7};
  const Numbers g2 = problem.gradient(&second);
  EXPECT_NEAR(whole, 0.5 * (first + second), 1e-14 * whole);
  for (std::size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(g[i], 0.5 * (g1[i] + g2[i]), 1e-14);
}

// The pixels of the batch before are kept: other samples, another split and a batch that needs more room replace them.
TEST_P(Classifiers, ABatchThatComesAgainHasItsOwnPixels) {
  const Numbers x = random_point(11), v = random_point(12);
  const std::vector<std::uint64_t> one = {1, 4, 9, 0}, other = {2, 4, 9, 0}, larger = {1, 4, 9, 9, 3, 2};
  const auto alone = [&](const std::vector<std::uint64_t>& batch, std::uint32_t split) {
    Problem fresh(GetParam().id, small(GetParam().settings));
    fresh.set(x);
    fresh.batch = batch;
    fresh.split = split;
    return fresh.loss();
  };
  problem.set(x);
  for (const auto& [batch, split] : {std::pair{one, TUNER_SPLIT_TRAIN},
                                     {one, TUNER_SPLIT_TRAIN},
                                     {other, TUNER_SPLIT_TRAIN},
                                     {other, TUNER_SPLIT_VALID},
                                     {one, TUNER_SPLIT_TRAIN},
                                     {larger, TUNER_SPLIT_TRAIN},
                                     {one, TUNER_SPLIT_TRAIN},
                                     {larger, TUNER_SPLIT_TRAIN}}) {
    problem.batch = batch;
    problem.split = split;
    EXPECT_EQ(problem.loss(), alone(batch, split));
  }
  problem.batch = one;
  problem.split = TUNER_SPLIT_TRAIN;
  const double loss = problem.loss();
  const Numbers product = problem.hvp(v);
  problem.batch = other;
  EXPECT_NE(problem.hvp(v), product);
  EXPECT_NE(problem.loss(), loss);
}

TEST_P(Classifiers, ContextsSideBySideGiveTheBitsOfOneAlone) {
  SharedObjectives shared;
  Problem one(GetParam().id, small(GetParam().settings), 1, &shared),
      two(GetParam().id, small(GetParam().settings), 1, &shared);
  const auto trail = [](Problem& p, std::uint64_t seed) {
    p.all_samples();
    p.set(random_numbers(p.parameters().size(), seed, -1, 1));
    Numbers all;
    for (int step = 0; step < 200; ++step) {
      const Numbers g = p.gradient();
      p.set(moved(p.parameters(), -0.05, g));
      all.insert(all.end(), g.begin(), g.end());
    }
    return all;
  };
  const Numbers alone_one = trail(one, 1), alone_two = trail(two, 2);
  Numbers beside_one, beside_two;
  {
    const std::jthread a([&] { beside_one = trail(one, 1); }), b([&] { beside_two = trail(two, 2); });
  }
  EXPECT_EQ(alone_one, beside_one);
  EXPECT_EQ(alone_two, beside_two);
}

TEST_P(Classifiers, DivergenceIsAResult) {
  Numbers x = random_point(9);
  x[1] = std::numeric_limits<double>::quiet_NaN();
  problem.set(x);
  problem.all_samples();
  EXPECT_TRUE(std::isnan(problem.loss()));
  EXPECT_EQ(problem.metric(), 0);
  problem.set(Numbers(x.size(), 1e300));
  EXPECT_NO_THROW(problem.gradient());
}

// ---- an independent network: plain loops over samples, no shared code

double act(const std::string& kind, double x) {
  if (kind == "leaky_relu") return x > 0 ? x : 0.01 * x;
  if (kind == "tanh") return std::tanh(x);
  if (kind == "sigmoid") return 1 / (1 + std::exp(-x));
  if (kind == "gelu") return 0.5 * x * (1 + std::erf(x / std::sqrt(2)));
  return std::max(x, 0.0);
}
double act_slope(const std::string& kind, double x) {
  if (kind == "leaky_relu") return x > 0 ? 1 : 0.01;
  if (kind == "tanh") return 1 - std::tanh(x) * std::tanh(x);
  if (kind == "sigmoid") return act(kind, x) * (1 - act(kind, x));
  if (kind == "gelu")
    return 0.5 * (1 + std::erf(x / std::sqrt(2))) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1));
  return x > 0 ? 1 : 0;
}

struct Naive {
  std::vector<std::size_t> widths;
  std::string activation;
  double smoothing = 0, l2 = 0;
  double loss = 0, accuracy = 0;
  Numbers gradient;

  void run(const Numbers& x, const std::vector<std::uint64_t>& batch) {
    gradient.assign(x.size(), 0.0);
    for (const std::uint64_t sample : batch) add_sample(x, sample, 1.0 / static_cast<double>(batch.size()));
    std::size_t at = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const std::size_t n = widths[l] * widths[l + 1];
      for (std::size_t i = at; i < at + n; ++i) {
        loss += 0.5 * l2 * x[i] * x[i];
        gradient[i] += l2 * x[i];
      }
      at += n + widths[l + 1];
    }
  }

 private:
  void add_sample(const Numbers& x, std::uint64_t sample, double weight) {
    const std::size_t layers = widths.size() - 1;
    std::vector<Numbers> a(widths.size()), z(widths.size());
    for (std::size_t i = 0; i < widths[0]; ++i) a[0].push_back(images().train_pixels[sample * widths[0] + i] / 255.0);
    std::vector<std::size_t> offset;
    std::size_t at = 0;
    for (std::size_t l = 0; l < layers; ++l) {
      offset.push_back(at);
      const std::size_t in = widths[l], out = widths[l + 1];
      for (std::size_t o = 0; o < out; ++o) {
        double sum = x[at + in * out + o];
        for (std::size_t i = 0; i < in; ++i) sum += x[at + o * in + i] * a[l][i];
        z[l + 1].push_back(sum);
        a[l + 1].push_back(act(activation, sum));
      }
      at += in * out + out;
    }
    const Numbers& logits = z[layers];
    const std::size_t label = images().train_labels[sample], classes = logits.size();
    double sum = 0;
    for (const double v : logits) sum += std::exp(v);
    Numbers delta;
    bool best = true;
    for (std::size_t k = 0; k < classes; ++k) {
      const double q = (k == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      loss -= weight * q * (logits[k] - std::log(sum));
      delta.push_back(weight * (std::exp(logits[k]) / sum - q));
      best = best && logits[k] <= logits[label];
    }
    accuracy += best ? weight : 0;
    for (std::size_t l = layers; l-- > 0;) {
      const std::size_t in = widths[l], out = widths[l + 1];
      Numbers below(in, 0.0);
      for (std::size_t o = 0; o < out; ++o) {
        gradient[offset[l] + in * out + o] += delta[o];
        for (std::size_t i = 0; i < in; ++i) {
          gradient[offset[l] + o * in + i] += delta[o] * a[l][i];
          below[i] += delta[o] * x[offset[l] + o * in + i];
        }
      }
      if (l == 0) break;
      for (std::size_t i = 0; i < in; ++i) below[i] *= act_slope(activation, z[l][i]);
      delta = below;
    }
  }
};

TEST_P(PlainClassifiers, AgreesWithAnIndependentNetwork) {
  const Settings& given = GetParam().settings;
  if (given.contains("dropout")) problem.flags = 0;
  Naive naive;
  naive.widths = {SmallImages::kFeatures};
  if (given.contains("hidden"))
    for (const Scalar& width : std::get<List>(given.at("hidden")))
      naive.widths.push_back(static_cast<std::size_t>(std::get<std::int64_t>(width)));
  naive.widths.push_back(SmallImages::kClasses);
  if (given.contains("activation")) naive.activation = std::get<std::string>(given.at("activation"));
  if (given.contains("label_smoothing")) naive.smoothing = std::get<double>(given.at("label_smoothing"));
  if (given.contains("l2") && problem.flags != 0) naive.l2 = std::get<double>(given.at("l2"));
  const Numbers x = random_point(10);
  problem.set(x);
  problem.batch = {0, 5, 11, 19, 5};
  naive.run(x, problem.batch);
  double loss = 0;
  const Numbers g = problem.gradient(&loss);
  EXPECT_NEAR(loss, naive.loss, 1e-13 * naive.loss);
  for (std::size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(g[i], naive.gradient[i], 1e-13 * (1 + largest(g)));
  EXPECT_NEAR(problem.metric(), naive.accuracy, 1e-15);
}

TEST(Mlp, RegularisationCountsInTrainingAlone) {
  Problem plain("mlp", small({{"hidden", integers({4})}}));
  Problem regular("mlp", small({{"hidden", integers({4})}, {"l2", 1.0}, {"label_smoothing", 0.3}, {"dropout", 0.5}}));
  const Numbers x = random_numbers(plain.parameters().size(), 1, -1, 1);
  plain.set(x);
  regular.set(x);
  plain.all_samples();
  regular.all_samples();
  EXPECT_NE(plain.loss(), regular.loss());
  plain.flags = regular.flags = 0;
  for (const std::uint32_t split : {TUNER_SPLIT_TRAIN, TUNER_SPLIT_VALID, TUNER_SPLIT_TEST}) {
    plain.split = regular.split = split;
    EXPECT_EQ(plain.all_samples().loss(), regular.all_samples().loss());
    EXPECT_EQ(plain.metric(), regular.metric());
  }
}

TEST(Mlp, DropoutFollowsItsStream) {
  Problem problem("mlp", small({{"hidden", integers({50})}, {"dropout", 0.5}}));
  problem.all_samples();
  const double first = problem.loss();
  EXPECT_EQ(problem.loss(), first);
  problem.dropout.position = std::uint64_t{1} << 32;  // the next step's stream
  EXPECT_NE(problem.loss(), first);
}

// A hidden unit that is dropped gives its outgoing weights no gradient; a kept one, 1 / (1 - p) times its value.
TEST(Mlp, DropoutDropsItsShareAndScalesTheRest) {
  const double p = 0.3;
  const std::int64_t width = 1000;
  Problem problem("mlp", small({{"hidden", integers({width})},
                                {"dropout", p},
                                {"init", std::string("zeros")},
                                {"activation", std::string("sigmoid")}}));
  problem.batch = {0};
  const Numbers g = problem.gradient();
  const std::size_t head = 12 * 1000 + 1000, bias = head + 3 * 1000;  // of class 0: delta = 1/3, its label is 2
  int dropped = 0;
  for (std::size_t unit = 0; unit < 1000; ++unit) {
    if (g[head + unit] == 0)
      ++dropped;
    else
      EXPECT_NEAR(g[head + unit], g[bias] * 0.5 / (1 - p), 1e-14);
  }
  EXPECT_NEAR(dropped, p * 1000, 5 * std::sqrt(p * (1 - p) * 1000));
}

TEST(Mlp, TensorsSayWhatTheyAre) {
  Problem problem("mlp", small({{"hidden", integers({7, 5})}}));
  const Tensors& tensors = problem.objective().tensors();
  ASSERT_EQ(tensors.size(), 6u);
  EXPECT_EQ(tensors.spec(2).name, "layers.1.weight");
  EXPECT_EQ(tensors.spec(2).shape, (std::vector<std::int64_t>{5, 7}));
  EXPECT_EQ(tensors.spec(2).role, TUNER_ROLE_WEIGHT);
  EXPECT_EQ(tensors.spec(2).fan_in, 7);
  EXPECT_EQ(tensors.spec(2).fan_out, 5);
  EXPECT_EQ(tensors.spec(3).name, "layers.1.bias");
  EXPECT_EQ(tensors.spec(3).role, TUNER_ROLE_BIAS);
  EXPECT_EQ(tensors.spec(4).role, TUNER_ROLE_HEAD);
  EXPECT_EQ(tensors.spec(5).layer, 2);
  EXPECT_EQ(problem.objective().metric_count(), 1u);
  EXPECT_STREQ(problem.objective().metric(0).id, "accuracy");
  EXPECT_EQ(problem.objective().metric(0).direction, TUNER_MAXIMIZE);
}

TEST(Mlp, StartsFromItsDistribution) {
  const auto start = [](const char* init, Settings more = {}) {
    more.insert({{"hidden", integers({2000})}, {"init", std::string(init)}});
    Problem problem("mlp", small(more));
    EXPECT_EQ(problem.parameters(1), Numbers(2000, 0.0)) << "biases of " << init;
    return problem.parameters(0);  // 24,000 weights, fan_in 12, fan_out 2000
  };
  const auto deviation = [](const Numbers& x) {
    double squares = 0;
    for (const double v : x) squares += v * v;
    return std::sqrt(squares / static_cast<double>(x.size()));
  };
  EXPECT_NEAR(deviation(start("he")), std::sqrt(2.0 / 12), 0.02 * std::sqrt(2.0 / 12));
  const double bound = std::sqrt(6.0 / 2012);
  EXPECT_LE(largest(start("glorot")), bound);
  EXPECT_NEAR(deviation(start("glorot")), bound / std::sqrt(3), 0.02 * bound);
  const Numbers truncated = start("truncated_normal", {{"init_std", 0.1}});
  EXPECT_LE(largest(truncated), 0.2);
  EXPECT_NEAR(deviation(truncated), 0.1 * 0.8796, 0.002);  // of a normal cut at two deviations
  EXPECT_EQ(largest(start("zeros")), 0);
}

TEST(Mlp, TheSameSeedGivesTheSameStart) {
  Problem problem("mlp", small());
  problem.init(5, 1);
  const Numbers first = problem.parameters();
  problem.init(5, 2);
  EXPECT_NE(problem.parameters(), first);
  problem.init(5, 1);
  EXPECT_EQ(problem.parameters(), first);
}

TEST(Mlp, AnEvaluationCopyHasNoGradientsAndTheSameLoss) {
  Problem problem("mlp", small());
  const auto copy = problem.objective().evaluation_copy();
  Tensors& from = problem.objective().tensors();
  for (std::size_t t = 0; t < from.size(); ++t) {
    EXPECT_EQ(copy->tensors().grad(t), nullptr);
    std::memcpy(copy->tensors().data(t), from.data(t), from.spec(t).numel() * sizeof(double));
  }
  problem.all_samples();
  Objective::Request request;
  request.want = TUNER_WANT_LOSS;
  request.indices = problem.batch;
  request.rng = &problem.dropout;
  double loss = 0;
  tuner_error error{};
  ASSERT_EQ(copy->evaluate(request, &loss, nullptr, &error), TUNER_OK);
  EXPECT_EQ(loss, problem.loss());
}

}  // namespace
}  // namespace tuner::test
