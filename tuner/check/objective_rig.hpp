// An objective under check: opened, bound and ready to be evaluated on one batch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/objective.hpp"
#include "tuner/training.hpp"

namespace tuner::check {

// Values of all tensors, one after the other, as f64.
using Vector = std::vector<double>;

// Data that several rigs share, as trials of one study do. Opened by the first rig.
struct ObjectiveSource {
  // dtype: "f64" or "f32" where the objective offers it, null: its default.
  ObjectiveSource(const Plugin& plugin, std::map<std::string, Value> given, const char* dtype, std::uint64_t seed);
  PluginUse use;
  SharedObjectives shared;
  std::uint64_t seed;
};

class ObjectiveRig {
 public:
  // Errors: those of Objective. source must outlive it.
  explicit ObjectiveRig(ObjectiveSource& source);

  // The starting point, from the seed. Statuses of the ABI here and below; the plugin's text is error().
  [[nodiscard]] std::int32_t init();
  // Loss (and gradient) on the batch, in training mode unless `flags` say otherwise. A batch is the first few samples.
  [[nodiscard]] std::int32_t loss(double& value, std::uint32_t flags = TUNER_EVALUATE_TRAIN);
  // Of an objective without gradients (TUNER_PLUGIN_DERIVATIVE_FREE) the loss alone, and gradients of 0.
  [[nodiscard]] std::int32_t gradient(double& value, std::uint32_t flags = TUNER_EVALUATE_TRAIN);
  [[nodiscard]] std::int32_t metrics(std::uint32_t split, double& value, std::vector<double>& metrics);
  // Loss of these samples of a split, in evaluation mode, and for the training split its gradient.
  [[nodiscard]] std::int32_t samples(std::uint32_t split, const std::vector<std::uint64_t>& indices, double& value);
  // product := Hessian times vector.
  [[nodiscard]] std::int32_t hvp(const Vector& vector, Vector& product);

  // Elements of the tensors with a gradient, in their order.
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] double get(std::size_t index) const;
  void set(std::size_t index, double value);  // rounded to the tensor's type
  [[nodiscard]] Vector parameters() const;
  void set_parameters(const Vector& values);
  [[nodiscard]] Vector gradients() const;
  // Every gradient buffer filled with `value`, so that what is not written is seen.
  void fill_gradients(double value);
  [[nodiscard]] bool is_f32(std::size_t index) const;
  // "element 3 of tensor 'x'"
  [[nodiscard]] std::string place(std::size_t index) const;
  // First index of every tensor that has elements.
  [[nodiscard]] std::vector<std::size_t> tensor_begins() const;

  [[nodiscard]] Objective& objective() { return *objective_; }
  [[nodiscard]] const char* error() const { return error_.text; }
  [[nodiscard]] bool has_gradients() const { return !source_.use.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE); }
  [[nodiscard]] bool has_samples() const { return objective_->samples(TUNER_SPLIT_TRAIN) > 0; }

 private:
  struct Place {
    std::uint32_t tensor;
    std::uint64_t element;
  };
  [[nodiscard]] std::int32_t evaluate(std::uint32_t want, std::uint32_t flags, double& value);
  ObjectiveSource& source_;
  HostServices host_;
  tuner_error error_{};
  std::unique_ptr<Objective> objective_;
  std::vector<Place> places_;
  std::vector<std::uint64_t> batch_;
};

}  // namespace tuner::check
