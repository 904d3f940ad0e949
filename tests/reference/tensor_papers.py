"""Rules that look at shapes or norms, from the formulas of the papers: init(o, xs, roles) gives the state before the
first step, step(o, t, xs, gs, s, roles, hvp) the new tensors. See tensor_run.py for the state. Written independently of
the C++. Sums in numpy's order; o holds the options with every default filled in."""
import math

import numpy as np

from papers import quotient
from tensor_run import Global, join

NONE = np.zeros(0)


def zeros(xs):
    return [np.zeros_like(x) for x in xs]


def norm(parts):
    return math.sqrt(math.fsum(float(v) ** 2 for v in join(parts)))


# ---- Muon: Jordan 2024 (the algorithm box of the article), Liu et al. 2025 eq. 1 and 4

def is_hidden_matrix(x, role):
    return x.ndim >= 2 and role in ("unknown", "weight", "conv")


def muon_init(o, xs, roles):
    hidden = [is_hidden_matrix(x, r) for x, r in zip(xs, roles)]
    return {"momentum_buffer": zeros(xs),
            "exp_avg_sq": [NONE if h else np.zeros_like(x) for x, h in zip(xs, hidden)]}


def newton_schulz(m, o):
    a, b, c = o["ns_coefficients"]
    x = m / max(np.linalg.norm(m), o["eps"])
    flipped = x.shape[0] > x.shape[1]
    x = x.T if flipped else x
    for _ in range(o["ns_steps"]):
        # X' = p(X X') X with p(s) = a + b s + c s^2
        s = x @ x.T
        x = (a * np.eye(len(s)) + b * s + c * s @ s) @ x
    return x.T if flipped else x


def muon_step(o, t, xs, gs, s, roles, hvp):
    new = []
    for i, (x, g, role) in enumerate(zip(xs, gs, roles)):
        if not is_hidden_matrix(x, role):
            lr = o["lr"] * o["adamw_lr_factor"]
            b1, b2 = o["adamw_beta1"], o["adamw_beta2"]
            s["momentum_buffer"][i] = b1 * s["momentum_buffer"][i] + (1 - b1) * g
            s["exp_avg_sq"][i] = b2 * s["exp_avg_sq"][i] + (1 - b2) * g ** 2
            m_hat, v_hat = s["momentum_buffer"][i] / (1 - b1 ** t), s["exp_avg_sq"][i] / (1 - b2 ** t)
            new.append(x - lr * (quotient(m_hat, np.sqrt(v_hat) + o["adamw_eps"]) + o["adamw_weight_decay"] * x))
            continue
        mu = o["momentum"]
        m = s["momentum_buffer"][i] = mu * s["momentum_buffer"][i] + (1 - mu) * g
        u = newton_schulz((mu * m + (1 - mu) * g if o["nesterov"] else m).reshape(len(x), -1), o)
        rows, columns = u.shape
        scale = math.sqrt(max(1, rows / columns)) if o["adjust"] == "original" else 0.2 * math.sqrt(max(rows, columns))
        new.append(x - o["lr"] * (scale * u.reshape(x.shape) + o["weight_decay"] * x))
    return new


# ---- Adafactor: Shazeer, Stern 2018, algorithms 4 and 5; clamp and the rate as torch.optim.Adafactor documents them

def adafactor_init(o, xs, roles):
    factored = [x.ndim >= 2 for x in xs]
    state = {"row_var": [np.zeros(x.shape[:-1]) if f else NONE for x, f in zip(xs, factored)],
             "col_var": [np.zeros(x.shape[:-2] + x.shape[-1:]) if f else NONE for x, f in zip(xs, factored)],
             "variance": [NONE if f else np.zeros_like(x) for x, f in zip(xs, factored)]}
    if o["beta1"] > 0:
        state["exp_avg"] = zeros(xs)
    return state


def root_mean_square(x):
    return math.sqrt(math.fsum(float(v) ** 2 for v in np.ravel(x)) / x.size)


def adafactor_step(o, t, xs, gs, s, roles, hvp):
    new = []
    share = t ** o["beta2_decay"]  # 1 - beta2_t, eq. of section 7.2
    rho = min(o["lr"], 1 / math.sqrt(t)) if o["relative_step"] else o["lr"]
    for i, (x, g) in enumerate(zip(xs, gs)):
        eps1 = o["eps1"]
        square = g ** 2 + (eps1 if o["eps_place"] == "added" else 0)
        if x.ndim >= 2:
            s["row_var"][i] = (1 - share) * s["row_var"][i] + share * square.mean(-1)
            s["col_var"][i] = (1 - share) * s["col_var"][i] + share * square.mean(-2)
            mean = s["row_var"][i].mean(-1)[..., None, None]
            if o["eps_place"] == "clamp":
                mean = np.maximum(mean, eps1)
            v = quotient(s["row_var"][i][..., :, None] * s["col_var"][i][..., None, :], mean)
        else:
            s["variance"][i] = (1 - share) * s["variance"][i] + share * square
            v = s["variance"][i]
        if o["eps_place"] == "clamp":
            v = np.maximum(v, eps1 ** 2)
        u = quotient(g, np.sqrt(v))
        u = u / max(1, root_mean_square(u) / o["d"])
        alpha = rho * (max(o["eps2"], root_mean_square(x)) if o["scale_parameter"] else 1)
        if o["beta1"] > 0:
            u = s["exp_avg"][i] = o["beta1"] * s["exp_avg"][i] + (1 - o["beta1"]) * u
        new.append(x - o["lr"] * o["weight_decay"] * x - alpha * u)
    return new


