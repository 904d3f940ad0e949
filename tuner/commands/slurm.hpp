// workers: auto, where a batch system says how many that is.
#pragma once

#include "tuner/plan.hpp"

namespace tuner::commands {

// Does nothing unless run.launch.automatic. Fills in the number of workers: the tasks of the Slurm job that this
// process runs in, else the processors that it may use. In a job of several nodes, where no launcher is given, srun
// becomes the launcher: one step for each node, with as many workers as the job has tasks there. Errors:
// config.missing_key for a launcher outside a job; config.bad_value where SLURM_TASKS_PER_NODE is no such list;
// config.impossible with threads.
void place_workers(RunSettings& run);

}  // namespace tuner::commands
