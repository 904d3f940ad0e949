#include "tuner/check/objective_rig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "tuner/check/fault.hpp"
#include "tuner/check/sensible.hpp"

namespace tuner::check {

namespace {

constexpr std::uint64_t kBatch = 8;

double read(const void* data, std::uint32_t dtype, std::uint64_t i) {
  return dtype == TUNER_DTYPE_F32 ? static_cast<const float*>(data)[i] : static_cast<const double*>(data)[i];
}

void write(void* data, std::uint32_t dtype, std::uint64_t i, double value) {
  if (dtype == TUNER_DTYPE_F32)
    static_cast<float*>(data)[i] = static_cast<float>(value);
  else
    static_cast<double*>(data)[i] = value;
}

std::map<std::string, Value> with_dtype(const Plugin& plugin, std::map<std::string, Value> given, const char* dtype) {
  if (dtype != nullptr && offers_dtype(plugin, dtype)) given["dtype"] = std::string(dtype);
  return given;
}

}  // namespace

ObjectiveSource::ObjectiveSource(const Plugin& plugin, std::map<std::string, Value> given, const char* dtype,
                                 std::uint64_t seed_of_study)
    : use{&plugin, sensible_options(plugin, with_dtype(plugin, std::move(given), dtype)), {}, nullptr},
      seed(seed_of_study) {}

ObjectiveRig::ObjectiveRig(ObjectiveSource& source) : source_(source) {
  error_.struct_size = sizeof error_;
  objective_ = std::make_unique<Objective>(source.use, source.shared, source.seed, host_.abi());
  const Tensors& tensors = objective_->tensors();
  for (std::uint32_t t = 0; t < tensors.size(); ++t)
    if (tensors.grad(t) != nullptr)
      for (std::uint64_t i = 0; i < tensors.spec(t).numel(); ++i) places_.push_back({t, i});
  batch_.resize(std::min(kBatch, objective_->samples(TUNER_SPLIT_TRAIN)));
  std::iota(batch_.begin(), batch_.end(), 0);
}

std::int32_t ObjectiveRig::init() {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_INIT;
  rng.seed = source_.seed;
  host_.reset_scratch();
  const Calling calling("init()");
  return objective_->init(&rng, &error_);
}

std::int32_t ObjectiveRig::evaluate(std::uint32_t want, std::uint32_t flags, double& value) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_DROPOUT;
  rng.seed = source_.seed;
  error_.text[0] = 0;
  host_.reset_scratch();
  Objective::Request request;
  request.want = want;
  request.flags = flags;
  request.indices = batch_;
  request.rng = &rng;
  const Calling calling("evaluate()", has_samples() ? "metrics" : "indices, metrics");
  return objective_->evaluate(request, &value, nullptr, &error_);
}

std::int32_t ObjectiveRig::loss(double& value, std::uint32_t flags) { return evaluate(TUNER_WANT_LOSS, flags, value); }

std::int32_t ObjectiveRig::gradient(double& value, std::uint32_t flags) {
  if (has_gradients()) return evaluate(TUNER_WANT_LOSS | TUNER_WANT_GRADIENT, flags, value);
  fill_gradients(0);
  return evaluate(TUNER_WANT_LOSS, flags, value);
}

std::int32_t ObjectiveRig::metrics(std::uint32_t split, double& value, std::vector<double>& metrics) {
  std::vector<std::uint64_t> indices(std::min(kBatch, objective_->samples(split)));
  std::iota(indices.begin(), indices.end(), 0);
  // What is not written, or added to what is there, shows.
  metrics.assign(objective_->metric_count(), std::numeric_limits<double>::quiet_NaN());
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_DROPOUT;
  rng.seed = source_.seed;
  error_.text[0] = 0;
  host_.reset_scratch();
  Objective::Request request;
  request.want = TUNER_WANT_LOSS | TUNER_WANT_METRICS;
  request.flags = 0;
  request.split = split;
  request.indices = indices;
  request.rng = &rng;
  const Calling calling("evaluate() with metrics", has_samples() ? "" : "indices");
  return objective_->evaluate(request, &value, metrics.data(), &error_);
}

