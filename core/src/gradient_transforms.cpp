#include "gradient_transforms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradients.hpp"

namespace tuner {

namespace {

// A norm as scale x root: the norm itself may be larger than any double.
struct Norm {
  double scale, root;
  [[nodiscard]] double value() const { return scale * root; }
};

// each(visit) calls visit(pointer, n) for everything that belongs together: all tensors, one, or a row of one.
template <class Each>
double sum_of_squares(Each each, double scale) {
  double sum = 0;
  each([&](const auto* values, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const double scaled = static_cast<double>(values[i]) * scale;
      sum += scaled * scaled;
    }
  });
  return sum;
}

template <class Each>
double largest_of(Each each) {
  double largest = 0;
  each([&](const auto* values, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<double>(values[i])));
  });
  return largest;
}

template <class Each>
Norm norm_of(Each each, NormKind kind) {
  if (kind == NormKind::inf) return {1, largest_of(each)};
  // Squares that are lost below it are no part of the sum's digits.
  constexpr double kLeast = 1e-280;
  const double plain = sum_of_squares(each, 1);
  if (std::isfinite(plain) && plain >= kLeast) return {1, std::sqrt(plain)};
  const double largest = largest_of(each);
  if (largest == 0) return {1, 0};
  // A power of two, so that scaling is exact; 2^-1000 at least, so that its inverse is a number.
  const int exponent = std::max(std::ilogb(largest), -1000);
  return {std::ldexp(1.0, exponent), std::sqrt(sum_of_squares(each, std::ldexp(1.0, -exponent)))};
}

template <class Each>
void clip(Each each, double limit, NormKind kind) {
  const Norm norm = norm_of(each, kind);
  if (!(norm.value() > limit)) return;
  // g down is of the order of 1 where the norm was scaled, and where limit / norm would be lost.
  const double factor = limit / norm.root;
  const bool lost = factor < std::numeric_limits<double>::min();
  const double down = lost ? 1 / norm.root / norm.scale : 1 / norm.scale, rest = lost ? limit : factor;
  each([&]<class T>(T* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) g[i] = static_cast<T>(static_cast<double>(g[i]) * down * rest);
  });
}

// visit(T*, n) for `n` values of a tensor from value `begin` on.
auto part_of(void* values, std::uint32_t dtype, std::uint64_t begin, std::uint64_t n) {
  return [=](auto visit) {
    if (dtype == TUNER_DTYPE_F32)
      visit(static_cast<float*>(values) + begin, n);
    else
      visit(static_cast<double*>(values) + begin, n);
  };
}

// Does the tensor belong to the last layer, whose outputs are the model's?
bool is_head(const TensorSpec& tensor, const std::vector<TensorSpec>& all) {
  return std::ranges::any_of(all, [&](const TensorSpec& other) {
    if (other.role != TUNER_ROLE_HEAD) return false;
    return other.name == tensor.name || (other.layer >= 0 && other.layer == tensor.layer);
  });
}

}  // namespace

void transform_gradients(Tensors& tensors, const TrainingSettings& t, std::int64_t step, const tuner_rng& rng) {
  if (t.noise_eta > 0) add_noise(tensors, t, step, rng);
  if (t.clip_value > 0) clip_by_value(tensors, t.clip_value);
  if (t.clip_agc > 0) clip_adaptively(tensors, t.clip_agc, t.agc_eps);
  if (t.clip_norm > 0) clip_by_norm(tensors, t.clip_norm, t.clip_norm_kind, t.clip_norm_per);
}

void add_noise(Tensors& tensors, const TrainingSettings& settings, std::int64_t step, tuner_rng rng) {
  const double deviation =
      std::sqrt(settings.noise_eta / std::pow(1.0 + static_cast<double>(step), settings.noise_gamma));
  std::uint64_t index = rng.position;
  double pair[2] = {0, 0};
  for_each_gradient(tensors, [&]<class T>(T* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i, ++index) {
      // Positions are even at every step, so a pair is computed once for both of its entries.
      if ((index & 1) == 0) tuner_rng_normal_block(&rng, index >> 1, pair);
      g[i] += static_cast<T>(deviation * pair[index & 1]);
    }
  });
}

void clip_by_value(Tensors& tensors, double limit) {
  for_each_gradient(tensors, [&]<class T>(T* g, std::uint64_t n) {
    const T high = static_cast<T>(limit), low = -high;
    for (std::uint64_t i = 0; i < n; ++i) g[i] = std::min(std::max(g[i], low), high);
  });
}

void clip_by_norm(Tensors& tensors, double limit, NormKind kind, NormScope per) {
  if (per == NormScope::all) return clip([&](auto visit) { for_each_gradient(tensors, visit); }, limit, kind);
  for (const tuner_tensor& t : tensors.abi())
    if (t.grad != nullptr) clip(part_of(t.grad, t.dtype, 0, t.numel), limit, kind);
}

void clip_adaptively(Tensors& tensors, double clip_to, double eps) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const tuner_tensor& t = tensors.abi()[i];
    const TensorSpec& spec = tensors.spec(i);
    if (t.grad == nullptr || t.numel == 0 || is_head(spec, tensors.specs())) continue;
    const std::uint64_t units = spec.shape.size() < 2 ? 1 : static_cast<std::uint64_t>(spec.shape.front());
    const std::uint64_t width = t.numel / units;
    for (std::uint64_t u = 0; u < units; ++u) {
      const double weight = norm_of(part_of(t.data, t.dtype, u * width, width), NormKind::l2).value();
      clip(part_of(t.grad, t.dtype, u * width, width), clip_to * std::max(weight, eps), NormKind::l2);
    }
  }
}

}  // namespace tuner
