#!/usr/bin/python3
"""What it takes to list all trials of a large study, as text, JSON and CSV.

Usage: listing.py [--rounds 5] [--trials 100000] TUNER

Prints for each way the medians of the wall seconds and of the processor's with the lowest and highest round, the peak of
resident memory and the size of the output, which goes to a file. The ways take turns. Fails where the JSON is not valid or not complete.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

SWEEP = """
study: listing
method: random
trials: {trials}
objective: {{plugin: paraboloid, x: {{min: -5, max: 5}}, y: {{min: -5, max: 5}}}}
"""


def listing(tuner, folder, how):
    """Wall seconds, seconds of the processor, peak of resident memory in MB, and the size of the output in MB."""
    with open(folder / how, "wb") as output:
        begin = time.perf_counter()
        program = subprocess.Popen([tuner, "trials", "listing", "--limit", "0", "--format", how, "--db",
                                    folder / "tuner.db"], stdout=output)
        _, status, usage = os.wait4(program.pid, 0)
        elapsed = time.perf_counter() - begin
    if status != 0:
        raise SystemExit(f"tuner trials --format {how} failed")
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, (folder / how).stat().st_size / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("tuner")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sweep.yaml").write_text(SWEEP.format(trials=args.trials))
        subprocess.run([args.tuner, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        rounds = [{how: listing(args.tuner, folder, how) for how in ("table", "json", "csv")} for _ in range(args.rounds)]
        after = os.getloadavg()[0]
        # At the end: the memory of this process would count as that of those that it starts.
        if len(json.loads((folder / "json").read_bytes())) != args.trials:
            raise SystemExit("the JSON has not all trials")
    print(f"{args.trials} trials, {args.rounds} rounds, load {load:.1f} before and {after:.1f} after")
    for how in rounds[0]:
        times, processor = [r[how][0] for r in rounds], [r[how][1] for r in rounds]
        print(f"{how:5}  {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})  "
              f"processor {statistics.median(processor):.2f} s ({min(processor):.2f} to {max(processor):.2f})  "
              f"{max(r[how][2] for r in rounds):3.0f} MB  output {rounds[0][how][3]:.0f} MB")


if __name__ == "__main__":
    main()
