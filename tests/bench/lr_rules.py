#!/usr/bin/python3
"""How good is what an LR range test suggests? Every rule's lr against a grid of full runs; writes docs/lr-range.md.

Usage: tests/bench/lr_rules.py [--build build/release] [--root .] [--db FILE] [--workers 2] [--quick | --choose]

For each problem and optimizer: a grid of 13 lrs from 1e-5 to 10 (half decades), an LR range test at its defaults, and
runs at every lr that the test suggests; grid and runs at suggestions take 5 epochs with the same three seeds, which fix
start and order of samples. About 20 minutes on 2 cores; needs Debian's dataset-fashion-mnist. Finished studies are kept in
BUILD/bench/lr_rules.db, so that a second run only measures what is missing.

--choose prints the mean regret of the candidates for the recommendation on logistic_regression, where its rule was
chosen; there the regret is read off the grid, linearly in ln(lr) between its points. --quick takes 40 steps instead of 5
epochs and prints instead of writing, to see that all runs.
"""
import argparse
import collections
import json
import math
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from all import fill  # noqa: E402

SEEDS = (1, 2, 3)
GRID = "{min: 1e-5, max: 10, scale: log, count: 13}"
OPTIMIZERS = {  # label -> its branch without lr
    "sgd": "plugin: sgd",
    "momentum": "plugin: sgd, as: momentum, momentum: 0.9",
    "adam": "plugin: adam",
    "adamw": "plugin: adamw",
}
PROBLEMS = {  # the first one decided; name -> objective, batch size, title
    "logistic": ("{plugin: logistic_regression, dataset: fashion_mnist}", 128,
                 "logistic_regression, batches of 128 (the rule of the recommendation was chosen here)"),
    "mlp": ("{plugin: mlp, dataset: fashion_mnist, hidden: [100]}", 128, "mlp, hidden: [100], batches of 128"),
    "mlp2": ("{plugin: mlp, dataset: fashion_mnist, hidden: [64, 64]}", 512, "mlp, hidden: [64, 64], batches of 512"),
    "noisy": ("{plugin: noisy_quadratic, dim: 100, condition: 100}", 8,
              "noisy_quadratic, dim: 100, condition: 100, batches of 8"),
}
OWN = ["recommended", "best_short_run", "largest_learning", "limit", "steepest"]
TRAINED = """
study: {study}
seed: {seed}
metric: {{name: val_loss, goal: minimize}}
method: grid
workers: {workers}
objective: {objective}
optimizer: {{one_of: [{branches}]}}
training: {{{length}, batch_size: {batch}, common_random_numbers: true, summary: last}}
"""
RANGE_TEST = """
study: {study}
seed: 1
workers: {workers}
objective: {objective}
optimizer: {{one_of: [{branches}]}}
training: {{{length}, batch_size: {batch}}}
{settings}
"""


