/* tuner plugin ABI 1.1. This header is the specification. What is newer than 1.0 says so.
 *
 * A plugin library exports exactly one symbol:
 *
 *     const tuner_library* tuner_plugin_v1(uint32_t host_minor);
 *
 * It returns the same constant data on every call, whatever host_minor is. The
 * major version is part of the symbol's name; minor versions only append.
 *
 * Rules that hold for everything below
 *   Structs   begin with struct_size, the size its writer was compiled with, and
 *             only grow at the end. A field newer than 1.0 may be read only
 *             where struct_size covers it. Tables are arrays of pointers, or
 *             arrays of structs with a stride in bytes (never sizeof).
 *   Threads   functions are re-entrant on different arguments. A plugin keeps neither
 *             mutable globals nor a pointer after return, and starts no threads, but
 *             for objectives with TUNER_PLUGIN_OWNS_THREADS.
 *   Memory    nobody frees the other side's memory. Strings are UTF-8, end in 0, and
 *             live as long as the call (arguments) or the process (metadata).
 *   Errors    every function returns a status; a message goes into the caller's
 *             tuner_error. Nothing is thrown, unwound or jumped across the ABI boundary.
 *   Forbidden in a plugin: exit, abort, printing, setlocale, signal handlers,
 *             changes of the floating-point mode.
 *
 * A complete optimizer in C stands in examples/plain_c/.
 */
#ifndef TUNER_ABI_H
#define TUNER_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TUNER_ABI_MAJOR 1u
#define TUNER_ABI_MINOR 1u
/* Data model and byte order: bytes 'L','P','6','4' of a little-endian machine with 64-bit pointers. */
#define TUNER_ABI_TAG 0x3436504cu

/* Tests compile the header with fields appended to every struct, as a later minor
 * version would, to prove that both sides tolerate it. Never defined otherwise. */
#ifndef TUNER_ABI_GROWTH
#define TUNER_ABI_GROWTH
#define TUNER_ABI_FROZEN 1
#endif

/* ------------------------------------------------------------------ status */

#define TUNER_OK 0
#define TUNER_STOP 1       /* the host asks to stop: return it unchanged, at once */
#define TUNER_ERROR (-1)   /* failed; the reason is in tuner_error */
#define TUNER_INVALID (-2) /* options or arguments that this plugin does not accept */
#define TUNER_OUT_OF_MEMORY (-3)
#define TUNER_UNSUPPORTED (-4) /* asked for something that this plugin does not offer */

/* Owned by the caller, 512 bytes. The callee may write `text`, ended by a 0. */
typedef struct tuner_error {
  uint32_t struct_size;
  uint32_t reserved;
  char text[504];
  TUNER_ABI_GROWTH
} tuner_error;

/* -------------------------------------------------------------- randomness */

#define TUNER_RNG_INIT 1u      /* starting parameters */
#define TUNER_RNG_ORDER 2u     /* order of the samples */
#define TUNER_RNG_DROPOUT 3u   /* randomness inside an evaluation */
#define TUNER_RNG_NOISE 4u     /* gradient noise of the training loop */
#define TUNER_RNG_OPTIMIZER 5u /* randomness inside a step */
#define TUNER_RNG_DATA 6u      /* data made from the study's seed; trial is 0 */
#define TUNER_RNG_SEARCH 7u    /* the host's searchers */
#define TUNER_RNG_SEARCHER 8u  /* since 1.1: searchers that are plugins */
#define TUNER_RNG_PRUNER 9u    /* since 1.1: pruners that are plugins */

/* A stream of random 64-bit words, addressed by index: word i of a stream is the same
 * wherever and in whatever order it is asked for. Word i comes from Philox4x32-10 with
 * key = seed and counter = (i / 2, trial, purpose); see tuner_rng_u64_at.
 * `position` is the index of the next word. It belongs to the host, which saves it. */
