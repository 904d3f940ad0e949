#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "costs.hpp"
#include "tpe.hpp"

namespace searchers {

std::size_t tpe_gamma(std::size_t n) { return std::min<std::size_t>((n + 9) / 10, 25); }
std::size_t tpe_gamma_of_several(std::size_t n) { return (n + 9) / 10; }

Tpe::Tpe(const tuner::SearchSetup& setup, const TpeOptions& options)
    : axes_(setup.space()), options_(options), signs_(signs_of(setup)) {
  make_parts();
  work_.window.resize(axes_.size());
  work_.entered.resize(axes_.size(), 0);
  work_.below.resize(parts_.size());
  work_.above.resize(parts_.size());
  work_.kernels.resize(parts_.size());
}

// Axes with the same condition are active together. Those without one are searched jointly where the method is
// multivariate, those with the same condition where it groups; each other axis is a part of its own.
void Tpe::make_parts() {
  for (std::uint32_t i = 0; i < axes_.size(); ++i) {
    const Axis& axis = axes_[i];
    const bool joint = options_.multivariate && (axis.parent < 0 || options_.group);
    const auto same = [&](const Part& part) {
      const Axis& other = axes_[part[0]];
      return axis.parent == other.parent && std::ranges::equal(axis.active_choices, other.active_choices);
    };
    const auto part = joint ? std::ranges::find_if(parts_, same) : parts_.end();
    if (part != parts_.end())
      part->push_back(i);
    else
      parts_.push_back({i});
  }
}

std::vector<double> Tpe::places_of(const tuner::Configuration& configuration) const {
  std::vector<double> places(axes_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < axes_.size(); ++i)
    if (configuration.is_active(i)) places[i] = axes_[i].place(configuration[i]);
  return places;
}

TpeRow Tpe::row_of(const tuner::Observation& observation) const {
  TpeRow row;
  row.places = places_of(observation.configuration());
  const bool measured = !observation.values().empty() && !std::isnan(observation.values()[0]);
  const double value = measured ? observation.values()[0] * signs_[0] : 0;
  const double violation = violation_of(observation);
  if (signs_.size() > 1) row.costs = costs_of(observation, signs_);
  const std::uint32_t outcome = observation.outcome();
  if (outcome == TUNER_OUTCOME_PRUNED || outcome == TUNER_OUTCOME_PAUSED) {
    row.kind = TpeRow::Kind::pruned;
    row.first = observation.values().empty() ? 1 : -static_cast<double>(observation.last_step());
    row.second = observation.values().empty() ? 0 : measured ? value : std::numeric_limits<double>::infinity();
  } else if (outcome == TUNER_OUTCOME_COMPLETED && measured && (signs_.size() == 1 || !row.costs.empty())) {
    row.kind = TpeRow::Kind::measured;
    row.first = value;
  }
  if (violation > 0 && row.kind != TpeRow::Kind::failed) {
    row.kind = TpeRow::Kind::infeasible;
    row.first = violation;
    row.second = 0;
  }
  return row;
}

bool Tpe::better(std::uint32_t a, std::uint32_t b) const {
  const TpeRow& x = rows_[a];
  const TpeRow& y = rows_[b];
  if (x.kind != y.kind) return x.kind < y.kind;
  if (x.first != y.first) return x.first < y.first;
  if (x.second != y.second) return x.second < y.second;
  return a < b;
}

void Tpe::rank(std::uint32_t row) {
  if (rows_[row].kind == TpeRow::Kind::failed) return;
  const auto at = std::ranges::upper_bound(best_, row, [&](std::uint32_t a, std::uint32_t b) { return better(a, b); });
  best_.insert(at, row);
  if (best_.size() > kMostBelow) best_.pop_back();
}

void Tpe::enter_window(std::uint32_t axis, std::uint32_t row) const {
  Sorted& sorted = work_.window[axis];
  if (row >= kWindow) {
    const std::uint32_t oldest = row - static_cast<std::uint32_t>(kWindow);
    const auto remove = std::pair(rows_[oldest].places[axis], oldest);
    if (!std::isnan(remove.first)) sorted.erase(std::ranges::lower_bound(sorted, remove));
  }
  const auto enter = std::pair(rows_[row].places[axis], row);
  if (!std::isnan(enter.first)) sorted.insert(std::ranges::lower_bound(sorted, enter), enter);
}

// A study that is resumed tells of many rows before it asks for a proposal, and ranges without a step seldom need this.
void Tpe::sort_window(std::uint32_t axis) const {
  constexpr std::size_t kMany = 100;
  const auto end = static_cast<std::uint32_t>(rows_.size());
  std::uint32_t& entered = work_.entered[axis];
  if (end - entered < kMany) {
    for (; entered < end; ++entered) enter_window(axis, entered);
    return;
  }
  Sorted& sorted = work_.window[axis];
  sorted.clear();
  for (std::uint32_t row = window_; row < end; ++row)
    if (const double place = rows_[row].places[axis]; !std::isnan(place)) sorted.emplace_back(place, row);
  std::ranges::sort(sorted);
  entered = end;
}

void Tpe::observe(const tuner::Observation& observation) {
  // A cancelled trial says nothing about its place.
  if (observation.outcome() == TUNER_OUTCOME_CANCELLED) return;
  const auto next = static_cast<std::uint32_t>(rows_.size());
  const auto [at, is_new] = row_of_proposal_.try_emplace(observation.configuration().proposal(), next);
  if (is_new) {
    rows_.push_back(row_of(observation));
    finished_ += rows_[next].kind == TpeRow::Kind::failed ? 0 : 1;
    rank(next);
    if (rows_.size() > kWindow) window_ = static_cast<std::uint32_t>(rows_.size() - kWindow);
    return;
  }
  // A paused trial that went on: its place is the same, its rank is not.
  TpeRow& row = rows_[at->second];
  std::vector<double> places = std::move(row.places);
  row = row_of(observation);
  row.places = std::move(places);
  best_.clear();
  finished_ = 0;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    finished_ += rows_[i].kind == TpeRow::Kind::failed ? 0 : 1;
    rank(i);
  }
}

