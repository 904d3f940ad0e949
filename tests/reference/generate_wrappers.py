#!/usr/bin/python3
"""Writes data/wrappers/*.json: lookahead and sam around PyTorch's sgd and adam, the wrapper from its paper.

Usage: generate_wrappers.py [wrapper...]      needs what generate.py needs.

Rows are generate.py's. Slots of the optimizer that is wrapped are called inner.NAME. SAM's rows carry the second point
of the step, `ahead`, and the gradient there, `grad_ahead`.
"""
import sys

import numpy as np
import torch

import generate
from problems import FEW, PROBLEMS, STEPS

DATA = generate.DATA.parent / "wrappers"

# The wrapped optimizer: torch's class, what it is called with, and the slots: id -> torch's key.
INNER = {
    "sgd": (torch.optim.SGD, lambda o: o, {"momentum_buffer": "momentum_buffer"}),
    "adam": (torch.optim.Adam, lambda o: {"lr": o["lr"], "betas": (o.get("beta1", 0.9), o.get("beta2", 0.999))},
             {"exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}),
}
# Learning rates by problem.
DESCENT = {"quadratic": 0.05, "rosenbrock": 2e-4, "beale": 2e-3, "softmax": 0.1}
MOMENTS = {"quadratic": 0.02, "rosenbrock": 0.01, "beale": 0.01, "softmax": 0.02}
SGD, HEAVY, ADAM = ("sgd", DESCENT, {}), ("sgd", DESCENT, {"momentum": 0.9}), ("adam", MOMENTS, {})
SETS = {
    "lookahead": [({}, HEAVY), ({}, ADAM), ({"alpha": 0.8, "k": 2}, HEAVY), ({"alpha": 0.3, "k": 6}, ADAM),
                  ({"alpha": 0.5, "k": 1}, ("sgd", DESCENT, {"momentum": 0.5, "nesterov": True}))],
    "sam": [({}, HEAVY), ({"rho": 0.02}, ADAM), ({"rho": 0.2, "adaptive": True}, SGD),
            ({"rho": 0.1, "adaptive": True, "eps": 1e-3}, ADAM)],
}


class Lookahead:
    """Zhang, Lucas, Hinton, Ba 2019, algorithm 1: phi = phi + alpha (theta - phi) after k steps of the inner one."""
    columns = ["slow"]

    def __init__(self, options, x):
        self.alpha, self.k, self.slow = options.get("alpha", 0.5), options.get("k", 5), x.detach().clone()

    def before(self, x, gradient, gradient_at):
        return {"slow": self.slow.numpy().copy()}

    def after(self, t, x):
        if t % self.k == 0:
            with torch.no_grad():
                self.slow += self.alpha * (x - self.slow)
                x.copy_(self.slow)


class Sam:
    """Foret et al. 2021, eq. 2 with p = 2 and eq. 3 without its second-order terms; adaptive: Kwon et al. 2021, eq. 7
    with T = |x|. The norm runs over all tensors; eps stands beside it as in davda54/sam."""
    columns = ["ahead", "grad_ahead"]

    def __init__(self, options, x):
        self.rho, self.eps = options.get("rho", 0.05), options.get("eps", 1e-12)
        self.adaptive = options.get("adaptive", False)

    def before(self, x, gradient, gradient_at):
        w, g = x.detach().numpy().astype(np.float64), gradient.astype(np.float64)
        size = np.abs(w) if self.adaptive else np.ones_like(w)
        step = self.rho * size ** 2 * g / (np.linalg.norm(size * g) + self.eps)
        ahead = torch.tensor(w + step, dtype=x.dtype)
        second = gradient_at(ahead)
        x.grad = second  # what the inner optimizer takes its step with
        return {"ahead": ahead.numpy().copy(), "grad_ahead": second.numpy().copy()}

    def after(self, t, x):
        pass


WRAPPERS = {"lookahead": Lookahead, "sam": Sam}


class WrapperCase:
    """What generate.case_text and generate.sensitivity need."""
    shaped, products, by = False, {}, "paper"

    def __init__(self, name, problem, dtype, given, inner):
        self.name, self.problem_name, self.dtype, self.given = name, problem, dtype, given
        self.problem, self.rows = PROBLEMS[problem], FEW
        plugin, rates, options = inner
        self.inner = {"plugin": plugin, "options": {"lr": rates[problem], **options}}

    def run(self, start, nudge):
        torch.set_default_dtype(torch.float64)
        make, to_torch, keys = INNER[self.inner["plugin"]]
        if self.inner["plugin"] == "sgd" and "momentum" not in self.inner["options"]:
            keys = {}
        x = torch.tensor(start, dtype=generate.DTYPES[self.dtype][1], requires_grad=True)
        optimizer = make([x], foreach=False, **to_torch(self.inner["options"]))
        wrapper = WRAPPERS[self.name](self.given, x)
        for t in range(1, STEPS + 2):
            x.grad, loss = generate.gradient(self, x, t, nudge)
            first = x.grad.numpy().copy()
            slots = wrapper.before(x, first, lambda point: generate.gradient(self, point, t, nudge)[0])
            for slot, key in keys.items():
                value = optimizer.state[x].get(key)
                slots["inner." + slot] = np.zeros_like(first) if value is None else value.numpy().copy()
            yield t, x.detach().numpy().copy(), first, loss, slots
            optimizer.step()
            wrapper.after(t, x)


def cases_of(name):
    for given, inner in SETS[name]:
        for problem in DESCENT:
            yield WrapperCase(name, problem, "f64", given, inner)
            if problem == "rosenbrock":
                yield WrapperCase(name, problem, "f32", given, inner)


if __name__ == "__main__":
    for wrapper in sys.argv[1:] or SETS:
        generate.write(DATA, wrapper, [generate.case_text(c) for c in cases_of(wrapper)])
