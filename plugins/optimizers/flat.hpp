// All trainable tensors as one vector, for the rules that see the parameters as a point of R^n.
//
// Vectors are doubles whatever the tensors are: inner products of a float32 model keep their digits, and a point is
// rounded once, where it is written back. Element slots keep the tensors' own dtype.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <tuner/plugin.hpp>
#include <type_traits>

namespace tuner::flat {

using Vector = std::span<double>;
using ConstVector = std::span<const double>;

inline double dot(ConstVector a, ConstVector b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
// Infinite where an element is no number.
inline double max_abs(ConstVector a) {
  double most = 0;
  for (const double v : a) most = std::max(most, std::isnan(v) ? kInfinity : std::abs(v));
  return most;
}
inline double sum_abs(ConstVector a) {
  double sum = 0;
  for (const double v : a) sum += std::abs(v);
  return sum;
}
// y += a x
inline void add(double a, ConstVector x, Vector y) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * x[i];
}
// y = a x
inline void scale(double a, ConstVector x, Vector y) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = a * x[i];
}
inline void copy(ConstVector from, Vector to) { std::copy(from.begin(), from.end(), to.begin()); }

// Number of elements that a global slot of these rules has to cover. Source of the count: shapes alone.
inline std::uint64_t trainable(const tuner_extent_args& args) {
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i < args.n_tensors; ++i) {
    const tuner_tensor_info& info = *args.tensors[i];
    if (info.flags & (TUNER_TENSOR_BUFFER | TUNER_TENSOR_FROZEN)) continue;
    std::uint64_t elements = 1;
    for (std::uint32_t k = 0; k < info.rank; ++k) elements *= static_cast<std::uint64_t>(info.shape[k]);
    count += elements;
  }
  return count;
}

// The tensors of one step. Errors: Invalid where there are parameter groups, which one vector cannot have.
class Parameters {
 public:
  explicit Parameters(const Step& step) : step_(step) {
    if (step.raw().options->n_groups > 1)
      throw Invalid("all tensors make one vector here, so options cannot differ by group: remove `groups:`");
    for_each([&](const auto& tensor, std::size_t) { size_ += tensor.size(); });
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  // Unspecified contents; lives as long as the call of step().
  [[nodiscard]] Vector vector() const { return step_.host().scratch<double>(size_); }

  void read_point(Vector to) const {
    for_each([&](const auto& t, std::size_t at) { std::copy_n(t.data(), t.size(), to.begin() + index(at)); });
  }
  void read_gradient(Vector to) const {
    for_each([&](const auto& t, std::size_t at) { std::copy_n(t.grad(), t.size(), to.begin() + index(at)); });
  }
  // Are the parameters, as they are rounded, at `point`?
  [[nodiscard]] bool at(ConstVector point) const {
    bool same = true;
    for_each([&](const auto& t, std::size_t at) {
      for (std::size_t i = 0; i < t.size(); ++i) same = same && t.data()[i] == point[at + i];
    });
    return same;
  }
  // x = point
  void write_point(ConstVector point) const {
    for_each([&](const auto& t, std::size_t at) { assign(t.data(), t.size(), point.subspan(at)); });
  }
  // x = point + a direction; a = 0 gives back the bits of point.
  void write_point(ConstVector point, double a, ConstVector direction) const {
    for_each([&](const auto& t, std::size_t at) {
      using T = std::remove_reference_t<decltype(*t.data())>;
      for (std::size_t i = 0; i < t.size(); ++i)
        t.data()[i] = static_cast<T>(a == 0 ? point[at + i] : point[at + i] + a * direction[at + i]);
    });
  }
  // Whether float32 tensors are among them: points and gradients are no finer than 1e-7 then.
  [[nodiscard]] bool single() const {
    bool found = false;
    for_each([&](const auto& t, std::size_t) { found = found || sizeof(*t.data()) == sizeof(float); });
    return found;
  }

  // Row `row` of an element slot that the host keeps several times.
  void read(std::size_t slot, std::size_t row, Vector to) const {
    for_each([&](const auto& t, std::size_t at) {
      std::copy_n(t.slot(slot) + row * t.size(), t.size(), to.begin() + index(at));
    });
  }
  void write(std::size_t slot, std::size_t row, ConstVector from) const {
    for_each([&](const auto& t, std::size_t at) { assign(t.slot(slot) + row * t.size(), t.size(), from.subspan(at)); });
  }

 private:
  static std::ptrdiff_t index(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }
  template <class T>
  static void assign(T* to, std::size_t n, ConstVector from) {
    for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
  }
  // visit(tensor, index of its first element in the vector)
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::size_t at = 0;
    step_.for_each_tensor([&](const auto& tensor) {
      visit(tensor, at);
      at += tensor.size();
    });
  }

  const Step& step_;
  std::size_t size_ = 0;
};

}  // namespace tuner::flat
