// Worked examples: what the plugin's details say that it computes, it computes.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tuner/check/example.hpp"
#include "tuner/check/objective_rig.hpp"
#include "tuner/check/optimizer_rig.hpp"
#include "tuner/check/scheduler_rig.hpp"
#include "tuner/check/sensible.hpp"
#include "tuner/details.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

constexpr const char* kRemedy =
    "one of the two is wrong: compute the example by hand, or with another implementation, and never with the plugin "
    "itself";

void compare(const ExampleNumbers& expected, const std::vector<double>& got, const std::string& what) {
  if (expected.size() != got.size())
    throw BadExample(fmt::format("{}: there are {} numbers, and {} are due", what, expected.size(), got.size()));
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!agrees(expected[i], got[i]))
      throw Found{fmt::format("{}: number {} is {:.12g}, and the plugin computes {:.12g}", what, i + 1,
                              expected[i].value, got[i]),
                  kRemedy};
}

void require_word(const ExamplePart& part, std::string_view word, bool arrow) {
  if (part.word != word) throw BadExample(fmt::format("'{}' stands where '{}' is due", part.word, word));
  if (arrow != !part.expected.empty())
    throw BadExample(fmt::format("'{}' {} an arrow and what comes of it", word, arrow ? "needs" : "cannot have"));
}

// The loss of a step is the product of x and the gradient that stands there, so that it is the gradient everywhere.
void optimizer_example(const Subject& subject, Report& report, const Example& example) {
  require_word(example.parts.front(), "x", false);
  Setup setup = setup_for(subject, &report, example.options);
  setup.start = values_of(example.parts.front().given);
  setup.tensors = {plain_tensor("x", {static_cast<std::int64_t>(setup.start.size())})};
  for (std::size_t step = 1; step < example.parts.size(); ++step) {
    const ExamplePart& part = example.parts[step];
    require_word(part, "gradient", true);
    if (part.given.size() != setup.start.size())
      throw BadExample(fmt::format("a gradient has {} numbers, and x has {}", part.given.size(), setup.start.size()));
    setup.gradients.push_back(values_of(part.given));
  }
  if (setup.gradients.empty()) throw BadExample("there is no gradient");
  Rig rig(*subject.plugin, setup);
  for (std::size_t step = 1; step < example.parts.size(); ++step) {
    rig.run(1);
    std::vector<double> x;
    for (std::size_t i = 0; i < setup.start.size(); ++i) x.push_back(rig.parameters().front().value(i));
    compare(example.parts[step].expected, x, fmt::format("x after step {}", step));
  }
}

void scheduler_example(const Subject& subject, Report&, const Example& example) {
  require_word(example.parts.front(), "lr", false);
  if (example.parts.size() != 2) throw BadExample("behind the lr are due the values of the first updates");
  std::map<std::string, Value> given = example.options;
  given.insert(subject.given.begin(), subject.given.end());
  SchedulerRig rig(*subject.plugin, given, -1, {.lr = example.parts.front().given.front().value, .other = 0.9});
  std::vector<double> lrs;
  for (std::size_t step = 0; step < example.parts[1].given.size(); ++step) {
    std::vector<double> values;
    if (rig.value(static_cast<std::int64_t>(step), values) != TUNER_OK)
      throw Found{fmt::format("value() failed at step {}: {}", step, rig.error()), kRemedy};
    lrs.push_back(values.at(0));
  }
  compare(example.parts[1].given, lrs, "lr, counted from the first update");
}

void objective_example(const Subject& subject, Report&, const Example& example) {
  require_word(example.parts.front(), "x", true);
  std::map<std::string, Value> given = example.options;
  given.insert(subject.given.begin(), subject.given.end());
  ObjectiveSource source(*subject.plugin, given, offers_dtype(*subject.plugin, "f64") ? "f64" : nullptr, subject.seed);
  ObjectiveRig rig(source);
  double loss = 0;
  const std::vector<double> x = values_of(example.parts.front().given);
  if (x.size() != rig.size()) throw BadExample(fmt::format("x has {} numbers, and {} are due", x.size(), rig.size()));
  const auto require_ok = [&](std::int32_t status) {
    if (status != TUNER_OK) throw Found{fmt::format("it failed at the example: {}", rig.error()), kRemedy};
  };
  require_ok(rig.init());
  rig.set_parameters(x);
  require_ok(rig.loss(loss));
  compare(example.parts.front().expected, {loss}, "the loss");
  if (example.parts.size() == 1) return;
  require_word(example.parts[1], "gradient", false);
  require_ok(rig.gradient(loss));
  compare(example.parts[1].given, rig.gradients(), "the gradient");
}

void examples(const Subject& subject, Report& report) {
  for (const std::string& line : details_of(*subject.plugin).examples)
    reporting(report, [&] {
      report.doing(fmt::format("example {}", line));
      try {
        const Example example = parse_example(*subject.plugin, line);
        switch (subject.plugin->kind()) {
          case Kind::optimizer:
            return optimizer_example(subject, report, example);
          case Kind::scheduler:
            return scheduler_example(subject, report, example);
          default:
            return objective_example(subject, report, example);
        }
      } catch (const BadExample& bad) {
        throw Found{fmt::format("example '{}' cannot be read: {}", line, bad.what()),
                    "write it as `tuner plugins check --list` says: options, a colon, numbers"};
      } catch (const Error& error) {
        throw Found{fmt::format("example '{}' cannot be run: {}", line, error.message()), kRemedy};
      } catch (const Found& found) {
        throw Found{fmt::format("example '{}': {}", line, found.cause), found.remedy};
      }
    });
}

std::string no_example(const Subject& subject) {
  return details_of(*subject.plugin).examples.empty() ? "its details have no example" : "";
}

constexpr Check kChecks[] = {
    {"examples.computed",
     "What the lines of details that begin with `example` say is what the plugin computes in float64. An optimizer: "
     "`lr 0.1: x 1 -2; gradient 0.5 -4 -> 0.95 -1.6`, options, the start, and for each step a gradient and x after it. "
     "A scheduler: `gamma 0.5: lr 0.1; 0.1 0.05 0.025`. An objective: `dim 2: x 0 0 -> 1; gradient -2 0`. A number of "
     "six digits or more may be rounded.",
     1u << TUNER_KIND_OPTIMIZER | 1u << TUNER_KIND_SCHEDULER | 1u << TUNER_KIND_OBJECTIVE, nullptr, &no_example,
     &examples}};

}  // namespace

std::span<const Check> example_checks() { return kChecks; }

}  // namespace tuner::check
