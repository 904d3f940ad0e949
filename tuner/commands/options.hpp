// Command lines: parsing with Boost.Program_options, help pages, errors as usage.bad_option.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tuner/commands/command.hpp"

namespace tuner::commands {

namespace po = boost::program_options;

struct Page {
  const char* usage;     // "tuner best STUDY [options]"
  const char* text;      // what it does, a few lines
  const char* examples;  // may be empty
};

// Parses `invocation.words`. positional: names of the positional arguments in order; the last takes all that remain if
// it ends in "...". Prints the page and returns nothing where --help is asked for. Errors: usage.bad_option with "did
// you mean", also for a missing or surplus argument.
[[nodiscard]] std::optional<po::variables_map> parse(const Invocation& invocation, po::options_description options,
                                                     const std::vector<std::string>& positional, const Page& page);

// An argument that must be there; of a name with "..." all of them, at least one.
[[nodiscard]] std::string required(const po::variables_map& values, const std::string& name, const Page& page);
[[nodiscard]] std::vector<std::string> required_list(const po::variables_map& values, const std::string& name,
                                                     const Page& page);

// --db, or tuner.db in the working directory. Errors: usage.bad_option where it is empty.
void add_database_option(po::options_description& options);
[[nodiscard]] std::string database(const po::variables_map& values);

// --format table|csv|json|jsonl, where --json means json.
void add_format_option(po::options_description& options);
[[nodiscard]] std::string format(const po::variables_map& values);

}  // namespace tuner::commands
