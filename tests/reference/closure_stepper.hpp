// An optimizer plugin that evaluates within its steps, on a function given by the test: the host's closure with a
// counter and a budget.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "stepper.hpp"
#include "tuner/objective.hpp"

namespace tuner::test {

// A function of all tensors' elements, one tensor after another. gradient and product are empty where it has none.
struct Function {
  std::function<double(const Vector& x)> loss;
  std::function<Vector(const Vector& x)> gradient;
  std::function<Vector(const Vector& x, const Vector& v)> product;  // Hessian times v
};

class ClosureStepper {
 public:
  ClosureStepper(const std::string& optimizer, const Given& given, const Shapes& shapes, Function function,
                 std::uint32_t dtype = TUNER_DTYPE_F64, int frozen = -1);

  struct Step {
    std::int32_t status = TUNER_OK;  // of the ABI
    std::uint32_t flags = 0;         // TUNER_STEP_...
    std::string error;
    std::vector<double> losses;  // of the evaluations within the step, in their order
    std::size_t products = 0;
  };
  // Evaluates at the present point, as the host does, and steps. Statuses come back as they are.
  Step try_step(std::int64_t number);
  // Throws std::runtime_error with the plugin's text where that is not TUNER_OK.
  Step step(std::int64_t number);

  void set_option(std::string_view id, double value);

  [[nodiscard]] Vector x() const;
  void set_x(std::span<const double> values);
  [[nodiscard]] double loss() const { return function_.loss(x()); }
  [[nodiscard]] const Plugin& plugin() const { return *use_.plugin; }
  [[nodiscard]] std::size_t state_bytes() const { return optimizer_.state_bytes(); }

 private:
  double evaluate(std::uint32_t want);
  static std::int32_t closure_evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t closure_product(void* context, const void* const* vectors, void* const* products);

  PluginUse use_;
  Tensors tensors_;
  Optimizer optimizer_;
  HostServices host_;
  Function function_;
  std::size_t used_ = 0;  // evaluations of the last step; a product counts as two
  Step step_;
};

}  // namespace tuner::test
