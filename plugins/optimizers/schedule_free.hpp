// What schedule_free_sgd and schedule_free_adamw share: the average x of the points z and where the gradient is taken.
//   w = t^r lr_max^weight_lr_power,  c = w / (sum of w so far)
//   z' = z - step,  x' = (1 - c) x + c z',  y' = (1 - beta) z' + beta x'
// The live parameters are y, the evaluation point is x = z + (y - z) / beta, so that z is the only state of an element:
//   y' = y + c (z - y) + (beta (1 - c) - 1) step
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <tuner/plugin.hpp>

namespace schedule_free {

// The global slot `weights`: for every group the sum of w and the largest lr.
inline std::uint64_t weights_extent(const tuner_extent_args& args) { return 2 * std::uint64_t{args.options->n_groups}; }

// c of every group is left in the first half of the scratch memory, by group. lr = 0 from the start weighs nothing.
inline std::span<double> shares(const tuner::Step& s, double* weights, std::size_t lr, std::size_t r,
                                std::size_t power) {
  const std::uint32_t groups = s.raw().options->n_groups;
  const std::span<double> shares = s.host().scratch<double>(groups);
  for (std::uint32_t g = 0; g < groups; ++g) {
    const tuner::Options o = s.options(g);
    double &sum = weights[2 * g], &largest = weights[2 * g + 1];
    largest = std::max(largest, o[lr]);
    const double weight =
        largest > 0 ? std::pow(static_cast<double>(s.number()), o[r]) * std::pow(largest, o[power]) : 0;
    sum += weight;
    shares[g] = sum > 0 ? weight / sum : 0;
  }
  return shares;
}

template <class T>
void write_average(const tuner_tensor& t, const T* z, double beta, T* x) {
  const T* y = static_cast<const T*>(t.data);
  const T stretch = static_cast<T>(1 / beta);
  for (std::size_t i = 0; i < t.numel; ++i) x[i] = z[i] + stretch * (y[i] - z[i]);
}

// outputs = x; beta is the index of the option.
inline void evaluation_point(const tuner_point_args& args, std::size_t z, std::size_t beta) {
  for (std::uint32_t i = 0; i < args.n_tensors; ++i) {
    const auto& t = *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args.tensors) +
                                                           std::size_t{i} * args.tensor_stride);
    if (t.slots[z] == nullptr) continue;  // frozen: the output holds its data
    const double share = tuner::Options(args.options, t.group)[beta];
    if (t.dtype == TUNER_DTYPE_F32)
      write_average(t, static_cast<const float*>(t.slots[z]), share, static_cast<float*>(args.outputs[i]));
    else
      write_average(t, static_cast<const double*>(t.slots[z]), share, static_cast<double*>(args.outputs[i]));
  }
}

}  // namespace schedule_free
