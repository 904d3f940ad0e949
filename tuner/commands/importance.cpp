// tuner importance: how much of what a study found is due to each of its parameters.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <numeric>

#include "tuner/commands/options.hpp"
#include "tuner/error.hpp"
#include "tuner/report/importance.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner importance STUDY [--db FILE] [options]",
    "How much of what a study found is due to each of its parameters, as shares with the sum 1. ped_anova: how far "
    "the\n"
    "values of the best trials are from those of all; it takes conditional parameters, which count by the trials that\n"
    "have them. fanova: what share of the variance each parameter alone explains, of the prediction of a random "
    "forest;\n"
    "parameters that some trials lack have none. Completed trials with a finite value count.",
    "  tuner importance quickstart\n"
    "  tuner importance quickstart --target-quantile 0.2\n"
    "  tuner importance quickstart --method fanova --json"};

std::vector<report::Assessed> trials_of(const storage::Store& store, const std::string& study,
                                        const std::vector<report::StoredParameter>& parameters,
                                        storage::Damage& damage) {
  const Goal goal = store.study(study).goal;
  std::vector<report::Assessed> trials;
  const auto take = [&](const storage::RunRow& run) {
    if (auto trial = report::assessed(parameters, run, goal)) trials.push_back(std::move(*trial));
  };
  store.read_runs(study, 0, false, take, &damage);
  return trials;
}

double quantile_of(const po::variables_map& values, const char* name) {
  const double quantile = values[name].as<double>();
  if (!(quantile > 0 && quantile <= 1))
    throw Error(Message::usage_bad_option, fmt::format("--{} {}: it is a share of the trials", name, quantile),
                "give a number above 0, at most 1");
  return quantile;
}

}  // namespace

int importance(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("method", po::value<std::string>()->default_value("ped_anova")->value_name("NAME"),
                        "ped_anova or fanova")("target-quantile",
                                               po::value<double>()->default_value(0.1, "0.1")->value_name("Q"),
                                               "of ped_anova: the share of the trials that are good")(
      "region-quantile", po::value<double>()->default_value(1, "1")->value_name("Q"),
      "of ped_anova: the share of the trials in which they are looked for")(
      "even-baseline", "of ped_anova: compare with even values, not with those of the region");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, kPage);
  if (!values) return 0;
  const std::string study = required(*values, "STUDY", kPage);
  const std::string method = (*values)["method"].as<std::string>();
  if (method != "ped_anova" && method != "fanova")
    throw Error(Message::usage_bad_option, fmt::format("--method {}: there is no such importance", method),
                did_you_mean(method, std::vector<std::string>{"ped_anova", "fanova"}));
  const report::PedAnova settings{.target_quantile = quantile_of(*values, "target-quantile"),
                                  .region_quantile = quantile_of(*values, "region-quantile"),
                                  .against_region = values->count("even-baseline") == 0};
  if (settings.target_quantile > settings.region_quantile)
    throw Error(Message::usage_bad_option, "the target is a part of the region, and its quantile is the larger one",
                "lower --target-quantile, or raise --region-quantile");
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  const auto parameters = report::parameters_of_study(store, study, damage);
  const auto trials = trials_of(store, study, parameters, damage);
  if (parameters.empty() || trials.size() < 2)
    throw Error(Message::usage_bad_option,
                fmt::format("study '{}' has {} completed trials with a value and {} parameters: there is nothing to "
                            "weigh",
                            study, trials.size(), parameters.size()),
                "run it with more trials, or name another study");
  std::vector<std::optional<double>> shares;
  if (method == "fanova") {
    shares = report::fanova(parameters, trials);
    double sum = 0;
    for (const auto& share : shares) sum += share.value_or(0);
    for (auto& share : shares)
      if (share && sum > 0) *share /= sum;
  } else {
    for (const double share : report::normalized(report::ped_anova(parameters, trials, settings)))
      shares.emplace_back(share);
  }
  std::vector<std::size_t> order(parameters.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t p) { return shares[p].value_or(-1); });
  report::TableWriter table(std::cout, format(*values));
  table.header({"parameter", "importance"});
  for (const std::size_t p : order) table.row({parameters[p].name, shares[p] ? Value(*shares[p]) : Value(Null{})});
  table.end();
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
