"""The problems that the reference optimizers run on: loss(x, t) in torch, x one flat vector, t the step from 1."""
import math

import torch


class Problem:
    def __init__(self, start, shapes, loss, rows, roles=None):
        self.start = start    # parameters, flat
        self.shapes = shapes  # shapes of the tensors that the flat vector consists of
        self.loss = loss
        self.rows = rows      # steps whose state is written
        self.roles = roles    # of the tensors, by the names of the sweep file; None: unknown
        ends = [0]
        for shape in shapes:
            ends.append(ends[-1] + math.prod(shape))
        self.parts = [slice(a, b) for a, b in zip(ends, ends[1:])]


def quadratic(x, t):
    return 0.5 * (3 * x[0] ** 2 + 2 * x[0] * x[1] + 2 * x[1] ** 2)


def rosenbrock(x, t):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def beale(x, t):
    return ((1.5 - x[0] + x[0] * x[1]) ** 2 + (2.25 - x[0] + x[0] * x[1] ** 2) ** 2
            + (2.625 - x[0] + x[0] * x[1] ** 3) ** 2)


FEATURES, CLASSES, SAMPLES, BATCH = 4, 3, 60, 12


def samples():
    """A small classification set, the same on every machine: no random generator, three rotated clusters."""
    rows = []
    for i in range(SAMPLES):
        angle = 2 * math.pi * (i % CLASSES) / CLASSES + 0.9 * math.sin(7.3 * i)
        rows.append([math.cos(angle), math.sin(angle), math.sin(3.1 * i), 0.3 * math.cos(1.7 * i)])
    return torch.tensor(rows, dtype=torch.float64), torch.tensor([i % CLASSES for i in range(SAMPLES)])


INPUTS, LABELS = samples()


def softmax(x, t):
    """Cross-entropy of batch t of a softmax regression; batches of consecutive samples, in a cycle."""
    batch = [((t - 1) * BATCH + i) % SAMPLES for i in range(BATCH)]
    weights = x[:FEATURES * CLASSES].reshape(FEATURES, CLASSES)
    logits = INPUTS[batch].to(x.dtype) @ weights + x[FEATURES * CLASSES:]
    return torch.nn.functional.cross_entropy(logits, LABELS[batch])


HIDDEN, OUTPUTS = 4, 2
REGRESSION_SHAPES = [[HIDDEN, 3], [HIDDEN], [OUTPUTS, HIDDEN], [OUTPUTS]]
REGRESSION_SIZE = sum(math.prod(s) for s in REGRESSION_SHAPES)


def regression(x, t):
    """Mean squared error of a network 3-4-2 with tanh, on batch t of the inputs above; weights are (out, in)."""
    batch = [((t - 1) * BATCH + i) % SAMPLES for i in range(BATCH)]
    inputs = INPUTS[batch].to(x.dtype)[:, :3]
    targets = torch.stack([inputs[:, 0] * inputs[:, 1], torch.sin(2 * inputs[:, 2])], dim=1)
    parts, at = [], 0
    for shape in REGRESSION_SHAPES:
        parts.append(x[at:at + math.prod(shape)].reshape(shape))
        at += math.prod(shape)
    w1, b1, w2, b2 = parts
    return ((torch.tanh(inputs @ w1.T + b1) @ w2.T + b2 - targets) ** 2).mean()


SHAPES = [[2, 2], [2], [3, 2], [2, 3]]


def network(x, t):
    """Squared error of a network of three layers, tanh between them, on batch t of a small regression."""
    parts, taken = [], 0
    for shape in SHAPES:
        size = math.prod(shape)
        parts.append(x[taken:taken + size].reshape(shape))
        taken += size
    w1, b1, w2, w3 = parts
    batch = [((t - 1) * 6 + i) % 30 for i in range(6)]
    inputs = INPUTS[batch][:, :2].to(x.dtype)
    wanted = torch.stack([torch.sin(2 * inputs[:, 0]), inputs[:, 0] * inputs[:, 1]], 1)
    hidden = torch.tanh(torch.tanh(inputs @ w1.T + b1) @ w2.T)
    return ((hidden @ w3.T - wanted) ** 2).mean()


STEPS = 200
EVERY = range(1, STEPS + 2)
# The first five steps and one in thirteen of the others, each with the state before and after it.
SOME = sorted({t + d for t in [1, 2, 3, 4, 5, *range(13, STEPS + 1, 13)] for d in (0, 1)})

# Twenty steps in four runs, for compact files.
FEW = [t for first in (1, 60, 120, 196) for t in range(first, first + 6)]

PROBLEMS = {
    "quadratic": Problem([1.0, 1.0], [[2]], quadratic, SOME),
    "rosenbrock": Problem([-1.2, 1.0], [[2]], rosenbrock, EVERY),
    "beale": Problem([1.0, 1.0], [[2]], beale, EVERY),
    "softmax": Problem([0.1 * math.sin(1.0 + i) for i in range(FEATURES * CLASSES + CLASSES)],
                       [[FEATURES, CLASSES], [CLASSES]], softmax, SOME),
    "regression": Problem([0.6 * math.sin(2.0 + 3.7 * i) for i in range(REGRESSION_SIZE)], REGRESSION_SHAPES, regression,
                          FEW, ["weight", "bias", "head", "bias"]),
}

# For the rules that look at shapes: the same functions on vectors, rows and columns, and matrices with their roles.
# Fewer steps, the first ones among them and three multiples of ten, after which a preconditioner is renewed.
TENSOR_ROWS = [*range(1, 15), *range(49, 54), *range(198, 202)]
TENSOR_PROBLEMS = {
    "quadratic": Problem([1.0, 1.0], [[2]], quadratic, TENSOR_ROWS, ["unknown"]),
    "rosenbrock": Problem([-1.2, 1.0], [[1, 2]], rosenbrock, TENSOR_ROWS, ["unknown"]),
    "beale": Problem([1.0, 1.0], [[2, 1]], beale, TENSOR_ROWS, ["unknown"]),
    "network": Problem([0.7 * math.sin(1.0 + 2.4 * i) for i in range(sum(map(math.prod, SHAPES)))], SHAPES, network,
                       TENSOR_ROWS, ["weight", "bias", "weight", "head"]),
}
