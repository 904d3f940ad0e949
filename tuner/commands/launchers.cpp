#include "tuner/commands/launchers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tuner/child_process.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"
#include "tuner/value.hpp"

namespace tuner::commands {

namespace {

constexpr std::string_view kHost = "${host}";
constexpr std::size_t kLongestName = 80;

std::string with_host(std::string word, const std::string& host) {
  for (std::size_t at = 0; (at = word.find(kHost, at)) != std::string::npos; at += host.size())
    word.replace(at, kHost.size(), host);
  return word;
}

std::string name_of(const std::vector<std::string>& words) {
  std::string name = printable(fmt::format("{}", fmt::join(words, " ")));
  if (name.size() > kLongestName) name = name.substr(0, kLongestName) + "...";
  return name;
}

// As a shell splits them: blanks between words, quotes of both kinds, a backslash before any character outside of
// single quotes.
std::vector<std::string> words_of_shell(const std::string& text) {
  std::vector<std::string> words;
  bool within = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == 0 && std::string_view(" \t\r\n").find(c) != std::string_view::npos) {
      within = false;
      continue;
    }
    if (!std::exchange(within, true)) words.emplace_back();
    if (c == quote || (quote == 0 && (c == '\'' || c == '"'))) {
      quote = quote == 0 ? c : '\0';
      continue;
    }
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) c = text[++i];
    words.back() += c;
  }
  if (quote != 0)
    throw Error(Message::usage_bad_option, fmt::format("--launcher: a quote is not closed: {}", shown(text)),
                "write for example --launcher 'ssh \"a b\"'");
  return words;
}

std::size_t number_of_launchers(const RunSettings& run) {
  if (!run.launch.hosts.empty()) return run.launch.hosts.size();
  return (run.workers + run.launch.per_host - 1) / run.launch.per_host;
}

}  // namespace

std::vector<executor::Launcher> launchers_of(const Study& study, const std::filesystem::path& executable) {
  const LaunchPlan& launch = study.run.launch;
  const char* path = std::getenv("PATH");
  const std::filesystem::path first = find_program(launch.command.front(), study.source.folder, path ? path : "");
  if (first.empty())
    throw Error(Message::config_no_program, fmt::format("there is no program '{}'", shown(launch.command.front())),
                launch.command.front().find('/') == std::string::npos
                    ? "it is looked for in PATH; install it, or write its path"
                    : "a path counts from the folder of the sweep file, and must be an executable file")
        .at(launch.place);
  const std::string program = launch.program.empty() ? executable.string() : launch.program;
  const std::size_t count = number_of_launchers(study.run);
  std::vector<executor::Launcher> launchers;
  for (std::size_t i = 0; i < count; ++i) {
    executor::Launcher launcher;
    launcher.workers =
        !launch.counts.empty()
            ? launch.counts[i]
            : std::min(launch.per_host, study.run.workers - static_cast<std::uint32_t>(i) * launch.per_host);
    for (const std::string& word : launch.command)
      launcher.command.push_back(launch.hosts.empty() ? word : with_host(word, launch.hosts[i]));
    launcher.name = name_of(launcher.command);
    if (launch.hosts.empty() && count > 1) launcher.name += fmt::format(" ({} of {})", i + 1, count);
    launcher.command.front() = first.string();
    for (const std::string& word : {program, std::string("worker"), std::string("--stdio"), std::string("--count"),
                                    std::to_string(launcher.workers)})
      launcher.command.push_back(word);
    launchers.push_back(std::move(launcher));
  }
  return launchers;
}

std::string launcher_assignment(const std::string& words) {
  std::vector<std::string> list = words_of_shell(words);
  if (list.empty())
    throw Error(Message::usage_bad_option, "--launcher is empty", "write for example --launcher 'srun --ntasks=1'");
  for (std::string& word : list) word = to_json(Value(word));
  return fmt::format("workers.launcher=[{}]", fmt::join(list, ", "));
}

std::string workers_words(const RunSettings& run) {
  std::string words = fmt::format("{} worker{}", run.workers, run.workers == 1 ? "" : "s");
  if (run.launch.command.empty()) return words;
  const std::size_t count = number_of_launchers(run);
  return words + fmt::format(" of {} launcher{}", count, count == 1 ? "" : "s");
}

}  // namespace tuner::commands
