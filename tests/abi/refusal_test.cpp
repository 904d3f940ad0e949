// Every kind of bad library is refused with its own message, which names the file and the values that do not agree.
// The libraries come from tests/abi/bad; `sound` is the twin of all of them and loads.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "tuner/catalogue.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"

namespace tuner {
namespace {

namespace fs = std::filesystem;

fs::path bad_library(const std::string& name) { return fs::path(BAD_LIBRARIES) / (name + ".so"); }

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "tuner-abi-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  fs::path copy_of(const std::string& library, const std::string& name) const {
    const fs::path file = path_ / name;
    fs::copy_file(bad_library(library), file);
    ::chmod(file.c_str(), 0755);
    return file;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

template <class Action>
void expect_refusal(Action action, Message id, std::initializer_list<std::string> texts) {
  try {
    action();
    FAIL() << "not refused; expected " << message_name(id);
  } catch (const Error& e) {
    EXPECT_EQ(message_name(e.id()), message_name(id)) << e.what();
    EXPECT_EQ(exit_code(e.id()), 4);
    for (const std::string& text : texts)
      EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << text << "\nin: " << e.what();
  }
}

void expect_refused_file(const fs::path& file, Message id, std::initializer_list<std::string> texts) {
  SCOPED_TRACE(file.string());
  expect_refusal([&] { (void)load_library(file); }, id, texts);
  expect_refusal([&] { (void)load_library(file); }, id, {file.filename().string()});
}

TEST(Refusal, TheSoundTwinLoads) {
  const auto library = load_library(bad_library("sound"));
  ASSERT_EQ(library->table->n_plugins, 1u);
  EXPECT_STREQ(library->table->plugins[0]->id, "plain");
  EXPECT_EQ(library->sha256, sha256_of_file(bad_library("sound")));
  EXPECT_EQ(library->path, fs::canonical(bad_library("sound")));
}

struct BadTable {
  std::string library;
  Message id;
  std::string text;
};

std::ostream& operator<<(std::ostream& out, const BadTable& bad) { return out << bad.library; }

class RefusedTable : public testing::TestWithParam<BadTable> {};

TEST_P(RefusedTable, WithItsOwnMessage) {
  expect_refused_file(bad_library(GetParam().library), GetParam().id, {GetParam().text});
}

INSTANTIATE_TEST_SUITE_P(
    Refusal, RefusedTable,
    testing::Values(BadTable{"other_major", Message::plugin_other_major, "ABI 2; this tuner has ABI 1"},
                    BadTable{"field_of_other_major", Message::plugin_other_major, "ABI 7; this tuner has ABI 1"},
                    BadTable{"no_entry", Message::plugin_no_entry, "tuner_plugin_v1"},
                    BadTable{"newer_host", Message::plugin_needs_newer_host, "ABI 1.99; this tuner has 1.1"},
                    BadTable{"other_platform", Message::plugin_other_platform, "0x3233504c; this tuner has 0x3436504c"},
                    BadTable{"undefined_symbol", Message::plugin_not_a_library, "nobody_defines_this"},
                    BadTable{"null_table", Message::plugin_bad_descriptor, "null"},
                    BadTable{"small_library", Message::plugin_bad_descriptor, "tuner_library of 16 bytes"},
                    BadTable{"no_plugins", Message::plugin_bad_descriptor, "no plugin"},
                    BadTable{"null_plugin", Message::plugin_bad_descriptor, "plugin number 0"},
                    BadTable{"small_plugin", Message::plugin_bad_descriptor, "plugin number 0"},
                    BadTable{"bad_id", Message::plugin_bad_descriptor, "id"},
                    BadTable{"unknown_kind", Message::plugin_bad_descriptor, "kind 9"},
                    BadTable{"no_propose", Message::plugin_bad_descriptor, "create, observe, propose or destroy"},
                    BadTable{"no_decide", Message::plugin_bad_descriptor, "create, observe, decide or destroy"},
                    BadTable{"other_device", Message::plugin_not_hosted, "computes on cuda:0, cuda:1 alone"},
                    BadTable{"needs_extension", Message::plugin_needs_newer_host, "extension 'example.telepathy/1'"},
                    BadTable{"unanswered_extension", Message::plugin_bad_descriptor, "extension 'example.unknown/1'"},
                    BadTable{"no_functions", Message::plugin_bad_descriptor, "no functions"},
                    BadTable{"no_step", Message::plugin_bad_descriptor, "step"},
                    BadTable{"small_functions", Message::plugin_bad_descriptor, "24 bytes"},
                    BadTable{"small_param_stride", Message::plugin_bad_descriptor, "options"},
                    BadTable{"small_param", Message::plugin_bad_descriptor, "8 bytes"},
                    BadTable{"unknown_type", Message::plugin_bad_descriptor, "type 77"},
                    BadTable{"default_outside", Message::plugin_bad_descriptor, "default 1.5 is outside [0, 1]"},
                    BadTable{"search_outside", Message::plugin_bad_descriptor, "search range [0.0001, 11]"},
                    BadTable{"duplicate_plugin", Message::plugin_bad_descriptor, "two plugins 'plain'"},
                    BadTable{"duplicate_option", Message::plugin_bad_descriptor, "two options 'lr'"},
                    BadTable{"small_slot_stride", Message::plugin_bad_descriptor, "slots"},
                    BadTable{"unknown_scope", Message::plugin_bad_descriptor, "scope"}),
    [](const auto& info) { return info.param.library; });

TEST(Refusal, MissingFile) {
  const TemporaryFolder folder;
  expect_refused_file(folder.path() / "nowhere.so", Message::plugin_unreadable, {"No such file"});
}

TEST(Refusal, FolderInsteadOfFile) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "folder.so");
  expect_refused_file(folder.path() / "folder.so", Message::plugin_unreadable, {"folder"});
}