std::vector<std::uint32_t> Tpe::good_rows() const {
  if (signs_.size() > 1) return good_of_several();
  const std::size_t good = std::min(tpe_gamma(finished_), best_.size());
  std::vector<std::uint32_t> rows(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(good));
  std::ranges::sort(rows);
  return rows;
}

// Front by front; of the front that fits in part those that add most to the hypervolume, below a point somewhat worse
// than the worst of the front in each goal. Where the measured ones are too few the others follow, as with one goal.
std::vector<std::uint32_t> Tpe::good_of_several() const {
  const std::size_t good = tpe_gamma_of_several(finished_);
  std::vector<std::uint32_t> measured;
  std::vector<std::uint32_t> others;
  for (std::uint32_t row = 0; row < rows_.size(); ++row)
    if (rows_[row].kind != TpeRow::Kind::failed)
      (rows_[row].kind == TpeRow::Kind::measured ? measured : others).push_back(row);
  std::vector<Costs> costs;
  for (const std::uint32_t row : measured) costs.push_back(rows_[row].costs);
  const std::vector<std::uint32_t> fronts = fronts_of(costs, good);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t front = 0; rows.size() < std::min(good, measured.size()); ++front) {
    std::vector<std::uint32_t> members;
    std::vector<Costs> points;
    for (std::size_t i = 0; i < measured.size(); ++i) {
      if (fronts[i] != front) continue;
      members.push_back(measured[i]);
      points.push_back(costs[i]);
    }
    const std::size_t room = good - rows.size();
    if (members.size() <= room) {
      rows.insert(rows.end(), members.begin(), members.end());
      continue;
    }
    for (const std::size_t i : select_by_hypervolume(points, reference_point(points), room)) rows.push_back(members[i]);
  }
  std::ranges::stable_sort(others, [this](std::uint32_t a, std::uint32_t b) { return better(a, b); });
  others.resize(std::min(others.size(), good - rows.size()));
  rows.insert(rows.end(), others.begin(), others.end());
  std::ranges::sort(rows);
  return rows;
}

