#!/usr/bin/env python3
"""mutate.py BUILD [--seed N] [--each N] [--only ID,...] [--jobs N]: how many mutations of built-in plugins the checker finds.

A mutation is one change of one line of a plugin's source: a sign, a factor, an index, a term that is missing, an element
that is skipped. Each is built as a library of its own, run in a small sweep to see whether it changes any result, and given
to `tuner plugins check --seed N`. Survivors, which change results and pass, are printed with their line.

Exit code 1 where fewer than 95 % of all are found. That a factor is wrong, a plugin's worked examples say alone.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = ("-std=c++20 -O1 -fPIC -fvisibility=hidden -fno-gnu-unique -fno-math-errno -fno-trapping-math "
         "-ffp-contract=off -w").split()

# id: kind, files whose lines are changed (the first one is compiled), option sets of the sweep that shows an effect
PLUGINS = {
    "rosenbrock": ("objective", ["rosenbrock.cpp"], ["", "dim: 4"]),
    "beale": ("objective", ["beale.cpp"], [""]),
    "himmelblau": ("objective", ["himmelblau.cpp"], [""]),
    "quadratic": ("objective", ["quadratic.cpp", "quadratic_form.cpp"], ["", "dim: 6"]),
    "noisy_quadratic": ("objective", ["noisy_quadratic.cpp", "quadratic_form.cpp"], ["", "dim: 6"]),
    "sgd": ("optimizer", ["sgd.cpp"], ["", "momentum: 0.9", "momentum: 0.9, nesterov: true", "weight_decay: 0.1",
                                       "momentum: 0.9, dampening: 0.5, velocity: inside"]),
    "adam": ("optimizer", ["adam.cpp", "adam_rule.hpp"], ["", "amsgrad: true", "weight_decay: 0.1", "eps_mode: hat",
                                                          "bias_correction: false"]),
    "adagrad": ("optimizer", ["adagrad.cpp"], ["", "lr_decay: 0.1", "weight_decay: 0.1", "eps_place: inside"]),
    "lion": ("optimizer", ["lion.cpp"], ["", "weight_decay: 0.1"]),
    "rmsprop": ("optimizer", ["rmsprop.cpp"], ["", "centered: true", "momentum: 0.9", "weight_decay: 0.1"]),
}

# What they are linked with beside, unchanged.
LINKED = {plugin: ["data/number_table.cpp", "data/file.cpp"] for plugin in ("quadratic", "noisy_quadratic")}

# What a line of arithmetic may lose or change. Each: kind, pattern, replacement.
OPERATORS = [
    ("sign", r" \+ ", " - "),
    ("sign", r" - ", " + "),
    ("sign", r" \+= ", " -= "),
    ("sign", r" -= ", " += "),
    ("factor", r" \* ", " * 1.25 * "),
    ("factor", r"\b2 \* ", "3 * "),
    ("factor", r"\b(\d+) \* ", r"(\g<1> + 1) * "),
    ("index", r"\[i\]", "[0]"),
    ("index", r"\[i \+ 1\]", "[i]"),
    ("index", r"\bp\[0\]", "p[1]"),
    ("index", r"\bg\[1\]", "g[0]"),
    ("term", r" [-+] [\w\[\]]+( \* [\w\[\]]+)*;", ";"),
    ("term", r"\(g \+ decay \* x\)", "(g)"),
    ("skipped", r"std::size_t i = 0; i <", "std::size_t i = 1; i <"),
    ("skipped", r"t\.update\(", "if (t.size() != 5) t.update("),
    ("skipped", r"t\.update\(", "if (t.info().rank != 1) t.update("),
]


def arithmetic_lines(text):
    """Numbers of the lines in functions: not those of metadata, comments, checks and includes."""
    lines, inside = [], False
    for number, line in enumerate(text.split("\n")):
        code = line.split("//")[0]
        if re.search(r"static constexpr|tuner::(real|integer|boolean|choice|text)\(|enum |#include|throw |Invalid|check", code):
            continue
        inside = inside or re.search(r"\b(value|gradient|evaluate|hvp|product|step|descend|change|advance|divided|divide|"
                                     r"update|apply|multiply|loss)\w*\(", code) is not None
        if inside and '"' not in code and ("=" in code or "return" in code or "for" in code or "update" in code):
            lines.append(number)
    return lines


def mutations_of(plugin):
    folder = ROOT / "plugins" / (PLUGINS[plugin][0] + "s")
    found = []
    for name in PLUGINS[plugin][1]:
        text = (folder / name).read_text()
        lines = text.split("\n")
        for number in arithmetic_lines(text):
            for kind, pattern, replacement in OPERATORS:
                for match in re.finditer(pattern, lines[number].split("//")[0]):
                    changed = lines[number][:match.start()] + match.expand(replacement) + lines[number][match.end():]
                    found.append({"plugin": plugin, "file": name, "line": number, "kind": kind, "text": changed})
    return found


class Workshop:
    def __init__(self, build, seed):
        self.tuner, self.seed = build / "bin" / "tuner", seed
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tuner-mutations-"))
        self.includes = [f"-I{ROOT}/core/abi/include", f"-I{ROOT}/core/sdk/include", "-isystem", "/usr/include/eigen3",
                         "-DEIGEN_DONT_PARALLELIZE"]

    def build(self, name, plugin, mutation=None):
        """The library, or None where it does not compile. Its id is 'mutant', since the plugin's own is built in."""
        kind, files, _ = PLUGINS[plugin]
        place = self.folder / name
        shutil.copytree(ROOT / "plugins" / (kind + "s"), place)
        if mutation:
            source = place / mutation["file"]
            lines = source.read_text().split("\n")
            lines[mutation["line"]] = mutation["text"]
            source.write_text("\n".join(lines))
        main = place / files[0]
        main.write_text(main.read_text().replace(f'.id = "{plugin}"', '.id = "mutant"', 1))
        sources = [str(place / files[0])]
        for other in [f for f in files[1:] if f.endswith(".cpp")] + LINKED.get(plugin, []):
            sources.append(self.compiled(place, other, mutation))
        library = place / "mutant.so"
        command = ["g++", *FLAGS, "-shared", *self.includes, f"-I{place}", *sources, "-o", str(library),
                   "-Wl,-z,defs", f"-Wl,--version-script={ROOT}/core/sdk/cmake/plugin_exports.map"]
        done = subprocess.run(command, capture_output=True)
        return library if done.returncode == 0 else None

    def compiled(self, place, source, mutation):
        """An object of a further source: made once, and anew where it is the one with the mutation."""
        name = source.replace("/", "_") + ".o"
        target = place / name if mutation and mutation["file"] == source else self.folder / name
        if not target.exists():
            subprocess.run(["g++", *FLAGS, *self.includes, f"-I{place}", "-c", str(place / source), "-o", str(target)],
                           capture_output=True)
        return str(target)

    def results(self, library, plugin):
        """Everything that a small sweep measures with the plugin, as text."""
        kind, _, options = PLUGINS[plugin]
        branches = ", ".join(f"{{plugin: mutant, as: m{i}{', ' + o if o else ''}}}" for i, o in enumerate(options))
        place = library.parent
        objective, optimizer = f"one_of: [{branches}]", "one_of: [adam, newton_cg]"
        if kind == "optimizer":
            objective, optimizer = "one_of: [rosenbrock, {plugin: noisy_quadratic, dim: 6}]", objective
        config = (f"study: s\nmethod: grid\nmetric: {{name: loss, goal: minimize}}\nobjective: {{{objective}}}\n"
                  f"optimizer: {{{optimizer}}}\ntraining: {{steps: 6, log_every: 1, common_random_numbers: true}}\n")
        (place / "sweep.yaml").write_text(config)
        database = place / "s.db"
        base = [str(self.tuner), "--config", str(place / "sweep.yaml"), "--plugin", str(library), "--db", str(database),
                "--quiet"]
        run = subprocess.run(base, capture_output=True, text=True)
        query = subprocess.run([str(self.tuner), "query", "SELECT number, step, name, value FROM metrics ORDER BY 1, 2, 3",
                                "--db", str(database), "--format", "csv"], capture_output=True, text=True)
        return query.stdout if query.returncode == 0 else run.stderr

    def findings(self, library):
        done = subprocess.run([str(self.tuner), "plugins", "check", str(library), "--seed", str(self.seed), "--json"],
                              capture_output=True, text=True)
        checks = json.loads(done.stdout)["checks"]
        return [c["check"] for c in checks if c["verdict"] == "failed"]

    def judge(self, index, mutation, expected):
        name = f"{mutation['plugin']}_{index}"
        library = self.build(name, mutation["plugin"], mutation)
        verdict = {**mutation, "verdict": "does not compile"}
        if library:
            verdict["verdict"] = "no effect"
            if self.results(library, mutation["plugin"]) != expected[mutation["plugin"]]:
                verdict["found"] = self.findings(library)
                verdict["verdict"] = "found" if verdict["found"] else "survived"
        shutil.rmtree(self.folder / name, ignore_errors=True)
        print(f"{name} {verdict['kind']}: {verdict['verdict']} {', '.join(verdict.get('found', []))}", file=sys.stderr)
        return verdict


