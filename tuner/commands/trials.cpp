// tuner trials, tuner best: the runs of a study, by number or by rank; where it repeats its configurations, best has
// those.
#include <iostream>
#include <string>
#include <vector>

#include "tuner/commands/options.hpp"
#include "tuner/report/listing.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

int list(const Invocation& invocation, const Page& page, bool ranked, std::uint64_t limit) {
  po::options_description options("Options");
  options.add_options()("limit", po::value<std::uint64_t>()->default_value(limit)->value_name("N"),
                        "at most so many; 0: all");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, page);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", page);
  const storage::Store store(database(*values), storage::Access::read_only);
  const std::uint64_t most = (*values)["limit"].as<std::uint64_t>();
  const std::string how = format(*values);
  const bool repeated = store.study(name).repeats > 1;
  storage::Damage damage;
  std::vector<std::string> parameters;
  if (how == "csv") parameters = store.parameter_names(name, &damage);
  if (ranked && repeated)
    report::print<storage::ConfigurationRow>({std::cout, how, report::configuration_view(), parameters},
                                             [&](auto take) { store.read_configurations(name, most, take, &damage); });
  else
    report::print<storage::RunRow>({std::cout, how, report::trial_view(repeated), parameters},
                                   [&](auto take) { store.read_runs(name, most, ranked, take, &damage); });
  damage.raise(database(*values));
  return 0;
}

}  // namespace

int trials(const Invocation& invocation) {
  constexpr Page kPage{"tuner trials STUDY [--db FILE] [options]",
                       "Lists the trials of a study in order of their numbers. docs/json.md has the keys of the JSON "
                       "and the columns of the\n"
                       "CSV.",
                       "  tuner trials quickstart --limit 20\n  tuner trials quickstart --format csv > trials.csv"};
  return list(invocation, kPage, false, 0);
}

int best(const Invocation& invocation) {
  constexpr Page kPage{"tuner best STUDY [--db FILE] [options]",
                       "Lists the best completed trials of a study, best first. Where the study repeats its "
                       "configurations, those: by the mean\n"
                       "of their trials, with its standard deviation and the number n of values in it; those that lack "
                       "trials behind the\n"
                       "others, and those with a trial that failed last, unless the study says on_failure: ignore.",
                       "  tuner best quickstart --limit 1 --json"};
  return list(invocation, kPage, true, 10);
}

}  // namespace tuner::commands
