"""As tensor_papers.py: rules that rest on the curvature: roots and eigenvectors of second moments, the Hessian."""
import math

import numpy as np

from papers import quotient
from tensor_papers import NONE, zeros


def as_matrix(x):
    return x.reshape(x.shape[0], -1) if x.ndim >= 2 else x.reshape(-1, 1)


def preconditioned_sides(x, longest):
    return [1 < n <= longest for n in as_matrix(x).shape]


def squares_of(g):
    return g @ g.T, g.T @ g


def empty_squares(xs, sides):
    """Two lists of zero matrices, for the left and the right side; NONE where a side has no preconditioner."""
    return [[np.zeros((as_matrix(x).shape[k],) * 2) if has[k] else NONE for x, has in zip(xs, sides)]
            for k in (0, 1)]


# ---- Shampoo: Gupta, Koren, Singer 2018, algorithm 1; averages, bias corrections, grafting and a start after
# precondition_frequency steps: Shi et al. 2023, sec. 3

def sides_of(x, longest, vectors_too):
    return preconditioned_sides(x, longest) if x.ndim >= 2 or vectors_too else [False, False]


def shampoo_init(o, xs, roles):
    sides = [sides_of(x, o["max_dim"], o["precondition_1d"]) for x in xs]
    left, right = empty_squares(xs, sides)
    roots = empty_squares(xs, sides)
    return {"exp_avg": zeros(xs), "left": left, "right": right, "root_left": roots[0], "root_right": roots[1],
            "diagonal": [NONE if any(has) else np.zeros_like(x) for x, has in zip(xs, sides)]}


def inverse_root(a, order, eps, shape, dtype):
    """(a + eps I)^(-1 / order) by the singular value decomposition, which is that of a positive matrix's eigenvalues; 0
    along those that are 0 but for rounding, in double or squared in the type of the gradients, where no gradient was."""
    u, s, _ = np.linalg.svd((a + a.T) / 2, hermitian=True)
    rounding = max(len(a) * np.finfo(np.float64).eps, 16 * max(shape) * float(np.finfo(dtype).eps) ** 2)
    known = s > rounding * s.max()
    return u @ np.diag(np.where(known, (np.where(known, s, 1) + eps) ** (-1 / order), 0)) @ u.T


def shampoo_loose(o):
    """A root's error is 1e-16 |a| over its smallest eigenvalue, at least eps: 5e4 and 1e-3 on Rosenbrock. The gradients
    that it is applied to lie along the large ones."""
    return {"root_left": 1e-8, "root_right": 1e-8, "x": 1e-11}


def shampoo_step(o, t, xs, gs, s, roles, hvp):
    new = []
    b1, b2, every = o["beta1"], o["beta2"], o["precondition_frequency"]
    weight, correction = (1, 1) if b2 == 1 else (1 - b2, 1 - b2 ** t)
    for i, (x, g) in enumerate(zip(xs, gs)):
        m = s["exp_avg"][i] = b1 * s["exp_avg"][i] + (1 - b1) * g
        m_hat = as_matrix(m) / (1 - b1 ** t)
        has = sides_of(x, o["max_dim"], o["precondition_1d"])
        order = 2 * sum(has)
        p = m_hat
        for k, side in enumerate(("left", "right")):
            if not has[k]:
                continue
            s[side][i] = b2 * s[side][i] + weight * squares_of(as_matrix(g))[k]
            if t % every == 0:
                s["root_" + side][i] = inverse_root(s[side][i] / correction, order, o["eps"], m_hat.shape, o["dtype"])
            if t < every:  # all eigenvalues at their mean
                mean = np.mean(np.diag(s[side][i])) / correction
                p = p * ((mean + o["eps"]) ** (-1 / order) if mean > 0 else 0)
            else:
                p = s["root_" + side][i] @ p if k == 0 else p @ s["root_" + side][i]
        if order == 0:
            s["diagonal"][i] = b2 * s["diagonal"][i] + weight * g ** 2
            p = quotient(m_hat, np.sqrt(as_matrix(s["diagonal"][i]) / correction + o["eps"]))
        if o["grafting"] == "sgd":
            p = p * quotient(np.linalg.norm(m_hat), np.linalg.norm(p))
        new.append(x - o["lr"] * (p.reshape(x.shape) + o["weight_decay"] * x))
    return new


# ---- SOAP: Vyas et al. 2024, algorithm 3 with the power iteration of algorithm 4; first step, order and bias as the
# authors' code

def soap_sides(o, x):
    return sides_of(x, o["max_precond_dim"], o["precondition_1d"])


def soap_init(o, xs, roles):
    sides = [soap_sides(o, x) for x in xs]
    left, right = empty_squares(xs, sides)
    bases = empty_squares(xs, sides)
    return {"exp_avg": zeros(xs), "exp_avg_sq": zeros(xs), "left": left, "right": right, "basis_left": bases[0],
            "basis_right": bases[1]}


