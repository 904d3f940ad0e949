// An optimizer plugin on tensors of its own, stepped by hand: no objective, no training loop, the same host code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/options.hpp"
#include "tuner/tensor.hpp"
#include "tuner/trial.hpp"

namespace tuner::test {

using Vector = std::vector<double>;  // all tensors' elements, one tensor after another
using Shapes = std::vector<std::vector<std::int64_t>>;
using Given = std::map<std::string, Value>;
using Roles = std::vector<std::string>;  // "weight", "bias", "head", by tensor

// The built-in plugin, loaded at the first call from the build tree's NAME.so.
const Plugin& builtin(Kind kind, const std::string& id);
// Ids of the optimizers that have a reference file, in alphabetical order.
std::vector<std::string> referenced_optimizers();
// Options as they would come out of a sweep file: checked, the rest at their defaults.
OptionTable table_of(const Plugin& plugin, const Given& given);

// The optimizer that a wrapper wraps; none where the name is empty.
struct Inner {
  std::string optimizer;
  Given options;
};

class Stepper {
 public:
  // frozen: index of a tensor without gradient, or -1. roles: of the tensors, which then are weights and biases of the
  // layers of a network in turn; none where it is empty.
  Stepper(const std::string& optimizer, const Given& given, const Shapes& shapes, std::uint32_t dtype = TUNER_DTYPE_F64,
          int frozen = -1, const Roles& roles = {}, const Inner& inner = {});

  // Throw std::runtime_error with the plugin's text where the plugin fails.
  void init();
  void step(std::int64_t number, std::int64_t horizon = -1, const tuner_closure* closure = nullptr);

  // Where the optimizer wants to be evaluated after `steps` steps; x() where it says nothing about it.
  [[nodiscard]] Vector evaluation_point(std::int64_t steps);

  void set_option(std::string_view id, double value);
  [[nodiscard]] Vector x() const;
  void set_x(std::span<const double> values);
  void set_grad(std::span<const double> values);
  // "inner.NAME" is a slot of the optimizer that is wrapped.
  [[nodiscard]] std::size_t slot_index(std::string_view id) const;
  [[nodiscard]] Vector slot(std::size_t slot) const;
  void set_slot(std::size_t slot, std::span<const double> values);
  // What a rule gets that asks for the Hessian times a vector; element i times 1 + i % 3 where it is not set.
  void set_hessian_product(std::function<Vector(const Vector&)> product) { hessian_product_ = std::move(product); }
  // What a rule gets that asks for the gradient at another point within its step.
  void set_gradient(std::function<Vector(const Vector& x)> gradient) { gradient_ = std::move(gradient); }
  [[nodiscard]] std::size_t state_bytes() const { return optimizer_.state_bytes(); }
  [[nodiscard]] const Plugin& plugin() const { return *use_.plugin; }

 private:
  // The optimizer that has the slot, the wrapper or what it wraps, and the slot's index there.
  [[nodiscard]] std::pair<const Optimizer*, std::size_t> owner(std::size_t slot) const;
  [[nodiscard]] std::size_t slot_columns(std::size_t slot) const;
  static std::int32_t evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t hvp(void* context, const void* const* vectors, void* const* products);

  PluginUse use_;
  Tensors tensors_;
  Optimizer optimizer_;
  HostServices host_;
  std::function<Vector(const Vector&)> hessian_product_, gradient_;
};

}  // namespace tuner::test