typedef struct tuner_rng {
  uint32_t struct_size;
  uint32_t purpose; /* TUNER_RNG_... */
  uint64_t seed;    /* the study's */
  uint64_t position;
  uint32_t trial;
  uint32_t reserved;
  TUNER_ABI_GROWTH
} tuner_rng;

/* -------------------------------------------------------------- the host */

#define TUNER_LOG_DEBUG 0u
#define TUNER_LOG_INFO 1u
#define TUNER_LOG_WARNING 2u

/* Services of the host, valid during the call whose arguments carry it. Each takes `context` first. */
typedef struct tuner_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  void* context;
  /* Keeps one line with the trial. */
  void (*log)(void* context, uint32_t level, const char* text);
  /* Stores a metric of the plugin's own with the trial. step: updates done so far. Non-finite
   * values are stored as such. Returns TUNER_OK or TUNER_STOP. */
  int32_t (*report)(void* context, const char* metric, int64_t step, double value);
  /* Nonzero when the trial shall end. For loops inside one call. */
  int32_t (*should_stop)(void* context);
  /* `bytes` of memory, 64-byte aligned, contents unspecified, valid until the call returns.
   * Null when there is none. Costs no allocation after the first call of a kind. */
  void* (*scratch)(void* context, uint64_t bytes);
  /* A feature by id and revision, e.g. "tuner.name/1", or null. */
  const void* (*get_extension)(void* context, const char* id);
  TUNER_ABI_GROWTH
} tuner_host;

/* ---------------------------------------------------------------- options */

#define TUNER_TYPE_F64 1u
#define TUNER_TYPE_I64 2u
#define TUNER_TYPE_BOOL 3u
#define TUNER_TYPE_CHOICE 4u
#define TUNER_TYPE_TEXT 5u
#define TUNER_TYPE_F64_LIST 6u
#define TUNER_TYPE_I64_LIST 7u
#define TUNER_TYPE_TEXT_LIST 8u

#define TUNER_PARAM_REQUIRED 0x01u    /* has no default */
#define TUNER_PARAM_SCHEDULABLE 0x02u /* a scheduler may drive it; numeric types only */
#define TUNER_PARAM_STRUCTURAL 0x04u  /* changes slots or tensors: one value for a trial, no groups */
#define TUNER_PARAM_DATA 0x08u        /* decides what an objective's open() loads */
#define TUNER_PARAM_MIN_OPEN 0x10u    /* min itself is outside the legal range */
#define TUNER_PARAM_MAX_OPEN 0x20u    /* max itself is outside the legal range */
#define TUNER_PARAM_SEARCHABLE 0x40u  /* search_min, search_max and search_scale are given */
#define TUNER_PARAM_PATH 0x80u        /* a text that names a file or folder: the host makes it absolute */
#define TUNER_PARAM_ONE_VALUE 0x100u  /* optimizer: the value of group 0 counts for all tensors: not in `groups:` */

#define TUNER_SCALE_LINEAR 0u
#define TUNER_SCALE_LOG 1u   /* uniform in log x */
#define TUNER_SCALE_LOG1M 2u /* uniform in log(1 - x), for values just below 1 */

/* One option of a plugin. Two ranges on purpose: outside [min, max] is an error of the user;
 * [search_min, search_max] is where a search should look and lies inside the legal range. */
typedef struct tuner_param {
  uint32_t struct_size;
  uint32_t type;         /* TUNER_TYPE_... */
  uint32_t flags;        /* TUNER_PARAM_... */
  uint32_t search_scale; /* TUNER_SCALE_... */
  const char* id;        /* [a-z][a-z0-9_]*, unique in the plugin, none of the host's reserved keys */
  const char* doc;       /* one line */
  const char* unit;      /* "" for a pure number */
  double default_value;  /* f64, i64 (exact below 2^53), bool 0 or 1, choice: index */
  double min;            /* -inf where there is no bound; lists: bound of every element */
  double max;
  double search_min;
  double search_max;
  const char* const* choices; /* n_choices texts, or null */
  /* Default of a text, or of a list as a JSON array ("[128, 64]"); null: empty. */
  const char* default_text;
  uint32_t n_choices;
  uint32_t reserved;
  TUNER_ABI_GROWTH
} tuner_param;