Tpe::Split Tpe::split(const tuner::Configurations& pending) const {
  Split sets;
  sets.below.rows = good_rows();
  auto next_good = std::ranges::lower_bound(sets.below.rows, window_);
  for (std::uint32_t row = window_; row < rows_.size(); ++row) {
    if (next_good != sets.below.rows.end() && *next_good == row)
      ++next_good;
    else
      sets.above.rows.push_back(row);
  }
  if (sets.above.rows.size() > kMostAbove) {
    const auto surplus = static_cast<std::ptrdiff_t>(sets.above.rows.size() - kMostAbove);
    sets.above.rows.erase(sets.above.rows.begin(), sets.above.rows.begin() + surplus);
  }
  if (options_.constant_liar)
    for (const tuner::Configuration configuration : pending) {
      sets.above.pending.push_back(places_of(configuration));
      sets.above.proposals.push_back(configuration.proposal());
    }
  return sets;
}

// What of a set has the part's axes.
Tpe::Set Tpe::of_part(const Set& set, const Part& part, bool above) const {
  Set result;
  result.rows.reserve(set.rows.size());
  result.kernels.reserve(set.rows.size() + set.pending.size());
  result.member.assign(rows_.size() - window_, 0);
  for (const std::uint32_t row : set.rows) {
    if (std::isnan(rows_[row].places[part[0]])) continue;
    const auto by_age = static_cast<std::uint32_t>(result.rows.size());
    result.kernels.push_back(above ? row % static_cast<std::uint32_t>(kWindow) : by_age);
    if (row >= window_) result.member[row - window_] = 1;
    result.rows.push_back(row);
  }
  result.numbers = above ? std::min(rows_.size(), kWindow) : result.rows.size();
  for (std::size_t i = 0; i < set.pending.size(); ++i) {
    if (std::isnan(set.pending[i][part[0]])) continue;
    result.pending.push_back(set.pending[i]);
    result.proposals.push_back(set.proposals[i]);
  }
  number_pending(result);
  return result;
}

// What stays pending keeps its number, so that it is not computed anew: behind the rows, which grow as it becomes one
// of them, and once the window is full by its proposal.
void Tpe::number_pending(Set& set) const {
  const std::size_t count = set.pending.size();
  if (count == 0) return;
  if (rows_.size() < kWindow) {
    for (std::size_t i = 0; i < count; ++i) set.kernels.push_back(static_cast<std::uint32_t>(set.numbers++));
    return;
  }
  const std::size_t slots = std::max<std::size_t>(8, std::bit_ceil(count));
  std::vector<std::uint8_t> taken(slots, 0);
  for (const std::uint64_t proposal : set.proposals) {
    std::size_t slot = proposal % slots;
    while (taken[slot] != 0) slot = (slot + 1) % slots;
    taken[slot] = 1;
    set.kernels.push_back(static_cast<std::uint32_t>(set.numbers + slot));
  }
  set.numbers += slots;
}

// The places of a set on an axis, in increasing order, into work_.sorted.
void Tpe::sort_places(const Set& set, std::uint32_t axis, bool above) const {
  // Of equal places the older first.
  const auto by_place = [](const KernelPlace& a, const KernelPlace& b) {
    return a.mu != b.mu ? a.mu < b.mu : a.age < b.age;
  };
  std::vector<KernelPlace>& sorted = work_.sorted;
  sorted.clear();
  if (above) {
    // The window is sorted: what is not in the set is left out.
    sort_window(axis);
    sorted.resize(work_.window[axis].size());
    std::size_t count = 0;
    for (const auto& [mu, row] : work_.window[axis]) {
      sorted[count] = {mu, row % static_cast<std::uint32_t>(kWindow), row};
      count += set.member[row - window_];
    }
    sorted.resize(count);
  } else {
    for (std::size_t i = 0; i < set.rows.size(); ++i)
      sorted.push_back({rows_[set.rows[i]].places[axis], set.kernels[i], set.age(i)});
    std::ranges::sort(sorted, by_place);
  }
  const auto middle = static_cast<std::ptrdiff_t>(sorted.size());
  for (std::size_t i = set.rows.size(); i < set.size(); ++i)
    sorted.push_back({place_in(set, i, axis), set.kernels[i], set.age(i)});
  if (!set.pending.empty()) {
    std::ranges::sort(sorted.begin() + middle, sorted.end(), by_place);
    std::ranges::inplace_merge(sorted.begin(), sorted.begin() + middle, sorted.end(), {}, &KernelPlace::mu);
  }
  if (options_.reorder != nullptr) options_.reorder(sorted);
}

