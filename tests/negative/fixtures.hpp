// Which check each fixture fails, and what its finding says.
#pragma once

namespace negative {

struct Fixture {
  const char* name;         // of the source: plugins/NAME.c or NAME.cpp, whose plugin has that id
  const char* check;        // the only one that fails
  const char* cause;        // what its finding says
  double time_limit_s = 0;  // 0: the checker's own
};

inline constexpr Fixture kFixtures[] = {
    // loading
    {"prints_while_loading", "load.quiet", "loading it prints: hello from a static constructor"},
    {"crashes_at_exit", "load.opens", "signal 6 (Aborted), at the end of the process"},
    {"second_symbol", "load.one_export", "exports 'take_a_step' beside"},
    {"built_with_fast_math", "load.build", "compiled with -ffast-math, -Ofast or a flag that is part of them"},
    {"contracted_loops", "load.build", "contracted into one operation (-ffp-contract=fast"},
    // the ABI
    {"reads_past_its_arguments", "abi.guard_page", "tuner_step_args (its 1.0 size)"},
    {"ignores_the_stride", "abi.guard_page",
     "step() reads byte 575 of tuner_tensor (its 1.0 size), of which there are 512"},
    {"caps_the_stride", "abi.larger_structs", "structs of a later minor version"},
    // metadata
    {"reserved_option", "metadata.words", "option 'groups' has the name of a key of the sweep file"},
    {"no_reference", "metadata.docs", "no reference"},
    {"log_scale_from_zero", "metadata.ranges", "option 'lr' is searched on a log scale from 0"},
    // worked examples
    {"other_factor", "examples.computed", "x after step 1: number 1 is 0.95, and the plugin computes 0.9375"},
    {"unreadable_example", "examples.computed", "cannot be read: the plugin has no option 'rate'"},
    {"schedule_unlike_its_example", "examples.computed",
     "lr, counted from the first update: number 2 is 0.08, and the plugin computes 0.0666666666667"},
    {"half_of_its_example", "examples.computed",
     "the loss: number 1 is 3.83587809747, and the plugin computes 1.91793904874"},
    // one step
    {"throws_across_the_boundary", "arithmetic.step", "(std::runtime_error: nobody catches this)"},
    {"nan_at_defaults", "arithmetic.step", "nan (float64, step 1)"},
    {"hangs_in_step", "arithmetic.step", "did not come back within 3 s: step(), float64, step 1", 3},
    {"exits_in_step", "arithmetic.step", "exit code 0 before the check was over: step(), float64, step 1"},
    {"aborts_in_step", "arithmetic.step", "signal 6 (Aborted): step(), float64, step 1"},
    {"dereferences_null", "arithmetic.step",
     "signal 11 (Segmentation fault): step() (float64, step 1), which reads at address 0x8: a null pointer (null in "
     "this call: inner)"},
    {"prints_in_step", "arithmetic.quiet", "printed 'another \"step\""},
    {"changes_rounding", "arithmetic.floating_point", "the rounding mode is toward zero instead of to nearest"},
    {"moves_at_zero_lr", "arithmetic.zero_lr", "lr = 0"},
    {"moves_at_zero_gradient", "arithmetic.zero_gradient", "gradients of about 0"},
    {"other_constant_in_f32", "arithmetic.precision", "times what rounding explains"},
    {"norm_in_an_elementwise_rule", "arithmetic.split", "one tensor of 1002 elements and two of 501"},
    {"touches_frozen_tensors", "arithmetic.frozen", "a frozen tensor was changed: tensor 'bias', element 0"},
    {"divides_by_degrees_of_freedom", "arithmetic.shapes", "tensors of shapes [1]: after the step element 0"},
    {"divides_by_an_option", "arithmetic.corners",
     "signal 8 (Floating point exception): step() (float64, step 1, gradients of about 1e-300, period = 0)"},
    {"squares_in_f32", "arithmetic.finite", "is inf (float32, step 1, gradients of about 1e-30)"},
    // progress
    {"nan_after_twenty_steps", "progress.finite",
     "on a convex problem element 0 of tensor 'weight' is nan (float64, step 21"},
    {"does_nothing", "progress.moves", "element 0 of tensor 'weight' has a gradient and never moved"},
    {"forgets_half_of_a_tensor", "progress.moves", "element 15 of tensor 'weight' has a gradient and never moved"},
    {"knows_two_dimensions", "progress.moves", "element 4 of tensor 'conv' has a gradient and never moved"},
    {"climbs", "progress.descends", "after 100 steps (float64, step 100, weight_decay = 0)"},
    {"climbs_in_a_variant", "progress.descends", "steps (float64, step 100, other_way = true"},
    {"grows_by_decay", "progress.decays", "without gradients the sum of the squared parameters grows from"},
    // determinism
    {"static_counter", "determinism.same_seed", "twice in one process differ"},
    {"seeds_from_the_clock", "determinism.processes", "in two processes differ"},
    {"contracts_on_some_machines", "determinism.isa", "with TUNER_ISA=base and with TUNER_ISA="},
    {"misreads_first_index", "determinism.parts", "element 160: expected 0.13708266002396458, got 0.13691165964271534"},
    {"rows_of_the_part", "determinism.parts", "element 0: expected -1.3382829859335257, got -1.3382402358382133"},
    {"index_within_the_part", "determinism.parts",
     "element 160: expected 0.13708266002396458, got 0.13725366040521383"},
    // options
    {"caches_options", "options.fresh", "differ between a process of their own and one where"},
    {"ignores_groups", "options.groups", "got -1.3386303727248472 (30 of 30 differ)"},
    {"strides_by_groups", "options.groups", "got -1.3389267188002347 (30 of 30 differ)"},
    // state
    {"state_outside_slots", "state.resume", "saved and resumed in a new process for 63 more, differ"},
    {"writes_past_a_slot", "state.canaries", "behind the end of slot 'velocity' of tensor"},
    {"reads_past_a_gradient", "state.bounds",
     "step() (float64, step 1) reads byte 256 of the gradient of tensor 'weight', of which there are 256"},
    {"reads_before_a_slot", "state.bounds",
     "step() (float64, step 1) reads 2 bytes before the beginning of slot 'velocity' of tensor 'weight'"},
    // the closure
    {"swallows_stop", "closure.budget", "TUNER_STOP (1), and step() returned TUNER_OK (0)"},
    {"evaluates_after_stop", "closure.budget", "TUNER_STOP (1), and step() asked for 2 more"},
    {"swallows_errors", "closure.errors", "TUNER_ERROR (-1), and step() returned TUNER_OK (0)"},
    // threads
    {"mutable_globals", "threads.reentrant", "steps changed static or global variables of the library"},
    // objectives
    {"loss_is_not_finite", "objectives.evaluates", "nan at the starting point"},
    {"gradient_wrong_in_one_coordinate", "objectives.gradient", "in 1 of 24 coordinates: element 17 of tensor 'x'"},
    {"wrong_hvp", "objectives.hvp", "the product of Hessian and vector is 0.03"},
    {"wrong_minimum", "objectives.minimum", "the loss at minimizer 0 is"},
    {"static_workspace", "objectives.determinism", "evaluations changed static or global variables"},
    {"moves_buffers_in_evaluation", "objectives.frozen", "in evaluation mode writes the buffer 'mean'"},
    {"ignores_indices", "objectives.batches", "samples 19, 0, 10, 6, 13: the loss is 34.171, and"},
    {"divides_by_all_samples", "objectives.batches", "samples 19, 0, 10, 6, 13: the loss is 34.2216, and"},
    {"counts_a_sample_once", "objectives.batches", "samples 10, 10, 10: the loss is"},
    {"validates_on_training", "objectives.batches", "of the validation split have the losses of the training split"},
    {"adds_to_a_metric", "objectives.evaluates", "metric 'slope' on the training split is nan"},
    {"adds_to_a_product", "objectives.hvp", "the product of Hessian and vector is nan"},
    {"has_no_gradient", "objectives.evaluates", "the gradient is nan in element 0 of tensor 'x'"},
    {"reads_past_its_parameters", "objectives.bounds", "reads byte 192 of tensor 'x', of which there are 192"},
    {"writes_a_metric_too_many", "objectives.bounds", "writes byte 8 of the metrics, of which there are 8"},
    {"leaves_a_thread", "objectives.threads", "after an evaluation there is a thread that was not there before open()"},
    // schedulers
    {"schedule_is_nan_late", "schedulers.value", "step 901 of 1001: value() returned -2: it sets lr to nan"},
    {"schedule_from_the_last_value", "schedulers.pure", "when the steps come in order"},
    {"schedule_with_a_static", "schedulers.determinism", "in one run and"},
    {"schedule_below_zero", "schedulers.range", "step 901 of a run of 1000 steps: output 'lr' is -"},
    {"schedule_of_factors", "schedulers.base", "output 'lr' is 1 at the start of a run whose lr is 0.01"},
    // searchers
    {"proposes_between_steps", "searchers.proposals", "has stepped = -0.4"},
    {"proposes_what_is_inactive", "searchers.proposals", "has a value for choice."},
    {"moves_what_is_fixed", "searchers.fixed", "x0 is fixed at 0.5, and the proposal has"},
    {"proposes_by_a_static", "searchers.determinism", "two searches with the same seed and results differ at proposal"},
    {"learns_from_questions", "searchers.pure", "where a later one was asked for before it"},
    {"forgets_before_it_is_asked", "searchers.replay", "is another one where all observations are told at once"},
    {"averages_what_failed", "searchers.trouble", "has x0 = nan"},
    {"searches_for_the_worst", "searchers.learns", "are no better than random ones"},
    // pruners
    {"judges_the_past", "pruners.decides", "which is at step"},
    {"prunes_by_a_static", "pruners.determinism", "two pruners that are told the same differ at step"},
    {"prunes_by_the_clock", "pruners.replay", "a pruner of the library loaded anew"},
    {"pauses_for_good", "pruners.decides", "has no review() that would continue it"},
    {"reviews_what_runs", "pruners.decides", "its review names trial 0, which is not paused"},
    {"counts_reviews", "pruners.determinism", "two pruners that are told the same differ at a review: trial"},
    {"waits_for_nan", "pruners.trouble", "wants to judge step -9223372036854775"},
};

// Libraries of tests/abi/bad: most of them the host refuses to load. Their twin is sound.so.
inline constexpr Fixture kRefused[] = {
    {"crashes", "load.opens", "signal 6 (Aborted): loading the library"},
    {"exits", "load.opens", "exit code 0 before the check was over: loading the library"},
    {"hangs", "load.opens", "did not come back within 3 s: loading the library (its last words: still here)", 3},
    {"undefined_symbol", "load.opens", "undefined symbol: nobody_defines_this"},
    {"no_entry", "load.opens", "does not export 'tuner_plugin_v1'"},
    {"fast_math", "load.floating_point", "flushed to zero (FTZ), operands below 2e-308 count as zero (DAZ)"},
    {"other_major", "abi.descriptor", "made for plugin ABI 2; this tuner has ABI 1"},
    {"other_platform", "abi.descriptor", "platform tag 0x3233504c"},
    {"small_library", "abi.descriptor", "a tuner_library of 16 bytes"},
    {"small_param", "abi.descriptor", "a tuner_param of 8 bytes"},
    {"duplicate_plugin", "abi.descriptor", "two plugins 'plain'"},
    {"duplicate_option", "abi.descriptor", "two options 'lr'"},
    {"default_outside", "abi.descriptor", "default 1.5 is outside [0, 1]"},
    {"search_outside", "abi.descriptor", "search range [0.0001, 11] is not inside"},
    {"bad_id", "abi.descriptor", "no proper id"},
};

}  // namespace negative
