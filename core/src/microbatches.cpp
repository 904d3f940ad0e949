#include "microbatches.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "tuner/error.hpp"

namespace tuner {

namespace {

TrainingSettings with_update_batch(TrainingSettings settings) {
  settings.batch_size = settings.update_batch();
  return settings;
}

template <class T>
void add_share(T* sum, const T* values, std::uint64_t n, double weight, bool first) {
  for (std::uint64_t i = 0; i < n; ++i) {
    const double share = weight * static_cast<double>(values[i]);
    sum[i] = static_cast<T>(first ? share : static_cast<double>(sum[i]) + share);
  }
}

}  // namespace

Microbatches::Microbatches(StepContext& context)
    : context_(context),
      batches_(context.objective->samples(TUNER_SPLIT_TRAIN), with_update_batch(context.spec.training),
               context.spec.study_seed, context.trial),
      rng_(1) {
  const TrainingSettings& t = context.spec.training;
  if (t.order == Order::curriculum && batches_.steps_per_epoch() == 0)
    throw Error(Message::config_impossible,
                "order curriculum takes samples from easy to hard, and the objective has no samples", "remove order");
  if (t.accumulation == 1) return;
  if (batches_.steps_per_epoch() == 0)
    throw Error(Message::config_impossible,
                "accumulation makes an update of several batches, and the objective has no samples",
                "remove accumulation");
  if (t.batch_size == 0)
    throw Error(Message::config_impossible,
                "accumulation makes an update of several batches, and batch_size 0 is a batch of all samples",
                "give a batch_size, or remove accumulation");
  rng_.resize(static_cast<std::size_t>(t.accumulation));
  for (const tuner_tensor& tensor : context.objective->tensors().abi())
    sums_.emplace_back(tensor.numel * dtype_size(tensor.dtype));
}

void Microbatches::enter(std::int64_t step) {
  batch_ = batches_.at(step);
  const std::int64_t accumulation = context_.spec.training.accumulation;
  for (std::int64_t i = 0; i < accumulation; ++i)
    rng_[static_cast<std::size_t>(i)] = context_.stream(TUNER_RNG_DROPOUT, step * accumulation + i);
}

std::size_t Microbatches::parts() const {
  if (sums_.empty()) return 1;
  const auto size = static_cast<std::uint64_t>(context_.spec.training.batch_size);
  return (batch_.size() + size - 1) / size;
}

std::span<const std::uint64_t> Microbatches::part(std::size_t index) const {
  const auto size = static_cast<std::size_t>(context_.spec.training.batch_size);
  return batch_.subspan(index * size, std::min(size, batch_.size() - index * size));
}

double Microbatches::weight(std::size_t index) const {
  return static_cast<double>(part(index).size()) / static_cast<double>(batch_.size());
}

std::int32_t Microbatches::evaluate(Objective& objective, std::uint32_t want, std::uint32_t flags, double* loss) {
  Objective::Request request;
  request.want = want;
  request.flags = flags;
  request.indices = batch_;
  request.rng = &rng_.front();
  const std::size_t n = parts();
  if (n == 1) return objective.evaluate(request, loss, nullptr, &context_.error);
  values_.clear();
  for (const tuner_tensor& tensor : objective.tensors().abi()) values_.push_back(tensor.grad);
  const std::size_t scratch = context_.host.scratch_in_use();
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double mean = std::numeric_limits<double>::quiet_NaN();
    request.indices = part(i);
    request.rng = &rng_[i];
    context_.host.reset_scratch(scratch);
    if (const std::int32_t status = objective.evaluate(request, &mean, nullptr, &context_.error); status != TUNER_OK)
      return status;
    total += weight(i) * mean;
    if (want & TUNER_WANT_GRADIENT) add(i, values_);
  }
  if (want & TUNER_WANT_GRADIENT) copy_sums(values_);
  *loss = total;
  return TUNER_OK;
}

std::int32_t Microbatches::hvp(const void* const* vectors, void* const* products) {
  const std::size_t n = parts();
  Objective& objective = *context_.objective;
  if (n == 1) return objective.hvp(batch_, vectors, products, &context_.error);
  const std::span<void* const> values(products, objective.tensors().size());
  const std::size_t scratch = context_.host.scratch_in_use();
  for (std::size_t i = 0; i < n; ++i) {
    context_.host.reset_scratch(scratch);
    if (const std::int32_t status = objective.hvp(part(i), vectors, products, &context_.error); status != TUNER_OK)
      return status;
    add(i, values);
  }
  copy_sums(values);
  return TUNER_OK;
}

void Microbatches::add(std::size_t part, std::span<void* const> values) {
  const std::span<const tuner_tensor> tensors = context_.objective->tensors().abi();
  const double share = weight(part);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (values[t] == nullptr) continue;
    if (tensors[t].dtype == TUNER_DTYPE_F32)
      add_share(static_cast<float*>(sums_[t].data()), static_cast<const float*>(values[t]), tensors[t].numel, share,
                part == 0);
    else
      add_share(static_cast<double*>(sums_[t].data()), static_cast<const double*>(values[t]), tensors[t].numel, share,
                part == 0);
  }
}

void Microbatches::copy_sums(std::span<void* const> values) const {
  const std::span<const tuner_tensor> tensors = context_.objective->tensors().abi();
  for (std::size_t t = 0; t < tensors.size(); ++t)
    if (values[t] != nullptr) std::memcpy(values[t], sums_[t].data(), tensors[t].numel * dtype_size(tensors[t].dtype));
}

}  // namespace tuner
