#!/usr/bin/python3
"""What tuner adds to a program that does nothing: against bare posix_spawn, and against Optuna with subprocess and SQLite.

Usage: programs.py [--rounds 5] [--trials 1000] [--optuna-trials 100] TUNER        needs g++, and Debian's python3-optuna

The program prints a number and ends. Bare: a C program spawns it as often by posix_spawn, with its output to a pipe that is
read, and waits for it. tuner: one worker, the database included, durability normal, from the start of the command to its end. Optuna: a random search whose
objective runs the program by subprocess.run and reads its output. All in turn, in rounds; prints medians, lowest and highest.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

NOTHING = "int main(void) { return __builtin_puts(\"1\") < 0; }\n"

SPAWN = r"""
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char** environ;
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int i = atoi(argv[2]); i > 0; --i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    char* words[] = {argv[1], "--x=0.123456789", NULL};
    pid_t child;
    if (posix_spawn(&child, argv[1], &actions, NULL, words, environ) != 0) return 1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char bytes[64];
    while (read(ends[0], bytes, sizeof bytes) > 0) {
    }
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  return 0;
}
"""

SWEEP = """
method: random
trials: {trials}
durability: normal
objective: {{command: [./nothing, "${{args}}"], parameters: {{x: {{min: 0.0, max: 1.0}}}}, metrics: {{y: }}}}
"""


def seconds(command, folder):
    begin = time.perf_counter()
    subprocess.run([str(word) for word in command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def compiled(folder, name, text):
    (folder / f"{name}.c").write_text(text)
    subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-Wno-discarded-qualifiers", "-o", name, f"{name}.c"], cwd=folder, check=True)
    return folder / name


def optuna_seconds(folder, trials):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=f"sqlite:///{folder}/optuna.db", sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        return float(subprocess.run([folder / "nothing", f"--x={x}"], check=True, capture_output=True).stdout)

    begin = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--optuna-trials", type=int, default=100)
    args = parser.parse_args()
    tuner = pathlib.Path(args.tuner).resolve()
    to_spawn, to_optuna = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory(dir=".") as name:
            folder = pathlib.Path(name).resolve()
            nothing, spawn = compiled(folder, "nothing", NOTHING), compiled(folder, "spawn", SPAWN)
            (folder / "sweep.yaml").write_text(SWEEP.format(trials=args.trials))
            bare = seconds([spawn, nothing, args.trials], folder) / args.trials
            ours = seconds([tuner, "--config", "sweep.yaml", "--quiet"], folder) / args.trials
            theirs = optuna_seconds(folder, args.optuna_trials) / args.optuna_trials
        to_spawn.append(ours / bare)
        to_optuna.append(theirs / ours)
        print(f"posix_spawn {bare * 1e6:6.0f} us   tuner {ours * 1e6:6.0f} us   Optuna {theirs * 1e6:6.0f} us a trial   "
              f"ratios {ours / bare:.2f} and {theirs / ours:.1f}", flush=True)
    for what, ratios, digits in (("time of tuner / posix_spawn", to_spawn, 2), ("trials/s of tuner / Optuna", to_optuna, 1)):
        print(f"{what}: median {statistics.median(ratios):.{digits}f}, {min(ratios):.{digits}f} to {max(ratios):.{digits}f} over "
              f"{args.rounds} rounds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
