#include "tuner/optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gradients.hpp"
#include "tuner/error.hpp"
#include "tuner/memory.hpp"
#include "tuner/objective.hpp"

namespace tuner {

namespace {

bool matches(const GroupMatch& match, const TensorSpec& spec) {
  const bool role = match.roles.empty() || std::ranges::find(match.roles, spec.role) != match.roles.end();
  const auto fits = [&](const std::string& name) {
    return name.ends_with('*') ? spec.name.starts_with(name.substr(0, name.size() - 1)) : spec.name == name;
  };
  return role && (match.names.empty() || std::ranges::any_of(match.names, fits));
}

void fill(void* data, std::uint64_t count, std::uint32_t dtype, double value) {
  if (value == 0) return;  // new memory is zero
  if (dtype == TUNER_DTYPE_F32)
    std::fill_n(static_cast<float*>(data), count, static_cast<float>(value));
  else if (dtype == TUNER_DTYPE_I64)
    std::fill_n(static_cast<std::int64_t*>(data), count, static_cast<std::int64_t>(value));
  else
    std::fill_n(static_cast<double*>(data), count, value);
}

struct SlotShape {
  std::uint32_t dtype;
  std::uint64_t count;
  [[nodiscard]] std::uint64_t bytes() const { return saturating_multiply(count, dtype_size(dtype)); }
};

// From shapes alone: of tensor `tensor`, or of the whole where the slot's scope is global.
SlotShape shape_of_slot(const PluginUse& use, const Tensors& tensors, std::size_t index, std::size_t tensor) {
  const tuner_slot& slot = use.plugin->slot(index);
  const bool global = slot.scope == TUNER_SCOPE_GLOBAL;
  const std::uint32_t as_tensor = global ? std::uint32_t{TUNER_DTYPE_F64} : tensors.spec(tensor).dtype;
  SlotShape shape{.dtype = slot.dtype != TUNER_DTYPE_AS_TENSOR ? slot.dtype : as_tensor,
                  .count = slot.scope == TUNER_SCOPE_ELEMENT ? tensors.spec(tensor).numel() : 1};
  const tuner_optimizer& plugin = use.plugin->optimizer();
  if (plugin.slot_extent != nullptr && slot.scope != TUNER_SCOPE_ELEMENT) {
    tuner_error error{};
    error.struct_size = sizeof error;
    tuner_extent_args args{};
    args.struct_size = sizeof args;
    args.n_tensors = static_cast<std::uint32_t>(tensors.size());
    args.slot = static_cast<std::uint32_t>(index);
    args.tensor = global ? -1 : static_cast<std::int32_t>(tensor);
    args.tensors = tensors.infos().data();
    args.options = use.options.abi();
    args.error = &error;
    if (plugin.slot_extent(&args, &shape.count) != TUNER_OK)
      throw Error(Message::config_impossible,
                  fmt::format("optimizer '{}' cannot train this objective: {}", use.plugin->id(), error.text));
  }
  if (slot.count_param >= 0)
    shape.count = saturating_multiply(
        shape.count, static_cast<std::uint64_t>(use.options.number(static_cast<std::size_t>(slot.count_param))));
  return shape;
}

// What the inner optimizer needs of the step that is going on.
struct InnerContext {
  Optimizer* optimizer;
  const StepInputs* inputs;
  tuner_error* error;
};

std::int32_t inner_step(void* context) {
  auto* call = static_cast<InnerContext*>(context);
  if (call->inputs->gradient_unusable && *call->inputs->gradient_unusable) return TUNER_STOP;
  const std::int32_t status = call->optimizer->step(*call->inputs, call->error);
  if (status != TUNER_OK && status != TUNER_STOP && call->error)
    name_source(*call->error, *call->optimizer->use().plugin);
  return status;
}

}  // namespace

void check_wrapping(const Plugin& wrapper, const Plugin& inner) {
  if (!wrapper.has(TUNER_PLUGIN_CLOSURE)) return;
  const auto refuse = [&](std::string_view why) {
    throw Error(Message::config_impossible,
                fmt::format("optimizer '{}' makes the gradient of every step of the one inside, and '{}' {}",
                            wrapper.id(), inner.id(), why),
                "wrap an optimizer that takes one gradient a step, such as sgd or adam");
  };
  if (inner.has(TUNER_PLUGIN_DERIVATIVE_FREE)) refuse("takes none");
  if (inner.has(TUNER_PLUGIN_CLOSURE)) refuse("evaluates for itself");
}

std::uint32_t group_of(std::span<const GroupMatch> groups, const TensorSpec& tensor) {
  const auto found = std::ranges::find_if(groups, [&](const GroupMatch& group) { return matches(group, tensor); });
  return found == groups.end() ? 0 : static_cast<std::uint32_t>(found - groups.begin()) + 1;
}

std::string tensor_names(std::span<const TensorSpec> tensors) {
  constexpr std::size_t kNamed = 8;
  std::string names;
  for (const TensorSpec& tensor : tensors.first(std::min(tensors.size(), kNamed)))
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", tensor.name, role_name(tensor.role));
  if (tensors.size() > kNamed) names += fmt::format(", and {} more", tensors.size() - kNamed);
  return names;
}

std::vector<std::string> groups_without_tensors(const PluginUse& use, std::span<const TensorSpec> tensors) {
  std::vector<std::string> lines;
  for (std::size_t g = 0; g < use.groups.size(); ++g) {
    if (std::ranges::any_of(tensors, [&](const TensorSpec& t) { return group_of(use.groups, t) == g + 1; })) continue;
    const bool taken = std::ranges::any_of(tensors, [&](const TensorSpec& t) { return matches(use.groups[g], t); });
    lines.push_back(fmt::format("group {} of optimizer '{}' {}", g + 1, use.plugin->id(),
                                taken ? "matches only tensors that earlier groups take" : "matches no tensor"));
  }
  if (use.inner)
    for (std::string& line : groups_without_tensors(*use.inner, tensors)) lines.push_back(std::move(line));
  return lines;
}

StateSize state_size(const PluginUse& use, const Tensors& tensors) {
  StateSize size;
  if (use.inner) size = state_size(*use.inner, tensors);
  for (std::size_t s = 0; s < use.plugin->slot_count(); ++s) {
    const bool global = use.plugin->slot(s).scope == TUNER_SCOPE_GLOBAL;
    std::uint64_t bytes = 0;
    for (std::size_t t = 0; t < (global ? 1 : tensors.size()); ++t)
      if (global || tensors.spec(t).is_trained())
        bytes = saturating_add(bytes, shape_of_slot(use, tensors, s, t).bytes());
    size.bytes = saturating_add(size.bytes, bytes);
    if (size.use != nullptr && bytes <= size.slot_bytes) continue;
    size.use = &use;
    size.slot = s;
    size.slot_bytes = bytes;
  }
  return size;
}

Optimizer::Optimizer(PluginUse& use, Tensors& tensors, std::uint64_t study_seed, std::uint32_t trial, SlotMemory memory)
    : use_(use),
      tensors_(tensors),
      abi_(tensors.abi().begin(), tensors.abi().end()),
      memory_(memory ? std::move(memory) : [this](std::size_t bytes) { return buffers_.emplace_back(bytes).data(); }) {
  if (use.plugin->has(TUNER_PLUGIN_WRAPS) && !use.inner)
    throw Error(Message::config_impossible,
                fmt::format("optimizer '{}' wraps another one, and none is named", use.plugin->id()),
                "add `inner: adam`, or another optimizer");
  for (const PluginUse* inside = use.inner.get(); inside != nullptr; inside = inside->inner.get())
    check_wrapping(*use.plugin, *inside->plugin);
  for (std::size_t t = 0; t < abi_.size(); ++t) abi_[t].group = group_of(use.groups, tensors.spec(t));
  const std::size_t n_slots = use.plugin->slot_count();
  tensor_slots_.assign(abi_.size(), std::vector<void*>(n_slots, nullptr));
  global_slots_.assign(n_slots, nullptr);
  views_.resize(n_slots);
  for (std::size_t s = 0; s < n_slots; ++s) {
    const bool global = use.plugin->slot(s).scope == TUNER_SCOPE_GLOBAL;
    views_[s].resize(global ? 1 : abi_.size());
    for (std::size_t t = 0; t < views_[s].size(); ++t) {
      if (!global && abi_[t].grad == nullptr) continue;  // a frozen tensor has no state
      views_[s][t] = allocate(s, t);
      if (global)
        global_slots_[s] = views_[s][t].data;
      else
        tensor_slots_[t][s] = views_[s][t].data;
    }
  }
  for (std::size_t t = 0; t < abi_.size(); ++t) abi_[t].slots = tensor_slots_[t].data();
  rng_.struct_size = sizeof rng_;
  rng_.purpose = TUNER_RNG_OPTIMIZER;
  rng_.seed = study_seed;
  rng_.trial = trial;
  if (use.inner) inner_ = std::make_unique<Optimizer>(*use.inner, tensors, study_seed, trial, memory_);
  // A stream of its own for every depth: by the purpose, since rules may draw at any position.
  for (Optimizer* inside = inner_.get(); inside != nullptr; inside = inside->inner()) inside->rng_.purpose += 1u << 16;
}

Optimizer::SlotView Optimizer::allocate(std::size_t index, std::size_t tensor) {
  const SlotShape shape = shape_of_slot(use_, tensors_, index, tensor);
  SlotView view{.data = nullptr, .count = shape.count, .dtype = shape.dtype};
  if (view.count == 0) return view;
  view.data = memory_(shape.bytes());
  fill(view.data, view.count, view.dtype, use_.plugin->slot(index).fill);
  return view;
}

tuner_step_args Optimizer::arguments(const StepInputs& inputs, tuner_error* error, std::uint32_t* out_flags) {
  tuner_step_args args{};
  args.struct_size = sizeof args;
  args.n_tensors = static_cast<std::uint32_t>(abi_.size());
  args.tensor_stride = sizeof(tuner_tensor);
  args.host = inputs.host;
  args.tensors = abi_.data();
  args.options = use_.options.abi();
  args.global_slots = global_slots_.data();
  args.closure = inputs.closure;
  args.rng = &rng_;
  args.step = inputs.step;
  args.horizon = inputs.horizon;
  args.loss = inputs.loss;
  args.error = error;
  args.out_flags = out_flags;
  return args;
}

std::int32_t Optimizer::init(const tuner_host* host, tuner_error* error) {
  if (inner_)
    if (const std::int32_t status = inner_->init(host, error); status != TUNER_OK) return status;
  const auto init = use_.plugin->optimizer().init;
  if (init == nullptr) return TUNER_OK;
  StepInputs inputs;
  inputs.step = 0;
  inputs.host = host;
  std::uint32_t flags = 0;
  const tuner_step_args args = arguments(inputs, error, &flags);
  return init(&args);
}

std::int32_t Optimizer::step(const StepInputs& inputs, tuner_error* error, std::uint32_t* out_flags) {
  std::uint32_t unused = 0;
  tuner_step_args args = arguments(inputs, error, out_flags ? out_flags : &unused);
  if (!inner_) return use_.plugin->optimizer().step(&args);
  StepInputs inside = inputs;
  if (use_.plugin->has(TUNER_PLUGIN_CLOSURE)) inside.closure = nullptr;  // its gradient is not the closure's
  InnerContext context{inner_.get(), &inside, error};
  tuner_inner inner{};
  inner.struct_size = sizeof inner;
  inner.context = &context;
  inner.step = &inner_step;
  args.inner = &inner;
  return use_.plugin->optimizer().step(&args);
}

bool Optimizer::has_evaluation_point() const {
  return use_.plugin->optimizer().evaluation_point != nullptr || (inner_ && inner_->has_evaluation_point());
}

std::int32_t Optimizer::evaluation_point(const tuner_host* host, std::int64_t step, std::span<void* const> outputs,
                                         tuner_error* error) {
  // The outermost one counts.
  if (use_.plugin->optimizer().evaluation_point == nullptr) return inner_->evaluation_point(host, step, outputs, error);
  for (std::size_t t = 0; t < abi_.size(); ++t)
    std::memcpy(outputs[t], abi_[t].data, abi_[t].numel * dtype_size(abi_[t].dtype));
  std::vector<tuner_tensor> without_gradients = abi_;
  for (auto& tensor : without_gradients) tensor.grad = nullptr;
  tuner_point_args args{};
  args.struct_size = sizeof args;
  args.n_tensors = static_cast<std::uint32_t>(abi_.size());
  args.tensor_stride = sizeof(tuner_tensor);
  args.host = host;
  args.tensors = without_gradients.data();
  args.options = use_.options.abi();
  args.global_slots = global_slots_.data();
  args.step = step;
  args.outputs = outputs.data();
  args.error = error;
  return use_.plugin->optimizer().evaluation_point(&args);
}

Optimizer::SlotView Optimizer::slot(std::size_t slot, std::size_t tensor) const {
  const auto& column = views_[slot];
  return column[column.size() == 1 ? 0 : tensor];
}

template <class Archive>
void Optimizer::serialize(Archive& archive) {
  archive(rng_.position);
  for (auto& column : views_)
    for (SlotView& view : column) {
      archive.same(view.count, "a slot has another size");
      if (view.data) archive.raw(view.data, view.count * dtype_size(view.dtype));
    }
  if (inner_) inner_->serialize(archive);
}

void Optimizer::save(Writer& out) const { const_cast<Optimizer*>(this)->serialize(out); }

void Optimizer::restore(Reader& in) { serialize(in); }

std::uint64_t Optimizer::state_bytes() const {
  std::uint64_t bytes = inner_ ? inner_->state_bytes() : 0;
  for (const auto& column : views_)
    for (const auto& view : column) bytes += view.count * dtype_size(view.dtype);
  return bytes;
}

std::string Optimizer::nonfinite_state() const {
  if (inner_)
    if (std::string inside = inner_->nonfinite_state(); !inside.empty()) return inside;
  if (use_.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE)) return {};
  for (std::size_t s = 0; s < views_.size(); ++s) {
    const tuner_slot& slot = use_.plugin->slot(s);
    if (!std::isfinite(slot.fill)) continue;
    for (std::size_t t = 0; t < views_[s].size(); ++t) {
      const SlotView& view = views_[s][t];
      if (view.data == nullptr || all_finite(view.data, view.count, view.dtype)) continue;
      const std::string where = fmt::format("slot '{}' of optimizer '{}'", slot.id, use_.plugin->id());
      return slot.scope == TUNER_SCOPE_GLOBAL ? where : fmt::format("{}, tensor '{}'", where, tensors_.spec(t).name);
    }
  }
  return {};
}

}  // namespace tuner
