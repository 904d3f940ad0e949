"""Launchers that are scripts: no package is needed, and every fault can be made.

Usage: launchers_test.py TUNER FAULTY      FAULTY: a plugin library
"""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time

from studies import (HERE, LONGER, SWEEP, TUNER, Folder, kill, marked, processes_of, run_all, tables_of, wait_until,
                     with_workers)

PRUNED = """
study: s
method: random
trials: 27
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 9000, log_every: 1000}
pruner: {name: successive_halving, min_steps: 1000}
"""
LONG = """
study: s
objective: rosenbrock
optimizer: {{plugin: adam, lr: {{values: [1e-3, 2e-3]}}}}
method: grid
training: {{steps: {steps}, log_every: 10000000}}
"""
PROGRAM = """
study: s
method: grid
objective:
  command: [sh, -c, 'echo "loss=$0"; sleep 0.05', "${x}"]
  parameters: {x: {values: [1, 2, 3, 4, 5, 6, 7, 8]}}
  metrics: {loss: {pattern: "loss=(.*)"}}
"""


def scripts_and_hosts():
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, count=5, per_host=2, launcher=HERE)) as folder:
        assert folder.run().tables() == expected
        assert "5 workers of 3 launchers" in folder.errors(), folder.errors()
    with Folder(with_workers(SWEEP, launcher=["./on", "${host}"], hosts=["a", "b"], per_host=2)) as folder:
        folder.script("on", 'echo "$1" >> hosts; echo "Welcome to $1"; shift; exec "$@"\n')
        assert folder.run().tables() == expected
        assert sorted((folder.path / "hosts").read_text().split()) == ["a", "b"]


def a_host_that_is_down():
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, launcher=["./on", "${host}"], hosts=["down", "up"])) as folder:
        folder.script("on", 'test $1 = up || { echo "no route to host" >&2; exit 255; }; shift; exec "$@"\n')
        assert folder.run().tables() == expected
        why = "'./on down' starts no supervisor: it ended; it wrote: no route to host; it is started again in 1 s"
        assert why in folder.errors(), folder.errors()
        assert why in folder.query("SELECT text FROM events WHERE kind = 'launcher'")
    with Folder(with_workers(SWEEP, launcher=["./on", "${host}"], hosts=["a", "b"])) as folder:
        folder.script("on", "exit 255\n")
        folder.run(code=5)
        assert "'./on a' starts no supervisor 3 times in a row: it ended" in folder.errors(), folder.errors()
        assert "start it by hand to see what is wrong" in folder.errors()


def a_launcher_that_hangs():
    expected = tables_of(LONGER)
    with Folder(with_workers(LONGER, count=2, launcher=HERE)) as folder:
        study = folder.start(env=marked(folder))
        wait_until(lambda: folder.finished() > 3, 60, "trials")
        victim = processes_of(folder, supervisors_alone=True)[0]
        kill(victim, signal.SIGSTOP)
        start = time.monotonic()
        assert study.wait(timeout=120) == 0, folder.errors()
        took = time.monotonic() - start
        assert folder.tables() == expected
        assert "it has said nothing for 60 s" in folder.errors(), folder.errors()
        print(f"noticed and done after {took:.0f} s")
        wait_until(lambda: not processes_of(folder), 60, "workers are left")


def another_build():
    with Folder(with_workers(SWEEP, count=1, launcher=HERE, program="./other")) as folder:
        shutil.copy(TUNER, folder.path / "other")
        with open(folder.path / "other", "ab") as program:
            program.write(b"x")
        folder.run(code=5)
        assert "cannot be used: it is another build of tuner (" in folder.errors(), folder.errors()
        assert "run the same build of tuner at both ends" in folder.errors()


def a_coordinator_that_is_killed():
    expected = tables_of(LONGER)
    with Folder(with_workers(LONGER, count=2, launcher=HERE)) as folder:
        study = folder.start(env=marked(folder))
        wait_until(lambda: folder.finished() > 3, 60, "trials")
        assert processes_of(folder)
        study.kill()
        study.wait()
        wait_until(lambda: not processes_of(folder), 60, "workers are left")
        assert folder.run().tables() == expected


def interrupts_reach_the_coordinator_alone():
    expected = tables_of(LONGER)
    with Folder(with_workers(LONGER, count=2, launcher=HERE)) as folder:
        study = folder.start(env=marked(folder))
        wait_until(lambda: folder.finished() > 3, 60, "trials")
        os.killpg(study.pid, signal.SIGINT)
        assert study.wait(timeout=60) == 130
        assert "interrupted: finishing the running trials" in folder.errors(), folder.errors()
        assert "was lost" not in folder.errors(), folder.errors()
        assert not processes_of(folder)
        assert folder.run().tables() == expected


def has_worked(process):
    """For a second of a processor: its trial has begun."""
    try:
        words = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return int(words[11]) / os.sysconf("SC_CLK_TCK") > 1


def trials_that_run(folder):
    """Supervisors work too, on a slow machine for more than a second before any trial."""
    workers = set(processes_of(folder)) - set(processes_of(folder, supervisors_alone=True))
    return sum(has_worked(worker) for worker in workers)


