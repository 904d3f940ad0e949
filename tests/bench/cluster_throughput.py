#!/usr/bin/python3
"""Workers over srun against as many local ones: the time of a study of trials that sleep.

Usage: cluster_throughput.py TUNER SLEEPING [--workers 64] [--milliseconds 50] [--trials 12800] [--rounds 5]

SLEEPING is the plugin that `ninja -C build/release sleeping` builds. A Slurm of two nodes is started for it, as root;
the study runs within a job. Prints for a step of each node, and for a step of each worker, the ratio of the times as median
with the lowest and highest round; both sides are measured in turn.
"""
import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
from slurm import SRUN, environment, slurm  # noqa: E402
from studies import Folder  # noqa: E402

SWEEP = """
study: s
method: random
trials: {trials}
plugins: ["{plugin}"]
objective: {{plugin: sleeping, milliseconds: {milliseconds}, x: {{min: 0, max: 1}}}}
workers: {workers}
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tuner")
    parser.add_argument("plugin", type=os.path.realpath)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--milliseconds", type=float, default=50)
    parser.add_argument("--trials", type=int, default=12800)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    half = arguments.workers // 2
    with Folder("") as folder, slurm(folder, processors=half) as cluster:
        # The coordinator runs within the allocation that these name.
        job = cluster.ask("sbatch", "--parsable", "--nodes=2", f"--ntasks={arguments.workers}", "--output=/dev/null",
                          "--wrap=sleep 100000").strip()
        while cluster.ask("squeue", "-h", "-o", "%T").strip() != "RUNNING":
            time.sleep(0.1)
        allocation = {**environment(folder, cluster), "SLURM_JOB_ID": job, "SLURM_JOBID": job, "SLURM_NNODES": "2",
                      "SLURM_TASKS_PER_NODE": f"{half}(x2)"}

        def seconds(workers):
            folder.write(SWEEP.format(trials=arguments.trials, plugin=arguments.plugin,
                                      milliseconds=arguments.milliseconds, workers=workers))
            begin = time.monotonic()
            folder.run("--quiet", "--fresh", env=allocation)
            return time.monotonic() - begin

        sides = {"a step of each node": "auto",
                 "a step of each worker": f"{{count: {arguments.workers}, launcher: {SRUN}}}"}
        print(f"{arguments.trials} trials of {arguments.milliseconds:g} ms on {arguments.workers} workers; load "
              f"{os.getloadavg()[0]:.1f}")
        local, times = [], {name: [] for name in sides}
        for _ in range(arguments.rounds):
            local.append(seconds(arguments.workers))
            for name, workers in sides.items():
                times[name].append(seconds(workers))
        least = arguments.trials * arguments.milliseconds / 1000 / arguments.workers
        print(f"local: {statistics.median(local):.1f} s ({min(local):.1f} to {max(local):.1f}), without any cost "
              f"{least:.1f} s")
        for name in sides:
            ratios = [mine / theirs for mine, theirs in zip(times[name], local)]
            print(f"{name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) times as long, "
                  f"{statistics.median(times[name]):.1f} s")
        cluster.ask("scancel", job)


main()
