"""Runs a rule that looks at whole tensors. Its state is a dict: id of the slot -> list of arrays, one for every tensor
(empty where the tensor has none of it), or a Global: an array that belongs to all tensors and is kept in double."""
import math

import numpy as np
import torch


class Global(np.ndarray):
    def __new__(cls, values):
        return np.array(values, np.float64).view(cls)


def split(flat, shapes):
    parts, taken = [], 0
    for shape in shapes:
        size = math.prod(shape)
        parts.append(flat[taken:taken + size].reshape(shape))
        taken += size
    return parts


def join(parts):
    return np.concatenate([np.ravel(p) for p in parts])


def rounded(state, dtype, wide):
    """What is kept from step to step: rounded to the tensors' type, in double for the arithmetic of the next step."""
    return {k: v if isinstance(v, Global) or k in wide else [p.astype(dtype).astype(np.float64) for p in v]
            for k, v in state.items()}


def hessian_product(case, x, t, vector, torch_type):
    leaf = torch.tensor(x, dtype=torch_type, requires_grad=True)
    first, = torch.autograd.grad(case.problem.loss(leaf, t), leaf, create_graph=True)
    product, = torch.autograd.grad(first @ torch.tensor(vector, dtype=torch_type), leaf)
    return product.numpy().astype(np.float64)


def run_tensors(case, start, nudge, gradient, dtypes):
    """As generate.run_paper, for the rules of tensor_papers.py and tensor_roots.py."""
    numpy_type, torch_type = dtypes
    shapes, roles = case.problem.shapes, case.problem.roles
    x = np.array(start, numpy_type)
    wide = case.reference.wide
    state = rounded(case.reference.init(case.options, split(x.astype(np.float64), shapes), roles), numpy_type, wide)
    for t in range(1, max(case.problem.rows) + 1):
        grad, loss = gradient(case, torch.tensor(x, dtype=torch_type), t, nudge)
        flat = {k: np.array(v) if isinstance(v, Global) else join(v).astype(np.float64 if k in wide else numpy_type)
                for k, v in state.items()}
        yield t, x, grad.numpy(), loss, flat

        def hvp(vector):
            vector = vector.astype(numpy_type)
            product = hessian_product(case, x, t, vector, torch_type)
            if not nudge and (len(x) == 2 or t in case.problem.rows):
                case.products[str(t)] = [[float(v) for v in vector], [float(v) for v in product]]
            return product

        xs = split(x.astype(np.float64), shapes)
        gs = split(grad.numpy().astype(np.float64), shapes)
        xs = case.reference.step({**case.options, "dtype": numpy_type}, t, xs, gs, state, roles, hvp)
        x = join(xs).astype(numpy_type)
        state = rounded(state, numpy_type, wide)
