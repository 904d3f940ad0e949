// tuner config: the configuration of a trial as a sweep file.
#include <fmt/format.h>

#include <iostream>

#include "tuner/commands/config_of_trial.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/stored_config.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/config/one_configuration.hpp"
#include "tuner/error.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner config STUDY/NUMBER [--db FILE]",
    "Prints the configuration of a trial as a sweep file that runs it alone: the sweep file as it was recorded, with "
    "the\n"
    "trial's values in place of what is searched. Its study is called STUDY-NUMBER. Relative paths count from the "
    "folder\n"
    "of the sweep file: put the new one beside it. The random numbers are those of a trial 0: `tuner replay` runs the\n"
    "trial itself again, bit for bit.",
    "  tuner config quickstart/7 > best.yaml\n"
    "  tuner --config best.yaml --set training.steps=2000"};

}  // namespace

std::string config_of_trial(const storage::Store& store, const std::string& study, std::uint64_t number) {
  const storage::RunRow run = store.trial(study, number).run;
  for (const auto& [name, value] : run.parameters)
    if (name.starts_with(lr_range::kMethod))
      throw Error(
          Message::usage_bad_option,
          fmt::format("trial {}/{} is a part of an LR range test, and no configuration of a sweep", study, number),
          "`tuner replay` runs it again");
  const std::string text = store.study_config(study);
  std::vector<std::string> overrides = store.study_overrides(study);
  if (overrides.empty()) overrides = overrides_of(text);
  const config::SweepFile file{
      .name = fmt::format("the stored config of study '{}'", study), .text = text, .folder = ".", .study = study};
  return config::one_configuration(file, overrides, run.parameters, fmt::format("{}-{}", study, number));
}

int config(const Invocation& invocation) {
  po::options_description options("Options");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY/NUMBER"}, kPage);
  if (!values) return 0;
  const auto [study, number] = trial_name(required(*values, "STUDY/NUMBER", kPage), kPage);
  const storage::Store store(database(*values), storage::Access::read_only);
  std::cout << config_of_trial(store, study, number);
  return 0;
}

}  // namespace tuner::commands
