"""Workers over srun, in a Slurm of our own.

Usage: slurm_test.py TUNER        needs root
"""
import os
import pathlib
import subprocess
import sys
import time

from slurm import SRUN, environment, slurm, steps, submit
from studies import LONGER, SWEEP, Folder, kill, processes_of, run, tables_of, wait_until, with_workers

if os.geteuid() != 0:
    print("skipped: only root can start slurmd")
    sys.exit(77)

SLEEPS = f"""
study: s
method: grid
objective:
  command: [sh, -c, 'sleep 1; echo "loss=$0"', "${{x}}"]
  parameters: {{x: {{values: {list(range(60))}}}}}
  metrics: {{loss: {{pattern: "loss=(.*)"}}}}
"""


def within_a_job():
    """Steps use both nodes of an allocation."""
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, count=4, launcher=SRUN)) as folder, slurm(folder) as cluster:
        submit(folder, cluster, "--wait", "--nodes=2", "--ntasks=4")
        log = (folder.path / "job.log").read_text()
        assert folder.tables() == expected, log
        assert "4 workers of 4 launchers" in log, log
        assert not processes_of(folder)


def workers_that_slurm_counts():
    """workers: auto is the tasks of the job, on each node as many as it has there."""
    expected = tables_of(SWEEP)
    with Folder(SWEEP + "workers: auto\n") as folder, slurm(folder) as cluster:
        submit(folder, cluster, "--wait", "--nodes=2", "--ntasks=3")
        log = (folder.path / "job.log").read_text()
        assert folder.tables() == expected, log
        assert "3 workers of 2 launchers" in log, log
        submit(folder, cluster, "--wait", "--nodes=1", "--ntasks=2")
        log = (folder.path / "job.log").read_text()
        assert "2 workers, database" in log, log


def a_time_limit():
    """The job is told before, ends its trials, is requeued, and goes on."""
    expected = tables_of(SLEEPS, workers=10)
    with Folder(with_workers(SLEEPS, count=2, launcher=SRUN)) as folder, slurm(folder) as cluster:
        submit(folder, cluster, "--ntasks=2", "--time=1", "--signal=B:TERM@40")
        ended = 0  # looks in a row: a job that is requeued may seem to have failed for a moment
        pending_since = time.monotonic()
        end = pending_since + 300
        while ended < 20:
            state = cluster.ask("squeue", "-h", "-t", "all", "-o", "%i %T").split()
            assert time.monotonic() < end, state
            ended = ended + 1 if state[1] in ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED") else 0
            if state[1] != "PENDING":
                pending_since = time.monotonic()
            elif time.monotonic() > pending_since + 4:
                # A job that is requeued waits for two minutes otherwise. Sooner, and the node would take it for the one
                # that was just revoked.
                subprocess.run(["scontrol", "update", f"JobId={state[0]}", "StartTime=now"], env=cluster.environment,
                               capture_output=True)
            time.sleep(0.2)
        log = (folder.path / "job.log").read_text()
        assert state[1] == "COMPLETED", (state, log)
        assert folder.tables() == expected, log
        kinds = folder.query("SELECT kind FROM events WHERE kind IN ('interrupted', 'finished') ORDER BY id").split()
        assert kinds[1] == "interrupted" and kinds[-1] == "finished", (kinds, log)


def steps_and_nodes_that_end():
    """Without an allocation each srun is a job of its own."""
    expected = tables_of(LONGER)
    with Folder(with_workers(LONGER, count=4, launcher=SRUN)) as folder, slurm(folder) as cluster:
        study = folder.start(env=environment(folder, cluster))
        wait_until(lambda: folder.finished() > 3, 100, "trials")
        cluster.ask("scancel", steps(cluster)[0].split(".")[0])
        wait_until(lambda: folder.finished() > 12, 100, "trials")
        # With what it runs, as when the machine goes down.
        node = cluster.daemons["n2"]
        node.kill()
        node.wait()
        for process in processes_of(folder, supervisors_alone=True):
            if b"SLURMD_NODENAME=n2" in pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
                kill(process)
        cluster.start_node("n2")
        assert study.wait(timeout=200) == 0, folder.errors()
        assert folder.tables() == expected, folder.errors()
        assert "was lost: it ended" in folder.errors(), folder.errors()
        wait_until(lambda: not processes_of(folder), 60, "workers are left")


def a_coordinator_that_is_killed():
    expected = tables_of(LONGER)
    with Folder(with_workers(LONGER, count=2, launcher=SRUN)) as folder, slurm(folder) as cluster:
        study = folder.start(env=environment(folder, cluster))
        wait_until(lambda: folder.finished() > 3, 100, "trials")
        assert processes_of(folder)
        study.kill()
        study.wait()
        wait_until(lambda: not processes_of(folder), 60, "workers are left")
        assert folder.run(env=environment(folder, cluster)).tables() == expected


for test in (within_a_job, workers_that_slurm_counts, a_time_limit, steps_and_nodes_that_end,
             a_coordinator_that_is_killed):
    run(test)
