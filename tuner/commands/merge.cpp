// tuner merge: the studies of several databases in one.
#include "tuner/storage/merge.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "tuner/commands/checkpoint_folders.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/study_session.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

constexpr Page kPage{
    "tuner merge FILE... [--db FILE] [options]",
    "Copies all studies of other databases into this one, or into a new one; the others stay as they are. All studies\n"
    "come or none. A copy is shown, compared and run on like the study itself, to the same bits.",
    "  tuner merge node1.db node2.db --db all.db\n  tuner merge node1.db --if-taken rename"};

storage::Taken taken_of(const po::variables_map& values) {
  if (!values.count("if-taken")) return storage::Taken::refused;
  const std::string word = values["if-taken"].as<std::string>();
  if (word == "rename") return storage::Taken::renamed;
  if (word == "skip") return storage::Taken::skipped;
  throw Error(Message::usage_bad_option, fmt::format("--if-taken {}: there is no such way", shown(word)),
              did_you_mean(word, std::vector<std::string>{"rename", "skip"}));
}

// A folder is there whole or not at all: a trial goes on from what it finds. Without them trials begin anew.
void copy_checkpoints(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::is_directory(from, error)) return;
  fs::path part = to;
  part += ".part";
  fs::remove_all(part, error);
  fs::create_directories(part, error);
  // It may be a link to the folder that the study's sweep file names.
  const fs::path behind = error ? from : fs::canonical(from, error);
  if (!error) fs::copy(behind, part, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (!error) fs::remove_all(to, error);  // of a study that was deleted by hand
  if (!error) fs::rename(part, to, error);
  if (!error) return;
  std::cerr << fmt::format(
      "warning: the checkpoints in {} cannot be copied: {}; paused and cancelled trials begin again\n",
      printable(from.string()), error.message());
  fs::remove_all(part, error);
}

}  // namespace

int merge(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("if-taken", po::value<std::string>()->value_name("rename|skip"),
                        "a study whose name is taken becomes NAME-2, or is left out; without this, it is an error");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FILE..."}, kPage);
  if (!values) return 0;
  const auto words = required_list(*values, "FILE...", kPage);
  const std::vector<fs::path> files(words.begin(), words.end());
  const std::string into = database(*values);
  std::size_t copied = 0, trials = 0;
  for (const storage::MergedStudy& study : storage::merge_databases(into, files, taken_of(*values))) {
    const std::string from = fmt::format("study '{}' of {}", printable(study.name), printable(study.from.string()));
    if (study.as.empty()) {
      std::cout << fmt::format("{} left out: there is one of that name\n", from);
      continue;
    }
    copy_checkpoints(checkpoint_folder(study.from.string()) / study.name, checkpoint_folder(into) / study.as);
    if (study.as != study.name)
      std::cout << fmt::format("{} is '{}'; write study: {} into its sweep file to go on with it\n", from,
                               printable(study.as), printable(study.as));
    ++copied;
    trials += study.trials;
  }
  std::cout << fmt::format("{} {} with {} trials in {}\n", copied, copied == 1 ? "study" : "studies", trials,
                           printable(into));
  return 0;
}

}  // namespace tuner::commands
