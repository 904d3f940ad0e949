#!/usr/bin/python3
"""Writes data/mgh.json: values and derivatives of the problems of More, Garbow, Hillstrom 1981, and their minima.

Usage: generate_mgh.py                              needs Debian's python3-mpmath

A row of `points` is [x, f, gradient, v, Hessian times v]: at the standard start, and beside it. Derivatives are
differences of f in 80 digits. `minimum` and `minimizer` are where Newton's method ends in the same arithmetic, started
at the minimizer of CASES, which is the paper's or the end of a run of SciPy's least_squares from the standard start.
"""
import json
import math
import pathlib

from mpmath import lu_solve, matrix, mp, mpf, norm

import mgh_problems

DATA = pathlib.Path(__file__).parent / "data" / "mgh.json"


def of_boundary_value(n):
    return [j / (n + 1) * (j / (n + 1) - 1) for j in range(1, n + 1)]


# (problem, options, start, near its minimizer or None where only the points are wanted)
CASES = [
    ("freudenstein_roth", {}, [0.5, -2], [5, 4]),
    ("powell_badly_scaled", {}, [0, 1], [1.098e-5, 9.106]),
    ("brown_badly_scaled", {}, [1, 1], [1e6, 2e-6]),
    ("jennrich_sampson", {}, [0.3, 0.4], [0.2578, 0.2578]),
    ("jennrich_sampson", {"residuals": 5}, [0.3, 0.4], None),
    ("helical_valley", {}, [-1, 0, 0], [1, 0, 0]),
    ("bard", {}, [1, 1, 1], "run"),
    ("gaussian", {}, [0.4, 1, 0], "run"),
    ("meyer", {}, [0.02, 4000, 250], "run"),
    ("gulf", {}, [5, 2.5, 0.15], [50, 25, 1.5]),
    ("gulf", {"residuals": 10}, [5, 2.5, 0.15], [50, 25, 1.5]),
    ("box_3d", {}, [0, 10, 20], [1, 10, 1]),
    ("box_3d", {"residuals": 5}, [0, 10, 20], None),
    ("powell_singular", {}, [3, -1, 0, 1], None),
    ("powell_singular", {"dim": 8}, [3, -1, 0, 1] * 2, None),
    ("wood", {}, [-3, -1, -3, -1], [1, 1, 1, 1]),
    ("kowalik_osborne", {}, [0.25, 0.39, 0.415, 0.39], "run"),
    ("brown_dennis", {}, [25, 5, -5, -1], "run"),
    ("brown_dennis", {"residuals": 7}, [25, 5, -5, -1], None),
    ("osborne_1", {}, [0.5, 1.5, -1, 0.01, 0.02], "run"),
    ("biggs_exp6", {}, [1, 2, 1, 1, 1, 1], [1, 10, 1, 5, 4, 3]),
    ("biggs_exp6", {"residuals": 8}, [1, 2, 1, 1, 1, 1], None),
    ("osborne_2", {}, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], "run"),
    ("watson", {}, [0] * 6, "run"),
    ("watson", {"dim": 2}, [0] * 2, None),
    ("watson", {"dim": 9}, [0] * 9, "run"),
    ("watson", {"dim": 12}, [0] * 12, "run"),
    ("penalty_1", {}, [1, 2, 3, 4], "run"),
    ("penalty_1", {"dim": 10}, list(range(1, 11)), "run"),
    ("penalty_2", {}, [0.5] * 4, "run"),
    ("penalty_2", {"dim": 10}, [0.5] * 10, "run"),
    ("penalty_2", {"dim": 1}, [0.5], None),
    ("variably_dimensioned", {}, [1 - j / 10 for j in range(1, 11)], [1] * 10),
    ("trigonometric", {}, [1 / 10] * 10, [0] * 10),
    ("brown_almost_linear", {}, [0.5] * 10, [1] * 10),
    ("discrete_boundary_value", {}, of_boundary_value(10), "run"),
    ("discrete_boundary_value", {"dim": 1}, of_boundary_value(1), None),
    ("discrete_integral_equation", {}, of_boundary_value(10), "run"),
    ("broyden_tridiagonal", {}, [-1] * 10, "run"),
    ("broyden_banded", {}, [-1] * 10, "run"),
    ("broyden_banded", {"dim": 3}, [-1] * 3, None),
    ("linear_full_rank", {}, [1] * 10, [-1] * 10),
    ("linear_full_rank", {"dim": 4, "residuals": 9}, [1] * 4, [-1] * 4),
    ("linear_rank_1", {}, [1] * 10, None),
    ("linear_rank_1", {"dim": 4, "residuals": 9}, [1] * 4, None),
    ("linear_rank_1_zero", {}, [1] * 10, None),
    ("linear_rank_1_zero", {"dim": 4, "residuals": 9}, [1] * 4, None),
    ("chebyquad", {}, [j / 9 for j in range(1, 9)], "run"),
    ("chebyquad", {"dim": 10}, [j / 11 for j in range(1, 11)], "run"),
    ("chebyquad", {"dim": 1, "residuals": 4}, [0.5], None),
]


