"""tests/bench/experiments.py: statistics, verdicts, and that tables and findings come into document and file as they are."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))
import experiment_figures  # noqa: E402
import experiments  # noqa: E402
from all import fill  # noqa: E402
from experiment_findings import MEASURED  # noqa: E402
from experiment_results import FAILS, HOLDS, NOISE, Mean, Study, paired, quantile, rank_correlation, verdict  # noqa: E402


def trial(number, parameters, value, outcome="completed"):
    return {
        "trial": number,
        "parameters": parameters,
        "value": value,
        "outcome": outcome,
        "steps": 10,
        "replicate": number % 2,
    }


# Two seeds of three optimizers at two learning rates; nesterov's larger one diverges.
VALUES = {
    "nesterov": {0.1: (0.5, 0.6), 0.3: (0.4, None)},
    "adagrad": {0.1: (0.7, 0.75), 0.3: (0.8, 0.9)},
    "adam": {0.1: (0.3, 0.42), 0.3: (0.9, 0.9)},
}


def small():
    rows = []
    for name, rates in VALUES.items():
        for rate, values in rates.items():
            for value in values:
                rows.append(
                    trial(
                        len(rows),
                        {"optimizer": name, f"optimizer.{name}.lr": rate},
                        value,
                        "diverged" if value is None else "completed",
                    )
                )
    return Study("logreg", rows=rows)


class Statistics(unittest.TestCase):
    def test_student(self):  # from tables
        for degrees, expected in ((1, 12.7062), (4, 2.77645), (7, 2.36462), (30, 2.04227)):
            self.assertAlmostEqual(quantile(degrees), expected, places=4)

    def test_mean(self):  # deviation 1, so 4.30265 / sqrt(3)
        mean = Mean([1, 2, 3])
        self.assertAlmostEqual(mean.reach, 2.48414, places=4)
        self.assertEqual(mean.text(2), "2.00 ± 2.48")
        self.assertEqual(Mean([5]).text(1), "5.0 ± 0.0")

    def test_verdict(self):
        self.assertEqual(verdict(paired([1.0, 1.1, 1.2], [2, 2, 2.1]), -1), HOLDS)
        self.assertEqual(verdict(paired([1.0, 1.1, 1.2], [2, 2, 2.1]), +1), FAILS)
        self.assertEqual(verdict(paired([1.0, 3.0, 2.0], [2, 2, 2]), -1), NOISE)

    def test_rank_correlation(self):
        self.assertEqual(rank_correlation([1, 2, 3, 4], [1, 4, 9, 16]), (1, 1, 1))
        # Ties share their places. By hand: 1 - 6 sum d^2 / (n (n^2 - 1)) = 1 - 6 * 4 / 120.
        r, low, high = rank_correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
        self.assertAlmostEqual(r, 0.8)
        self.assertTrue(low < 0.8 < high)

    def test_best_leaves_out_what_diverges(self):
        self.assertEqual(small().best(optimizer="nesterov")[0]["lr"], 0.1)


class Writing(unittest.TestCase):
    def test_document_and_file(self):
        tables, findings = experiment_figures.logreg({"logreg": small()})
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "page.md").write_text("# Page\n<!-- logreg -->\nold\n<!-- end logreg -->\nrest\n")
            (folder / "findings.json").write_text('{"logreg": [], "sparse": [{"id": "kept"}]}')
            fill(folder / "page.md", {"logreg": experiments.section("Source.", tables, findings)})
            experiments.store(folder / "findings.json", {"logreg": findings})
            page = (folder / "page.md").read_text()
            stored = json.loads((folder / "findings.json").read_text())
        # Of two seeds with differences -0.2 and -0.18: -0.19 +- 12.7062 * 0.01.
        self.assertEqual(
            page,
            """# Page
<!-- logreg -->
Source.

| optimizer | best lr | least val_loss |
|---|---|---|
| nesterov | 0.1 | 0.5500 ± 0.6353 |
| adagrad | 0.1 | 0.7250 ± 0.3177 |
| adam | 0.1 | 0.3600 ± 0.7624 |

- *measured* (E9): that adam converges like Nesterov's momentum in softmax regression: least val_loss, adam minus nesterov: \
-0.1900 (-0.3171 to -0.0629), 2 seeds. `logreg.nesterov`
- *cannot be told from noise* (E9): that adam converges faster than adagrad in softmax regression: least val_loss, adam minus adagrad: -0.3650 (-0.8097 to +0.0797), \
2 seeds. `logreg.adagrad`

<!-- end logreg -->
rest
""",
        )
        self.assertEqual(list(stored), ["sparse", "logreg"])
        self.assertEqual(stored["sparse"], [{"id": "kept"}])
        self.assertEqual(stored["logreg"][1]["verdict"], NOISE)


class WithoutLibTorch(unittest.TestCase):
    def test_what_is_left_out_is_named(self):
        with tempfile.TemporaryDirectory() as name:
            tuner, asked = pathlib.Path(name) / "tuner", pathlib.Path(name) / "asked"
            for code, kept in ((0, ["logreg", "vae"]), (4, ["logreg"])):
                tuner.write_text(f'#!/bin/sh\necho "$@" > {asked}\nexit {code}\n')
                tuner.chmod(0o755)
                said = io.StringIO()
                with contextlib.redirect_stdout(said):
                    self.assertEqual(experiments.runnable(["logreg", "vae"], tuner), kept)
                self.assertEqual(asked.read_text(), "plugins show torch_vae\n")
                self.assertEqual("vae              left out: " in said.getvalue(), code != 0)
                self.assertEqual("docs/experiments.md and findings.json keep its figures" in said.getvalue(), code != 0)


class Committed(unittest.TestCase):
    def test_page_and_findings_are_of_one_run(self):
        page = (ROOT / "docs/experiments.md").read_text()
        stored = json.loads((ROOT / "tuner/recommend/findings.json").read_text())
        self.assertEqual(list(stored), [*experiment_figures.EXPERIMENTS, "state"])
        names = []
        for findings in stored.values():
            self.assertTrue(findings)
            for finding in findings:
                names.append(finding["id"])
                self.assertIn(f"- *{finding['verdict']}* ({finding['claims']}): {finding['text']}. `{finding['id']}`\n", page)
                self.assertIn(finding["verdict"], (HOLDS, FAILS, NOISE, MEASURED))
        self.assertEqual(len(names), len(set(names)))


unittest.main()
