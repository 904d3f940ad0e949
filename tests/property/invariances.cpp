// What must hold for every optimizer of ours, whatever its formula, beyond what `tuner plugins check` asks of any
// plugin: at lr = 0 and at zero gradients, split and frozen tensors.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "runs.hpp"

namespace tuner::test {
namespace {

class Invariance : public ::testing::TestWithParam<std::string> {};

TEST_P(Invariance, ZeroGradientWithoutEpsLeavesTheParametersAlone) {
  if (!builtin(Kind::optimizer, GetParam()).find_param("eps")) return;
  Given given = without_decay(GetParam());
  given["eps"] = 0.0;
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
