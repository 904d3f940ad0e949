#!/usr/bin/python3
"""Writes data/second_order/*.json: trajectories of the methods that evaluate more than once in a step.

Usage: generate_second_order.py [optimizer...]      needs Debian's python3-torch (1.13)

A row is [t, moves, evaluations, x]: the point before step t, how far it moves when every evaluation of the run is made
one ulp beside its point, and the evaluations of step t after the one at its start. No correct code can be nearer than
`moves` times the rounding errors of its own evaluations; rows end where that is more than LIMIT.
"""
import json
import pathlib
import sys

import numpy as np
import torch

from second_order import METHODS, SETS
from second_order_problems import PROBLEMS

DATA = pathlib.Path(__file__).parent / "data" / "second_order"
STEPS, LIMIT = 40, 1e-10


class Function:
    """loss(x), with gradient(x) and hessian(x); nudged: at a point one ulp away. Counts evaluations."""

    def __init__(self, problem, nudged):
        self.problem, self.nudged, self.count = problem, nudged, 0

    def at(self, x):
        x = torch.tensor(np.array(x, np.float64))
        if self.nudged:
            away = torch.tensor([9.0 if (i + self.count) % 3 else -9.0 for i in range(len(x))], dtype=torch.float64)
            x = torch.nextafter(x, away)
        return x

    def loss(self, x):
        self.count += 1
        return float(self.problem.loss(self.at(x)))

    def both(self, x):
        self.count += 1
        x = self.at(x).requires_grad_(True)
        loss = self.problem.loss(x)
        loss.backward()
        return float(loss), x.grad.numpy().copy()

    def hessian(self, x):
        return torch.autograd.functional.hessian(self.problem.loss, self.at(x)).numpy()


def trajectory(method, options, problem, nudged):
    function = Function(problem, nudged)
    run = method(options, np.array(problem.start, np.float64))
    rows = []
    for t in range(1, STEPS + 2):
        function.count = 0
        x = np.array(run.x, np.float64)
        if t <= STEPS:
            run.step(t, function)
        rows.append((t, function.count - 1, x))  # the host makes the evaluation at the start of a step
    return rows


def case_text(name, given, problem_name):
    method, defaults = METHODS[name]
    problem = PROBLEMS[problem_name]
    options = {**defaults, **given}
    plain = trajectory(method, options, problem, False)
    moved = trajectory(method, options, problem, True)
    lines = []
    for (t, count, x), (_, other_count, y) in zip(plain, moved):
        moves = float(np.max(abs(x - y) / np.maximum(1, abs(x))))
        if not moves < LIMIT:
            break
        # -1: not comparable, the count itself depends on the last bit: at a minimum a search sees rounding errors alone
        settled = max(abs(Function(problem, False).both(x)[1])) < 1e-6
        count = count if count == other_count and not settled and 0 <= count and t <= STEPS else -1
        lines.append(f"[{t},{moves:.1e},{count},[" + ",".join(repr(float(v)) for v in x) + "]]")
    head = {"problem": problem_name, "options": given, "shapes": problem.shapes}
    return json.dumps(head)[:-1] + ', "rows": [\n' + ",\n".join(lines) + "]}", len(lines)


def main(names):
    DATA.mkdir(parents=True, exist_ok=True)
    for name in names or METHODS:
        cases = [case_text(name, dict(options), problem) for options, problems in SETS[name] for problem in problems]
        head = {"optimizer": name, "torch": torch.__version__, "numpy": np.__version__}
        text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(c for c, _ in cases) + "]}\n"
        json.loads(text)
        (DATA / f"{name}.json").write_text(text)
        print(f"{name}: {len(cases)} cases, rows {[n for _, n in cases]}, {len(text) // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
