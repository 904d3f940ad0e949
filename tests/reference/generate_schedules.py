#!/usr/bin/python3
"""Writes data/schedules.json: the lr that PyTorch's schedulers give at base lr 1, steps 0 to 50.

Needs Debian's python3-torch (1.13). Where PyTorch has a closed form of its own it is taken, since the chained form
multiplies rounding errors; both must agree to 1e-12 here.
"""
import json
import pathlib

import torch
from torch.optim import lr_scheduler as torch_lr

STEPS = 51


def values(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer)
    result = []
    for _ in range(STEPS):
        chained = optimizer.param_groups[0]["lr"]
        closed = schedule._get_closed_form_lr()[0] if hasattr(schedule, "_get_closed_form_lr") else chained
        assert abs(closed - chained) < 1e-12, (schedule, closed, chained)
        result.append(closed)
        optimizer.step()
        schedule.step()
    return result


CASES = [
    ("constant", {}, lambda o: torch_lr.LambdaLR(o, lambda t: 1.0)),
    *(("step", dict(step_size=k, gamma=g), lambda o, k=k, g=g: torch_lr.StepLR(o, k, g))
      for k, g in [(3, 0.1), (1, 0.5), (10, 0.9), (7, 1.5), (51, 0.1)]),
    *(("exponential", dict(gamma=g), lambda o, g=g: torch_lr.ExponentialLR(o, g)) for g in [0.9, 0.5, 1.0, 1.02]),
    # After t_max torch rebounds; a t_max of at least 50 needs no after_end.
    *(("cosine", dict(t_max=n, eta_min=m, after_end="rebound"),
       lambda o, n=n, m=m: torch_lr.CosineAnnealingLR(o, n, m)) for n, m in [(10, 0.0), (7, 0.1), (50, 0.01), (1, 0.5)]),
    ("cosine", dict(t_max=50, eta_min=0.01), lambda o: torch_lr.CosineAnnealingLR(o, 50, 0.01)),
    *(("linear", dict(start_factor=a, end_factor=b, total_iters=n),
       lambda o, a=a, b=b, n=n: torch_lr.LinearLR(o, a, b, n)) for a, b, n in [(0.1, 1.0, 20), (1.0, 0.0, 51), (0.5, 0.9, 1)]),
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
]


def main():
    cases = [{"scheduler": name, "options": options, "values": values(make)} for name, options, make in CASES]
    lines = ",\n".join(json.dumps(c) for c in cases)
    text = '{"torch": "%s", "base": 1.0, "cases": [\n%s]}\n' % (torch.__version__, lines)
    (pathlib.Path(__file__).parent / "data" / "schedules.json").write_text(text)
    print(f"{len(cases)} cases, {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
