"""Studies on workers that launchers start, beside the same studies on local workers."""
import concurrent.futures
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TUNER = os.path.realpath(sys.argv[1])
SWEEP = """
study: s
method: random
trials: 60
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 100000, log_every: 10000}
"""
# For what happens to a study while it runs: long enough that it still does, however quick the machine.
LONGER = SWEEP.replace("trials: 60", "trials: 240")
# The words that come after it are run as they are.
HERE = ["sh", "-c", 'exec "$0" "$@"']
TABLES = (
    "SELECT number, outcome, value, parameters, seed, steps, evaluations, error FROM runs ORDER BY number",
    "SELECT number, name, step, value FROM learning_curves ORDER BY number, name, step",
)


def with_workers(sweep, **keys):
    return f"{sweep}workers: {json.dumps(keys)}\n"


class Folder:
    """A sweep file, its database and its logs."""

    def __init__(self, sweep):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tuner-cluster-"))
        self.write(sweep)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, sweep):
        (self.path / "sweep.yaml").write_text(sweep)

    def script(self, name, text):
        file = self.path / name
        file.write_text("#!/bin/sh\n" + text)
        file.chmod(0o755)
        return "./" + name

    def start(self, *words, **options):
        with open(self.path / "out", "w") as out, open(self.path / "err", "w") as err:
            # As a shell would: in a process group of its own.
            return subprocess.Popen([TUNER, "--config", "sweep.yaml", *words], cwd=self.path, stdout=out, stderr=err,
                                    process_group=0, **options)

    def run(self, *words, code=0, **options):
        child = self.start(*words, **options)
        try:
            ended = child.wait(timeout=240)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise
        assert ended == code, (ended, self.errors())
        return self

    def errors(self):
        return (self.path / "err").read_text()

    def query(self, sql):
        return subprocess.run([TUNER, "query", sql, "--format", "csv"], cwd=self.path, check=True, text=True,
                              capture_output=True).stdout

    def tables(self):
        return [self.query(sql) for sql in TABLES]

    def finished(self):
        try:
            return int(self.query("SELECT count(*) FROM runs WHERE outcome = 'completed'").split()[1])
        except subprocess.CalledProcessError:
            return 0


@functools.cache
def tables_of(sweep, workers=2):
    """Of an undisturbed run on local workers."""
    with Folder(f"{sweep}workers: {workers}\n") as folder:
        return folder.run("--quiet").tables()


def words_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def processes_of(folder, supervisors_alone=False):
    """Supervisors and workers on behalf of that folder, wherever they were started: they hold its sweep's variable."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        words = words_of(entry.name)
        if len(words) < 2 or words[1] != b"worker" or (supervisors_alone and b"--stdio" not in words):
            continue
        try:
            if f"TUNER_TEST={folder.path}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def marked(folder):
    """The environment by which processes_of() knows them."""
    return {**os.environ, "TUNER_TEST": str(folder.path)}


def wait_until(holds, seconds, what):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def kill(process, number=signal.SIGKILL):
    try:
        os.kill(process, number)
        return True
    except ProcessLookupError:
        return False


def run(test):
    start = time.monotonic()
    test()
    print(f"{test.__name__}: {time.monotonic() - start:.1f} s", flush=True)


def run_all(tests, beside):
    """beside: one that waits most of its time."""
    with concurrent.futures.ThreadPoolExecutor() as threads:
        waits = threads.submit(run, beside)
        for test in tests:
            run(test)
        waits.result()
