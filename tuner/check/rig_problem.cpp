#include "tuner/check/rig_problem.hpp"

#include <cstring>
#include <limits>

namespace tuner::check {

namespace {

template <class T>
void descend(const tuner_tensor& tensor, double lr) {
  T *x = static_cast<T*>(tensor.data), *v = static_cast<T*>(tensor.slots[0]);
  const T* g = static_cast<const T*>(tensor.grad);
  for (std::uint64_t i = 0; i < tensor.numel; ++i) {
    v[i] = T(0.9) * v[i] + g[i];
    x[i] -= static_cast<T>(lr) * v[i];
  }
}

std::int32_t inner_step(const tuner_step_args* args) {
  const double lr = args->options->values[0], status = args->options->values[1];
  if (status != TUNER_OK) {
    if (status < 0) std::strcpy(args->error->text, "the inner optimizer failed, says the check");
    return static_cast<std::int32_t>(status);
  }
  for (std::uint32_t t = 0; t < args->n_tensors; ++t) {
    const tuner_tensor& tensor = args->tensors[t];  // the host's own: no other stride
    if (tensor.grad == nullptr) continue;
    if (tensor.dtype == TUNER_DTYPE_F32)
      descend<float>(tensor, lr);
    else
      descend<double>(tensor, lr);
  }
  return TUNER_OK;
}

tuner_param number(const char* id, std::uint32_t type, double value, double min) {
  tuner_param param{};
  param.struct_size = sizeof param;
  param.type = type;
  param.id = id;
  param.doc = id;
  param.unit = "";
  param.default_value = value;
  param.min = min;
  param.max = std::numeric_limits<double>::infinity();
  return param;
}

}  // namespace

const tuner_plugin& inner_descent() {
  static const tuner_param params[] = {number("lr", TUNER_TYPE_F64, 0.01, 0),
                                       number("status", TUNER_TYPE_I64, TUNER_OK, -10)};
  static const tuner_slot slots[] = {[] {
    tuner_slot slot{};
    slot.struct_size = sizeof slot;
    slot.count_param = -1;
    slot.id = "velocity";
    slot.doc = "v";
    return slot;
  }()};
  static const tuner_optimizer vtable = [] {
    tuner_optimizer table{};
    table.struct_size = sizeof table;
    table.n_slots = 1;
    table.slot_stride = sizeof(tuner_slot);
    table.slots = slots;
    table.step = &inner_step;
    return table;
  }();
  static const tuner_plugin plugin = [] {
    tuner_plugin descriptor{};
    descriptor.struct_size = sizeof descriptor;
    descriptor.kind = TUNER_KIND_OPTIMIZER;
    descriptor.id = "inner";
    descriptor.name = descriptor.doc = "gradient descent with momentum";
    descriptor.version = "1.0.0";
    descriptor.params = params;
    descriptor.n_params = 2;
    descriptor.param_stride = sizeof(tuner_param);
    descriptor.vtable = &vtable;
    return descriptor;
  }();
  return plugin;
}

}  // namespace tuner::check
