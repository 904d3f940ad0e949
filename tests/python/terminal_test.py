"""What is printed on a terminal: its width, its colors and its pager. The terminal is a pair of Python's pty.

Usage: terminal_test.py TUNER
"""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

TUNER = sys.argv.pop(1)
SWEEP = """
study: s
method: grid
objective: rosenbrock
optimizer:
  one_of:
    - {plugin: sgd, lr: {values: [1e-3, 10]}, momentum: {values: [0, 0.123456789]}, nesterov: {values: [false]}}
    - {plugin: adam, lr: {values: [0.1, 0.05]}, beta1: {values: [0.9, 0.123456789]}, beta2: {values: [0.999]}, eps: {values: [1e-8]}}
training: {steps: 20}
"""
ESCAPE = "\x1b["


def without_colors(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class Terminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        (cls.folder / "sweep.yaml").write_text(SWEEP)
        subprocess.run([TUNER, "--config", "sweep.yaml", "--quiet"], cwd=cls.folder, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def piped(self, *words, **environment):
        done = subprocess.run([TUNER, *words], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, **environment})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def shown(self, *words, width=80, code=0, **environment):
        """What the terminal gets. Without PAGER= in the environment there is no pager."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        settings = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LESS", "PAGER")}
        process = subprocess.Popen([TUNER, *words], cwd=self.folder, stdin=child, stdout=child, stderr=child,
                                   env={**settings, "TERM": "xterm", "PAGER": "cat", **environment})
        os.close(child)
        text = b""
        while True:
            try:
                part = os.read(parent, 65536)
            except OSError:  # the other side is gone
                break
            if not part:
                break
            text += part
        os.close(parent)
        self.assertEqual(process.wait(), code, text)
        return text.decode().replace("\r\n", "\n")

    def test_tables_fit_the_terminal(self):
        for width in (80, 60, 120):
            lines = without_colors(self.shown("trials", "s", width=width)).splitlines()
            self.assertLessEqual(max(len(line) for line in lines if not line.endswith(" | cat")), width)
            self.assertEqual(any("…" in line for line in lines if not line.endswith(" | cat")), width != 60, lines)
            self.assertEqual("… is more than fits; all of it: append | cat" in lines, width != 60, lines)
        wide = without_colors(self.shown("trials", "s", width=250))
        self.assertNotIn("…", wide)
        self.assertEqual(wide, self.piped("trials", "s"))

    def test_columns_that_do_not_fit_are_named(self):
        names = ["trial", "value", "steps", "evaluations", "seconds", "seed", "started_at", "finished_at"]
        lines = without_colors(self.shown("trials", "s", "--columns", ",".join(names), width=40)).splitlines()
        self.assertLessEqual(max(len(line) for line in lines if not line.endswith(" | cat")), 40)
        shown = lines[0].split()
        self.assertEqual(shown, names[: len(shown)])
        self.assertTrue(0 < len(shown) < len(names))
        self.assertEqual(lines[-1], f"{len(shown)} of 8 columns fit, not {', '.join(names[len(shown):])}; all of it: append | cat")

    def test_colors_are_for_terminals(self):
        plain = self.piped("trials", "s")
        self.assertNotIn(ESCAPE, plain)
        self.assertIn(ESCAPE, self.shown("trials", "s"))
        self.assertNotIn(ESCAPE, self.shown("trials", "s", NO_COLOR="1"))
        self.assertNotIn(ESCAPE, self.shown("trials", "s", TERM="dumb"))
        self.assertNotIn(ESCAPE, self.shown("trials", "s", "--color", "never"))
        colored = self.piped("trials", "s", "--color", "always", NO_COLOR="1")
        self.assertEqual(without_colors(colored), plain)
        diverged = [line for line in colored.splitlines() if "\x1b[33mdiverged\x1b[0m" in line]
        self.assertEqual(len(diverged), plain.count("  diverged  "))
        self.assertTrue(diverged)
        [best] = [line for line in colored.splitlines() if "\x1b[1;32m" in line]
        first = self.piped("best", "s", "--limit", "1", "--columns", "trial").splitlines()[1].strip()
        self.assertEqual(without_colors(best).split()[0], first)
        self.assertNotIn(ESCAPE, self.piped("trials", "s", "--color", "always", "--format", "csv"))
        wrong = subprocess.run([TUNER, "trials", "s", "--color", "pink"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((wrong.returncode, wrong.stderr),
                         (2, "error[usage.bad_option]: --color pink: there is no such choice\n  auto, always or never\n"))

    def test_the_pager_gets_what_is_printed(self):
        mark = "sed 's/^/PAGED /'"
        paged = self.shown("trials", "s", "--color", "never", PAGER=mark, width=250)
        self.assertEqual([line.removeprefix("PAGED ") for line in paged.splitlines()], self.piped("trials", "s").splitlines())
        self.assertTrue(all(line.startswith("PAGED ") for line in paged.splitlines()))
        for more, environment in ((["--no-pager"], {"PAGER": mark}), ([], {"PAGER": ""}), ([], {"PAGER": "no-such-pager -x"})):
            self.assertNotIn("PAGED", self.shown("trials", "s", *more, **environment))
            self.assertIn("rosenbrock", self.shown("show", "s/0", *more, **environment))
        self.assertNotIn("PAGED", self.piped("trials", "s", PAGER=mark))
        self.assertNotIn("PAGED", self.shown("report", "s", PAGER=mark))

    def test_errors_and_exit_codes_pass_the_pager(self):
        said = self.shown("trials", "none", PAGER="sed 's/^/PAGED /'", code=2)
        self.assertIn("PAGED error[usage.no_such_study]", said)

    def test_a_pager_that_is_left_ends_the_program(self):
        self.assertEqual(len(self.shown("query", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) "
                                        "SELECT i FROM n", "--format", "csv", PAGER="head -2").splitlines()), 2)

    def test_less_has_the_options_of_git(self):
        (self.folder / "less").write_text("#!/bin/sh\necho \"LESS=$LESS\"\ncat > /dev/null\n")
        (self.folder / "less").chmod(0o755)
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "PAGER": "less"}
        self.assertEqual(self.shown("trials", "s", **environment), "LESS=FRX\n")
        self.assertEqual(self.shown("trials", "s", LESS="M", **environment), "LESS=M\n")


unittest.main()
