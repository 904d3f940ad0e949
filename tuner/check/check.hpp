// tuner plugins check: what a plugin must do, as a table of checks, each run in a child process of its own.
//
// A group of checks is one file of this folder. The runner (run.cpp) starts a child for every check, with a time limit
// and the seed that it prints; a child that dies or hangs is a finding of the check that it ran.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/value.hpp"

namespace tuner::check {

// What is wrong, and what to do about it: one line each.
struct Finding {
  bool warning = false;
  std::string cause, remedy;
};

// What a check has to say. No finding: passed. Everything goes to the runner at once, so that what was found before
// the child died is not lost.
class Report {
 public:
  // answers: the file descriptor that carries them; -1: they are only kept.
  explicit Report(int answers = -1) : answers_(answers) {}
  void fail(std::string cause, std::string remedy) { add({false, std::move(cause), std::move(remedy)}); }
  void warn(std::string cause, std::string remedy) { add({true, std::move(cause), std::move(remedy)}); }
  // What the check does next ("step 3 at lr = 1e+300"): quoted when the child dies of it or hangs.
  void doing(std::string_view what);
  [[nodiscard]] const std::string& last_doing() const { return doing_; }
  // Ends the process at once, with the check done: for a signal handler that has found what there is to find.
  [[noreturn]] void end_process();
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 private:
  void add(Finding finding);
  int answers_;
  std::string doing_;
  std::vector<Finding> findings_;
};

// What a check works on, inside its child process.
struct Subject {
  std::filesystem::path self;          // the tuner executable, for checks that start a further process
  std::filesystem::path file;          // the library
  const Plugin* plugin = nullptr;      // null for checks of the library, which load it themselves
  std::uint64_t seed = 0;              // of every random choice; printed, so that a finding can be repeated
  std::map<std::string, Value> given;  // options of this plugin that the user set with --set, ready for OptionTable
};

struct Check {
  const char* id;           // group, dot, name: "arithmetic.zero_lr"
  const char* explanation;  // what it proves and how, a sentence or two, for --list
  std::uint32_t kinds;      // sum of 1 << TUNER_KIND_...; 0: a check of the library, once for a file
  // Ids of the checks without which this one means nothing, separated by blanks, or null. One that is not for the kind
  // of the plugin at hand is no obstacle. Every check of a plugin needs load.opens and abi.descriptor besides.
  const char* needs;
  // Why the check means nothing for this plugin, or empty. Null: it applies to every plugin of its kinds.
  std::string (*exempt)(const Subject& subject);
  void (*run)(const Subject& subject, Report& report);
};

// What the user must give before this plugin can be checked, data or options; empty: nothing. Such a check is not run,
// where one that means nothing for the plugin is not applicable.
[[nodiscard]] std::string what_is_missing(const Subject& subject);
// Of a scheduler, and of an objective.
[[nodiscard]] std::string lacks_options(const Subject& subject);
[[nodiscard]] std::string lacks_data(const Subject& subject);

// A number in a message: six digits, and a NaN without a sign.
[[nodiscard]] std::string shown(double value);

// The groups, in the order in which they are printed.
[[nodiscard]] std::span<const Check> load_checks();
[[nodiscard]] std::span<const Check> abi_checks();
[[nodiscard]] std::span<const Check> metadata_checks();
[[nodiscard]] std::span<const Check> arithmetic_checks();
[[nodiscard]] std::span<const Check> example_checks();
[[nodiscard]] std::span<const Check> progress_checks();
[[nodiscard]] std::span<const Check> determinism_checks();
[[nodiscard]] std::span<const Check> option_checks();
[[nodiscard]] std::span<const Check> state_checks();
[[nodiscard]] std::span<const Check> closure_checks();
[[nodiscard]] std::span<const Check> thread_checks();
[[nodiscard]] std::span<const Check> objective_checks();
[[nodiscard]] std::span<const Check> scheduler_checks();
[[nodiscard]] std::span<const Check> searcher_checks();
[[nodiscard]] std::span<const Check> pruner_checks();

// All of them.
[[nodiscard]] const std::vector<Check>& all_checks();

}  // namespace tuner::check
