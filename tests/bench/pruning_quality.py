#!/usr/bin/python3
"""How much training the pruners save: random search on 512 real learning curves, with and without a pruner.

Usage: pruning_quality.py [--seeds 50] [--trials 64] [--at-most RATIO] DRIVER

DRIVER is build/release/tests/pruning_driver (ninja pruning_driver), which plays studies in memory; seconds. The curves are
those of data/learning_curves.txt. Random search trains TRIALS configurations to their end; a pruner may begin as many as
there are. What is printed is the share of random search's evaluations after which the mean regret over the seeds is down
to that of random search, with an interval of 95 % from 1,000 bootstrap samples of the seeds. With --at-most the exit code
is 1 where asha or hyperband need more than that share.
"""
import argparse
import pathlib
import random
import statistics
import subprocess
import sys

CURVES = pathlib.Path(__file__).resolve().parent / "data/learning_curves.txt"
LENGTH = 81
PRUNERS = (("asha", "eta=3", "min_steps=1"), ("asha", "eta=3", "min_steps=1", "mode=stopping"), ("hyperband", "eta=3"),
           ("successive_halving", "eta=3", "min_steps=1"), ("median",))


def play(driver, pruner, trials, seeds, options):
    command = [driver, CURVES, pruner, trials, 1, seeds, *options]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    studies = []
    for line in done.stdout.splitlines():
        steps = [pair.split(":") for pair in line.split()[1:]]
        studies.append([(int(cost), float(regret)) for cost, regret in steps])
    return studies


def cost_of(studies, target):
    """The least cost at which the mean regret is at most the target; no study counts before its first result."""
    costs = sorted({cost for study in studies for cost, _ in study})
    for cost in costs:
        regrets = []
        for study in studies:
            reached = [regret for at, regret in study if at <= cost]
            if not reached:
                break
            regrets.append(reached[-1])
        if len(regrets) == len(studies) and statistics.fmean(regrets) <= target:
            return cost
    return float("inf")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--at-most", type=float)
    parser.add_argument("driver")
    arguments = parser.parse_args()
    full = arguments.trials * LENGTH
    alone = play(arguments.driver, "none", arguments.trials, arguments.seeds, [])
    target = statistics.fmean(study[-1][1] for study in alone)
    print(f"random search: regret {target:.4f} after {full} evaluations, {arguments.seeds} seeds")
    draws = random.Random(1)
    is_worse = False
    for pruner, *options in PRUNERS:
        studies = play(arguments.driver, pruner, 512, arguments.seeds, options)
        share = cost_of(studies, target) / full
        samples = []
        for _ in range(1000):
            seeds = draws.choices(range(len(studies)), k=len(studies))
            sampled = statistics.fmean(alone[seed][-1][1] for seed in seeds)
            samples.append(cost_of([studies[seed] for seed in seeds], sampled) / full)
        samples.sort()
        print(f"{' '.join((pruner, *options))}: {share:.3f} of its evaluations ({samples[25]:.3f} to {samples[974]:.3f})")
        is_bound = pruner in ("asha", "hyperband") and "mode=stopping" not in options
        is_worse |= is_bound and arguments.at_most is not None and share > arguments.at_most
    return int(is_worse)


if __name__ == "__main__":
    sys.exit(main())