TEST(Refusal, PipeInsteadOfFile) {
  const TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe.so";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused_file(pipe, Message::plugin_unreadable, {"not a regular file"});
}

TEST(Refusal, TextInsteadOfLibrary) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "text.so";
  std::ofstream(file) << std::string(1000, '#');
  expect_refused_file(file, Message::plugin_not_a_library,
                      {"cannot be loaded: invalid ELF header\n", "shared library (.so)"});
}

TEST(Refusal, EmptyFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "empty.so";
  std::ofstream(file).close();
  expect_refused_file(file, Message::plugin_not_a_library, {"cannot be loaded: file too short\n"});
}

TEST(Refusal, WorldWritableFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.copy_of("sound", "open.so");
  ASSERT_EQ(::chmod(file.c_str(), 0777), 0);
  expect_refused_file(file, Message::plugin_world_writable, {"writable", "chmod o-w"});
  ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  EXPECT_NO_THROW((void)load_library(file));
}

TEST(Refusal, FileInWorldWritableFolder) {
  const TemporaryFolder folder;
  const fs::path file = folder.copy_of("sound", "closed.so");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  expect_refused_file(file, Message::plugin_world_writable, {"folder"});
}

TEST(Refusal, FileBelowAWorldWritableFolder) {
  const TemporaryFolder folder;
  const fs::path open = folder.path() / "open", inside = open / "closed" / "deep";
  fs::create_directories(inside);
  fs::copy_file(bad_library("sound"), inside / "plugin.so");
  EXPECT_NO_THROW((void)load_library(inside / "plugin.so"));
  ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
  expect_refused_file(inside / "plugin.so", Message::plugin_world_writable,
                      {"plugin.so", "folder '" + open.string() + "'", "chmod o-w '" + open.string() + "'"});
  expect_refused_file(inside / ".." / "deep" / "plugin.so", Message::plugin_world_writable, {});
  ASSERT_EQ(::chmod(open.c_str(), 01777), 0) << "sticky: only owners replace what is in it";
  EXPECT_NO_THROW((void)load_library(inside / "plugin.so"));
}

// Who may replace a link may name any file.
TEST(Refusal, LinkThatStandsInAWorldWritableFolder) {
  const TemporaryFolder folder;
  const fs::path open = folder.path() / "open", file = folder.copy_of("sound", "plugin.so");
  fs::create_directory(open);
  fs::create_symlink(file, open / "link.so");
  fs::create_symlink("../plugin.so", open / "relative.so");
  fs::create_symlink(folder.path(), open / "way");
  fs::create_symlink(open / "link.so", folder.path() / "through.so");
  const fs::path ways[] = {open / "link.so", open / "relative.so", open / "way" / "plugin.so",
                           folder.path() / "through.so"};
  for (const fs::path& way : ways) EXPECT_NO_THROW((void)load_library(way)) << way;
  ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
  for (const fs::path& way : ways) {
    SCOPED_TRACE(way.string());
    expect_refusal([&] { (void)load_library(way); }, Message::plugin_world_writable,
                   {"plugin.so", "folder '" + open.string() + "'"});
  }
  EXPECT_NO_THROW((void)load_library(file));
}