class Objective:
    def __init__(self, name, residuals):
        self.residuals = getattr(mgh_problems, name)
        self.arguments = {} if residuals is None else {"m": residuals}

    def __call__(self, x):
        return sum(f * f for f in self.residuals(x, **self.arguments))

    def moved(self, x, *steps):
        x = list(x)
        for i, h in steps:
            x[i] += h
        return self(x)

    def gradient(self, x):
        h = mpf(10) ** -25
        return [(self.moved(x, (i, h)) - self.moved(x, (i, -h))) / (2 * h) for i in range(len(x))]

    def hessian(self, x):
        h, n = mpf(10) ** -15, len(x)
        result = matrix(n, n)
        for i in range(n):
            for j in range(i + 1):
                result[i, j] = result[j, i] = (
                    self.moved(x, (i, h), (j, h)) - self.moved(x, (i, h), (j, -h))
                    - self.moved(x, (i, -h), (j, h)) + self.moved(x, (i, -h), (j, -h))) / (4 * h * h)
        return result

    def product(self, x, v):
        h = mpf(10) ** -20
        above, below = ([a + s * h * b for a, b in zip(x, v)] for s in (1, -1))
        return [(p - q) / (2 * h) for p, q in zip(self.gradient(above), self.gradient(below))]


def run(objective, start):
    from scipy.optimize import least_squares

    def residuals(x):
        return [float(f) for f in objective.residuals([mpf(v) for v in x], **objective.arguments)]
    with_digits = dict(xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000, x_scale="jac")
    mp.dps = 20
    found = least_squares(residuals, start, **with_digits).x
    mp.dps = 80
    return found


def minimizer(objective, near):
    x = [mpf(v) for v in near]
    for _ in range(40):
        step = lu_solve(objective.hessian(x), matrix([-g for g in objective.gradient(x)]))
        x = [a + b for a, b in zip(x, step)]
        if norm(step) < mpf(10) ** -22 * norm(matrix(x)):
            return x
    raise ArithmeticError("Newton's method does not converge")


def numbers(values):
    return [float(v) for v in values]


def rows(objective, start):
    beside = [v * (1 + 0.1 * math.sin(i + 1)) + 0.1 * math.cos(3 * i + 1) for i, v in enumerate(start)]
    for x in (start, beside):
        exact = [mpf(float(v)) for v in x]
        v = [round(math.cos(2 * i + 1), 3) for i in range(len(x))]
        yield [numbers(x), float(objective(exact)), numbers(objective.gradient(exact)), v,
               numbers(objective.product(exact, [mpf(a) for a in v]))]


def case(name, options, start, near):
    objective = Objective(name, options.get("residuals"))
    result = {"problem": name, "options": options, "points": list(rows(objective, start))}
    if near is not None:
        x = minimizer(objective, run(objective, start) if near == "run" else near) if any(near) else [mpf(0)] * len(near)
        result["minimizer"] = numbers(v if abs(v) > mpf(10) ** -35 else 0 for v in x)
        minimum = objective(x)
        result["minimum"] = float(minimum) if minimum > mpf(10) ** -35 else 0.0
    print(name, options, result["points"][0][1], result.get("minimum"), result.get("minimizer"), flush=True)
    return result


if __name__ == "__main__":
    cases = ",\n".join(json.dumps(case(*c), separators=(",", ":")) for c in CASES)
    DATA.write_text('{"cases": [\n' + cases + "\n]}\n")
