"""Smooth functions of a flat vector, in torch; their twins in C++ stand in second_order.cpp."""


class Problem:
    def __init__(self, start, shapes, loss):
        self.start, self.shapes, self.loss = start, shapes, loss


def quadratic(x):
    """Convex, four eigenvalues between 1 and 20, coupled, minimum (1, 0.5, 1/3, 0.25)."""
    y = x - x.new_tensor([1.0, 1 / 2, 1 / 3, 1 / 4])
    scale = x.new_tensor([1.0, 4.0, 9.0, 16.0])
    return 0.5 * (scale * y * y).sum() + 0.5 * y.sum() ** 2


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def beale(x):
    return ((1.5 - x[0] + x[0] * x[1]) ** 2 + (2.25 - x[0] + x[0] * x[1] ** 2) ** 2
            + (2.625 - x[0] + x[0] * x[1] ** 3) ** 2)


def chain(x):
    """Rosenbrock's function on every pair of neighbors."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


PROBLEMS = {
    "quadratic": Problem([1.5, -1.0, 0.8, 1.2], [[2, 2]], quadratic),
    "rosenbrock": Problem([-1.2, 1.0], [[2]], rosenbrock),
    "beale": Problem([1.0, 0.8], [[2]], beale),
    "chain": Problem([-1.2, 1.0, 0.7, -0.4, 0.3, 1.1], [[2, 2], [1], [1, 1]], chain),
}
