// The C++ layer for optimizers. A plugin class has
//
//   static constexpr tuner::Info info{...};
//   static constexpr tuner::Param params[] = {...};            // optional
//   static constexpr tuner::Slot slots[] = {...};              // optional
//   template <class T> static void step(const tuner::Step&, const tuner::Tensor<T>&);   // once per tensor that has a
//   gradient
// or
//   static void step(const tuner::Step&);                      // once, for rules that look at all tensors
//
// and optionally init (as step), evaluation_point(const tuner_point_args&), slot_extent(const tuner_extent_args&),
// check(const tuner::Options&) and static constexpr std::uint32_t state_version (1 where it is missing). T is float or
// double. Failures are thrown.
#pragma once

#include <utility>

#include "tuner/sdk/call.hpp"
#include "tuner/sdk/metadata.hpp"
#include "tuner/sdk/update.hpp"

namespace tuner::inline sdk {

// One parameter tensor and its group's options. x[kLr] is the value of an option, converted to T.
template <class T>
class Tensor {
 public:
  Tensor(const tuner_tensor& tensor, const tuner_options* options) : tensor_(tensor), options_(options, tensor.group) {}

  T operator[](std::size_t option) const { return static_cast<T>(options_[option]); }
  const Options& options() const { return options_; }
  std::size_t size() const { return tensor_.numel; }
  T* data() const { return static_cast<T*>(tensor_.data); }
  T* grad() const { return static_cast<T*>(tensor_.grad); }
  template <class S = T>
  S* slot(std::size_t index) const {
    return static_cast<S*>(tensor_.slots[index]);
  }
  // Row `row` of a slot per element that is kept several times (Slot::times).
  template <class S = T>
  S* slot(std::size_t index, std::size_t row) const {
    constexpr std::size_t kEnd = offsetof(tuner_tensor, slot_row) + sizeof tensor_.slot_row;
    const std::uint64_t length = tensor_.struct_size < kEnd ? tensor_.numel : tensor_.slot_row;
    return slot<S>(index) + row * length;
  }
  const tuner_tensor_info& info() const { return *tensor_.info; }
  std::uint64_t first_index() const { return tensor_.first_index; }
  std::uint32_t group() const { return tensor_.group; }

  // rule(T& x, T g, T& slot...) for every element in one pass over memory.
  template <class Rule, class... S>
  void update(Rule rule, S*... slots) const {
    detail::update(data(), static_cast<const T*>(grad()), size(), rule, slots...);
  }
  // rule(std::uint64_t i, T& x, T g, T& slot...), where i is the index of the element in the whole tensor, also where
  // the host passes a part: what a rule draws for an element, or decides by its place, is told by i.
  template <class Rule, class... S>
  void update_with_index(Rule rule, S*... slots) const {
    detail::update_with_index(data(), static_cast<const T*>(grad()), size(), first_index(), rule, slots...);
  }

 private:
  const tuner_tensor& tensor_;
  Options options_;
};

// One step: everything that is not a tensor.
class Step {
 public:
  explicit Step(const tuner_step_args* args) : args_(args) {}

  std::int64_t number() const { return args_->step; }      // from 1
  std::int64_t horizon() const { return args_->horizon; }  // -1 unknown
  double loss() const { return args_->loss; }
  tuner_rng& rng() const { return *args_->rng; }
  Host host() const { return Host(args_->host); }
  Options options(std::uint32_t group = 0) const { return Options(args_->options, group); }
  template <class S = double>
  S* global_slot(std::size_t index) const {
    return static_cast<S*>(args_->global_slots[index]);
  }
  void flag(std::uint32_t flags) const { *args_->out_flags |= flags; }