def share(verdicts):
    found = sum(v["verdict"] == "found" for v in verdicts)
    return found, len(verdicts), 100 * found / max(1, len(verdicts))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--each", type=int, default=16, help="mutations of each plugin")
    parser.add_argument("--only", default=",".join(PLUGINS))
    parser.add_argument("--jobs", type=int, default=2)
    settings = parser.parse_args()
    chooser = random.Random(settings.seed)
    plugins = settings.only.split(",")
    workshop = Workshop(settings.build.resolve(), settings.seed)
    try:
        expected, chosen = {}, []
        for plugin in plugins:
            original = workshop.build(plugin, plugin)
            if original is None:
                sys.exit(f"the source of {plugin} does not compile")
            expected[plugin] = workshop.results(original, plugin)
            if workshop.findings(original):
                sys.exit(f"the checker refuses {plugin} as it is: {workshop.findings(original)}")
            found = mutations_of(plugin)
            chosen += chooser.sample(found, min(settings.each, len(found)))
        with concurrent.futures.ThreadPoolExecutor(settings.jobs) as pool:
            verdicts = list(pool.map(lambda item: workshop.judge(*item, expected), enumerate(chosen)))
    finally:
        shutil.rmtree(workshop.folder, ignore_errors=True)
    judged = [v for v in verdicts if v["verdict"] in ("found", "survived")]
    for verdict in judged:
        if verdict["verdict"] == "survived":
            print(f"survived: {verdict['plugin']}: {verdict['kind']}: {verdict['file']}:{verdict['line'] + 1}: "
                  f"{verdict['text'].strip()}")
    for plugin in plugins:
        print("%-16s %3d of %3d found (%.0f %%)" % (plugin, *share([v for v in judged if v["plugin"] == plugin])))
    groups = {"objectives": [v for v in judged if PLUGINS[v["plugin"]][0] == "objective"]}
    optimizers = [v for v in judged if PLUGINS[v["plugin"]][0] == "optimizer"]
    groups["optimizers: signs, indices, skipped elements"] = [v for v in optimizers if v["kind"] not in ("factor", "term")]
    groups["optimizers: factors, missing terms"] = [v for v in optimizers if v["kind"] in ("factor", "term")]
    groups["all"] = judged
    for name, verdicts_of_group in groups.items():
        print("%s: %d of %d found (%.1f %%)" % (name, *share(verdicts_of_group)))
    print(f"{len(chosen) - len(judged)} of {len(chosen)} mutations do not compile or have no effect")
    return 1 if share(judged)[2] < 95 else 0


if __name__ == "__main__":
    sys.exit(main())
