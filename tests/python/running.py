"""Runs a script as tuner does: with its parameters in a file and a descriptor for its reports."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tuner", "python")


class Ran:
    def __init__(self, code, output, errors, lines):
        self.code = code
        self.output = output
        self.errors = errors
        self.lines = lines


def run(script, parameters=None, around=True, offline=False, environment=()):
    """parameters: of the sweep. around: is there tuner around the script?"""
    with tempfile.TemporaryDirectory() as folder:
        path = [FOLDER] + ([os.path.join(FOLDER, "offline")] if offline else [])
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("TUNER_", "WANDB_"))}
        variables.update(PYTHONPATH=os.pathsep.join(path), PYTHONDONTWRITEBYTECODE="1")
        variables.update(environment)
        descriptors = ()
        if around:
            file = os.path.join(folder, "parameters.json")
            with open(file, "w", encoding="utf-8") as stream:
                json.dump(parameters or {}, stream)
            read, write = os.pipe()
            descriptors = (write,)
            variables.update(
                TUNER_PARAMETERS=file, TUNER_METRICS_FD=str(write), TUNER_CHECKPOINT=os.path.join(folder, "state")
            )
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=folder,
            env=variables,
            pass_fds=descriptors,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=300,
        )
        lines = []
        if around:
            os.close(write)
            with open(read, encoding="utf-8") as stream:
                lines = [json.loads(line) for line in stream]
        return Ran(done.returncode, done.stdout, done.stderr, lines)
