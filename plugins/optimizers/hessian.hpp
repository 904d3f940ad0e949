// Products of the objective's Hessian with vectors, as one function on flat vectors.
#pragma once

#include <vector>

#include "flat.hpp"

namespace tuner::flat {

class Hessian {
 public:
  // Errors: Invalid where the objective has no exact product.
  explicit Hessian(const Step& step)
      : step_(step), closure_(*step.raw().closure), in_(step.tensor_count()), out_(step.tensor_count()) {
    if (closure_.hvp == nullptr)
      throw Invalid(
          "the objective offers no Hessian-vector product, which this method is made of: take lbfgs, bfgs or "
          "nonlinear_cg");
    for (std::size_t i = 0; i < in_.size(); ++i) {
      const tuner_tensor& t = step.raw_tensor(i);
      if (t.grad == nullptr) continue;
      const std::size_t bytes = t.numel * (t.dtype == TUNER_DTYPE_F32 ? sizeof(float) : sizeof(double));
      in_[i] = step.host().scratch<std::byte>(bytes).data();
      out_[i] = step.host().scratch<std::byte>(bytes).data();
    }
  }

  // product = H vector. Costs two evaluations. Errors: Stopped; a failure of the objective.
  void times(ConstVector vector, Vector product) {
    for_each([&](auto* in, auto*, std::size_t n, std::size_t at) {
      for (std::size_t k = 0; k < n; ++k) in[k] = static_cast<std::remove_reference_t<decltype(*in)>>(vector[at + k]);
    });
    const std::int32_t status = closure_.hvp(closure_.context, in_.data(), out_.data());
    if (status == TUNER_STOP) throw Stopped();
    if (status != TUNER_OK) throw Failed(status);
    for_each([&](auto*, auto* out, std::size_t n, std::size_t at) {
      for (std::size_t k = 0; k < n; ++k) product[at + k] = static_cast<double>(out[k]);
    });
  }

 private:
  // visit(vector's buffer, product's buffer, elements, index of the first in the flat vector)
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      const tuner_tensor& t = step_.raw_tensor(i);
      if (t.grad == nullptr) continue;
      if (t.dtype == TUNER_DTYPE_F32)
        visit(static_cast<float*>(in_[i]), static_cast<float*>(out_[i]), t.numel, at);
      else
        visit(static_cast<double*>(in_[i]), static_cast<double*>(out_[i]), t.numel, at);
      at += t.numel;
    }
  }

  const Step& step_;
  const tuner_closure& closure_;
  std::vector<void*> in_, out_;
};

}  // namespace tuner::flat
