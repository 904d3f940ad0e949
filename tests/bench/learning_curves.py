#!/usr/bin/python3
"""Writes data/learning_curves.txt: real learning curves to play pruners on.

Usage: learning_curves.py [--db FILE] TUNER

TUNER runs data/learning_curves.yaml (minutes), or goes on with it where FILE has a part of it already. A line is a
configuration, in the order of its numbers, with the validation loss after 50, 100, ..., 4050 steps to four digits; that
of a trial that diverged ends early.
"""
import argparse
import pathlib
import sqlite3
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--db")
    parser.add_argument("tuner")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = arguments.db or f"{folder}/tuner.db"
        sweep = HERE / "data/learning_curves.yaml"
        subprocess.run([arguments.tuner, "run", "--config", sweep, "--db", database, "--quiet"], check=True)
        rows = sqlite3.connect(database).execute(
            "SELECT number, step, value FROM learning_curves WHERE study = 'curves' AND name = 'val_loss' ORDER BY number, step")
        curves = {}
        for number, step, value in rows:
            if step % 50 == 0 and step > 0:
                curves.setdefault(number, []).append(float(value))
    lines = [" ".join(f"{loss:.4g}" for loss in curve) for _, curve in sorted(curves.items())]
    text = "# Made by learning_curves.py of learning_curves.yaml: val_loss of an mlp on Fashion-MNIST every 50 steps.\n"
    (HERE / "data/learning_curves.txt").write_text(text + "\n".join(lines) + "\n")
    print(f"{len(lines)} curves, {sum(len(line.split()) for line in lines)} losses")


if __name__ == "__main__":
    main()
