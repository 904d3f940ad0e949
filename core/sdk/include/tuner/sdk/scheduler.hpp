// The C++ layer for schedulers. A plugin class has info, optionally params, slots (global) and check, and
//
//   static double value(const tuner::Schedule&);                              // drives lr alone
// or
//   static constexpr tuner::Output outputs[] = {...};
//   static void values(const tuner::Schedule&, std::span<double> values);     // one per output
//
// Both return absolute values. A closed form of the step says so with TUNER_PLUGIN_PURE in info.flags.
#pragma once

#include <span>

#include "tuner/sdk/call.hpp"
#include "tuner/sdk/metadata.hpp"

namespace tuner::inline sdk {

struct Output : tuner_schedule_output {};

// Drives the first of `targets` (an array with static storage) that the optimizer has.
template <std::size_t n>
consteval Output drives(const char* id, const char* const (&targets)[n], std::uint32_t flags = 0) {
  Output o{};
  o.struct_size = sizeof(tuner_schedule_output);
  o.flags = flags;
  o.id = id;
  o.targets = targets;
  o.n_targets = n;
  return o;
}

class Schedule {
 public:
  explicit Schedule(const tuner_schedule_args* args) : args_(args), options_(args->options) {}

  std::int64_t step() const { return args_->step; }        // updates done, from 0
  std::int64_t horizon() const { return args_->horizon; }  // -1 unknown
  std::int64_t steps_per_epoch() const { return args_->steps_per_epoch; }
  double base(std::size_t output = 0) const { return args_->base[output]; }
  const Options& options() const { return options_; }
  double operator[](std::size_t option) const { return options_[option]; }
  double metric() const { return args_->metric; }
  std::int64_t metric_count() const { return args_->metric_count; }
  bool minimize() const { return args_->minimize != 0; }
  std::uint32_t group() const { return args_->group; }
  template <class S = double>
  S* slot(std::size_t index) const {
    return static_cast<S*>(args_->global_slots[index]);
  }
  // The length that an option gives, or the horizon where the option is 0. Invalid where neither is known.
  std::int64_t length(std::size_t option) const {
    if (options_.integer(option) > 0) return options_.integer(option);
    if (horizon() < 0) throw Invalid("the length of the run is not known here: give it as an option of the scheduler");
    return horizon();
  }

 private:
  const tuner_schedule_args* args_;
  Options options_;
};

namespace detail {

inline constexpr const char* kLrTargets[] = {"lr"};
inline constexpr Output kLrOutput = drives("lr", kLrTargets);

template <class S>
concept HasOutputs = requires {
  S::outputs[0];
};

template <class S>
constexpr std::size_t output_count() {
  if constexpr (HasOutputs<S>)
    return sizeof(S::outputs) / sizeof(S::outputs[0]);
  else
    return 1;
}

template <class S>
struct OutputTable {
  const tuner_schedule_output* items[output_count<S>()];
};
template <class S>
constexpr OutputTable<S> output_table() {
  OutputTable<S> table{};
  if constexpr (HasOutputs<S>)
    for (std::size_t i = 0; i < output_count<S>(); ++i) table.items[i] = &S::outputs[i];
  else
    table.items[0] = &kLrOutput;
  return table;
}
template <class S>
inline constexpr OutputTable<S> kOutputs = output_table<S>();

template <class S>
std::int32_t value_thunk(const tuner_schedule_args* args, double* values) noexcept {
  return guarded(args->error, [&] {
    const Schedule schedule(args);
    if constexpr (HasOutputs<S>)
      S::values(schedule, std::span<double>(values, output_count<S>()));
    else
      values[0] = S::value(schedule);
  });
}

template <class S>
constexpr tuner_scheduler scheduler_vtable() {
  tuner_scheduler v{};
  v.struct_size = sizeof v;
  v.n_outputs = output_count<S>();
  v.outputs = kOutputs<S>.items;
  v.value = &value_thunk<S>;
  v.check = check_of<S>();
  v.n_slots = slot_count<S>();
  v.slot_stride = sizeof(Slot);
  v.slots = slots_of<S>();
  return v;
}

template <class S>
inline constexpr tuner_scheduler kSchedulerVtable = scheduler_vtable<S>();

}  // namespace detail

template <class S>
inline constexpr detail::Descriptor scheduler = detail::descriptor<S>(TUNER_KIND_SCHEDULER, 0,
                                                                      &detail::kSchedulerVtable<S>);

}  // namespace tuner::inline sdk
