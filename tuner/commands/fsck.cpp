// tuner fsck: is the database whole?
#include <fmt/format.h>

#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/error.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::commands {

int fsck(const Invocation& invocation) {
  constexpr Page kPage{
      "tuner fsck [--db FILE]",
      "Looks through a database and says what is whole: every page and index, foreign keys, tables and views, the log\n"
      "beside the file, and whether the rows of each study agree with each other. Changes nothing.",
      "  tuner fsck\n  tuner fsck --db results.db\n\nExit code: 0 whole; 5 damaged, or no database of tuner."};
  constexpr std::size_t kShown = 20;
  po::options_description options("Options");
  add_database_option(options);
  const auto values = parse(invocation, options, {}, kPage);
  if (!values) return 0;
  const std::string file = database(*values);
  const storage::Inspection found = storage::inspect(file);
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
    std::cout << "whole\n";
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