/* Value of one text or list option; exactly one pointer is set, the others are null. An absent text has count 0. */
typedef struct tuner_list {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t count;
  const double* f64;
  const int64_t* i64;
  const char* const* text;
  TUNER_ABI_GROWTH
} tuner_list;

/* The options of a plugin for one call. values is row-major [n_groups][n_params], column = index of
 * the parameter in its table (0 for texts and lists); i64 is exact up to 2^53, bool 0 or 1, choice its
 * index. lists has n_params entries, list_stride bytes apart, or is null where no parameter is a text or list. */
typedef struct tuner_options {
  uint32_t struct_size;
  uint32_t n_groups; /* 1 but for optimizers with groups */
  uint32_t n_params;
  uint32_t list_stride;
  const double* values;
  const tuner_list* lists;
  /* Since 1.1. The configured values, in the layout of `values`: what a schedule drives is here as it was configured,
   * all else is the same. */
  const double* base;
  TUNER_ABI_GROWTH
} tuner_options;

/* ---------------------------------------------------------------- tensors */

#define TUNER_DTYPE_AS_TENSOR 0u /* slots only */
#define TUNER_DTYPE_F32 1u
#define TUNER_DTYPE_F64 2u
#define TUNER_DTYPE_I64 3u /* slots only */

#define TUNER_ROLE_UNKNOWN 0u
#define TUNER_ROLE_WEIGHT 1u
#define TUNER_ROLE_CONV 2u
#define TUNER_ROLE_BIAS 3u
#define TUNER_ROLE_NORM_SCALE 4u
#define TUNER_ROLE_NORM_BIAS 5u
#define TUNER_ROLE_EMBEDDING 6u
#define TUNER_ROLE_HEAD 7u
#define TUNER_ROLE_SCALAR 8u

#define TUNER_TENSOR_BUFFER 0x1u /* not trained: statistics of a batch norm */
#define TUNER_TENSOR_FROZEN 0x2u /* a parameter that is not to be changed */

/* What does not change from step to step. */
typedef struct tuner_tensor_info {
  uint32_t struct_size;
  uint32_t rank;
  uint32_t role;  /* TUNER_ROLE_... */
  uint32_t flags; /* TUNER_TENSOR_... */
  const char* name;
  const int64_t* shape; /* rank extents, row-major */
  int64_t fan_in;       /* 0 where it means nothing */
  int64_t fan_out;
  int32_t layer; /* 0-based, -1 where it means nothing */
  int32_t n_layers;
  TUNER_ABI_GROWTH
} tuner_tensor_info;

/* One parameter tensor: contiguous, row-major, 64-byte aligned; nothing overlaps anything, so
 * `restrict` is legal. data is the live parameter, updated in place. */
typedef struct tuner_tensor {
  uint32_t struct_size;
  uint32_t rank;
  uint32_t dtype; /* TUNER_DTYPE_F32 or _F64 */
  uint32_t group; /* row of the options' values */
  void* data;
  void* grad;         /* null: frozen or a buffer, leave alone. Writable; undefined after the step */
  void* const* slots; /* by index of the slot; null entries for global slots */
  uint64_t numel;
  uint64_t first_index; /* index of data[0] in the whole tensor, where the host passes a part */
  const tuner_tensor_info* info;
  /* Since 1.1. Values from one row of an ELEMENT slot to the next: numel of the whole tensor, also where a part is
   * passed. */
  uint64_t slot_row;
  TUNER_ABI_GROWTH
} tuner_tensor;

/* -------------------------------------------------------------- optimizers */

