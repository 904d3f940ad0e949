#include "convolution.hpp"

#include <algorithm>

namespace tuner::objectives {
namespace {

// Calls run(first value in the image, first value in the patch, count) for every row of the patch around (y, x), as far
// as it lies within the image.
template <class Run>
void for_runs(const ImageShape& image, Eigen::Index kernel, Eigen::Index y, Eigen::Index x, Run&& run) {
  const Eigen::Index before = (kernel - 1) / 2;
  const Eigen::Index left = std::max<Eigen::Index>(0, x - before);
  const Eigen::Index right = std::min(image.columns, x - before + kernel);
  for (Eigen::Index u = 0; u < kernel; ++u) {
    const Eigen::Index row = y - before + u;
    if (row < 0 || row >= image.rows) continue;
    const Eigen::Index in_patch = u * kernel + left - (x - before);
    run((row * image.columns + left) * image.channels, in_patch * image.channels, (right - left) * image.channels);
  }
}

}  // namespace

template <class T>
Convolution<T>::Convolution(ImageShape input, Eigen::Index out_channels, Eigen::Index kernel)
    : input_(input), out_channels_(out_channels), kernel_(kernel) {}

// Whether part of the patch around (y, x) is outside of the image.
template <class T>
bool Convolution<T>::is_cut(Eigen::Index y, Eigen::Index x) const {
  const Eigen::Index before = (kernel_ - 1) / 2, behind = kernel_ - before;
  return y < before || x < before || y + behind > input_.rows || x + behind > input_.columns;
}

template <class T>
void Convolution<T>::unfold(const T* image) {
  if (patches_.size() == 0) patches_.resize(patch(), input_.pixels());
  for (Eigen::Index y = 0; y < input_.rows; ++y)
    for (Eigen::Index x = 0; x < input_.columns; ++x) {
      T* column = patches_.col(y * input_.columns + x).data();
      if (is_cut(y, x)) std::fill_n(column, patch(), T(0));
      for_runs(input_, kernel_, y, x, [&](Eigen::Index in_image, Eigen::Index in_patch, Eigen::Index count) {
        std::copy_n(image + in_image, count, column + in_patch);
      });
    }
}

template <class T>
void Convolution<T>::fold_into(T* image) const {
  for (Eigen::Index y = 0; y < input_.rows; ++y)
    for (Eigen::Index x = 0; x < input_.columns; ++x) {
      const T* column = patches_.col(y * input_.columns + x).data();
      for_runs(input_, kernel_, y, x, [&](Eigen::Index in_image, Eigen::Index in_patch, Eigen::Index count) {
        for (Eigen::Index i = 0; i < count; ++i) image[in_image + i] += column[in_patch + i];
      });
    }
}

template <class T>
void Convolution<T>::apply(const T* weight, const T* input, Eigen::Index n, T* out) {
  const Eigen::Map<const Weights> w(weight, out_channels_, patch());
  for (Eigen::Index i = 0; i < n; ++i) {
    unfold(input + i * input_.size());
    Eigen::Map<Matrix>(out + i * output().size(), out_channels_, input_.pixels()).noalias() += w * patches_;
  }
}

template <class T>
void Convolution<T>::apply_transposed(const T* weight, const T* delta, Eigen::Index n, T* input_delta) {
  const Eigen::Map<const Weights> w(weight, out_channels_, patch());
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Map<const Matrix> d(delta + i * output().size(), out_channels_, input_.pixels());
    patches_.noalias() = w.transpose() * d;
    fold_into(input_delta + i * input_.size());
  }
}

template <class T>
void Convolution<T>::add_outer(const T* delta, const T* input, Eigen::Index n, T* gradient) {
  Eigen::Map<Weights> g(gradient, out_channels_, patch());
  for (Eigen::Index i = 0; i < n; ++i) {
    unfold(input + i * input_.size());
    g.noalias() +=
        Eigen::Map<const Matrix>(delta + i * output().size(), out_channels_, input_.pixels()) * patches_.transpose();
  }
}

template class Convolution<float>;
template class Convolution<double>;

template <class T>
void MaxPool<T>::apply(const T* values, Eigen::Index n, T* out, std::uint32_t* winners) const {
  const ImageShape to = output();
  for (Eigen::Index i = 0; i < n; ++i, values += input_.size())
    for (Eigen::Index y = 0; y < to.rows; ++y)
      for (Eigen::Index x = 0; x < to.columns; ++x, out += to.channels, winners += to.channels) {
        const Eigen::Index bottom = std::min(2 * y + 2, input_.rows), right = std::min(2 * x + 2, input_.columns);
        const Eigen::Index first = (2 * y * input_.columns + 2 * x) * to.channels;
        for (Eigen::Index c = 0; c < to.channels; ++c) winners[c] = static_cast<std::uint32_t>(first + c);
        std::copy_n(values + first, to.channels, out);
        for (Eigen::Index v = 2 * y; v < bottom; ++v)
          for (Eigen::Index u = 2 * x; u < right; ++u) {
            const Eigen::Index at = (v * input_.columns + u) * to.channels;
            for (Eigen::Index c = 0; c < to.channels; ++c) {
              const T value = values[at + c];
              const bool larger = value > out[c] || value != value;
              winners[c] = larger ? static_cast<std::uint32_t>(at + c) : winners[c];
              out[c] = larger ? value : out[c];
            }
          }
      }
}

template <class T>
void MaxPool<T>::pick(const T* values, const std::uint32_t* winners, Eigen::Index n, T* out) const {
  const Eigen::Index size = output().size();
  for (Eigen::Index i = 0; i < n; ++i, values += input_.size())
    for (Eigen::Index k = 0; k < size; ++k) *out++ = values[*winners++];
}

template <class T>
void MaxPool<T>::spread(const T* delta, const std::uint32_t* winners, Eigen::Index n, T* out) const {
  const Eigen::Index size = output().size();
  std::fill_n(out, n * input_.size(), T(0));
  for (Eigen::Index i = 0; i < n; ++i, out += input_.size())
    for (Eigen::Index k = 0; k < size; ++k) out[*winners++] = *delta++;
}

template class MaxPool<float>;
template class MaxPool<double>;

}  // namespace tuner::objectives
