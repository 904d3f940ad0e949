#include "rungs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>

#include "open_trials.hpp"

namespace pruners {

std::int64_t rung_step(std::int64_t first, std::int64_t eta, std::size_t k) {
  std::int64_t step = first;
  for (; k > 0; --k) {
    if (step > kNever / eta) return kNever;
    step *= eta;
  }
  return step;
}

std::size_t rungs_up_to(std::int64_t most, std::int64_t first, std::int64_t eta) {
  std::size_t count = 0;
  for (std::int64_t step = first; step <= most; ++count) {
    if (step > most / eta) return count + 1;
    step *= eta;
  }
  return count;
}

std::vector<std::uint64_t> hyperband_shares(std::size_t brackets, std::int64_t eta) {
  std::vector<std::uint64_t> shares(brackets);
  const auto n = static_cast<std::uint64_t>(brackets);
  std::uint64_t power = 1;
  for (std::uint64_t k = 0; k < n; ++k) {
    shares[n - 1 - k] = (n * power + k) / (k + 1);
    power *= static_cast<std::uint64_t>(eta);
  }
  return shares;
}

std::size_t bracket_at(std::uint64_t place, const std::vector<std::uint64_t>& shares) {
  place %= std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
  std::size_t bracket = 0;
  while (place >= shares[bracket]) {
    place -= shares[bracket];
    ++bracket;
  }
  return bracket;
}

std::uint32_t scattered(const char* prefix, std::uint64_t number) {
  std::string text = prefix;
  text += '_';
  text += std::to_string(number);
  std::uint32_t crc = 0xffffffffU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

Halving::Halving(std::int64_t first, std::int64_t eta, std::int64_t bootstrap, std::int64_t end, double sign)
    : first_(first), eta_(eta), bootstrap_(bootstrap), end_(end > 0 ? end : kNever), sign_(sign) {}

void Rung::add(double loss) { losses_.insert(std::ranges::upper_bound(losses_, loss), loss); }

std::int64_t first_rung(const tuner::SearchSetup& setup, std::size_t min_steps) {
  const std::int64_t given = setup.options().integer(min_steps);
  const std::int64_t end = setup.most_budget();
  if (given == 0 && end <= 0)
    throw tuner::Invalid("the number of steps of a trial is not known here; give min_steps, the first rung");
  if (given == 0) return std::max<std::int64_t>(1, end / 100);
  if (end > 0 && given >= end)
    throw tuner::Invalid("min_steps is " + std::to_string(given) + ", and a trial has " + std::to_string(end) +
                         " steps: no trial would be stopped; give less than " + std::to_string(end));
  return given;
}

std::size_t Rung::rank_of(double loss) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(losses_, loss) - losses_.begin()) + 1;
}

Standing standing_at(std::int64_t step, const Rung& rung, double loss, std::size_t passing, double sign) {
  Standing standing{
      .step = step, .rank = rung.rank_of(loss), .count = rung.size(), .passing = passing, .value = sign * loss};
  if (passing > 0) standing.last_passing = sign * rung.at(passing - 1);
  return standing;
}

void say(const tuner::Host& host, const Standing& s) {
  char text[200];
  const int length =
      std::snprintf(text, sizeof text, "rank %zu of %zu with %g at the rung at step %lld; the best %zu go on", s.rank,
                    s.count, s.value, static_cast<long long>(s.step), s.passing);
  if (s.last_passing && length > 0)
    std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), ", the last of them with %g",
                  *s.last_passing);
  host.log(TUNER_LOG_INFO, text);
}

// Among the m losses at a rung, its own included, the best max(1, floor(m / eta)) pass, and what equals the last of
// them.
tuner::Decision Halving::judge(Place& place, const tuner::Report& report) {
  const double loss = sign_ * report.value();
  const std::int64_t end = report.budget() > 0 ? report.budget() : end_;
  if (report.step() >= end) return {};
  while (true) {
    const std::int64_t step = rung_step(first_, eta_, place.passed);
    if (step >= end) return {};
    if (report.step() < step) return {.what = TUNER_DECISION_CONTINUE, .next_step = step};
    if (!place.left && std::isnan(loss)) return stop(report, kNanText, static_cast<long long>(step));
    if (place.passed >= rungs_.size()) rungs_.resize(place.passed + 1);
    Rung& rung = rungs_[place.passed];
    if (!place.left) {
      place.left = loss;
      rung.add(loss);
    }
    const auto m = static_cast<std::int64_t>(rung.size());
    const std::int64_t passing = std::max<std::int64_t>(1, m / eta_);
    const bool passes = m > bootstrap_ && *place.left <= rung.at(static_cast<std::size_t>(passing - 1));
    say(report.host(),
        standing_at(step, rung, *place.left, m > bootstrap_ ? static_cast<std::size_t>(passing) : 0, sign_));
    if (!passes) return {.what = TUNER_DECISION_STOP, .next_step = -1};
    ++place.passed;
    place.left.reset();
  }
}

}  // namespace pruners
