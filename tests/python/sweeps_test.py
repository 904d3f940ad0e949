"""Sweep files of W&B in the shapes that public repositories have, run offline with stand-in programs: every trial completes,
the program gets what W&B's agent would give it, and what `tuner convert` prints gives the same trials.

usage: sweeps_test.py TUNER
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TUNER = os.path.abspath(sys.argv.pop(1))

# Notes its arguments and environment, and logs a metric that follows from its configuration.
PROGRAM = """
import json, os, sys, wandb
run = wandb.init(project="p", config={"own": 1})
with open("calls.jsonl", "a") as calls:
    calls.write(json.dumps({
        "trial": int(os.environ["TUNER_TRIAL"]), "arguments": [a.rpartition("/")[2] if a.startswith("/") else a for a in sys.argv[1:]], "config": dict(wandb.config),
        "file": open(os.environ["WANDB_SWEEP_PARAM_PATH"]).read(), "sweep": os.environ["WANDB_SWEEP_ID"],
        "read": open(sys.argv[2]).read() if sys.argv[1:2] == ["--file_path"] else ""}) + "\\n")
for step in range(3):
    wandb.log({METRIC: (step + 1) * (1 + len(str(sorted(wandb.config.items()))) % 7) / 10})
"""
SHELL = 'echo "$@" >> calls.txt; echo "{\\"step\\": 1, \\"seconds\\": $2}"\n'


class Sweep:
    """One file, as it is and as it is converted."""

    def __init__(self, name, program, metric):
        self.folder = tempfile.TemporaryDirectory()
        self.name = name
        path = os.path.join(self.folder.name, program)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(SHELL if program.endswith(".sh") else PROGRAM.replace("METRIC", repr(metric)))
        with open(os.path.join(HERE, "sweeps", name + ".yaml")) as file:
            self.text = file.read()
        self.write("wandb.yaml", self.text)

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.folder.name, name)) as file:
            return file.read()

    def tuner(self, *words):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TUNER_", "WANDB_"))}
        done = subprocess.run(
            [TUNER, *words], cwd=self.folder.name, env=environment, capture_output=True, encoding="utf-8", timeout=300
        )
        if done.returncode != 0:
            raise AssertionError("%s: exit code %d\n%s%s" % (words, done.returncode, done.stdout, done.stderr))
        return done

    def run(self, file, database):
        """The trials in order: number, parameters, value."""
        said = self.tuner("--config", file, "--set", "study=s", "--db", database, "--quiet").stderr
        rows = self.tuner(
            "query", "SELECT number, outcome, parameters, value FROM runs ORDER BY number", "--db", database, "--format",
            "json",
        ).stdout
        return said, json.loads(rows)

    def both(self):
        """Runs it, runs what it is converted to, and returns the trials and calls, which are the same."""
        said, trials = self.run("wandb.yaml", "wandb.db")
        calls = self.calls()
        self.write("tuner.yaml", self.tuner("convert", "wandb.yaml").stdout)
        silent, again = self.run("tuner.yaml", "tuner.db")
        # Where a target ends the sweep, one more trial may have begun by then.
        count = min(len(trials), len(again))
        if abs(len(again) - len(trials)) > (1 if "target:" in self.text else 0) or again[:count] != trials[:count]:
            raise AssertionError("other trials after conversion:\n%s\n%s" % (trials, again))
        if silent:
            raise AssertionError("the converted file warns: " + silent)
        if self.calls()[:count] != calls[:count]:
            raise AssertionError("other calls after conversion")
        self.folder.cleanup()
        return said, trials, calls

    def calls(self):
        name = "calls.txt" if os.path.exists(os.path.join(self.folder.name, "calls.txt")) else "calls.jsonl"
        lines = self.read(name).splitlines()
        os.remove(os.path.join(self.folder.name, name))
        return lines if name == "calls.txt" else [json.loads(line) for line in lines]


class Sweeps(unittest.TestCase):
    def sweep(self, name, program, metric, count):
        said, trials, calls = Sweep(name, program, metric).both()
        self.assertEqual([trial["outcome"] for trial in trials], ["completed"] * count)
        return said, [json.loads(t["parameters"]) if isinstance(t["parameters"], str) else t["parameters"] for t in trials], calls

    def test_documentation(self):
        said, trials, calls = self.sweep("documentation", "train.py", "loss", 3)
        for trial, call in zip(trials, calls):
            self.assertEqual(trial["batch"] % 8, 0)
            self.assertTrue(32 <= trial["batch"] <= 256 and isinstance(trial["batch"], int))
            self.assertEqual(
                call["arguments"],
                ["--batch=%d" % trial["batch"], "--drop=%r" % trial["drop"], "--epochs=1", "--width=%d" % trial["width"],
                 "--rate=%r" % trial["rate"], "--optimizer=" + trial["optimizer"]],
            )
            self.assertEqual(call["config"]["own"], 1)
            self.assertEqual(call["config"]["rate"], trial["rate"])
        self.assertEqual(said, "")

    def test_fixed_arguments(self):
        _, trials, calls = self.sweep("fixed_arguments", "training/run.py", "train/loss", 3)
        self.assertEqual(calls[0]["arguments"][:4], ["--wandb", "--overfit_batches", "1", "--gpus=1"])
        self.assertTrue(all(1e-5 <= trial["lr"] <= 0.1 for trial in trials))

    def test_hydra(self):
        said, trials, calls = self.sweep("hydra", "src/main.py", "val/acc_best", 4)
        self.assertEqual(
            calls[1]["arguments"], ["experiment=cnn", "model.lr=0.1", "model.net.dropout=0.25", "trainer.max_epochs=3"]
        )
        self.assertEqual(said.count("ignored, as nothing leaves this machine: project, entity"), 1)

    def test_boolean_flags(self):
        _, trials, calls = self.sweep("boolean_flags", "train_views.py", "psnr", 4)
        self.assertEqual(
            [("--augment" in call["arguments"]) for call in calls], [trial["augment"] for trial in trials]
        )
        self.assertIn("--camera_offset=0", calls[0]["arguments"])

    def test_nested(self):
        said, trials, calls = self.sweep("nested", "experiments/training.py", "val_loss", 3)
        for trial, call in zip(trials, calls):
            optimizer = {"lr": trial["optimizer.lr"], "momentum": trial["optimizer.momentum"]}
            self.assertEqual(call["config"]["optimizer"], optimizer)
            self.assertEqual(call["config"]["model"], {"kind": "mlp", "sizes": [8, 8]})
            self.assertIn("--optimizer=%s" % optimizer, call["arguments"])
            self.assertIn("--model={'kind': 'mlp', 'sizes': [8, 8]}", call["arguments"])
        self.assertEqual(calls[0]["sweep"], "s")

    def test_json_file(self):
        _, trials, calls = self.sweep("json_file", "scripts/launch_run.py", "train_loss", 3)
        for trial, call in zip(trials, calls):
            self.assertEqual(json.loads(call["read"]), trial)
            self.assertTrue(call["file"].startswith("wandb_version: 1\n"))
            self.assertIn('"heads":\n  "value": %d\n' % trial["heads"], call["file"])

    def test_exponents(self):
        said, trials, calls = self.sweep("exponents", "allennlp_train.py", "best_validation_accuracy", 3)
        self.assertTrue(all(0.00091 < trial["trainer.optimizer.lr"] <= 1 for trial in trials))
        self.assertIn("it goes from 0.000911882 to 1", said)
        self.assertIn("--model.bidirectional=true", calls[0]["arguments"])
        self.assertTrue(all(trial["model.hidden_size"] == int(trial["model.hidden_size"]) for trial in trials))

    def test_reinforcement(self):
        said, trials, calls = Sweep("reinforcement", "ppo.py", "eval/mean_return").both()
        self.assertLess(len(trials), 40, "the target has ended it")
        self.assertGreaterEqual(max(trial["value"] for trial in trials), 1.5)
        self.assertIn("integers from 1 to 3", said)
        self.assertIn(calls[0]["arguments"][3], ("--anneal=True", "--anneal=False"))

    def test_config_only(self):
        _, trials, calls = self.sweep("config_only", "train.py", "val_acc", 4)
        for trial, call in zip(trials, calls):
            self.assertEqual(call["arguments"], [])
            self.assertEqual({key: call["config"][key] for key in trial}, trial)

    def test_shell(self):
        said, trials, calls = self.sweep("shell", "run.sh", "seconds", 6)
        self.assertEqual(calls[-1], "--threads 3 --level small")
        self.assertIn("the grid has max, 3, too; W&B leaves it out", said)


if __name__ == "__main__":
    unittest.main()
