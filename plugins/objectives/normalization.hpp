// Normalization of a layer's values before its activation, with exact derivatives of first and second order.
//
//   y = scale (z - mean) / sqrt(variance + 1e-5) + shift,   scale and shift: one for each unit, or channel of an image
//
// Mean and (biased) variance are taken over a set of values. batch: of one channel over all samples and places of the
// piece that goes through at once; layer, group: of one sample, over all channels or a group of neighbours, and all
// places. In evaluation mode batch normalization takes the running statistics, which every training piece moves:
//   running = (1 - momentum) running + momentum statistic,   the variance there times n / (n - 1), as PyTorch;
// a piece with one value for each channel leaves the running variance alone.
// Source: Ioffe, Szegedy 2015, algorithm 1; Ba, Kiros, Hinton 2016, eq. 4 (scale and shift for each channel of an
// image, as Wu, He 2018); Hoffer, Hubara, Soudry 2017, algorithm 1 (ghost batches are pieces of the batch).
#pragma once

#include <cstddef>
#include <vector>

namespace tuner::objectives {

// Values lie sample by sample, place by place, a value for each channel.
struct NormalizationShape {
  std::size_t channels = 0;
  std::size_t places = 1;         // pixels of an image; 1 for a dense layer
  std::size_t together = 1;       // neighbouring channels with common statistics
  bool across_samples = true;     // batch: over all samples; else each sample has its own statistics
  double running_momentum = 0.1;  // of batch normalization
};

template <class T>
struct NormalizationTensors {
  const T *scale = nullptr, *shift = nullptr;
  T *scale_grad = nullptr, *shift_grad = nullptr;          // null: not wanted
  T *running_mean = nullptr, *running_variance = nullptr;  // of batch normalization
};

// Threads: one at a time. Calls come in the order forward, backward, and for Hessian products forward, forward_rates,
// backward_rates, with the same n; values, deltas and rates are changed in place, n samples each.
template <class T>
class Normalization {
 public:
  enum class Statistics { of_samples, of_samples_moving_the_running, running };

  Normalization(NormalizationShape shape, NormalizationTensors<T> tensors);

  void forward(T* values, std::size_t n, Statistics statistics);
  // Gradients of scale and shift: overwritten, or added to.
  void backward(T* delta, std::size_t n, bool overwrite);

  // Derivatives along vectors: of values along (values' rate, scale_vector, shift_vector), null vectors are zero.
  void forward_rates(T* rates, std::size_t n, const T* scale_vector, const T* shift_vector);
  // delta and delta_rate become the derivatives by the values that came in. Products as gradients.
  struct Products {
    const T* scale_vector;
    T *scale, *shift;
  };
  void backward_rates(T* delta, T* delta_rate, std::size_t n, Products products, bool overwrite);

 private:
  [[nodiscard]] std::size_t blocks(std::size_t n) const { return shape_.across_samples ? 1 : n; }
  [[nodiscard]] std::size_t columns(std::size_t n) const {
    return shape_.across_samples ? n * shape_.places : shape_.places;
  }
  template <class Value>
  void sum_of(std::size_t columns, Value&& value, std::vector<double>& sums) const;
  void share(std::size_t columns, std::vector<double>& sums) const;
  void normalize(T* values, std::size_t columns, std::size_t block);
  void move_running(std::size_t columns);
  static void store(const std::vector<double>& sums, T* out, bool overwrite);

  NormalizationShape shape_;
  NormalizationTensors<T> tensors_;
  bool fixed_ = false;                   // the latest statistics were the running ones
  std::vector<T> normal_, normal_rate_;  // (z - mean) / deviation, and its rate
  std::vector<T> inverse_, spread_;      // for every block and channel: 1 / deviation, deviation' / deviation
  std::vector<double> first_, second_, third_, fourth_;  // workspaces, for every channel
};

extern template class Normalization<float>;
extern template class Normalization<double>;

}  // namespace tuner::objectives
