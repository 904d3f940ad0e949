// The program as a child process: started, watched, ended, and what it left in its database.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tuner::faults {

namespace fs = std::filesystem;

// A temporary folder that goes when it does.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Launch {
  std::vector<std::string> arguments;  // after `tuner`
  fs::path folder;                     // to run in
  std::map<std::string, std::string> environment = {};
  fs::path out = "/dev/null", err = "/dev/null";
  enum class Output { files, broken_pipe, closed } output = Output::files;
  bool own_group = false;
  int out_file = -1;                                // a descriptor in place of `out`
  std::vector<std::pair<int, rlim_t>> limits = {};  // RLIMIT_... and both of its values
};
[[nodiscard]] pid_t launch(const Launch& what);

// Exit code, or -SIGNAL. A child that does not end within the limit is killed, and the answer is -1000.
[[nodiscard]] int end_of(pid_t child, std::chrono::seconds limit = std::chrono::seconds(300));
[[nodiscard]] inline int run(const Launch& what) { return end_of(launch(what)); }

[[nodiscard]] std::vector<pid_t> children_of(pid_t process);
// A worker of a study that still runs? Zombies do not count.
[[nodiscard]] bool is_worker(pid_t process);
[[nodiscard]] bool wait_until(const std::function<bool()>& holds,
                              std::chrono::seconds limit = std::chrono::seconds(60));

// `runs` and `learning_curves` in order, times and attempts aside.
[[nodiscard]] std::string tables_of(const fs::path& database, const std::string& where = "1");
// 0 while there is no database.
[[nodiscard]] std::uint64_t trials_in(const fs::path& database, const std::string& where = "1");
// What inspect() finds damaged, a line each; the error where it throws one.
[[nodiscard]] std::string damage_of(const fs::path& database);

[[nodiscard]] std::string read_text(const fs::path& file);
void write_text(const fs::path& file, const std::string& text);

}  // namespace tuner::faults
