#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <iterator>
#include <new>
#include <sstream>
#include <system_error>

#include "tuner/abi.h"
#include "tuner/check/child.hpp"
#include "tuner/check/new_process.hpp"
#include "tuner/commands/command.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/screen.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/interrupt.hpp"
#include "tuner/library.hpp"
#include "tuner/report/output.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"
#include "tuner/version.hpp"

namespace {

using namespace tuner;

struct Command {
  const char* name;
  int (*run)(const commands::Invocation&);
  const char* what;
  bool prints_only = false;  // its work is over when nobody reads it any more
};

constexpr Command kCommands[] = {
    {"run", commands::run, "run or resume the study of a sweep file (also: tuner --config FILE)"},
    {"lr-range", commands::lr_range, "which learning rates does an optimizer bear?"},
    {"plugins", commands::plugins, "what there is: list, show ID; your own: new ID, check FILE"},
    {"studies", commands::studies, "the studies of a database", true},
    {"trials", commands::trials, "the trials of a study", true},
    {"best", commands::best, "its best trials", true},
    {"compare", commands::compare, "trials side by side, studies, the builds of a plugin", true},
    {"importance", commands::importance, "how much of the result each parameter explains", true},
    {"gap", commands::gap, "generalization gap, inconsistency and instability of configurations", true},
    {"curve", commands::curve, "a metric of a trial over its steps", true},
    {"report", commands::report, "studies as a page of HTML, in one file"},
    {"serve", commands::serve, "the same page while the studies run"},
    {"config", commands::config, "the configuration of a trial as a sweep file", true},
    {"show", commands::show, "one study or one trial, whole", true},
    {"logs", commands::logs, "what the program of a trial prints"},
    {"recommend", commands::recommend, "what is recommended for a situation, as a sweep file", true},
    {"schema", commands::schema, "a JSON Schema of the sweep file, for editors", true},
    {"convert", commands::convert, "a sweep file of W&B as one of tuner", true},
    {"export", commands::export_study, "a study as a database of Optuna"},
    {"import", commands::import_study, "a study of Optuna's database, or runs of W&B"},
    {"delete", commands::delete_study, "a study with all its trials, after a question"},
    {"rename", commands::rename_study, "another name for a study"},
    {"archive", commands::archive, "a compact copy of the database, for reading alone"},
    {"merge", commands::merge, "the studies of several databases in one"},
    {"note", commands::note, "a line about a study or a trial, for later"},
    {"tag", commands::tag, "a word by which a study or a trial is known again"},
    {"query", commands::query, "ask the database in SQL", true},
    {"replay", commands::replay, "run one trial again: does it give the same bits?"},
    {"fsck", commands::fsck, "is the database whole?"},
};

void print_help() {
  std::cout << "tuner finds the optimizer, the schedule and the hyperparameters that train a model best.\n\n"
               "usage: tuner --config FILE [options]\n       tuner COMMAND [options]\n\n";
  for (const Command& command : kCommands) std::cout << fmt::format("  {:<10} {}\n", command.name, command.what);
  std::cout
      << "\nA first session:\n"
         "  tuner --config configs/quickstart.yaml     # seconds\n"
         "  tuner best quickstart\n"
         "  tuner show quickstart/0\n"
         "  tuner plugins show adam\n\n"
         "`tuner COMMAND --help` explains a command; `tuner --version` prints the version.\n"
         "Exit codes: 0 ok, 2 usage, 3 config, 4 plugin, 5 storage, 6 a trial of the study failed or timed out, or\n"
         "none completed (diverged trials are results, not failures), 70 a mistake of tuner's own, 130 interrupted.\n";
}

// A text as roff shows it line by line.
std::string roff(const std::string& text) {
  std::string page = ".nf\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    for (std::size_t at = 0; (at = line.find_first_of("\\-", at)) != std::string::npos; at += 2)
      line.insert(at, 1, '\\');
    page += (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + line + "\n";
  }
  return page + ".fi\n";
}

// What print() prints.
template <class Print>
std::string printed(Print print) {
  std::ostringstream text;
  std::streambuf* before = std::cout.rdbuf(text.rdbuf());
  print();
  std::cout.rdbuf(before);
  return std::move(text).str();
}

// tuner.1: the page of the program and those of all its commands.
void print_manual(const std::filesystem::path& executable) {
  std::cout << fmt::format(
                   ".TH TUNER 1 \"\" \"tuner {}\" \"\"\n.SH NAME\ntuner \\- hyperparameter tuning\n.SH SYNOPSIS\n",
                   kVersion)
            << roff(printed(print_help));
  for (const Command& command : kCommands)
    std::cout << fmt::format(".SH tuner {}\n", command.name) << roff(printed([&] {
      commands::Screen screen;
      command.run({{"--help"}, executable, command.prints_only ? &screen : nullptr});
    }));
}

int dispatch(std::vector<std::string> words, report::Output& output, commands::Screen& screen) {
  const auto executable = commands::executable_path();
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    std::cout << fmt::format("tuner {} (plugin ABI {}.{})\n", kVersion, TUNER_ABI_MAJOR, TUNER_ABI_MINOR);
    return 0;
  }
  if (words[0] == "--man") {
    print_manual(executable);
    return 0;
  }
  if (words[0] == "--probe-plugin" && words.size() == 2) return answer_probe(words[1]);
  if (words[0] == "worker") return commands::worker({{words.begin() + 1, words.end()}, executable});
  if (words[0] == check::kChildWord) return check::answer_check(executable, {words.begin() + 1, words.end()});
  if (words[0] == check::kStepsWord) return check::answer_steps({words.begin() + 1, words.end()});
  executor::end_at_interrupts();
  if (words[0].starts_with("-")) return commands::run({std::move(words), executable});
  const auto* command =
      std::ranges::find(kCommands, words[0], [](const Command& c) { return std::string_view(c.name); });
  if (command == std::end(kCommands)) {
    std::vector<std::string_view> names;
    for (const Command& c : kCommands) names.emplace_back(c.name);
    const bool file = words[0].ends_with(".yaml") || words[0].ends_with(".yml");
    throw Error(Message::usage_unknown_command, fmt::format("there is no command '{}'", shown(words[0])),
                file ? fmt::format("did you mean 'tuner --config {}'?", words[0]) : did_you_mean(words[0], names));
  }
  if (command->prints_only) output.end_without_reader();
  words.erase(words.begin());
  return command->run({std::move(words), executable, command->prints_only ? &screen : nullptr});
}

