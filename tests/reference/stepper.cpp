#include "stepper.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace tuner::test {
namespace {

Catalogue& catalogue() {
  static Catalogue plugins;
  return plugins;
}

std::uint32_t role_of(const std::string& name) {
  if (const auto role = role_from(name)) return *role;
  throw std::invalid_argument("no role " + name);
}

std::vector<TensorSpec> specs_of(const Shapes& shapes, std::uint32_t dtype, int frozen, const Roles& roles) {
  std::vector<TensorSpec> specs;
  for (const auto& shape : shapes) {
    TensorSpec spec;
    spec.name = std::to_string(specs.size());
    spec.shape = shape;
    spec.dtype = dtype;
    if (frozen == static_cast<int>(specs.size())) spec.flags = TUNER_TENSOR_FROZEN;
    if (!roles.empty()) {
      spec.role = role_of(roles[specs.size()]);
      spec.layer = static_cast<std::int32_t>(specs.size() / 2);
    }
    if (spec.shape.size() == 2) {
      spec.fan_out = spec.shape[0];
      spec.fan_in = spec.shape[1];
    }
    specs.push_back(spec);
  }
  return specs;
}

void read(const void* from, std::uint64_t count, std::uint32_t dtype, Vector& to) {
  for (std::uint64_t i = 0; i < count; ++i)
    to.push_back(dtype == TUNER_DTYPE_F32 ? static_cast<const float*>(from)[i] : static_cast<const double*>(from)[i]);
}

// Returns what is left of `from`.
std::span<const double> write(std::span<const double> from, void* to, std::uint64_t count, std::uint32_t dtype) {
  if (from.size() < count) throw std::invalid_argument("fewer values than the tensors have elements");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (dtype == TUNER_DTYPE_F32)
      static_cast<float*>(to)[i] = static_cast<float>(from[i]);
    else
      static_cast<double*>(to)[i] = from[i];
  }
  return from.subspan(count);
}

PluginUse use_of(const std::string& optimizer, const Given& given, const Inner& inner) {
  const Plugin& plugin = builtin(Kind::optimizer, optimizer);
  PluginUse use{.plugin = &plugin, .options = table_of(plugin, given), .groups = {}, .inner = nullptr};
  if (!inner.optimizer.empty()) use.inner = std::make_unique<PluginUse>(use_of(inner.optimizer, inner.options, {}));
  return use;
}

void expect_ok(std::int32_t status, const tuner_error& error) {
  if (status != TUNER_OK) throw std::runtime_error(error.text);
}

}  // namespace

const Plugin& builtin(Kind kind, const std::string& id) {
  if (const Plugin* loaded = catalogue().find(kind, id)) return *loaded;
  catalogue().add_file(std::filesystem::path(TUNER_PLUGIN_DIR) / (id + ".so"));
  return catalogue().get(kind, id);
}

std::vector<std::string> referenced_optimizers() {
  std::vector<std::string> ids;
  for (const auto& file : std::filesystem::directory_iterator(TUNER_SOURCE_DIR "/tests/reference/data/optimizers"))
    ids.push_back(file.path().stem().string());
  std::sort(ids.begin(), ids.end());
  return ids;
}

OptionTable table_of(const Plugin& plugin, const Given& given) {
  Given checked;
  for (const auto& [id, value] : given) {
    const auto index = plugin.find_param(id);
    if (!index) throw std::invalid_argument("no option " + id);
    checked[id] = checked_value(plugin, plugin.param(*index), value);
  }
  OptionTable table(plugin, checked);
  table.check(plugin);
  return table;
}

Stepper::Stepper(const std::string& optimizer, const Given& given, const Shapes& shapes, std::uint32_t dtype,
                 int frozen, const Roles& roles, const Inner& inner)
    : use_(use_of(optimizer, given, inner)),
      tensors_(specs_of(shapes, dtype, frozen, roles)),
      optimizer_(use_, tensors_, 1, 0) {}

void Stepper::init() {
  tuner_error error{};
  error.struct_size = sizeof error;
  expect_ok(optimizer_.init(host_.abi(), &error), error);
}

void Stepper::step(std::int64_t number, std::int64_t horizon, const tuner_closure* given) {
  tuner_error error{};
  error.struct_size = sizeof error;
  tuner_closure closure{};
  closure.struct_size = sizeof closure;
  closure.context = this;
  closure.hvp = &hvp;
  if (gradient_) closure.evaluate = &evaluate;
  host_.reset_scratch();
  StepInputs inputs;
  inputs.step = number;
  inputs.horizon = horizon;
  inputs.host = host_.abi();
  if (given)
    inputs.closure = given;
  else if (plugin().has(TUNER_PLUGIN_CLOSURE))
    inputs.closure = &closure;  // Hessian products alone, where no gradient is set
  expect_ok(optimizer_.step(inputs, &error), error);
}

