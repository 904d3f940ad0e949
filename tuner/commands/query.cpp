// tuner query: SQL that only reads.
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

int query(const Invocation& invocation) {
  constexpr Page kPage{"tuner query SQL [--db FILE] [options]",
                       "Asks the database; nothing can be changed this way. Views made for people: runs, best_runs, "
                       "learning_curves, and of\n"
                       "each study runs_STUDY with a column for each parameter. docs/database.md describes them and "
                       "shows useful queries.",
                       "  tuner query \"SELECT number, value FROM best_runs WHERE study = 'quickstart' LIMIT 3\"\n"
                       "  tuner query \"SELECT * FROM runs_quickstart LIMIT 3\"\n"
                       "  tuner query \"SELECT * FROM learning_curves\" --format csv > curves.csv"};
  po::options_description options("Options");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"SQL"}, kPage);
  if (!values) return 0;
  const std::string sql = required(*values, "SQL", kPage);
  const storage::Store store(database(*values), storage::Access::read_only);
  report::TableWriter table(std::cout, format(*values));
  store.query(
      sql, [&](const std::vector<std::string>& columns) { table.header(columns); },
      [&](const std::vector<Value>& cells) { table.row(cells); });
  table.end();
  return 0;
}

}  // namespace tuner::commands
