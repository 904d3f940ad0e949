#!/usr/bin/python3
"""What a ramp costs: an LR range test of ramps alone against plain training of as many steps.

Usage: lr_cost.py [--rounds 9] TUNER      needs Debian's dataset-fashion-mnist

mlp 784-100-10 on Fashion-MNIST, batches of 128, three ramps of 100 steps at lrs that do not diverge, so that all steps
are made. Every round measures both sides in turn, for sgd and for adam; prints the median of the rounds' ratios, the
lowest and the highest. Three ratios:

trials     wall_seconds of three ramps, their initialization included, against 300 steps of plain training, without any: a
           run of 400 steps less one of 100. Medians over six ramps and six such pairs of runs. A process reads the data
           in its first trial and keeps them; that trial is left out on both sides.
processor  processor time of twelve more ramps in a test against that of 1200 more steps in a run, of whole commands:
           what other programs do to the clock hardly touches it.
commands   whole programs on the clock, from start to end: a test of three ramps against a sweep of three runs of 100 steps.
           Both start a worker, read the data and write the database; the runs evaluate 20,000 images at their end.

Exit code 1: the first ratio is above 1.6 for one of the optimizers.
"""
import argparse
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

MOST = 1.6
LARGEST = {"sgd": 0.1, "adam": 0.01}  # lr of a ramp
COMMON = """
study: cost
objective: {{plugin: mlp, dataset: fashion_mnist, hidden: [100]}}
workers: 1
"""
RAMPS = COMMON + """
optimizer: {optimizer}
training: {{epochs: 1, batch_size: 128}}
lr_range: {{steps: 100, seeds: {seeds}, lr_max: {lr_max}}}
"""
PLAIN = COMMON + """
metric: loss
method: grid
optimizer: {{plugin: {optimizer}, lr: {{values: {lrs}}}}}
training: {{steps: {{values: {steps}}}, batch_size: 128, eval_every: 1000000}}
"""


class Cost:
    """Of one command: seconds, seconds of processor time, and (steps, wall_seconds) of its trials."""

    def __init__(self, tuner, command, text):
        with tempfile.TemporaryDirectory(dir=".") as name:
            folder = pathlib.Path(name)
            (folder / "cost.yaml").write_text(text)
            used, begin = processor_time(), time.perf_counter()
            subprocess.run([tuner, *command, "--config", folder / "cost.yaml", "--db", folder / "cost.db", "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
            self.seconds, self.processor = time.perf_counter() - begin, processor_time() - used
            with sqlite3.connect(folder / "cost.db") as connection:
                self.trials = connection.execute("SELECT steps, wall_seconds FROM runs ORDER BY number").fetchall()

    def seconds_of(self, steps, first):
        return statistics.median(seconds for made, seconds in self.trials[first:] if made == steps)


def processor_time():
    """Of the commands that have ended, with their workers."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def round_of(tuner, optimizer):
    def ramps(seeds):
        cost = Cost(tuner, ["lr-range", "--ramp-only"],
                    RAMPS.format(optimizer=optimizer, seeds=seeds, lr_max=LARGEST[optimizer]))
        if [steps for steps, _ in cost.trials] != seeds * [100]:
            sys.exit(f"a ramp has ended early: {cost.trials}")
        return cost

    def plain(steps, runs=1):
        lrs = [1e-3 * (i + 1) for i in range(runs)]
        return Cost(tuner, [], PLAIN.format(optimizer=optimizer, steps=steps, lrs=lrs))

    some, pairs = ramps(7), plain([100, 400], 7)
    trials = 3 * some.seconds_of(100, 1) / (pairs.seconds_of(400, 2) - pairs.seconds_of(100, 2))
    three, runs = ramps(3), plain([100], 3)
    processor = (ramps(15).processor - three.processor) / (plain([1300]).processor - plain([100]).processor)
    return trials, processor, three.seconds / runs.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    rounds = {optimizer: [] for optimizer in LARGEST}
    for _ in range(args.rounds):
        for optimizer, ratios in rounds.items():
            ratios.append(round_of(args.tuner, optimizer))
    print("| optimizer | trials | processor | commands |\n|---|---|---|---|")
    too_much = []
    for optimizer, ratios in rounds.items():
        columns = list(zip(*ratios))
        cells = [f"{statistics.median(column):.2f} ({min(column):.2f} to {max(column):.2f})" for column in columns]
        print(f"| {optimizer} | {' | '.join(cells)} |")
        if statistics.median(columns[0]) > MOST:
            too_much.append(optimizer)
    above = f"Above it: {', '.join(too_much)}. " if too_much else ""
    print(f"\nRamps / plain training: median, lowest and highest of {args.rounds} rounds; of the trials at most {MOST} is "
          f"wanted. {above}Load of the machine {load:.1f} before, {os.getloadavg()[0]:.1f} after.")
    return 1 if too_much else 0


if __name__ == "__main__":
    sys.exit(main())
