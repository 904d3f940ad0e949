"""What each experiment of configs/experiments shows.

A function for each takes the studies and returns (tables, findings).
"""
import re

from experiment_findings import ORDER, Finding, table, value, yes
from experiment_generalization import batch_size, decay_l2, imbalance, inconsistency, overfitting
from experiment_networks import bias_correction, cnn, final_quality, logreg, mlp_optimizers, schedules, sparse
from experiment_results import Mean
from experiment_surfaces import (
    beale,
    beale_steps,
    local_minimum,
    lr_sensitivity,
    ravine,
    rosenbrock,
    saddle,
    saddle_steps,
    worked_example,
)
from experiment_vae import vae


def state(document):
    """Of docs/optimizers.md, which the build writes: what adaptive rules keep beside a parameter."""
    found = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", document, re.MULTILINE))
    names = (
        "sgd",
        "adagrad",
        "rmsprop",
        "adadelta",
        "adam",
        "adamw",
        "nadam",
        "lion",
        "muon",
        "adafactor",
        "shampoo",
        "soap",
    )
    return [table(["optimizer", "bytes of state per float32 parameter"], [[name, found[name]] for name in names])], [
        Finding(
            "state.bytes",
            "C10",
            yes(float(found["adam"]) > float(found["sgd"])),
            f"that extra state costs memory: bytes for each float32 parameter: sgd {found['sgd']} (momentum), adagrad "
            f"{found['adagrad']}, adam "
            f"{found['adam']}, adafactor {found['adafactor']}",
        )
    ]


CLAIMS = {
    "C1": "momentum cancels alternating directions in ravines, and accumulates steady ones",
    "C2": "too large an lr overshoots, and Nesterov's momentum repairs it",
    "C3": "momentum leaves local minima and saddles",
    "C4": "adagrad stalls late",
    "C5": "rmsprop keeps learning, and is unstable early without bias correction",
    "C6": "adam is the fastest on networks, matches adagrad on sparse features, works with dropout",
    "C7": "without bias correction training fails where the decay of the second moment is near 1",
    "C8": "adam over-fits sooner",
    "C9": "adamw tunes lr and decay independently",
    "C10": "extra state costs memory",
    "C11": "the generalization gap goes with inconsistency and instability",
    "C12": "more updates close the gap of large batches",
}


def claims(stored):
    """Of findings.json: each claim with the findings that are about it, by verdict."""
    findings = [finding for experiment in stored.values() for finding in experiment]
    rows = []
    for claim, text in CLAIMS.items():
        about = [finding for finding in findings if claim in finding["claims"].split(", ")]
        verdicts = list(dict.fromkeys(finding["verdict"] for finding in about))
        rows.append(
            [
                claim,
                text,
                "; ".join(
                    f"*{verdict}*: " + ", ".join(finding["id"] for finding in about if finding["verdict"] == verdict)
                    for verdict in verdicts
                ),
            ]
        )
    return [table(["", "claim", "findings below"], rows)], []


WORDS = {
    "gd": ("slow", "hard", "bad"),
    "momentum": ("medium", "hard", "bad"),
    "nesterov": ("fast", "hard", "bad"),
    "adagrad": ("fast", "fast", "excellent"),
    "rmsprop": ("fast", "fast", "excellent"),
    "adadelta": ("very fast", "very fast", "excellent"),
    "adam": ("fast", "fast", "excellent"),
}


def comparison(studies):
    """The table of S0, section 4.1: its word, and what is measured."""
    steps, study, rows = beale_steps(studies), studies["sparse"], []
    beside = saddle_steps(studies, [1.0, 0.001], 0.0)
    for name in ORDER:
        fast, escape, features = WORDS[name]
        reached = min(step for step in steps[name].values() if step is not None)
        rate = 1 if name == "adadelta" else 0.01
        rows.append(
            [
                name,
                f"{fast}: {reached}",
                f"{escape}: {beside[name, rate][0] or 'not in 1000'}",
                f"{features}: {Mean(map(value, study.best(optimizer=name)[1])).text(3)}",
            ]
        )
    return [
        table(
            [
                "optimizer",
                "loss surface: steps on Beale's function at the best lr",
                "saddle: steps at lr 0.01 (adadelta 1)",
                "sparse data: val_loss at the best lr",
            ],
            rows,
        )
    ], []


EXPERIMENTS = {
    "rosenbrock": rosenbrock,
    "lr_sensitivity": lr_sensitivity,
    "ravine": ravine,
    "worked_example": worked_example,
    "local_minimum": local_minimum,
    "saddle": saddle,
    "beale": beale,
    "sparse": sparse,
    "logreg": logreg,
    "mlp_optimizers": mlp_optimizers,
    "cnn": cnn,
    "final_quality": final_quality,
    "schedules": schedules,
    "bias_correction": bias_correction,
    "vae": vae,
    "decay_l2": decay_l2,
    "batch_size": batch_size,
    "imbalance": imbalance,
    "overfitting": overfitting,
    "inconsistency": inconsistency,
}
