// Memory of parameters, gradients and slots: owned by the host, 64-byte aligned, never overlapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuner/abi.h"

namespace tuner {

// Zero-filled bytes at a 64-byte boundary, padded to a multiple of 64. From 4 MiB on at a 2 MiB boundary, padded to a
// multiple of 2 MiB, in huge pages where the system gives them on request (madvise).
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Errors: std::bad_alloc.
  explicit AlignedBuffer(std::size_t bytes);
  [[nodiscard]] void* data() const { return memory_.get(); }
  [[nodiscard]] std::size_t size() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> memory_;
  std::size_t bytes_ = 0;
};

[[nodiscard]] std::size_t dtype_size(std::uint32_t dtype);

struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::uint32_t dtype = TUNER_DTYPE_F32;
  std::uint32_t role = TUNER_ROLE_UNKNOWN;
  std::uint32_t flags = 0;
  std::int32_t layer = -1;
  std::int64_t fan_in = 0, fan_out = 0;
  std::uint32_t group = 0;
  // kUncountable where it does not fit into 64 bits.
  [[nodiscard]] std::uint64_t numel() const;
  // Of its data; saturates likewise.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] bool is_trained() const { return (flags & (TUNER_TENSOR_BUFFER | TUNER_TENSOR_FROZEN)) == 0; }
};

template <class Archive>
void serialize(Archive& archive, TensorSpec& t) {
  archive(t.name, t.shape, t.dtype, t.role, t.flags, t.layer, t.fan_in, t.fan_out, t.group);
}

// What Tensors allocates. `nothing`: shapes alone, to add up what there would be; all pointers are null.
enum class TensorMemory { nothing, data, data_and_gradients };

// The tensors of one objective with their gradients. Addresses are stable, also when moved.
class Tensors {
 public:
  explicit Tensors(std::vector<TensorSpec> specs, TensorMemory memory = TensorMemory::data_and_gradients);

  [[nodiscard]] std::size_t size() const { return specs_.size(); }
  [[nodiscard]] const TensorSpec& spec(std::size_t index) const { return specs_[index]; }
  [[nodiscard]] const std::vector<TensorSpec>& specs() const { return specs_; }
  [[nodiscard]] void* data(std::size_t index) const { return abi_[index].data; }
  [[nodiscard]] void* grad(std::size_t index) const { return abi_[index].grad; }
  // As the ABI passes them; slots are null and filled in by Optimizer.
  [[nodiscard]] std::span<tuner_tensor> abi() { return abi_; }
  [[nodiscard]] std::span<const tuner_tensor> abi() const { return abi_; }
  [[nodiscard]] std::span<const tuner_tensor_info* const> infos() const { return info_pointers_; }

 private:
  std::vector<TensorSpec> specs_;
  std::vector<AlignedBuffer> buffers_;
  std::vector<tuner_tensor_info> infos_;
  std::vector<const tuner_tensor_info*> info_pointers_;
  std::vector<tuner_tensor> abi_;
};

}  // namespace tuner
