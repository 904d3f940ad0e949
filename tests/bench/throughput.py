#!/usr/bin/python3
"""What trials cost: ratios taken in one run, the two sides in turn, round after round, on the same disk.

Usage: throughput.py [--rounds 5] [--trials 10000] [--million] TUNER

Prints, as medians with the lowest and highest round: processes against threads, durability full against normal, ten
reports a trial against none, and how much of the speed of one mlp worker two of them reach together. --million also
runs a study of 1,000,000 trials: the rate at its end against its beginning, resident memory, and the time of queries.
Optuna is compared by against_optuna.py.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

SWEEP = """
study: throughput
method: random
trials: {trials}
workers: 2
isolation: {isolation}
durability: {durability}
objective: {{plugin: paraboloid, x: {{min: -5, max: 5}}, y: {{min: -5, max: 5}}, reports: {reports}}}
"""
MLP = """
study: mlp
method: grid
workers: {workers}
metric: {{name: val_accuracy}}
objective: {{plugin: mlp, hidden: [100], valid_size: 1000}}
optimizer: {{plugin: sgd, lr: {{values: {lrs}}}}}
training: {{epochs: 2, batch_size: 128}}
"""


def seconds(tuner, folder, text, database="tuner.db"):
    (folder / "sweep.yaml").write_text(text)
    (folder / database).unlink(missing_ok=True)
    begin = time.perf_counter()
    subprocess.run([tuner, "--config", folder / "sweep.yaml", "--db", folder / database, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def sweep(trials, isolation="process", durability="normal", reports=0):
    return SWEEP.format(trials=trials, isolation=isolation, durability=durability, reports=reports)


def mlp(workers):
    return MLP.format(workers=workers, lrs=[0.01 + 0.01 * i for i in range(2 * workers)])


def compare(name, rounds, a, b):
    ratios = [a() / b() for _ in range(rounds)]
    print(f"{name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})", flush=True)


def million(tuner, folder):
    (folder / "sweep.yaml").write_text(sweep(1_000_000))
    run = subprocess.Popen([tuner, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"],
                           stdout=subprocess.DEVNULL)
    peak = 0
    while run.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{run.pid}/status").read_text()
            peak = max([peak] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")])
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.2)
    run.wait()
    print(f"1,000,000 trials: resident memory of the coordinator {peak / 1024:.0f} MB")

    def query(sql):
        out = subprocess.run([tuner, "query", sql, "--db", folder / "tuner.db", "--format", "csv"], check=True,
                             capture_output=True, text=True)
        return float(out.stdout.split()[1])

    def spent(first, count):  # days between the ends of two trials, in seconds
        return query(f"SELECT (julianday(max(finished_at)) - julianday(min(finished_at))) * 86400 AS s FROM trials "
                     f"WHERE number BETWEEN {first} AND {first + count}")

    for at in (100_000, 900_000):
        print(f"time per trial at trial {at:,} / at trial 1,000: {spent(at, 20_000) / spent(1_000, 20_000):.2f}")
    for command in (["best", "throughput"], ["trials", "throughput", "--limit", "20"], ["show", "throughput/500000"],
                    ["show", "throughput"], ["studies"]):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run([tuner, *command, "--db", folder / "tuner.db"], check=True, stdout=subprocess.DEVNULL)
            times.append(1000 * (time.perf_counter() - begin))
        print(f"tuner {' '.join(command)}: {statistics.median(times):.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--million", action="store_true")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = pathlib.Path(name)
        run = lambda text: lambda: seconds(args.tuner, folder, text)
        n = args.trials
        compare("time in processes / in threads", args.rounds, run(sweep(n)), run(sweep(n, isolation="thread")))
        compare("time with durability full / normal", args.rounds, run(sweep(n, durability="full")), run(sweep(n)))
        compare("time with 10 reports a trial / none", args.rounds, run(sweep(n, reports=10)), run(sweep(n)))
        compare("samples a second of two mlp workers / of one", args.rounds,
                lambda: 2 * run(mlp(1))(), run(mlp(2)))
        if args.million:
            million(args.tuner, folder)
    print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
