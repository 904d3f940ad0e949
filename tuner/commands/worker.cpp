// tuner worker: what a coordinator starts. Without options a worker on its descriptors; with --stdio a supervisor of
// local workers, whose standard input and output are the connection.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>

#include "tuner/commands/command.hpp"
#include "tuner/commands/inspection.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/crew.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr std::uint32_t kMostWorkers = 4096;

std::uint32_t count_in(const std::string& word) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
  if (error != std::errc() || end != word.data() + word.size() || count == 0 || count > kMostWorkers)
    throw Error(Message::usage_bad_option, fmt::format("--count {}: no number of workers", shown(word)),
                fmt::format("give 1 to {}", kMostWorkers));
  return count;
}

}  // namespace

int worker(const Invocation& invocation) {
  const auto& words = invocation.words;
  if (words.empty()) return executor::run_worker(answer);
  if (words.size() != 3 || words[0] != "--stdio" || words[1] != "--count")
    throw Error(Message::usage_bad_option, "'tuner worker' is started by a running study",
                "a supervisor of N workers is: tuner worker --stdio --count N");
  const std::uint32_t count = count_in(words[2]);
  if (::isatty(STDIN_FILENO) != 0)
    throw Error(Message::usage_bad_option, "'tuner worker --stdio' speaks to a coordinator, and here is a terminal",
                "run a study: tuner --config FILE");
  return executor::run_supervisor(invocation.executable, count);
}

}  // namespace tuner::commands
