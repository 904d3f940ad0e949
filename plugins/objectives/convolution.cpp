#include "convolution.hpp"

#include <algorithm>

#include "linear_algebra/elements.hpp"

namespace tuner::objectives {
namespace {

// Calls run(first value in the image, first value in the patch, count) for every row of the patch around (y, x), as far
// as it lies within the image.
template <class Run>
void for_runs(const ImageShape& image, Index kernel, Index y, Index x, Run&& run) {
  const Index before = (kernel - 1) / 2;
  const Index left = std::max<Index>(0, x - before);
  const Index right = std::min(image.columns, x - before + kernel);
  for (Index u = 0; u < kernel; ++u) {
    const Index row = y - before + u;
    if (row < 0 || row >= image.rows) continue;
    const Index in_patch = u * kernel + left - (x - before);
    run((row * image.columns + left) * image.channels, in_patch * image.channels, (right - left) * image.channels);
  }
}

}  // namespace

template <class T>
Convolution<T>::Convolution(ImageShape input, Index out_channels, Index kernel)
    : input_(input), out_channels_(out_channels), kernel_(kernel) {}

// Whether part of the patch around (y, x) is outside of the image.
template <class T>
bool Convolution<T>::is_cut(Index y, Index x) const {
  const Index before = (kernel_ - 1) / 2, behind = kernel_ - before;
  return y < before || x < before || y + behind > input_.rows || x + behind > input_.columns;
}

template <class T>
void Convolution<T>::unfold(const T* image) {
  if (patches_.empty()) patches_.resize(static_cast<std::size_t>(patch() * input_.pixels()));
  for (Index y = 0; y < input_.rows; ++y)
    for (Index x = 0; x < input_.columns; ++x) {
      T* column = patches_.data() + (y * input_.columns + x) * patch();
      if (is_cut(y, x)) std::fill_n(column, patch(), T(0));
      for_runs(input_, kernel_, y, x, [&](Index in_image, Index in_patch, Index count) {
        std::copy_n(image + in_image, count, column + in_patch);
      });
    }
}

template <class T>
void Convolution<T>::fold_into(T* image) const {
  for (Index y = 0; y < input_.rows; ++y)
    for (Index x = 0; x < input_.columns; ++x) {
      const T* column = patches_.data() + (y * input_.columns + x) * patch();
      for_runs(input_, kernel_, y, x, [&](Index in_image, Index in_patch, Index count) {
        for (Index i = 0; i < count; ++i) image[in_image + i] += column[in_patch + i];
      });
    }
}

template <class T>
void Convolution<T>::apply(const T* weight, const T* input, Index n, T* out, bool add) {
  packed_.pack(kProducts, weights(weight).transposed());
  for (Index i = 0; i < n; ++i) {
    unfold(input + i * input_.size());
    multiply(pixels(patches_.data(), patch()), packed_, out + i * output().size(),
             static_cast<std::size_t>(out_channels_), add);
  }
}

template <class T>
void Convolution<T>::apply_transposed(const T* weight, const T* delta, Index n, T* input_delta, bool add) {
  if (!add) std::fill_n(input_delta, n * input_.size(), T(0));
  packed_.pack(kProducts, weights(weight));
  patches_.resize(static_cast<std::size_t>(patch() * input_.pixels()));
  for (Index i = 0; i < n; ++i) {
    multiply(pixels(delta + i * output().size(), out_channels_), packed_, patches_.data(),
             static_cast<std::size_t>(patch()), false);
    fold_into(input_delta + i * input_.size());
  }
}

template <class T>
void Convolution<T>::outer(const T* delta, const T* input, Index n, T* gradient, bool add) {
  for (Index i = 0; i < n; ++i) {
    unfold(input + i * input_.size());
    multiply(kProducts, pixels(delta + i * output().size(), out_channels_).transposed(),
             pixels(patches_.data(), patch()),
             linear_algebra::Target<T>{gradient, static_cast<std::size_t>(patch()), 1, add || i > 0});
  }
}

template class Convolution<float>;
template class Convolution<double>;

template <class T>
void MaxPool<T>::apply(const T* values, Index n, T* out, std::uint32_t* winners) const {
  const ImageShape to = output();
  for (Index i = 0; i < n; ++i, values += input_.size())
    for (Index y = 0; y < to.rows; ++y)
      for (Index x = 0; x < to.columns; ++x, out += to.channels, winners += to.channels) {
        // At an odd edge the same pixels again.
        const Index top = 2 * y * input_.columns, left = 2 * x, right = std::min(left + 1, input_.columns - 1);
        const Index bottom = std::min(2 * y + 1, input_.rows - 1) * input_.columns;
        const auto place = [&](Index pixel) { return static_cast<std::size_t>(pixel * to.channels); };
        std::size_t places[4] = {place(top + left), place(top + right), place(bottom + left), place(bottom + right)};
        linear_algebra::largest_of_four(values, places, static_cast<std::size_t>(to.channels), out, winners);
      }
}

template <class T>
void MaxPool<T>::pick(const T* values, const std::uint32_t* winners, Index n, T* out) const {
  const Index size = output().size();
  for (Index i = 0; i < n; ++i, values += input_.size())
    for (Index k = 0; k < size; ++k) *out++ = values[*winners++];
}

template <class T>
void MaxPool<T>::spread(const T* delta, const std::uint32_t* winners, Index n, T* out) const {
  const Index size = output().size();
  std::fill_n(out, n * input_.size(), T(0));
  for (Index i = 0; i < n; ++i, out += input_.size())
    for (Index k = 0; k < size; ++k) out[*winners++] = *delta++;
}

template class MaxPool<float>;
template class MaxPool<double>;

}  // namespace tuner::objectives
