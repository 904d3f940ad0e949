/* Size and offsets of every public struct, as the minor versions of the ABI froze them: a list for each, from which the
 * header asserts them at compile time and tests/abi compares them with core/abi/offsets-1.0.json and offsets-1.1.json.
 * A list is never edited, only followed by that of a later minor version, which has the structs that are new in it or
 * have grown, whole. */
#ifndef TUNER_ABI_LAYOUT_H
#define TUNER_ABI_LAYOUT_H

/* clang-format off */
#define TUNER_ABI_LAYOUT_1_0(TUNER_SIZE, TUNER_FIELD) \
  TUNER_SIZE(tuner_error, 512) \
  TUNER_FIELD(tuner_error, struct_size, 0) \
  TUNER_FIELD(tuner_error, reserved, 4) \
  TUNER_FIELD(tuner_error, text, 8) \
  TUNER_SIZE(tuner_rng, 32) \
  TUNER_FIELD(tuner_rng, struct_size, 0) \
  TUNER_FIELD(tuner_rng, purpose, 4) \
  TUNER_FIELD(tuner_rng, seed, 8) \
  TUNER_FIELD(tuner_rng, position, 16) \
  TUNER_FIELD(tuner_rng, trial, 24) \
  TUNER_FIELD(tuner_rng, reserved, 28) \
  TUNER_SIZE(tuner_host, 56) \
  TUNER_FIELD(tuner_host, struct_size, 0) \
  TUNER_FIELD(tuner_host, abi_minor, 4) \
  TUNER_FIELD(tuner_host, context, 8) \
  TUNER_FIELD(tuner_host, log, 16) \
  TUNER_FIELD(tuner_host, report, 24) \
  TUNER_FIELD(tuner_host, should_stop, 32) \
  TUNER_FIELD(tuner_host, scratch, 40) \
  TUNER_FIELD(tuner_host, get_extension, 48) \
  TUNER_SIZE(tuner_param, 104) \
  TUNER_FIELD(tuner_param, struct_size, 0) \
  TUNER_FIELD(tuner_param, type, 4) \
  TUNER_FIELD(tuner_param, flags, 8) \
  TUNER_FIELD(tuner_param, search_scale, 12) \
  TUNER_FIELD(tuner_param, id, 16) \
  TUNER_FIELD(tuner_param, doc, 24) \
  TUNER_FIELD(tuner_param, unit, 32) \
  TUNER_FIELD(tuner_param, default_value, 40) \
  TUNER_FIELD(tuner_param, min, 48) \
  TUNER_FIELD(tuner_param, max, 56) \
  TUNER_FIELD(tuner_param, search_min, 64) \
  TUNER_FIELD(tuner_param, search_max, 72) \
  TUNER_FIELD(tuner_param, choices, 80) \
  TUNER_FIELD(tuner_param, default_text, 88) \
  TUNER_FIELD(tuner_param, n_choices, 96) \
  TUNER_FIELD(tuner_param, reserved, 100) \
  TUNER_SIZE(tuner_list, 40) \
  TUNER_FIELD(tuner_list, struct_size, 0) \
  TUNER_FIELD(tuner_list, reserved, 4) \
  TUNER_FIELD(tuner_list, count, 8) \
  TUNER_FIELD(tuner_list, f64, 16) \
  TUNER_FIELD(tuner_list, i64, 24) \
  TUNER_FIELD(tuner_list, text, 32) \
  TUNER_SIZE(tuner_options, 32) \
  TUNER_FIELD(tuner_options, struct_size, 0) \
  TUNER_FIELD(tuner_options, n_groups, 4) \
  TUNER_FIELD(tuner_options, n_params, 8) \
  TUNER_FIELD(tuner_options, list_stride, 12) \
  TUNER_FIELD(tuner_options, values, 16) \
  TUNER_FIELD(tuner_options, lists, 24) \
  TUNER_SIZE(tuner_tensor_info, 56) \
  TUNER_FIELD(tuner_tensor_info, struct_size, 0) \
  TUNER_FIELD(tuner_tensor_info, rank, 4) \
  TUNER_FIELD(tuner_tensor_info, role, 8) \
  TUNER_FIELD(tuner_tensor_info, flags, 12) \
  TUNER_FIELD(tuner_tensor_info, name, 16) \
  TUNER_FIELD(tuner_tensor_info, shape, 24) \
  TUNER_FIELD(tuner_tensor_info, fan_in, 32) \
  TUNER_FIELD(tuner_tensor_info, fan_out, 40) \
  TUNER_FIELD(tuner_tensor_info, layer, 48) \
  TUNER_FIELD(tuner_tensor_info, n_layers, 52) \
  TUNER_SIZE(tuner_tensor, 64) \
  TUNER_FIELD(tuner_tensor, struct_size, 0) \
  TUNER_FIELD(tuner_tensor, rank, 4) \
  TUNER_FIELD(tuner_tensor, dtype, 8) \
  TUNER_FIELD(tuner_tensor, group, 12) \
  TUNER_FIELD(tuner_tensor, data, 16) \
  TUNER_FIELD(tuner_tensor, grad, 24) \
  TUNER_FIELD(tuner_tensor, slots, 32) \
  TUNER_FIELD(tuner_tensor, numel, 40) \
  TUNER_FIELD(tuner_tensor, first_index, 48) \
  TUNER_FIELD(tuner_tensor, info, 56) \
  TUNER_SIZE(tuner_slot, 40) \
  TUNER_FIELD(tuner_slot, struct_size, 0) \
  TUNER_FIELD(tuner_slot, scope, 4) \
  TUNER_FIELD(tuner_slot, dtype, 8) \
  TUNER_FIELD(tuner_slot, count_param, 12) \
  TUNER_FIELD(tuner_slot, fill, 16) \
  TUNER_FIELD(tuner_slot, id, 24) \
  TUNER_FIELD(tuner_slot, doc, 32) \
  TUNER_SIZE(tuner_closure, 32) \
  TUNER_FIELD(tuner_closure, struct_size, 0) \
  TUNER_FIELD(tuner_closure, reserved, 4) \
  TUNER_FIELD(tuner_closure, context, 8) \
  TUNER_FIELD(tuner_closure, evaluate, 16) \
  TUNER_FIELD(tuner_closure, hvp, 24) \
  TUNER_SIZE(tuner_inner, 24) \
  TUNER_FIELD(tuner_inner, struct_size, 0) \
  TUNER_FIELD(tuner_inner, reserved, 4) \
  TUNER_FIELD(tuner_inner, context, 8) \
  TUNER_FIELD(tuner_inner, step, 16) \
  TUNER_SIZE(tuner_step_args, 112) \
  TUNER_FIELD(tuner_step_args, struct_size, 0) \
  TUNER_FIELD(tuner_step_args, n_tensors, 4) \
  TUNER_FIELD(tuner_step_args, tensor_stride, 8) \
  TUNER_FIELD(tuner_step_args, reserved, 12) \
  TUNER_FIELD(tuner_step_args, host, 16) \
  TUNER_FIELD(tuner_step_args, tensors, 24) \
  TUNER_FIELD(tuner_step_args, options, 32) \
  TUNER_FIELD(tuner_step_args, global_slots, 40) \
  TUNER_FIELD(tuner_step_args, closure, 48) \
  TUNER_FIELD(tuner_step_args, inner, 56) \
  TUNER_FIELD(tuner_step_args, rng, 64) \
  TUNER_FIELD(tuner_step_args, step, 72) \
  TUNER_FIELD(tuner_step_args, horizon, 80) \
  TUNER_FIELD(tuner_step_args, loss, 88) \
  TUNER_FIELD(tuner_step_args, error, 96) \
  TUNER_FIELD(tuner_step_args, out_flags, 104) \
  TUNER_SIZE(tuner_extent_args, 40) \
  TUNER_FIELD(tuner_extent_args, struct_size, 0) \
  TUNER_FIELD(tuner_extent_args, n_tensors, 4) \
  TUNER_FIELD(tuner_extent_args, slot, 8) \
  TUNER_FIELD(tuner_extent_args, tensor, 12) \
  TUNER_FIELD(tuner_extent_args, tensors, 16) \
  TUNER_FIELD(tuner_extent_args, options, 24) \
  TUNER_FIELD(tuner_extent_args, error, 32) \
  TUNER_SIZE(tuner_point_args, 72) \
  TUNER_FIELD(tuner_point_args, struct_size, 0) \
  TUNER_FIELD(tuner_point_args, n_tensors, 4) \
  TUNER_FIELD(tuner_point_args, tensor_stride, 8) \
  TUNER_FIELD(tuner_point_args, reserved, 12) \
  TUNER_FIELD(tuner_point_args, host, 16) \
  TUNER_FIELD(tuner_point_args, tensors, 24) \
  TUNER_FIELD(tuner_point_args, options, 32) \
  TUNER_FIELD(tuner_point_args, global_slots, 40) \
  TUNER_FIELD(tuner_point_args, step, 48) \
  TUNER_FIELD(tuner_point_args, outputs, 56) \
  TUNER_FIELD(tuner_point_args, error, 64) \
  TUNER_SIZE(tuner_optimizer, 64) \
  TUNER_FIELD(tuner_optimizer, struct_size, 0) \
  TUNER_FIELD(tuner_optimizer, n_slots, 4) \
  TUNER_FIELD(tuner_optimizer, slot_stride, 8) \
  TUNER_FIELD(tuner_optimizer, state_version, 12) \
  TUNER_FIELD(tuner_optimizer, slots, 16) \
  TUNER_FIELD(tuner_optimizer, step, 24) \
  TUNER_FIELD(tuner_optimizer, init, 32) \
  TUNER_FIELD(tuner_optimizer, slot_extent, 40) \
  TUNER_FIELD(tuner_optimizer, evaluation_point, 48) \
  TUNER_FIELD(tuner_optimizer, check, 56) \
  TUNER_SIZE(tuner_schedule_output, 32) \
  TUNER_FIELD(tuner_schedule_output, struct_size, 0) \
  TUNER_FIELD(tuner_schedule_output, flags, 4) \
  TUNER_FIELD(tuner_schedule_output, id, 8) \
  TUNER_FIELD(tuner_schedule_output, targets, 16) \
  TUNER_FIELD(tuner_schedule_output, n_targets, 24) \
  TUNER_FIELD(tuner_schedule_output, reserved, 28) \
  TUNER_SIZE(tuner_schedule_args, 96) \
  TUNER_FIELD(tuner_schedule_args, struct_size, 0) \
  TUNER_FIELD(tuner_schedule_args, group, 4) \
  TUNER_FIELD(tuner_schedule_args, host, 8) \
  TUNER_FIELD(tuner_schedule_args, options, 16) \
  TUNER_FIELD(tuner_schedule_args, base, 24) \
  TUNER_FIELD(tuner_schedule_args, global_slots, 32) \
  TUNER_FIELD(tuner_schedule_args, step, 40) \
  TUNER_FIELD(tuner_schedule_args, horizon, 48) \
  TUNER_FIELD(tuner_schedule_args, steps_per_epoch, 56) \
  TUNER_FIELD(tuner_schedule_args, metric, 64) \
  TUNER_FIELD(tuner_schedule_args, metric_count, 72) \
  TUNER_FIELD(tuner_schedule_args, minimize, 80) \
  TUNER_FIELD(tuner_schedule_args, reserved, 84) \
  TUNER_FIELD(tuner_schedule_args, error, 88) \
  TUNER_SIZE(tuner_scheduler, 48) \
  TUNER_FIELD(tuner_scheduler, struct_size, 0) \
  TUNER_FIELD(tuner_scheduler, n_outputs, 4) \
  TUNER_FIELD(tuner_scheduler, outputs, 8) \
  TUNER_FIELD(tuner_scheduler, value, 16) \
  TUNER_FIELD(tuner_scheduler, check, 24) \
  TUNER_FIELD(tuner_scheduler, n_slots, 32) \
  TUNER_FIELD(tuner_scheduler, slot_stride, 36) \
  TUNER_FIELD(tuner_scheduler, slots, 40) \
  TUNER_SIZE(tuner_tensor_decl, 56) \
  TUNER_FIELD(tuner_tensor_decl, struct_size, 0) \
  TUNER_FIELD(tuner_tensor_decl, rank, 4) \
  TUNER_FIELD(tuner_tensor_decl, dtype, 8) \
  TUNER_FIELD(tuner_tensor_decl, role, 12) \
  TUNER_FIELD(tuner_tensor_decl, flags, 16) \
  TUNER_FIELD(tuner_tensor_decl, layer, 20) \
  TUNER_FIELD(tuner_tensor_decl, name, 24) \
  TUNER_FIELD(tuner_tensor_decl, shape, 32) \
  TUNER_FIELD(tuner_tensor_decl, fan_in, 40) \
  TUNER_FIELD(tuner_tensor_decl, fan_out, 48) \
  TUNER_SIZE(tuner_layout, 32) \
  TUNER_FIELD(tuner_layout, struct_size, 0) \
  TUNER_FIELD(tuner_layout, reserved, 4) \
  TUNER_FIELD(tuner_layout, context, 8) \
  TUNER_FIELD(tuner_layout, add_tensor, 16) \
  TUNER_FIELD(tuner_layout, set_samples, 24) \
  TUNER_SIZE(tuner_metric, 40) \
  TUNER_FIELD(tuner_metric, struct_size, 0) \
  TUNER_FIELD(tuner_metric, direction, 4) \
  TUNER_FIELD(tuner_metric, aggregation, 8) \
  TUNER_FIELD(tuner_metric, reserved, 12) \
  TUNER_FIELD(tuner_metric, id, 16) \
  TUNER_FIELD(tuner_metric, doc, 24) \
  TUNER_FIELD(tuner_metric, unit, 32) \
  TUNER_SIZE(tuner_open_args, 40) \
  TUNER_FIELD(tuner_open_args, struct_size, 0) \
  TUNER_FIELD(tuner_open_args, reserved, 4) \
  TUNER_FIELD(tuner_open_args, host, 8) \
  TUNER_FIELD(tuner_open_args, options, 16) \
  TUNER_FIELD(tuner_open_args, rng, 24) \
  TUNER_FIELD(tuner_open_args, error, 32) \
  TUNER_SIZE(tuner_describe_args, 48) \
  TUNER_FIELD(tuner_describe_args, struct_size, 0) \
  TUNER_FIELD(tuner_describe_args, reserved, 4) \
  TUNER_FIELD(tuner_describe_args, host, 8) \
  TUNER_FIELD(tuner_describe_args, shared, 16) \
  TUNER_FIELD(tuner_describe_args, options, 24) \
  TUNER_FIELD(tuner_describe_args, layout, 32) \
  TUNER_FIELD(tuner_describe_args, error, 40) \
  TUNER_SIZE(tuner_bind_args, 56) \
  TUNER_FIELD(tuner_bind_args, struct_size, 0) \
  TUNER_FIELD(tuner_bind_args, n_tensors, 4) \
  TUNER_FIELD(tuner_bind_args, tensor_stride, 8) \
  TUNER_FIELD(tuner_bind_args, reserved, 12) \
  TUNER_FIELD(tuner_bind_args, host, 16) \
  TUNER_FIELD(tuner_bind_args, shared, 24) \
  TUNER_FIELD(tuner_bind_args, options, 32) \
  TUNER_FIELD(tuner_bind_args, tensors, 40) \
  TUNER_FIELD(tuner_bind_args, error, 48) \
  TUNER_SIZE(tuner_evaluate_args, 72) \
  TUNER_FIELD(tuner_evaluate_args, struct_size, 0) \
  TUNER_FIELD(tuner_evaluate_args, want, 4) \
  TUNER_FIELD(tuner_evaluate_args, flags, 8) \
  TUNER_FIELD(tuner_evaluate_args, split, 12) \
  TUNER_FIELD(tuner_evaluate_args, host, 16) \
  TUNER_FIELD(tuner_evaluate_args, indices, 24) \
  TUNER_FIELD(tuner_evaluate_args, n_indices, 32) \
  TUNER_FIELD(tuner_evaluate_args, rng, 40) \
  TUNER_FIELD(tuner_evaluate_args, loss, 48) \
  TUNER_FIELD(tuner_evaluate_args, metrics, 56) \
  TUNER_FIELD(tuner_evaluate_args, error, 64) \
  TUNER_SIZE(tuner_hvp_args, 56) \
  TUNER_FIELD(tuner_hvp_args, struct_size, 0) \
  TUNER_FIELD(tuner_hvp_args, flags, 4) \
  TUNER_FIELD(tuner_hvp_args, host, 8) \
  TUNER_FIELD(tuner_hvp_args, indices, 16) \
  TUNER_FIELD(tuner_hvp_args, n_indices, 24) \
  TUNER_FIELD(tuner_hvp_args, vectors, 32) \
  TUNER_FIELD(tuner_hvp_args, products, 40) \
  TUNER_FIELD(tuner_hvp_args, error, 48) \
  TUNER_SIZE(tuner_objective, 136) \
  TUNER_FIELD(tuner_objective, struct_size, 0) \
  TUNER_FIELD(tuner_objective, n_metrics, 4) \
  TUNER_FIELD(tuner_objective, metrics, 8) \
  TUNER_FIELD(tuner_objective, open, 16) \
  TUNER_FIELD(tuner_objective, close, 24) \
  TUNER_FIELD(tuner_objective, describe, 32) \
  TUNER_FIELD(tuner_objective, bind, 40) \
  TUNER_FIELD(tuner_objective, release, 48) \
  TUNER_FIELD(tuner_objective, init, 56) \
  TUNER_FIELD(tuner_objective, evaluate, 64) \
  TUNER_FIELD(tuner_objective, hvp, 72) \
  TUNER_FIELD(tuner_objective, difficulty, 80) \
  TUNER_FIELD(tuner_objective, check, 88) \
  TUNER_FIELD(tuner_objective, minimum, 96) \
  TUNER_FIELD(tuner_objective, minimisers, 104) \
  TUNER_FIELD(tuner_objective, n_minimisers, 112) \
  TUNER_FIELD(tuner_objective, dimension, 116) \
  TUNER_FIELD(tuner_objective, domain_min, 120) \
  TUNER_FIELD(tuner_objective, domain_max, 128) \
  TUNER_SIZE(tuner_plugin, 96) \
  TUNER_FIELD(tuner_plugin, struct_size, 0) \
  TUNER_FIELD(tuner_plugin, kind, 4) \
  TUNER_FIELD(tuner_plugin, flags, 8) \
  TUNER_FIELD(tuner_plugin, n_params, 12) \
  TUNER_FIELD(tuner_plugin, param_stride, 16) \
  TUNER_FIELD(tuner_plugin, reserved, 20) \
  TUNER_FIELD(tuner_plugin, id, 24) \
  TUNER_FIELD(tuner_plugin, name, 32) \
  TUNER_FIELD(tuner_plugin, version, 40) \
  TUNER_FIELD(tuner_plugin, doc, 48) \
  TUNER_FIELD(tuner_plugin, details, 56) \
  TUNER_FIELD(tuner_plugin, reference, 64) \
  TUNER_FIELD(tuner_plugin, params, 72) \
  TUNER_FIELD(tuner_plugin, vtable, 80) \
  TUNER_FIELD(tuner_plugin, get_extension, 88) \
  TUNER_SIZE(tuner_library, 80) \
  TUNER_FIELD(tuner_library, struct_size, 0) \
  TUNER_FIELD(tuner_library, abi_major, 4) \
  TUNER_FIELD(tuner_library, abi_minor, 8) \
  TUNER_FIELD(tuner_library, min_host_minor, 12) \
  TUNER_FIELD(tuner_library, abi_tag, 16) \
  TUNER_FIELD(tuner_library, n_plugins, 20) \
  TUNER_FIELD(tuner_library, plugins, 24) \
  TUNER_FIELD(tuner_library, name, 32) \
  TUNER_FIELD(tuner_library, version, 40) \
  TUNER_FIELD(tuner_library, licence, 48) \
  TUNER_FIELD(tuner_library, url, 56) \
  TUNER_FIELD(tuner_library, build, 64) \
  TUNER_FIELD(tuner_library, build_flags, 72) \
  TUNER_FIELD(tuner_library, reserved, 76)

