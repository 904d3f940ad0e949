// The values of all tensors: as bytes, and from one set of buffers to another.
#pragma once

#include <cstring>

#include "tuner/bytes.hpp"
#include "tuner/tensor.hpp"

namespace tuner {

// Reading throws DecodeError where the bytes are of other tensors.
template <class Archive>
void serialize_values(Archive& archive, Tensors& tensors) {
  for (const tuner_tensor& tensor : tensors.abi()) {
    archive.same(tensor.numel, "a tensor has another size");
    archive.raw(tensor.data, tensor.numel * dtype_size(tensor.dtype));
  }
}

// Requires equal shapes and types.
inline void copy_values(const Tensors& from, Tensors& to) {
  for (std::size_t i = 0; i < from.size(); ++i)
    std::memcpy(to.data(i), from.data(i), from.abi()[i].numel * dtype_size(from.abi()[i].dtype));
}

}  // namespace tuner
