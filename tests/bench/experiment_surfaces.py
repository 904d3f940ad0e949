"""What the experiments on functions show: of each its tables and findings."""
import math

from experiment_findings import DEFAULTS, MEASURED, ORDER, Finding, number, table, value, yes
from experiment_results import Mean


def rosenbrock(studies):
    study = studies["rosenbrock"]
    rows, after = [], {}
    for parameters, [trial] in study.configurations():
        curve = study.curve(trial, "loss")
        after[parameters["optimizer"], parameters["scheduler"]] = curve[-1]
        rows.append([parameters["optimizer"], parameters["scheduler"], number(curve[100]), number(curve[-1])])
    constant = {name: loss for (name, scheduler), loss in after.items() if scheduler == "constant"}
    lowest = min(constant, key=constant.get)
    slower = [name for name in constant if after[name, "cosine"] > constant[name]]
    return [table(["optimizer", "schedule", "loss after 100 steps", "after 1000"], rows)], [
        Finding(
            "rosenbrock.momentum",
            "E1, E6",
            yes(max(constant["momentum"], constant["nesterov"]) < constant["gd"]),
            "that momentum is faster than gradient descent: after 1000 steps from (0, 0) gradient descent is at "
            f"{number(constant['gd'])}, momentum at "
            f"{number(constant['momentum'])}, Nesterov's at {number(constant['nesterov'])}, no random numbers",
        ),
        Finding(
            "rosenbrock.adam",
            "E1",
            yes(lowest == "adam"),
            f"that adam is the fastest on it: lowest after 1000 steps is {lowest} with {number(constant[lowest])}; "
            "adamw, whose decay moves the point "
            f"where it rests, stays at {number(constant['adamw'])}",
        ),
        Finding(
            "rosenbrock.cosine",
            "E1",
            MEASURED,
            f"a cosine over the 1000 steps ends higher than a constant lr for {', '.join(slower) or 'none of them'}: "
            "there is no noise that a falling lr would average out",
        ),
    ]


def lr_sensitivity(studies):
    study = studies["lr_sensitivity"]
    ends = {}
    for parameters, [trial] in study.configurations():
        loss = value(trial) if trial["outcome"] == "completed" else None
        ends[parameters["optimizer"], parameters["lr"]] = "diverges" if loss is None or loss > 1e3 else number(loss)
    names, rates = ["gd", "momentum", "nesterov"], sorted({rate for _, rate in ends})
    limit = {name: max(rate for rate in rates if ends[name, rate] != "diverges") for name in names}
    return [table(["lr", *names], [[number(rate), *(ends[name, rate] for name in names)] for rate in rates])], [
        Finding(
            "lr_sensitivity.overshoot",
            "E2, C2",
            yes(ends["gd", 0.1] == "10" and ends["gd", 0.18] == "diverges"),
            "that too large an lr overshoots: on x^2 + 10 y^2 from (1, 1) gradient descent at lr 0.1 hops between y = "
            "1 and y = -1: the loss after 200 "
            f"steps is {ends['gd', 0.1]}; above 0.1 it diverges",
        ),
        Finding(
            "lr_sensitivity.nesterov",
            "C2",
            yes(limit["nesterov"] > limit["momentum"]),
            f"that Nesterov's momentum, which is to repair overshooting, stands larger lrs: the largest one that converges is {number(limit['nesterov'])} "
            f"with it, {number(limit['momentum'])} with plain momentum, {number(limit['gd'])} without",
        ),
    ]


def rises(curve, target):
    """The share of the steps up to the target at which the loss rises."""
    until = next((i for i, loss in enumerate(curve) if loss <= target), len(curve) - 1)
    return sum(b > a for a, b in zip(curve[:until], curve[1 : until + 1])) / max(1, until)


