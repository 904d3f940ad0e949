#include "normalization.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tuner::objectives {
namespace {

constexpr double kEpsilon = 1e-5;

template <class T>
void make_room(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

}  // namespace

template <class T>
Normalization<T>::Normalization(NormalizationShape shape, NormalizationTensors<T> tensors)
    : shape_(shape), tensors_(tensors) {
  for (std::vector<double>* means : {&first_, &second_, &third_, &fourth_}) means->resize(shape.channels);
}

// sums[c] = sum of value(i, c) over the elements of channel c, in double precision. i counts within the block, a column
// of channels after another.
template <class T>
template <class Value>
void Normalization<T>::sum_of(std::size_t columns, Value&& value, std::vector<double>& sums) const {
  const std::size_t channels = shape_.channels;
  std::fill(sums.begin(), sums.end(), 0.0);
  double* out = sums.data();
  for (std::size_t column = 0; column < columns; ++column)
    for (std::size_t c = 0; c < channels; ++c) out[c] += static_cast<double>(value(column * channels + c, c));
}

// Turns sums of the channels into means over all elements that share their statistics.
template <class T>
void Normalization<T>::share(std::size_t columns, std::vector<double>& sums) const {
  const auto together = static_cast<std::ptrdiff_t>(shape_.together);
  const double elements = static_cast<double>(columns * shape_.together);
  for (auto group = sums.begin(); group != sums.end(); group += together)
    std::fill(group, group + together, std::accumulate(group, group + together, 0.0) / elements);
}

template <class T>
void Normalization<T>::normalize(T* values, std::size_t columns, std::size_t block) {
  const std::size_t channels = shape_.channels;
  T* normal = normal_.data() + block * columns * channels;
  T* inverse = inverse_.data() + block * channels;
  for (std::size_t c = 0; c < channels; ++c) inverse[c] = static_cast<T>(1 / std::sqrt(second_[c] + kEpsilon));
  for (std::size_t column = 0; column < columns; ++column)
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t i = column * channels + c;
      normal[i] = static_cast<T>(static_cast<double>(values[i]) - first_[c]) * inverse[c];
      values[i] = tensors_.scale[c] * normal[i] + tensors_.shift[c];
    }
}

template <class T>
void Normalization<T>::move_running(std::size_t columns) {
  const double momentum = shape_.running_momentum, n = static_cast<double>(columns);
  for (std::size_t c = 0; c < shape_.channels; ++c) {
    T &mean = tensors_.running_mean[c], &variance = tensors_.running_variance[c];
    mean = static_cast<T>((1 - momentum) * static_cast<double>(mean) + momentum * first_[c]);
    if (columns > 1)
      variance = static_cast<T>((1 - momentum) * static_cast<double>(variance) + momentum * second_[c] * n / (n - 1));
  }
}

template <class T>
void Normalization<T>::forward(T* values, std::size_t n, Statistics statistics) {
  const std::size_t channels = shape_.channels, m = columns(n);
  fixed_ = shape_.across_samples && statistics == Statistics::running;
  make_room(normal_, n * shape_.places * channels);
  make_room(inverse_, blocks(n) * channels);
  for (std::size_t block = 0; block < blocks(n); ++block, values += m * channels) {
    if (fixed_) {
      std::copy_n(tensors_.running_mean, channels, first_.begin());
      std::copy_n(tensors_.running_variance, channels, second_.begin());
    } else {
      sum_of(
          m, [=](std::size_t i, std::size_t) { return values[i]; }, first_);
      share(m, first_);
      const auto square = [=, mean = first_.data()](std::size_t i, std::size_t c) {
        const double difference = static_cast<double>(values[i]) - mean[c];
        return difference * difference;
      };
      sum_of(m, square, second_);
      share(m, second_);
      if (shape_.across_samples && statistics == Statistics::of_samples_moving_the_running) move_running(m);
    }
    normalize(values, m, block);
  }
}

// With x = (z - mean) / deviation and g = scale d:  dz = (g - mean(g) - x mean(g x)) / deviation; where the statistics
// are the running ones, dz = g / deviation.  d scale = sum d x,  d shift = sum d
template <class T>
void Normalization<T>::backward(T* delta, std::size_t n, bool overwrite) {
  const std::size_t channels = shape_.channels, m = columns(n);
  const T* scale = tensors_.scale;
  for (std::size_t block = 0; block < blocks(n); ++block, delta += m * channels) {
    const T *x = normal_.data() + block * m * channels, *inverse = inverse_.data() + block * channels;
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta[i]; }, first_);
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta[i] * x[i]; }, second_);
    store(first_, tensors_.shift_grad, overwrite && block == 0);
    store(second_, tensors_.scale_grad, overwrite && block == 0);
    for (std::size_t c = 0; c < channels; ++c) {
      first_[c] *= fixed_ ? 0 : static_cast<double>(scale[c]);
      second_[c] *= fixed_ ? 0 : static_cast<double>(scale[c]);
    }
    share(m, first_);
    share(m, second_);
    for (std::size_t column = 0; column < m; ++column)
      for (std::size_t c = 0; c < channels; ++c) {
        T& d = delta[column * channels + c];
        d = (scale[c] * d - static_cast<T>(first_[c]) - x[column * channels + c] * static_cast<T>(second_[c])) *
            inverse[c];
      }
  }
}

