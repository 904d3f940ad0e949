// The C++ layer for searchers. A plugin class has info, optionally params and check, and
//
//   explicit MySearcher(const tuner::SearchSetup&);
//   void observe(const tuner::Observation&);
//   bool propose(tuner::Proposal&) const;     // false: there is no further configuration
//
// observe() is called once for every observation of the journal, in its order. propose() is a function of what was
// observed and of the proposal: it may keep what it computed, but no later answer may depend on it. Where it cannot be
// false it may return void.
#pragma once

#include <algorithm>
#include <concepts>
#include <vector>

#include "tuner/sdk/search.hpp"

namespace tuner::inline sdk {

// One proposal to be made: fill in values and states of all dimensions. On entry, states are FIXED where the value is
// given and to be left alone, and FREE elsewhere.
class Proposal {
 public:
  Proposal(const tuner_propose_args* args, std::size_t row, std::size_t dimensions, Configurations pending)
      : args_(args), row_(row), dimensions_(dimensions), pending_(pending) {}

  std::uint64_t index() const { return args_->proposal + row_; }
  std::size_t size() const { return dimensions_; }
  std::span<double> values() const { return {args_->values + row_ * dimensions_, dimensions_}; }
  std::span<std::uint8_t> states() const { return {args_->states + row_ * dimensions_, dimensions_}; }
  bool is_fixed(std::size_t dimension) const { return states()[dimension] == TUNER_VALUE_FIXED; }
  // Is the dimension active beside the values before it, which have been filled in?
  bool is_active(const Dimension& dimension) const {
    if (dimension.parent() < 0) return true;
    const auto parent = static_cast<std::size_t>(dimension.parent());
    const auto choices = dimension.active_choices();
    return states()[parent] != TUNER_VALUE_INACTIVE &&
           std::ranges::find(choices, static_cast<std::uint32_t>(values()[parent])) != choices.end();
  }
  std::int64_t& budget() const { return args_->budgets[row_]; }
  // Proposed and not observed yet, the earlier proposals of the same call among them.
  const Configurations& pending() const { return pending_; }
  // The stream of this proposal. Its position is the host's: draw from a copy, or through it.
  tuner_rng& rng() const { return *args_->rng[row_]; }
  Host host() const { return Host(args_->host); }

 private:
  const tuner_propose_args* args_;
  std::size_t row_, dimensions_;
  Configurations pending_;
};

namespace detail {

// The pending configurations, and room for what is proposed in this call.
inline std::vector<tuner_configuration> pending_of(const tuner_propose_args& args) {
  std::vector<tuner_configuration> pending;
  pending.reserve(args.n_pending + args.count);
  for (std::size_t i = 0; i < args.n_pending; ++i) {
    pending.push_back(strided(args.pending, args.pending_stride, i));
    pending.back().struct_size = sizeof(tuner_configuration);
  }
  return pending;
}

// As if the host had asked for the proposals one by one.
template <class S>
void propose_all(const SearchState<S>& searcher, const tuner_propose_args& args) {
  const std::size_t n = searcher.dimensions;
  std::vector<tuner_configuration> pending = pending_of(args);
  *args.made = 0;
  for (std::size_t row = 0; row < args.count; ++row) {
    for (std::uint8_t* state = args.states + row * n; state < args.states + (row + 1) * n; ++state)
      if (*state != TUNER_VALUE_FIXED) *state = TUNER_VALUE_FREE;
    Proposal proposal(&args, row, n, Configurations(pending.data(), pending.size(), sizeof(tuner_configuration), n));
    if constexpr (std::same_as<decltype(searcher.propose(proposal)), bool>) {
      if (!searcher.propose(proposal)) return;
    } else {
      searcher.propose(proposal);
    }
    tuner_configuration made{};
    made.struct_size = sizeof made;
    made.proposal = proposal.index();
    made.values = proposal.values().data();
    made.states = proposal.states().data();
    pending.push_back(made);
    ++*args.made;
  }
}

template <class S>
std::int32_t propose_thunk(void* state, const tuner_propose_args* args) noexcept {
  const std::int32_t status =
      guarded(args->error, [&] { propose_all(*static_cast<const SearchState<S>*>(state), *args); });
  return status == TUNER_OK && *args->made < args->count ? TUNER_EXHAUSTED : status;
}

template <class S>
constexpr tuner_searcher searcher_vtable() {
  tuner_searcher v{};
  v.struct_size = sizeof v;
  v.create = &search_create_thunk<SearchState<S>>;
  v.observe = &search_observe_thunk<S>;
  v.propose = &propose_thunk<S>;
  v.destroy = &search_destroy_thunk<SearchState<S>>;
  v.check = check_of<S>();
  return v;
}

template <class S>
inline constexpr tuner_searcher kSearcherVtable = searcher_vtable<S>();

}  // namespace detail

template <class S>
inline constexpr detail::Descriptor searcher = detail::descriptor<S>(TUNER_KIND_SEARCHER, 0,
                                                                     &detail::kSearcherVtable<S>);

}  // namespace tuner::inline sdk