void Tpe::fill_axis(Mixture& mixture, const Set& set, std::size_t a, std::uint32_t axis, bool above) const {
  if (!axes_[axis].choice) {
    sort_places(set, axis, above);
    mixture.place(a, work_.sorted);
    return;
  }
  std::vector<std::uint32_t> choices;
  for (std::size_t i = 0; i < set.size(); ++i) choices.push_back(static_cast<std::uint32_t>(place_in(set, i, axis)));
  mixture.choose(a, set.kernels, choices);
}

// With one goal the good ones are too few for their ages to matter.
void Tpe::fill(Mixture& mixture, const Set& set, const Part& part) const {
  mixture.reset(axes_, part, set.kernels, set.numbers, options_.prior_weight, signs_.size() == 1);
  for (std::size_t a = 0; a < part.size(); ++a) fill_axis(mixture, set, a, part[a], false);
}

void Tpe::compare(const Mixture& above, const Kernels& before, const Set& set, const Part& part) const {
  Kernels& next = work_.next;
  next.numbers = set.kernels;
  next.age.assign(set.numbers, kNobody);
  work_.removed.clear();
  work_.added.clear();
  for (std::size_t i = 0; i < set.size(); ++i) {
    const std::uint32_t kernel = set.kernels[i];
    next.age[kernel] = set.age(i);
    bool is_there = kernel < before.age.size() && before.age[kernel] == set.age(i);
    // What is pending is known by its places alone.
    for (std::size_t a = 0; a < part.size() && is_there && i >= set.rows.size(); ++a)
      is_there = axes_[part[a]].choice || above.mu(a, kernel) == place_in(set, i, part[a]);
    if (is_there) continue;
    work_.added.push_back(static_cast<std::uint32_t>(i));
    if (kernel < before.age.size() && before.age[kernel] != kNobody) work_.removed.push_back(kernel);
  }
  for (const std::uint32_t kernel : before.numbers)
    if (kernel >= next.age.size() || next.age[kernel] == kNobody) work_.removed.push_back(kernel);
}

// From proposal to proposal few kernels come and go: where so, the others stay as they are.
void Tpe::fill_above(std::size_t number, const Set& set, const Part& part) const {
  Mixture& above = work_.above[number];
  Kernels& before = work_.kernels[number];
  compare(above, before, set, part);
  const bool was_large = above.can_update();
  above.reset(axes_, part, set.kernels, set.numbers, options_.prior_weight);
  const bool few = was_large && above.can_update() && options_.reorder == nullptr &&
                   8 * (work_.removed.size() + work_.added.size()) < set.size();
  for (std::size_t a = 0; a < part.size(); ++a) {
    if (!few || axes_[part[a]].choice || axes_[part[a]].step > 0) {
      fill_axis(above, set, a, part[a], true);
      continue;
    }
    work_.removed_places.clear();
    work_.added_places.clear();
    for (const std::uint32_t kernel : work_.removed) work_.removed_places.push_back({0, kernel, before.age[kernel]});
    for (const std::uint32_t i : work_.added)
      work_.added_places.push_back({place_in(set, i, part[a]), set.kernels[i], set.age(i)});
    above.update(a, work_.removed_places, work_.added_places);
  }
  std::swap(before, work_.next);
}

std::size_t Tpe::best_candidate(Mixture& below, Mixture& above, std::span<const double> candidates) const {
  const std::size_t count = options_.candidates;
  std::vector<double> good(count);
  std::vector<double> others(count);
  below.log_density(candidates, count, good);
  above.log_density(candidates, count, others);
  std::size_t best = 0;
  for (std::size_t c = 1; c < count; ++c)
    if (good[c] - others[c] > good[best] - others[best]) best = c;
  return best;
}

}  // namespace searchers
