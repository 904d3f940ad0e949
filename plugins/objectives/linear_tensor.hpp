// What the linear models have in common: a weight and a bias, read in either precision, with gradients that are summed
// in double precision.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tuner/plugin.hpp"

namespace tuner::objectives {

inline constexpr const char* kLinearDtypes[] = {"f64", "f32"};
inline constexpr Param kLinearDtypeParam =
    choice("dtype", kLinearDtypes, "precision of parameters and gradients").structural();
inline constexpr Param kLinearL2Param =
    real("l2", 0, "l2 / 2 times the sum of squared weights (not of the bias) is added to the training loss")
        .at_least(0)
        .structural()
        .search(1e-7, 1e-2, kLog);
inline constexpr Param kInterceptParam = boolean("intercept", true, "whether there is a bias").structural();

inline std::uint32_t linear_dtype(std::size_t choice) { return choice == 0 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32; }

// A tensor of the host, or one of its vectors, as doubles. Nothing where there is no tensor.
class LinearTensor {
 public:
  LinearTensor() = default;
  explicit LinearTensor(const BoundTensor& tensor) : tensor_(tensor), numbers_(tensor.numel), sums_(tensor.numel) {}
  [[nodiscard]] bool exists() const { return tensor_.numel != 0; }
  [[nodiscard]] const BoundTensor& bound() const { return tensor_; }

  // The present parameters, or a vector of their size; null is zero. Valid until the next call.
  const double* read() { return read(tensor_.data); }
  const double* read(const void* buffer) {
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      numbers_[i] = buffer == nullptr                  ? 0
                    : tensor_.dtype == TUNER_DTYPE_F32 ? static_cast<double>(static_cast<const float*>(buffer)[i])
                                                       : static_cast<const double*>(buffer)[i];
    return numbers_.data();
  }
  // Sums of a gradient: zero at first, written into a buffer at last. Null buffers are left alone.
  double* clear() {
    std::fill(sums_.begin(), sums_.end(), 0.0);
    return sums_.data();
  }
  void write(void* buffer) const {
    if (buffer == nullptr) return;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (tensor_.dtype == TUNER_DTYPE_F32)
        static_cast<float*>(buffer)[i] = static_cast<float>(sums_[i]);
      else
        static_cast<double*>(buffer)[i] = sums_[i];
    }
  }
  void start_at_zero() {
    clear();
    write(tensor_.data);
  }

 private:
  BoundTensor tensor_;
  std::vector<double> numbers_, sums_;
};

}  // namespace tuner::objectives
