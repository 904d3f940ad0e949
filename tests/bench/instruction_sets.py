#!/usr/bin/env python3
"""Is any instruction set slower than a narrower one?

Runs bench_optimizers with TUNER_ISA=base, avx2 and avx512f in turn, round after round, and prints for every rule the
time per element with each set, and with the program's own choice, as a ratio to the least of the sets in that round:
median (least to greatest) over the rounds. The choice should be as fast as the best set: 1 but for noise.

usage: instruction_sets.py BENCH_OPTIMIZERS [--rounds N] [--filter REGEX]
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

SETS = ["base", "avx2", "avx512f", "choice"]


def measure(program, isa, pattern):
    """ns per element by name of the benchmark."""
    environment = {name: value for name, value in os.environ.items() if name != "TUNER_ISA"}
    if isa != "choice":
        environment["TUNER_ISA"] = isa
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            [program, f"--benchmark_filter={pattern}", "--benchmark_repetitions=1", f"--benchmark_out={out.name}",
             "--benchmark_out_format=json"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
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
    sets = [isa for isa in SETS if isa in ("base", "choice") or isa in flags]
    ratios = {}
    for _ in range(given.rounds):
        times = {isa: measure(given.program, isa, given.filter) for isa in sets}
        for name in times["base"]:
            least = min(times[isa][name] for isa in sets if isa != "choice")
            for isa in sets:
                ratios.setdefault(name, {}).setdefault(isa, []).append(times[isa][name] / least)
    print("| rule / elements | " + " | ".join(sets) + " |")
    print("|---|" + "---|" * len(sets))
    for name, by_set in ratios.items():
        cells = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in by_set.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