def eigenvectors(a):
    q = np.linalg.eigh(a)[1][:, ::-1]
    largest = q[np.argmax(abs(q), axis=0), np.arange(len(q))]
    return q * np.sign(largest)


def orthogonal_factor(a):
    q, r = np.linalg.qr(a)
    return q * np.where(np.diag(r) < 0, -1, 1)


def soap_loose(o):
    """An eigenvector's error is 1e-16 |a| over the distance of the eigenvalues, and so is that of small entries."""
    return {"basis_left": 1e-10, "basis_right": 1e-10}


def soap_step(o, t, xs, gs, s, roles, hvp):
    new = []
    b1, b2 = o["beta1"], o["beta2"]
    b = b2 if o["shampoo_beta"] < 0 else o["shampoo_beta"]
    n = t - 1
    for i, (x, g) in enumerate(zip(xs, gs)):
        has = soap_sides(o, x)
        q = [s[name][i] if h else np.eye(size)
             for name, h, size in zip(("basis_left", "basis_right"), has, as_matrix(x).shape)]
        if n > 0:
            s["exp_avg"][i] = b1 * s["exp_avg"][i] + (1 - b1) * g
            rotated = q[0].T @ as_matrix(g) @ q[1]
            v = b2 * as_matrix(s["exp_avg_sq"][i]) + (1 - b2) * rotated ** 2
            s["exp_avg_sq"][i] = v.reshape(x.shape)
            direction = quotient(q[0].T @ as_matrix(s["exp_avg"][i]) @ q[1], np.sqrt(v) + o["eps"])
            rate = o["lr"] * (math.sqrt(1 - b2 ** n) / (1 - b1 ** n) if o["correct_bias"] else 1)
            x = x - rate * (q[0] @ direction @ q[1].T).reshape(x.shape)
            x = x - o["lr"] * o["weight_decay"] * x
        new.append(x)
        for k, side in enumerate(("left", "right")):
            if not has[k]:
                continue
            s[side][i] = b * s[side][i] + (1 - b) * squares_of(as_matrix(g))[k]
            if n == 0:
                s["basis_" + side][i] = eigenvectors(s[side][i])
            elif n % o["precondition_frequency"] == 0:
                order = np.argsort(-np.diag(q[k].T @ s[side][i] @ q[k]), kind="stable")
                s["exp_avg_sq"][i] = np.take(as_matrix(s["exp_avg_sq"][i]), order, axis=k).reshape(x.shape)
                s["basis_" + side][i] = orthogonal_factor(s[side][i] @ q[k][:, order])
    return new


# ---- Sophia-H: Liu et al. 2023, algorithms 1 and 3. The probe comes from the project's generator, Philox4x32-10 (Salmon
# et al. 2011, section 3.3), with the counter (block, trial 0, purpose 5) and the key (seed 1)

def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(right >> 32) ^ c[1] ^ k[0], right & 0xFFFFFFFF, (left >> 32) ^ c[3] ^ k[1], left & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


def probe(kind, t, count):
    values = []
    first = t << 32
    for index in range(first, first + count):
        block = index // 2
        words = philox((block & 0xFFFFFFFF, block >> 32, 0, 5), (1, 0))
        if kind == "rademacher":
            values.append(-1.0 if words[index % 2] >> 63 else 1.0)
            continue
        radius = math.sqrt(-2 * math.log(((words[0] >> 11) + 1) * 2.0 ** -53))
        angle = 2 * math.pi * (words[1] >> 11) * 2.0 ** -53
        values.append(radius * (math.cos(angle) if index % 2 == 0 else math.sin(angle)))
    return np.array(values)


def sophia_init(o, xs, roles):
    return {"exp_avg": zeros(xs), "hessian": zeros(xs)}


def sophia_step(o, t, xs, gs, s, roles, hvp):
    if t % o["update_interval"] == 1 % o["update_interval"]:
        u = probe(o["probe"], t, sum(x.size for x in xs))
        estimate = u * hvp(u)
        taken = 0
        for i, x in enumerate(xs):
            part = slice(taken, taken + x.size)
            taken += x.size
            s["hessian"][i] = (o["beta2"] * s["hessian"][i]
                               + (1 - o["beta2"]) * estimate[part].reshape(x.shape))
    new = []
    for i, (x, g) in enumerate(zip(xs, gs)):
        m = s["exp_avg"][i] = o["beta1"] * s["exp_avg"][i] + (1 - o["beta1"]) * g
        clipped = np.clip(m / np.maximum(o["gamma"] * s["hessian"][i], o["eps"]), -1, 1)
        new.append(x - o["lr"] * o["weight_decay"] * x - o["lr"] * clipped)
    return new
