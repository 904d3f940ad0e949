// tuner studies: what a database holds.
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

int studies(const Invocation& invocation) {
  constexpr Page kPage{"tuner studies [--db FILE] [options]", "Lists the studies of a database.",
                       "  tuner studies --db results.db"};
  po::options_description options("Options");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {}, kPage);
  if (!values) return 0;
  const storage::Store store(database(*values), storage::Access::read_only);
  report::TableWriter table(std::cout, format(*values));
  table.header({"study", "trials", "completed", "metric", "goal", "best_value", "best_trial", "seed", "created_at"});
  storage::Damage damage;
  for (const auto& study : store.studies(&damage)) {
    Value best, number;
    if (study.best_value) best = *study.best_value;
    if (study.best_number) number = static_cast<std::int64_t>(*study.best_number);
    table.row({study.name, static_cast<std::int64_t>(study.trials), static_cast<std::int64_t>(study.completed),
               study.metric, std::string(to_string(study.goal)), best, number, static_cast<std::int64_t>(study.seed),
               study.created_at});
  }
  table.end();
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
