// What must hold for every optimizer, whatever its formula.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "runs.hpp"

namespace tuner::test {
namespace {

class Invariance : public ::testing::TestWithParam<std::string> {};

TEST_P(Invariance, LrZeroLeavesTheParametersAlone) {
  const Plugin& plugin = builtin(Kind::optimizer, GetParam());
  const auto lr = plugin.find_param("lr");
  if (!lr || (plugin.param(*lr).flags & TUNER_PARAM_MIN_OPEN)) return;  // nothing can be set to 0
  for (const std::uint32_t dtype : {TUNER_DTYPE_F32, TUNER_DTYPE_F64}) {
    Given given = without_decay(GetParam());
    given["lr"] = 0.0;
    Stepper stepper(GetParam(), given, {{40}}, dtype);
    const Vector start = noise(40, 3);
    stepper.set_x(start);
    const Vector before = stepper.x();
    run(stepper, 40, 10);
    EXPECT_EQ(stepper.x(), before);
  }
}

TEST_P(Invariance, ZeroGradientOnFreshStateLeavesTheParametersAlone) {
  for (const double eps : {1e-8, 0.0}) {
    Given given = without_decay(GetParam());
    if (builtin(Kind::optimizer, GetParam()).find_param("eps")) given["eps"] = eps;
    Stepper stepper(GetParam(), given, {{40}});
    const Vector start = noise(40, 5);
    stepper.set_x(start);
    stepper.init();
    for (int t = 1; t <= 10; ++t) {
      stepper.set_grad(Vector(40, 0.0));
      stepper.step(t);
    }
    EXPECT_EQ(stepper.x(), start);
  }
}

TEST_P(Invariance, OneTensorOfTwiceTheSizeEqualsTwo) {
  if (!builtin(Kind::optimizer, GetParam()).has(TUNER_PLUGIN_ELEMENTWISE)) return;
  for (const std::uint32_t dtype : {TUNER_DTYPE_F32, TUNER_DTYPE_F64}) {
    Stepper one(GetParam(), {}, {{2 * 501}}, dtype), two(GetParam(), {}, {{501}, {3, 167}}, dtype);
    const Vector start = noise(1002, 7);
    one.set_x(start), two.set_x(start);
    run(one, 1002, 20), run(two, 1002, 20);
    EXPECT_EQ(one.x(), two.x());
    for (std::size_t s = 0; s < one.plugin().slot_count(); ++s) EXPECT_EQ(one.slot(s), two.slot(s));
    EXPECT_NE(one.x(), start);
  }
}

TEST_P(Invariance, FrozenTensorsStayAsTheyAre) {
  Stepper stepper(GetParam(), {}, {{20}, {30}, {20}}, TUNER_DTYPE_F64, 1);
  const Vector start = noise(70, 9);
  stepper.set_x(start);
  run(stepper, 70, 10);
  const Vector end = stepper.x();
  const auto same = [&](std::size_t from, std::size_t to) {
    return std::equal(end.begin() + static_cast<long>(from), end.begin() + static_cast<long>(to),
                      start.begin() + static_cast<long>(from));
  };
  EXPECT_FALSE(same(0, 20));
  EXPECT_TRUE(same(20, 50));
  EXPECT_FALSE(same(50, 70));
}

INSTANTIATE_TEST_SUITE_P(All, Invariance, ::testing::ValuesIn(referenced_optimizers()),
                         [](const auto& param) { return param.param; });

// A process of its own for each instruction set: a plugin chooses once.
std::string bits_with(const char* isa) {
  const std::string command = std::string("TUNER_ISA=").append(isa).append(" '" TUNER_BUILD_DIR "/tests/update_bits'");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("failed: " + command);
  return output;
}

TEST(InstructionSets, GiveTheSameBits) {
  const std::string base = bits_with("base");
  for (const std::string& id : referenced_optimizers()) EXPECT_NE(base.find(id + " f32 "), std::string::npos) << id;
  EXPECT_EQ(bits_with("avx2"), base);
  EXPECT_EQ(bits_with("avx512f"), base);
}

}  // namespace
}  // namespace tuner::test