/* ELEMENT: numel values for every tensor. Where count_param names an option k, several for each element, in k rows:
 * value j of element i is slot[j * tensor.slot_row + i], for j below k and i below numel (hosts of 1.0: slot_row is
 * numel). */
#define TUNER_SCOPE_ELEMENT 0u
#define TUNER_SCOPE_TENSOR 1u /* one value for every tensor, or slot_extent() */
#define TUNER_SCOPE_GLOBAL 2u /* one value in all, or slot_extent() */

/* State that the host allocates (64-byte aligned, zero padding), fills, saves, restores and hashes. */
typedef struct tuner_slot {
  uint32_t struct_size;
  uint32_t scope; /* TUNER_SCOPE_... */
  uint32_t dtype; /* TUNER_DTYPE_...; a global slot "as the tensor" is f64 */
  /* Index of a STRUCTURAL i64 or bool parameter that multiplies the extent, or -1. Extent 0: the pointer is null. */
  int32_t count_param;
  double fill;
  const char* id;
  const char* doc;
  TUNER_ABI_GROWTH
} tuner_slot;

#define TUNER_WANT_LOSS 0x1u
#define TUNER_WANT_GRADIENT 0x2u
#define TUNER_WANT_METRICS 0x4u

/* Further evaluations within one step, all on the batch of that step. */
typedef struct tuner_closure {
  uint32_t struct_size;
  uint32_t reserved;
  void* context;
  /* Evaluates at the tensors' present data. WANT_GRADIENT overwrites every tensor's grad; loss may be null
   * without WANT_LOSS. TUNER_STOP: the budget of evaluations is used up; return it from step(). */
  int32_t (*evaluate)(void* context, uint32_t want, double* loss);
  /* products[i] = (Hessian times vectors)[i], one buffer for every tensor in their order and dtype, null for those
   * without grad. Counts as two evaluations. Null when the objective has no exact product. */
  int32_t (*hvp)(void* context, const void* const* vectors, void* const* products);
  TUNER_ABI_GROWTH
} tuner_closure;

/* The optimizer named under `inner:`, for plugins with TUNER_PLUGIN_WRAPS. Its slots are the host's. */
typedef struct tuner_inner {
  uint32_t struct_size;
  uint32_t reserved;
  void* context;
  /* One step of it on the tensors' present data and grad. */
  int32_t (*step)(void* context);
  TUNER_ABI_GROWTH
} tuner_inner;

#define TUNER_STEP_CONVERGED 0x1u
#define TUNER_STEP_NO_PROGRESS 0x2u

typedef struct tuner_step_args {
  uint32_t struct_size;
  uint32_t n_tensors;
  uint32_t tensor_stride; /* bytes */
  uint32_t reserved;
  const tuner_host* host;
  const tuner_tensor* tensors;
  const tuner_options* options; /* this step's values, schedules applied */
  void* const* global_slots;    /* by index of the slot; null entries for the others */
  const tuner_closure* closure; /* null in init() and for parts; who needs one refuses such a step, INVALID */
  const tuner_inner* inner;     /* null but for WRAPS */
  tuner_rng* rng;               /* purpose OPTIMIZER + 65536 for every optimizer that wraps this one */
  int64_t step;                 /* from 1; 0 in init() */
  int64_t horizon;              /* steps of the whole trial; -1 unknown */
  double loss;                  /* at the data on entry; NaN in init() */
  tuner_error* error;
  uint32_t* out_flags; /* TUNER_STEP_..., 0 on entry */
  TUNER_ABI_GROWTH
} tuner_step_args;

