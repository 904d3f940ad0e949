#include "tuner/tensor.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "tuner/memory.hpp"

namespace tuner {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : bytes_((bytes + 63) / 64 * 64) {
  if (bytes > PTRDIFF_MAX - kHugePage) throw std::bad_alloc();  // the padding must not overflow
  if (bytes_ == 0) return;
  // A pass over large tensors walks through all of their pages in every step: huge ones, where the system has them on
  // request, spare it most misses of the translation cache.
  const bool large = bytes_ >= 2 * kHugePage;
  if (large) bytes_ = (bytes_ + kHugePage - 1) / kHugePage * kHugePage;
  memory_.reset(std::aligned_alloc(large ? kHugePage : 64, bytes_));
  if (!memory_) throw std::bad_alloc();
  if (large) ::madvise(memory_.get(), bytes_, MADV_HUGEPAGE);
  std::memset(memory_.get(), 0, bytes_);
}

std::size_t dtype_size(std::uint32_t dtype) { return dtype == TUNER_DTYPE_F32 ? 4 : 8; }

std::uint64_t TensorSpec::numel() const {
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) product = saturating_multiply(product, static_cast<std::uint64_t>(extent));
  return std::ranges::find(shape, 0) == shape.end() ? product : 0;  // also after an overflow
}

std::uint64_t TensorSpec::bytes() const { return saturating_multiply(numel(), dtype_size(dtype)); }

Tensors::Tensors(std::vector<TensorSpec> specs, TensorMemory memory) : specs_(std::move(specs)) {
  infos_.resize(specs_.size());
  abi_.resize(specs_.size());
  std::int32_t n_layers = 0;
  for (const auto& spec : specs_) n_layers = std::max(n_layers, spec.layer + 1);
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const TensorSpec& spec = specs_[i];
    infos_[i] = tuner_tensor_info{};
    tuner_tensor_info& info = infos_[i];
    info.struct_size = sizeof info;
    info.rank = static_cast<std::uint32_t>(spec.shape.size());
    info.role = spec.role;
    info.flags = spec.flags;
    info.name = spec.name.c_str();
    info.shape = spec.shape.data();
    info.fan_in = spec.fan_in;
    info.fan_out = spec.fan_out;
    info.layer = spec.layer;
    info.n_layers = n_layers;
    info_pointers_.push_back(&info);

    tuner_tensor& tensor = abi_[i];
    tensor = tuner_tensor{};
    tensor.struct_size = sizeof tensor;
    tensor.rank = info.rank;
    tensor.dtype = spec.dtype;
    tensor.group = spec.group;
    tensor.numel = spec.numel();
    tensor.info = &info;
    tensor.slot_row = tensor.numel;
    if (memory == TensorMemory::nothing) continue;
    tensor.data = buffers_.emplace_back(spec.bytes()).data();
    if (memory == TensorMemory::data_and_gradients && spec.is_trained())
      tensor.grad = buffers_.emplace_back(spec.bytes()).data();
  }
}

}  // namespace tuner
