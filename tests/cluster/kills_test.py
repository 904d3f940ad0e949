"""Supervisors, whole nodes and coordinators are killed at random moments; the tables are those of an undisturbed run.

Usage: kills_test.py TUNER FAULTY [KILLS [SEED]]      at least so many, else 300
"""
import itertools
import pathlib
import random
import sys
import time

from studies import HERE, Folder, kill, marked, processes_of, tables_of, wait_until, with_workers

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 300
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
TRAINED = """
study: s
method: random
trials: 1000
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 10000, log_every: 1000}
"""
# States are written all the time, and read by whoever continues.
SHARED = TRAINED.replace("trials: 1000", "trials: 200").replace("steps: 10000", "steps: 50000")
SHARED_FOLDER = "checkpoint: {every: 5ms, folder: everywhere}\n"
PRUNED = """
study: s
method: random
trials: 270
objective: rosenbrock
optimizer: {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: 9000, log_every: 1000}
pruner: {name: successive_halving, min_steps: 1000}
"""
PROGRAM = """
study: s
method: grid
objective:
  command: [sh, -c, 'sleep 0.05; echo "loss=$0"', "${x}"]
  parameters: {x: {values: [VALUES]}}
  metrics: {loss: {pattern: "loss=(.*)"}}
""".replace("VALUES", ", ".join(str(value) for value in range(100)))


def all_of(folder):
    """Also what programs run."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"TUNER_TEST={folder.path}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def a_node(folder, chance):
    """A supervisor, alone or after those that it has started: as a batch system does it."""
    supervisors = processes_of(folder, supervisors_alone=True)
    if not supervisors:
        return False
    victim = chance.choice(supervisors)
    if chance.random() < 0.5:
        children = pathlib.Path(f"/proc/{victim}/task/{victim}/children")
        try:
            for child in children.read_text().split():
                kill(int(child))
        except OSError:
            pass
    return kill(victim)


def killed(sweep, more, chance, counts):
    expected = tables_of(sweep)
    with Folder(with_workers(sweep + more, count=4, per_host=2, launcher=HERE)) as folder:
        study = folder.start(env=marked(folder))
        while True:
            # All launchers may be killed three times in a row before they are up: the same command continues.
            if study.poll() == 5 and "starts no supervisor 3 times in a row" in folder.errors():
                counts["hopeless"] += 1
                study = folder.start(env=marked(folder))
            if study.poll() is not None:
                break
            time.sleep(chance.uniform(0.05, 0.25))
            if chance.random() < 0.1:
                study.kill()
                study.wait()
                counts["coordinators"] += 1
                study = folder.start(env=marked(folder))
            elif a_node(folder, chance):
                counts["nodes"] += 1
        assert study.returncode == 0, folder.errors()
        assert folder.tables() == expected, folder.errors()
        wait_until(lambda: not all_of(folder), 10, "processes are left")


counts = {"nodes": 0, "coordinators": 0, "hopeless": 0}
print(f"seed {SEED}", flush=True)
chance = random.Random(SEED)
begin = time.monotonic()
studies = 0
for sweep, more in itertools.cycle([(TRAINED, ""), (PRUNED, ""), (SHARED, SHARED_FOLDER), (PROGRAM, "")]):
    if counts["nodes"] + counts["coordinators"] >= KILLS:
        break
    killed(sweep, more, chance, counts)
    studies += 1
print(f"{counts['nodes']} nodes and {counts['coordinators']} coordinators killed, {studies} studies with equal tables, "
      f"{counts['hopeless']} times without any launcher, {time.monotonic() - begin:.0f} s")
