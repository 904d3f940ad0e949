#include "rungs.hpp"

#include <algorithm>
#include <cmath>
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

Halving::Halving(std::int64_t first, std::int64_t eta, std::int64_t bootstrap, std::int64_t end)
    : first_(first), eta_(eta), bootstrap_(bootstrap), end_(end > 0 ? end : kNever) {}

void Rung::add(double loss) { losses_.insert(std::ranges::upper_bound(losses_, loss), loss); }

// Among the m losses at a rung, its own included, the best max(1, floor(m / eta)) pass, and what equals the last of
// them.
tuner::Decision Halving::judge(Place& place, const tuner::Report& report, double loss) {
  const std::int64_t end = report.budget() > 0 ? report.budget() : end_;
  if (report.step() >= end) return {};
  while (true) {
    const std::int64_t step = rung_step(first_, eta_, place.passed);
    if (step >= end) return {};
    if (report.step() < step) return {.what = TUNER_DECISION_CONTINUE, .next_step = step};
    if (!place.left && std::isnan(loss))
      return stop(report, "its value at the rung at step %lld is NaN", static_cast<long long>(step));
    if (place.passed >= rungs_.size()) rungs_.resize(place.passed + 1);
    Rung& rung = rungs_[place.passed];
    if (!place.left) {
      place.left = loss;
      rung.add(loss);
    }
    const auto m = static_cast<std::int64_t>(rung.size());
    const std::int64_t passing = std::max<std::int64_t>(1, m / eta_);
    if (m <= bootstrap_ || *place.left > rung.at(static_cast<std::size_t>(passing - 1)))
      return stop(report, "at the rung at step %lld the best %lld of %lld trials go on, and it is not among them",
                  static_cast<long long>(step), static_cast<long long>(m <= bootstrap_ ? 0 : passing),
                  static_cast<long long>(m));
    ++place.passed;
    place.left.reset();
  }
}

}  // namespace pruners