def a_study_that_is_stopped():
    """Its trials are cancelled, their states travel, and it goes on from them, also on local workers."""
    sweep = LONG.format(steps=20000000)
    expected = tables_of(sweep)
    for local in False, True:
        with Folder(with_workers(sweep, count=2, launcher=HERE)) as folder:
            study = folder.start(env=marked(folder))
            wait_until(lambda: trials_that_run(folder) == 2, 60, "trials")
            for _ in range(2):
                study.send_signal(signal.SIGINT)
                time.sleep(0.3)
            assert study.wait(timeout=60) == 130
            states = list(folder.path.glob("tuner.db.checkpoints/s/*/*"))
            assert len(states) == 2, (states, folder.errors())
            if local:
                folder.write(sweep)
            assert folder.run().tables() == expected
            assert not (folder.path / "tuner.db.checkpoints").exists()


def programs():
    expected = tables_of(PROGRAM)
    with Folder(with_workers(PROGRAM, count=2, launcher=HERE)) as folder:
        assert folder.run().tables() == expected


def a_disk_that_is_full():
    """Of a node: its trials write no checkpoints, and that is said."""
    sweep = SWEEP + "checkpoint: {every: 1ms}\n"
    expected = tables_of(SWEEP)
    # Where mounts of its own are not allowed (without root, in a chroot) a folder that takes no files does.
    can_mount = subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
    full = """
unshare -m sh -c 'mount -t tmpfs -o size=16k none "$0" && { head -c 100000 /dev/zero > "$0/full"
  TMPDIR=$PWD/$0 exec "$@"; }' disk "$@"
"""
    with Folder(with_workers(sweep, count=2, launcher=["./on"])) as folder:
        (folder.path / "disk").mkdir()
        folder.script("on", full if can_mount else 'TMPDIR=/proc exec "$@"\n')
        assert folder.run().tables() == expected
        assert "no checkpoint can be written on the machine of a worker: " in folder.errors(), folder.errors()
        assert not can_mount or "No space left on device" in folder.errors(), folder.errors()


def checkpoints_that_all_see():
    """A paused trial goes on wherever it is given to; nothing is left of its states."""
    sweep = PRUNED + "checkpoint: {folder: everywhere}\n"
    expected = tables_of(PRUNED)
    with Folder(with_workers(sweep, count=4, per_host=1, launcher=HERE)) as folder:
        assert folder.run().tables() == expected
        left = [str(path) for path in folder.path.rglob("*") if "checkpoints" in path.name or path.parts[-1].isdigit()]
        assert not left, left


def too_few_open_files():
    limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    with Folder(with_workers(SWEEP, count=30, launcher=HERE)) as folder:
        folder.run(code=5, preexec_fn=limits)
        assert "30 launchers need 154 open files, and this process may have 100" in folder.errors(), folder.errors()
    limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 1000))
    with Folder(with_workers(SWEEP, count=30, launcher=HERE)) as folder:
        folder.run(preexec_fn=limits)


def what_a_worker_refuses_names_its_machine():
    sweep = SWEEP.replace("adam", "faulty").replace("training", "plugins: [./faulty.so]\ntraining")
    with Folder(with_workers(sweep, count=1, launcher=["./on"])) as folder:
        shutil.copy(sys.argv[2], folder.path / "faulty.so")
        folder.script("on", 'mv other.so faulty.so; exec "$@"\n')
        (folder.path / "other.so").write_bytes((folder.path / "faulty.so").read_bytes() + b"x")
        folder.run(code=4)
        assert f"on {os.uname().nodename}: '{folder.path}/faulty.so' changed" in folder.errors(), folder.errors()


def plugins_that_are_sent():
    """The other machine has them no more."""
    sweep = SWEEP.replace("adam", "faulty").replace("training", "plugins: [./faulty.so]\ntraining")
    with Folder(sweep) as folder:
        shutil.copy(sys.argv[2], folder.path / "faulty.so")
        expected = folder.run().tables()
    for words, code in [('exec "$@"', 0), ('TMPDIR=/proc exec "$@"', 5)]:
        with Folder(with_workers(sweep, count=4, per_host=2, launcher=["./on"], send_plugins=True)) as folder:
            shutil.copy(sys.argv[2], folder.path / "faulty.so")
            folder.script("on", f"mv faulty.so away.so 2> /dev/null\n{words}\n")
            folder.run(code=code)
            if code == 0:
                assert folder.tables() == expected
            else:
                assert "' cannot be kept as '/proc/tuner-" in folder.errors(), folder.errors()


run_all([scripts_and_hosts, a_host_that_is_down, another_build,
         a_coordinator_that_is_killed, interrupts_reach_the_coordinator_alone, a_study_that_is_stopped, programs,
         a_disk_that_is_full, checkpoints_that_all_see, too_few_open_files,
         what_a_worker_refuses_names_its_machine, plugins_that_are_sent], beside=a_launcher_that_hangs)
