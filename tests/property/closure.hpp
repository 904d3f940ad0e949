// A closure over a stepper: the gradient of a function of all parameters, for optimizers that evaluate within a step.
#pragma once

#include <functional>

#include "stepper.hpp"

namespace tuner::test {

class Closure {
 public:
  Closure(Stepper& stepper, std::function<Vector(const Vector&)> gradient)
      : stepper_(stepper), gradient_(std::move(gradient)) {
    abi_.struct_size = sizeof abi_;
    abi_.context = this;
    abi_.evaluate = &evaluate;
  }
  Closure(const Closure&) = delete;
  Closure& operator=(const Closure&) = delete;

  // As the host does it: the gradient at x, then the step.
  void step(std::int64_t number) {
    stepper_.set_grad(gradient_(stepper_.x()));
    stepper_.step(number, -1, &abi_);
  }
  [[nodiscard]] int evaluations() const { return evaluations_; }  // those that the optimizer asked for

 private:
  static std::int32_t evaluate(void* context, std::uint32_t want, double*) {
    auto& self = *static_cast<Closure*>(context);
    ++self.evaluations_;
    if (want & TUNER_WANT_GRADIENT) self.stepper_.set_grad(self.gradient_(self.stepper_.x()));
    return TUNER_OK;
  }
  Stepper& stepper_;
  std::function<Vector(const Vector&)> gradient_;
  tuner_closure abi_{};
  int evaluations_ = 0;
};

}  // namespace tuner::test
