"""What the experiments on decay, batches, imbalance and overfitting show: of each its tables and findings."""
import statistics

from experiment_findings import Finding, differ, lr, number, table, value, yes
from experiment_networks import rise, turn
from experiment_results import NOISE, Mean, paired, rank_correlation, verdict


def regrets(study, name):
    """By seed: how much a decay that is best at one lr loses at another, mean over all pairs of lrs."""
    rates = sorted({parameters["lr"] for parameters, _ in study.configurations(optimizer=name)})
    best = {rate: study.best(optimizer=name, lr=rate)[0]["weight_decay"] for rate in rates}
    values = {
        (p["lr"], p["weight_decay"]): [value(t) for t in trials] for p, trials in study.configurations(optimizer=name)
    }
    seeds = range(len(next(iter(values.values()))))
    pairs = [(a, b) for a in rates for b in rates if a != b]
    return best, [statistics.mean(values[b, best[a]][i] - values[b, best[b]][i] for a, b in pairs) for i in seeds]


def decay_l2(studies):
    study, rows, lost, best = studies["decay_l2"], [], {}, {}
    for name in ("l2", "decay"):
        decays, lost[name] = regrets(study, name)
        best[name] = study.best(optimizer=name)
        for rate, decay in decays.items():
            rows.append(
                [
                    {"l2": "adam, L2", "decay": "adamw"}[name],
                    number(rate),
                    number(decay),
                    Mean(map(value, study.best(optimizer=name, lr=rate)[1])).text(),
                ]
            )
    difference = paired(lost["decay"], lost["l2"])
    return [table(["optimizer", "lr", "best weight_decay", "val_loss"], rows)], [
        Finding(
            "decay_l2.independent",
            "C9",
            verdict(difference, -1),
            "that adamw tunes lr and decay independently: what a decay that is best at one lr loses of val_loss at "
            f"another, adamw {Mean(lost['decay']).text()}, adam "
            f"with L2 {Mean(lost['l2']).text()}; the difference is {difference.interval()}, {difference.n} seeds",
        ),
        differ(
            "decay_l2.best",
            "C9",
            "that decoupled decay is better than L2 under adam: val_loss, each at its best lr and decay",
            ("adamw", best["decay"]),
            ("adam with L2", best["l2"]),
        ),
    ]


def batch_size(studies):
    study, rows, found = studies["batch_size"], [], {}
    for norm, size, regime in (
        ("batch", 64, 0),
        ("batch", 1024, 0),
        ("ghost", 1024, 0),
        ("batch", 1024, 64),
        ("ghost", 1024, 64),
    ):
        found[norm, size, regime] = parameters, trials = study.best(
            max, norm=norm, batch_size=size, regime_adaptation=regime
        )
        rows.append(
            [
                size,
                norm,
                "as many updates" if regime else "as many epochs",
                lr(parameters),
                trials[0]["steps"],
                Mean(map(value, trials)).text(),
                Mean(study.last(t, "test_accuracy") for t in trials).text(),
            ]
        )
    small = ("64", found["batch", 64, 0])

    def against(name, claims, claim, label, key, other, expected):
        return differ(
            name,
            claims,
            f"{claim}: test_accuracy",
            (label, found[key]),
            other,
            of=lambda t: study.last(t, "test_accuracy"),
            expected=expected,
        )

    return [table(["batch", "norm", "length", "best lr", "updates", "val_accuracy", "test_accuracy"], rows)], [
        against(
            "batch_size.gap",
            "C12",
            "that large batches generalize worse",
            "1024 as many epochs",
            ("batch", 1024, 0),
            small,
            -1,
        ),
        against(
            "batch_size.updates",
            "C12",
            "that more updates help",
            "1024 as many updates",
            ("batch", 1024, 64),
            ("as many epochs", found["batch", 1024, 0]),
            +1,
        ),
        against(
            "batch_size.ghost",
            "C12",
            "that ghost batch norm helps",
            "1024 in ghosts of 64",
            ("ghost", 1024, 0),
            ("1024 with one statistic", found["batch", 1024, 0]),
            +1,
        ),
        against(
            "batch_size.closed",
            "C12",
            "what both leave of the gap",
            "1024 in ghosts, as many updates",
            ("ghost", 1024, 64),
            small,
            0,
        ),
    ]


