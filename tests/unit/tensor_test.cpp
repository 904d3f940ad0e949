// Memory of tensors.
#include "tuner/tensor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tuner/memory.hpp"

namespace tuner {
namespace {

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TensorSpec spec_of(std::string name, std::vector<std::int64_t> shape, std::uint32_t dtype = TUNER_DTYPE_F32,
                   std::uint32_t flags = 0) {
  TensorSpec spec;
  spec.name = std::move(name);
  spec.shape = std::move(shape);
  spec.dtype = dtype;
  spec.flags = flags;
  return spec;
}

TEST(AlignedBuffer, IsZeroAtAFullLine) {
  for (const std::size_t bytes : {1u, 63u, 64u, 65u, 1000u}) {
    const AlignedBuffer buffer(bytes);
    EXPECT_EQ(address(buffer.data()) % 64, 0u);
    EXPECT_EQ(buffer.size() % 64, 0u);
    EXPECT_GE(buffer.size(), bytes);
    EXPECT_LT(buffer.size(), bytes + 64);
    for (std::size_t i = 0; i < buffer.size(); ++i) ASSERT_EQ(static_cast<const char*>(buffer.data())[i], 0);
  }
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
}

TEST(AlignedBuffer, StartsAtAHugePageWhenItIsLarge) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const AlignedBuffer buffer(2 * kHugePage + 1);
  EXPECT_EQ(address(buffer.data()) % kHugePage, 0u);
  EXPECT_EQ(buffer.size(), 3 * kHugePage);
  const auto* bytes = static_cast<const char*>(buffer.data());
  EXPECT_TRUE(std::all_of(bytes, bytes + buffer.size(), [](char byte) { return byte == 0; }));
  EXPECT_EQ(AlignedBuffer(2 * kHugePage - 64).size(), 2 * kHugePage - 64);
}

TEST(TensorSpec, CountsItsElements) {
  EXPECT_EQ(spec_of("scalar", {}).numel(), 1u);
  EXPECT_EQ(spec_of("empty", {3, 0}).numel(), 0u);
  EXPECT_EQ(spec_of("cube", {2, 3, 4}).numel(), 24u);
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_EQ(spec_of("huge", {huge, huge}).numel(), kUncountable);
  EXPECT_EQ(spec_of("huge", {huge, huge}).bytes(), kUncountable);
  EXPECT_EQ(spec_of("huge but empty", {huge, huge, 0}).numel(), 0u);
}

TEST(Tensors, AreAlignedAndDoNotOverlap) {
  std::vector<TensorSpec> specs;
  for (std::int64_t n = 1; n < 40; ++n)
    specs.push_back(spec_of(std::to_string(n), {n}, n % 2 == 0 ? TUNER_DTYPE_F32 : TUNER_DTYPE_F64));
  Tensors tensors(std::move(specs));
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> blocks;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t bytes = tensors.spec(i).numel() * dtype_size(tensors.spec(i).dtype);
    for (const void* p : {tensors.data(i), tensors.grad(i)}) {
      ASSERT_NE(p, nullptr);
      EXPECT_EQ(address(p) % 64, 0u);
      blocks.emplace_back(address(p), address(p) + bytes);
    }
  }
  std::sort(blocks.begin(), blocks.end());
  for (std::size_t i = 1; i < blocks.size(); ++i) EXPECT_GE(blocks[i].first, blocks[i - 1].second);
}

TEST(Tensors, DescribeThemselvesAsTheAbiWantsIt) {
  TensorSpec weight = spec_of("weight", {3, 4});
  weight.role = TUNER_ROLE_WEIGHT;
  weight.layer = 2;
  weight.fan_in = 4;
  weight.fan_out = 3;
  Tensors tensors({weight, spec_of("x", {5}, TUNER_DTYPE_F64)});
  const tuner_tensor& t = tensors.abi()[0];
  EXPECT_EQ(t.struct_size, sizeof(tuner_tensor));
  EXPECT_EQ(t.rank, 2u);
  EXPECT_EQ(t.numel, 12u);
  EXPECT_EQ(t.first_index, 0u);
  EXPECT_EQ(t.data, tensors.data(0));
  ASSERT_NE(t.info, nullptr);
  EXPECT_EQ(t.info, tensors.infos()[0]);
  EXPECT_STREQ(t.info->name, "weight");
  EXPECT_EQ(t.info->shape[1], 4);
  EXPECT_EQ(t.info->role, TUNER_ROLE_WEIGHT);
  EXPECT_EQ(t.info->layer, 2);
  EXPECT_EQ(t.info->n_layers, 3);
  EXPECT_EQ(t.info->fan_in, 4);
  EXPECT_EQ(tensors.abi()[1].info->layer, -1);
}

TEST(Tensors, GradientsAreForWhatIsTrained) {
  Tensors tensors({spec_of("x", {2}), spec_of("frozen", {2}, TUNER_DTYPE_F32, TUNER_TENSOR_FROZEN),
                   spec_of("mean", {2}, TUNER_DTYPE_F32, TUNER_TENSOR_BUFFER)});
  EXPECT_NE(tensors.grad(0), nullptr);
  EXPECT_EQ(tensors.grad(1), nullptr);
  EXPECT_EQ(tensors.grad(2), nullptr);
  EXPECT_NE(tensors.data(2), nullptr);
  const Tensors without({spec_of("x", {2})}, TensorMemory::data);
  EXPECT_EQ(without.grad(0), nullptr);
}

TEST(Tensors, KeepTheirAddressesWhenMoved) {
  Tensors tensors({spec_of("a", {2}), spec_of("a name that is longer than a short string", {3})});
  const void *data = tensors.data(1), *name = tensors.abi()[1].info->name;
  Tensors moved = std::move(tensors);
  EXPECT_EQ(moved.data(1), data);
  EXPECT_EQ(moved.abi()[1].info->name, name);
  EXPECT_STREQ(moved.abi()[0].info->name, "a");
  EXPECT_EQ(moved.infos()[0], moved.abi()[0].info);
  EXPECT_EQ(moved.abi()[1].info->shape[0], 3);
}

}  // namespace
}  // namespace tuner
