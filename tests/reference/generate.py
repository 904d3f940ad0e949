#!/usr/bin/python3
"""Writes data/optimizers/*.json: what PyTorch, or a paper's formula, does in 200 steps.

Usage: generate.py [optimizer...]      needs Debian's python3-torch (1.13); the tests themselves need no Python.

A row is the state before step t: [t, x, grad, slot...]. Rows t and t + 1 together check one step. Numbers have the
shortest digits that read back to the same value of the case's dtype.
"""
import json
import pathlib
import sys

import numpy as np
import torch

from cases import REFERENCES
from problems import FEW, PROBLEMS, SOME, STEPS, TENSOR_PROBLEMS
from tensor_cases import TENSOR_REFERENCES
from tensor_run import run_tensors

DATA = pathlib.Path(__file__).parent / "data" / "optimizers"
DTYPES = {"f64": (np.float64, torch.float64), "f32": (np.float32, torch.float32)}
# What one ulp in the point of every gradient may move, for the trajectory to be comparable to 1e-10.
FREE_LIMIT = 1e-11


class Case:
    def __init__(self, name, problem, dtype, options, by, first):
        self.shaped = name in TENSOR_REFERENCES
        self.reference = (TENSOR_REFERENCES if self.shaped else REFERENCES)[name]
        self.problem = (TENSOR_PROBLEMS if self.shaped else PROBLEMS)[problem]
        self.name, self.problem_name, self.dtype, self.by = name, problem, dtype, by
        self.given = options
        self.options = {**self.reference.defaults, **options}
        self.products = {}  # step -> [vector, Hessian times vector], of the rules that ask for it
        self.rows = self.problem.rows
        if not self.shaped:
            self.slots = {k: v for k, v in self.reference.slots.items() if self.exists(v[2])}
            # Every step of the first options alone: the others differ from them in a term or two.
            self.rows = FEW if self.reference.compact else self.problem.rows if first else SOME

    def exists(self, condition):
        return condition is None or (condition(self.options) if callable(condition) else self.options[condition])

    def scope(self, slot):
        return self.slots[slot][3] if len(self.slots[slot]) > 3 else "element"

    def fresh(self, slot):
        """The slot before the first step."""
        sizes = {"element": len(self.problem.start), "tensor": len(self.problem.shapes), "global": 1}
        dtype = DTYPES[self.dtype][0] if self.scope(slot) == "element" else np.float64
        return np.full(sizes[self.scope(slot)], self.slots[slot][1](self.options), dtype)


def gradient(case, x, t, nudge):
    leaf = x.detach().clone()
    if nudge:
        leaf = torch.nextafter(leaf, torch.full_like(leaf, 9.0 if t % 3 else -9.0))
    leaf.requires_grad_(True)
    loss = case.problem.loss(leaf, t)
    loss.backward()
    return leaf.grad, loss.item()


def run_torch(case, start, nudge):
    """Yields (t, x, grad, loss, slots) before each of the steps 1..STEPS + 1."""
    # Scalars that torch keeps as tensors of the default type (NAdam's product) are doubles in the plugins.
    torch.set_default_dtype(torch.float64)
    x = torch.tensor(start, dtype=DTYPES[case.dtype][1], requires_grad=True)
    optimizer = case.reference.torch_class([x], foreach=False, **case.reference.to_torch(case.options))
    for t in range(1, STEPS + 2):
        x.grad, loss = gradient(case, x, t, nudge)
        state = optimizer.state[x]
        slots = {}
        for slot, (key, *_) in case.slots.items():
            value = state.get(key)
            slots[slot] = case.fresh(slot)
            if value is not None:
                slots[slot][:] = value.numpy()  # a scalar of torch's one tensor stands for each of ours
        yield t, x.detach().numpy().copy(), x.grad.numpy().copy(), loss, slots
        optimizer.step()


class Layer:
    """A tensor as a paper's step sees it beside its elements."""

    def __init__(self, shape, role, index, count):
        self.shape, self.role, self.index, self.count = shape, role, index, count


