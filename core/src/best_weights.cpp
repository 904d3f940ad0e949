#include "best_weights.hpp"

#include "tensor_values.hpp"

namespace tuner {

void BestWeights::keep(const Tensors& weights, std::int64_t step, double metric, double value) {
  copy_values(weights, objective_->tensors());
  step_ = step;
  metric_ = metric;
  value_ = value;
}

template <class Archive>
void BestWeights::serialize(Archive& archive) {
  serialize_values(archive, objective_->tensors());
  archive(step_, metric_, value_);
}
template void BestWeights::serialize(Writer& archive);
template void BestWeights::serialize(Reader& archive);

}  // namespace tuner
