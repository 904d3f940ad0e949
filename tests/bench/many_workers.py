#!/usr/bin/python3
"""What a coordinator of many workers costs: nodes are processes that answer jobs after a while, with made-up results.

Usage: many_workers.py [--workers 2000] [--per-host 8] [--seconds 2] [--rounds 10] TUNER MANY_WORKERS

MANY_WORKERS is the program that `ninja -C build/release many_workers` builds. Prints the time until all workers have
work, trials and frames a second while all of them work, the coordinator's processor time and memory, and how long it
takes to notice a node that is killed, and one that is silent (--silent, which takes a minute more).
"""
import argparse
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time

SWEEP = """
study: many
method: random
trials: {trials}
workers: {{count: {workers}, per_host: {per_host}, launcher: ["{node}", "{seconds}", "{folder}"]}}
objective: {{plugin: paraboloid, x: {{min: -5, max: 5}}, y: {{min: -5, max: 5}}}}
"""
TICK = os.sysconf("SC_CLK_TCK")


class Coordinator:
    def __init__(self, tuner, folder):
        self.errors = folder / "err"
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen([tuner, "--config", folder / "sweep.yaml", "--db", folder / "many.db",
                                             "--quiet"], stdout=subprocess.DEVNULL, stderr=errors)
        self.cpu, self.memory = 0.0, 0

    def look(self):
        """Processor seconds so far, and the most memory."""
        try:
            words = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return self.cpu
        if "VmHWM:" in status:
            self.cpu = (int(words[11]) + int(words[12])) / TICK
            self.memory = int(status.split("VmHWM:")[1].split()[0]) / 1024
        return self.cpu


def lines(folder, kind):
    try:
        return [line.split()[1:] for line in (folder / "log").read_text().splitlines() if line.startswith(kind)]
    except FileNotFoundError:
        return []


def start(arguments, folder, trials):
    nodes = -(-arguments.workers // arguments.per_host)
    subprocess.run([arguments.node, "greeting", arguments.tuner, folder / "greeting"], check=True)
    (folder / "sweep.yaml").write_text(SWEEP.format(
        trials=trials, workers=arguments.workers, per_host=arguments.per_host, node=arguments.node,
        seconds=arguments.seconds, folder=folder))
    began = time.time()
    coordinator = Coordinator(arguments.tuner, folder)
    while len(lines(folder, "busy")) < nodes:
        time.sleep(0.05)
        coordinator.look()
        assert coordinator.process.poll() is None, (folder / "err").read_text()
    return coordinator, max(int(words[0]) for words in lines(folder, "busy")) / 1000 - began


def throughput(arguments, folder):
    coordinator, all_work = start(arguments, folder, arguments.workers * arguments.rounds)
    cpu, begin = coordinator.look(), time.monotonic()
    ended, last = begin, cpu
    while coordinator.process.poll() is None:
        now = coordinator.look()
        if now > last:
            last, ended = now, time.monotonic()
        time.sleep(0.05)
    assert coordinator.process.returncode == 0, coordinator.errors.read_text()
    frames = sum(int(words[0]) + int(words[1]) for words in lines(folder, "frames"))
    seconds = ended - begin
    trials = arguments.workers * (arguments.rounds - 1)
    ideal = arguments.workers / arguments.seconds
    print(f"all {arguments.workers} workers have work after {all_work:.1f} s, processor time of that {cpu:.1f} s")
    print(f"trials a second {trials / seconds:.0f} (without any cost: {ideal:.0f}), frames a second "
          f"{frames / (seconds + arguments.seconds):.0f}")
    print(f"coordinator: {100 * (last - cpu) / seconds:.0f} % of one processor, "
          f"{1e6 * (last - cpu) / trials:.0f} us a trial; {coordinator.memory:.0f} MB")


def losses(arguments, folder):
    slow = argparse.Namespace(**{**vars(arguments), "seconds": 30})
    coordinator, _ = start(slow, folder, 2 * arguments.workers)
    nodes = [int(words[1]) for words in lines(folder, "busy")]
    faults = [(signal.SIGKILL, "was lost: it ended")]
    if arguments.silent:
        faults.append((signal.SIGSTOP, "has said nothing for"))
    for number, text in faults:
        node = nodes.pop()
        os.kill(node, number)
        begin = time.monotonic()
        while text not in coordinator.errors.read_text():
            time.sleep(0.002)
            assert coordinator.process.poll() is None, coordinator.errors.read_text()
        print(f"a node that gets {signal.Signals(number).name} is noticed after {time.monotonic() - begin:.2f} s")
        with contextlib.suppress(ProcessLookupError):
            os.kill(node, signal.SIGKILL)  # a stopped one would stay
    coordinator.process.kill()
    coordinator.process.wait()
    end = time.monotonic() + 20
    while len(lines(folder, "frames")) < len(nodes) and time.monotonic() < end:
        time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=2000)
    parser.add_argument("--per-host", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("tuner", type=os.path.realpath)
    parser.add_argument("node", type=os.path.realpath)
    arguments = parser.parse_args()
    print(f"{arguments.workers} workers, {arguments.per_host} a launcher, trials of {arguments.seconds:g} s; load "
          f"{os.getloadavg()[0]:.1f}")
    for part in throughput, losses:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            part(arguments, pathlib.Path(folder))


main()
