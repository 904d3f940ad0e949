/* Searchers and pruners of the plugin ABI, since 1.1: kinds 4 and 5. abi.h includes this header; its rules hold here.
 *
 * A searcher proposes configurations, a pruner stops or pauses trials. Both are state machines that the host drives
 * from one thread at a time. Their state is rebuilt from the study's journal: the host creates them anew and calls
 * observe() and, for a pruner, decide() in the recorded order. So every function depends on its arguments and the state
 * alone.
 *
 * The ends of trials may come later than they happened: a study that is resumed tells a pruner all reports first.
 * Where a study as a whole needs random numbers, take the stream of a proposal with its trial set to UINT32_MAX. */
#ifndef TUNER_ABI_SEARCH_H
#define TUNER_ABI_SEARCH_H

#define TUNER_EXHAUSTED 2 /* status of propose(): there is no further configuration */

/* ------------------------------------------------------------------- space */

#define TUNER_DIMENSION_REAL 0u
#define TUNER_DIMENSION_INTEGER 1u
#define TUNER_DIMENSION_CHOICE 2u

#define TUNER_DISTRIBUTION_UNIFORM 0u /* on the dimension's scale; of a choice: `probabilities`, or equal ones */
#define TUNER_DISTRIBUTION_NORMAL 1u  /* mu, sigma on the dimension's scale; cut at low and high */

#define TUNER_DIMENSION_ORDERED 0x1u /* a choice whose order means something: small, medium, large */

/* One search parameter. Reals and integers lie in [low, high]; a value is low + k step for an integer k where step > 0.
 */
typedef struct tuner_dimension {
  uint32_t struct_size;
  uint32_t type;         /* TUNER_DIMENSION_... */
  uint32_t distribution; /* TUNER_DISTRIBUTION_... */
  uint32_t scale;        /* TUNER_SCALE_... */
  uint32_t flags;        /* TUNER_DIMENSION_ORDERED */
  uint32_t n_choices;    /* 0 but for a choice */
  const char* name;      /* "optimizer.lr", unique in the space */
  double low;
  double high;
  double step; /* 0: every value; 1 for an integer without one */
  double mu;
  double sigma;
  const double* probabilities;     /* [n_choices], sum 1; null: equal */
  const double* choice_values;     /* [n_choices], NaN where a choice is no number; null: none is */
  const char* const* choice_texts; /* [n_choices], canonical: equal strings are equal choices */
  /* Active only where dimension `parent` is active and has one of active_choices; -1: always. parent comes earlier. */
  int32_t parent;
  uint32_t n_active_choices;
  const uint32_t* active_choices;
  TUNER_ABI_GROWTH
} tuner_dimension;

typedef struct tuner_space {
  uint32_t struct_size;
  uint32_t n_dimensions;
  uint32_t dimension_stride; /* bytes */
  uint32_t reserved;
  const tuner_dimension* dimensions;
  TUNER_ABI_GROWTH
} tuner_space;

#define TUNER_VALUE_INACTIVE 0u /* its value means nothing */
#define TUNER_VALUE_FREE 1u     /* the searcher chose it */
#define TUNER_VALUE_FIXED 2u    /* the user or the host did */

/* Observations of another study that this one learns from come first, with proposals counted from here on. */
#define TUNER_PROPOSAL_ELSEWHERE (UINT64_C(1) << 40)

/* One assignment of the space. */
typedef struct tuner_configuration {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t proposal;     /* index of the proposal that made it; from TUNER_PROPOSAL_ELSEWHERE on, of another study */
  const double* values;  /* [n_dimensions]; a choice is its index */
  const uint8_t* states; /* [n_dimensions], TUNER_VALUE_... */
  TUNER_ABI_GROWTH
} tuner_configuration;

/* --------------------------------------------------------------- searchers */

#define TUNER_OUTCOME_COMPLETED 0u
#define TUNER_OUTCOME_PRUNED 1u
#define TUNER_OUTCOME_DIVERGED 2u
#define TUNER_OUTCOME_FAILED 3u
#define TUNER_OUTCOME_TIMED_OUT 4u
#define TUNER_OUTCOME_CANCELLED 5u
#define TUNER_OUTCOME_PAUSED 6u

/* What became of a configuration, once all its due replicates are there. Nothing is made up: what was not measured is
 * NaN, or a count of 0. With a lag of 0 a trial that was PAUSED is observed again where it has gone on to its end: the
 * later observation of a proposal takes the place of the earlier one. */
typedef struct tuner_observation {
  uint32_t struct_size;
  uint32_t outcome; /* TUNER_OUTCOME_... */
  const tuner_configuration* configuration;
  int64_t last_step;         /* of the trial, the latest of all replicates */
  int64_t budget;            /* steps that it was given */
  const double* values;      /* [n_values], one for each goal, means over the replicates */
  const double* constraints; /* [n_constraints], feasible where <= 0 */
  uint32_t n_values;         /* 0 where the trial did not get that far */
  uint32_t n_constraints;
  uint32_t replicates;
  uint32_t reserved;
  double mean;               /* of values[0] over the replicates */
  double standard_deviation; /* NaN with one replicate */
  TUNER_ABI_GROWTH
} tuner_observation;

