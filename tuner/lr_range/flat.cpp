#include "tuner/lr_range/flat.hpp"

#include <algorithm>

namespace tuner::lr_range {

std::size_t flat_size(const Tensors& tensors) {
  std::size_t size = 0;
  for (const tuner_tensor& tensor : tensors.abi()) size += tensor.numel;
  return size;
}

void gather(const Tensors& tensors, std::span<const void* const> buffers, std::span<double> flat) {
  double* to = flat.data();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const tuner_tensor& tensor = tensors.abi()[i];
    if (tensor.dtype == TUNER_DTYPE_F32)
      to = std::copy_n(static_cast<const float*>(buffers[i]), tensor.numel, to);
    else
      to = std::copy_n(static_cast<const double*>(buffers[i]), tensor.numel, to);
  }
}

void scatter(const Tensors& tensors, std::span<const double> flat, std::span<void* const> buffers) {
  const double* from = flat.data();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const tuner_tensor& tensor = tensors.abi()[i];
    if (tensor.dtype == TUNER_DTYPE_F32)
      std::transform(from, from + tensor.numel, static_cast<float*>(buffers[i]),
                     [](double value) { return static_cast<float>(value); });
    else
      std::copy_n(from, tensor.numel, static_cast<double*>(buffers[i]));
    from += tensor.numel;
  }
}

std::vector<void*> parameter_buffers(const Tensors& tensors) {
  std::vector<void*> buffers;
  for (std::size_t i = 0; i < tensors.size(); ++i) buffers.push_back(tensors.data(i));
  return buffers;
}

std::vector<void*> gradient_buffers(const Tensors& tensors) {
  std::vector<void*> buffers;
  for (std::size_t i = 0; i < tensors.size(); ++i) buffers.push_back(tensors.grad(i));
  return buffers;
}

std::vector<double> parameters_of(const Tensors& tensors) {
  std::vector<double> flat(flat_size(tensors));
  const auto buffers = parameter_buffers(tensors);
  gather(tensors, std::vector<const void*>(buffers.begin(), buffers.end()), flat);
  return flat;
}

}  // namespace tuner::lr_range
