// Losses of a classifier's last layer, with their first and second derivatives by its outputs z.
//
//   p = softmax(z),  q_k = (1 - label_smoothing) [k = label] + label_smoothing / classes
//   cross_entropy         -sum_k q_k log p_k
//   focal                 -sum_k q_k (1 - p_k)^gamma log p_k
//   mse                   mean over k of (z_k - q_k)^2
//   binary_cross_entropy  mean over k of log(1 + exp(z_k)) - q_k z_k
//
// In training the loss of a sample is multiplied by the weight of its class; the loss of a batch is the mean over its
// samples. (PyTorch divides by the sum of the weights instead.) Label smoothing, too, acts in training alone.
// Source: focal: Lin, Goyal, Girshick, He, Dollar 2017, eq. 4, for any number of classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tuner::objectives {

enum class LossKind : std::uint32_t { cross_entropy, mse, binary_cross_entropy, focal };

struct LossSettings {
  LossKind kind = LossKind::cross_entropy;
  double label_smoothing = 0;
  double focal_gamma = 2;
  std::vector<double> class_weights{};  // one for every class, or none: all 1
};

struct BatchResult {
  double loss = 0;
  double accuracy = 0;  // share of samples whose largest output is their label's; embedding_losses.hpp has another
};

template <class T>
class Losses {
 public:
  Losses(LossSettings settings, std::ptrdiff_t classes);

  // Sums over n samples, whose outputs are the columns of z. delta, as large as z, is workspace; with with_delta it
  // becomes weight times the derivative of the loss by z.
  BatchResult evaluate(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, bool training, bool with_delta,
                       T weight, T* delta) const;

  // delta_rate = derivative of the training delta along z_rate.
  void rates(const T* z, const T* z_rate, const std::uint32_t* labels, std::ptrdiff_t n, T weight, T* delta_rate) const;

 private:
  struct Target {
    T on, off;  // q_k = off + (k == label ? on : 0)
  };
  double value(const T* z, std::uint32_t label, Target q, T* probabilities, bool* finite) const;
  void derivative(const T* z, std::uint32_t label, Target q, T weight, T* delta) const;
  void focal_terms(const T* z, const T* p, T top, T log_sum, std::ptrdiff_t k, T* first, T* second) const;
  void focal_derivative(const T* z, std::uint32_t label, Target q, T weight, T* delta) const;
  void focal_rates(const T* z, const T* z_rate, std::uint32_t label, Target q, T weight, T* p, T* out) const;
  [[nodiscard]] Target target(bool training) const;
  [[nodiscard]] T class_weight(std::uint32_t label, bool training) const {
    return training && !weights_.empty() ? weights_[label] : T(1);
  }

  LossSettings settings_;
  std::ptrdiff_t classes_;
  std::vector<T> weights_;
};

// p = softmax(z), in double.
template <class T>
void softmax(const T* z, std::ptrdiff_t classes, double* p);

extern template class Losses<float>;
extern template class Losses<double>;

}  // namespace tuner::objectives
