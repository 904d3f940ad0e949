// Convolutions and pooling of images, as matrix products of patches.
//
// An image lies row by row, pixel by pixel, with the channels of a pixel side by side; samples follow each other. A
// patch of kernel x kernel pixels is then kernel runs of kernel x channels values, and a weight is out x (kernel x
// kernel x in).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace tuner::objectives {

struct ImageShape {
  Eigen::Index rows = 0, columns = 0, channels = 0;
  [[nodiscard]] Eigen::Index pixels() const { return rows * columns; }
  [[nodiscard]] Eigen::Index size() const { return rows * columns * channels; }
};

// z(y, x, o) = sum over u, v, c of W(o, u, v, c) a(y + u - h, x + v - h, c),  h = (kernel - 1) / 2 rounded down, a = 0
// outside of the image: z has the extents of a ("same" padding). The patches are those of one sample at a time, so that
// they stay in the cache.
template <class T>
class Convolution {
 public:
  Convolution(ImageShape input, Eigen::Index out_channels, Eigen::Index kernel);
  [[nodiscard]] ImageShape output() const { return {input_.rows, input_.columns, out_channels_}; }
  [[nodiscard]] Eigen::Index patch() const { return kernel_ * kernel_ * input_.channels; }

  // out += W a for n samples.
  void apply(const T* weight, const T* input, Eigen::Index n, T* out);
  // input_delta += W' delta.
  void apply_transposed(const T* weight, const T* delta, Eigen::Index n, T* input_delta);
  // gradient += sum over samples and places of delta a'.
  void add_outer(const T* delta, const T* input, Eigen::Index n, T* gradient);

 private:
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using Weights = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  [[nodiscard]] bool is_cut(Eigen::Index y, Eigen::Index x) const;
  void unfold(const T* image);
  void fold_into(T* image) const;

  ImageShape input_;
  Eigen::Index out_channels_, kernel_;
  Matrix patches_;  // patch() x pixels
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
  void apply(const T* values, Eigen::Index n, T* out, std::uint32_t* winners) const;
  // out = the values at the winners.
  void pick(const T* values, const std::uint32_t* winners, Eigen::Index n, T* out) const;
  // out = delta at the winners, 0 elsewhere.
  void spread(const T* delta, const std::uint32_t* winners, Eigen::Index n, T* out) const;

 private:
  ImageShape input_;
};

extern template class MaxPool<float>;
extern template class MaxPool<double>;

}  // namespace tuner::objectives