#define TUNER_ABI_LAYOUT_1_1(TUNER_SIZE, TUNER_FIELD) \
  TUNER_SIZE(tuner_options, 40) \
  TUNER_FIELD(tuner_options, struct_size, 0) \
  TUNER_FIELD(tuner_options, n_groups, 4) \
  TUNER_FIELD(tuner_options, n_params, 8) \
  TUNER_FIELD(tuner_options, list_stride, 12) \
  TUNER_FIELD(tuner_options, values, 16) \
  TUNER_FIELD(tuner_options, lists, 24) \
  TUNER_FIELD(tuner_options, base, 32) \
  TUNER_SIZE(tuner_tensor, 72) \
  TUNER_FIELD(tuner_tensor, struct_size, 0) \
  TUNER_FIELD(tuner_tensor, rank, 4) \
  TUNER_FIELD(tuner_tensor, dtype, 8) \
  TUNER_FIELD(tuner_tensor, group, 12) \
  TUNER_FIELD(tuner_tensor, data, 16) \
  TUNER_FIELD(tuner_tensor, grad, 24) \
  TUNER_FIELD(tuner_tensor, slots, 32) \
  TUNER_FIELD(tuner_tensor, numel, 40) \
  TUNER_FIELD(tuner_tensor, first_index, 48) \
  TUNER_FIELD(tuner_tensor, info, 56) \
  TUNER_FIELD(tuner_tensor, slot_row, 64) \
  TUNER_SIZE(tuner_open_args, 56) \
  TUNER_FIELD(tuner_open_args, struct_size, 0) \
  TUNER_FIELD(tuner_open_args, reserved, 4) \
  TUNER_FIELD(tuner_open_args, host, 8) \
  TUNER_FIELD(tuner_open_args, options, 16) \
  TUNER_FIELD(tuner_open_args, rng, 24) \
  TUNER_FIELD(tuner_open_args, error, 32) \
  TUNER_FIELD(tuner_open_args, device, 40) \
  TUNER_FIELD(tuner_open_args, threads, 48) \
  TUNER_FIELD(tuner_open_args, reserved_1, 52) \
  TUNER_SIZE(tuner_bind_args, 72) \
  TUNER_FIELD(tuner_bind_args, struct_size, 0) \
  TUNER_FIELD(tuner_bind_args, n_tensors, 4) \
  TUNER_FIELD(tuner_bind_args, tensor_stride, 8) \
  TUNER_FIELD(tuner_bind_args, reserved, 12) \
  TUNER_FIELD(tuner_bind_args, host, 16) \
  TUNER_FIELD(tuner_bind_args, shared, 24) \
  TUNER_FIELD(tuner_bind_args, options, 32) \
  TUNER_FIELD(tuner_bind_args, tensors, 40) \
  TUNER_FIELD(tuner_bind_args, error, 48) \
  TUNER_FIELD(tuner_bind_args, device, 56) \
  TUNER_FIELD(tuner_bind_args, threads, 64) \
  TUNER_FIELD(tuner_bind_args, reserved_1, 68) \
  TUNER_SIZE(tuner_objective, 152) \
  TUNER_FIELD(tuner_objective, struct_size, 0) \
  TUNER_FIELD(tuner_objective, n_metrics, 4) \
  TUNER_FIELD(tuner_objective, metrics, 8) \
  TUNER_FIELD(tuner_objective, open, 16) \
  TUNER_FIELD(tuner_objective, close, 24) \
  TUNER_FIELD(tuner_objective, describe, 32) \
  TUNER_FIELD(tuner_objective, bind, 40) \
  TUNER_FIELD(tuner_objective, release, 48) \
  TUNER_FIELD(tuner_objective, init, 56) \
  TUNER_FIELD(tuner_objective, evaluate, 64) \
  TUNER_FIELD(tuner_objective, hvp, 72) \
  TUNER_FIELD(tuner_objective, difficulty, 80) \
  TUNER_FIELD(tuner_objective, check, 88) \
  TUNER_FIELD(tuner_objective, minimum, 96) \
  TUNER_FIELD(tuner_objective, minimisers, 104) \
  TUNER_FIELD(tuner_objective, n_minimisers, 112) \
  TUNER_FIELD(tuner_objective, dimension, 116) \
  TUNER_FIELD(tuner_objective, domain_min, 120) \
  TUNER_FIELD(tuner_objective, domain_max, 128) \
  TUNER_FIELD(tuner_objective, devices, 136) \
  TUNER_FIELD(tuner_objective, n_devices, 144) \
  TUNER_FIELD(tuner_objective, reserved_1, 148) \
  TUNER_SIZE(tuner_plugin, 120) \
  TUNER_FIELD(tuner_plugin, struct_size, 0) \
  TUNER_FIELD(tuner_plugin, kind, 4) \
  TUNER_FIELD(tuner_plugin, flags, 8) \
  TUNER_FIELD(tuner_plugin, n_params, 12) \
  TUNER_FIELD(tuner_plugin, param_stride, 16) \
  TUNER_FIELD(tuner_plugin, reserved, 20) \
  TUNER_FIELD(tuner_plugin, id, 24) \
  TUNER_FIELD(tuner_plugin, name, 32) \
  TUNER_FIELD(tuner_plugin, version, 40) \
  TUNER_FIELD(tuner_plugin, doc, 48) \
  TUNER_FIELD(tuner_plugin, details, 56) \
  TUNER_FIELD(tuner_plugin, reference, 64) \
  TUNER_FIELD(tuner_plugin, params, 72) \
  TUNER_FIELD(tuner_plugin, vtable, 80) \
  TUNER_FIELD(tuner_plugin, get_extension, 88) \
  TUNER_FIELD(tuner_plugin, needed_extensions, 96) \
  TUNER_FIELD(tuner_plugin, extensions, 104) \
  TUNER_FIELD(tuner_plugin, n_needed_extensions, 112) \
  TUNER_FIELD(tuner_plugin, n_extensions, 116) \
  TUNER_SIZE(tuner_library, 88) \
  TUNER_FIELD(tuner_library, struct_size, 0) \
  TUNER_FIELD(tuner_library, abi_major, 4) \
  TUNER_FIELD(tuner_library, abi_minor, 8) \
  TUNER_FIELD(tuner_library, min_host_minor, 12) \
  TUNER_FIELD(tuner_library, abi_tag, 16) \
  TUNER_FIELD(tuner_library, n_plugins, 20) \
  TUNER_FIELD(tuner_library, plugins, 24) \
  TUNER_FIELD(tuner_library, name, 32) \
  TUNER_FIELD(tuner_library, version, 40) \
  TUNER_FIELD(tuner_library, licence, 48) \
  TUNER_FIELD(tuner_library, url, 56) \
  TUNER_FIELD(tuner_library, build, 64) \
  TUNER_FIELD(tuner_library, build_flags, 72) \
  TUNER_FIELD(tuner_library, reserved, 76) \
  TUNER_FIELD(tuner_library, build_probe, 80) \
  TUNER_SIZE(tuner_dimension, 112) \
  TUNER_FIELD(tuner_dimension, struct_size, 0) \
  TUNER_FIELD(tuner_dimension, type, 4) \
  TUNER_FIELD(tuner_dimension, distribution, 8) \
  TUNER_FIELD(tuner_dimension, scale, 12) \
  TUNER_FIELD(tuner_dimension, flags, 16) \
  TUNER_FIELD(tuner_dimension, n_choices, 20) \
  TUNER_FIELD(tuner_dimension, name, 24) \
  TUNER_FIELD(tuner_dimension, low, 32) \
  TUNER_FIELD(tuner_dimension, high, 40) \
  TUNER_FIELD(tuner_dimension, step, 48) \
  TUNER_FIELD(tuner_dimension, mu, 56) \
  TUNER_FIELD(tuner_dimension, sigma, 64) \
  TUNER_FIELD(tuner_dimension, probabilities, 72) \
  TUNER_FIELD(tuner_dimension, choice_values, 80) \
  TUNER_FIELD(tuner_dimension, choice_texts, 88) \
  TUNER_FIELD(tuner_dimension, parent, 96) \
  TUNER_FIELD(tuner_dimension, n_active_choices, 100) \
  TUNER_FIELD(tuner_dimension, active_choices, 104) \
  TUNER_SIZE(tuner_space, 24) \
  TUNER_FIELD(tuner_space, struct_size, 0) \
  TUNER_FIELD(tuner_space, n_dimensions, 4) \
  TUNER_FIELD(tuner_space, dimension_stride, 8) \
  TUNER_FIELD(tuner_space, reserved, 12) \
  TUNER_FIELD(tuner_space, dimensions, 16) \
  TUNER_SIZE(tuner_configuration, 32) \
  TUNER_FIELD(tuner_configuration, struct_size, 0) \
  TUNER_FIELD(tuner_configuration, reserved, 4) \
  TUNER_FIELD(tuner_configuration, proposal, 8) \
  TUNER_FIELD(tuner_configuration, values, 16) \
  TUNER_FIELD(tuner_configuration, states, 24) \
  TUNER_SIZE(tuner_observation, 80) \
  TUNER_FIELD(tuner_observation, struct_size, 0) \
  TUNER_FIELD(tuner_observation, outcome, 4) \
  TUNER_FIELD(tuner_observation, configuration, 8) \
  TUNER_FIELD(tuner_observation, last_step, 16) \
  TUNER_FIELD(tuner_observation, budget, 24) \
  TUNER_FIELD(tuner_observation, values, 32) \
  TUNER_FIELD(tuner_observation, constraints, 40) \
  TUNER_FIELD(tuner_observation, n_values, 48) \
  TUNER_FIELD(tuner_observation, n_constraints, 52) \
  TUNER_FIELD(tuner_observation, replicates, 56) \
  TUNER_FIELD(tuner_observation, reserved, 60) \
  TUNER_FIELD(tuner_observation, mean, 64) \
  TUNER_FIELD(tuner_observation, standard_deviation, 72) \
  TUNER_SIZE(tuner_search_create_args, 80) \
  TUNER_FIELD(tuner_search_create_args, struct_size, 0) \
  TUNER_FIELD(tuner_search_create_args, n_goals, 4) \
  TUNER_FIELD(tuner_search_create_args, host, 8) \
  TUNER_FIELD(tuner_search_create_args, options, 16) \
  TUNER_FIELD(tuner_search_create_args, space, 24) \
  TUNER_FIELD(tuner_search_create_args, directions, 32) \
  TUNER_FIELD(tuner_search_create_args, trials, 40) \
  TUNER_FIELD(tuner_search_create_args, lag, 48) \
  TUNER_FIELD(tuner_search_create_args, least_budget, 56) \
  TUNER_FIELD(tuner_search_create_args, most_budget, 64) \
  TUNER_FIELD(tuner_search_create_args, error, 72) \
  TUNER_SIZE(tuner_observe_args, 40) \
  TUNER_FIELD(tuner_observe_args, struct_size, 0) \
  TUNER_FIELD(tuner_observe_args, n_observations, 4) \
  TUNER_FIELD(tuner_observe_args, observation_stride, 8) \
  TUNER_FIELD(tuner_observe_args, reserved, 12) \
  TUNER_FIELD(tuner_observe_args, host, 16) \
  TUNER_FIELD(tuner_observe_args, observations, 24) \
  TUNER_FIELD(tuner_observe_args, error, 32) \
  TUNER_SIZE(tuner_propose_args, 88) \
  TUNER_FIELD(tuner_propose_args, struct_size, 0) \
  TUNER_FIELD(tuner_propose_args, count, 4) \
  TUNER_FIELD(tuner_propose_args, host, 8) \
  TUNER_FIELD(tuner_propose_args, proposal, 16) \
  TUNER_FIELD(tuner_propose_args, pending, 24) \
  TUNER_FIELD(tuner_propose_args, n_pending, 32) \
  TUNER_FIELD(tuner_propose_args, pending_stride, 36) \
  TUNER_FIELD(tuner_propose_args, rng, 40) \
  TUNER_FIELD(tuner_propose_args, values, 48) \
  TUNER_FIELD(tuner_propose_args, states, 56) \
  TUNER_FIELD(tuner_propose_args, budgets, 64) \
  TUNER_FIELD(tuner_propose_args, made, 72) \
  TUNER_FIELD(tuner_propose_args, error, 80) \
  TUNER_SIZE(tuner_searcher, 48) \
  TUNER_FIELD(tuner_searcher, struct_size, 0) \
  TUNER_FIELD(tuner_searcher, reserved, 4) \
  TUNER_FIELD(tuner_searcher, create, 8) \
  TUNER_FIELD(tuner_searcher, observe, 16) \
  TUNER_FIELD(tuner_searcher, propose, 24) \
  TUNER_FIELD(tuner_searcher, destroy, 32) \
  TUNER_FIELD(tuner_searcher, check, 40) \
  TUNER_SIZE(tuner_report, 48) \
  TUNER_FIELD(tuner_report, struct_size, 0) \
  TUNER_FIELD(tuner_report, replicate, 4) \
  TUNER_FIELD(tuner_report, trial, 8) \
  TUNER_FIELD(tuner_report, configuration, 16) \
  TUNER_FIELD(tuner_report, step, 24) \
  TUNER_FIELD(tuner_report, budget, 32) \
  TUNER_FIELD(tuner_report, value, 40) \
  TUNER_SIZE(tuner_decide_args, 48) \
  TUNER_FIELD(tuner_decide_args, struct_size, 0) \
  TUNER_FIELD(tuner_decide_args, reserved, 4) \
  TUNER_FIELD(tuner_decide_args, host, 8) \
  TUNER_FIELD(tuner_decide_args, report, 16) \
  TUNER_FIELD(tuner_decide_args, decision, 24) \
  TUNER_FIELD(tuner_decide_args, next_step, 32) \
  TUNER_FIELD(tuner_decide_args, error, 40) \
  TUNER_SIZE(tuner_review_args, 48) \
  TUNER_FIELD(tuner_review_args, struct_size, 0) \
  TUNER_FIELD(tuner_review_args, flags, 4) \
  TUNER_FIELD(tuner_review_args, host, 8) \
  TUNER_FIELD(tuner_review_args, trial, 16) \
  TUNER_FIELD(tuner_review_args, decision, 24) \
  TUNER_FIELD(tuner_review_args, next_step, 32) \
  TUNER_FIELD(tuner_review_args, error, 40) \
  TUNER_SIZE(tuner_pruner, 56) \
  TUNER_FIELD(tuner_pruner, struct_size, 0) \
  TUNER_FIELD(tuner_pruner, reserved, 4) \
  TUNER_FIELD(tuner_pruner, create, 8) \
  TUNER_FIELD(tuner_pruner, observe, 16) \
  TUNER_FIELD(tuner_pruner, decide, 24) \
  TUNER_FIELD(tuner_pruner, destroy, 32) \
  TUNER_FIELD(tuner_pruner, check, 40) \
  TUNER_FIELD(tuner_pruner, review, 48)
/* clang-format on */

#ifdef __cplusplus
#define TUNER_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define TUNER_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define TUNER_ASSERT_FIELD(type, field, offset) \
  TUNER_STATIC_ASSERT(offsetof(type, field) == (offset), "ABI: offset of " #type "." #field);
/* A struct keeps at least the size that it had, and has in this minor version the size that its list says. */
#define TUNER_ASSERT_KEPT(type, size) TUNER_STATIC_ASSERT(sizeof(type) >= (size), "ABI 1.0: size of " #type);
#ifdef TUNER_ABI_FROZEN
#define TUNER_ASSERT_SIZE(type, size) TUNER_STATIC_ASSERT(sizeof(type) == (size), "ABI 1.1: size of " #type);
#else
#define TUNER_ASSERT_SIZE(type, size) TUNER_STATIC_ASSERT(sizeof(type) > (size), "a later " #type " is larger");
#endif

TUNER_ABI_LAYOUT_1_0(TUNER_ASSERT_KEPT, TUNER_ASSERT_FIELD)
TUNER_ABI_LAYOUT_1_1(TUNER_ASSERT_SIZE, TUNER_ASSERT_FIELD)

#endif
