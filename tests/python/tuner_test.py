"""import tuner: with tuner around the script, and without."""

import math
import unittest

from running import run


class Parameters(unittest.TestCase):
    def test_the_sweep_wins_over_defaults(self):
        ran = run(
            "import tuner\np = tuner.parameters(lr=1, layers=2, name='x')\nprint(p.lr, p['layers'], p.name, p.extra)",
            {"lr": 0.5, "layers": 3, "extra": [1, 2]},
        )
        self.assertEqual(ran.output, "0.5 3 x [1, 2]\n", ran.errors)

    def test_null_is_the_default(self):
        ran = run("import tuner\np = tuner.parameters(a=1)\nprint(p.a, p.b)", {"a": None, "b": None})
        self.assertEqual(ran.output, "1 None\n", ran.errors)

    def test_without_tuner_the_defaults_hold(self):
        ran = run("import tuner\nprint(tuner.parameters(lr=0.1).lr)", around=False)
        self.assertEqual((ran.code, ran.output), (0, "0.1\n"), ran.errors)

    def test_an_unknown_one_is_named(self):
        ran = run("import tuner\ntuner.parameters().lr")
        self.assertEqual(ran.code, 1)
        self.assertIn("the sweep has no parameter 'lr'; give it a default: tuner.parameters(lr=...)", ran.errors)


class Reports(unittest.TestCase):
    def test_are_lines_of_json(self):
        ran = run(
            "import tuner\ntuner.report(step=3, loss=0.5, hits=2)\ntuner.report({'val/loss': 1}, step=5)\n"
            "tuner.report(loss=0.25)"
        )
        self.assertEqual(
            ran.lines,
            [{"step": 3, "loss": 0.5, "hits": 2}, {"step": 5, "val/loss": 1}, {"step": 6, "loss": 0.25}],
            ran.errors,
        )
        self.assertEqual(ran.output, "")

    def test_steps_count_from_0(self):
        self.assertEqual(run("import tuner\ntuner.report(loss=1)").lines, [{"step": 0, "loss": 1}])

    def test_take_what_float_takes(self):
        ran = run(
            """
            import tuner
            class Tensor:
                def __float__(self): return 0.125
            tuner.report(step=0, loss=Tensor(), bad=float('nan'), far=float('-inf'))
            """
        )
        self.assertEqual(ran.lines[0]["loss"], 0.125, ran.errors)
        self.assertTrue(math.isnan(ran.lines[0]["bad"]))
        self.assertEqual(ran.lines[0]["far"], -math.inf)

    def test_name_what_is_no_number(self):
        ran = run("import tuner\ntuner.report(step=0, loss='low')")
        self.assertEqual((ran.code, ran.lines), (1, []))
        self.assertIn("the metric 'loss' is a str, and a number is due", ran.errors)

    def test_are_printed_without_tuner(self):
        ran = run("import tuner\ntuner.report(step=3, loss=1/3)", around=False)
        self.assertEqual(ran.output, "step 3  loss 0.333333\n", ran.errors)

    def test_of_threads_are_whole_lines(self):
        ran = run(
            """
            import threading, tuner
            def work():
                for i in range(50): tuner.report(loss=i)
            threads = [threading.Thread(target=work) for _ in range(4)]
            for t in threads: t.start()
            for t in threads: t.join()
            """
        )
        self.assertEqual([line["step"] for line in ran.lines], list(range(200)), ran.errors)

    def test_diverged_ends_the_script(self):
        ran = run("import tuner\ntuner.diverged('loss is nan')\nprint('not reached')")
        self.assertEqual((ran.code, ran.output), (0, ""), ran.errors)
        self.assertEqual(ran.lines, [{"outcome": "diverged", "error": "loss is nan"}])


class Checkpoints(unittest.TestCase):
    def test_folder_is_the_trials(self):
        ran = run(
            "import os, tuner\nf = tuner.checkpoint_dir()\nprint(f == os.environ['TUNER_CHECKPOINT'], os.path.isdir(f), "
            "tuner.resumed())",
            environment={"TUNER_RESUMED": "1"},
        )
        self.assertEqual(ran.output, "True True True\n", ran.errors)

    def test_without_tuner_it_is_temporary(self):
        ran = run(
            "import os, tuner\nf = tuner.checkpoint_dir()\nopen(os.path.join(f, 'x'), 'w').close()\n"
            "print(f == tuner.checkpoint_dir(), tuner.resumed())\nprint(f)",
            around=False,
        )
        said, folder = ran.output.splitlines()
        self.assertEqual(said, "True False", ran.errors)
        import os

        self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    unittest.main()
