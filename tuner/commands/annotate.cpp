// What people write down: tuner note, tuner tag.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

#include "tuner/commands/options.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kNotePage{
    "tuner note STUDY[/NUMBER] TEXT [--db FILE]",
    "Writes a line down of a study, or of a trial that has ended. `tuner show` shows it.",
    "  tuner note quickstart 'the data had a leak until here'\n  tuner note quickstart/7 'run again "
    "by hand: same'"};
constexpr Page kTagPage{"tuner tag STUDY[/NUMBER] TAG [--remove] [--db FILE]",
                        "Tags a study, or a trial that has ended. A tag is a word of letters, digits and - _ .\n"
                        "`tuner show` shows it.",
                        "  tuner tag quickstart paper\n  tuner tag quickstart/7 baseline\n  tuner tag quickstart/7 "
                        "baseline --remove"};

using Subject = std::pair<std::string, std::optional<std::uint64_t>>;

Subject subject_of(const std::string& words, const Page& page) {
  if (words.find('/') == std::string::npos) return {words, std::nullopt};
  return trial_name(words, page);
}

void check_tag(const std::string& tag) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (!tag.empty() && std::ranges::all_of(tag, is_legal)) return;
  throw Error(Message::usage_bad_option, fmt::format("'{}' is no tag", shown(tag)),
              "write a word of letters, digits and - _ . ; `tuner note` takes a text");
}

}  // namespace

int note(const Invocation& invocation) {
  po::options_description options("Options");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY", "TEXT"}, kNotePage);
  if (!values) return 0;
  const auto [study, trial] = subject_of(required(*values, "STUDY", kNotePage), kNotePage);
  const std::string text = required(*values, "TEXT", kNotePage);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw Error(Message::usage_bad_option, "the note is empty", fmt::format("usage: {}", kNotePage.usage));
  static_cast<void>(storage::Store(database(*values), storage::Access::read_only).study(study));
  storage::Store(database(*values), storage::Access::read_write).add_note(study, trial, text);
  return 0;
}

int tag(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("remove", "take the tag away");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY", "TAG"}, kTagPage);
  if (!values) return 0;
  const auto [study, trial] = subject_of(required(*values, "STUDY", kTagPage), kTagPage);
  const std::string tag = required(*values, "TAG", kTagPage);
  check_tag(tag);
  static_cast<void>(storage::Store(database(*values), storage::Access::read_only).study(study));
  storage::Store store(database(*values), storage::Access::read_write);
  if (!values->count("remove")) {
    store.add_tag(study, trial, tag);
    return 0;
  }
  if (!store.remove_tag(study, trial, tag))
    throw Error(
        Message::usage_bad_option,
        fmt::format("{} has no tag '{}'",
                    trial ? fmt::format("trial {} of study '{}'", *trial, study) : fmt::format("study '{}'", study),
                    tag),
        "`tuner show` shows those that it has");
  return 0;
}

}  // namespace tuner::commands
