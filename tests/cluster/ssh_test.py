"""Workers over ssh: an sshd of our own on a loopback port, with keys made for the test.

Usage: ssh_test.py TUNER
"""
import contextlib
import getpass
import os
import pathlib
import signal
import socket
import subprocess
import time

from studies import LONGER, SWEEP, Folder, kill, run_all, tables_of, wait_until, with_workers, words_of

LAUNCHER = ["ssh", "-F", "ssh_config", "${host}"]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def children_of(process):
    found = []
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        try:
            found += [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            pass
    return found


def below(process):
    found = []
    with contextlib.suppress(FileNotFoundError):
        for child in children_of(process):
            found += [child, *below(child)]
    return found


def is_open(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def sshd(folder):
    """Its pid. The hosts node1 and node2 of ssh_config are this machine."""
    path, port = folder.path, free_port()
    for name in "host_key", "user_key", "other_key":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path / name], check=True)
    (path / "authorized_keys").write_bytes((path / "user_key.pub").read_bytes())
    (path / "banner").write_text("Authorized users only.\n")
    (path / "sshd_config").write_text(f"""
ListenAddress 127.0.0.1
Port {port}
HostKey {path}/host_key
AuthorizedKeysFile {path}/authorized_keys
PidFile {path}/sshd.pid
Banner {path}/banner
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
""")
    key = (path / "host_key.pub").read_text()
    (path / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}")
    (path / "ssh_config").write_text(f"""
Host node1 node2
  HostName 127.0.0.1
  Port {port}
  User {getpass.getuser()}
  IdentityFile {path}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {path}/known_hosts
  BatchMode yes
""")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", path / "sshd_config", "-E", path / "sshd.log"])
    try:
        wait_until(lambda: is_open(port), 20, "sshd does not listen")
        yield daemon.pid
    finally:
        sessions = below(daemon.pid)
        daemon.terminate()
        daemon.wait()
        for process in sessions:
            kill(process)


def supervisors_and_workers(daemon):
    return [process for process in below(daemon) if b"worker" in words_of(process)[1:2]]


def ssh_clients(study):
    return [process for process in children_of(study.pid) if words_of(process)[0].endswith(b"ssh")]


def over_ssh(sweep=SWEEP, **keys):
    return Folder(with_workers(sweep, launcher=LAUNCHER, hosts=["node1", "node2"], **keys))


def two_hosts():
    expected = tables_of(SWEEP)
    with over_ssh(per_host=2) as folder, sshd(folder) as daemon:
        assert folder.run().tables() == expected
        assert "4 workers of 2 launchers" in folder.errors(), folder.errors()
        wait_until(lambda: not below(daemon), 10, "sessions are left")


def clients_and_sessions_that_are_killed():
    expected = tables_of(LONGER)
    with over_ssh(LONGER) as folder, sshd(folder) as daemon:
        study = folder.start()
        kills, end = 0, 0
        while study.poll() is None:
            time.sleep(0.3)
            finished = folder.finished()
            if finished < end or not finished:
                continue
            end = finished + 10
            victims = ssh_clients(study) if kills % 2 == 0 else supervisors_and_workers(daemon)[:1]
            kills += bool(victims) and kill(victims[0])
        assert study.returncode == 0, folder.errors()
        assert kills >= 2, kills
        assert folder.tables() == expected, folder.errors()
        assert "was lost: it ended" in folder.errors(), folder.errors()
        wait_until(lambda: not supervisors_and_workers(daemon), 60, "workers are left")
        print(f"{kills} kills")


def a_network_that_hangs():
    expected = tables_of(LONGER)
    with over_ssh(LONGER) as folder, sshd(folder) as daemon:
        study = folder.start()
        wait_until(lambda: folder.finished() > 3, 60, "trials")
        kill(ssh_clients(study)[0], signal.SIGSTOP)
        start = time.monotonic()
        assert study.wait(timeout=120) == 0, folder.errors()
        assert folder.tables() == expected
        assert "it has said nothing for 60 s" in folder.errors(), folder.errors()
        print(f"noticed and done after {time.monotonic() - start:.0f} s")
        wait_until(lambda: not supervisors_and_workers(daemon), 60, "workers are left")


def a_coordinator_that_is_killed():
    expected = tables_of(LONGER)
    with over_ssh(LONGER) as folder, sshd(folder) as daemon:
        study = folder.start()
        wait_until(lambda: folder.finished() > 3, 60, "trials")
        assert supervisors_and_workers(daemon)
        study.kill()
        study.wait()
        wait_until(lambda: not supervisors_and_workers(daemon), 60, "workers are left")
        assert folder.run().tables() == expected


def a_key_that_is_not_known():
    with over_ssh() as folder, sshd(folder):
        config = (folder.path / "ssh_config").read_text()
        (folder.path / "ssh_config").write_text(config.replace("user_key", "other_key"))
        folder.run(code=5)
        assert "'ssh -F ssh_config node1' starts no supervisor 3 times in a row" in folder.errors(), folder.errors()
        assert "Permission denied" in folder.errors(), folder.errors()


run_all([two_hosts, clients_and_sessions_that_are_killed, a_coordinator_that_is_killed, a_key_that_is_not_known],
        beside=a_network_that_hangs)