std::int32_t ObjectiveRig::samples(std::uint32_t split, const std::vector<std::uint64_t>& indices, double& value) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_DROPOUT;
  rng.seed = source_.seed;
  error_.text[0] = 0;
  host_.reset_scratch();
  fill_gradients(has_gradients() ? std::numeric_limits<double>::quiet_NaN() : 0);
  Objective::Request request;
  request.want = TUNER_WANT_LOSS;
  if (split == TUNER_SPLIT_TRAIN && has_gradients()) request.want |= TUNER_WANT_GRADIENT;
  request.flags = 0;
  request.split = split;
  request.indices = indices;
  request.rng = &rng;
  value = std::numeric_limits<double>::quiet_NaN();
  const Calling calling("evaluate()", has_samples() ? "metrics" : "indices, metrics");
  return objective_->evaluate(request, &value, nullptr, &error_);
}

std::int32_t ObjectiveRig::hvp(const Vector& vector, Vector& product) {
  Tensors& tensors = objective_->tensors();
  std::vector<AlignedBuffer> buffers;
  std::vector<const void*> vectors(tensors.size(), nullptr);
  std::vector<void*> products(tensors.size(), nullptr);
  std::size_t next = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (tensors.grad(t) == nullptr) continue;
    const std::uint64_t n = tensors.spec(t).numel();
    const std::uint32_t dtype = tensors.spec(t).dtype;
    void* in = buffers.emplace_back(n * dtype_size(dtype)).data();
    for (std::uint64_t i = 0; i < n; ++i) write(in, dtype, i, vector[next++]);
    vectors[t] = in;
    products[t] = buffers.emplace_back(n * dtype_size(dtype)).data();
    for (std::uint64_t i = 0; i < n; ++i) write(products[t], dtype, i, std::numeric_limits<double>::quiet_NaN());
  }
  error_.text[0] = 0;
  host_.reset_scratch();
  const Calling calling("hvp()");
  const std::int32_t status = objective_->hvp(batch_, vectors.data(), products.data(), &error_);
  product.clear();
  for (const Place& place : places_)
    product.push_back(read(products[place.tensor], tensors.spec(place.tensor).dtype, place.element));
  return status;
}

double ObjectiveRig::get(std::size_t index) const {
  const Place& place = places_[index];
  const Tensors& tensors = objective_->tensors();
  return read(tensors.data(place.tensor), tensors.spec(place.tensor).dtype, place.element);
}

void ObjectiveRig::set(std::size_t index, double value) {
  const Place& place = places_[index];
  const Tensors& tensors = objective_->tensors();
  write(tensors.data(place.tensor), tensors.spec(place.tensor).dtype, place.element, value);
}

Vector ObjectiveRig::parameters() const {
  Vector values(size());
  for (std::size_t i = 0; i < size(); ++i) values[i] = get(i);
  return values;
}

void ObjectiveRig::set_parameters(const Vector& values) {
  for (std::size_t i = 0; i < size(); ++i) set(i, values[i]);
}

Vector ObjectiveRig::gradients() const {
  Vector values(size());
  const Tensors& tensors = objective_->tensors();
  for (std::size_t i = 0; i < size(); ++i)
    values[i] = read(tensors.grad(places_[i].tensor), tensors.spec(places_[i].tensor).dtype, places_[i].element);
  return values;
}

void ObjectiveRig::fill_gradients(double value) {
  const Tensors& tensors = objective_->tensors();
  for (const Place& place : places_)
    write(tensors.grad(place.tensor), tensors.spec(place.tensor).dtype, place.element, value);
}

bool ObjectiveRig::is_f32(std::size_t index) const {
  return objective_->tensors().spec(places_[index].tensor).dtype == TUNER_DTYPE_F32;
}

std::string ObjectiveRig::place(std::size_t index) const {
  return fmt::format("element {} of tensor '{}'", places_[index].element,
                     objective_->tensors().spec(places_[index].tensor).name);
}

std::vector<std::size_t> ObjectiveRig::tensor_begins() const {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (places_[i].element == 0) begins.push_back(i);
  return begins;
}

}  // namespace tuner::check
