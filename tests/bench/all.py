#!/usr/bin/python3
"""Measures every figure of docs/performance.md, docs/optimizers.md and README.md, and writes them there: about 9 minutes.

Usage: tests/bench/all.py [--build build/release] [--root .] [--quick]

First build: cmake --preset release -DTUNER_BENCH=ON, ninja -C build/release product bench_optimizers bench_step_overhead
Needs Debian's python3-torch, python3-optuna and dataset-fashion-mnist, and a machine that does nothing else. The programs'
outputs are kept in BUILD/bench. --root is the tree whose documents are written; --quick measures hardly anything, to see
that all runs.

In a document a figure stands between the lines <!-- NAME --> and <!-- end NAME -->; what is between them is replaced.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def commands(build, root, quick):
    """name -> command; each prints tables in Markdown or a line with its result."""
    bench = build / "tests/bench_optimizers"
    few = ["--rounds", "1" if quick else "3"]
    return {
        "optimizers": [bench, "--table", root / "docs/optimizers.md", "--benchmark_filter=."]
                      + (["--benchmark_repetitions=1", "--benchmark_min_time=0.001"] if quick
                         else ["--benchmark_repetitions=5"]),
        "step_overhead": [build / "tests/bench_step_overhead"],
        "against_torch": [HERE / "against_torch.py", *few, "--seconds", "0.02" if quick else "0.3", bench],
        "mlp_throughput": [HERE / "mlp_throughput.py", *few, build / "bin/tuner"],
        "dense_kernels": [HERE / "dense_kernels.py", *few, build],
        "against_optuna": [HERE / "against_optuna.py", *few, "--trials", "20" if quick else "200", build / "bin/tuner"],
        "lr_cost": [HERE / "lr_cost.py", "--rounds", "1" if quick else "9", build / "bin/tuner"],
        "throughput": [HERE / "throughput.py", *few, "--trials", "1000" if quick else "10000", build / "bin/tuner"],
    }


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())[1]
    return f"{cpu[1] if cpu else os.uname().machine}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def run(name, command, folder):
    begin = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    (folder / f"{name}.txt").write_text(done.stdout + done.stderr)
    print(f"{name:16} {time.monotonic() - begin:4.0f} s  {'done' if done.returncode == 0 else f'exit {done.returncode}'}",
          flush=True)
    # These two say with 1 that a ratio is above its limit, and print it all the same.
    complete = {"step_overhead": "ratio: median", "lr_cost": "Ramps / plain training"}
    if done.returncode != 0 and not (name in complete and complete[name] in done.stdout):
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def table(output):
    return "\n".join(line for line in output.splitlines() if line.startswith("|"))


def rest(output, *starts):
    """The lines that begin so; Google Benchmark's reporter puts colors before the first."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    return " ".join(line for line in plain.splitlines() if line.startswith(starts))


def cells(output):
    """The rows of a table as lists of texts, without its head."""
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table(output).splitlines()[2:]]


def readme(outputs):
    """The rows of README.md's table."""
    torch = {(name, n): float(ratio) for name, n, _, _, ratio, *_ in cells(outputs["against_torch"])}
    share = {row[0]: row[4] for row in cells(outputs["optimizers"])}
    simple = ("sgd", "momentum", "adam", "adamw", "rmsprop", "lion")
    optuna = re.search(r"ratio: median (\d+), (\d+) to (\d+)", outputs["against_optuna"])
    overhead = re.search(r"ratio: median ([\d.]+), ([\d.]+) to ([\d.]+)", outputs["step_overhead"])
    speed = {row[0]: row for row in cells(outputs["mlp_throughput"])}

    def of_all(n):
        values = [ratio for (_, size), ratio in torch.items() if size == n]
        return f"{min(values):.1f} to {max(values):.0f} times"

    shares = [float(share[name].strip(" |")) for name in simple]
    rows = [
        ("a step of adam on 10^3 float32, one thread, against PyTorch 1.13, foreach on or off",
         f"{torch['adam', '1e+03']:.0f} times as fast; {len(torch) // 2} optimizers: {of_all('1e+03')}",
         "against_torch.py"),
        (f"on 10^7, bytes per second of {', '.join(simple)} against a loop in place over as many arrays",
         f"{min(shares):.2f} to {max(shares):.2f}", "bench_optimizers"),
        ("a step on 2 parameters through ABI and loop, against a hand-written loop",
         f"{overhead[1]} times ({overhead[2]} to {overhead[3]})", "bench_step_overhead"),
        ("training mlp 784-100-10, batches of 128, one thread, against PyTorch 1.13 with OpenBLAS",
         f"sgd {speed['mlp, sgd'][3]} times, adam {speed['mlp, adam'][3]} times as fast", "mlp_throughput.py"),
        ("trials per second against Optuna on SQLite, random search, same disk",
         f"{int(optuna[1]):,} times ({int(optuna[2]):,} to {int(optuna[3]):,})", "against_optuna.py"),
    ]
    return "| what | measured | tests/bench |\n|---|---|---|\n" + "\n".join(f"| {a} | {b} | {c} |" for a, b, c in rows)


def fill(path, figures):
    text = path.read_text()
    for name, figure in figures.items():
        text, found = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", lambda m: f"{m[1]}{figure}\n{m[2]}", text,
                              flags=re.DOTALL)
        if found != 1:
            sys.exit(f"{path} has no place for {name}")
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build/release")
    parser.add_argument("--root", type=pathlib.Path, default=".")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    folder = args.build / "bench"
    folder.mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    print(f"{machine()}, load {load:.1f}")
    outputs = {name: run(name, command, folder) for name, command in commands(args.build, args.root, args.quick).items()}
    where = f"{machine()}. Load of the machine {load:.1f} before and {os.getloadavg()[0]:.1f} after all measurements."
    fill(args.root / "docs/performance.md", {
        "machine": where,
        "optimizers": table(outputs["optimizers"]),
        "against_torch": table(outputs["against_torch"]) + "\n\n" + rest(outputs["against_torch"], "Load", "Below"),
        "step_overhead": rest(outputs["step_overhead"], "ratio") + ".",
        "mlp_throughput": table(outputs["mlp_throughput"]) + "\n\n" + rest(outputs["mlp_throughput"], "Load"),
        "dense_kernels": table(outputs["dense_kernels"]) + "\n\n" + rest(outputs["dense_kernels"], "BLAS"),
        "against_optuna": "```\n" + outputs["against_optuna"].rstrip() + "\n```",
        "lr_cost": table(outputs["lr_cost"]) + "\n\n" + rest(outputs["lr_cost"], "Ramps"),
        "throughput": "```\n" + outputs["throughput"].rstrip() + "\n```",
    })
    fill(args.root / "README.md", {"performance": readme(outputs)})
    print("docs/performance.md, docs/optimizers.md and README.md have the new figures")


if __name__ == "__main__":
    main()
