#include "tuner/commands/screen.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tuner/error.hpp"
#include "tuner/report/terminal.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

bool has_colors(const std::string& color, bool is_terminal) {
  if (color == "always") return true;
  if (color == "never") return false;
  if (color != "auto")
    throw Error(Message::usage_bad_option, fmt::format("--color {}: there is no such choice", shown(color)),
                "auto, always or never");
  return is_terminal && environment("NO_COLOR", "").empty() && environment("TERM", "dumb") != "dumb";
}

std::size_t width_of_terminal() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void Screen::begin(const std::string& color, bool paged) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  report::set_terminal(std::cout,
                       {.width = is_terminal ? width_of_terminal() : 0, .colors = has_colors(color, is_terminal)});
  if (is_terminal && paged && pager_ < 0) start_pager();
}

void Screen::start_pager() {
  const std::string pager = environment("PAGER", "less");
  const std::string program = pager.substr(0, pager.find(' '));
  if (program.empty() || program == "cat") return;
  if (find_program(program, ".", environment("PATH", "/usr/bin:/bin")).empty()) return;
  Pipe pipe;
  Launch what{.program = "/bin/sh", .name = "sh", .arguments = {"-c", pager}};
  what.descriptors = {{pipe.read.get(), STDIN_FILENO}, {STDOUT_FILENO, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
  if (std::getenv("LESS") == nullptr) what.environment.emplace_back("LESS=FRX");
  pager_ = launch(what);
  // Keys are the pager's from now on: Ctrl-C ends nothing, and when the pager is left nobody reads any more.
  std::signal(SIGINT, SIG_IGN);
  ::dup2(pipe.write.get(), STDOUT_FILENO);
  if (::isatty(STDERR_FILENO) != 0) ::dup2(pipe.write.get(), STDERR_FILENO);
}

void Screen::end() {
  if (pager_ < 0) return;
  std::cout.flush();
  // The pager sees the end of its input once nothing writes there.
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(nothing, STDERR_FILENO);
  ::close(nothing);
  static_cast<void>(wait_for(pager_));
  pager_ = -1;
}

}  // namespace tuner::commands
