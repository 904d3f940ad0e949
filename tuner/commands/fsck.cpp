// tuner fsck: is the database whole?
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "tuner/checkpoint.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/recorded_study.hpp"
#include "tuner/commands/search_process.hpp"
#include "tuner/error.hpp"
#include "tuner/program/processes.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/inspect.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/study/method.hpp"
#include "tuner/study/replayed_proposals.hpp"

namespace tuner::commands {

namespace {

// Says on standard error what is being looked at, from two seconds on: on a terminal in one line, else every ten
// seconds.
class Progress {
 public:
  Progress()
      : thread_([this](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          for (auto next = std::chrono::seconds(2); !woken_.wait_for(lock, stop, pause_, [] { return false; });) {
            if (stop.stop_requested()) return;
            const auto elapsed = std::chrono::steady_clock::now() - start_;
            if (elapsed < next) continue;
            next = std::chrono::duration_cast<std::chrono::seconds>(elapsed) + std::chrono::seconds(terminal_ ? 0 : 10);
            std::fputs(fmt::format("{}looking at {}, {} so far{}", terminal_ ? "\r" : "", what_,
                                   report::duration_text(std::chrono::duration<double>(elapsed).count()),
                                   terminal_ ? "\x1b[K" : "\n")
                           .c_str(),
                       stderr);
            std::fflush(stderr);
            shown_ = true;
          }
        }) {}
  ~Progress() {
    thread_.request_stop();
    thread_.join();
    if (shown_ && terminal_) std::fputs("\r\x1b[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& what) {
    const std::lock_guard lock(mutex_);
    what_ = what;
  }

 private:
  static constexpr std::chrono::milliseconds pause_{250};
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::string what_ = "the file";
  bool shown_ = false;
  std::jthread thread_;
};

storage::Inspection inspect(const std::string& file) {
  Progress progress;
  return storage::inspect(file, [&](const std::string& what) { progress.show(what); });
}

// Notes on checkpoints that no trial continues from.
std::vector<std::string> leftovers(const std::string& database, const std::vector<storage::StudyCounts>& studies) {
  namespace fs = std::filesystem;
  std::vector<std::string> notes;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(database + ".checkpoints", none)) {
    const std::string study = entry.path().filename().string(), folder = entry.path().string();
    if (std::ranges::find(studies, study, &storage::StudyCounts::name) == studies.end()) {
      notes.push_back(fmt::format("{} belongs to no study of the database", folder));
      continue;
    }
    if (const std::size_t strays =
            program::end_strays_of(program::study_key(fs::weakly_canonical(fs::absolute(entry.path()), none)));
        strays > 0)
      notes.push_back(fmt::format("{} process{} of study '{}' ran on after the study was ended by force: now ended",
                                  strays, strays == 1 ? "" : "es", study));
    const auto finished = storage::Store(database, storage::Access::read_only).finished(study);
    std::size_t left = 0;
    for (const std::uint64_t number : trials_with_checkpoints({.folder = entry.path()}))
      left += std::ranges::binary_search(finished, number) ? 1 : 0;
    if (left > 0)
      notes.push_back(
          fmt::format("checkpoints of {} finished trial{} lie in {}: the next start of the study removes them unless "
                      "it has keep: all",
                      left, left == 1 ? "" : "s", folder));
  }
  std::ranges::sort(notes);
  return notes;
}

// Of every study whose searcher learns.
void replay_journals(const Invocation& invocation, const std::string& file, std::span<const std::string> plugins,
                     const std::vector<storage::StudyCounts>& studies) {
  const storage::Store store(file, storage::Access::read_only);
  std::string differences;
  for (const auto& counts : studies) {
    if (!store.has_journal(counts.name)) continue;
    const Catalogue catalogue = recorded_plugins(invocation, store, counts.name, plugins, std::nullopt);
    SharedObjectives shared;
    RecordedStudy recorded = read_recorded(store, counts.name, std::nullopt, catalogue, shared, invocation.executable);
    recorded.study = with_stored_search(std::move(recorded.study), store, catalogue);
    std::vector<RecordedVersion> versions = recorded_versions(recorded.study, store, catalogue);
    versions.push_back({.study = std::move(recorded.study), .proposals = UINT64_MAX});
    std::vector<study::ReplayedVersion> replays;
    for (const RecordedVersion& version : versions)
      replays.push_back(
          {.plan = version.study.plan,
           .searcher = study::make_searcher(version.study.plan, searcher_host(version.study, invocation.executable,
                                                                              store.lag(counts.name).value_or(1))),
           .proposals = version.proposals});
    const auto replayed = study::replay_proposals(replays, store);
    std::cout << fmt::format(
        "study '{}': {} proposals made again{}\n", counts.name, replayed.compared,
        replayed.left_out == 0 ? "" : fmt::format(", {} left out: a trial before them is missing", replayed.left_out));
    for (const auto& line : replayed.differences) differences += fmt::format("\n  {}: {}", counts.name, line);
  }
  if (!differences.empty())
    throw Error(Message::trial_replay_differs, fmt::format("proposals are not what they were:{}", differences),
                "Another machine, instruction set or library. A resumed study goes on with the recorded ones.")
        .at(file);
}

}  // namespace

int fsck(const Invocation& invocation) {
  constexpr Page kPage{
      "tuner fsck [--replay] [--db FILE]",
      "Looks through a database and says what is whole: every page and index, foreign keys, tables and views, the log\n"
      "beside the file, and whether the rows of each study agree with each other. --replay also makes the\n"
      "proposals of searches that learn again, and compares them with the journal. Changes no file; processes that "
      "programs\n"
      "left behind are ended.",
      "  tuner fsck\n  tuner fsck --db results.db\n\nExit code: 0 whole; 5 damaged, or no database of tuner; 6 a "
      "proposal is another one now."};
  constexpr std::size_t kShown = 20;
  po::options_description options("Options");
  options.add_options()("replay", "make the proposals of searches that learn again")(
      "plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
      "a plugin library to load for it");
  add_database_option(options);
  const auto values = parse(invocation, options, {}, kPage);
  if (!values) return 0;
  const std::string file = database(*values);
  const storage::Inspection found = inspect(file);
  std::cout << fmt::format("{}: {} pages of {} bytes, schema version {}\n\n", file, found.pages, found.page_size,
                           found.schema_version);
  report::TableWriter table(std::cout, "table");
  table.header({"study", "trials", "completed", "parameters", "metric values", "counted"});
  for (const auto& study : found.studies)
    table.row({study.name, static_cast<std::int64_t>(study.trials), static_cast<std::int64_t>(study.completed),
               static_cast<std::int64_t>(study.parameters), static_cast<std::int64_t>(study.metrics),
               std::string(study.complete ? "all" : "up to the damage")});
  table.end();
  std::cout << "\n";
  for (const auto& note : found.notes) std::cout << "note: " << note << "\n";
  if (found.damage.empty()) {
    for (const auto& note : leftovers(file, found.studies)) std::cout << "note: " << note << "\n";
    std::cout << "whole\n";
    const auto plugins =
        values->count("plugin") ? (*values)["plugin"].as<std::vector<std::string>>() : std::vector<std::string>{};
    if (values->count("replay")) replay_journals(invocation, file, plugins, found.studies);
    return 0;
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(found.damage.size(), kShown); ++i) list += "\n  " + found.damage[i];
  if (found.damage.size() > kShown) list += fmt::format("\n  ... and {} more", found.damage.size() - kShown);
  throw Error(Message::storage_damaged, fmt::format("{} is damaged:{}", file, list),
              fmt::format("What the table above counts can still be read: tuner query, tuner trials. All that is left: "
                          "sqlite3 {} .recover | sqlite3 NEW_FILE",
                          file));
}

}  // namespace tuner::commands
