"""A training script's side of tuner. Standard library only.

    import tuner

    p = tuner.parameters(lr=0.01, layers=2)      # what the search chose; the defaults where it says nothing
    for epoch in range(10):
        loss = train(p.lr, p.layers)
        tuner.report(step=epoch, val_loss=loss)

Without tuner around it the script runs with its defaults, and the reports are printed.

The environment that tuner starts a program in:
    TUNER_PARAMETERS    path of a JSON file: an object of the parameters
    TUNER_METRICS_FD    number of the descriptor that takes a JSON object a line
    TUNER_CHECKPOINT    a folder of the trial's own, which its later attempts find as it was left
    TUNER_RESUMED       1 where an earlier attempt may have left something there
"""

import json as _json
import os as _os
import sys as _sys
import threading as _threading

__all__ = ["parameters", "report", "diverged", "checkpoint_dir", "resumed"]

_lock = _threading.Lock()
_last_step = -1
_temporary_folder = None


class Parameters(dict):
    """A dict whose keys are attributes too: p["lr"] is p.lr."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                "the sweep has no parameter '%s'; give it a default: tuner.parameters(%s=...)" % (name, name)
            ) from None

    def __setattr__(self, name, value):
        self[name] = value


def parameters(**defaults):
    """The parameters of this trial. `defaults` are those of parameters that the sweep file does not have, or that are
    null in this trial."""
    values = Parameters(defaults)
    path = _os.environ.get("TUNER_PARAMETERS")
    if path:
        with open(path, encoding="utf-8") as file:
            for name, value in _json.load(file).items():
                if value is not None or name not in defaults:
                    values[name] = value
    return values


def report(metrics=None, *, step=None, **more):
    """Reports metrics at a step: report(step=3, val_loss=0.2), or report({"val/loss": 0.2}, step=3) where their names
    are no Python words. Without a step it is the one after the last report's. Values are numbers, or what float()
    takes: an array or tensor with one element.

    A program that tuner ends by SIGTERM may do so here: the report is out before."""
    global _last_step
    values = dict(metrics or {})
    values.update(more)
    line = {}
    with _lock:
        line["step"] = _last_step + 1 if step is None else int(step)
        _last_step = max(_last_step, line["step"])
        for name, value in values.items():
            line[name] = _number(name, value)
        _write(line)


def diverged(error=""):
    """Ends the script: its trial has diverged."""
    with _lock:
        _write({"outcome": "diverged", "error": str(error)})
    _sys.stdout.flush()
    _sys.stderr.flush()
    _sys.exit(0)


def checkpoint_dir():
    """A folder for what the next attempt of this trial needs to go on. Without tuner around the script: a temporary
    one, which is removed when the script ends."""
    global _temporary_folder
    folder = _os.environ.get("TUNER_CHECKPOINT")
    if folder:
        _os.makedirs(folder, exist_ok=True)
        return folder
    if _temporary_folder is None:
        import tempfile

        _temporary_folder = tempfile.TemporaryDirectory(prefix="tuner-checkpoint-")
    return _temporary_folder.name


def resumed():
    """May an earlier attempt of this trial have left a state in checkpoint_dir()?"""
    return _os.environ.get("TUNER_RESUMED") == "1"


def _number(name, value):
    if isinstance(value, (bool, int, float)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            "tuner.report: the metric '%s' is a %s, and a number is due: report float(x), or leave it out"
            % (name, type(value).__name__)
        ) from None


def _write(line):
    descriptor = _os.environ.get("TUNER_METRICS_FD")
    if not descriptor:
        print("  ".join("%s %s" % (name, _shown(value)) for name, value in line.items()), flush=True)
        return
    data = (_json.dumps(line) + "\n").encode()
    while data:
        data = data[_os.write(int(descriptor), data) :]


def _shown(value):
    return "%.6g" % value if isinstance(value, float) else str(value)
