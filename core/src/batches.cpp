#include "batches.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tuner {

Batches::Batches(std::uint64_t n, const TrainingSettings& settings, std::uint64_t study_seed, std::uint32_t trial)
    : batch_size_(settings.batch_size > 0 ? std::min(static_cast<std::uint64_t>(settings.batch_size), n) : n),
      shuffle_(settings.shuffle),
      order_(n) {
  rng_.struct_size = sizeof rng_;
  rng_.purpose = TUNER_RNG_ORDER;
  rng_.seed = study_seed;
  rng_.trial = trial;
  if (n > 0)
    steps_per_epoch_ =
        static_cast<std::int64_t>(settings.drop_remainder ? n / batch_size_ : (n + batch_size_ - 1) / batch_size_);
}

void Batches::arrange(std::int64_t epoch) {
  std::iota(order_.begin(), order_.end(), std::uint64_t{0});
  epoch_ = epoch;
  if (shuffle_ == Shuffle::never) return;
  // Fisher and Yates, from a place of the stream that belongs to this epoch.
  rng_.position = static_cast<std::uint64_t>(shuffle_ == Shuffle::once ? 0 : epoch) << 32;
  for (std::uint64_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[tuner_rng_next_below(&rng_, i)]);
}

void Batches::sort_by(const std::vector<double>& difficulty) {
  shuffle_ = Shuffle::never;
  arrange(0);
  std::ranges::stable_sort(order_, [&](std::uint64_t a, std::uint64_t b) {
    if (std::isnan(difficulty[a]) || std::isnan(difficulty[b]))
      return !std::isnan(difficulty[a]) && std::isnan(difficulty[b]);
    return difficulty[a] < difficulty[b];
  });
}

std::span<const std::uint64_t> Batches::at(std::int64_t step) {
  if (order_.empty()) return {};
  const std::int64_t epoch = step / steps_per_epoch_;
  if (epoch_ < 0 || (epoch != epoch_ && shuffle_ == Shuffle::every_epoch)) arrange(epoch);
  const std::uint64_t begin = static_cast<std::uint64_t>(step % steps_per_epoch_) * batch_size_;
  return std::span(order_).subspan(begin, std::min<std::uint64_t>(batch_size_, order_.size() - begin));
}

}  // namespace tuner
