"""tuner import wandb: files as W&B's client writes them, made here byte by byte, whole and damaged.

Usage: import_wandb_test.py TUNER
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

TUNER = sys.argv.pop(1)
BLOCK = 32768


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def item(key, value, nested=None):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return (b"".join(field(2, part) for part in nested) if nested else field(1, key)) + field(16, text)


def config(**values):
    return field(5, b"".join(field(1, item(key, value)) for key, value in values.items()))


def history(step, **values):
    return field(2, b"".join(field(1, item(key, value)) for key, value in {**values, "_step": step}.items()) + field(2, field(1, step)))


def summary(**values):
    return field(3, b"".join(field(1, item(key, value)) for key, value in values.items()))


def begin(name, project="demo", start=1_700_000_000, **more):
    parts = field(1, name) + field(3, project) + field(8, f"calm-{name}") + field(17, field(1, start) + field(2, 500_000_000))
    for tag in more.get("tags", ()):
        parts += field(10, tag)
    if "settings" in more:
        parts += field(4, b"".join(field(1, item(key, value)) for key, value in more["settings"].items()))
    return field(17, parts)


def end(code, seconds=0):
    return field(18, field(1, code) + field(2, seconds))


def log(records):
    """The log of LevelDB, with the header of W&B."""
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for number, record in enumerate(records):
        rest, first = field(1, number) + record, True
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                continue
            part, rest = rest[: room - 7], rest[room - 7:]
            kind = bytes([(1 if first else 4) if not rest else (2 if first else 3)])
            out += struct.pack("<IH", zlib.crc32(kind + part), len(part)) + kind + part
            first = False
            if not rest:
                break
    return bytes(out)


class Folder:
    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def run(self, name, records, when="20260101_120000", cut=None, change=None):
        folder = self.path / "wandb" / f"offline-run-{when}-{name}"
        folder.mkdir(parents=True)
        data = bytearray(log(records)[:cut])
        if change is not None:
            data[change] ^= 0xFF
        (folder / f"run-{name}.wandb").write_bytes(data)
        return folder

    def tuner(self, *words, code=0):
        done = subprocess.run([TUNER, *words], cwd=self.path, capture_output=True, text=True)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    def trials(self, study, *words):
        return json.loads(self.tuner("trials", study, "--json", *words).stdout)

    def curve(self, trial, metric):
        lines = self.tuner("curve", trial, metric, "--format", "csv").stdout.splitlines()[1:]
        return [tuple(float(cell) for cell in line.split(",")) for line in lines]


def simple(name, value=0.5, project="demo", start=1_700_000_000):
    return [begin(name, project, start), config(lr=value), history(0, loss=value), summary(loss=value), end(0, 3)]


class Import(unittest.TestCase):
    def test_a_run_is_a_trial(self):
        with Folder() as folder:
            folder.run("a1", [
                begin("a1", tags=["good", "first try"], settings={"lr": 0.1, "layers": [64, 32], "_wandb": {"x": 1}}),
                config(optimizer={"name": "adam", "beta": 0.9}, flag=True, name="x", none=None, odd=[{"a": 1}]),
                field(5, field(1, item("", 0.99, nested=["optimizer", "beta"])) + field(2, item("name", b""))),
                history(0, loss=2.5, val={"acc": 0.1}, text="no number", image={"_type": "image-file", "size": 3}),
                history(5, loss=1.25, _runtime=7.5),
                history(9, loss=b"NaN"),
                history(12, loss=0.75),
                summary(loss=0.75, test_acc=0.8, val={"acc": 0.1}, _runtime=7.5, _wandb={"runtime": 7}),
                field(99, b"what a later version writes"), end(0, 9)])
            told = folder.tuner("import", "wandb", "wandb", "--metric", "loss")
            self.assertEqual(told.stdout, "study 'demo': 1 trials imported, by loss (minimize)\n")
            self.assertEqual(told.stderr, "")
            [trial] = folder.trials("demo")
            self.assertEqual(trial["parameters"], {
                "lr": 0.1, "layers": [64, 32], "optimizer.name": "adam", "optimizer.beta": 0.99, "flag": True, "none": None,
                "odd": '[{"a": 1}]'})
            self.assertEqual((trial["outcome"], trial["value"], trial["steps"], trial["seconds"]), ("completed", 0.75, 12, 9))
            self.assertEqual(trial["started_at"], "2023-11-14T22:13:20.500Z")
            self.assertEqual(trial["finished_at"], "2023-11-14T22:13:29.500Z")
            self.assertEqual([step for step, _ in folder.curve("demo/0", "loss")], [0, 5, 9, 12])
            self.assertEqual(folder.curve("demo/0", "val.acc"), [(0, 0.1)])
            self.assertEqual(folder.curve("demo/0", "test_acc"), [(12, 0.8)])
            shown = json.loads(folder.tuner("show", "demo/0", "--json").stdout)
            self.assertEqual(shown["tags"], ["first-try", "good"])
            self.assertIn("W&B run a1, calm-a1", json.dumps(shown["notes"]))
            self.assertEqual(folder.tuner("fsck").stdout.splitlines()[-1], "whole")

    def test_exits_are_outcomes(self):
        with Folder() as folder:
            for i, (name, records) in enumerate({
                    "ok": simple("ok"), "failed": simple("failed")[:-1] + [end(3)], "killed": simple("killed")[:-1],
                    "nan": [begin("nan"), history(0, loss=b"Infinity"), end(0)],
                    "empty": [begin("empty"), history(0, other=1), end(0)]}.items()):
                folder.run(name, [begin(name, start=1_700_000_000 + i), *records[1:]], when=f"2026010{i + 1}_000000")
            folder.tuner("import", "wandb", ".", "--metric", "loss", "--as", "here")
            trials = folder.trials("here")
            self.assertEqual([trial["outcome"] for trial in trials], ["completed", "failed", "failed", "diverged", "failed"])
            errors = [json.loads(folder.tuner("show", f"here/{n}", "--json").stdout)["error"] for n in range(5)]
            self.assertEqual(errors, [None, "it ended with exit code 3", "its log has no end: it was killed, or it still ran",
                                      "its value is not finite", "it has not measured the study's metric"])

    def test_records_go_over_blocks(self):
        with Folder() as folder:
            rows = [history(i, loss=1 / (i + 1), note="x" * (i % 97)) for i in range(3000)]
            folder.run("long", [begin("long"), config(text="y" * 100_000), *rows, end(0)])
            self.assertEqual(folder.tuner("import", "wandb", "wandb", "--metric", "loss").stderr, "")
            self.assertEqual(folder.curve("demo/0", "loss"), [(i, 1 / (i + 1)) for i in range(3000)])

    def test_what_is_readable_is_read(self):
        records = [begin("cut"), *[history(i, loss=float(i), note="x" * 60) for i in range(2000)], end(0)]
        size = len(log(records))
        with Folder() as folder:
            folder.run("cut", records, cut=size - 2000)
            told = folder.tuner("import", "wandb", "wandb", "--metric", "loss")
            self.assertRegex(told.stderr, r"^warning: wandb/offline-run-\S+/run-cut\.wandb: it ends within a record, near byte \d+; \d+ records were read\n$")
            points = folder.curve("demo/0", "loss")
            self.assertTrue(1900 < len(points) < 2000, len(points))
            self.assertEqual(folder.trials("demo")[0]["outcome"], "failed")
        with Folder() as folder:
            folder.run("cut", records, change=2 * BLOCK + 1000)
            told = folder.tuner("import", "wandb", "wandb", "--metric", "loss")
            self.assertEqual(told.stderr.count("warning: "), 1, told.stderr)
            self.assertIn("what is there is damaged; what comes after its block of 32 KiB is read", told.stderr)
            steps = {step for step, _ in folder.curve("demo/0", "loss")}
            self.assertIn(1999, steps)
            self.assertTrue(1000 < len(steps) < 2000, len(steps))
            self.assertEqual(folder.trials("demo")[0]["outcome"], "completed")
        # Nothing ends the program, wherever a file ends and whatever byte of it changes.
        small = log(simple("s"))
        with Folder() as folder:
            for at in range(7, len(small)):
                for data in (small[:at], small[:at] + bytes([small[at] ^ 0x55]) + small[at + 1:]):
                    (folder.path / "s.wandb").write_bytes(data)
                    done = subprocess.run([TUNER, "import", "wandb", "s.wandb", "--as", f"s{at}-{len(data)}"],
                                          cwd=folder.path, capture_output=True, text=True)
                    self.assertIn(done.returncode, (0, 2), (at, done.stderr))
                    self.assertTrue(len(data) < len(small) or "warning: " in done.stderr, at)

    def test_a_record_that_is_no_message_is_said(self):
        with Folder() as folder:
            records = simple("a")
            folder.run("a", [*records[:2], b"\x0f\xff", field(2, field(1, item("loss", b"{"))), *records[2:]])
            told = folder.tuner("import", "wandb", "wandb")
            self.assertEqual(told.stderr.count("a record cannot be read ("), 2, told.stderr)
            self.assertEqual(folder.trials("demo")[0]["value"], 0.5)

    def test_a_run_that_was_resumed_is_one(self):
        with Folder() as folder:
            folder.run("r", simple("r")[:-1] + [end(1)], when="20260101_000000")
            folder.run("r", [begin("r"), history(7, loss=0.25), summary(loss=0.25), end(0, 4)], when="20260102_000000")
            (folder.path / "wandb" / "latest-run").symlink_to("offline-run-20260102_000000-r")
            folder.tuner("import", "wandb", "wandb")
            [trial] = folder.trials("demo")
            self.assertEqual((trial["outcome"], trial["value"], trial["steps"]), ("completed", 0.25, 7))

    def test_metric_and_goal(self):
        goal = field(12, field(1, "acc") + field(8, 2))
        rows = [history(i, acc=acc, loss=1.0) for i, acc in enumerate((0.1, 0.9, 0.5))]
        with Folder() as folder:
            folder.run("a", [begin("a"), goal, *rows, summary(acc={"max": 0.9}), end(0)])
            told = folder.tuner("import", "wandb", "wandb").stdout
            self.assertEqual(told, "study 'demo': 1 trials imported, by acc (maximize)\n")
            self.assertEqual(folder.trials("demo")[0]["value"], 0.9)
            told = folder.tuner("import", "wandb", "wandb", "--metric", "acc", "--goal", "minimize", "--as", "less").stdout
            self.assertEqual(told, "study 'less': 1 trials imported, by acc (minimize)\n")
            self.assertEqual(folder.trials("less")[0]["value"], 0.5, "the summary has no least value: the last one counts")

    def test_refusals(self):
        def says(folder, code, *words):
            return folder.tuner("import", "wandb", *words, code=code).stderr

        with Folder() as folder:
            self.assertEqual(says(folder, 5, "none"),
                             "error[storage.cannot_open]: none: there is no such folder\n  name the folder in which W&B keeps "
                             "its runs, mostly `wandb`: it has folders offline-run-...\n")
            (folder.path / "empty").mkdir()
            self.assertIn("empty: there is no run of W&B in it", says(folder, 5, "empty"))
            (folder.path / "x.wandb").write_text("something else")
            self.assertIn("error[storage.not_a_database]: x.wandb is no log of W&B\n", says(folder, 5, "x.wandb"))
            folder.run("a", [begin("a"), history(0, loss=1, acc=2), end(0)])
            self.assertIn("the runs have 2 metrics, and none is named\n  say by which one they are ranked, with --metric: acc, loss",
                          says(folder, 2, "wandb"))
            self.assertIn("--metric los: no run has measured it\n  did you mean 'loss'?", says(folder, 2, "wandb", "--metric", "los"))
            self.assertIn("--goal up: there is no such goal\n  minimize or maximize",
                          says(folder, 2, "wandb", "--metric", "loss", "--goal", "up"))
            self.assertIn("a folder of W&B has runs, and no studies to choose from", says(folder, 2, "wandb", "demo"))
            folder.run("b", simple("b", project="other"))
            self.assertIn("wandb has runs of 2 projects, and none is named\n  name one with --project: demo, other",
                          says(folder, 2, "wandb"))
            self.assertIn("--project othr: there is no run of it\n  did you mean 'other'?", says(folder, 2, "wandb", "--project", "othr"))
            self.assertEqual(folder.tuner("import", "wandb", "wandb", "--project", "other").stdout,
                             "study 'other': 1 trials imported, by loss (minimize)\n")
            self.assertIn("there is a study 'other' in tuner.db already", says(folder, 2, "wandb", "--project", "other"))
            folder.run("c", [begin("c", project="still"), end(0)])
            self.assertIn("none of these runs has measured anything", says(folder, 2, "wandb", "--project", "still"))
            self.assertIn("--metric is for runs of W&B", folder.tuner("import", "optuna", "x.db", "--metric", "loss", code=2).stderr)


unittest.main()
