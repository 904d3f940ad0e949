"""Workers over srun: slurmctld, two slurmd and munged of our own, all on this machine.

Usage: slurm_test.py TUNER        needs root
"""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time

from studies import SWEEP, TUNER, Folder, kill, marked, processes_of, run, tables_of, wait_until, with_workers

if os.geteuid() != 0:
    print("skipped: only root can start slurmd")
    sys.exit(77)

SRUN = ["srun", "--ntasks=1", "--exact", "--overlap", "--unbuffered", "--mem=0"]


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


SLEEPS = f"""
study: s
method: grid
objective:
  command: [sh, -c, 'sleep 1; echo "loss=$0"', "${{x}}"]
  parameters: {{x: {{values: {list(range(60))}}}}}
  metrics: {{loss: {{pattern: "loss=(.*)"}}}}
"""


class Cluster:
    def __init__(self, path):
        self.path = path
        self.daemons = {}
        self.environment = {**os.environ, "SLURM_CONF": str(path / "slurm.conf")}

    def start(self, name, *words):
        log = open(self.path / f"{name}.log", "a")
        self.daemons[name] = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log)

    def ask(self, *words):
        return subprocess.run(words, env=self.environment, check=True, capture_output=True, text=True).stdout

    def start_node(self, name):
        self.start(name, "slurmd", "-D", "-N", name, "-f", self.path / "slurm.conf")

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def nodes_up(self):
        try:
            return self.ask("sinfo", "-h", "-o", "%D %t").split() == ["2", "idle"]
        except subprocess.CalledProcessError:
            return False


def configure(path):
    controller, first, second = free_ports(3)
    host = socket.gethostname().split(".")[0]
    for folder in "state", "spool", "run":
        (path / folder).mkdir()
    for node in "n1", "n2":
        (path / "spool" / node).mkdir()
    (path / "munge.key").write_bytes(os.urandom(128))
    (path / "munge.key").chmod(0o400)
    (path / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    (path / "slurm.conf").write_text(f"""
ClusterName=tuner
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={path}/run/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
StateSaveLocation={path}/state
SlurmctldPidFile={path}/run/slurmctld.pid
SlurmdPidFile={path}/run/slurmd.%n.pid
SlurmdSpoolDir={path}/spool/%n
KillWait=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
""")


@contextlib.contextmanager
def slurm(folder):
    path = folder.path / "slurm"
    path.mkdir()
    for one in path, folder.path:
        one.chmod(0o755)
    configure(path)
    cluster = Cluster(path)
    run = path / "run"
    run.chmod(0o755)
    try:
        cluster.start("munged", "munged", "--foreground", "--force", f"--key-file={path}/munge.key",
                      f"--socket={run}/munge.socket", f"--pid-file={run}/munged.pid", f"--log-file={run}/munged.log",
                      f"--seed-file={run}/munged.seed")
        wait_until(lambda: (run / "munge.socket").exists(), 20, "munged does not start")
        cluster.start("slurmctld", "slurmctld", "-D", "-f", path / "slurm.conf")
        for node in "n1", "n2":
            cluster.start_node(node)
        wait_until(cluster.nodes_up, 60, "the nodes do not come up")
        yield cluster
    finally:
        cluster.stop()


def environment(folder, cluster):
    return {**marked(folder), "SLURM_CONF": cluster.environment["SLURM_CONF"]}


def steps(cluster):
    return cluster.ask("squeue", "-h", "-s", "-o", "%i").split()


def submit(folder, cluster, *options):
    """The script of docs/clusters.md."""
    document = pathlib.Path(__file__).resolve().parents[2] / "docs" / "clusters.md"
    text = document.read_text().split("```sh\n#!/bin/sh\n#SBATCH")[1].split("```")[0]
    script = folder.path / "job.sh"
    script.write_text("#!/bin/sh\n#SBATCH" + text.replace("tuner --config", f"{TUNER} --config"))
    subprocess.run(["sbatch", *options, "--output=job.log", "job.sh"], cwd=folder.path,
                   env=environment(folder, cluster), check=True, timeout=200, capture_output=True)


def within_a_job():
    """Steps use both nodes of an allocation."""
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, count=4, launcher=SRUN)) as folder, slurm(folder) as cluster:
        submit(folder, cluster, "--wait", "--nodes=2", "--ntasks=4")
        log = (folder.path / "job.log").read_text()
        assert folder.tables() == expected, log
        assert "4 workers of 4 launchers" in log, log
        assert not processes_of(folder)


def a_time_limit():
    """The job is told before, ends its trials, is requeued, and goes on."""
    expected = tables_of(SLEEPS, workers=10)
    with Folder(with_workers(SLEEPS, count=2, launcher=SRUN)) as folder, slurm(folder) as cluster:
        submit(folder, cluster, "--ntasks=2", "--time=1", "--signal=B:TERM@40")
        ended = 0  # looks in a row: a job that is requeued may seem to have failed for a moment
        end = time.monotonic() + 200
        while ended < 20:
            state = cluster.ask("squeue", "-h", "-t", "all", "-o", "%i %T").split()
            assert time.monotonic() < end, state
            ended = ended + 1 if state[1] in ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED") else 0
            if state[1] == "PENDING":
                # A job that is requeued waits for two minutes otherwise.
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
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, count=4, launcher=SRUN)) as folder, slurm(folder) as cluster:
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
    expected = tables_of(SWEEP)
    with Folder(with_workers(SWEEP, count=2, launcher=SRUN)) as folder, slurm(folder) as cluster:
        study = folder.start(env=environment(folder, cluster))
        wait_until(lambda: folder.finished() > 3, 100, "trials")
        assert processes_of(folder)
        study.kill()
        study.wait()
        wait_until(lambda: not processes_of(folder), 60, "workers are left")
        assert folder.run(env=environment(folder, cluster)).tables() == expected


for test in within_a_job, a_time_limit, steps_and_nodes_that_end, a_coordinator_that_is_killed:
    run(test)
