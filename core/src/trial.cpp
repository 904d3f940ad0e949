#include "tuner/trial.hpp"

#include <array>
#include <utility>

namespace tuner {

namespace {

constexpr std::array<std::string_view, 6> kOutcomes = {"completed", "pruned",    "diverged",
                                                       "failed",    "timed_out", "cancelled"};
constexpr std::array<std::string_view, 9> kRoles = {"unknown",   "weight",    "conv", "bias",  "norm_scale",
                                                    "norm_bias", "embedding", "head", "scalar"};

}  // namespace

std::string_view to_string(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> outcome_from(std::string_view text) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    if (kOutcomes[i] == text) return static_cast<Outcome>(i);
  return std::nullopt;
}

std::string_view to_string(Goal goal) { return goal == Goal::minimize ? "minimize" : "maximize"; }

std::optional<std::uint32_t> role_from(std::string_view name) {
  for (std::size_t i = 0; i < kRoles.size(); ++i)
    if (kRoles[i] == name) return static_cast<std::uint32_t>(i);
  return std::nullopt;
}

std::string_view role_name(std::uint32_t role) { return kRoles[role < kRoles.size() ? role : 0]; }

void put(Writer& out, const TrialResult& r) {
  out.put(r.outcome), out.put(r.failure), out.put(r.value), out.put(r.last_value), out.put(r.best_value);
  out.put(r.steps), out.put(r.epochs);
  out.put(r.evaluations.loss), out.put(r.evaluations.gradient), out.put(r.evaluations.hvp);
  out.put(r.nonfinite_gradients), out.put(r.wall_seconds), out.put(r.target_step), out.put(r.target_seconds);
  out.put(std::string_view(r.error));
  out.put(static_cast<std::uint64_t>(r.metrics.size()));
  for (const MetricPoint& point : r.metrics)
    out.put(point.step), out.put(std::string_view(point.name)), out.put(point.value);
  out.put(static_cast<std::uint64_t>(r.log.size()));
  for (const auto& line : r.log) out.put(std::string_view(line));
}

TrialResult read_result(Reader& in) {
  TrialResult r;
  r.outcome = in.get<Outcome>(), r.failure = in.get<Failure>();
  r.value = in.maybe<double>(), r.last_value = in.maybe<double>(), r.best_value = in.maybe<double>();
  r.steps = in.get<std::int64_t>(), r.epochs = in.get<double>();
  r.evaluations.loss = in.get<std::uint64_t>(), r.evaluations.gradient = in.get<std::uint64_t>(),
  r.evaluations.hvp = in.get<std::uint64_t>();
  r.nonfinite_gradients = in.get<std::int64_t>(), r.wall_seconds = in.get<double>();
  r.target_step = in.maybe<std::int64_t>(), r.target_seconds = in.maybe<double>();
  r.error = in.text();
  r.metrics.resize(in.count(2 * sizeof(std::uint64_t)));
  for (MetricPoint& point : r.metrics)
    point.step = in.get<std::int64_t>(), point.name = in.text(), point.value = in.get<double>();
  r.log.resize(in.count(sizeof(std::uint64_t)));
  for (auto& line : r.log) line = in.text();
  return r;
}

}  // namespace tuner
