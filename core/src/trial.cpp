#include "tuner/trial.hpp"

#include <array>
#include <utility>

namespace tuner {

namespace {

constexpr std::array<std::string_view, 7> kOutcomes = {"completed", "pruned",    "diverged", "failed",
                                                       "timed_out", "cancelled", "paused"};
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

}  // namespace tuner
