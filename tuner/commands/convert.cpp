// tuner convert: a sweep file of W&B in our language.
#include <fmt/format.h>

#include <iostream>

#include "tuner/commands/command.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner convert FILE",
    "Prints a sweep file of Weights & Biases as one of tuner, which gives the same trials. What is done otherwise "
    "than\n"
    "by W&B is said on standard error. Relative paths count from the folder of the file: put the new one beside it.",
    "  tuner convert wandb.yaml > sweep.yaml\n"
    "  tuner --config wandb.yaml --trials 20      # there is no need to: tuner reads the file as it is"};

}  // namespace

int convert(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("trials", po::value<std::uint64_t>()->value_name("N"), "the total of the study");
  const auto values = parse(invocation, options, {"FILE"}, kPage);
  if (!values) return 0;
  std::vector<std::string> overrides;
  if (values->count("trials")) overrides.push_back(fmt::format("trials={}", (*values)["trials"].as<std::uint64_t>()));
  const config::Converted converted = config::convert(config::read_file(required(*values, "FILE", kPage)), overrides);
  for (const std::string& warning : converted.warnings) std::cerr << "warning: " << printable(warning) << "\n";
  std::cout << converted.text;
  return 0;
}

}  // namespace tuner::commands
