#!/usr/bin/python3
"""How long the mean and the median over millions of rows of curves take.

Usage: mean_curves.py [--rounds 5] [--trials 100000] [--points 10] [--json] TUNER

Makes a study of so many trials with four metrics, loss among them, of so many points each (3.9 million rows in all), and measures `tuner curve STUDY loss
--mean` and `--median`, over all trials, by optimizer and of a selection: the medians of the wall seconds with the lowest and the
highest round, and the peak of resident memory. The ways take turns. Fails where a mean is not that of the values.
"""
import argparse
import csv
import io
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import tempfile
import time

SWEEP = """
study: curves
method: random
trials: {trials}
objective: {{plugin: quadratic, dim: 2}}
optimizer: {{one_of: [{{plugin: sgd, lr: {{min: 1e-3, max: 0.1, scale: log}}}}, {{plugin: adam, lr: {{min: 1e-3, max: 0.1, scale: log}}}}]}}
training: {{steps: {steps}, log_every: 1, log_weights: true}}
checkpoint: none
isolation: thread
"""
WAYS = {
    "mean": ["--mean"],
    "median": ["--median"],
    "median by optimizer": ["--median", "--by", "optimizer"],
    "mean of half of them": ["--mean", "--where", "optimizer == sgd"],
}


def measured(tuner, folder, words):
    """Wall seconds, peak of resident memory in MB, and the rows."""
    with open(folder / "out.csv", "wb") as output:
        begin = time.perf_counter()
        program = subprocess.Popen([tuner, "curve", "curves", "loss", *words, "--format", "csv", "--db", folder / "tuner.db"],
                                   stdout=output)
        _, status, usage = os.wait4(program.pid, 0)
        elapsed = time.perf_counter() - begin
    if status != 0:
        raise SystemExit(f"tuner curve {' '.join(words)} failed")
    return elapsed, usage.ru_maxrss / 1024, list(csv.DictReader(io.StringIO((folder / "out.csv").read_text())))


def check(folder, rows):
    """The mean at the last step is that of the table."""
    with sqlite3.connect(folder / "tuner.db") as database:
        step, count, mean = database.execute(
            "SELECT step, count(*), avg(value) FROM learning_curves WHERE name = 'loss' AND step = ?",
            (int(rows[-1]["step"]),)).fetchone()
    database.close()
    if int(rows[-1]["n"]) != count or abs(float(rows[-1]["mean"]) - mean) > 1e-9 * abs(mean):
        raise SystemExit(f"the mean at step {step} is {rows[-1]}, and not {mean} of {count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("tuner")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sweep.yaml").write_text(SWEEP.format(trials=args.trials, steps=args.points - 1))
        subprocess.run([args.tuner, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        with sqlite3.connect(folder / "tuner.db") as database:
            [rows] = database.execute("SELECT count(*) FROM metrics").fetchone()
        database.close()
        rounds = [{way: measured(args.tuner, folder, words) for way, words in WAYS.items()} for _ in range(args.rounds)]
        check(folder, rounds[0]["mean"][2])
    result = {way: {"seconds": statistics.median(r[way][0] for r in rounds), "lowest": min(r[way][0] for r in rounds),
                    "highest": max(r[way][0] for r in rounds), "megabytes": max(r[way][1] for r in rounds)} for way in WAYS}
    if args.json:
        print(json.dumps({"trials": args.trials, "rows": rows, "rounds": args.rounds, "ways": result}))
        return
    print(f"{args.trials} trials, {rows} rows of curves, {args.rounds} rounds\n\n| curve of | seconds | MB |\n|---|---|---|")
    for way, figures in result.items():
        print(f"| {way} | {figures['seconds']:.2f} ({figures['lowest']:.2f} to {figures['highest']:.2f}) | {figures['megabytes']:.0f} |")


main()
