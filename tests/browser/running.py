"""What the tests of this folder share: studies to look at, and the skip where there is no browser."""
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import browser

if not browser.program():
    print("skipped: there is no chromium; tests/browser/setup installs it, and so does scripts/test --full")
    sys.exit(77)

TUNER = sys.argv[1]

SMALL = """
study: small
method: random
trials: 120
objective: {plugin: quadratic, dim: 4, condition: 10}
optimizer:
  one_of:
    - {plugin: sgd, lr: {min: 1e-6, max: 1, scale: log}, momentum: {min: 0.0, max: 0.99}}
    - {plugin: adam, lr: {min: 1e-5, max: 1, scale: log}, beta1: {min: 0.8, max: 0.99}}
    - rmsprop
training: {steps: 100, log_every: 5}
metric: {name: loss, goal: minimize}
"""
REPEATED = """
study: repeated
method: random
trials: 30
repeats: 5
objective: {plugin: noisy_quadratic, dim: 4}
optimizer: {plugin: sgd, lr: {min: 1e-4, max: 0.3, scale: log}}
training: {steps: 50, log_every: 5}
metric: {name: loss}
"""
SEVERAL = """
study: two
method: random
trials: 40
metric: [{name: a, goal: minimize}, {name: b, goal: maximize}, {name: c, goal: minimize}]
objective:
  command: [awk, 'BEGIN { print "a=" ${x} " b=" (1 - (${x} - 0.5) ^ 2) " c=" ${y} }']
  parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}
  metrics: {a: {pattern: 'a=(\\S+)'}, b: {pattern: 'b=(\\S+)'}, c: {pattern: 'c=(\\S+)'}}
"""
PRUNED = """
study: pruned
method: tpe
trials: 40
pruner: {name: median, warmup: 10}
objective: {plugin: quadratic, dim: 4, condition: 10}
optimizer: {plugin: adam, lr: {min: 1e-4, max: 1.0, scale: log}}
training: {steps: 60, log_every: 10}
metric: {name: loss}
"""
RANGE = """
study: range
method: lr_range
objective: {plugin: quadratic, dim: 4}
optimizer: sgd
training: {steps: 30}
lr_range: {seeds: 2, stability: none, probe: none}
"""
PATHS = """
study: paths
method: grid
objective: rosenbrock
optimizer:
  one_of:
    - {plugin: sgd, lr: {values: [1e-3, 5e-4]}, momentum: {values: [0, 0.9]}}
    - {plugin: adam, lr: {values: [0.05, 0.2]}}
    - {plugin: rmsprop, lr: {values: [0.01]}}
training: {steps: 400, log_every: 4, log_weights: true}
"""
# Of every kind of value, and names that look alike.
ODD = """
study: odd
method: random
trials: 150
objective:
  command: [sh, -c, 'echo "{\\"loss\\": $0}"', "${x}"]
  metrics: {loss: }
  parameters:
    x: {min: -1.0, max: 1.0}
    a.x: {values: [1, 2.5, "2.5", null, true, "text", "Straße", "z😀", "z￿"]}
    b.x: {values: [0.30000000000000004, 1.0e-7, 123456789, 1.0e+21]}
    big: {values: [9007199254740993, 12345678, 7]}
    list: {values: [[1, 2], [1, "two"], [0.1]]}
"""


class Folder:
    """An empty folder with studies in it."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def tuner(self, *words, may_fail=False):
        """What it prints; with may_fail its exit code and what it says too."""
        done = subprocess.run([TUNER, *words], cwd=self.path, capture_output=True, text=True)
        if may_fail:
            return done
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def sweep(self, text, *words):
        (self.path / "sweep.yaml").write_text(text)
        self.tuner("--config", "sweep.yaml", "--quiet", *words)

    def sql(self, statement, *values):
        with sqlite3.connect(self.path / "tuner.db") as database:
            database.execute(statement, values)
        database.close()

    def report(self, *studies, file="report.html"):
        """The page's address."""
        self.tuner("report", *studies, "-o", file)
        return (self.path / file).as_uri()
