#include <cmath>
#include <vector>

#include "norms.hpp"

namespace {

constexpr const char* kVectors[] = {"train", "freeze"};
constexpr const char* kInits[] = {"orthogonal", "keep"};

// How the method sees a tensor: a matrix (out, in) at each of `positions` places of a kernel.
struct Shape {
  bool matrix;
  std::size_t out, in, positions;
  double scale;  // s = sqrt(out / in / positions), 1 for a vector
};

Shape shape_of(const tuner_tensor_info& info, std::size_t numel) {
  if (info.rank < 2 || numel == 0) return {false, numel, 1, 1, 1};
  const auto out = static_cast<std::size_t>(info.shape[0]), in = static_cast<std::size_t>(info.shape[1]);
  const std::size_t positions = numel / (out * in);
  const bool fans = info.rank == 2 && info.fan_in > 0 && info.fan_out > 0;
  const double ratio = fans ? static_cast<double>(info.fan_out) / static_cast<double>(info.fan_in)
                            : static_cast<double>(out) / static_cast<double>(in);
  return {true, out, in, positions, std::sqrt(ratio / static_cast<double>(positions))};
}

struct Agd {
  static constexpr tuner::Info info{
      .id = "agd",
      .name = "Automatic gradient descent",
      .doc = "gradient descent with a step from the network's depth and widths, without a learning rate",
      .details =
          "s = sqrt(out / in) of a matrix, divided by sqrt(kh kw) for a convolution;  L: number of tensors\n"
          "G = 1/L sum over tensors of s ||grad||,  eta = ln((1 + sqrt(1 + 4 G)) / 2)\n"
          "x -= gain eta / L s grad / ||grad||\n"
          "Norms of a convolution are taken at each place of its kernel, and G has their sum.\n"
          "init: orthogonal starts every matrix as s times a random orthogonal one, as the method wants; keep leaves\n"
          "the objective's own start. vectors: train gives a vector (a bias) a layer's step with s = 1, which is our\n"
          "extension; freeze leaves vectors alone, as the paper, which has networks without biases.\n"
          "Made for fully connected and convolutional networks on full or large batches. gain = 1 is the paper.\n"
          "g = 0 leaves x alone. The first step changes each matrix by eta / L s in norm, whatever the scale of g\n"
          "beyond the logarithm.\n"
          "family  layer-wise\n"
          "rule    x -= gain eta / L s g / |g|,  s = sqrt(out / in),  eta = ln((1 + sqrt(1 + 4 G)) / 2),  G: mean "
          "of s |g|\n"
          "use     fully connected and convolutional networks on large batches with nothing to tune; the authors "
          "train up to ResNet-50 on ImageNet (Bernstein et al. 2023)\n"
          "not     networks with normalization gains, embeddings or attention, for which the theory has no place, "
          "and small batches: a normalized step does not shrink with the noise",
      .reference = "Bernstein, Mingard, Huang, Azizan, Yue 2023, algorithm 1"};

  enum { kGain, kVectorsOption, kInit };
  enum { kTrain, kFreeze };
  enum { kOrthogonal, kKeep };
  static constexpr tuner::Param params[] = {
      tuner::real("gain", 1, "factor of the step").at_least(0).search(0.01, 10, tuner::kLog),
      tuner::choice("vectors", kVectors, "what happens to tensors of rank 1"),
      tuner::choice("init", kInits, "how matrices start").with(TUNER_PARAM_STRUCTURAL)};

  // A random matrix with orthonormal rows, or columns where there are fewer of those: Gram and Schmidt, twice.
  static std::vector<double> orthonormal(std::size_t count, std::size_t length, tuner_rng& rng) {
    std::vector<double> rows(count * length);
    for (double& value : rows) value = tuner_rng_next_normal(&rng);
    for (std::size_t r = 0; r < count; ++r) {
      double* row = &rows[r * length];
      for (int pass = 0; pass < 2; ++pass) {
        for (std::size_t other = 0; other < r; ++other) {
          const double* done = &rows[other * length];
          double product = 0;
          for (std::size_t i = 0; i < length; ++i) product += row[i] * done[i];
          for (std::size_t i = 0; i < length; ++i) row[i] -= product * done[i];
        }
      }
      const double norm = layers::norm(row, length);
      for (std::size_t i = 0; i < length; ++i) row[i] /= norm;
    }
    return rows;
  }

  template <class T>
  static void init(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const Shape shape = shape_of(t.info(), t.size());
    if (!shape.matrix || t.options().choice(kInit) == kKeep) return;
    const bool wide = shape.out <= shape.in;
    const std::size_t count = wide ? shape.out : shape.in, length = wide ? shape.in : shape.out;
    for (std::size_t place = 0; place < shape.positions; ++place) {
      const std::vector<double> rows = orthonormal(count, length, s.rng());
      for (std::size_t a = 0; a < count; ++a)
        for (std::size_t b = 0; b < length; ++b) {
          const std::size_t row = wide ? a : b, column = wide ? b : a;
          t.data()[(row * shape.in + column) * shape.positions + place] =
              static_cast<T>(shape.scale * rows[a * length + b]);
        }
    }
  }

  // Norms of the gradient at each place of the kernel.
  template <class T>
  static std::vector<double> norms(const tuner::Tensor<T>& t, std::size_t positions) {
    if (positions == 1) return {layers::norm(t.grad(), t.size())};
    std::vector<double> norms(positions, 0.0);
    for (std::size_t i = 0; i < t.size(); ++i)
      norms[i % positions] += static_cast<double>(t.grad()[i]) * static_cast<double>(t.grad()[i]);
    for (std::size_t p = 0; p < positions; ++p)
      norms[p] = shape::norm_of(norms[p], [&](auto add) {
        add(t.size() / positions, [&](std::size_t i) { return t.grad()[i * positions + p]; });
      });
    return norms;
  }

  template <class T>
  static bool takes_part(const tuner::Tensor<T>& t, const Shape& shape) {
    return t.size() > 0 && (shape.matrix || t.options().choice(kVectorsOption) == kTrain);
  }

  static void step(const tuner::Step& s) {
    double summary = 0, depth = 0;
    s.for_each_tensor([&](const auto& t) {
      const Shape shape = shape_of(t.info(), t.size());
      if (!takes_part(t, shape)) return;
      for (const double norm : norms(t, shape.positions)) summary += shape.scale * norm;
      ++depth;
    });
    if (depth == 0) return;
    const double eta = std::log(0.5 * (1 + std::sqrt(1 + 4 * (summary / depth))));
    s.for_each_tensor([&](const auto& t) {
      const Shape shape = shape_of(t.info(), t.size());
      if (takes_part(t, shape)) descend(t, shape, eta / depth);
    });
  }

  template <class T>
  static void descend(const tuner::Tensor<T>& t, const Shape& shape, double rate) {
    std::vector<double> factors = norms(t, shape.positions);
    for (double& factor : factors) factor = factor > 0 ? t.options()[kGain] * rate * shape.scale / factor : 0;
    if (shape.positions == 1) {
      const T factor = static_cast<T>(factors[0]);
      return t.update([=](T& x, T g) TUNER_INLINE { x -= factor * g; });
    }
    for (std::size_t i = 0; i < t.size(); ++i)
      t.data()[i] -= static_cast<T>(factors[i % shape.positions]) * t.grad()[i];
  }
};

}  // namespace

TUNER_LIBRARY("agd", "1.0.0", "MIT", tuner::optimizer<Agd>)
