#!/usr/bin/python3
"""What it takes to make and to open the page of a large study: 10 parameters, 3 metrics, 20 points of each.

Usage: report.py [--rounds 5] [--trials 100000] TUNER

Prints the medians of the wall seconds and of the processor's with the lowest and highest round, the peak of resident
memory, the size of the page, and, where there is a Chromium, the seconds until it shows the table and the first chart.
The database is made by SQL from one that tuner has made, which takes a minute.
"""
import argparse
import json
import math
import os
import pathlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import browser  # noqa: E402

SWEEP = """
study: large
method: random
trials: 2
objective:
  command: [sh, -c, 'echo 1']
  metrics: {loss: }
  parameters:
    optimizer: {values: [sgd, adam, rmsprop]}
    lr: {min: 1e-5, max: 1.0, scale: log}
    momentum: {min: 0.0, max: 0.99}
    weight_decay: {min: 1e-6, max: 1e-2, scale: log}
    batch_size: {values: [16, 32, 64, 128]}
    layers: {min: 1, max: 8, integer: true}
    width: {min: 16, max: 1024, scale: log, integer: true}
    dropout: {min: 0.0, max: 0.5}
    warmup: {min: 0, max: 100, integer: true}
    activation: {values: [relu, gelu, tanh]}
"""
METRICS, POINTS = ("accuracy", "loss", "val_loss"), 20
BEGIN = 1_764_000_000  # seconds since 1970


def at(milliseconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BEGIN + milliseconds // 1000)) + f".{milliseconds % 1000:03}Z"


def parameters(draw):
    return {"optimizer": draw.choice(["sgd", "adam", "rmsprop"]), "lr": 10 ** draw.uniform(-5, 0),
            "momentum": draw.uniform(0, 0.99), "weight_decay": 10 ** draw.uniform(-6, -2),
            "batch_size": draw.choice([16, 32, 64, 128]), "layers": draw.randint(1, 8),
            "width": int(10 ** draw.uniform(1.21, 3.01)), "dropout": draw.uniform(0, 0.5), "warmup": draw.randint(0, 100),
            "activation": draw.choice(["relu", "gelu", "tanh"])}


def fill(file, trials):
    """Puts so many trials in the place of the two that are there."""
    database, draw = sqlite3.connect(file), random.Random(1)
    [study] = database.execute("SELECT id FROM studies").fetchone()
    columns = [row[1] for row in database.execute("PRAGMA table_info(trials)")]
    first = dict(zip(columns, database.execute(f"SELECT {','.join(columns)} FROM trials").fetchone()))
    for table in ("trials", "ranks", "recent_ranks", "outcome_counts"):
        database.execute(f"DELETE FROM {table}")
    for number in range(trials):
        chosen = parameters(draw)
        value = (math.log10(chosen["lr"]) + 2.5) ** 2 + chosen["dropout"] + draw.gauss(0, 0.2) + 0.3
        outcome = "completed" if draw.random() < 0.93 else draw.choice(["diverged", "failed", "pruned"])
        started = number * 700 + draw.randint(0, 300)
        row = {**first, "number": number, "outcome": outcome, "value": value if outcome in ("completed", "pruned") else None,
               "parameters": json.dumps(chosen), "seed": draw.getrandbits(62), "started_at": at(started),
               "finished_at": at(started + draw.randint(200, 3000)), "steps": POINTS, "wall_seconds": draw.uniform(0.2, 3),
               "error": "exit code 1" if outcome == "failed" else None, "rank_key": value if outcome == "completed" else None}
        database.execute(f"INSERT INTO trials ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})",
                         [row[column] for column in columns])
        if outcome == "completed":
            database.execute("INSERT INTO ranks VALUES (?, ?, ?)", (study, value, number))
        database.executemany("INSERT INTO trial_parameters VALUES (?, ?, ?, ?, ?, ?)", [
            (study, number, name, place, "text" if isinstance(x, str) else "integer" if isinstance(x, int) else "number", x)
            for place, (name, x) in enumerate(chosen.items())])
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", [
            (study, number, metric, step, value + math.exp(-step / 4)) for metric in METRICS for step in range(1, POINTS + 1)])
    database.execute("INSERT INTO outcome_counts SELECT study_id, outcome, count(*) FROM trials GROUP BY 1, 2")
    database.commit()
    database.close()


def make(tuner, folder):
    """Wall seconds, seconds of the processor, peak of resident memory in MB."""
    begin = time.perf_counter()
    program = subprocess.Popen([tuner, "report", "large", "--db", folder / "tuner.db", "-o", folder / "report.html"],
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(program.pid, 0)
    if status != 0:
        raise SystemExit("tuner report failed")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def opened(page, folder):
    """Seconds until the table is there and the first chart is drawn."""
    begin = time.perf_counter()
    page.open((folder / "report.html").as_uri())
    page.wait("figures.some((figure) => figure.chart)")
    return time.perf_counter() - begin


def spread(values):
    return f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("tuner")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sweep.yaml").write_text(SWEEP)
        subprocess.run([args.tuner, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        # In a process of its own: its memory would count as that of the programs that this one starts.
        child = os.fork()
        if child == 0:
            fill(folder / "tuner.db", args.trials)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit("the database could not be filled")
        load = os.getloadavg()[0]
        rounds = [make(args.tuner, folder) for _ in range(args.rounds)]
        print(f"{args.trials} trials, {args.rounds} rounds, load {load:.1f} before and {os.getloadavg()[0]:.1f} after")
        print(f"made    {spread([r[0] for r in rounds])}  processor {spread([r[1] for r in rounds])}  "
              f"memory {max(r[2] for r in rounds):.0f} MB  page {(folder / 'report.html').stat().st_size / 1e6:.1f} MB")
        if not browser.program():
            print("opened  not measured: there is no chromium")
            return
        with browser.Browser() as page:
            print(f"opened  {spread([opened(page, folder) for _ in range(args.rounds)])}")
            if page.complaints:
                raise SystemExit(page.complaints)


main()