// A file that is opened where standard output should be would get what is printed.
void open_standard_files() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    return;
  }
}

// A write to a pipe without a reader, or beyond the limit of a file's size, fails instead of ending the program. A
// handler, where SIG_IGN would be inherited by every program that is started.
void ignore_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, [](int) {});
}

int say(const Error& error) {
  std::cout.flush();
  std::cerr << "error[" << message_name(error.id()) << "]: " << printable(error.what()) << "\n";
  return exit_code(error.id());
}

int say(int what_ran_out) {
  return say(Error(Message::storage_failed, system_text(what_ran_out),
                   "free it, raise the limit, or run less at a time; the same command continues a study"));
}

int run(std::vector<std::string> words, report::Output& output, commands::Screen& screen) {
  try {
    return dispatch(std::move(words), output, screen);
  } catch (const Error& e) {
    return say(e);
  } catch (const std::bad_alloc&) {
    return say(ENOMEM);
  } catch (const std::system_error& e) {
    const int code = e.code().value();
    if (code == EMFILE || code == ENFILE || code == EAGAIN || code == ENOMEM) return say(code);
    return say(Error(Message::storage_failed, e.what()));
  } catch (const std::exception& e) {
    std::cout.flush();
    std::cerr << "error: " << printable(e.what()) << "\n";
    return 70;  // a mistake of ours: sysexits' EX_SOFTWARE
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_files();
  ignore_failed_writes();
  // Never destroyed: std::cout is flushed after the last static object is gone.
  static auto* const output = new report::Output(STDOUT_FILENO);
  std::cout.rdbuf(output);
  commands::Screen screen;
  const int code = run({argv + 1, argv + argc}, *output, screen);
  std::cout.flush();
  screen.end();
  if (output->error() == 0 || output->error() == EPIPE) return code;
  const int failed =
      say(Error(Message::storage_failed, "standard output cannot be written: " + system_text(output->error()),
                "what was printed is not complete: make room, or send it to another place"));
  return code != 0 ? code : failed;
}
