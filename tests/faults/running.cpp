#include "running.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tuner/error.hpp"
#include "tuner/storage/inspect.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/value.hpp"

namespace tuner::faults {

namespace {

void redirect(const Launch& what) {
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  if (what.output == Launch::Output::closed) {
    ::close(1), ::close(2);
    return;
  }
  int pipe[2] = {-1, -1};
  if (what.output == Launch::Output::broken_pipe) {
    if (::pipe(pipe) != 0) ::_exit(126);
    ::close(pipe[0]);
  }
  const int flags = O_CREAT | O_TRUNC | O_WRONLY;
  const int out = pipe[1] >= 0 ? pipe[1] : what.out_file;
  ::dup2(out >= 0 ? out : ::open(what.out.c_str(), flags, 0644), 1);
  ::dup2(pipe[1] >= 0 ? pipe[1] : ::open(what.err.c_str(), flags, 0644), 2);
}

}  // namespace

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "tuner-faults-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

pid_t launch(const Launch& what) {
  const std::string program = TUNER_BUILD_DIR "/bin/tuner";
  std::vector<std::string> words{program};
  words.insert(words.end(), what.arguments.begin(), what.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child != 0) return child;
  if (what.own_group) ::setpgid(0, 0);
  if (::chdir(what.folder.c_str()) != 0) ::_exit(126);
  for (const auto& [name, value] : what.environment) ::setenv(name.c_str(), value.c_str(), 1);
  redirect(what);
  for (const auto& [resource, value] : what.limits) {
    const rlimit limit{value, value};
    ::setrlimit(resource, &limit);
  }
  ::execv(program.c_str(), arguments.data());
  ::_exit(127);
}

int end_of(pid_t child, std::chrono::seconds limit) {
  int status = 0;
  const bool ended = wait_until([&] { return ::waitpid(child, &status, WNOHANG) == child; }, limit);
  if (!ended) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return -1000;
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored)) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

bool is_worker(pid_t process) {
  // A zombie has no command line.
  const std::string words = read_text("/proc/" + std::to_string(process) + "/cmdline");
  return words.find(std::string("tuner\0worker", 12)) != std::string::npos;
}

bool wait_until(const std::function<bool()>& holds, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  return true;
}

std::string tables_of(const fs::path& database, const std::string& where) {
  const storage::Store store(database, storage::Access::read_only);
  std::string text;
  const auto add = [&](const std::vector<Value>& cells) {
    for (const Value& cell : cells) text += to_json(cell) + " ";
    text += "\n";
  };
  for (const char* columns : {"number, outcome, value, parameters, seed, steps, evaluations, error FROM runs",
                              "number, name, step, value FROM learning_curves"})
    store.query(
        "SELECT " + std::string(columns) + " WHERE " + where + " ORDER BY 1, 2, 3",
        [](const std::vector<std::string>&) {}, add);
  return text;
}

std::uint64_t trials_in(const fs::path& database, const std::string& where) {
  std::int64_t count = 0;
  try {
    const storage::Store store(database, storage::Access::read_only);
    store.query(
        "SELECT count(*) FROM runs WHERE " + where, [](const std::vector<std::string>&) {},
        [&](const std::vector<Value>& cells) { count = std::get<std::int64_t>(cells[0]); });
  } catch (const Error&) {
    return 0;
  }
  return static_cast<std::uint64_t>(count);
}

std::string damage_of(const fs::path& database) {
  std::string text;
  try {
    for (const std::string& line : storage::inspect(database).damage) text += line + "\n";
  } catch (const Error& error) {
    text = error.what();
  }
  return text;
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  // Unlike an iterator over the file it throws nothing where a process of /proc ends between the two calls.
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

void write_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace tuner::faults