Vector Stepper::evaluation_point(std::int64_t steps) {
  if (!optimizer_.has_evaluation_point()) return x();
  tuner_error error{};
  error.struct_size = sizeof error;
  std::vector<AlignedBuffer> buffers;
  std::vector<void*> outputs;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    outputs.push_back(buffers.emplace_back(tensors_.spec(i).numel() * dtype_size(tensors_.spec(i).dtype)).data());
  expect_ok(optimizer_.evaluation_point(host_.abi(), steps, outputs, &error), error);
  Vector all;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    read(outputs[i], tensors_.spec(i).numel(), tensors_.spec(i).dtype, all);
  return all;
}

std::int32_t Stepper::evaluate(void* context, std::uint32_t want, double*) {
  auto& self = *static_cast<Stepper*>(context);
  if (want != TUNER_WANT_GRADIENT) throw std::invalid_argument("the stepper knows no loss");
  self.set_grad(self.gradient_(self.x()));
  return TUNER_OK;
}

std::int32_t Stepper::hvp(void* context, const void* const* vectors, void* const* products) {
  auto& self = *static_cast<Stepper*>(context);
  Vector all;
  for (std::size_t i = 0; i < self.tensors_.size(); ++i)
    if (vectors[i]) read(vectors[i], self.tensors_.spec(i).numel(), self.tensors_.spec(i).dtype, all);
  if (self.hessian_product_)
    all = self.hessian_product_(all);
  else
    for (std::size_t i = 0; i < all.size(); ++i) all[i] *= static_cast<double>(1 + i % 3);
  std::span<const double> values = all;
  for (std::size_t i = 0; i < self.tensors_.size(); ++i)
    if (products[i]) values = write(values, products[i], self.tensors_.spec(i).numel(), self.tensors_.spec(i).dtype);
  return TUNER_OK;
}

void Stepper::set_option(std::string_view id, double value) {
  use_.options.set_number(plugin().find_param(id).value(), 0, value);
}

Vector Stepper::x() const {
  Vector all;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    read(tensors_.data(i), tensors_.spec(i).numel(), tensors_.spec(i).dtype, all);
  return all;
}

void Stepper::set_x(std::span<const double> values) {
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    values = write(values, tensors_.data(i), tensors_.spec(i).numel(), tensors_.spec(i).dtype);
}

void Stepper::set_grad(std::span<const double> values) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (tensors_.grad(i) == nullptr)
      values = values.subspan(tensors_.spec(i).numel());
    else
      values = write(values, tensors_.grad(i), tensors_.spec(i).numel(), tensors_.spec(i).dtype);
  }
}

std::size_t Stepper::slot_index(std::string_view id) const {
  constexpr std::string_view kInner = "inner.";
  const bool inside = id.starts_with(kInner);
  const Plugin& of = inside ? *use_.inner->plugin : plugin();
  if (inside) id.remove_prefix(kInner.size());
  for (std::size_t i = 0; i < of.slot_count(); ++i)
    if (id == of.slot(i).id) return inside ? plugin().slot_count() + i : i;
  throw std::invalid_argument("no slot " + std::string(id));
}

std::pair<const Optimizer*, std::size_t> Stepper::owner(std::size_t slot) const {
  const std::size_t own = plugin().slot_count();
  if (slot < own) return {&optimizer_, slot};
  return {optimizer_.inner(), slot - own};
}

std::size_t Stepper::slot_columns(std::size_t slot) const {
  const auto [optimizer, index] = owner(slot);
  return optimizer->use().plugin->slot(index).scope == TUNER_SCOPE_GLOBAL ? 1 : tensors_.size();
}

Vector Stepper::slot(std::size_t slot) const {
  Vector all;
  const auto [optimizer, index] = owner(slot);
  for (std::size_t i = 0; i < slot_columns(slot); ++i) {
    const Optimizer::SlotView view = optimizer->slot(index, i);
    read(view.data, view.count, view.dtype, all);
  }
  return all;
}

void Stepper::set_slot(std::size_t slot, std::span<const double> values) {
  const auto [optimizer, index] = owner(slot);
  for (std::size_t i = 0; i < slot_columns(slot); ++i) {
    const Optimizer::SlotView view = optimizer->slot(index, i);
    values = write(values, view.data, view.count, view.dtype);
  }
}

}  // namespace tuner::test
