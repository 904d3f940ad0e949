#include "average.hpp"

#include <algorithm>
#include <cmath>

#include "tensor_values.hpp"

namespace tuner {

namespace {

// average += rate (weights - average)
template <class T>
void move_towards(T* average, const T* weights, std::uint64_t n, double rate) {
  for (std::uint64_t i = 0; i < n; ++i) {
    const double now = static_cast<double>(average[i]);
    average[i] = static_cast<T>(now + rate * (static_cast<double>(weights[i]) - now));
  }
}

}  // namespace

Average::Average(const Averaging& rule, const Objective& objective, std::int64_t steps_per_epoch)
    : rule_(rule),
      every_(rule.every > 0 ? rule.every : std::max<std::int64_t>(1, steps_per_epoch)),
      objective_(objective.evaluation_copy()) {}

void Average::begin(const Tensors& weights) { copy_values(weights, objective_->tensors()); }

bool Average::wants(std::int64_t done, std::int64_t horizon) const {
  if (rule_.kind == AveragingKind::ema) return true;
  const auto share = static_cast<std::int64_t>(std::ceil(rule_.start * static_cast<double>(horizon)));
  const std::int64_t first = std::max<std::int64_t>(1, share);
  return done >= first && (done - first) % every_ == 0;
}

void Average::add(const Tensors& weights) {
  const auto t = static_cast<double>(++count_);
  double rate = 1 / t;
  if (rule_.kind == AveragingKind::ema)
    rate = rule_.warmup ? 1 - std::min(rule_.decay, t / (9 + t)) : 1 - rule_.decay;
  else if (count_ == 1)
    return copy_values(weights, objective_->tensors());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const tuner_tensor& from = weights.abi()[i];
    void* const to = objective_->tensors().data(i);
    if (from.dtype == TUNER_DTYPE_F32)
      move_towards(static_cast<float*>(to), static_cast<const float*>(from.data), from.numel, rate);
    else
      move_towards(static_cast<double*>(to), static_cast<const double*>(from.data), from.numel, rate);
  }
}

template <class Archive>
void Average::serialize(Archive& archive) {
  serialize_values(archive, objective_->tensors());
  archive(count_);
}
template void Average::serialize(Writer& archive);
template void Average::serialize(Reader& archive);

}  // namespace tuner