# ---- Prodigy: Mishchenko, Defazio 2023, algorithm 4 (EMA version), with the options of the authors' code

def prodigy_init(o, xs, roles):
    return {"exp_avg": zeros(xs), "exp_avg_sq": zeros(xs), "s": zeros(xs), "initial": [x.copy() for x in xs],
            "estimate": Global([o["d0"], o["d0"], 0.0])}


def prodigy_step(o, t, xs, gs, s, roles, hvp):
    d, d_max, numerator = s["estimate"]
    b1, b2 = o["beta1"], o["beta2"]
    b3 = math.sqrt(b2) if o["beta3"] < 0 else o["beta3"]
    rate = d * o["lr"] * (math.sqrt(1 - b2 ** t) / (1 - b1 ** t) if o["use_bias_correction"] else 1)
    if not o["decouple"]:
        gs = [g + o["weight_decay"] * x for x, g in zip(xs, gs)]
    moved = math.fsum(float(v) for x, g, x0 in zip(xs, gs, s["initial"]) for v in np.ravel(g * (x0 - x)))
    numerator = b3 * numerator + d / o["d0"] * rate * moved
    growth = d / o["d0"] * (d if o["safeguard_warmup"] else rate)
    for i, g in enumerate(gs):
        s["exp_avg"][i] = b1 * s["exp_avg"][i] + (1 - b1) * d * g
        s["exp_avg_sq"][i] = b2 * s["exp_avg_sq"][i] + (1 - b2) * d ** 2 * g ** 2
        s["s"][i] = b3 * s["s"][i] + growth * g
    denominator = math.fsum(abs(float(v)) for v in join(s["s"]))
    if denominator == 0:
        s["estimate"] = Global([d, d_max, numerator])
        return xs
    d_hat = o["d_coef"] * numerator / denominator
    d = max(d, d_hat) if d == o["d0"] else d
    d_max = max(d_max, d_hat)
    d = min(d_max, d * o["growth_rate"]) if o["growth_rate"] > 0 else d_max
    s["estimate"] = Global([d, d_max, numerator])
    new = []
    for x, m, v in zip(xs, s["exp_avg"], s["exp_avg_sq"]):
        decay = o["weight_decay"] * rate if o["decouple"] else 0
        new.append((1 - decay) * x - rate * quotient(m, np.sqrt(v) + d * o["eps"]))
    return new


# ---- DoG: Ivgi, Hinder, Carmon 2023, eq. 1 and section 4 (layer-wise); DoWG: Khaled et al. 2023, algorithm 1

def dog_init(o, xs, roles):
    cells = len(xs) if o["granularity"] == "tensor" else 1
    return {"initial": [x.copy() for x in xs], "distance": Global([0.0] * cells), "norms": Global([0.0] * cells)}


def dog_step(o, t, xs, gs, s, roles, hvp):
    gs = [g + o["weight_decay"] * x for x, g in zip(xs, gs)]
    cells = [[i] for i in range(len(xs))] if o["granularity"] == "tensor" else [list(range(len(xs)))]
    new = list(xs)
    for c, members in enumerate(cells):
        x0 = [s["initial"][i] for i in members]
        away = norm([xs[i] - s["initial"][i] for i in members])
        r = max(s["distance"][c], o["reps_rel"] * (1 + norm(x0)), away)
        g2 = norm([gs[i] for i in members]) ** 2
        s["distance"][c] = r
        if o["weighting"] == "dowg":
            s["norms"][c] += r ** 2 * g2
            rate = r ** 2 / math.sqrt(s["norms"][c] + o["eps"])
        else:
            s["norms"][c] += g2
            rate = r / math.sqrt(s["norms"][c] + o["eps"])
        for i in members:
            new[i] = xs[i] - o["lr"] * rate * gs[i]
    return new


# ---- Schedule-Free: Defazio et al. 2024, eq. 7 to 9 and algorithm 1; x is derived from y and z

def schedule_free_sgd_init(o, xs, roles):
    return {"z": [x.copy() for x in xs], "weights": Global([0.0, 0.0])}


def schedule_free_adamw_init(o, xs, roles):
    return {**schedule_free_sgd_init(o, xs, roles), "exp_avg_sq": zeros(xs)}


def averaging(o, t, s):
    largest = max(s["weights"][1], o["lr"])
    weight = t ** o["r"] * largest ** o["weight_lr_power"]
    s["weights"] = Global([s["weights"][0] + weight, largest])
    return weight / s["weights"][0]


def averaged(beta, c, y, z, step):
    x = (y - (1 - beta) * z) / beta
    z = z - step
    x = (1 - c) * x + c * z
    return (1 - beta) * z + beta * x, z


def schedule_free_sgd_step(o, t, xs, gs, s, roles, hvp):
    c = averaging(o, t, s)
    new = []
    for i, (y, g) in enumerate(zip(xs, gs)):
        y, s["z"][i] = averaged(o["momentum"], c, y, s["z"][i], o["lr"] * (g + o["weight_decay"] * y))
        new.append(y)
    return new


def schedule_free_adamw_step(o, t, xs, gs, s, roles, hvp):
    c = averaging(o, t, s)
    new = []
    for i, (y, g) in enumerate(zip(xs, gs)):
        v = s["exp_avg_sq"][i] = o["beta2"] * s["exp_avg_sq"][i] + (1 - o["beta2"]) * g ** 2
        u = quotient(g, np.sqrt(v / (1 - o["beta2"] ** t)) + o["eps"]) + o["weight_decay"] * y
        y, s["z"][i] = averaged(o["beta1"], c, y, s["z"][i], o["lr"] * u)
        new.append(y)
    return new