typedef struct tuner_search_create_args {
  uint32_t struct_size;
  uint32_t n_goals;
  const tuner_host* host;
  const tuner_options* options;
  const tuner_space* space;   /* lives, with all that it points to, until destroy() */
  const uint32_t* directions; /* [n_goals], TUNER_MINIMIZE or TUNER_MAXIMIZE; lives likewise */
  int64_t trials;             /* that the study is to have; -1 unknown */
  int64_t lag;          /* proposal n sees the results of proposals 0 .. n - lag, no later one; 0: all there are */
  int64_t least_budget; /* steps; a searcher may propose any budget from here to most_budget */
  int64_t most_budget;
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_search_create_args;

typedef struct tuner_observe_args {
  uint32_t struct_size;
  uint32_t n_observations;
  uint32_t observation_stride; /* bytes */
  uint32_t reserved;
  const tuner_host* host;
  const tuner_observation* observations; /* in the order of the journal */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_observe_args;

typedef struct tuner_propose_args {
  uint32_t struct_size;
  uint32_t count; /* proposals that are wanted, at least 1 */
  const tuner_host* host;
  uint64_t proposal;                  /* index of the first of them */
  const tuner_configuration* pending; /* proposed, and not observed yet */
  uint32_t n_pending;
  uint32_t pending_stride; /* bytes */
  tuner_rng* const* rng;   /* [count], one stream for each proposal, purpose SEARCHER */
  double* values;          /* [count][n_dimensions], row-major; FIXED values are there on entry */
  uint8_t* states;         /* [count][n_dimensions] */
  int64_t* budgets;        /* [count], most_budget on entry */
  uint32_t* made;          /* how many were made: count, or fewer with TUNER_EXHAUSTED */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_propose_args;

/* propose() changes no later answer: the host may ask for a proposal again, or never. What is learned is learned in
 * observe(). */
typedef struct tuner_searcher {
  uint32_t struct_size;
  uint32_t reserved;
  int32_t (*create)(const tuner_search_create_args* args, void** state);
  int32_t (*observe)(void* state, const tuner_observe_args* args);
  int32_t (*propose)(void* state, const tuner_propose_args* args);
  void (*destroy)(void* state);
  int32_t (*check)(const tuner_options* options, tuner_error* error); /* optional */
  TUNER_ABI_GROWTH
} tuner_searcher;

/* ----------------------------------------------------------------- pruners */

#define TUNER_DECISION_CONTINUE 0u
#define TUNER_DECISION_STOP 1u  /* the trial is pruned */
#define TUNER_DECISION_PAUSE 2u /* the trial may be continued later, from its checkpoint */

/* A value that a running trial has measured. */
typedef struct tuner_report {
  uint32_t struct_size;
  uint32_t replicate;
  uint64_t trial;
  const tuner_configuration* configuration;
  int64_t step;
  int64_t budget;
  double value; /* of the study's goal, as measured: may be NaN */
  TUNER_ABI_GROWTH
} tuner_report;

typedef struct tuner_decide_args {
  uint32_t struct_size;
  uint32_t reserved;
  const tuner_host* host;
  const tuner_report* report;
  uint32_t* decision; /* TUNER_DECISION_..., CONTINUE on entry */
  int64_t* next_step; /* the next step whose report waits for a decision; -1 on entry: none */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_decide_args;

#define TUNER_REVIEW_LAST 0x1u /* no trial runs, and none will begin: what waits for others waits in vain */

typedef struct tuner_review_args {
  uint32_t struct_size;
  uint32_t flags; /* TUNER_REVIEW_... */
  const tuner_host* host;
  uint64_t* trial;    /* a paused trial */
  uint32_t* decision; /* of it: CONTINUE or STOP; TUNER_DECISION_PAUSE on entry: all paused trials stay paused */
  int64_t* next_step; /* of CONTINUE, as in tuner_decide_args */
  tuner_error* error;
  TUNER_ABI_GROWTH
} tuner_review_args;

/* observe() tells the ends of trials, decide() judges the report of a running one, review() a trial that decide() has
 * paused. All are recorded and replayed in the order in which the host made them.
 *
 * The host calls review() whenever a worker is free, before it begins another trial, until the answer is PAUSE, which
 * must change no later answer. A trial that is named is no longer paused: the host continues it, or it is pruned, and
 * observe() is told of its end. A pruner without review() never pauses. */
typedef struct tuner_pruner {
  uint32_t struct_size;
  uint32_t reserved;
  int32_t (*create)(const tuner_search_create_args* args, void** state);
  int32_t (*observe)(void* state, const tuner_observe_args* args);
  int32_t (*decide)(void* state, const tuner_decide_args* args);
  void (*destroy)(void* state);
  int32_t (*check)(const tuner_options* options, tuner_error* error); /* optional */
  int32_t (*review)(void* state, const tuner_review_args* args);      /* optional */
  TUNER_ABI_GROWTH
} tuner_pruner;

#endif
