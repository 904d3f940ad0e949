// An optimizer at work on one set of tensors: owns its slots and those of the optimizer that it wraps.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/tensor.hpp"
#include "tuner/trial.hpp"

namespace tuner {

struct StepInputs {
  std::int64_t step = 1;  // from 1, steps of the optimizer: those that were skipped do not count
  std::int64_t horizon = -1;
  double loss = std::numeric_limits<double>::quiet_NaN();
  const tuner_host* host = nullptr;
  const tuner_closure* closure = nullptr;
  // True while the gradient in the tensors, which a wrapper asked for, is not finite: the optimizer inside does not get
  // it, and the wrapper gets TUNER_STOP. Null: never.
  const bool* gradient_unusable = nullptr;
};

// Which group takes the tensor: the first that matches, counted from 1; 0 where none does.
[[nodiscard]] std::uint32_t group_of(std::span<const GroupMatch> groups, const TensorSpec& tensor);

// "weight (weight 4 x 64), bias (bias 4)": for messages, the first ones of many.
[[nodiscard]] std::string tensor_names(std::span<const TensorSpec> tensors);

// The groups of an optimizer, and of those inside it, that take no tensor, one line each.
[[nodiscard]] std::vector<std::string> groups_without_tensors(const PluginUse& use,
                                                              std::span<const TensorSpec> tensors);

// Can `wrapper` wrap `inner`, directly or with others between them? Throws config.impossible: a wrapper that evaluates
// within its steps hands the optimizer inside one gradient a step, which is of no use to one without derivatives, nor
// to one that evaluates on its own.
void check_wrapping(const Plugin& wrapper, const Plugin& inner);

// What an optimizer allocates for tensors of these shapes, with those that it wraps; nothing is allocated.
struct StateSize {
  std::uint64_t bytes = 0;  // saturates at kUncountable
  // The largest slot, over all tensors, and whose it is.
  const PluginUse* use = nullptr;
  std::size_t slot = 0;
  std::uint64_t slot_bytes = 0;
};
// Errors: config.impossible (slot extents refused).
[[nodiscard]] StateSize state_size(const PluginUse& use, const Tensors& tensors);

// Where the memory of slots comes from: 64-byte aligned, zero up to the next multiple of 64, outlives the optimizer.
using SlotMemory = std::function<void*(std::size_t bytes)>;

class Optimizer {
 public:
  // use and tensors must outlive it. Allocates and fills the slots, in memory of its own where none is given; does not
  // call init(). Assigns every tensor its group. Errors: config.impossible (a wrapper without inner or that
  // cannot wrap it, slot extents refused).
  Optimizer(PluginUse& use, Tensors& tensors, std::uint64_t study_seed, std::uint32_t trial, SlotMemory memory = {});
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // The plugin's init() and that of the inner one, where they have it. Status of the ABI.
  [[nodiscard]] std::int32_t init(const tuner_host* host, tuner_error* error);
  // One update in place, with the options of `use` as they are now. Status of the ABI.
  [[nodiscard]] std::int32_t step(const StepInputs& inputs, tuner_error* error, std::uint32_t* out_flags = nullptr);

  // Writes the parameters to evaluate at into `outputs` (one buffer per tensor). False where the plugin has no
  // evaluation point of its own: the tensors themselves are meant.
  [[nodiscard]] bool has_evaluation_point() const;
  [[nodiscard]] std::int32_t evaluation_point(const tuner_host* host, std::int64_t step, std::span<void* const> outputs,
                                              tuner_error* error);

  [[nodiscard]] const PluginUse& use() const { return use_; }
  [[nodiscard]] PluginUse& use() { return use_; }
  [[nodiscard]] Optimizer* inner() { return inner_.get(); }
  [[nodiscard]] const Optimizer* inner() const { return inner_.get(); }
  // The stream that steps draw from, by depth below the outermost wrapper; its position is state, as the slots are.
  [[nodiscard]] tuner_rng& rng() { return rng_; }
  [[nodiscard]] const tuner_rng& rng() const { return rng_; }

  // A slot's values: of tensor `tensor`, or of the whole where its scope is global. Extent in values; data null at 0.
  struct SlotView {
    void* data = nullptr;
    std::uint64_t count = 0;
    std::uint32_t dtype = 0;
  };
  [[nodiscard]] SlotView slot(std::size_t slot, std::size_t tensor = 0) const;
  [[nodiscard]] std::uint64_t state_bytes() const;
  // Where the state is not finite: "slot 'exp_avg_sq' of optimizer 'adam', tensor 'x'"; empty where it is. Slots that
  // start so are not looked at, nor are those of optimizers without derivatives, whose losses may be infinite.
  [[nodiscard]] std::string nonfinite_state() const;

  // Slots and place in the random stream, those of the inner one too: with the tensors' data, all that the next step
  // depends on. restore() throws DecodeError where the bytes are of another optimizer.
  void save(Writer& out) const;
  void restore(Reader& in);

 private:
  template <class Archive>
  void serialize(Archive& archive);
  [[nodiscard]] SlotView allocate(std::size_t slot, std::size_t tensor);
  [[nodiscard]] tuner_step_args arguments(const StepInputs& inputs, tuner_error* error, std::uint32_t* out_flags);

  PluginUse& use_;
  Tensors& tensors_;
  std::unique_ptr<Optimizer> inner_;
  std::vector<tuner_tensor> abi_;                 // the tensors with this optimizer's slots
  std::vector<std::vector<void*>> tensor_slots_;  // [tensor][slot]
  std::vector<void*> global_slots_;               // [slot]
  std::vector<std::vector<SlotView>> views_;      // [slot][tensor], one column for global ones
  SlotMemory memory_;
  std::vector<AlignedBuffer> buffers_;
  tuner_rng rng_{};
};

}  // namespace tuner
