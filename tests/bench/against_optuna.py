#!/usr/bin/python3
"""Trials per second of tuner and of Optuna on SQLite, on the same disk, in turn: random search, the black box paraboloid.

Usage: against_optuna.py [--rounds 5] [--trials 200] [--durability normal|full] TUNER      needs Debian's python3-optuna
       against_optuna.py --tpe [--rounds 5] [--trials 100] TUNER                           and g++

TUNER is the program (build/release/bin/tuner). Both write every trial to a new database file; tuner runs 100 times as many
trials, since its time for so few is too short to measure. Prints the median of the rounds' ratios, the lowest and the highest.

--tpe: processor time of a search by TPE with a joint density of 40 real parameters, of which the sum of squares is
minimized, an objective that is a plugin compiled for this. tuner: 1,000 trials, lag 8, two workers, the whole command with
all its processes and commits; and a random search of as many, for what the searcher adds. Optuna:
TPESampler(multivariate=True) on SQLite, fewer trials (--trials), whose time by trial grows with their number.
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time
import warnings

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


DIMENSIONS = 40
SQUARES = """#include <tuner/plugin.hpp>
struct Squares {{
  static constexpr tuner::Info info{{
      .id = "squares", .name = "Squares", .doc = "the sum of (x - 1)^2 over all options", .reference = "a benchmark"}};
  static constexpr tuner::Param params[] = {{{params}}};
  static void describe(const tuner::Options&, const tuner::Layout&) {{}}
  explicit Squares(const tuner::Bind& bind) {{
    for (std::size_t i = 0; i < {dimensions}; ++i) loss += (bind.options()[i] - 1) * (bind.options()[i] - 1);
  }}
  void init(tuner_rng&) {{}}
  void evaluate(const tuner::Evaluation& e) const {{
    if (e.wants_loss()) e.loss(loss);
  }}
  double loss = 0;
}};
TUNER_LIBRARY("squares", "1.0.0", "MIT", tuner::objective<Squares>)
"""
TPE_SWEEP = """
method: {method}
trials: {trials}
workers: 2
durability: {durability}
plugins: [{plugin}]
objective: {{plugin: squares, {parameters}}}
"""


def compile_squares(folder):
    params = ", ".join(f'tuner::real("x{i:02}", 0, "a coordinate").structural().search(-5, 5)' for i in range(DIMENSIONS))
    (folder / "squares.cpp").write_text(SQUARES.format(params=params, dimensions=DIMENSIONS))
    core = pathlib.Path(__file__).resolve().parents[2] / "core"
    library = (folder / "squares.so").resolve()
    subprocess.run(["g++", "-std=c++20", "-O2", "-shared", "-fPIC", f"-I{core}/abi/include", f"-I{core}/sdk/include",
                    folder / "squares.cpp", "-o", library], check=True)
    return library


def tuner_seconds(program, folder, plugin, method, trials, durability):
    """Processor seconds of the command and all its processes."""
    parameters = ", ".join(f"x{i:02}: {{min: -5, max: 5}}" for i in range(DIMENSIONS))
    (folder / "tpe.yaml").write_text(
        TPE_SWEEP.format(method=method, trials=trials, durability=durability, plugin=plugin, parameters=parameters))
    (folder / "tpe.db").unlink(missing_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "--config", folder / "tpe.yaml", "--db", folder / "tpe.db", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def optuna_seconds(folder, trials):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # multivariate is experimental there
        sampler = optuna.samplers.TPESampler(seed=1, multivariate=True)
    (folder / "optuna.db").unlink(missing_ok=True)
    study = optuna.create_study(storage=f"sqlite:///{folder}/optuna.db", sampler=sampler)
    begin = time.process_time()
    study.optimize(lambda t: sum((t.suggest_float(f"x{i:02}", -5, 5) - 1) ** 2 for i in range(DIMENSIONS)), n_trials=trials)
    return time.process_time() - begin


def compare_tpe(args):
    trials = 1000
    of_tuner, of_random, ratios = [], [], []
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = pathlib.Path(name)
        plugin = compile_squares(folder)
        for _ in range(args.rounds):
            tpe = "{name: tpe, lag: 8}"
            of_tuner.append(tuner_seconds(args.tuner, folder, plugin, tpe, trials, args.durability))
            of_random.append(tuner_seconds(args.tuner, folder, plugin, "random", trials, args.durability))
            theirs = optuna_seconds(folder, args.trials)
            ratios.append(theirs / args.trials / (of_tuner[-1] / trials))
            print(f"processor time: tuner tpe {of_tuner[-1]:.2f} s, random {of_random[-1]:.2f} s for {trials} trials   "
                  f"optuna {optuna.__version__} {theirs:.1f} s for {args.trials}   by trial {ratios[-1]:.0f} times", flush=True)
    print(f"tpe: median {statistics.median(of_tuner):.2f} s ({min(of_tuner):.2f} to {max(of_tuner):.2f}), random "
          f"{statistics.median(of_random):.2f} s; Optuna takes {statistics.median(ratios):.0f} times as long by trial "
          f"({min(ratios):.0f} to {max(ratios):.0f}) over {args.rounds} rounds, load {os.getloadavg()[0]:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--tpe", action="store_true")
    parser.add_argument("--durability", choices=["normal", "full"], default="normal")
    args = parser.parse_args()
    args.trials = args.trials or (100 if args.tpe else 200)
    if args.tpe:
        compare_tpe(args)
        return
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
