// An optimizer under check, on tensors of its own: no objective, no training loop, the host's own code for slots and
// calls. Every buffer that the plugin sees stands between canaries.
//
// The loss, for the trainable elements i in the order of the tensors, on the batch of step t:
//   f(x) = scale (sum_i c_i (sqrt(1 + u_i^2) - 1) + log sum_i exp(a_i x_i)),  u_i = x_i - b_i - d_i(t)
// Ill-conditioned (c from 0.01 to 1), coupled, smooth and convex; its gradient stays below 2 scale wherever x goes, so
// that a rule with a long step does not diverge; d, different for every batch, keeps exact methods from standing still.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/check/check.hpp"
#include "tuner/check/fault.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/options.hpp"
#include "tuner/tensor.hpp"
#include "tuner/value.hpp"

namespace tuner::check {

// A finding that ends its check; `reporting` puts it into the report.
struct Found {
  std::string cause, remedy;
};
template <class Body>
void reporting(Report& report, Body&& body) {
  try {
    body();
  } catch (const Found& found) {
    report.fail(found.cause, found.remedy);
  }
}

// Parameters and slots as bytes, with names for messages: "tensor 'weight'", "slot 'exp_avg' of tensor 'weight'".
struct Piece {
  std::string name;
  std::uint32_t dtype = TUNER_DTYPE_F64;
  std::string bytes;
  bool elementwise = true;  // one value for every element of a tensor, or one in all
  [[nodiscard]] std::size_t size() const { return bytes.size() / dtype_size(dtype); }
  [[nodiscard]] double value(std::size_t index) const;
};
using State = std::vector<Piece>;
[[nodiscard]] std::string to_bytes(const State& state);
[[nodiscard]] State state_from(std::string_view bytes);
// The first value whose bits differ: "tensor 'weight', element 3: expected 0.25, got 0.26"; empty where none does.
[[nodiscard]] std::string difference(const State& expected, const State& got);

// Memory between canaries, or between memory that cannot be touched (fault.hpp).
class GuardedMemory {
 public:
  void fence(Fence fence) { fence_ = fence; }
  // 64-byte aligned, every byte `fill`; zero up to the next multiple of 64, and canaries on both sides.
  [[nodiscard]] void* take(std::size_t bytes, std::string name, unsigned char fill = 0);
  void rename(const void* data, std::string name);
  // "behind the end of slot 'exp_avg' of tensor 'weight' (240 bytes; byte 246 is changed)": the first place that was
  // written to; empty: none.
  [[nodiscard]] std::string damage() const;

 private:
  struct Block {
    AlignedBuffer memory;
    std::size_t bytes;
    std::string name;
  };
  std::deque<Block> blocks_;
  std::optional<Fence> fence_;
};

// Weights, biases, normalization, convolution, embedding and head: every role, eight tensors of 5 to 30 elements.
[[nodiscard]] std::vector<TensorSpec> ordinary_tensors();
// Likewise, of numbers of elements that fill multiples of 64 bytes in either type.
[[nodiscard]] std::vector<TensorSpec> whole_tensors();
// A tensor without a role: whole vectors of any instruction set, and a rest.
[[nodiscard]] TensorSpec plain_tensor(std::string name, std::vector<std::int64_t> shape);

struct Setup {
  std::uint32_t dtype = TUNER_DTYPE_F64;
  std::vector<TensorSpec> tensors = ordinary_tensors();  // their dtype is the one above
  std::map<std::string, Value> options{};                // the others at their defaults
  std::map<std::string, Value> inner_options{};          // of the optimizer inside, for TUNER_PLUGIN_WRAPS
  // Option values of further groups. The last one takes every tensor, those before it none.
  std::vector<std::map<std::string, Value>> groups{};
  bool one_batch = false;        // d(t) is that of the start at every step
  std::optional<Fence> fence{};  // of every buffer; else there are canaries. Requires: reports_faults()
  double scale = 1;              // of the loss and its derivatives
  // Where they are given, x begins at `start`, and the loss of step t is the product of x and gradients[t - 1].
  // Requires: as many numbers each as the tensors have elements, and no more steps than gradients.
  std::vector<double> start{};
  std::vector<std::vector<double>> gradients{};
  std::uint64_t seed = 0;
  Report* report = nullptr;             // hears of every call before it is made
  std::function<void()> before_step{};  // called when all is ready for the plugin's step()
};
// The setup of a check: its seed, the options that the user set, and those given here.
[[nodiscard]] Setup setup_for(const Subject& subject, Report* report, std::map<std::string, Value> options = {});

class Problem;
class RigHost;

class Rig {
 public:
  // Throws Found where the plugin refuses options or tensors.
  Rig(const Plugin& plugin, Setup setup);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Status of the ABI; the plugin's text is error().
  [[nodiscard]] std::int32_t init();
  [[nodiscard]] std::int32_t step();  // the next one, with a new gradient
  [[nodiscard]] std::int32_t evaluation_point();
  // init() where nothing was done yet, then `steps` steps. Throws Found where one does not return TUNER_OK.
  void run(int steps);
  // The next step in three parts of the first tensor, each in a call of its own, as the host may do with ELEMENTWISE
  // plugins. Statuses as in run().
  void step_in_parts();
  void require_ok(std::int32_t status, std::string_view function) const;
  // Another stream of random numbers for the steps; the problem stays.
  void reseed();

