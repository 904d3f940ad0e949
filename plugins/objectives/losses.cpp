#include "losses.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "activation.hpp"

namespace tuner::objectives {
namespace {

// log sum_k exp(z_k - top) and, in p, the probabilities; no exponential overflows since z_k <= top.
template <class T>
T softmax_of(const T* z, std::ptrdiff_t classes, T top, T* p) {
  T sum = 0;
  for (std::ptrdiff_t k = 0; k < classes; ++k) sum += p[k] = std::exp(z[k] - top);
  for (std::ptrdiff_t k = 0; k < classes; ++k) p[k] /= sum;
  return std::log(sum);
}

// 1 - p_k, without cancellation where p_k is nearly 1.
template <class T>
T complement(const T* p, std::ptrdiff_t classes, std::ptrdiff_t k) {
  if (p[k] < T(0.5)) return 1 - p[k];
  T sum = 0;
  for (std::ptrdiff_t j = 0; j < classes; ++j) sum += j == k ? T(0) : p[j];
  return sum;
}

}  // namespace

template <class T>
void softmax(const T* z, std::ptrdiff_t classes, double* p) {
  const auto top = static_cast<double>(*std::max_element(z, z + classes));
  double sum = 0;
  for (std::ptrdiff_t k = 0; k < classes; ++k) sum += p[k] = std::exp(static_cast<double>(z[k]) - top);
  for (std::ptrdiff_t k = 0; k < classes; ++k) p[k] /= sum;
}

template void softmax<float>(const float*, std::ptrdiff_t, double*);
template void softmax<double>(const double*, std::ptrdiff_t, double*);

template <class T>
Losses<T>::Losses(LossSettings settings, std::ptrdiff_t classes)
    : settings_(std::move(settings)),
      classes_(classes),
      weights_(settings_.class_weights.begin(), settings_.class_weights.end()) {}

template <class T>
typename Losses<T>::Target Losses<T>::target(bool training) const {
  const double smoothing = training ? settings_.label_smoothing : 0;
  return {static_cast<T>(1 - smoothing), static_cast<T>(smoothing / static_cast<double>(classes_))};
}

// In `probabilities`: p where the loss has a softmax.
template <class T>
double Losses<T>::value(const T* z, std::uint32_t label, Target q, T* probabilities, bool* finite) const {
  const auto of = [&](std::ptrdiff_t k) { return q.off + (k == static_cast<std::ptrdiff_t>(label) ? q.on : T(0)); };
  double loss = 0;
  if (settings_.kind == LossKind::mse || settings_.kind == LossKind::binary_cross_entropy) {
    for (std::ptrdiff_t k = 0; k < classes_; ++k) {
      const auto x = static_cast<double>(z[k]), target = static_cast<double>(of(k));
      if (settings_.kind == LossKind::mse)
        loss += (x - target) * (x - target);
      else
        loss += std::max(x, 0.0) - target * x + std::log1p(std::exp(-std::abs(x)));
      *finite = *finite && std::isfinite(x);
    }
    return loss / static_cast<double>(classes_);
  }
  const T top = *std::max_element(z, z + classes_);
  const T log_sum = softmax_of(z, classes_, top, probabilities);
  *finite = std::isfinite(log_sum);
  if (settings_.kind == LossKind::focal) {
    for (std::ptrdiff_t k = 0; k < classes_; ++k) {
      const auto rest = static_cast<double>(complement(probabilities, classes_, k));
      const double log_p =
          rest < 0.5 ? std::log1p(-rest) : static_cast<double>(z[k] - top) - static_cast<double>(log_sum);
      if (of(k) != 0) loss -= static_cast<double>(of(k)) * std::pow(rest, settings_.focal_gamma) * log_p;
    }
    return loss;
  }
  // -sum q_k log p_k = log_sum - sum q_k (z_k - top): differences first, so that large logits cancel exactly.
  loss = static_cast<double>(log_sum) - static_cast<double>(q.on) * static_cast<double>(z[label] - top);
  if (q.off != 0)
    for (std::ptrdiff_t k = 0; k < classes_; ++k) loss -= static_cast<double>(q.off) * static_cast<double>(z[k] - top);
  return loss;
}

// delta holds the probabilities on entry where the loss has a softmax.
template <class T>
void Losses<T>::derivative(const T* z, std::uint32_t label, Target q, T weight, T* delta) const {
  const auto own = static_cast<std::ptrdiff_t>(label);
  const T share = weight / static_cast<T>(classes_);
  switch (settings_.kind) {
    case LossKind::cross_entropy:
      for (std::ptrdiff_t k = 0; k < classes_; ++k) delta[k] = weight * (delta[k] - q.off - (k == own ? q.on : T(0)));
      return;
    case LossKind::mse:
      for (std::ptrdiff_t k = 0; k < classes_; ++k) delta[k] = 2 * share * (z[k] - q.off - (k == own ? q.on : T(0)));
      return;
    case LossKind::binary_cross_entropy:
      for (std::ptrdiff_t k = 0; k < classes_; ++k)
        delta[k] = share * (logistic(z[k]) - q.off - (k == own ? q.on : T(0)));
      return;
    case LossKind::focal:
      return focal_derivative(z, label, q, weight, delta);
  }
}

// For u = 1 - p and f(p) = -u^gamma log p: first = p f'(p) = u^gamma (gamma p r - 1) with r = log(p) / u, which tends
// to -1 as p tends to 1; second = d first / d p = gamma u^(gamma-1) (log p + 2 - (gamma-1) p r).
template <class T>
void Losses<T>::focal_terms(const T* z, const T* p, T top, T log_sum, std::ptrdiff_t k, T* first, T* second) const {
  const T gamma = static_cast<T>(settings_.focal_gamma);
  const T u = complement(p, classes_, k), log_p = u < T(0.5) ? std::log1p(-u) : z[k] - top - log_sum;
  const T r = u > 0 ? log_p / u : T(-1);
  *first = std::pow(u, gamma) * (gamma * p[k] * r - 1);
  // At u = 0, where p does not change, 0 stands for what may be infinite.
  *second = gamma == 0 || u == 0 ? T(0) : gamma * std::pow(u, gamma - 1) * (log_p + 2 - (gamma - 1) * p[k] * r);
}

// With h_k = q_k p_k f'(p_k): delta_j = h_j - p_j sum h = h_j (1 - p_j) - p_j (the other h)
template <class T>
void Losses<T>::focal_derivative(const T* z, std::uint32_t label, Target q, T weight, T* delta) const {
  std::vector<T> p(delta, delta + classes_);
  const T top = *std::max_element(z, z + classes_);
  T exponentials = 0;
  for (std::ptrdiff_t k = 0; k < classes_; ++k) exponentials += std::exp(z[k] - top);
  const T log_sum = std::log(exponentials);
  T sum = 0;
  for (std::ptrdiff_t k = 0; k < classes_; ++k) {
    const T target = q.off + (k == static_cast<std::ptrdiff_t>(label) ? q.on : T(0));
    T first = 0, second = 0;
    if (target != 0) focal_terms(z, p.data(), top, log_sum, k, &first, &second);
    sum += delta[k] = target * first;
  }
  for (std::ptrdiff_t k = 0; k < classes_; ++k) {
    const T own = delta[k], others = sum - own;
    delta[k] = weight * (own * complement(p.data(), classes_, k) - p[static_cast<std::size_t>(k)] * others);
  }
}

// h' = q (d h / d p) p' with p' = p (z' - p.z');  delta_j' = h_j' - p_j' sum h - p_j sum h'
template <class T>
void Losses<T>::focal_rates(const T* z, const T* z_rate, std::uint32_t label, Target q, T weight, T* p, T* out) const {
  const T top = *std::max_element(z, z + classes_);
  const T log_sum = softmax_of(z, classes_, top, p);
  T mean = 0, sum = 0, sum_rate = 0;
  for (std::ptrdiff_t k = 0; k < classes_; ++k) mean += p[k] * z_rate[k];
  for (std::ptrdiff_t k = 0; k < classes_; ++k) {
    const T target = q.off + (k == static_cast<std::ptrdiff_t>(label) ? q.on : T(0));
    T first = 0, second = 0;
    if (target != 0) focal_terms(z, p, top, log_sum, k, &first, &second);
    sum += target * first;
    sum_rate += out[k] = target * second * p[k] * (z_rate[k] - mean);
  }
  for (std::ptrdiff_t k = 0; k < classes_; ++k)
    out[k] = weight * (out[k] - p[k] * (z_rate[k] - mean) * sum - p[k] * sum_rate);
}

template <class T>
BatchResult Losses<T>::evaluate(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, bool training,
                                bool with_delta, T weight, T* delta) const {
  const Target q = target(training);
  BatchResult sums;
  for (std::ptrdiff_t i = 0; i < n; ++i, z += classes_, delta += classes_) {
    const std::uint32_t label = labels[i];
    const T scale = class_weight(label, training);
    bool finite = true;
    sums.loss += static_cast<double>(scale) * value(z, label, q, delta, &finite);
    const bool hit = std::max_element(z, z + classes_) - z == static_cast<std::ptrdiff_t>(label);
    sums.accuracy += hit && finite ? 1 : 0;
    if (with_delta) derivative(z, label, q, weight * scale, delta);
  }
  return sums;
}

template <class T>
void Losses<T>::rates(const T* z, const T* z_rate, const std::uint32_t* labels, std::ptrdiff_t n, T weight,
                      T* delta_rate) const {
  std::vector<T> p(static_cast<std::size_t>(classes_));
  for (std::ptrdiff_t i = 0; i < n; ++i, z += classes_, z_rate += classes_, delta_rate += classes_) {
    const T scaled = weight * class_weight(labels[i], true), share = scaled / static_cast<T>(classes_);
    switch (settings_.kind) {
      case LossKind::cross_entropy: {  // delta = weight (p - q), so delta' = weight p (z' - p.z')
        softmax_of(z, classes_, *std::max_element(z, z + classes_), p.data());
        T mean = 0;
        for (std::ptrdiff_t k = 0; k < classes_; ++k) mean += p[k] * z_rate[k];
        for (std::ptrdiff_t k = 0; k < classes_; ++k) delta_rate[k] = scaled * p[k] * (z_rate[k] - mean);
        break;
      }
      case LossKind::mse:
        for (std::ptrdiff_t k = 0; k < classes_; ++k) delta_rate[k] = 2 * share * z_rate[k];
        break;
      case LossKind::binary_cross_entropy:
        for (std::ptrdiff_t k = 0; k < classes_; ++k) {
          const T s = logistic(z[k]);
          delta_rate[k] = share * s * (1 - s) * z_rate[k];
        }
        break;
      case LossKind::focal:
        focal_rates(z, z_rate, labels[i], target(true), scaled, p.data(), delta_rate);
        break;
    }
  }
}

template class Losses<float>;
template class Losses<double>;

}  // namespace tuner::objectives
