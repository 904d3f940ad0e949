// Runs one end-to-end case: a text file of files, commands, and what they must print.
//
//   --- file NAME          the lines after it become a file in the case's own empty folder
//   --- run                the lines after it are shell commands (one sh -e script); `tuner` is on the PATH
//   --- exit CODE          exit code of the run before (0 where it is not given)
//   --- stdout, --- stderr what the run before must print: `*` in a line stands for anything, a line `...` for any
//   lines
//
// An output that a case does not mention is not compared, but standard error must be named where the exit code is not
// 0.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Run {
  std::string script;
  int line = 0, exit = 0;
  std::optional<Lines> out, err;
};

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// `*` stands for anything, also nothing.
bool line_matches(const char* pattern, const char* text) {
  if (*pattern == 0) return *text == 0;
  if (*pattern != '*') return *pattern == *text && line_matches(pattern + 1, text + 1);
  do {
    if (line_matches(pattern + 1, text)) return true;
  } while (*text++ != 0);
  return false;
}

bool lines_match(const Lines& pattern, std::size_t p, const Lines& text, std::size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == "...") {
    for (std::size_t rest = t; rest <= text.size(); ++rest)
      if (lines_match(pattern, p + 1, text, rest)) return true;
    return false;
  }
  return t < text.size() && line_matches(pattern[p].c_str(), text[t].c_str()) &&
         lines_match(pattern, p + 1, text, t + 1);
}

// Reads a case: writes its files into the working directory, returns its runs.
std::vector<Run> prepare(const fs::path& path) {
  std::vector<Run> runs;
  std::string* text = nullptr;
  Lines* expected = nullptr;
  std::string content;
  fs::path file;
  const auto finish_file = [&] {
    if (file.empty()) return;
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
    file.clear();
    content.clear();
  };
  int number = 0;
  for (const std::string& line : lines_of(read(path))) {
    ++number;
    if (!line.starts_with("--- ")) {
      if (text)
        *text += line + "\n";
      else if (expected)
        expected->push_back(line);
      continue;
    }
    finish_file();
    text = nullptr;
    expected = nullptr;
    const std::string what = line.substr(4);
    if (what.starts_with("file ")) {
      file = what.substr(5);
      text = &content;
    } else if (what == "run") {
      runs.push_back({.script = "", .line = number, .exit = 0, .out = {}, .err = {}});
      text = &runs.back().script;
    } else if (runs.empty())
      throw std::runtime_error("line " + std::to_string(number) + ": no run before it");
    else if (what.starts_with("exit "))
      runs.back().exit = std::stoi(what.substr(5));
    else if (what == "stdout")
      expected = &runs.back().out.emplace();
    else if (what == "stderr")
      expected = &runs.back().err.emplace();
    else
      throw std::runtime_error("line " + std::to_string(number) + ": unknown section '" + what + "'");
  }
  finish_file();
  if (runs.empty()) throw std::runtime_error("no run");
  return runs;
}

int shell(const std::string& script) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int out = ::open(".stdout", O_CREAT | O_TRUNC | O_WRONLY, 0644),
              err = ::open(".stderr", O_CREAT | O_TRUNC | O_WRONLY, 0644);
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, 0), ::dup2(out, 1), ::dup2(err, 2);
    ::execl("/bin/sh", "sh", "-e", "-c", script.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool compare(const char* stream, const std::optional<Lines>& expected, const std::string& got) {
  if (!expected || lines_match(*expected, 0, lines_of(got), 0)) return true;
  std::cout << "unexpected " << stream << ":\n" << got << "expected:\n";
  for (const auto& line : *expected) std::cout << line << "\n";
  return false;
}

bool run_all(const fs::path& path) {
  bool passed = true;
  for (const Run& run : prepare(path)) {
    const int exit = shell(run.script);
    const std::string out = read(".stdout"), err = read(".stderr");
    bool good = exit == run.exit;
    if (!good)
      std::cout << "exit code " << exit << ", expected " << run.exit << "\nstdout:\n" << out << "stderr:\n" << err;
    if (run.exit != 0 && !run.err) good = false, std::cout << "a run that fails must name its standard error\n";
    good = compare("stdout", run.out, out) && good;
    good = compare("stderr", run.err, err) && good;
    if (!good) std::cout << path.string() << ":" << run.line << ": failed\n";
    passed = passed && good;
  }
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path path = fs::canonical(argv[1]);
  std::string folder = (fs::temp_directory_path() / "tuner-e2e-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 2;
  ::setenv("PATH", (std::string(TUNER_BUILD_DIR "/bin:") + std::getenv("PATH")).c_str(), 1);
  ::setenv("SOURCE", TUNER_SOURCE_DIR, 1);
  ::setenv("BUILD", TUNER_BUILD_DIR, 1);
  ::unsetenv("TUNER_PLUGIN_PATH");
  fs::current_path(folder);
  bool passed = false;
  try {
    passed = run_all(path);
  } catch (const std::exception& e) {
    std::cout << path.string() << ": " << e.what() << "\n";
  }
  fs::current_path("/");
  fs::remove_all(folder);
  return passed ? 0 : 1;
}
