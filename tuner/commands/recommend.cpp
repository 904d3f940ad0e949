// tuner recommend: what the sources recommend for a situation, as a sweep file with the figures of our experiments.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "tuner/catalogue.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/recommend/situations.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

std::string list_of(const std::vector<recommend::Situation>& situations) {
  std::string text;
  for (const recommend::Situation& situation : situations)
    text += fmt::format("  {:<13}  {}\n", situation.name, situation.advice);
  return text;
}

}  // namespace

int recommend(const Invocation& invocation) {
  const std::vector<recommend::Situation> situations = recommend::situations();
  const std::string text =
      "What is recommended for a situation, as a sweep file on standard output that runs as it is. Its comments have "
      "the\n"
      "figures of docs/experiments.md that support the recommendation or speak against it. Without --for the "
      "situations:\n" +
      list_of(situations);
  const Page page{"tuner recommend [--for SITUATION] [--objective OBJECTIVE]", text.c_str(),
                  "  tuner recommend --for cnn > sweep.yaml && tuner --config sweep.yaml\n"
                  "  tuner recommend --for general --objective '{plugin: mlp, dataset: csv, data_file: wine.csv}'"};
  po::options_description options("Options");
  options.add_options()("for", po::value<std::string>()->value_name("SITUATION"), "one of those above")(
      "objective", po::value<std::string>()->value_name("OBJECTIVE"),
      "a plugin, or a map as in a sweep file, in place of the example's");
  const auto values = parse(invocation, options, {}, page);
  if (!values) return 0;
  if (!values->count("for")) {
    if (values->count("objective"))
      throw Error(Message::usage_bad_option, "--objective is for one situation, and none is named",
                  "add --for SITUATION: `tuner recommend` lists them");
    std::cout << list_of(situations);
    return 0;
  }
  const std::string name = (*values)["for"].as<std::string>();
  const auto found = std::ranges::find(situations, name, &recommend::Situation::name);
  if (found == situations.end()) {
    std::vector<std::string> names;
    for (const recommend::Situation& situation : situations) names.push_back(situation.name);
    throw Error(Message::usage_bad_option, fmt::format("--for {}: there is no such situation", shown(name)),
                did_you_mean(name, names));
  }
  const std::string objective = values->count("objective") ? (*values)["objective"].as<std::string>() : std::string();
  if (objective.find('\n') != std::string::npos)
    throw Error(Message::usage_bad_option, "--objective has several lines",
                "write it on one: {plugin: mlp, hidden: [64]}");
  const std::string sweep = recommend::sweep_of(*found, objective);
  const Catalogue catalogue = load_plugins(invocation.executable, {});
  static_cast<void>(config::parse_study(sweep, name + ".yaml", ".", catalogue));
  std::cout << sweep;
  return 0;
}

}  // namespace tuner::commands