TEST(Refusal, BuildFlagsInWords) {
  EXPECT_EQ(build_flags_text(0), "unknown build");
  EXPECT_EQ(build_flags_text(TUNER_BUILD_SANITIZER), "unknown build, sanitizer");
  EXPECT_EQ(build_flags_text(TUNER_BUILD_PROBED), "");
  EXPECT_EQ(build_flags_text(TUNER_BUILD_PROBED | TUNER_BUILD_FAST_MATH | TUNER_BUILD_DEBUG), "fast-math, debug");
  EXPECT_EQ(build_flags_text(TUNER_BUILD_PROBED | TUNER_BUILD_FMA_CONTRACTION | TUNER_BUILD_ASSERTS | 0x100),
            "FMA contraction, assertions, flag 0x100");
}

TEST(Refusal, FileThatChangesWhileItIsLoaded) {
  const TemporaryFolder folder;
  const fs::path file = folder.copy_of("rewrites_itself", "restless.so");
  expect_refusal([&] { (void)load_library(file); }, Message::plugin_changed, {"restless.so", "changed"});
}

TEST(Refusal, SameIdInTwoFilesNamesBothAndLeavesTheCatalogueAsItWas) {
  const TemporaryFolder folder;
  const fs::path first = folder.copy_of("sound", "first.so"), second = folder.copy_of("sound", "second.so");
  Catalogue catalogue;
  catalogue.add_file(first);
  expect_refusal([&] { catalogue.add_file(second); }, Message::plugin_duplicate_id,
                 {"'plain'", "first.so", "second.so"});
  ASSERT_EQ(catalogue.plugins().size(), 1u);
  EXPECT_EQ(catalogue.get(Kind::optimizer, "plain").library().path.filename(), "first.so");
}

TEST(Refusal, TheSameFileTwiceIsNoError) {
  const TemporaryFolder folder;
  const fs::path file = folder.copy_of("sound", "file.so");
  fs::create_symlink(file, folder.path() / "link.so");
  fs::create_hard_link(file, folder.path() / "twin.so");
  Catalogue catalogue;
  catalogue.add_folder(folder.path());
  catalogue.add_file(file);
  EXPECT_EQ(catalogue.plugins().size(), 1u);
}

TEST(Refusal, MissingFolder) {
  const TemporaryFolder folder;
  Catalogue catalogue;
  expect_refusal([&] { catalogue.add_folder(folder.path() / "none"); }, Message::plugin_unreadable, {"none"});
}

// Before a library from outside is loaded, a child process tries it.
void expect_crash(const std::string& name, const std::string& text) {
  expect_refusal([&] { probe_library(PROBE_PROGRAM, bad_library(name), std::chrono::milliseconds(1000)); },
                 Message::plugin_crashes_on_load, {name + ".so", text});
}

TEST(Probe, SoundLibraryPasses) { EXPECT_NO_THROW(probe_library(PROBE_PROGRAM, bad_library("sound"))); }
TEST(Probe, ConstructorThatCrashes) { expect_crash("crashes", "signal 6"); }
TEST(Probe, ConstructorThatExits) { expect_crash("exits", "exit code 0"); }
TEST(Probe, ConstructorThatNeverReturns) { expect_crash("hangs", "did not come back within 1 s"); }

// Refused in good order: the host's own attempt says why.
TEST(Probe, LeavesRefusalsToTheLoader) {
  EXPECT_NO_THROW(probe_library(PROBE_PROGRAM, bad_library("other_platform")));
  Catalogue catalogue;
  catalogue.probe_with(PROBE_PROGRAM);
  expect_refusal([&] { catalogue.add_file(bad_library("other_platform")); }, Message::plugin_other_platform,
                 {"other_platform.so"});
}

TEST(Probe, ComesBeforeLoading) {
  Catalogue catalogue;
  catalogue.probe_with(PROBE_PROGRAM);
  catalogue.add_file(bad_library("sound"));
  EXPECT_NE(catalogue.find(Kind::optimizer, "plain"), nullptr);
  expect_refusal([&] { catalogue.add_file(bad_library("crashes")); }, Message::plugin_crashes_on_load, {"crashes.so"});
}

#if defined(__x86_64__)
// fast_math's start-up code sets bits of MXCSR: in a child process plain dlopen shows that it does, so that the test of
// the guard has something to guard against.
TEST(Refusal, FastMathLibraryLeavesTheFloatingPointEnvironmentAlone) {
  const fs::path file = bad_library("fast_math");
  const unsigned before = _mm_getcsr();
  const auto plain_load_changes_it = [&] {
    if (dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) ::_exit(2);
    ::_exit(_mm_getcsr() != before ? 0 : 1);
  };
  EXPECT_EXIT(plain_load_changes_it(), testing::ExitedWithCode(0), "");
  (void)load_library(file);
  EXPECT_EQ(_mm_getcsr(), before);
  volatile double least = 4.9e-324;
  EXPECT_NE(least * 1.0, 0.0) << "subnormal numbers are flushed to zero";
}
#endif

}  // namespace
}  // namespace tuner
