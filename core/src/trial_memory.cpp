#include <fmt/format.h>

#include "tuner/memory.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/training.hpp"

namespace tuner {

namespace {

// The options that decide about sizes: structural numbers other than their defaults, and lists.
std::string sizes_text(const PluginUse& use) {
  std::string text;
  const auto add = [&](const char* id, const std::string& value) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", id, value);
  };
  for (std::size_t p = 0; p < use.plugin->param_count(); ++p) {
    const tuner_param& param = use.plugin->param(p);
    if ((param.flags & TUNER_PARAM_STRUCTURAL) == 0) continue;
    const double number = use.options.number(p);
    if (param.type == TUNER_TYPE_F64 || param.type == TUNER_TYPE_I64) {
      if (number != param.default_value) add(param.id, fmt::format("{:.15g}", number));
    } else if (param.type == TUNER_TYPE_F64_LIST || param.type == TUNER_TYPE_I64_LIST) {
      if (use.options.abi()->lists[p].count > 0) add(param.id, use.options.text_of(p));
    }
  }
  return text;
}

std::string name_of(const PluginUse& use) {
  const std::string sizes = sizes_text(use);
  return fmt::format("{} '{}'{}", to_string(use.plugin->kind()), use.plugin->id(),
                     sizes.empty() ? "" : " (" + sizes + ")");
}

bool evaluates_elsewhere(const PluginUse& use) {
  return use.plugin->optimizer().evaluation_point != nullptr || (use.inner && evaluates_elsewhere(*use.inner));
}

[[noreturn]] void too_large(const MemoryBound& bound, std::uint64_t bytes, const std::string& parts) {
  throw OutOfMemory(fmt::format("the trial needs at least {} of memory, and it can have {} ({}): {}", size_text(bytes),
                                size_text(bound.bytes), bound.source, parts));
}

}  // namespace

void require_memory(const TrialSpec& spec, SharedObjectives& shared) {
  if (spec.memory.bytes == kUncountable) return;
  HostServices host;
  const void* data = shared.get(*spec.objective.plugin, spec.objective.options, spec.study_seed);
  const Tensors tensors(describe(spec.objective, data, host.abi()).tensors, TensorMemory::nothing);
  std::uint64_t parameters = 0, gradients = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    parameters = saturating_add(parameters, tensors.spec(t).bytes());
    if (tensors.spec(t).is_trained()) gradients = saturating_add(gradients, tensors.spec(t).bytes());
  }
  std::uint64_t bytes = saturating_add(parameters, gradients);
  std::string parts =
      fmt::format("{} takes {} for parameters and gradients", name_of(spec.objective), size_text(bytes));
  // Shapes that fit can be multiplied by a plugin without overflow; others are not shown to it.
  if (bytes > spec.memory.bytes) too_large(spec.memory, bytes, parts);
  if (!spec.optimizer) return;
  const StateSize state = state_size(*spec.optimizer, tensors);
  bytes = saturating_add(bytes, state.bytes);
  if (state.bytes > 0) {
    parts += fmt::format(", {} takes {} for its state", name_of(*spec.optimizer), size_text(state.bytes));
    if (state.use != nullptr)
      parts += fmt::format(", of which slot '{}' of {} takes {}", state.use->plugin->slot(state.slot).id,
                           state.use == &*spec.optimizer ? std::string("it") : name_of(*state.use),
                           size_text(state.slot_bytes));
  }
  const auto add = [&](bool needed, std::uint64_t size, std::string_view what) {
    if (!needed) return;
    bytes = saturating_add(bytes, size);
    parts += fmt::format(", and {} takes {}", what, size_text(size));
  };
  const TrainingSettings& t = spec.training;
  add(t.accumulation > 1, parameters, "the sum of the gradients that accumulation makes");
  add(evaluates_elsewhere(*spec.optimizer), parameters, "a copy of the parameters to evaluate at");
  add(t.averaging.has_value(), parameters, "the average of the parameters");
  add(t.early_stopping && t.early_stopping->restore_best, parameters, "the copy of the best parameters");
  if (bytes > spec.memory.bytes) too_large(spec.memory, bytes, parts);
}

}  // namespace tuner