typedef struct tuner_extent_args {
  uint32_t struct_size;
  uint32_t n_tensors;
  uint32_t slot;                           /* index */
  int32_t tensor;                          /* index, -1 for a global slot */
  const tuner_tensor_info* const* tensors; /* all of them */
  const tuner_options* options;            /* structural ones are final */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_extent_args;

typedef struct tuner_point_args {
  uint32_t struct_size;
  uint32_t n_tensors;
  uint32_t tensor_stride;
  uint32_t reserved;
  const tuner_host* host;
  const tuner_tensor* tensors; /* grad is null */
  const tuner_options* options;
  void* const* global_slots;
  int64_t step;         /* updates done */
  void* const* outputs; /* one buffer for every tensor, its dtype and numel; filled with its data on entry */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_point_args;

typedef struct tuner_optimizer {
  uint32_t struct_size;
  uint32_t n_slots;
  uint32_t slot_stride;   /* bytes */
  uint32_t state_version; /* raised when slots change their meaning */
  const tuner_slot* slots;
  /* One update of all tensors, in place. The parameters may be anything after a failure. Must leave data
   * bit for bit unchanged where grad is null. */
  int32_t (*step)(const tuner_step_args* args);
  /* Optional: fills slots that a constant cannot, after the objective's init(); never when a trial is resumed. */
  int32_t (*init)(const tuner_step_args* args);
  /* Optional: number of values of an irregular slot, from shapes and structural options alone. */
  int32_t (*slot_extent)(const tuner_extent_args* args, uint64_t* count);
  /* Optional: the parameters to evaluate at, where they are not the ones being trained (weight averages). */
  int32_t (*evaluation_point)(const tuner_point_args* args);
  /* Optional: rules between options, after each has passed its own range. TUNER_INVALID with a message. */
  int32_t (*check)(const tuner_options* options, tuner_error* error);
  TUNER_ABI_GROWTH
} tuner_optimizer;

/* -------------------------------------------------------------- schedulers */

#define TUNER_OUTPUT_OPTIONAL 0x1u /* dropped where the optimizer has none of the targets */

/* One optimizer option that a scheduler drives: the first of `targets` that the optimizer has and marks SCHEDULABLE. */
typedef struct tuner_schedule_output {
  uint32_t struct_size;
  uint32_t flags;
  const char* id;
  const char* const* targets; /* in order of preference, e.g. "momentum", "beta1" */
  uint32_t n_targets;
  uint32_t reserved;
  TUNER_ABI_GROWTH
} tuner_schedule_output;

typedef struct tuner_schedule_args {
  uint32_t struct_size;
  uint32_t group;
  const tuner_host* host;
  const tuner_options* options; /* the scheduler's own */
  const double* base;           /* this group's configured value for every output; NaN where it is not bound */
  void* const* global_slots;    /* by index of the slot, one set per group */
  int64_t step;                 /* updates done, from 0: the value is for update step + 1 */
  int64_t horizon;              /* steps in which the schedule is to run; -1 unknown */
  int64_t steps_per_epoch;      /* 0 unknown */
  double metric;                /* latest value of the study's metric, NaN before the first */
  int64_t metric_count;         /* how many of them there were */
  uint32_t minimize;            /* 1: smaller metrics are better */
  uint32_t reserved;
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_schedule_args;

typedef struct tuner_scheduler {
  uint32_t struct_size;
  uint32_t n_outputs;
  const tuner_schedule_output* const* outputs;
  /* values[n_outputs]: absolute values for this group. Called once per group and step, steps rising by one,
   * except for PURE schedulers, which answer for any step in any order. */
  int32_t (*value)(const tuner_schedule_args* args, double* values);
  int32_t (*check)(const tuner_options* options, tuner_error* error); /* optional */
  uint32_t n_slots;                                                   /* scope GLOBAL only */
  uint32_t slot_stride;
  const tuner_slot* slots;
  TUNER_ABI_GROWTH
} tuner_scheduler;

/* -------------------------------------------------------------- objectives */

#define TUNER_SPLIT_TRAIN 0u
#define TUNER_SPLIT_VALID 1u
#define TUNER_SPLIT_TEST 2u
#define TUNER_N_SPLITS 3u

/* A tensor as an objective declares it. The host copies it. */
typedef struct tuner_tensor_decl {
  uint32_t struct_size;
  uint32_t rank;
  uint32_t dtype;
  uint32_t role;
  uint32_t flags;
  int32_t layer;
  const char* name; /* unique in the objective */
  const int64_t* shape;
  int64_t fan_in;
  int64_t fan_out;
  TUNER_ABI_GROWTH
} tuner_tensor_decl;

/* Receives what an objective consists of. Both functions return a status to be passed on. */
typedef struct tuner_layout {
  uint32_t struct_size;
  uint32_t reserved;
  void* context;
  int32_t (*add_tensor)(void* context, const tuner_tensor_decl* tensor);
  int32_t (*set_samples)(void* context, uint32_t split, uint64_t n_samples);
  TUNER_ABI_GROWTH
} tuner_layout;

#define TUNER_MINIMIZE 0u
#define TUNER_MAXIMIZE 1u

#define TUNER_AGGREGATE_MEAN 0u /* over batches, weighted by their samples */
#define TUNER_AGGREGATE_SUM 1u
#define TUNER_AGGREGATE_WHOLE 2u /* only meaningful when a split is evaluated in one call */

/* A metric beside the loss. The loss itself is always there: direction minimize, weighted mean. */
typedef struct tuner_metric {
  uint32_t struct_size;
  uint32_t direction;
  uint32_t aggregation;
  uint32_t reserved;
  const char* id; /* "accuracy": the host stores val_accuracy, test_accuracy */
  const char* doc;
  const char* unit;
  TUNER_ABI_GROWTH
} tuner_metric;

typedef struct tuner_open_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tuner_host* host;
  const tuner_options* options; /* only those with DATA are final */
  const tuner_rng* rng;         /* purpose DATA */
  tuner_error* error;
  const char* device; /* since 1.1, as in tuner_bind_args */
  uint32_t threads;   /* likewise */
  uint32_t reserved_1;
  TUNER_ABI_GROWTH
} tuner_open_args;

typedef struct tuner_describe_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tuner_host* host;
  const void* shared;
  const tuner_options* options;
  const tuner_layout* layout;
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_describe_args;

typedef struct tuner_bind_args {
  uint32_t struct_size;
  uint32_t n_tensors;
  uint32_t tensor_stride;
  uint32_t reserved;
  const tuner_host* host;
  const void* shared;
  const tuner_options* options;
  const tuner_tensor* tensors; /* in the order of describe(); data and grad stay valid until release() */
  tuner_error* error;
  const char* device; /* since 1.1: one of the objective's devices; "cpu" where it names none */
  uint32_t threads;   /* since 1.1: that may compute at once in a call, the caller among them; at least 1 */
  uint32_t reserved_1;
  TUNER_ABI_GROWTH
} tuner_bind_args;

#define TUNER_EVALUATE_TRAIN 0x1u          /* training mode; else evaluation mode */
#define TUNER_EVALUATE_UPDATE_BUFFERS 0x2u /* first evaluation of a step: statistics may move */

typedef struct tuner_evaluate_args {
  uint32_t struct_size;
  uint32_t want;  /* TUNER_WANT_... */
  uint32_t flags; /* TUNER_EVALUATE_... */
  uint32_t split;
  const tuner_host* host;
  const uint64_t* indices; /* samples of this batch; null for an objective without samples */
  uint64_t n_indices;
  const tuner_rng* rng; /* purpose DROPOUT; draw from its position on: it stands 2^32 words apart at every step */
  double* loss;         /* mean over the batch; not null with WANT_LOSS */
  double* metrics;      /* [n_metrics], with WANT_METRICS */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_evaluate_args;

typedef struct tuner_hvp_args {
  uint32_t struct_size;
  uint32_t flags;
  const tuner_host* host;
  const uint64_t* indices;
  uint64_t n_indices;
  const void* const* vectors; /* one for every tensor, null where it has no grad */
  void* const* products;
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_hvp_args;

/* Life of an objective: open() once per process and set of DATA options; for every trial describe(), bind(), init(),
 * evaluate()..., release(); close() at the end. `shared` is immutable after open(); contexts of one shared may be used
 * concurrently, each by one thread at a time. Two degenerate cases: no samples (an analytic function), and no tensors
 * (a black box whose options are the search space: evaluated once, WANT_LOSS, intermediate values through
 * host->report).
 *
 * Ownership, since 1.1. Tensors are the host's and lie in its memory, on every device: an objective that computes
 * elsewhere keeps copies of its own, made in bind() and freed in release(), reads `data` and writes `grad` in each
 * evaluation. Threads belong to the host. An objective with TUNER_PLUGIN_OWNS_THREADS may start some in open() and
 * bind(), at most args->threads - 1 for each; they compute only within calls, call no function of the host, and have
 * ended when close() or release() returns. */
typedef struct tuner_objective {
  uint32_t struct_size;
  uint32_t n_metrics;
  const tuner_metric* const* metrics;
  int32_t (*open)(const tuner_open_args* args, void** shared); /* optional with close */
  void (*close)(void* shared);
  int32_t (*describe)(const tuner_describe_args* args);
  int32_t (*bind)(const tuner_bind_args* args, void** context);
  void (*release)(void* context);
  int32_t (*init)(void* context, tuner_rng* rng, tuner_error* error); /* fills the tensors; purpose INIT */
  /* Gradients overwrite the tensors' grad. A loss that is not finite is a result, not an error. */
  int32_t (*evaluate)(void* context, const tuner_evaluate_args* args);
  int32_t (*hvp)(void* context, const tuner_hvp_args* args); /* optional */
  /* Optional: difficulties[i] of training sample indices[i], for curricula. */
  int32_t (*difficulty)(const void* shared, const uint64_t* indices, uint64_t n, double* difficulties,
                        tuner_error* error);
  int32_t (*check)(const tuner_options* options, tuner_error* error); /* optional */
  double minimum;                                                     /* least possible loss; NaN unknown */
  const double* minimisers; /* [n_minimisers][dimension], at default options; null unknown */
  uint32_t n_minimisers;
  uint32_t dimension;       /* of minimisers and domain */
  const double* domain_min; /* [dimension], where the function is usually studied; null: everywhere */
  const double* domain_max;
  /* Since 1.1. Devices that it can compute on, in its order of preference; null: "cpu". tuner 1.1 passes "cpu", and
   * refuses to load an objective that does not name it. */
  const char* const* devices;
  uint32_t n_devices;
  uint32_t reserved_1;
  TUNER_ABI_GROWTH
} tuner_objective;

/* ----------------------------------------------------------------- plugins */
#define TUNER_KIND_OPTIMIZER 1u
#define TUNER_KIND_SCHEDULER 2u
#define TUNER_KIND_OBJECTIVE 3u
#define TUNER_KIND_SEARCHER 4u         /* since 1.1, see abi_search.h */
#define TUNER_KIND_PRUNER 5u           /* since 1.1, see abi_search.h */
#define TUNER_PLUGIN_ELEMENTWISE 0x01u /* every element alone, no tensor or global slots: may be passed in parts */
#define TUNER_PLUGIN_WRAPS 0x02u       /* needs `inner`, which gets no closure where this has the flag CLOSURE */
/* Optimizer: the host computes no gradient. Objective, since 1.1: it has none, so that optimizers with this flag alone
 * can train it. */
#define TUNER_PLUGIN_DERIVATIVE_FREE 0x04u
#define TUNER_PLUGIN_CLOSURE 0x08u /* evaluates more than once per step */
#define TUNER_PLUGIN_NEEDS_HORIZON 0x10u
#define TUNER_PLUGIN_PURE 0x20u          /* scheduler: a function of the step alone */
#define TUNER_PLUGIN_NEEDS_METRIC 0x40u  /* scheduler: listens to the study's metric */
#define TUNER_PLUGIN_NEEDS_HVP 0x80u     /* optimizer: asks the closure for Hessian-vector products */
#define TUNER_PLUGIN_FULL_BATCH 0x100u   /* optimizer: compares evaluations of different steps, all on one batch */
#define TUNER_PLUGIN_ONE_GROUP 0x200u    /* optimizer: options are those of group 0, for all tensors: no `groups:` */
#define TUNER_PLUGIN_OWNS_THREADS 0x400u /* since 1.1, objective: starts threads as tuner_objective allows */
#define TUNER_PLUGIN_LEARNS 0x800u       /* since 1.1, searcher: proposes better than at random, which is checked */

typedef struct tuner_plugin {
  uint32_t struct_size;
  uint32_t kind;  /* TUNER_KIND_... */
  uint32_t flags; /* TUNER_PLUGIN_... */
  uint32_t n_params;
  uint32_t param_stride; /* bytes */
  uint32_t reserved;
  const char* id; /* [a-z0-9_.-]+, unique among the loaded plugins of its kind */
  const char* name;
  const char* version;   /* semver; a changed default is a major change */
  const char* doc;       /* one line */
  const char* details;   /* the update rule and its variant, several lines */
  const char* reference; /* authors, year, equation */
  const tuner_param* params;
  const void* vtable;                           /* tuner_optimizer, tuner_scheduler, ..., by kind */
  const void* (*get_extension)(const char* id); /* optional */
  /* Since 1.1. Ids of the host's extensions without which it cannot work: a host that lacks one refuses to load it. */
  const char* const* needed_extensions;
  /* Since 1.1. All ids that get_extension() answers. */
  const char* const* extensions;
  uint32_t n_needed_extensions;
  uint32_t n_extensions;
  TUNER_ABI_GROWTH
} tuner_plugin;

#define TUNER_BUILD_FAST_MATH 0x1u
#define TUNER_BUILD_FMA_CONTRACTION 0x2u
#define TUNER_BUILD_SANITIZER 0x4u
#define TUNER_BUILD_DEBUG 0x8u    /* without optimization (before 1.1: with assertions) */
#define TUNER_BUILD_ASSERTS 0x10u /* since 1.1: assert() is on */
#define TUNER_BUILD_PROBED 0x20u  /* since 1.1: the flags come from tuner_build_probe(); without it they are unknown */

typedef struct tuner_library {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t min_host_minor; /* the host is refused below it */
  uint32_t abi_tag;
  uint32_t n_plugins;
  const tuner_plugin* const* plugins;
  const char* name;
  const char* version;
  const char* licence; /* SPDX */
  const char* url;
  const char* build;    /* compiler and its version */
  uint32_t build_flags; /* TUNER_BUILD_...; not looked at where there is a build_probe */
  uint32_t reserved;
  uint32_t (*build_probe)(void); /* since 1.1, optional: tuner_build_probe, see abi_build.h */
  TUNER_ABI_GROWTH
} tuner_library;

#include "tuner/abi_search.h" /* searchers and pruners */

#if defined(_WIN32)
#define TUNER_EXPORT __declspec(dllexport)
#else
#define TUNER_EXPORT __attribute__((visibility("default")))
#endif

#define TUNER_ENTRY_SYMBOL "tuner_plugin_v1"
typedef const tuner_library* (*tuner_entry)(uint32_t host_minor);

#ifdef __cplusplus
}
#endif

#include "tuner/abi_build.h"  /* how a library was compiled */
#include "tuner/abi_layout.h" /* static_asserts of every size and offset */
#include "tuner/abi_random.h" /* Philox4x32-10 and what is drawn from it */

#endif