def layers(problem):
    roles = problem.roles or [None] * len(problem.shapes)
    return [Layer(s, r, i // 2, (len(roles) + 1) // 2) for i, (s, r) in enumerate(zip(problem.shapes, roles))]


def paper_step(case, t, x, g, slots):
    """One step in double. The paper's function sees one tensor after the other, or lists of all of them: its arguments
    are options, t, x, g and a dict of slots that it updates, and a Layer where it takes six."""
    problem, reference = case.problem, case.reference
    views = []  # of the slots, one dict for every tensor
    for i, part in enumerate(problem.parts):
        cut = {"element": part, "tensor": slice(i, i + 1), "global": slice(0, 1)}
        views.append({k: v[cut[case.scope(k)]] for k, v in slots.items()})
    new = np.empty_like(x)
    if reference.whole:
        results = reference.paper(case.options, t, [x[p] for p in problem.parts], [g[p] for p in problem.parts], views,
                                  layers(problem))
    else:
        wants_layer = reference.paper.__code__.co_argcount == 6
        results = [reference.paper(case.options, t, x[p], g[p], v, *([layer] if wants_layer else []))
                   for p, v, layer in zip(problem.parts, views, layers(problem))]
    for i, part in enumerate(problem.parts):
        new[part] = results[i]
        cut = {"element": part, "tensor": slice(i, i + 1), "global": slice(0, 1)}
        for k, value in views[i].items():
            slots[k][cut[case.scope(k)]] = value
    return new


def run_paper(case, start, nudge):
    """As run_torch. Computed in double; what is kept from step to step is rounded to the case's dtype."""
    numpy_type, torch_type = DTYPES[case.dtype]
    x = np.array(start, numpy_type)
    slots = {k: case.fresh(k) for k in case.slots}
    for t in range(1, STEPS + 2):
        grad, loss = gradient(case, torch.tensor(x, dtype=torch_type), t, nudge)
        yield t, x, grad.numpy(), loss, {k: v.copy() for k, v in slots.items()}
        wide = {k: v.astype(np.float64) for k, v in slots.items()}
        x = paper_step(case, t, x.astype(np.float64), grad.numpy().astype(np.float64), wide).astype(numpy_type)
        slots = {k: v.astype(slots[k].dtype) for k, v in wide.items()}


def trajectory(case, start, nudge=False):
    if hasattr(case, "run"):  # generate_wrappers.py
        return list(case.run(start, nudge))
    if case.shaped:
        return list(run_tensors(case, start, nudge, gradient, DTYPES[case.dtype]))
    return list((run_torch if case.by == "torch" else run_paper)(case, start, nudge))


def sensitivity(case, plain):
    """By how much one ulp in the point of every gradient moves x and the loss, relative to max(1, their size)."""
    moved = trajectory(case, case.problem.start, nudge=True)
    most = 0.0
    for (_, x, _, loss, _), (_, y, _, other, _) in zip(plain, moved):
        most = max(most, abs(loss - other) / max(1, abs(loss)), *(abs(x - y) / np.maximum(1, abs(x))))
    return float(most)


def digits(value, dtype):
    return str(np.float32(value)) if dtype == "f32" else repr(float(value))


def numbers(values):
    dtype = "f32" if values.dtype == np.float32 else "f64"
    return "[" + ",".join(digits(v, dtype) for v in values) + "]"


def case_text(case):
    rows = trajectory(case, case.problem.start)
    head = {"problem": case.problem_name, "dtype": case.dtype, "by": case.by, "options": case.given,
            "shapes": case.problem.shapes}
    if hasattr(case, "inner"):
        head["inner"] = case.inner
    if case.problem.roles:
        head["roles"] = case.problem.roles
    if case.shaped:
        head["loose"] = case.reference.loose(case.options)
    if case.products:
        head["products"] = case.products
    if case.dtype == "f64" and case.problem_name in ("quadratic", "rosenbrock", "beale"):
        moved = sensitivity(case, rows)
        head["one_ulp_moves"] = moved
        head["free"] = moved < FREE_LIMIT
    names = list(rows[0][4])
    head["columns"] = ["x", "grad", *names]
    lines = []
    for t, x, grad, _, slots in rows:
        if t in case.rows:
            values = [x, grad, *(slots[k] for k in names)]
            if not np.all(np.isfinite(np.concatenate(values))):
                raise SystemExit(f"{case.name} {case.problem_name} {case.given}: not finite at step {t}")
            lines.append(f"[{t}," + ",".join(numbers(v) for v in values) + "]")
    text = json.dumps(head)
    return text[:-1] + ', "rows": [\n' + ",\n".join(lines) + "]}"


def cases_of(name):
    shaped = name in TENSOR_REFERENCES
    reference = (TENSOR_REFERENCES if shaped else REFERENCES)[name]
    for number, options in enumerate(reference.sets):
        options = dict(options)
        by = options.pop("by", "paper" if shaped else "torch")
        for problem in reference.lr:
            given = {"lr": reference.lr[problem], **options}
            if reference.lr[problem] is None:  # there is no lr
                given = options
            yield Case(name, problem, "f64", given, by, number == 0)
            if problem == "rosenbrock":
                yield Case(name, problem, "f32", given, by, number == 0)


def write(folder, name, cases):
    folder.mkdir(parents=True, exist_ok=True)
    head = {"optimizer": name, "torch": torch.__version__, "numpy": np.__version__, "steps": STEPS,
            "free_limit": FREE_LIMIT}
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(cases) + "]}\n"
    json.loads(text)
    (folder / f"{name}.json").write_text(text)
    print(f"{name}: {len(cases)} cases, {len(text) // 1000} kB")


def main(names):
    for name in names or [*REFERENCES, *TENSOR_REFERENCES]:
        write(DATA, name, [case_text(c) for c in cases_of(name)])


if __name__ == "__main__":
    main(sys.argv[1:])
