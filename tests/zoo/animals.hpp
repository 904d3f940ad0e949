// What each animal is guilty of, and how the checker says so.
#pragma once

namespace zoo {

struct Animal {
  const char* name;         // of the source: animals/NAME.c or NAME.cpp, whose plugin has that id
  const char* check;        // the only one that fails
  const char* cause;        // what its finding says
  double time_limit_s = 0;  // 0: the checker's own
};

inline constexpr Animal kAnimals[] = {
    // loading
    {"prints_while_loading", "load.quiet", "welcome to the zoo"},
    {"crashes_at_exit", "load.opens", "at the end of the process"},
    {"second_symbol", "load.one_export", "take_a_step"},
    // the ABI
    {"reads_past_its_arguments", "abi.guard_page", "1.0 size"},
    {"ignores_the_stride", "abi.larger_structs", "stride"},
    // metadata
    {"reserved_option", "metadata.words", "groups"},
    {"no_reference", "metadata.docs", "reference"},
    {"log_scale_from_zero", "metadata.ranges", "log"},
    // one step
    {"throws_through_the_border", "arithmetic.step", "nobody catches this"},
    {"nan_at_defaults", "arithmetic.step", "nan"},
    {"hangs_in_step", "arithmetic.step", "did not come back within", 2},
    {"exits_in_step", "arithmetic.step", "exit code 0"},
    {"aborts_in_step", "arithmetic.step", "signal 6"},
    {"dereferences_null", "arithmetic.step", "signal 11"},
    {"prints_in_step", "arithmetic.quiet", "another "},
    {"changes_rounding", "arithmetic.floating_point", "round"},
    {"moves_at_zero_lr", "arithmetic.zero_lr", "lr = 0"},
    {"moves_at_zero_gradient", "arithmetic.zero_gradient", "gradient"},
    {"other_constant_in_f32", "arithmetic.precision", "float32"},
    {"norm_in_an_elementwise_rule", "arithmetic.split", "ELEMENTWISE"},
    {"touches_frozen_tensors", "arithmetic.frozen", "frozen"},
    {"divides_by_degrees_of_freedom", "arithmetic.shapes", "nan"},
    {"divides_by_an_option", "arithmetic.corners", "signal 8"},
    {"squares_in_f32", "arithmetic.finite", "1e-30"},
    // determinism
    {"static_counter", "determinism.same_seed", "tensor"},
    {"seeds_from_the_clock", "determinism.processes", "process"},
    {"contracts_on_some_machines", "determinism.isa", "TUNER_ISA"},
    {"misreads_first_index", "determinism.parts", "part"},
    // state
    {"state_outside_slots", "state.resume", "tensor"},
    {"writes_past_a_slot", "state.canaries", "behind the end of slot 'velocity'"},
    // the closure
    {"swallows_stop", "closure.budget", "TUNER_OK"},
    {"evaluates_after_stop", "closure.budget", "again"},
    {"swallows_errors", "closure.errors", "TUNER_ERROR"},
    // threads
    {"mutable_globals", "threads.reentrant", "tensor"},
    // objectives
    {"loss_is_not_finite", "objectives.evaluates", "nan"},
    {"gradient_wrong_in_one_coordinate", "objectives.gradient", "17"},
    {"wrong_hvp", "objectives.hvp", "product"},
    {"wrong_minimum", "objectives.minimum", "minim"},
    {"static_workspace", "objectives.determinism", "concurrent"},
    {"moves_buffers_in_evaluation", "objectives.frozen", "mean"},
    // schedulers
    {"schedule_is_nan_late", "schedulers.value", "nan"},
    {"schedule_from_the_last_value", "schedulers.pure", "PURE"},
    {"schedule_with_a_static", "schedulers.determinism", "step"},
};

// Libraries of tests/abi/bad, which the host refuses; the twin of all of them is its sound.so.
inline constexpr Animal kRefused[] = {
    {"crashes", "load.opens", "signal 6 (Aborted): loading the library"},
    {"exits", "load.opens", "exit code 0 before the check was over: loading the library"},
    {"hangs", "load.opens", "did not come back within", 2},
    {"undefined_symbol", "load.opens", "nobody_defines_this"},
    {"no_entry", "load.opens", "tuner_plugin_v1"},
    {"fast_math", "load.floating_point", "flush"},
    {"other_major", "abi.descriptor", "made for plugin ABI 2; this tuner has ABI 1"},
    {"other_platform", "abi.descriptor", "platform tag"},
    {"small_library", "abi.descriptor", "tuner_library of 16 bytes"},
    {"small_param", "abi.descriptor", "tuner_param of 8 bytes"},
    {"duplicate_plugin", "abi.descriptor", "two plugins 'plain'"},
    {"duplicate_option", "abi.descriptor", "two options 'lr'"},
    {"default_outside", "abi.descriptor", "default 1.5 is outside [0, 1]"},
    {"search_outside", "abi.descriptor", "search range [0.0001, 11]"},
    {"bad_id", "abi.descriptor", "no proper id"},
};

}  // namespace zoo
