#!/usr/bin/python3
"""Trials per second of tuner and of Optuna on SQLite, on the same disk, in turn: random search, the black box paraboloid.

Usage: against_optuna.py [--rounds 5] [--trials 200] [--durability normal|full] TUNER      needs Debian's python3-optuna

TUNER is the program (build/release/bin/tuner). Both write every trial to a new database file; tuner runs 100 times as many
trials, since its time for so few is too short to measure. Prints the median of the rounds' ratios, the lowest and the highest.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import optuna

SWEEP = """
method: random
trials: {trials}
workers: 2
durability: {durability}
objective: {{plugin: paraboloid, x: {{min: -5, max: 5}}, y: {{min: -5, max: 5}}}}
"""


def optuna_rate(folder, trials):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(storage=f"sqlite:///{folder}/optuna.db", sampler=sampler)
    begin = time.perf_counter()
    study.optimize(lambda t: (t.suggest_float("x", -5, 5) - 2) ** 2 + (t.suggest_float("y", -5, 5) + 1) ** 2, n_trials=trials)
    return trials / (time.perf_counter() - begin)


def tuner_rate(program, folder, trials, durability):
    (folder / "sweep.yaml").write_text(SWEEP.format(trials=trials, durability=durability))
    begin = time.perf_counter()
    subprocess.run([program, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return trials / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--durability", choices=["normal", "full"], default="normal")
    args = parser.parse_args()
    ratios = []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory(dir=".") as name:
            folder = pathlib.Path(name)
            ours = tuner_rate(args.tuner, folder, 100 * args.trials, args.durability)
            theirs = optuna_rate(folder, args.trials)
        ratios.append(ours / theirs)
        print(f"tuner {ours:8.0f} trials/s   optuna {optuna.__version__} {theirs:6.1f} trials/s   ratio {ours / theirs:.0f}")
    print(f"ratio: median {statistics.median(ratios):.0f}, {min(ratios):.0f} to {max(ratios):.0f} over {args.rounds} rounds, "
          f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
