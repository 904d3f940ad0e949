#include "tuner/config/search.hpp"

#include <fmt/format.h>

#include "tuner/grid.hpp"

namespace tuner::config {
namespace {

// Configurations are run whole.
void check_repeats(const StudyPlan& plan, const RunSettings& run, const std::string& trials_at) {
  const std::uint64_t repeats = plan.repeats.count;
  const std::uint64_t trials = run.trials.value_or(0);
  const std::uint64_t rest = trials % repeats;
  if (rest == 0) return;
  throw Error(Message::config_bad_value,
              fmt::format("trials is {}, and repeats is {}: the last configuration would have {} of its {} trials",
                          trials, repeats, rest, repeats),
              fmt::format("trials counts trials, not configurations: write {}{}",
                          trials > rest ? fmt::format("{} or ", trials - rest) : "", trials - rest + repeats))
      .at(trials_at);
}

// A grid takes evenly spaced values, each once.
void check_grid_takes(const Dimension& dimension, const std::string& place) {
  const auto* range = std::get_if<Range>(&dimension.domain);
  if (range != nullptr && range->distribution != Distribution::uniform)
    throw Error(Message::config_impossible,
                fmt::format("{} has a {} distribution, and a grid has no values of one", dimension.name,
                            kDistributions[static_cast<std::size_t>(range->distribution)]),
                "write {min: ..., max: ..., count: n} or {values: [...]} in its place, or method: random")
        .at(place);
  if (!dimension.probabilities.empty())
    throw Error(Message::config_impossible,
                fmt::format("{} has probabilities, and a grid takes each of its values once", dimension.name),
                "remove probabilities, or write method: random")
        .at(place);
}

void check_grid(const StudyPlan& plan, const RunSettings& run, const Reading& reading, const std::string& at) {
  const auto& dimensions = reading.space.dimensions;
  for (std::size_t i = 0; i < dimensions.size(); ++i) check_grid_takes(dimensions[i], reading.places[i]);
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    if (const auto* range = std::get_if<Range>(&dimensions[i].domain); range && !range->count && !range->step)
      throw Error(Message::config_no_count,
                  fmt::format("{} is a range, and a grid must know how many values to take of it", dimensions[i].name),
                  range->source ? "add count: n (ends included)" : "add count: n (ends included), or step: width")
          .at(reading.places[i]);
  const std::uint64_t configurations = grid_size(reading.space);
  const std::uint64_t repeats = plan.repeats.count;
  const bool countable = configurations <= UINT64_MAX / repeats;
  const std::uint64_t size = countable ? configurations * repeats : UINT64_MAX;
  if (run.trials && *run.trials < size && !plan.partial)
    throw Error(Message::config_grid_cut,
                fmt::format("the grid has {} configurations{}, and trials: {} would leave some out", configurations,
                            repeats == 1 ? "" : fmt::format(", each repeated {} times", repeats), *run.trials),
                "remove trials to run all of it, or add partial: true to run its beginning")
        .at(at);
}

void check_searcher(const StudyPlan& plan, const RunSettings& run, const Reading& reading, const std::string& at) {
  if (reading.space.dimensions.empty())
    throw Error(Message::config_impossible,
                fmt::format("the method is {}, and the file has no search parameter", plan.method),
                "write a range in place of a value, e.g. lr: {min: 1e-4, max: 1, scale: log}")
        .at(at);
  if (!run.trials && !run.budget_seconds)
    throw Error(Message::config_no_trials, fmt::format("a search by {} has no end of its own", plan.method),
                "add trials: n, or budget: {wall: 30m}")
        .at(at);
  const std::uint64_t configurations = run.trials.value_or(UINT64_MAX) / plan.repeats.count;
  if (run.lag && *run.lag > configurations)
    throw Error(Message::config_impossible,
                fmt::format("lag is {}, and the study has {} configurations: none would see a result", *run.lag,
                            configurations),
                "write a smaller lag, or more trials")
        .at(at);
}

}  // namespace

void check_search(const StudyPlan& plan, const RunSettings& run, const Reading& reading, const std::string& at,
                  const std::string& trials_at) {
  const auto& dimensions = reading.space.dimensions;
  check_repeats(plan, run, trials_at);
  if (plan.method == "grid") return check_grid(plan, run, reading, at);
  if (plan.partial)
    throw Error(Message::config_impossible, "partial allows to cut a grid, and the method is not grid",
                "remove partial, or write method: grid")
        .at(at);
  if (plan.method == "random") {
    if (!run.trials && !run.budget_seconds)
      throw Error(Message::config_no_trials, "a random search has no end of its own",
                  "add trials: n, or budget: {wall: 30m}")
          .at(at);
    return;
  }
  if (plan.searcher) return check_searcher(plan, run, reading, at);
  if (!dimensions.empty())
    throw Error(Message::config_no_method,
                fmt::format("{} is left to a search, and the file names no method", dimensions.front().name),
                "add method: random with trials: n, or method: grid")
        .at(reading.places.front());
  if (run.trials && *run.trials != plan.repeats.count)
    throw Error(
        Message::config_no_method,
        plan.repeats.count == 1
            ? fmt::format("trials is {}, and a file without a method and without search parameters is one trial",
                          *run.trials)
            : fmt::format(
                  "trials is {}, and a file without a method and without search parameters is one configuration of "
                  "{} trials",
                  *run.trials, plan.repeats.count),
        "remove trials, or add method: random to repeat the run with other random numbers")
        .at(at);
}

}  // namespace tuner::config
