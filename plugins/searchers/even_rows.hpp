// What the searchers that cover a space with a sequence share: proposal n is row n of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "axis.hpp"
#include "draws.hpp"
#include "tuner/searcher.hpp"

namespace searchers {

// Sequence: made of a number of dimensions up to kMostDimensions, and of a stream where it is scrambled; at(n, d) is
// coordinate d of row n, in [0, 1). Parameters beyond kMostDimensions are drawn at random.
template <class Sequence>
class EvenRows {
 public:
  EvenRows(const tuner::SearchSetup& setup, bool scrambled)
      : axes_(setup.space()), dimensions_(std::min(axes_.size(), Sequence::kMostDimensions)), scrambled_(scrambled) {
    if (!scrambled_) sequence_ = std::make_unique<Sequence>(dimensions_);
  }
  void propose(tuner::Proposal& proposal) const {
    const auto values = proposal.values();
    const auto states = proposal.states();
    const Sequence& rows = rows_of(proposal.rng());
    Stream draws(proposal.rng());
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      const double u = i < dimensions_ ? rows.at(proposal.index(), i) : draws.uniform();
      if (!axes_.is_active(i, values, states))
        states[i] = TUNER_VALUE_INACTIVE;
      else if (states[i] != TUNER_VALUE_FIXED)
        values[i] = axes_[i].quantile(u);
    }
  }

 private:
  // All proposals of a study share one scrambling: it comes from the stream of a proposal that is never made.
  const Sequence& rows_of(const tuner_rng& rng) const {
    if (sequence_ != nullptr && (!scrambled_ || seed_ == rng.seed)) return *sequence_;
    tuner_rng shared = rng;
    shared.trial = UINT32_MAX;
    sequence_ = std::make_unique<Sequence>(dimensions_, shared);
    seed_ = rng.seed;
    return *sequence_;
  }

  Axes axes_;
  std::size_t dimensions_;
  bool scrambled_;
  mutable std::unique_ptr<Sequence> sequence_;
  mutable std::uint64_t seed_ = 0;
};

}  // namespace searchers
