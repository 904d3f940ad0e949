// The C++ layer for objectives that say what probability they give each class: tuner/extensions/predictions.h.
//
//   static constexpr const char* extensions[] = {TUNER_EXTENSION_PREDICTIONS};
//   static const void* get_extension(const char* id) { return tuner::predictions<MyObjective>(id); }
//   std::uint64_t classes() const;                // throws tuner::Invalid where there are no probabilities
//   void predict(const tuner::Prediction& p);     // fills p.probabilities(): of each of p.indices() one for each class
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "tuner/extensions/predictions.h"
#include "tuner/sdk/call.hpp"

namespace tuner::inline sdk {

class Prediction {
 public:
  explicit Prediction(const tuner_prediction_args* args) : args_(args) {}
  std::uint32_t split() const { return args_->split; }
  std::span<const std::uint64_t> indices() const { return {args_->indices, args_->n_indices}; }
  double* probabilities() const { return args_->probabilities; }

 private:
  const tuner_prediction_args* args_;
};

namespace detail {

template <class O>
std::int32_t classes_thunk(void* context, std::uint64_t* count, tuner_error* error) noexcept {
  return guarded(error, [&] { *count = static_cast<const O*>(context)->classes(); });
}
template <class O>
std::int32_t predict_thunk(void* context, const tuner_prediction_args* args) noexcept {
  return guarded(args->error, [&] { static_cast<O*>(context)->predict(Prediction(args)); });
}
template <class O>
inline constexpr tuner_predictions kPredictions{.struct_size = sizeof(tuner_predictions),
                                                .reserved = 0,
                                                .classes = &classes_thunk<O>,
                                                .predict = &predict_thunk<O>};

}  // namespace detail

// The plugin's answer to `id`: null where that is another extension.
template <class O>
const void* predictions(const char* id) {
  return std::strcmp(id, TUNER_EXTENSION_PREDICTIONS) == 0 ? &detail::kPredictions<O> : nullptr;
}

}  // namespace tuner::inline sdk
