#include "closure_stepper.hpp"

namespace tuner::test {
namespace {

constexpr std::size_t kBudget = 100'000;  // evaluations of a step

template <class To, class From>
void convert(const From* from, std::uint64_t n, To* to) {
  for (std::uint64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
}
void read(const void* from, const TensorSpec& spec, double* to) {
  if (spec.dtype == TUNER_DTYPE_F32)
    convert(static_cast<const float*>(from), spec.numel(), to);
  else
    convert(static_cast<const double*>(from), spec.numel(), to);
}
void write(const double* from, const TensorSpec& spec, void* to) {
  if (spec.dtype == TUNER_DTYPE_F32)
    convert(from, spec.numel(), static_cast<float*>(to));
  else
    convert(from, spec.numel(), static_cast<double*>(to));
}

std::vector<TensorSpec> specs_of(const Shapes& shapes, std::uint32_t dtype, int frozen) {
  std::vector<TensorSpec> specs;
  for (const auto& shape : shapes) {
    TensorSpec spec;
    spec.name = std::to_string(specs.size());
    spec.shape = shape;
    spec.dtype = dtype;
    if (frozen == static_cast<int>(specs.size())) spec.flags = TUNER_TENSOR_FROZEN;
    specs.push_back(spec);
  }
  return specs;
}

}  // namespace

ClosureStepper::ClosureStepper(const std::string& optimizer, const Given& given, const Shapes& shapes,
                               Function function, std::uint32_t dtype, int frozen)
    : use_{.plugin = &builtin(Kind::optimizer, optimizer),
           .options = table_of(builtin(Kind::optimizer, optimizer), given),
           .groups = {},
           .inner = nullptr},
      tensors_(specs_of(shapes, dtype, frozen)),
      optimizer_(use_, tensors_, 1, 0),
      function_(std::move(function)) {}

Vector ClosureStepper::x() const {
  Vector all;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    all.resize(all.size() + tensors_.spec(i).numel());
    read(tensors_.data(i), tensors_.spec(i), all.data() + all.size() - tensors_.spec(i).numel());
  }
  return all;
}

void ClosureStepper::set_x(std::span<const double> values) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    write(values.data(), tensors_.spec(i), tensors_.data(i));
    values = values.subspan(tensors_.spec(i).numel());
  }
}

void ClosureStepper::set_option(std::string_view id, double value) {
  use_.options.set_number(plugin().find_param(id).value(), 0, value);
}

double ClosureStepper::evaluate(std::uint32_t want) {
  const Vector point = x();
  if (want & TUNER_WANT_GRADIENT) {
    const Vector gradient = function_.gradient(point);
    const double* from = gradient.data();
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_.grad(i) != nullptr) write(from, tensors_.spec(i), tensors_.grad(i));
      from += tensors_.spec(i).numel();
    }
  }
  return function_.loss(point);
}

std::int32_t ClosureStepper::closure_evaluate(void* context, std::uint32_t want, double* loss) {
  auto& self = *static_cast<ClosureStepper*>(context);
  if (++self.used_ > kBudget) return TUNER_STOP;
  const double value = self.evaluate(want);
  self.step_.losses.push_back(value);
  if (loss != nullptr) *loss = value;
  return TUNER_OK;
}

std::int32_t ClosureStepper::closure_product(void* context, const void* const* vectors, void* const* products) {
  auto& self = *static_cast<ClosureStepper*>(context);
  if ((self.used_ += 2) > kBudget) return TUNER_STOP;
  ++self.step_.products;
  const Vector point = self.x();
  Vector vector(point.size());  // frozen tensors do not move: zero
  std::size_t at = 0;
  for (std::size_t i = 0; i < self.tensors_.size(); ++i) {
    if (vectors[i] != nullptr) read(vectors[i], self.tensors_.spec(i), vector.data() + at);
    at += self.tensors_.spec(i).numel();
  }
  const Vector product = self.function_.product(point, vector);
  at = 0;
  for (std::size_t i = 0; i < self.tensors_.size(); ++i) {
    if (products[i] != nullptr) write(product.data() + at, self.tensors_.spec(i), products[i]);
    at += self.tensors_.spec(i).numel();
  }
  return TUNER_OK;
}

ClosureStepper::Step ClosureStepper::try_step(std::int64_t number) {
  tuner_error error{};
  error.struct_size = sizeof error;
  tuner_closure closure{};
  closure.struct_size = sizeof closure;
  closure.context = this;
  closure.evaluate = &closure_evaluate;
  if (function_.product) closure.hvp = &closure_product;
  StepInputs inputs;
  inputs.step = number;
  inputs.host = host_.abi();
  inputs.closure = &closure;
  inputs.loss =
      evaluate(plugin().has(TUNER_PLUGIN_DERIVATIVE_FREE) ? TUNER_WANT_LOSS : TUNER_WANT_LOSS | TUNER_WANT_GRADIENT);
  host_.reset_scratch();
  step_ = {};
  used_ = 0;
  step_.status = optimizer_.step(inputs, &error, &step_.flags);
  step_.error = error.text;
  return step_;
}

ClosureStepper::Step ClosureStepper::step(std::int64_t number) {
  const Step result = try_step(number);
  if (result.status != TUNER_OK) throw std::runtime_error(plugin().id().data() + (": " + result.error));
  return result;
}

}  // namespace tuner::test