def imbalance(studies):
    study, rows, best = studies["imbalance"], [], {}
    for loss in ("cross_entropy", "focal"):
        for weighted in (False, True):
            weights = max((p["class_weights"] for p, _ in study.configurations(loss=loss)), key=len) if weighted else []
            best[loss, weighted] = parameters, trials = study.best(max, loss=loss, class_weights=weights)
            rows.append(
                [
                    loss,
                    "by frequency" if weighted else "none",
                    lr(parameters),
                    Mean(map(value, trials)).text(),
                    Mean(study.last(t, "test_accuracy") for t in trials).text(),
                ]
            )

    def accuracy(trial):
        return study.last(trial, "test_accuracy")

    plain = ("cross entropy", best["cross_entropy", False])
    return [table(["loss", "class weights", "best lr", "val_accuracy", "test_accuracy, balanced"], rows)], [
        differ(
            "imbalance.weights",
            "imbalance",
            "that class weights help where five classes have a twentieth of the images: balanced test_accuracy",
            ("class weights", best["cross_entropy", True]),
            plain,
            of=accuracy,
            expected=+1,
        ),
        differ(
            "imbalance.focal",
            "imbalance",
            "that the focal loss helps: balanced test_accuracy",
            ("focal loss", best["focal", False]),
            plain,
            of=accuracy,
            expected=+1,
        ),
    ]


def overfitting(studies):
    study, rows, findings = studies["overfitting"], [], []

    def test(trial):
        return study.last(trial, "test_loss")

    def least(trial):
        return min(study.curve(trial, "val_loss"))

    best = {}
    for objective in ("plain", "dropout", "smoothing"):
        for name in ("momentum", "adam", "adamw"):
            for stopping in ("none", "on"):
                chosen = study.best(
                    of=least if stopping == "none" else None, objective=objective, optimizer=name, early_stopping=stopping
                )
                best[objective, name, stopping] = parameters, trials = chosen
                rows.append(
                    [
                        objective,
                        name,
                        "early stopping" if stopping == "on" else "40 epochs",
                        lr(parameters),
                        Mean(turn(study, t) for t in trials).text(1),
                        Mean(map(test, trials)).text(),
                        Mean(study.last(t, "test_accuracy") for t in trials).text(),
                    ]
                )
    whole = ("none", best["plain", "adam", "none"])
    findings.append(
        differ(
            "overfitting.sooner",
            "C8",
            "that adam over-fits sooner: epoch of the least val_loss on 1000 images, each at the lr where that is least",
            ("adam", best["plain", "adam", "none"]),
            ("momentum", best["plain", "momentum", "none"]),
            of=lambda t: turn(study, t),
            digits=1,
        )
    )
    findings.append(
        differ(
            "overfitting.rise",
            "C8",
            "that adam over-fits more: rise of val_loss after its least value in 40 epochs",
            ("adam", best["plain", "adam", "none"]),
            ("momentum", best["plain", "momentum", "none"]),
            of=lambda t: rise(study, t),
            expected=+1,
        )
    )
    for name, label, key in (
        ("stopping", "early stopping", ("plain", "adam", "on")),
        ("dropout", "dropout 0.5", ("dropout", "adam", "none")),
        ("smoothing", "label smoothing 0.1", ("smoothing", "adam", "none")),
        ("decay", "weight decay (adamw)", ("plain", "adamw", "none")),
    ):
        findings.append(
            differ(
                f"overfitting.{name}",
                "overfitting",
                f"that {label} helps adam: test_loss on 1000 images after 40 epochs",
                (label, best[key]),
                whole,
                of=test,
            )
        )
    return [
        table(["network", "optimizer", "length", "lr", "epoch of the least val_loss", "test_loss", "test_accuracy"], rows)
    ], findings


def inconsistency(studies):
    """Of `tuner gap --json`: an array of configurations."""
    measured = studies["inconsistency"].gaps
    rows = [
        [
            row["parameters"].replace("|", ""),
            number(row["generalization_gap"]),
            number(row["inconsistency"]),
            number(row["instability"]),
        ]
        for row in sorted(measured, key=lambda row: row["generalization_gap"])
    ]
    findings = []
    groups = {
        "": ("", measured),
        ".trained": (" that train for 30 epochs", [row for row in measured if "epochs=30" in row["parameters"]]),
        ".early": (" that train for 5 epochs", [row for row in measured if "epochs=5" in row["parameters"]]),
    }
    for name in ("inconsistency", "instability"):
        for suffix, (which, rows_of) in groups.items():
            r, low, high = rank_correlation([row[name] for row in rows_of], [row["generalization_gap"] for row in rows_of])
            holds = NOISE if low <= 0 <= high else yes(low > 0)
            findings.append(
                Finding(
                    f"inconsistency.{name}{suffix}",
                    "C11",
                    holds,
                    f"that the gap goes with {name}: rank correlation over the {len(rows_of)} configurations"
                    f"{which}: {r:+.3f} ({low:+.3f} to {high:+.3f})",
                )
            )
    return [table(["configuration", "generalization gap", "inconsistency", "instability"], rows)], findings
