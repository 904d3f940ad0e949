// Progress: an optimizer trains, whatever its formula is. All of it on a convex problem without noise, at the defaults.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tuner/check/optimizer_rig.hpp"
#include "tuner/error.hpp"
#include "tuner/options.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 100, kManySteps = 200, kDecaySteps = 10;

Setup still(const Subject& subject, Report& report, std::uint32_t dtype) {
  Setup setup = setup_for(subject, &report, without_decay(*subject.plugin));
  setup.dtype = dtype;
  setup.one_batch = true;
  return setup;
}

void finite(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Rig rig(*subject.plugin, still(subject, report, dtype));
      for (int t = 0; t < kManySteps; ++t) {
        rig.run(1);
        if (const std::string where = rig.not_finite(); !where.empty())
          throw Found{fmt::format("on a convex problem {} ({})", where, rig.circumstances()),
                      "look at what grows with the steps: powers of a decay, a counter, an average that is divided by "
                      "what comes near 0"};
      }
    });
}

void moves(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Rig rig(*subject.plugin, still(subject, report, dtype));
      rig.run(0);
      const State start = rig.parameters();
      std::vector<std::vector<bool>> moved;
      for (const Piece& piece : start) moved.emplace_back(piece.size());
      for (int t = 0; t < kSteps; ++t) {
        rig.run(1);
        const State now = rig.parameters();
        for (std::size_t p = 0; p < now.size(); ++p)
          for (std::size_t i = 0; i < now[p].size(); ++i)
            if (now[p].value(i) != start[p].value(i)) moved[p][i] = true;
      }
      for (std::size_t p = 0; p < start.size(); ++p)
        for (std::size_t i = 0; i < moved[p].size(); ++i)
          if (!moved[p][i])
            throw Found{fmt::format("element {} of {} has a gradient and never moved in {} steps ({})", i,
                                    start[p].name, kSteps, rig.circumstances()),
                        "a step changes every element of every tensor that has a gradient: loop over numel, not over "
                        "shape[0] * shape[1], and over all n_tensors"};
    });
}

void descend(const Subject& subject, Report& report, std::uint32_t dtype, const std::map<std::string, Value>& changed) {
  Setup setup = still(subject, report, dtype);
  for (const auto& [id, value] : changed) setup.options[id] = value;
  reporting(report, [&] {
    Rig rig(*subject.plugin, setup);
    rig.run(0);
    const double before = rig.loss();
    rig.run(kSteps);
    const double after = rig.loss();
    if (!(after < before))
      throw Found{fmt::format("the loss of a convex problem is {:.9g} at the start and {:.9g} after {} steps ({})",
                              before, after, kSteps, rig.circumstances()),
                  "an optimizer minimizes: x moves against the gradient, whichever variant its flags and choices name, "
                  "and the defaults suit an ordinary problem"};
  });
}

bool is_taken(const Subject& subject, const std::map<std::string, Value>& changed) {
  std::map<std::string, Value> options = changed;
  options.insert(subject.given.begin(), subject.given.end());
  try {
    OptionTable(*subject.plugin, options).check(*subject.plugin);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Momentum, where it is an option that is off by default.
std::map<std::string, Value> with_momentum(const Plugin& plugin) {
  const auto index = plugin.find_param("momentum");
  if (!index || plugin.param(*index).type != TUNER_TYPE_F64 || plugin.param(*index).default_value != 0) return {};
  return {{"momentum", 0.9}};
}

// Every flag and every choice that the plugin takes, with momentum where it takes it with that alone; and momentum.
std::vector<std::map<std::string, Value>> variants_of(const Subject& subject) {
  std::vector<std::map<std::string, Value>> variants;
  for (std::size_t p = 0; p < subject.plugin->param_count(); ++p) {
    const tuner_param& param = subject.plugin->param(p);
    std::vector<Value> values;
    if (param.type == TUNER_TYPE_BOOL) values.emplace_back(param.default_value == 0);
    if (param.type == TUNER_TYPE_CHOICE)
      for (std::uint32_t c = 0; c < param.n_choices; ++c)
        if (c != static_cast<std::uint32_t>(param.default_value)) values.emplace_back(std::string(param.choices[c]));
    for (const Value& value : values) {
      if (is_taken(subject, {{param.id, value}}))
        variants.push_back({{param.id, value}});
      else if (const auto momentum = with_momentum(*subject.plugin); !momentum.empty()) {
        std::map<std::string, Value> both = momentum;
        both[param.id] = value;
        if (is_taken(subject, both)) variants.push_back(both);
      }
    }
  }
  if (const auto momentum = with_momentum(*subject.plugin); !momentum.empty() && is_taken(subject, momentum))
    variants.push_back(momentum);
  return variants;
}

void descends(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes) descend(subject, report, dtype, {});
  for (const auto& variant : variants_of(subject))
    if (report.findings().empty()) descend(subject, report, TUNER_DTYPE_F64, variant);
}

std::string no_decay(const Subject& subject) {
  const auto decay = with_decay(*subject.plugin);
  return decay.contains("weight_decay") ? "" : "it has no option weight_decay";
}

// Without a gradient there is nothing but the decay.
void decays(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report, with_decay(*subject.plugin));
      setup.dtype = dtype;
      setup.scale = 0;
      Rig rig(*subject.plugin, setup);
      const auto squares = [&] {
        double sum = 0;
        for (const Piece& piece : rig.parameters())
          for (std::size_t i = 0; i < piece.size(); ++i) sum += piece.value(i) * piece.value(i);
        return sum;
      };
      rig.run(0);
      const double before = squares();
      rig.run(kDecaySteps);
      if (const double after = squares(); !(after <= before))
        throw Found{fmt::format("without gradients the sum of the squared parameters grows from {:.9g} to {:.9g} in {} "
                                "steps ({})",
                                before, after, kDecaySteps, rig.circumstances()),
                    "weight decay pulls parameters to 0: add weight_decay x to the gradient, or subtract lr "
                    "weight_decay x from x"};
    });
}

constexpr Check kChecks[] = {
    {"progress.finite", "200 steps at the defaults on a convex problem leave finite parameters.", kOptimizer,
     "arithmetic.step", nullptr, finite},
    {"progress.moves",
     "100 steps at the defaults on a convex problem move every element that has a gradient, in tensors of one to four "
     "dimensions.",
     kOptimizer, "progress.finite", nullptr, moves},
    {"progress.descends",
     "100 steps at the defaults on a convex problem without noise lower its loss, and so do 100 steps with every flag, "
     "every choice, and momentum.",
     kOptimizer, "progress.moves", nullptr, descends},
    {"progress.decays", "Without gradients ten steps with weight_decay 0.1 do not make the parameters larger.",
     kOptimizer, "progress.descends", no_decay, decays},
};

}  // namespace

std::span<const Check> progress_checks() { return kChecks; }

}  // namespace tuner::check
