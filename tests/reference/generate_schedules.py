#!/usr/bin/python3
"""Writes the reference values of the schedules.

data/schedules.json: the lr of 51 steps at base lr 1, by PyTorch's schedulers where there are any, else by
schedule_papers.py; and the momentum where the schedule drives one. data/plateau.json: the lr after each of 60 values of
a metric, by PyTorch's rule and by Keras's.

Needs Debian's python3-torch (1.13) and python3-mpmath. Where PyTorch has a closed form of its own it is taken, since
the chained form multiplies rounding errors; both must agree to 1e-12 here.
"""
import json
import pathlib
import random

import torch
from torch.optim import lr_scheduler as torch_lr

import schedule_papers

STEPS = 51


def values(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.5)
    schedule = make(optimizer)
    result, momentum = [], []
    for _ in range(STEPS):
        chained = optimizer.param_groups[0]["lr"]
        closed = schedule._get_closed_form_lr()[0] if hasattr(schedule, "_get_closed_form_lr") else chained
        assert abs(closed - chained) < 1e-12, (schedule, closed, chained)
        result.append(closed)
        momentum.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    return result, momentum


def one_cycle(total, **options):
    given = dict(options, total_steps=total)
    return ("one_cycle", given, lambda o: torch_lr.OneCycleLR(o, max_lr=1.0, **given))


def cyclic(base_lr, up, down=None, **options):
    given = dict(options, base_lr=base_lr, step_size_up=up)
    if down is not None:
        given["step_size_down"] = down
    return ("cyclic", given, lambda o: torch_lr.CyclicLR(o, base_lr, 1.0, up, down, **options))


CASES = [
    ("constant", {}, lambda o: torch_lr.LambdaLR(o, lambda t: 1.0)),
    *(("step", dict(step_size=k, gamma=g), lambda o, k=k, g=g: torch_lr.StepLR(o, k, g))
      for k, g in [(3, 0.1), (1, 0.5), (10, 0.9), (7, 1.5), (51, 0.1)]),
    *(("exponential", dict(gamma=g), lambda o, g=g: torch_lr.ExponentialLR(o, g)) for g in [0.9, 0.5, 0.999, 1.02]),
    # After t_max torch rebounds; a t_max of at least 50 needs no after_end.
    *(("cosine", dict(t_max=n, eta_min=m, after_end="rebound"),
       lambda o, n=n, m=m: torch_lr.CosineAnnealingLR(o, n, m))
      for n, m in [(10, 0.0), (7, 0.1), (50, 0.01), (1, 0.5)]),
    ("cosine", dict(t_max=50, eta_min=0.01), lambda o: torch_lr.CosineAnnealingLR(o, 50, 0.01)),
    *(("linear", dict(start_factor=a, end_factor=b, total_iters=n),
       lambda o, a=a, b=b, n=n: torch_lr.LinearLR(o, a, b, n))
      for a, b, n in [(0.1, 1.0, 20), (1.0, 0.0, 51), (0.5, 0.9, 1)]),
    ("linear", {}, lambda o: torch_lr.LinearLR(o)),
    *(("constant_then", dict(factor=f, total_iters=n), lambda o, f=f, n=n: torch_lr.ConstantLR(o, f, n))
      for f, n in [(0.25, 10), (0.5, 1), (0.1, 100)]),
    ("constant_then", {}, lambda o: torch_lr.ConstantLR(o)),
    *(("polynomial", dict(total_iters=n, power=p), lambda o, n=n, p=p: torch_lr.PolynomialLR(o, n, p))
      for n, p in [(5, 2.0), (51, 0.5), (30, 1.0)]),
    ("polynomial", {}, lambda o: torch_lr.PolynomialLR(o)),
    *(("multi_step", dict(milestones=m, gamma=g), lambda o, m=m, g=g: torch_lr.MultiStepLR(o, m, g))
      for m, g in [([5, 20], 0.1), ([1], 0.5), ([3, 3, 40], 0.9), ([60], 0.1)]),
    *(("cosine_warm_restarts", dict(t_0=n, t_mult=k, eta_min=m),
       lambda o, n=n, k=k, m=m: torch_lr.CosineAnnealingWarmRestarts(o, n, k, m))
      for n, k, m in [(4, 2, 0.0), (7, 1, 0.1), (1, 3, 0.01), (60, 1, 0.0)]),
    ("cosine", dict(t_max=1000), lambda o: torch_lr.CosineAnnealingLR(o, 1000)),
    cyclic(0.1, 4), cyclic(0.01, 7, 3), cyclic(0.1, 4, mode="triangular2"), cyclic(0.2, 5, 9, mode="triangular2"),
    cyclic(0.1, 4, mode="exp_range", gamma=0.99),
    cyclic(0.05, 6, 2, mode="exp_range", gamma=0.9, base_momentum=0.7, max_momentum=0.99),
    one_cycle(51), one_cycle(60, pct_start=0.5, anneal_strategy="linear"), one_cycle(51, three_phase=True),
    one_cycle(60, three_phase=True, anneal_strategy="linear", pct_start=0.4, div_factor=10.0, final_div_factor=100.0),
    one_cycle(200, div_factor=4.0, base_momentum=0.7, max_momentum=0.9),
]


