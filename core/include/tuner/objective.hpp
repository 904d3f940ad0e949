// An objective bound to the tensors of one trial.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuner/extensions/predictions.h"
#include "tuner/tensor.hpp"
#include "tuner/training.hpp"

namespace tuner {

struct ObjectiveLayout {
  std::vector<TensorSpec> tensors;
  std::array<std::uint64_t, TUNER_N_SPLITS> samples{};
};

class Objective {
 public:
  // Describes, allocates and binds. use and shared must outlive it. Errors: plugin.data for data that cannot be opened,
  // config.impossible for options that the plugin refuses.
  Objective(const PluginUse& use, SharedObjectives& shared, std::uint64_t study_seed, const tuner_host* host);
  ~Objective();
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  [[nodiscard]] Tensors& tensors() { return tensors_; }
  [[nodiscard]] std::uint64_t samples(std::uint32_t split) const { return samples_[split]; }
  [[nodiscard]] std::size_t metric_count() const;
  [[nodiscard]] const tuner_metric& metric(std::size_t index) const;
  [[nodiscard]] bool has_hvp() const;

  // Statuses of the ABI; the text is in `error`.
  [[nodiscard]] std::int32_t init(tuner_rng* rng, tuner_error* error);
  struct Request {
    std::uint32_t want = TUNER_WANT_LOSS | TUNER_WANT_GRADIENT;
    std::uint32_t flags = TUNER_EVALUATE_TRAIN;
    std::uint32_t split = TUNER_SPLIT_TRAIN;
    std::span<const std::uint64_t> indices{};
    const tuner_rng* rng = nullptr;
  };
  [[nodiscard]] std::int32_t evaluate(const Request& request, double* loss, double* metrics, tuner_error* error);
  [[nodiscard]] std::int32_t hvp(std::span<const std::uint64_t> indices, const void* const* vectors,
                                 void* const* products, tuner_error* error);
  // Of tuner/extensions/predictions.h. classes(): TUNER_UNSUPPORTED where the plugin has no such extension.
  // predict(), where it has: probabilities is room for as many of each sample as there are classes.
  [[nodiscard]] std::int32_t classes(std::uint64_t* count, tuner_error* error);
  [[nodiscard]] std::int32_t predict(std::uint32_t split, std::span<const std::uint64_t> indices, double* probabilities,
                                     tuner_error* error);
  // A second context on other buffers of the same shapes without gradients (for evaluation points): same methods.
  [[nodiscard]] std::unique_ptr<Objective> evaluation_copy() const;

 private:
  Objective(const Objective& original, bool);
  void bind();
  [[nodiscard]] const tuner_predictions* predictions() const;
  const PluginUse& use_;
  const void* shared_;
  const tuner_host* host_;
  std::array<std::uint64_t, TUNER_N_SPLITS> samples_{};
  Tensors tensors_;
  void* context_ = nullptr;
};

// Tensors and splits, without allocating anything.
[[nodiscard]] ObjectiveLayout describe(const PluginUse& use, const void* shared, const tuner_host* host);

// Puts "objective 'rosenbrock': " before the text of a call that failed within another plugin's call.
void name_source(tuner_error& error, const Plugin& plugin);

// A host that keeps what plugins say. Threads: one trial, one HostServices.
class HostServices {
 public:
  HostServices();
  [[nodiscard]] const tuner_host* abi() const { return &host_; }
  std::vector<std::string> log;
  std::vector<MetricPoint> reports;
  // Where it is set, reports go there at once and are not kept. False: the plugin is asked to stop. It must not throw.
  std::function<bool(const MetricPoint&)> on_report;
  std::vector<std::string> data_files;  // see tuner/extensions/data_files.h
  std::stop_token stop;
  // Called at the start of every call into a plugin that may ask for scratch memory: earlier scratch is free again.
  // A call within a call gives back only its own: what came after `in_use` blocks.
  void reset_scratch(std::size_t in_use = 0) { used_ = in_use; }
  [[nodiscard]] std::size_t scratch_in_use() const { return used_; }

 private:
  tuner_host host_{};
  std::vector<AlignedBuffer> blocks_;
  std::size_t used_ = 0;
};

}  // namespace tuner
