"""What the experiments on optimizers and schedules for networks and regressions show: of each its tables and findings."""
from experiment_findings import DEFAULTS, ORDER, Finding, differ, lr, number, table, value, yes
from experiment_results import Mean, paired, verdict


def sparse(studies):
    study, rows, best, lost = studies["sparse"], [], {}, {}
    for name in ORDER:
        best[name] = study.best(optimizer=name)
        [(_, default)] = study.configurations(optimizer=name, lr=DEFAULTS[name])
        lost[name] = paired(map(value, default), map(value, best[name][1]))
        first = Mean(study.curve(trial, "val_loss")[0] for trial in best[name][1])
        rows.append(
            [
                name,
                lr(best[name][0]),
                Mean(map(value, best[name][1])).text(),
                first.text(),
                f"{number(DEFAULTS[name])}: +{lost[name].text()}",
            ]
        )
    plain = min(("gd", "momentum", "nesterov"), key=lambda name: Mean(map(value, best[name][1])).mean)
    needs = {name for name in ORDER if lost[name].mean > lost["adam"].mean}
    return [table(["optimizer", "best lr", "val_loss", "after the first epoch", "default lr, and what it loses"], rows)], [
        differ(
            "sparse.adaptive",
            "E9, E10",
            "that adaptive methods are better on sparse features: val_loss, each at its best lr",
            ("adam", best["adam"]),
            (plain, best[plain]),
        ),
        differ(
            "sparse.adagrad",
            "E9, E10",
            "that adaptive methods are better on sparse features: val_loss, each at its best lr",
            ("adagrad", best["adagrad"]),
            (plain, best[plain]),
        ),
        differ(
            "sparse.adam",
            "C6",
            "that adam matches adagrad on sparse features: val_loss, each at its best lr",
            ("adam", best["adam"]),
            ("adagrad", best["adagrad"]),
            expected=0,
        ),
        Finding(
            "sparse.defaults",
            "E10",
            yes({"gd", "momentum", "nesterov"} <= needs and needs <= {"gd", "momentum", "nesterov"}),
            "that gradient descent's lr must be set and that of adaptive methods need not: the default lr loses "
            + ", ".join(f"{lost[name].text(3)} ({name})" for name in ORDER)
            + " of val_loss against the best of six lrs",
        ),
    ]


def logreg(studies):
    study, rows, best = studies["logreg"], [], {}
    for name in ("nesterov", "adagrad", "adam"):
        best[name] = study.best(optimizer=name)
        rows.append([name, lr(best[name][0]), Mean(map(value, best[name][1])).text()])
    return [table(["optimizer", "best lr", "least val_loss"], rows)], [
        differ(
            "logreg.nesterov",
            "E9",
            "that adam converges like Nesterov's momentum in softmax regression: least val_loss",
            ("adam", best["adam"]),
            ("nesterov", best["nesterov"]),
            expected=0,
        ),
        differ(
            "logreg.adagrad",
            "E9",
            "that adam converges faster than adagrad in softmax regression: least val_loss",
            ("adam", best["adam"]),
            ("adagrad", best["adagrad"]),
        ),
    ]


def mlp_optimizers(studies):
    study, rows, findings = studies["mlp_optimizers"], [], []
    for dropout in (0.0, 0.3):
        best = {
            name: study.best(optimizer=name, dropout=dropout)
            for name in ("nesterov", "adagrad", "rmsprop", "adam", "nadam", "caadam")
        }
        for name, (parameters, trials) in best.items():
            rows.append(
                [
                    dropout,
                    name,
                    lr(parameters),
                    Mean(map(value, trials)).text(),
                    Mean(study.last(trial, "val_loss") for trial in trials).text(),
                ]
            )
        where = f"train_loss of a multilayer perceptron after 4 epochs, dropout {dropout:g}, each at its best lr"
        suffix = "dropout" if dropout else "plain"
        for other, claim in (("nesterov", "E9, C6"), ("adagrad", "E9, C6"), ("rmsprop", "E9, C6")):
            findings.append(
                differ(
                    f"mlp.{other}.{suffix}",
                    claim,
                    f"that adam is the fastest: {where}",
                    ("adam", best["adam"]),
                    (other, best[other]),
                )
            )
        for name in ("nadam", "caadam"):
            findings.append(
                differ(
                    f"mlp.{name}.{suffix}",
                    "fast",
                    f"that {name} is faster than adam: {where}",
                    (name, best[name]),
                    ("adam", best["adam"]),
                )
            )
    return [table(["dropout", "optimizer", "best lr", "train_loss", "val_loss"], rows)], findings


