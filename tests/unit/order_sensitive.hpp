// A searcher to test the host of searchers with: each of its configurations depends on every bit of everything that it
// was told, and on the order in which it was told.
#pragma once

#include <bit>
#include <string_view>

#include "tuner/search/searcher.hpp"

namespace tuner::test {

class OrderSensitive : public search::Searcher {
 public:
  // size: configurations. The plan must outlive it.
  OrderSensitive(const StudyPlan& plan, std::uint64_t size, std::uint32_t repeats = 1)
      : Searcher(repeats), plan_(plan), size_(size), seen_(plan.seed) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] bool learns() const override { return true; }
  [[nodiscard]] Configuration propose(std::uint64_t proposal,
                                      std::span<const search::PendingProposal> pending) const override {
    std::uint64_t state = mixed(mixed(seen_, proposal), pending.size());
    for (const search::PendingProposal& one : pending) state = mixed(mixed(state, one.proposal), one.configuration);
    const auto& dimensions = plan_.space.dimensions;
    Configuration configuration(dimensions.size());
    for (std::size_t i = 0; i < configuration.size(); ++i) {
      state = mixed(state, i);
      if (is_active(plan_.space, configuration, i))
        configuration[i] =
            search::random_value(dimensions[i], static_cast<double>(state >> 11) * 0x1p-53, plan_.search_version);
    }
    return configuration;
  }
  void observe(const search::Observation& o) override {
    for (const std::uint64_t word : {o.proposal, o.configuration, static_cast<std::uint64_t>(o.outcome),
                                     static_cast<std::uint64_t>(o.last_step), std::bit_cast<std::uint64_t>(o.budget)})
      seen_ = mixed(seen_, word);
    seen_ = mixed(seen_, o.assignment);
    for (const auto& value : o.values) seen_ = mixed(seen_, value);
    seen_ = mixed(mixed(seen_, o.mean), o.standard_deviation);
    ++observed_;
  }
  // How many configurations it was told of.
  [[nodiscard]] std::uint64_t observed() const { return observed_; }

 private:
  // Source: Steele, Lea, Flood: SplitMix64.
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
    std::uint64_t z = state * 0x9e3779b97f4a7c15ull + word + 1;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t state, const std::optional<double>& value) {
    return mixed(state, value ? std::bit_cast<std::uint64_t>(*value) : 1);
  }
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t state, const Configuration& configuration) {
    for (const auto& value : configuration)
      for (const char c : value ? to_json(*value) : "none") state = mixed(state, static_cast<std::uint64_t>(c));
    return state;
  }

  const StudyPlan& plan_;
  std::uint64_t size_, seen_, observed_ = 0;
};

}  // namespace tuner::test
