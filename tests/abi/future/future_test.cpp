// The promise of the ABI within a major version, tested before there is a second minor: a plugin that is newer than the
// host and a host that is newer than the plugin give the same bits as two of the same age.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace {

std::string output_of(const std::string& program, const std::string& plugins) {
  std::string text;
  FILE* pipe = popen((program + " " + plugins + " 2>&1").c_str(), "r");
  std::array<char, 4096> chunk;
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), pipe)) text.append(chunk.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << text;
  return text;
}

std::string reference() { return output_of(HOST_TODAY, PLUGINS_TODAY); }

// The comparison means something only where all three trials ran, over every update.
TEST(AbiFuture, ReferenceTrialsComplete) {
  const std::string text = reference();
  for (const char* title : {"sgd: completed, 20 steps", "fixture: completed, 20 steps", "groups: completed, 20 steps"})
    EXPECT_NE(text.find(title), std::string::npos) << title << "\n" << text;
  for (const char* metric : {"20 loss ", "19 lr ", "20 val_distance ", "20 val_hits ", "20 total "})
    EXPECT_NE(text.find(metric), std::string::npos) << metric;
}

TEST(AbiFuture, NewerPluginOnTodaysHost) { EXPECT_EQ(output_of(HOST_TODAY, PLUGINS_FUTURE), reference()); }
TEST(AbiFuture, TodaysPluginOnNewerHost) { EXPECT_EQ(output_of(HOST_FUTURE, PLUGINS_TODAY), reference()); }
TEST(AbiFuture, NewerPluginOnNewerHost) { EXPECT_EQ(output_of(HOST_FUTURE, PLUGINS_FUTURE), reference()); }

// What was built against the headers of 1.0: tests/abi/frozen_abi_test.cpp compares it with today's.
TEST(AbiFuture, FrozenPluginsOnNewerHost) {
  EXPECT_EQ(output_of(HOST_FUTURE, FROZEN_PLUGINS "/frozen_c"), output_of(HOST_TODAY, FROZEN_PLUGINS "/frozen_c"));
  EXPECT_EQ(output_of(HOST_FUTURE, FROZEN_PLUGINS "/frozen_cpp"), output_of(HOST_TODAY, FROZEN_PLUGINS "/frozen_cpp"));
}

}  // namespace
