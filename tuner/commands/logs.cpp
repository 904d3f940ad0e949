// tuner logs: what a trial's program has printed, and goes on to print.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

#include "tuner/child_process.hpp"
#include "tuner/commands/checkpoint_folders.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/program/output.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner logs STUDY/NUMBER [--follow] [--db FILE]",
    "Prints what the program of a trial has printed: the last 64 KiB of one that has ended, all so far "
    "of one that\n"
    "runs. Of a trial that trained plugins, what these logged.",
    "  tuner logs sweep/3\n  tuner logs sweep/3 --follow    # until the trial has ended\n\n"
    "Exit code: 0 done; 2 there is no such trial."};

constexpr std::chrono::milliseconds kPause{100};

// The trial where it is recorded.
std::optional<storage::TrialDetail> recorded(const storage::Store& store, const std::string& study,
                                             std::uint64_t number) {
  try {
    return store.trial(study, number);
  } catch (const Error& error) {
    if (error.id() != Message::usage_no_such_trial) throw;
    return std::nullopt;
  }
}

// A file that grows, and may begin anew.
class Tail {
 public:
  explicit Tail(const std::filesystem::path& file) : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  void print() {
    struct stat status {};
    if (::fstat(file_.get(), &status) == 0 && status.st_size < offset_) {
      std::cout << "\n... (what was printed in between is not kept)\n";
      offset_ = 0;
    }
    char bytes[1 << 16];
    for (ssize_t n = 0; (n = ::pread(file_.get(), bytes, sizeof bytes, offset_)) > 0; offset_ += n)
      std::cout << printable(std::string_view(bytes, static_cast<std::size_t>(n)));
    std::cout.flush();
  }

 private:
  Descriptor file_;
  off_t offset_ = 0;
};

void print(const storage::TrialDetail& trial) {
  for (const auto& line : trial.log) std::cout << "log: " << printable(line) << "\n";
  std::cout << printable(trial.output);
  if (!trial.output.empty() && !trial.output.ends_with('\n')) std::cout << "\n";
}

}  // namespace

int logs(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("follow,f", "goes on until the trial has ended");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY/NUMBER"}, kPage);
  if (!values) return 0;
  const auto [study, number] = trial_name(required(*values, "STUDY/NUMBER", kPage), kPage);
  const bool follow = values->count("follow") > 0;
  const storage::Store store(database(*values), storage::Access::read_only);
  static_cast<void>(store.study(study));
  const std::filesystem::path file = program::output_file(checkpoint_folder(database(*values)) / study, number);
  if (Tail tail(file); tail.is_open()) {
    tail.print();
    while (follow && std::filesystem::exists(file)) {
      std::this_thread::sleep_for(kPause);
      tail.print();
    }
    return 0;
  }
  const auto trial = recorded(store, study, number);
  if (!trial)
    throw Error(Message::usage_no_such_trial,
                fmt::format("trial {} of study '{}' has not ended, and has printed nothing so far", number, study),
                fmt::format("See what has ended: tuner trials {}", study))
        .at(database(*values));
  print(*trial);
  return 0;
}

}  // namespace tuner::commands
