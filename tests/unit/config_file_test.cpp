#include <filesystem>
#include <fstream>
#include <string>

#include "config_reading.hpp"

namespace tuner::config {
namespace {

namespace fs = std::filesystem;

class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tuner-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  static std::string error_at(const fs::path& file) {
    try {
      static_cast<void>(read_study(read_file(file), catalogue()));
    } catch (const Error& error) {
      return error.place() + " " + std::string(message_name(error.id())) + ": " + error.message();
    }
    return "no error";
  }
  fs::path folder_;
};

TEST_F(ConfigFile, IsReadWithItsNameAndFolder) {
  const std::string text = "objective: {plugin: net, data_dir: data}\noptimizer: bare\ntraining: {steps: 1}\n";
  const fs::path file = write("my.sweep.yaml", text);
  const auto [plan, settings, source] = read_study(read_file(file), catalogue());
  EXPECT_EQ(plan.name, "my.sweep");
  EXPECT_EQ(source.text, text);
  EXPECT_EQ(source.path, file.string());
  EXPECT_EQ(fixed(plan.objective.branches[0].options, "data_dir"), Value((folder_ / "data").string()));
}

TEST_F(ConfigFile, ErrorsNameTheFile) {
  const fs::path file = write("a.yaml", "objective: net\nwat: 1\n");
  expect_error(error_at(file), file.string() + ":2:1 config.unknown_key");
}

TEST_F(ConfigFile, MissingFileAndFolderAreUnreadable) {
  const fs::path missing = folder_ / "missing.yaml";
  expect_error(error_at(missing), missing.string() + " config.unreadable", {"No such file"});
  expect_error(error_at(folder_), folder_.string() + " config.unreadable", {"folder"});
}

TEST_F(ConfigFile, PluginFilesCountFromItsFolder) {
  const fs::path file = write("a.yaml", "plugins: [lib/a.so, /abs/b.so]\nobjective: not_loaded_yet\n");
  EXPECT_EQ(plugin_files(read_file(file)), (std::vector<fs::path>{folder_ / "lib/a.so", "/abs/b.so"}));
  EXPECT_TRUE(plugin_files(read_file(write("b.yaml", "objective: net\n"))).empty());
  EXPECT_TRUE(plugin_files(read_file(write("c.yaml", ""))).empty());
  EXPECT_THROW(static_cast<void>(plugin_files(read_file(write("d.yaml", "plugins: a.so\n")))), Error);
}

}  // namespace
}  // namespace tuner::config
