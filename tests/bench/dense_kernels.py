#!/usr/bin/python3
"""The dense kernels against PyTorch with OpenBLAS, and the matrix rules against an older build.

Usage: dense_kernels.py [--rounds 5] [--before BENCH_OPTIMIZERS] BUILD      needs Debian's python3-torch

BUILD is the build tree, with bench_products and bench_optimizers of -DTUNER_BENCH=ON. Every round measures all in turn, in
processor time and one thread, so that each meets the same machine: the products of networks' layers (the least time of
each), a step of muon on 512 x 512 against five Newton-Schulz steps of PyTorch, and with --before a step of every matrix
rule with an older program. Prints medians of the ratios, with the lowest and the highest.
"""
import argparse
import pathlib
import statistics
import subprocess
import time

from mlp_throughput import blas, spread  # loads OpenBLAS
import torch

RULES = ["muon", "shampoo", "soap"]
COEFFICIENTS = (3.4445, -4.775, 2.0315)


def our_products(build, seconds):
    answer = subprocess.run([build / "tests/bench_products", str(seconds)], check=True, capture_output=True, text=True)
    return [line.split() for line in answer.stdout.splitlines()]


def least_time(call, seconds):
    least, begin = 1e9, time.process_time()
    before = begin
    while before - begin < seconds:
        call()
        now = time.process_time()
        least = min(least, now - before)
        before = now
    return least


def torch_product(line, seconds):
    rows, columns, depth = (int(word) for word in line[1:4])
    a = torch.full((depth, rows), 0.5).t() if line[4][0] == "1" else torch.full((rows, depth), 0.5)
    b = torch.full((columns, depth), 0.25).t() if line[4][1] == "1" else torch.full((depth, columns), 0.25)
    out = torch.empty(rows, columns)
    return 1e6 * least_time(lambda: torch.mm(a, b, out=out), seconds)


def newton_schulz(x):
    a, b, c = COEFFICIENTS
    x = x / x.norm()
    for _ in range(5):
        square = x @ x.t()
        x = a * x + (b * square + c * square @ square) @ x
    return x


def rule_ms(program, rule):
    """A step of 512 x 512, the median of the benchmark's repetitions."""
    answer = subprocess.run([program, f"--benchmark_filter=^{rule}/512x512"], check=True, capture_output=True, text=True)
    row = next(line for line in answer.stdout.splitlines() if line.startswith(f"| {rule} |"))
    return float(row.split("|")[4].split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", help="bench_optimizers of an older build")
    args = parser.parse_args()
    torch.set_num_threads(1)
    peer, matrix = blas(), torch.randn(512, 512)
    ours, theirs = {}, {}
    for _ in range(args.rounds):
        for line in our_products(args.build, 0.2):
            ours.setdefault(line[0], []).append(float(line[5]))
            theirs.setdefault(line[0], []).append(torch_product(line, 0.2))
        for rule in RULES:
            step = rule_ms(args.build / "tests/bench_optimizers", rule)
            if rule == "muon":
                ours.setdefault("muon", []).append(1e3 * step)
                times = [least_time(lambda: newton_schulz(matrix), 0.01) for _ in range(10)]
                theirs.setdefault("muon", []).append(1e6 * statistics.median(times))
            if args.before:
                ours.setdefault(f"{rule}, against before", []).append(1e3 * step)
                theirs.setdefault(f"{rule}, against before", []).append(1e3 * rule_ms(args.before, rule))
    print("| what | tuner, microseconds | other | other / tuner | lowest to highest |")
    print("|---|---|---|---|---|")
    for name, times in ours.items():
        print(f"| {name} | {statistics.median(times):,.0f} | {statistics.median(theirs[name]):,.0f} "
              f"| {spread(theirs[name], times)} |")
    print(f"\nBLAS of PyTorch: {peer}")


if __name__ == "__main__":
    main()