class Bench:
    def __init__(self, tuner, database, workers, quick):
        self.tuner, self.database, self.workers = tuner, database, workers
        self.length = "steps: 40" if quick else "epochs: 5"
        self.settings = "lr_range: {steps: 40, grid: {points: 3, steps: 8}, stability: none}" if quick else ""

    def run(self, command, text):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "sweep.yaml"
            config.write_text(text)
            done = subprocess.run([self.tuner, *command, "--config", config, "--db", self.database, "--quiet"],
                                  capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def query(self, sql, *values):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return connection.execute(sql, values).fetchall()

    def train(self, problem, lrs, suffix=""):
        """label -> lr -> val_loss by seed, after training at those lrs (texts, as YAML takes them)."""
        objective, batch, _ = PROBLEMS[problem]
        result = {label: collections.defaultdict(list) for label in OPTIMIZERS}
        for seed in SEEDS:
            study = f"{problem}{suffix}-{seed}"
            branches = ", ".join(f"{{{OPTIMIZERS[label]}, lr: {lr}}}" for label, lr in lrs.items())
            self.run([], TRAINED.format(study=study, seed=seed, workers=self.workers, objective=objective,
                                        branches=branches, length=self.length, batch=batch))
            for parameters, value in self.query(
                    "SELECT parameters, CASE WHEN outcome = 'completed' THEN value END FROM runs WHERE study = ?", study):
                chosen = json.loads(parameters)
                label = chosen["optimizer"]
                loss = value if isinstance(value, float) else math.inf
                result[label][chosen[f"optimizer.{label}.lr"]].append(loss)
        return result

    def start(self, problem):
        """Mean over the seeds of the first loss."""
        return statistics.mean(value for seed in SEEDS for (value,) in self.query(
            "SELECT value FROM learning_curves WHERE study = ? AND name = 'loss' AND step = 0 LIMIT 1", f"{problem}-{seed}"))

    def suggestions(self, problem):
        """label -> name -> (value, low, high), of the LR range test."""
        objective, batch, _ = PROBLEMS[problem]
        self.run(["lr-range"], RANGE_TEST.format(
            study=problem, workers=self.workers, objective=objective, length=self.length, batch=batch,
            branches=", ".join(f"{{{options}}}" for options in OPTIMIZERS.values()), settings=self.settings))
        result = {label: {} for label in OPTIMIZERS}
        for branch, name, value, low, high in self.query(
                "SELECT branch, name, value, low, high FROM learning_rates WHERE study = ?", f"{problem}.lr_range"):
            result[branch][name] = (value, low, high)
        return result


class Outcome:
    """Of one rule for one optimizer: what it says against the best lr of the grid."""

    def __init__(self, suggestion, grid, trained, start):
        self.lr, low, high = suggestion
        if self.lr is None:
            return
        best = min(grid, key=lambda lr: statistics.mean(grid[lr]))
        self.ratio, self.low, self.high = (None if x is None else x / best for x in (self.lr, low, high))
        at = trained[min(trained, key=lambda lr: abs(math.log(lr / self.lr)))]
        by_seed = [a - b for a, b in zip(at, grid[best])]
        self.regret = statistics.mean(by_seed)
        self.error = statistics.stdev(by_seed) / math.sqrt(len(by_seed)) if math.isfinite(self.regret) else math.nan
        self.share = self.regret / (start - statistics.mean(grid[best]))

    def cells(self):
        if self.lr is None:
            return "-", "cannot tell"
        interval = f" ({number(self.low)} to {number(self.high)})" if self.low and self.high else ""
        return number(self.ratio) + interval, loss(self.regret, self.error)


def number(x):
    return f"{x:.2g}" if x < 10 else f"{x:.0f}"


def loss(value, error):
    if not math.isfinite(value):
        return "diverges"
    digits = 3 if abs(value) < 10 else 1
    return f"{round(value, digits) + 0.0:.{digits}f} +- {error:.{digits}f}"


def rules_of(suggestions):
    ruled = [name for name in suggestions["sgd"] if name.startswith("rule.")]
    return OWN + [name for name in ruled if name != "rule.steepest"]


def measure(bench, problem):
    """rule -> label -> Outcome; and the grid's best lrs in words."""
    grid = bench.train(problem, {label: GRID for label in OPTIMIZERS})
    suggestions = bench.suggestions(problem)
    names = rules_of(suggestions)
    lrs = {label: sorted({suggestions[label][name][0] for name in names if suggestions[label].get(name, (None,))[0]})
           for label in OPTIMIZERS}
    trained = bench.train(problem, {label: f"{{values: [{', '.join(map(repr, lrs[label]))}]}}" for label in OPTIMIZERS},
                          ".suggested")
    start = bench.start(problem)
    best = []
    for label, curve in grid.items():
        lr = min(curve, key=lambda lr: statistics.mean(curve[lr]))
        best.append(f"{label} {lr:.2g} ({statistics.mean(curve[lr]):.4g})")
    outcomes = {name: {label: Outcome(suggestions[label].get(name, (None, None, None)), grid[label], trained[label], start)
                       for label in OPTIMIZERS} for name in names}
    return outcomes, f"Best lr of the grid, with its val_loss: {', '.join(best)}. First loss: {start:.4g}."


def problem_table(outcomes):
    head = "| rule | " + " | ".join(f"{label}: lr / best lr | regret" for label in OPTIMIZERS) + " |"
    rows = [f"| {name.removeprefix('rule.')} | " + " | ".join(cell for o in of.values() for cell in o.cells()) + " |"
            for name, of in outcomes.items()]
    return "\n".join([head, "|---" * (1 + 2 * len(OPTIMIZERS)) + "|", *rows])


def percent(x):
    return f"{round(100 * x, 1) + 0.0:.1f} %"  # no -0.0


def summary_table(measured):
    """Over all optimizers of a problem, and over everything that the choice has not seen."""
    unseen = [problem for problem in PROBLEMS if problem != "logistic"]
    rows = []
    for name in measured["logistic"]:
        def answers(problems):
            every = [o for problem in problems for o in measured[problem][name].values()]
            return [o for o in every if o.lr is not None], len(every)

        found, every = answers(unseen)
        cells = [name.removeprefix("rule."), f"{len(found)} of {every}"]
        logs = [math.log(o.ratio) for o in found]
        cells += [number(math.exp(x)) for x in (statistics.mean(logs), min(logs), max(logs))] if logs else 3 * ["-"]
        for problems in [[problem] for problem in PROBLEMS] + [unseen]:
            shares = [o.share for o in answers(problems)[0] if math.isfinite(o.share)]
            cells.append(percent(statistics.mean(shares)) if shares else "-")
        diverging = sum(math.isinf(o.share) for o in found)
        cells.append(f"{diverging} diverge" if diverging else percent(max(o.share for o in found)) if found else "-")
        rows.append("| " + " | ".join(cells) + " |")
    head = ("| rule | answers | lr / best lr, geometric mean | least | largest | " +
            " | ".join(f"mean regret, {problem}" for problem in PROBLEMS) + " | of the three unseen | worst of them |")
    return "\n".join([head, "|---" * (7 + len(PROBLEMS)) + "|", *rows])


def interpolated(curve, lr):
    """The grid's mean loss at an lr, linear in ln(lr)."""
    lrs = sorted(curve)
    losses = [statistics.mean(curve[x]) for x in lrs]
    for i in range(1, len(lrs)):
        if lr <= lrs[i]:
            t = max(0.0, math.log(lr / lrs[i - 1]) / math.log(lrs[i] / lrs[i - 1]))
            return (1 - t) * losses[i - 1] + t * losses[i]
    return losses[-1]


def choose(bench):
    problem = "logistic"
    grid = bench.train(problem, {label: GRID for label in OPTIMIZERS})
    suggestions = bench.suggestions(problem)
    regrets = collections.defaultdict(list)
    for label, curve in grid.items():
        known = {name: found[0] for name, found in suggestions[label].items()}
        low, high = suggestions[label]["best_short_run"][1:]
        best = known["best_short_run"] or math.sqrt(low * high)
        candidates = {"best_short_run": best, "best_short_run / 2": best / 2, "best_short_run / 3": best / 3,
                      "its low end": low, "its low end / 1.5": low / 1.5, "its low end / 2": low / 2,
                      "recommended (lowest lr of the grid within noise / 1.5)": known["recommended"],
                      "sqrt(best_short_run * steepest)": math.sqrt(best * known["steepest"]),
                      "steepest": known["steepest"]}
        for rule in ("minimum/10", "keras_lr_finder", "pytorch_lr_finder", "fastai.slide"):
            candidates[rule] = known["rule." + rule]
        least = min(statistics.mean(losses) for losses in curve.values())
        for name, lr in candidates.items():
            regrets[name].append((interpolated(curve, lr) - least, lr / min(curve, key=lambda x: statistics.mean(curve[x]))))
    print("| candidate | mean regret | " + " | ".join(f"{label}: regret (lr / best lr)" for label in OPTIMIZERS) + " |")
    print("|---" * (2 + len(OPTIMIZERS)) + "|")
    for name, found in sorted(regrets.items(), key=lambda item: sum(r for r, _ in item[1])):
        print(f"| {name} | {statistics.mean(r for r, _ in found):.4f} | " +
              " | ".join(f"{r:.4f} ({number(ratio)})" for r, ratio in found) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build/release")
    parser.add_argument("--root", type=pathlib.Path, default=".")
    parser.add_argument("--db", type=pathlib.Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--choose", action="store_true")
    args = parser.parse_args()
    folder = args.build / "bench"
    folder.mkdir(exist_ok=True)
    database = args.db or folder / ("lr_rules_quick.db" if args.quick else "lr_rules.db")
    bench = Bench(args.build / "bin/tuner", database, args.workers, args.quick)
    if args.choose:
        return choose(bench)
    measured, texts = {}, []
    for problem, (_, _, title) in PROBLEMS.items():
        measured[problem], best = measure(bench, problem)
        texts.append(f"**{title}.** {best}\n\n{problem_table(measured[problem])}")
        print(f"{problem}: done", flush=True)
    figures = {"lr_rules_summary": summary_table(measured), "lr_rules": "\n\n".join(texts)}
    if args.quick:
        print("\n\n".join(figures.values()))
    else:
        fill(args.root / "docs/lr-range.md", figures)
        print("docs/lr-range.md has the new tables")


if __name__ == "__main__":
    main()