  [[nodiscard]] std::int64_t steps() const { return step_; }
  [[nodiscard]] const char* error() const { return error_.text; }
  // "float64, step 3, lr = 0"
  [[nodiscard]] std::string circumstances() const;

  [[nodiscard]] Tensors& tensors() { return tensors_; }
  [[nodiscard]] State parameters() const;
  [[nodiscard]] State values() const;  // parameters and slots
  [[nodiscard]] State state() const;   // parameters, slots, the number of steps, the position of the random stream
  // Takes over the pieces of the same names, converted where the types differ.
  void set_state(const State& state);
  // "element 3 of tensor 'weight' is nan", or empty.
  [[nodiscard]] std::string not_finite() const;
  [[nodiscard]] double largest() const;  // magnitude of a parameter
  // The loss of the start's batch at the parameters.
  [[nodiscard]] double loss();
  [[nodiscard]] std::string damage() const;
  // What calls of the plugin changed of the floating-point environment, which is put right after each; or empty.
  [[nodiscard]] const std::string& floating_point_change() const { return floating_point_change_; }

  // The closure answers `status` from evaluation number `budget` (of a step) on; a product counts as two.
  void limit_evaluations(std::uint64_t budget, std::int32_t status = TUNER_STOP) {
    budget_ = budget;
    end_status_ = status;
  }
  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }  // that the last step asked for
  [[nodiscard]] bool ended() const { return ended_; }                       // whether it was answered `status`
  [[nodiscard]] int calls_after_end() const { return calls_after_end_; }

 private:
  [[nodiscard]] static std::vector<TensorSpec> with_dtype(const Setup& setup);
  [[nodiscard]] std::string null_arguments(bool step) const;
  void guard_tensors();
  void name_slots();
  // visit(name, slot, view), also of the optimizer inside.
  template <class Visit>
  void for_each_slot(const Optimizer& optimizer, const std::string& prefix, Visit&& visit) const;
  void begin_step();
  [[nodiscard]] std::vector<double> point() const;
  double evaluate(std::uint32_t want);
  [[nodiscard]] bool counted(std::uint64_t evaluations);
  [[nodiscard]] std::int32_t ends();
  template <class Call>
  std::int32_t guarded(const char* what, Call&& call);
  static std::int32_t closure_evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t closure_product(void* context, const void* const* vectors, void* const* products);

  const Plugin& plugin_;
  Setup setup_;
  PluginUse use_;
  Tensors tensors_;
  GuardedMemory memory_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Problem> problem_;
  std::unique_ptr<RigHost> host_;
  tuner_closure closure_{};
  tuner_error error_{};
  std::string floating_point_change_;
  std::int64_t step_ = 0;
  bool initialized_ = false, ended_ = false;
  std::uint64_t budget_ = 10'000, evaluations_ = 0;
  std::int32_t end_status_ = TUNER_STOP;
  int calls_after_end_ = 0;
  double loss_ = 0;
};

// "TUNER_ERROR (-1)"
[[nodiscard]] std::string status_name(std::int32_t status);
// Option values that switch a plugin's weight decay off; by the usual names of that option.
[[nodiscard]] std::map<std::string, Value> without_decay(const Plugin& plugin);
[[nodiscard]] std::map<std::string, Value> with_decay(const Plugin& plugin);
[[nodiscard]] const char* dtype_name(std::uint32_t dtype);
inline constexpr std::uint32_t kBothDtypes[] = {TUNER_DTYPE_F64, TUNER_DTYPE_F32};

}  // namespace tuner::check