  // Evaluates on this step's batch at the tensors' present data. Throws Stopped when the budget is used up.
  double evaluate(std::uint32_t want = TUNER_WANT_LOSS | TUNER_WANT_GRADIENT) const {
    double loss = 0;
    const std::int32_t status = args_->closure->evaluate(args_->closure->context, want, &loss);
    if (status == TUNER_STOP) throw Stopped();
    if (status != TUNER_OK) throw Failed(status);
    return loss;
  }
  // products[i] = (Hessian of this step's batch times vectors)[i], one buffer for every tensor with a gradient, else
  // null. Throws Invalid where the objective has no such product.
  void hessian_product(const void* const* vectors, void* const* products) const {
    if (args_->closure->hvp == nullptr) throw Invalid("the objective has no Hessian-vector product, which this needs");
    const std::int32_t status = args_->closure->hvp(args_->closure->context, vectors, products);
    if (status == TUNER_STOP) throw Stopped();
    if (status != TUNER_OK) throw Failed(status);
  }
  void inner_step() const {
    const std::int32_t status = args_->inner->step(args_->inner->context);
    if (status == TUNER_STOP) throw Stopped();
    if (status != TUNER_OK) throw Failed(status);
  }

  std::size_t tensor_count() const { return args_->n_tensors; }
  const tuner_tensor& raw_tensor(std::size_t index) const {
    return *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args_->tensors) +
                                                  index * args_->tensor_stride);
  }
  // visit(Tensor<float>) or visit(Tensor<double>).
  template <class Visit>
  void visit_tensor(std::size_t index, Visit&& visit) const {
    const tuner_tensor& t = raw_tensor(index);
    if (t.dtype == TUNER_DTYPE_F32)
      visit(Tensor<float>(t, args_->options));
    else
      visit(Tensor<double>(t, args_->options));
  }
  // As visit_tensor, for every tensor that has a gradient.
  template <class Visit>
  void for_each_tensor(Visit&& visit) const {
    for (std::size_t i = 0; i < tensor_count(); ++i)
      if (raw_tensor(i).grad != nullptr) visit_tensor(i, visit);
  }
  const tuner_step_args& raw() const { return *args_; }

 private:
  const tuner_step_args* args_;
};

namespace detail {

template <class P>
concept StepsPerTensor = requires(const Step& s, const Tensor<float>& f, const Tensor<double>& d) {
  P::step(s, f);
  P::step(s, d);
};

template <class P>
std::int32_t step_thunk(const tuner_step_args* args) noexcept {
  return guarded(args->error, [&] {
    const Step step(args);
    if constexpr (StepsPerTensor<P>)
      step.for_each_tensor([&](const auto& tensor) { P::step(step, tensor); });
    else
      P::step(step);
  });
}

template <class P>
std::int32_t init_thunk(const tuner_step_args* args) noexcept {
  return guarded(args->error, [&] {
    const Step step(args);
    if constexpr (requires(const Tensor<float>& t) { P::init(step, t); })
      step.for_each_tensor([&](const auto& tensor) { P::init(step, tensor); });
    else
      P::init(step);
  });
}

template <class P>
std::int32_t point_thunk(const tuner_point_args* args) noexcept {
  return guarded(args->error, [&] { P::evaluation_point(*args); });
}

template <class P>
std::int32_t extent_thunk(const tuner_extent_args* args, std::uint64_t* count) noexcept {
  return guarded(args->error, [&] { *count = P::slot_extent(*args); });
}

template <class P>
constexpr tuner_optimizer optimizer_vtable() {
  tuner_optimizer v{};
  v.struct_size = sizeof v;
  v.n_slots = slot_count<P>();
  v.slot_stride = sizeof(Slot);
  v.slots = slots_of<P>();
  v.state_version = 1;
  if constexpr (requires { P::state_version; }) v.state_version = P::state_version;
  v.step = &step_thunk<P>;
  if constexpr (
      requires(const Step& s) { P::init(s); } || requires(const Step& s, const Tensor<float>& t) { P::init(s, t); })
    v.init = &init_thunk<P>;
  if constexpr (requires(const tuner_point_args& a) { P::evaluation_point(a); }) v.evaluation_point = &point_thunk<P>;
  if constexpr (requires(const tuner_extent_args& a) { P::slot_extent(a); }) v.slot_extent = &extent_thunk<P>;
  v.check = check_of<P>();
  return v;
}

template <class P>
inline constexpr tuner_optimizer kOptimizerVtable = optimizer_vtable<P>();

}  // namespace detail

template <class P>
inline constexpr detail::Descriptor optimizer = detail::descriptor<P>(TUNER_KIND_OPTIMIZER, 0,
                                                                      &detail::kOptimizerVtable<P>);

}  // namespace tuner::inline sdk
