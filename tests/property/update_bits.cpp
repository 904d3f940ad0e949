// Prints a hash of the parameters and slots that every optimizer has after 30 steps, for the instruction set that
// TUNER_ISA names.
#include <bit>
#include <cstdio>

#include "runs.hpp"

namespace tuner::test {
namespace {

// FNV-1a over the bits of the values.
std::uint64_t hash(const Vector& values, std::uint64_t h = 14695981039346656037u) {
  for (const double value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) h = (h ^ ((bits >> shift) & 255)) * 1099511628211u;
  }
  return h;
}

void print_bits(const std::string& id, std::uint32_t dtype, const char* dtype_name) {
  // Whole vectors and a rest; matrices with more rows and columns than a tile of the kernels.
  const std::vector<std::vector<std::int64_t>> shapes[] = {{{1003}, {7}}, {{37, 45}, {70, 5}}};
  for (const auto& shape : shapes) {
    std::int64_t n = 0;
    for (const auto& extents : shape) n += extents[0] * (extents.size() > 1 ? extents[1] : 1);
    Stepper stepper(id, {}, shape, dtype);
    stepper.set_x(noise(static_cast<std::size_t>(n), 11));
    run(stepper, static_cast<std::size_t>(n), 30);
    std::uint64_t h = hash(stepper.x());
    for (std::size_t s = 0; s < stepper.plugin().slot_count(); ++s) h = hash(stepper.slot(s), h);
    std::printf("%s %s %s %016llx\n", id.c_str(), dtype_name, shape[0].size() > 1 ? "matrices" : "vectors",
                static_cast<unsigned long long>(h));
  }
}

}  // namespace
}  // namespace tuner::test

int main() {
  for (const std::string& id : tuner::test::referenced_optimizers()) {
    tuner::test::print_bits(id, TUNER_DTYPE_F32, "f32");
    tuner::test::print_bits(id, TUNER_DTYPE_F64, "f64");
  }
}
