#!/usr/bin/env python3
"""Is any instruction set slower than a narrower one?

Runs bench_optimizers with TUNER_ISA=base, avx2 and avx512f in turn, round after round, and prints for every rule the
time per element with each set as a ratio to the fastest of that round: median (least to greatest) over the rounds. The
widest that the machine has is what tuner takes; its ratio should be 1 but for noise. The order of the sets turns from
round to round, since a machine's speed drifts.

usage: instruction_sets.py BENCH_OPTIMIZERS [--rounds N] [--filter REGEX]
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

SETS = ["base", "avx2", "avx512f"]


def measure(program, isa, pattern):
    """ns per element by name of the benchmark."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            [program, f"--benchmark_filter={pattern}", "--benchmark_repetitions=1", f"--benchmark_out={out.name}",
             "--benchmark_out_format=json"],
            env={**os.environ, "TUNER_ISA": isa}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return {run["name"].split("/repeats")[0]: run["ns/element"] for run in json.load(open(out.name))["benchmarks"]
                if run["run_type"] == "iteration"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filter", default="/(1000|10000000)$")
    given = parser.parse_args()
    with open("/proc/cpuinfo") as cpuinfo:
        flags = next(line for line in cpuinfo if line.startswith("flags")).split()
    sets = [isa for isa in SETS if isa == "base" or isa in flags]
    ratios = {}
    for turn in range(given.rounds):
        order = [sets[(turn + i) % len(sets)] for i in range(len(sets))]
        times = {isa: measure(given.program, isa, given.filter) for isa in order}
        for name in times["base"]:
            least = min(times[isa][name] for isa in sets)
            for isa in sets:
                ratios.setdefault(name, {}).setdefault(isa, []).append(times[isa][name] / least)
    print("| rule / elements | " + " | ".join(sets) + " |")
    print("|---|" + "---|" * len(sets))
    for name, by_set in ratios.items():
        cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in by_set.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
