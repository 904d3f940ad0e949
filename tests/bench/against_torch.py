#!/usr/bin/python3
"""Compares the optimizers that PyTorch has with its own on this machine: ns per element, float32, one thread.

Usage: against_torch.py [--rounds 5] [--seconds 0.3] BENCH_OPTIMIZERS      needs Debian's python3-torch

Every round measures tuner and PyTorch (foreach on and off) in turn within seconds, so that both meet the same machine;
times are processor time, which other programs disturb less. Prints medians over the rounds and the ratio PyTorch /
tuner, the faster foreach each time, with the lowest and the highest one.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch

SIZES = [1000, 10_000_000]
# name of the benchmark -> torch's class and options
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, dict(lr=1e-3)),
    "momentum": (torch.optim.SGD, dict(lr=1e-3, momentum=0.9)),
    "nesterov": (torch.optim.SGD, dict(lr=1e-3, momentum=0.9, nesterov=True)),
    "adagrad": (torch.optim.Adagrad, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adadelta": (torch.optim.Adadelta, {}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "nadam": (torch.optim.NAdam, {}),
    "adamax": (torch.optim.Adamax, {}),
    "radam": (torch.optim.RAdam, {}),
    "rprop": (torch.optim.Rprop, {}),
    "asgd": (torch.optim.ASGD, {}),
}
# Ratios that are to be reached at least: at 10^7 elements; at 10^3 it is 20 for all.
TARGETS = {"sgd": 1.0, "momentum": 1.6, "nesterov": 3, "adagrad": 3, "rmsprop": 3, "adam": 6, "adamw": 6, "nadam": 6,
           "adadelta": 6, "adamax": 6, "radam": 12}
SMALL_TARGET = 20


def torch_ns(name, n, foreach, seconds):
    make, options = OPTIMIZERS[name]
    x = torch.ones(n, requires_grad=True)
    x.grad = 0.01 * torch.sin(torch.arange(n, dtype=torch.float32))
    optimizer = make([x], foreach=foreach, **options)
    for _ in range(3):
        optimizer.step()
    steps, start = 0, time.process_time()
    while True:
        optimizer.step()
        steps += 1
        spent = time.process_time() - start
        if spent >= seconds and steps >= 3:
            return spent / steps / n * 1e9


def tuner_ns(program, name, n, seconds):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        subprocess.run([program, f"--benchmark_filter=^{name}/{n}$", "--benchmark_repetitions=1",
                        f"--benchmark_min_time={seconds}", f"--benchmark_out={out}", "--benchmark_out_format=json"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        runs = json.loads(out.read_text())["benchmarks"]
    if not runs:
        sys.exit(f"{program} does not measure {name}/{n}")
    return runs[0]["ns/element"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load, below = [os.getloadavg()[0]], []
    print(f"| optimizer | n | tuner, ns per element | PyTorch {torch.__version__} | ratio | lowest to highest "
          "| target |")
    print("|---|---|---|---|---|---|---|")
    for name in OPTIMIZERS:
        for n in SIZES:
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(tuner_ns(arguments.program, name, n, arguments.seconds))
                theirs.append(min(torch_ns(name, n, foreach, arguments.seconds / 2) for foreach in (False, True)))
            target = SMALL_TARGET if n == SIZES[0] else TARGETS.get(name)
            ratios = [b / a for a, b in zip(ours, theirs)]
            print(f"| {name} | {n:.0e} | {statistics.median(ours):.3f} | {statistics.median(theirs):.3f} "
                  f"| {statistics.median(ratios):.1f} | {min(ratios):.1f} to {max(ratios):.1f} | {target or '-'} |", flush=True)
            if target and statistics.median(ratios) < target:
                below.append(f"{name} at {n:.0e}")
    load.append(os.getloadavg()[0])
    print(f"\nLoad average of the machine: {load[0]:.1f} before, {load[1]:.1f} after.")
    print(f"Below its target: {', '.join(below) or 'none'}.")


if __name__ == "__main__":
    main()