def ravine(studies):
    study, target, best, rows = studies["ravine"], 1e-8, {}, []
    for parameters, [trial] in study.configurations():
        step = study.detail(trial)["target_step"]
        key = parameters["optimizer"], parameters.get("momentum", 0)
        if step is not None and (key not in best or step < best[key][0]):
            best[key] = step, parameters["lr"], rises(study.curve(trial, "loss"), target)
    for (name, momentum), (step, rate, share) in best.items():
        rows.append([name, momentum, number(rate), step, f"{100 * share:.0f} %"])
    at = {}
    rate = 0.0017782794100389228
    for name in ("momentum", "nesterov"):
        [(_, [trial])] = [
            (p, t)
            for p, t in study.configurations(optimizer=name, momentum=0.9)
            if math.isclose(p["lr"], rate, rel_tol=1e-6)
        ]
        at[name] = rises(study.curve(trial, "loss"), target)
    steps = {key: step for key, (step, _, _) in best.items()}
    return [table(["optimizer", "momentum", "best lr", "steps to 1e-8", "steps at which the loss rises"], rows)], [
        Finding(
            "ravine.momentum",
            "E3, C1",
            yes(steps["momentum", 0.9] < steps["gd", 0]),
            "that momentum speeds up descent in a ravine: condition 100, each at its best of 33 lrs, momentum 0.9 "
            "reaches 1e-8 in "
            f"{steps['momentum', 0.9]} steps, 0.5 in {steps['momentum', 0.5]}, 0.99 in {steps['momentum', 0.99]}, "
            f"gradient descent in {steps['gd', 0]}",
        ),
        Finding(
            "ravine.nesterov",
            "C2",
            yes(at["nesterov"] < at["momentum"]),
            f"that Nesterov's momentum overshoots less: at lr {number(rate)} and momentum 0.9 the loss rises at "
            f"{100 * at['nesterov']:.0f} % of the steps with it, at {100 * at['momentum']:.0f} % with plain momentum",
        ),
    ]


def worked_example(studies):
    rows, away, ends = [], {}, {}
    study = studies["worked_example"]
    for parameters, [trial] in study.configurations():
        curve = study.curve(trial, "loss")
        rate = parameters["lr"]
        away[rate] = math.sqrt(2 * curve[1] / (14 / 3))
        ends[rate] = "13/14" if trial["outcome"] == "completed" and curve[-1] < curve[0] else "diverges"
        rows.append([number(rate), number(away[rate]), ends[rate]])
    return [table(["lr", "distance of theta from 13/14 after one step", "then"], rows)], [
        Finding(
            "worked_example.lr",
            "E7",
            yes(ends[3] == "13/14"),
            f"that lr 3 takes theta from 2 to 1: one step leaves it {number(away[3])} away from the minimum at 13/14, "
            "and it "
            f"diverges, as the gradient at 2 is 5 and not 1/3; lr 1/5 leaves it {number(away[0.2])} away",
        )
    ]


def local_minimum(studies):
    study, rows, escaped = studies["local_minimum"], [], {}
    for name in ("gd", "momentum", "nesterov", "adam"):
        for rate in sorted({parameters["lr"] for parameters, _ in study.configurations(optimizer=name)}):
            trials = [trial for _, [trial] in study.configurations(optimizer=name, lr=rate)]
            lowest = sum(trial["outcome"] == "completed" and value(trial) < -39 for trial in trials)
            diverged = sum(trial["outcome"] == "diverged" for trial in trials)
            escaped[name] = escaped.get(name, 0) + lowest
            rows.append([name, number(rate), f"{lowest} of {len(trials)}", diverged])
    return [table(["optimizer", "lr", "starts that end in the lowest minimum", "that diverge"], rows)], [
        Finding(
            "local_minimum.momentum",
            "E8, C3",
            yes(escaped["momentum"] > escaped["gd"]),
            "that momentum leaves local minima: of 68 runs that start on the side of a local minimum "
            f"{escaped['momentum']} of momentum end in the lowest "
            f"one, {escaped['nesterov']} of Nesterov's, {escaped['gd']} of gradient descent, {escaped['adam']} of adam",
        )
    ]


def saddle_steps(studies, start, noise):
    """(optimizer, lr) -> steps to -1 of each seed, None where it is not reached."""
    study = studies["saddle"]
    return {
        (parameters["optimizer"], parameters["lr"]): [study.detail(trial)["target_step"] for trial in trials]
        for parameters, trials in study.configurations(start=start, gradient_noise=noise)
    }


