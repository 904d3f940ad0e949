// Convolutions and pooling of images, as matrix products of patches.
//
// An image lies row by row, pixel by pixel, with the channels of a pixel side by side; samples follow each other. A
// patch of kernel x kernel pixels is then kernel runs of kernel x channels values, and a weight is out x (kernel x
// kernel x in).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "linear_algebra/products.hpp"

namespace tuner::objectives {

using Index = std::ptrdiff_t;

// Networks take the fastest products that the machine has.
inline constexpr auto kProducts = linear_algebra::Rounding::fused;

struct ImageShape {
  Index rows = 0, columns = 0, channels = 0;
  [[nodiscard]] Index pixels() const { return rows * columns; }
  [[nodiscard]] Index size() const { return rows * columns * channels; }
};

// z(y, x, o) = sum over u, v, c of W(o, u, v, c) a(y + u - h, x + v - h, c),  h = (kernel - 1) / 2 rounded down, a = 0
// outside of the image: z has the extents of a ("same" padding). The patches are those of one sample at a time, so that
// they stay in the cache.
template <class T>
class Convolution {
 public:
  Convolution(ImageShape input, Index out_channels, Index kernel);
  [[nodiscard]] ImageShape output() const { return {input_.rows, input_.columns, out_channels_}; }
  [[nodiscard]] Index patch() const { return kernel_ * kernel_ * input_.channels; }

  // out = W a for n samples, or out += W a.
  void apply(const T* weight, const T* input, Index n, T* out, bool add);
  // input_delta = or += W' delta.
  void apply_transposed(const T* weight, const T* delta, Index n, T* input_delta, bool add);
  // gradient = or += sum over samples and places of delta a'.
  void outer(const T* delta, const T* input, Index n, T* gradient, bool add);

 private:
  using Matrix = linear_algebra::Matrix<T>;
  [[nodiscard]] Matrix weights(const T* weight) const {
    return linear_algebra::by_rows(weight, static_cast<std::size_t>(out_channels_), static_cast<std::size_t>(patch()));
  }
  // Of one sample, pixel by pixel.
  [[nodiscard]] Matrix pixels(const T* values, Index channels) const {
    return linear_algebra::by_rows(values, static_cast<std::size_t>(input_.pixels()),
                                   static_cast<std::size_t>(channels));
  }
  [[nodiscard]] bool is_cut(Index y, Index x) const;
  void unfold(const T* image);
  void fold_into(T* image) const;

  ImageShape input_;
  Index out_channels_, kernel_;
  std::vector<T> patches_;            // patch() values for every pixel
  linear_algebra::Packed<T> packed_;  // the weight, for all samples of a call
};

extern template class Convolution<float>;
extern template class Convolution<double>;

// The largest value of each channel in every 2 x 2 pixels; the last row and column of an odd extent are pooled alone
// ("same" padding). Of equal values the first counts; NaN is larger than all.
template <class T>
class MaxPool {
 public:
  explicit MaxPool(ImageShape input) : input_(input) {}
  [[nodiscard]] ImageShape output() const { return {(input_.rows + 1) / 2, (input_.columns + 1) / 2, input_.channels}; }

  // out = the largest values of n samples, and winners = where in its sample each stands.
  void apply(const T* values, Index n, T* out, std::uint32_t* winners) const;
  // out = the values at the winners.
  void pick(const T* values, const std::uint32_t* winners, Index n, T* out) const;
  // out = delta at the winners, 0 elsewhere.
  void spread(const T* delta, const std::uint32_t* winners, Index n, T* out) const;

 private:
  ImageShape input_;
};

extern template class MaxPool<float>;
extern template class MaxPool<double>;

}  // namespace tuner::objectives
