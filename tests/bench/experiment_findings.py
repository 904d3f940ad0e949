"""Tables, and findings that say whether a claim holds.

A finding has an id, the claims that it is about, a verdict and a sentence with the figures; `tuner recommend` prints them.
"""
from experiment_results import FAILS, HOLDS, paired, verdict

MEASURED = "measured"  # a figure without a claim

ORDER = ("gd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam")
DEFAULTS = {
    "gd": 0.001,
    "momentum": 0.001,
    "nesterov": 0.001,
    "adagrad": 0.01,
    "rmsprop": 0.01,
    "adadelta": 1,
    "adam": 0.001,
}


class Finding:
    def __init__(self, name, claims, verdict_of, text):
        self.name, self.claims, self.verdict, self.text = name, claims, verdict_of, text

    def as_json(self):
        return {"id": self.name, "claims": self.claims, "verdict": self.verdict, "text": self.text}


def table(header, rows):
    lines = [f"| {' | '.join(str(cell) for cell in row)} |" for row in [header, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def yes(holds):
    return HOLDS if holds else FAILS


def number(value, digits=4):
    if value is None:
        return "-"
    return f"{value:.{digits}g}"


def value(trial):
    return trial["value"]


def lr(parameters):
    return number(parameters["lr"])


def differ(name, claims, what, better, worse, of=value, expected=-1, digits=4):
    """A finding on two configurations (label, (parameters, trials)): of the first minus of the second."""
    (label, (_, trials)), (other, (_, others)) = better, worse
    difference = paired([of(trial) for trial in trials], [of(trial) for trial in others])
    return Finding(
        name,
        claims,
        verdict(difference, expected) if expected else MEASURED,
        f"{what}, {label} minus {other}: {difference.interval(digits)}, {difference.n} seeds",
    )
