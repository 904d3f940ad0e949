// What was built against the headers of 1.0 runs on every later host of the same major, with the results that the same
// source gives against today's headers. The headers of 1.0 stand in tests/abi/v1.0/tuner and never change.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tuner/library.hpp"

namespace {

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> chunk;
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), pipe)) text.append(chunk.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << text;
  return text;
}
std::string trained(const std::string& plugins) { return output_of(HOST_TODAY " " FROZEN_PLUGINS "/" + plugins); }

// The comparisons mean something only where all trials ran, over every update.
TEST(AbiFrozen, TrialsComplete) {
  const std::string text = trained("frozen_c");
  for (const char* title : {"sgd: completed, 20 steps", "fixture: completed, 20 steps", "groups: completed, 20 steps"})
    EXPECT_NE(text.find(title), std::string::npos) << title << "\n" << text;
  for (const char* metric : {"20 loss ", "19 lr ", "20 val_distance ", "20 val_hits ", "20 total "})
    EXPECT_NE(text.find(metric), std::string::npos) << metric;
}

TEST(AbiFrozen, PluginInCGivesTheResultsOfTodaysHeader) { EXPECT_EQ(trained("frozen_c"), trained("today_c")); }
TEST(AbiFrozen, PluginInCppGivesTheResultsOfTodaysHeader) { EXPECT_EQ(trained("frozen_cpp"), trained("today_cpp")); }

TEST(AbiFrozen, HeadersHaveTheLayoutOfTheBaseline) {
  std::ifstream file(TUNER_SOURCE_DIR "/core/abi/offsets-1.0.json", std::ios::binary);
  const std::string baseline{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(baseline.empty()) << "core/abi/offsets-1.0.json is missing";
  EXPECT_EQ(output_of(FROZEN_OFFSETS), baseline);
}

TEST(AbiFrozen, HeadersAreThoseOfTheRelease) {
  const auto sha256 = [](const char* header) {
    return tuner::sha256_of_file(std::string(TUNER_SOURCE_DIR "/tests/abi/v1.0/tuner/") + header);
  };
  EXPECT_EQ(sha256("abi.h"), "d5577e3599ee1113e1a4e12cbf5a1f10a5f8de0d6dc81a5c382af12608c9295e");
  EXPECT_EQ(sha256("abi_layout.h"), "e49122dbf6bb37651914b1202c88312a7fd8589920cd3f441b4e095fa0a4eb2c");
  EXPECT_EQ(sha256("abi_random.h"), "eb3b9c903a805c5e5bcdb935ef592feb5cf2bc8ae96d1617304b690c7139ec5c");
}

}  // namespace
