#include "tuner/program/processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "tuner/child_process.hpp"
#include "tuner/library.hpp"

namespace tuner::program {

namespace {

namespace fs = std::filesystem;

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPause{2};
// A process that does not go within this time hangs in the kernel; nobody can end it.
constexpr std::chrono::seconds kLongestEnd{5};

// What can be read of a file of /proc: its process may go in the middle of it.
std::string read(const std::string& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char bytes[4096];
  for (ssize_t n = 0; descriptor.is_open() && (n = ::read(descriptor.get(), bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(n));
  return text;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

struct Status {
  char state = 'X';
  pid_t parent = 0;
  std::uint64_t start_ticks = 0;
};

std::optional<Status> status_of(pid_t process) {
  const std::string line = read(fmt::format("/proc/{}/stat", process));
  // The name in parentheses may itself have blanks and parentheses.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  Status status;
  std::string skipped;
  fields >> status.state >> status.parent;
  for (int field = 5; field < 22; ++field) fields >> skipped;
  fields >> status.start_ticks;
  return fields ? std::optional(status) : std::nullopt;
}

void each_process(const std::function<void(pid_t)>& visit) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none))
    if (const auto pid = number_in<pid_t>(entry.path().filename().string())) visit(*pid);
}

struct Token {
  std::string key;
  pid_t worker = 0;
  std::uint64_t ticks = 0;
};

// Of a process that runs; nothing where it has none, or belongs to somebody else.
std::optional<Token> read_token(pid_t process) {
  const std::string environment = read(fmt::format("/proc/{}/environ", process));
  const std::string variable = fmt::format("{}=", kTokenVariable);
  for (std::size_t at = 0; at < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', at), environment.size());
    const std::string_view entry = std::string_view(environment).substr(at, end - at);
    at = end + 1;
    if (!entry.starts_with(variable)) continue;
    std::istringstream parts{std::string(entry.substr(variable.size()))};
    std::string key, worker, ticks;
    if (!std::getline(parts, key, ':') || !std::getline(parts, worker, ':') || !std::getline(parts, ticks, ':'))
      return std::nullopt;
    return Token{key, number_in<pid_t>(worker).value_or(0), number_in<std::uint64_t>(ticks).value_or(0)};
  }
  return std::nullopt;
}

bool is_alive(const Token& token) {
  const auto status = status_of(token.worker);
  return status && status->start_ticks == token.ticks && status->state != 'Z' && status->state != 'X';
}

// Until there are none: one may start another while it is looked at.
std::size_t end_all(const std::function<bool(const Token&)>& is_due) {
  std::map<pid_t, bool> ended;
  const auto last = std::chrono::steady_clock::now() + kLongestEnd;
  for (bool found = true; found && std::chrono::steady_clock::now() < last;) {
    found = false;
    each_process([&](pid_t process) {
      if (process == ::getpid()) return;
      const auto token = read_token(process);
      if (!token || !is_due(*token)) return;
      const auto status = status_of(process);
      if (!status || status->state == 'Z' || status->state == 'X') return;
      found = true;
      ended[process] = true;
      ::kill(process, SIGKILL);
    });
    if (found) std::this_thread::sleep_for(kPause);
  }
  return ended.size();
}

}  // namespace

std::string study_key(const fs::path& folder) { return sha256_of_text(folder.string()).substr(0, 16); }

std::string token_of(std::string_view key, std::uint64_t number) {
  static const std::uint64_t ticks = status_of(::getpid()).value_or(Status{}).start_ticks;
  return fmt::format("{}:{}:{}:{}", key, ::getpid(), ticks, number);
}

std::size_t end_processes_of(std::string_view key) {
  return end_all([&](const Token& token) { return token.key == key; });
}
std::size_t end_strays_of(std::string_view key) {
  return end_all([&](const Token& token) { return token.key == key && !is_alive(token); });
}
std::size_t end_processes_of_worker(pid_t worker) {
  return end_all([&](const Token& token) { return token.worker == worker; });
}

std::vector<pid_t> descendants_of(pid_t process) {
  std::multimap<pid_t, pid_t> children;
  each_process([&](pid_t pid) {
    if (const auto status = status_of(pid); status && status->state != 'Z') children.emplace(status->parent, pid);
  });
  std::vector<pid_t> found{process};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

void end_children() {
  const auto last = std::chrono::steady_clock::now() + kLongestEnd;
  while (std::chrono::steady_clock::now() < last) {
    siginfo_t none{};
    if (::waitid(P_ALL, 0, &none, WEXITED | WNOHANG | WNOWAIT) != 0) return;  // ECHILD: there are no children
    for (const pid_t process : descendants_of(::getpid())) ::kill(process, SIGKILL);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::uint64_t memory_of(const std::vector<pid_t>& processes) {
  std::uint64_t bytes = 0;
  for (const pid_t process : processes) {
    std::istringstream lines(read(fmt::format("/proc/{}/smaps_rollup", process)));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("Pss:")) continue;
      std::uint64_t kilobytes = 0;
      std::istringstream(line.substr(4)) >> kilobytes;
      bytes += kilobytes << 10;
      break;
    }
  }
  return bytes;
}

}  // namespace tuner::program
