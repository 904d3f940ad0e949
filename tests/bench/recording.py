#!/usr/bin/python3
"""What it costs a study of 20,000 trials on two workers that its view runs_STUDY gets a column for each new parameter.

Usage: recording.py [--rounds 7] [--trials 20000] TUNER

The same random search twice, in turn: an objective of 21 branches, of which one is drawn nearly always; in the one study the
others come up now and then, each with parameters that no trial had before, in the other one never. Prints the seconds of each
round, of the clock and of the processor, and the ratios as medians with the lowest and the highest. `build/release/tests/storage_speed FOLDER views` has what
keeping the view costs where no parameter comes.
"""
import argparse
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time

BRANCHES = 20
SWEEP = """
study: recording
method: random
trials: {trials}
workers: 2
objective:
  one_of: [{branches}]
  probabilities: [{probabilities}]
"""


def sweep(trials, rare):
    branches = [f"{{plugin: paraboloid, as: b{i}, x: {{min: -5, max: 5}}, y: {{min: -5, max: 5}}}}" for i in range(BRANCHES + 1)]
    probabilities = [1 - BRANCHES * rare] + BRANCHES * [rare]
    return SWEEP.format(trials=trials, branches=", ".join(branches), probabilities=", ".join(f"{p:.12f}" for p in probabilities))


def run(tuner, folder, text):
    """Seconds, seconds of the processor (of the workers too), and the columns of the view."""
    (folder / "sweep.yaml").write_text(text)
    for file in folder.glob("tuner.db*"):
        file.unlink()
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([tuner, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with sqlite3.connect(folder / "tuner.db") as database:
        columns = len(database.execute("SELECT * FROM runs_recording LIMIT 1").description)
    database.close()
    return seconds, processor, columns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("tuner")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    ratios, processor = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for _ in range(args.rounds):
            later = run(args.tuner, folder, sweep(args.trials, 1 / args.trials))
            never = run(args.tuner, folder, sweep(args.trials, 1e-9))
            if later[2] <= never[2]:
                raise SystemExit("no new parameter came up")
            ratios.append(later[0] / never[0])
            processor.append(later[1] / never[1])
            print(f"{later[0]:.3f} s, processor {later[1]:.3f} s, with {later[2] - never[2]} parameters that come later; "
                  f"{never[0]:.3f} s, processor {never[1]:.3f} s without")
    for what, values in (("ratio of the seconds", ratios), ("of the processor's", processor)):
        print(f"{what}: median {statistics.median(values):.3f}, {min(values):.3f} to {max(values):.3f}")
    print(f"{args.rounds} rounds of {args.trials} trials, load {load:.1f}")


main()