def tail(study, trial):
    """What of train_loss is lost over the last third, as a share of what it is at two thirds."""
    curve = study.curve(trial, "train_loss")
    return 1 - curve[-1] / curve[2 * len(curve) // 3 - 1]


def turn(study, trial):
    """The epoch, from 1, of the least val_loss."""
    curve = study.curve(trial, "val_loss")
    return 1 + curve.index(min(curve))


def rise(study, trial):
    curve = study.curve(trial, "val_loss")
    return curve[-1] - min(curve)


def cnn(studies):
    study, rows, best = studies["cnn"], [], {}
    for name in ("momentum", "adagrad", "rmsprop", "adam"):
        parameters, trials = best[name] = study.best(max, optimizer=name)
        rows.append(
            [
                name,
                lr(parameters),
                Mean(study.curve(t, "train_loss")[2] for t in trials).text(),
                Mean(study.last(t, "train_loss") for t in trials).text(),
                Mean(100 * tail(study, t) for t in trials).text(0) + " %",
                Mean(turn(study, t) for t in trials).text(1),
                Mean(rise(study, t) for t in trials).text(3),
                Mean(study.last(t, "test_accuracy") for t in trials).text(),
            ]
        )
    lrs = ", ".join(f"{name} {lr(best[name][0])}" for name in best)
    return [
        table(
            [
                "optimizer",
                "best lr",
                "train_loss after 3 epochs",
                "at the end",
                "less in the last third",
                "epoch of the least val_loss",
                "rise after it",
                "test_accuracy",
            ],
            rows,
        )
    ], [
        differ(
            "cnn.speed",
            "E4, C6",
            "that adam is the fastest on a convnet: train_loss after 3 epochs, each at the lr with the best "
            f"val_accuracy ({lrs})",
            ("adam", best["adam"]),
            ("momentum", best["momentum"]),
            of=lambda t: study.curve(t, "train_loss")[2],
        ),
        differ(
            "cnn.test",
            "E4",
            "that sgd generalizes better than adam: test_accuracy of a convnet at constant lr",
            ("momentum", best["momentum"]),
            ("adam", best["adam"]),
            of=lambda t: study.last(t, "test_accuracy"),
            expected=+1,
        ),
        differ(
            "cnn.stall",
            "C4",
            "that adagrad stalls late: share of train_loss that is lost in the last third of the run",
            ("adagrad", best["adagrad"]),
            ("adam", best["adam"]),
            of=lambda t: tail(study, t),
            digits=3,
        ),
        differ(
            "cnn.stall.momentum",
            "C4",
            "that adagrad stalls late: share of train_loss that is lost in the last third of the run",
            ("adagrad", best["adagrad"]),
            ("momentum", best["momentum"]),
            of=lambda t: tail(study, t),
            digits=3,
        ),
        differ(
            "cnn.rmsprop",
            "C5",
            "that rmsprop keeps learning where adagrad stalls: share of train_loss that is lost in the last third of "
            "the run",
            ("rmsprop", best["rmsprop"]),
            ("adagrad", best["adagrad"]),
            of=lambda t: tail(study, t),
            expected=+1,
            digits=3,
        ),
        differ(
            "cnn.overfits",
            "C8",
            "that adam over-fits sooner: epoch of the least val_loss of a convnet",
            ("adam", best["adam"]),
            ("momentum", best["momentum"]),
            of=lambda t: turn(study, t),
            digits=1,
        ),
    ]


def final_quality(studies):
    study, constant = studies["final_quality"], studies["cnn"]
    best = {name: study.best(max, optimizer=name) for name in ("momentum", "adam", "adamw")}
    rows = [
        [
            name,
            lr(parameters),
            Mean(study.last(t, "val_loss") for t in trials).text(),
            Mean(study.last(t, "test_accuracy") for t in trials).text(),
        ]
        for name, (parameters, trials) in best.items()
    ]

    def accuracy(of):
        return lambda trial: of.last(trial, "test_accuracy")

    gains = {}
    for name in ("momentum", "adam"):
        gains[name] = paired(
            map(accuracy(study), best[name][1]), map(accuracy(constant), constant.best(max, optimizer=name)[1])
        )
    return [table(["optimizer", "best lr", "last val_loss", "test_accuracy"], rows)], [
        differ(
            "final_quality.adam",
            "final quality",
            "that momentum with a decaying lr ends best: test_accuracy of a convnet, cosine, each at its best lr",
            ("momentum", best["momentum"]),
            ("adam", best["adam"]),
            of=accuracy(study),
            expected=+1,
        ),
        differ(
            "final_quality.adamw",
            "final quality",
            "that momentum with a decaying lr ends best: test_accuracy of a convnet, cosine, each at its best lr",
            ("momentum", best["momentum"]),
            ("adamw", best["adamw"]),
            of=accuracy(study),
            expected=+1,
        ),
        *(
            Finding(
                f"final_quality.decay.{name}",
                "E5",
                verdict(gain, +1),
                f"that a decaying lr ends better: test_accuracy of {name} on a convnet, cosine minus constant, each at "
                "its best lr: "
                f"{gain.interval()}, {gain.n} seeds",
            )
            for name, gain in gains.items()
        ),
    ]


def schedules(studies):
    study, rows, findings = studies["schedules"], [], []
    for name in ("momentum", "adamw"):
        best = {
            (scheduler, warmup): study.best(optimizer=name, scheduler=scheduler, warmup_fraction=warmup)
            for scheduler in ("constant", "step", "cosine")
            for warmup in (0.0, 0.1)
        }
        for (scheduler, warmup), (parameters, trials) in best.items():
            rows.append([name, scheduler, "a tenth" if warmup else "none", lr(parameters), Mean(map(value, trials)).text()])
        for scheduler in ("step", "cosine"):
            findings.append(
                differ(
                    f"schedules.{scheduler}.{name}",
                    "E5",
                    f"that a decaying lr ends better: val_loss of {name} on a multilayer perceptron, "
                    "each at its best lr",
                    (scheduler, best[scheduler, 0.0]),
                    ("constant", best["constant", 0.0]),
                )
            )
        findings.append(
            differ(
                f"schedules.warmup.{name}",
                "E5",
                f"that a warmup helps: val_loss of {name} with cosine, each at its best lr",
                ("with a warmup", best["cosine", 0.1]),
                ("without", best["cosine", 0.0]),
            )
        )
        largest = max(parameters["lr"] for parameters, _ in study.configurations(optimizer=name))
        [with_it], [without] = (
            study.configurations(optimizer=name, scheduler="cosine", warmup_fraction=warmup, lr=largest)
            for warmup in (0.1, 0.0)
        )
        findings.append(
            differ(
                f"schedules.large_lr.{name}",
                "E5",
                f"that a warmup helps at large lrs: val_loss of {name} with cosine at lr {number(largest)}",
                ("with a warmup", with_it),
                ("without", without),
            )
        )
    return [table(["optimizer", "schedule", "warmup", "best lr", "val_loss"], rows)], findings


def bias_correction(studies):
    study, rows, findings = studies["bias_correction"], [], []

    def early(trial):
        curve = study.curve(trial, "loss")
        return max(curve[:21]) - curve[0]

    for alpha in (0.9, 0.99, 0.999, 0.9999):
        for corrected in (False, True):
            [(_, small)], [(_, large)] = (
                study.configurations(alpha=alpha, bias_correction=corrected, lr=rate) for rate in (0.001, 0.01)
            )
            best = study.best(alpha=alpha, bias_correction=corrected)
            rows.append(
                [
                    number(alpha),
                    "on" if corrected else "off",
                    Mean(map(early, small)).text(3),
                    Mean(map(early, large)).text(3),
                    lr(best[0]),
                    Mean(map(value, best[1])).text(),
                ]
            )
    for alpha, claims in ((0.99, "C5"), (0.9999, "C7")):
        pair = [study.configurations(alpha=alpha, bias_correction=corrected, lr=0.01)[0] for corrected in (False, True)]
        findings.append(
            differ(
                f"bias_correction.rise.{alpha:g}",
                claims,
                "that without bias correction the start is unstable: highest loss of the first 20 steps of rmsprop above "
                f"the first one, alpha {alpha:g}, lr 0.01",
                ("without correction", pair[0]),
                ("with it", pair[1]),
                of=early,
                expected=+1,
                digits=3,
            )
        )
        bests = [study.best(alpha=alpha, bias_correction=corrected) for corrected in (False, True)]
        findings.append(
            differ(
                f"bias_correction.end.{alpha:g}",
                claims,
                "that it ends worse without: train_loss of the second epoch, alpha " f"{alpha:g}, each at its best lr",
                ("without correction", bests[0]),
                ("with it", bests[1]),
                expected=+1,
            )
        )
    return [
        table(["alpha", "correction", "rise in 20 steps, lr 0.001", "lr 0.01", "best lr", "train_loss"], rows)
    ], findings
