// The C++ layer for pruners. A plugin class has info, optionally params and check, and
//
//   explicit MyPruner(const tuner::SearchSetup&);
//   void observe(const tuner::Observation&);                 // the end of a trial
//   tuner::Decision decide(const tuner::Report&);            // the report of a running one
//
// and, where decide() may pause a trial,
//
//   tuner::Reviewed review(const tuner::Review&);            // what becomes of a paused one
//
// They are called in the recorded order, and may change the state; a review that names no trial must not.
#pragma once

#include "tuner/sdk/search.hpp"

namespace tuner::inline sdk {

// A value that a running trial has measured.
class Report {
 public:
  Report(const tuner_report& raw, std::size_t dimensions, const tuner_host* host)
      : raw_(&raw), dimensions_(dimensions), host_(host) {}

  std::uint64_t trial() const { return raw_->trial; }
  std::uint32_t replicate() const { return raw_->replicate; }
  Configuration configuration() const { return {*raw_->configuration, dimensions_}; }
  std::int64_t step() const { return raw_->step; }
  std::int64_t budget() const { return raw_->budget; }
  double value() const { return raw_->value; }  // may be NaN
  // What is logged last before the trial is stopped is shown as the reason.
  Host host() const { return Host(host_); }

 private:
  const tuner_report* raw_;
  std::size_t dimensions_;
  const tuner_host* host_;
};

struct Decision {
  std::uint32_t what = TUNER_DECISION_CONTINUE;
  std::int64_t next_step = -1;  // whose report waits for the next decision; -1: none does
};

// A worker is free: is one of the paused trials to go on, or to be pruned?
class Review {
 public:
  explicit Review(const tuner_review_args& raw) : raw_(&raw) {}
  // No trial runs, and none will begin.
  bool is_last() const { return (raw_->flags & TUNER_REVIEW_LAST) != 0; }
  // What is logged last is shown as the reason.
  Host host() const { return Host(raw_->host); }

 private:
  const tuner_review_args* raw_;
};

// TUNER_DECISION_PAUSE: all of them stay paused.
struct Reviewed {
  std::uint64_t trial = 0;
  Decision decision{.what = TUNER_DECISION_PAUSE, .next_step = -1};
};

namespace detail {

template <class P>
std::int32_t decide_thunk(void* state, const tuner_decide_args* args) noexcept {
  return guarded(args->error, [&] {
    auto& pruner = *static_cast<SearchState<P>*>(state);
    const Decision decision = pruner.decide(Report(*args->report, pruner.dimensions, args->host));
    *args->decision = decision.what;
    *args->next_step = decision.next_step;
  });
}

template <class P>
std::int32_t review_thunk(void* state, const tuner_review_args* args) noexcept {
  return guarded(args->error, [&] {
    const Reviewed reviewed = static_cast<SearchState<P>*>(state)->review(Review(*args));
    *args->trial = reviewed.trial;
    *args->decision = reviewed.decision.what;
    *args->next_step = reviewed.decision.next_step;
  });
}

template <class P>
constexpr tuner_pruner pruner_vtable() {
  tuner_pruner v{};
  v.struct_size = sizeof v;
  v.create = &search_create_thunk<SearchState<P>>;
  v.observe = &search_observe_thunk<P>;
  v.decide = &decide_thunk<P>;
  v.destroy = &search_destroy_thunk<SearchState<P>>;
  v.check = check_of<P>();
  if constexpr (requires(P & pruner, const Review& review) { pruner.review(review); }) v.review = &review_thunk<P>;
  return v;
}

template <class P>
inline constexpr tuner_pruner kPrunerVtable = pruner_vtable<P>();

}  // namespace detail

template <class P>
inline constexpr detail::Descriptor pruner = detail::descriptor<P>(TUNER_KIND_PRUNER, 0, &detail::kPrunerVtable<P>);

}  // namespace tuner::inline sdk