def saddle(studies):
    beside = saddle_steps(studies, [1.0, 0.001], 0.0)
    on = saddle_steps(studies, [1.0, 0.0], 0.0)
    noisy = saddle_steps(studies, [1.0, 0.0], 1e-4)
    rows = []
    for (name, rate), steps in beside.items():
        with_noise = noisy[name, rate]
        rows.append(
            [
                name,
                number(rate),
                number(steps[0]) if steps[0] else "not in 1000",
                Mean(with_noise).text(1) if None not in with_noise else "not all in 1000",
                "yes" if on[name, rate][0] else "no",
            ]
        )
    faster = [rate for rate in (0.01, 0.1) if beside["momentum", rate][0] < beside["gd", rate][0]]
    stuck = [name for name in ORDER if any(on[name, rate][0] for other, rate in on if other == name)]
    left = [(name, rate) for (name, rate), steps in noisy.items() if None not in steps]
    return [table(["optimizer", "lr", "steps to -1 from (1, 0.001)", "from (1, 0) with noise", "without"], rows)], [
        Finding(
            "saddle.momentum",
            "C3, E10",
            yes(len(faster) == 2),
            f"that momentum leaves a saddle faster: from (1, 0.001) it passes -1 in {beside['momentum', 0.1][0]} steps "
            "at lr 0.1 and "
            f"{beside['momentum', 0.01][0]} at 0.01, gradient descent in {beside['gd', 0.1][0]} and "
            f"{beside['gd', 0.01][0]}; no random numbers",
        ),
        Finding(
            "saddle.adaptive",
            "E10",
            yes(all(beside[name, 0.01][0] < beside["momentum", 0.01][0] for name in ("rmsprop", "adam"))),
            "that adaptive methods leave it faster than momentum: at lr 0.01 rmsprop passes -1 in "
            f"{beside['rmsprop', 0.01][0]} steps, adam in {beside['adam', 0.01][0]}, "
            f"adagrad in {beside['adagrad', 0.01][0] or 'more than 1000'}; adadelta at its lr 1 in "
            f"{beside['adadelta', 1][0] or 'more than 1000'}",
        ),
        Finding(
            "saddle.noise",
            "C3",
            yes(not stuck and len(left) > 0),
            "that noise helps to leave a saddle: from (1, 0), where the gradient has no part along y, nothing leaves "
            "without noise; with noise of variance "
            f"1e-4 / (1 + t)^0.55 all five seeds do within 1000 steps for {len(left)} of {len(noisy)} optimizers and lrs",
        ),
    ]


def beale_steps(studies):
    """optimizer -> lr -> the first step at 1e-3 of a run that also ends below it, else None."""
    study, steps = studies["beale"], {}
    for parameters, [trial] in study.configurations():
        stays = trial["outcome"] == "completed" and value(trial) <= 1e-3
        steps.setdefault(parameters["optimizer"], {})[parameters["lr"]] = (
            study.detail(trial)["target_step"] if stays else None
        )
    return steps


def at(steps, rate):
    return next(step for key, step in steps.items() if math.isclose(key, rate, rel_tol=1e-6))


def beale(studies):
    steps, rows = beale_steps(studies), []
    best = {}
    for name in ORDER:
        reached = {rate: step for rate, step in steps[name].items() if step is not None}
        rate = min(reached, key=reached.get)
        best[name] = reached[rate]
        rows.append(
            [
                name,
                number(rate),
                reached[rate],
                number(DEFAULTS[name]),
                at(steps[name], DEFAULTS[name]) or "not in 5000",
                f"{len(reached)} of {len(steps[name])}",
            ]
        )
    fastest = min(best, key=best.get)
    adaptive = [name for name in ("adagrad", "rmsprop", "adadelta", "adam") if best[name] < best["nesterov"]]
    return [
        table(["optimizer", "best lr", "steps to 1e-3", "default lr", "steps at the default", "lrs that reach it"], rows)
    ], [
        Finding(
            "beale.adaptive",
            "E10",
            yes(len(adaptive) > 0),
            f"that adaptive methods are the fast ones on a loss surface: at the best lr of each {fastest} needs "
            f"{best[fastest]} steps on Beale's function, rmsprop {best['rmsprop']}, adagrad {best['adagrad']}, adam "
            f"{best['adam']}, adadelta {best['adadelta']}, momentum {best['momentum']}, gradient descent {best['gd']}",
        ),
        Finding(
            "beale.defaults",
            "E10",
            MEASURED,
            "at their default lr they need "
            + ", ".join(f"{name} {at(steps[name], DEFAULTS[name]) or 'more than 5000'}" for name in ORDER)
            + " steps: a default lr is no property of the rule",
        ),
    ]
