#!/usr/bin/python3
"""Runs the experiments of configs/experiments, and writes what they show: docs/experiments.md, tuner/recommend/findings.json.

Usage: tests/bench/experiments.py [--build build/release] [--root .] [--only NAME...] [--no-run]

Each takes what the first comment of its sweep says, of 2 cores, which it leaves to others (nice 10); Debian's
dataset-fashion-mnist is needed. Databases are kept in BUILD/experiments: a study that is whole is not run again, and one
that was interrupted goes on. --only runs and writes these alone; --no-run reads what is there. An experiment whose objective
a build without LibTorch lacks is named, and keeps its figures. Figures are the same on every run on one machine;
between instruction sets those of networks differ in their last digits.

In the document the tables and findings of an experiment stand between the lines <!-- NAME --> and <!-- end NAME -->.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import experiment_figures  # noqa: E402
from all import fill, machine  # noqa: E402
from experiment_results import Study  # noqa: E402

# experiment -> what data.py makes
DATA = {"sparse": "sparse", "imbalance": "imbalanced", "inconsistency": "disjoint", "vae": "few"}
NEEDS = {"vae": "torch_vae"}  # experiment -> an objective that not every build has


def runnable(names, tuner):
    """Those whose objectives the build has; says which ones it lacks."""
    kept = []
    for name in names:
        lacks = name in NEEDS and subprocess.run(
            [tuner, "plugins", "show", NEEDS[name]], capture_output=True
        ).returncode
        if lacks:
            print(
                f"{name:16} left out: {tuner} has no objective {NEEDS[name]}, which needs LibTorch (docs/torch.md); "
                "docs/experiments.md and findings.json keep its figures",
                flush=True,
            )
        else:
            kept.append(name)
    return kept


def run(name, tuner, root, folder):
    config = root / "configs/experiments" / f"{name}.yaml"
    if name in DATA:
        subprocess.run([root / "configs/experiments/data.py", DATA[name]], check=True)
    begin = time.monotonic()
    done = subprocess.run(
        ["nice", "-n", "10", tuner, "--config", config, "--db", folder / f"{name}.db", "--quiet"],
        capture_output=True,
        text=True,
    )
    print(
        f"{name:16} {time.monotonic() - begin:5.0f} s  {'done' if done.returncode == 0 else f'exit {done.returncode}'}",
        flush=True,
    )
    if done.returncode != 0:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])


class Studies(dict):
    """By name; one is read when it is asked for."""

    def __init__(self, tuner, root, folder):
        super().__init__()
        self.tuner, self.root, self.folder = tuner, root, folder

    def __missing__(self, name):
        study = Study(name, self.tuner, self.folder / f"{name}.db")
        if name == "inconsistency":
            predictions = self.root / "configs/experiments/data/predictions"
            study.gaps = json.loads(study.ask("gap", name, str(predictions), "--sets", "objective.data_dir", "--json"))
        self[name] = study
        return study


def seeds(study):
    """What the figures of a section come from."""
    [info] = [json.loads(study.ask("show", study.name, "--json"))]
    replicates = 1 + max(row["replicate"] for row in study.rows)
    steps = sum(row["steps"] for row in study.rows)
    return f"`configs/experiments/{study.name}.yaml`: {len(study.rows)} trials, {steps:,} steps, seed {info['seed']}" + (
        f", replicates 0 to {replicates - 1}." if replicates > 1 else "."
    )


def section(source, tables, findings):
    """What stands between the marks of an experiment."""
    lines = [f"- *{finding.verdict}* ({finding.claims}): {finding.text}. `{finding.name}`" for finding in findings]
    return "\n".join([*([source] if source else []), "", "\n\n".join(tables), "", *lines]).strip() + "\n"


def store(path, found):
    """Puts the findings of experiments into the file, in place of their earlier ones."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known.update({name: [finding.as_json() for finding in findings] for name, findings in found.items()})
    names = [*experiment_figures.EXPERIMENTS, "state"]
    path.write_text(json.dumps({name: known[name] for name in names if name in known}, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*experiment_figures.EXPERIMENTS])
    parser.add_argument("--no-run", action="store_true")
    args = parser.parse_args()
    root, tuner, folder = args.root.resolve(), (args.build / "bin/tuner").resolve(), (args.build / "experiments").resolve()
    folder.mkdir(exist_ok=True)
    names = args.only or [*experiment_figures.EXPERIMENTS]
    if not args.no_run:
        names = runnable(names, tuner)
        for name in names:
            run(name, tuner, root, folder)
    studies, sections, found = Studies(tuner, root, folder), {}, {}
    for name in names:
        tables, found[name] = experiment_figures.EXPERIMENTS[name](studies)
        sections[name] = section(seeds(studies[name]), tables, found[name])
    tables, found["state"] = experiment_figures.state((root / "docs/optimizers.md").read_text())
    sections["state"] = section("", tables, found["state"])
    if not args.only:
        sections["comparison"] = section("", *experiment_figures.comparison(studies))
        sections["machine"] = f"Measured on {machine()}.\n"
    store(root / "tuner/recommend/findings.json", found)
    stored = json.loads((root / "tuner/recommend/findings.json").read_text())
    sections["claims"] = section("", *experiment_figures.claims(stored))
    fill(root / "docs/experiments.md", sections)
    for name, findings in found.items():
        for finding in findings:
            print(f"{finding.verdict:26} {finding.name:28} {finding.text}")


if __name__ == "__main__":
    main()
