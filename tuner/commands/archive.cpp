// Care of a database: tuner delete, rename, archive.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "tuner/commands/checkpoint_folders.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kDeletePage{"tuner delete STUDY [--yes] [--db FILE]",
                           "Deletes a study with all its trials and checkpoints. Asks first; --yes does not.",
                           "  tuner delete old-study\n  tuner delete old-study --yes"};
constexpr Page kRenamePage{"tuner rename STUDY NAME [--db FILE]",
                           "Gives a study another name. Its sweep file needs the new one too: study: NAME.",
                           "  tuner rename sweep sweep-2026"};
constexpr Page kArchivePage{"tuner archive FILE [--db FILE]",
                            "Writes a compact copy of the whole database, which nobody may write to: no free pages, no "
                            "log beside it.\n"
                            "`--db FILE` reads it.",
                            "  tuner archive 2026.db\n  tuner studies --db 2026.db"};

bool is_confirmed(const storage::StudyRow& study) {
  if (::isatty(STDIN_FILENO) == 0)
    throw Error(Message::usage_bad_option,
                fmt::format("study '{}' has {} trials, and nobody is there to ask", study.name, study.trials),
                "add --yes to delete it");
  std::cout << fmt::format("Delete study '{}' with its {} trials? [y/N] ", printable(study.name), study.trials)
            << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

int delete_study(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("yes", "do not ask");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, kDeletePage);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", kDeletePage);
  const std::string file = database(*values);
  const storage::StudyRow study = storage::Store(file, storage::Access::read_only).study(name);
  if (!values->count("yes") && !is_confirmed(study)) {
    std::cout << "nothing was deleted\n";
    return 0;
  }
  storage::Store(file, storage::Access::read_write).erase_study(name);
  remove_study_checkpoints(file, name);
  std::cout << fmt::format("deleted study '{}' with {} trials\n", printable(name), study.trials);
  return 0;
}

int rename_study(const Invocation& invocation) {
  po::options_description options("Options");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY", "NAME"}, kRenamePage);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", kRenamePage), to = required(*values, "NAME", kRenamePage);
  const std::string file = database(*values);
  config::check_study_name(to);
  static_cast<void>(storage::Store(file, storage::Access::read_only).study(name));
  storage::Store(file, storage::Access::read_write).rename_study(name, to);
  rename_study_checkpoints(file, name, to);
  std::cout << fmt::format("study '{}' is '{}' now; write study: {} into its sweep file to go on with it\n",
                           printable(name), to, to);
  return 0;
}

int archive(const Invocation& invocation) {
  po::options_description options("Options");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FILE"}, kArchivePage);
  if (!values) return 0;
  const std::string file = required(*values, "FILE", kArchivePage);
  storage::Store(database(*values), storage::Access::read_only).copy_compact(file);
  std::cout << fmt::format("{}: {} bytes, for reading alone\n", printable(file), std::filesystem::file_size(file));
  return 0;
}

}  // namespace tuner::commands
