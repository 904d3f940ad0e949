"""A Slurm of our own: slurmctld, two slurmd and munged, all on this machine, as root."""
import contextlib
import os
import pathlib
import socket
import subprocess

from studies import TUNER, marked, wait_until

SRUN = ["srun", "--ntasks=1", "--exact", "--overlap", "--unbuffered", "--mem=0"]


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


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


def configure(path, processors):
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
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs={processors}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs={processors}
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
""")


@contextlib.contextmanager
def slurm(folder, processors=2):
    """processors: of each node, as Slurm is told; the machine need not have them."""
    path = folder.path / "slurm"
    path.mkdir()
    for one in path, folder.path:
        one.chmod(0o755)
    configure(path, processors)
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
