// tuner studies: what a database holds.
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/report/listing.hpp"
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
  report::Listing<storage::StudyRow> listing(std::cout, format(*values), report::study_view());
  storage::Damage damage;
  for (const storage::StudyRow& study : store.studies(&damage)) listing.row(study);
  listing.end();
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