def torch_case(name, options, make):
    lr, momentum = values(make)
    case = {"scheduler": name, "options": options, "values": lr}
    return case | {"momentum": momentum} if name in ("cyclic", "one_cycle") else case


def metrics(seed, mode):
    """Falls, stands, falls again, with noise; for mode max upside down. Equal values are among them."""
    draw = random.Random(seed)
    values = [round(2 * 0.8 ** min(t, 12) + (0.5 if t < 40 else 0.2) + draw.choice([0, 0, 1e-5, 0.02, -0.01]), 6)
              for t in range(60)]
    return values if mode == "min" else [3 - v for v in values]


def plateau_case(number, mode, options):
    keras = options.get("reaction") == "keras"
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    given = {k: v for k, v in options.items() if k != "reaction"}
    values, lr = metrics(number, mode), []
    if options.get("threshold_mode") == "torch_rel":  # another rule than rel where the metric is negative
        values, given["threshold_mode"] = [v - 5 for v in values], "rel"
    if keras:
        given["min_delta"] = given.pop("threshold", 1e-4)
        schedule = schedule_papers.KerasPlateau(0.5, mode, **given)
    else:
        schedule = torch_lr.ReduceLROnPlateau(optimizer, mode=mode, **given)
    for value in values:
        schedule.step(value)
        lr.append(schedule.lr if keras else optimizer.param_groups[0]["lr"])
    assert lr[-1] < 0.5, options
    return {"mode": mode, "options": options, "metrics": values, "lr": lr}


PLATEAUS = [
    dict(),
    dict(factor=0.5, patience=2),
    dict(factor=0.5, patience=3, cooldown=4),
    dict(factor=0.7, patience=0, min_lr=0.01),
    dict(factor=0.3, patience=4, threshold=0.05),
    dict(factor=0.3, patience=4, threshold=0.03, threshold_mode="abs"),
    dict(factor=0.5, patience=1, eps=0.02),
    dict(reaction="keras"),
    dict(reaction="keras", factor=0.5, patience=2),
    dict(reaction="keras", factor=0.5, patience=3, cooldown=4),
    dict(reaction="keras", factor=0.7, patience=1, min_lr=0.01),
    dict(reaction="keras", factor=0.3, patience=4, threshold=0.03),
    dict(reaction="keras", factor=0.5, patience=0, cooldown=1),
    dict(factor=0.5, patience=1, threshold=1e-3, threshold_mode="torch_rel"),
]


def write(name, text):
    (pathlib.Path(__file__).parent / "data" / name).write_text(text)
    print(f"{name}: {len(text) // 1000} kB")


def main():
    plateaus = [plateau_case(i, mode, options) for i, options in enumerate(PLATEAUS) for mode in ("min", "max")]
    write("plateau.json", "[\n" + ",\n".join(json.dumps(c) for c in plateaus) + "]\n")
    cases = [torch_case(*case) for case in CASES]
    for name, options, formula in schedule_papers.CASES:
        lr, momentum = zip(*(formula(t) for t in range(STEPS)))
        case = {"scheduler": name, "options": options, "values": [float(v) for v in lr]}
        if momentum[0] is not None:
            case["momentum"] = [float(v) for v in momentum]
        cases.append(case)
    lines = ",\n".join(json.dumps(c) for c in cases)
    text = '{"torch": "%s", "base": 1.0, "horizon": %d, "cases": [\n%s]}\n' % (torch.__version__, STEPS, lines)
    write("schedules.json", text)


if __name__ == "__main__":
    main()