template <class T>
void Normalization<T>::store(const std::vector<double>& sums, T* out, bool overwrite) {
  if (out == nullptr) return;
  for (std::size_t c = 0; c < sums.size(); ++c)
    out[c] = static_cast<T>(sums[c] + (overwrite ? 0 : static_cast<double>(out[c])));
}

// x' = (z' - mean(z') - x s) / deviation with s = mean(x z') = deviation';  y' = scale' x + scale x' + shift'
template <class T>
void Normalization<T>::forward_rates(T* rates, std::size_t n, const T* scale_vector, const T* shift_vector) {
  const std::size_t channels = shape_.channels, m = columns(n);
  make_room(normal_rate_, n * shape_.places * channels);
  make_room(spread_, blocks(n) * channels);
  for (std::size_t block = 0; block < blocks(n); ++block, rates += m * channels) {
    const T *x = normal_.data() + block * m * channels, *inverse = inverse_.data() + block * channels;
    T *x_rate = normal_rate_.data() + block * m * channels, *spread = spread_.data() + block * channels;
    sum_of(
        m, [=](std::size_t i, std::size_t) { return rates[i]; }, first_);
    sum_of(
        m, [=](std::size_t i, std::size_t) { return rates[i] * x[i]; }, second_);
    share(m, first_);
    share(m, second_);
    for (std::size_t c = 0; c < channels; ++c) spread[c] = static_cast<T>(second_[c]) * inverse[c];
    for (std::size_t column = 0; column < m; ++column)
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t i = column * channels + c;
        x_rate[i] = (rates[i] - static_cast<T>(first_[c])) * inverse[c] - x[i] * spread[c];
        rates[i] = tensors_.scale[c] * x_rate[i];
        if (scale_vector != nullptr) rates[i] += scale_vector[c] * x[i];
        if (shift_vector != nullptr) rates[i] += shift_vector[c];
      }
  }
}

// The derivative of backward():  with g' = scale' d + scale d',
//   dz' = (g' - mean(g') - x' mean(g x) - x mean(g' x + g x')) / deviation - dz deviation' / deviation
//   (d scale)' = sum d' x + d x',  (d shift)' = sum d'
template <class T>
void Normalization<T>::backward_rates(T* delta, T* delta_rate, std::size_t n, Products products, bool overwrite) {
  const std::size_t channels = shape_.channels, m = columns(n);
  for (std::size_t block = 0; block < blocks(n); ++block, delta += m * channels, delta_rate += m * channels) {
    const T *x = normal_.data() + block * m * channels, *x_rate = normal_rate_.data() + block * m * channels;
    const T *inverse = inverse_.data() + block * channels, *spread = spread_.data() + block * channels;
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta[i]; }, first_);
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta[i] * x[i]; }, second_);
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta_rate[i]; }, third_);
    sum_of(
        m, [=](std::size_t i, std::size_t) { return delta_rate[i] * x[i] + delta[i] * x_rate[i]; }, fourth_);
    store(third_, products.shift, overwrite && block == 0);
    store(fourth_, products.scale, overwrite && block == 0);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto scale = static_cast<double>(tensors_.scale[c]);
      const double along = products.scale_vector == nullptr ? 0 : static_cast<double>(products.scale_vector[c]);
      third_[c] = along * first_[c] + scale * third_[c];
      fourth_[c] = along * second_[c] + scale * fourth_[c];
      first_[c] *= scale;
      second_[c] *= scale;
    }
    for (std::vector<double>* sums : {&first_, &second_, &third_, &fourth_}) share(m, *sums);
    for (std::size_t column = 0; column < m; ++column)
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t i = column * channels + c;
        const T scale = tensors_.scale[c], along = products.scale_vector == nullptr ? T(0) : products.scale_vector[c];
        const T gx = static_cast<T>(second_[c]);
        const T dz = (scale * delta[i] - static_cast<T>(first_[c]) - x[i] * gx) * inverse[c];
        const T g_rate = along * delta[i] + scale * delta_rate[i];
        delta_rate[i] =
            (g_rate - static_cast<T>(third_[c]) - x_rate[i] * gx - x[i] * static_cast<T>(fourth_[c])) * inverse[c] -
            dz * spread[c];
        delta[i] = dz;
      }
  }
}

template class Normalization<float>;
template class Normalization<double>;

}  // namespace tuner::objectives
