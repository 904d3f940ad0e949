"""Optimizers, or options of them, that PyTorch 1.13 lacks: one step each, from the formulas of the papers.

step(o, t, x, g, s) -> new x; s is a dict of slots, updated in place. Everything is a float64 array, o the options with
every default filled in, t the step from 1. Written from the papers, independently of the C++.
"""
import numpy as np


def quotient(a, b):
    """a / b, with 0 / 0 = 0."""
    return np.where((a == 0) & (b == 0), 0.0, a / np.where(b == 0, 1.0, b))


def sgd(o, t, x, g, s):
    # Sutskever et al. 2013 eq. 1 with v' = -v, lr inside; the first velocity lr g as torch's first buffer is g.
    d = o["lr"] * (g + o["weight_decay"] * x)
    if o["momentum"] == 0:
        return x - d
    s["momentum_buffer"] = d if t == 1 else o["momentum"] * s["momentum_buffer"] + (1 - o["dampening"]) * d
    return x - (d + o["momentum"] * s["momentum_buffer"] if o["nesterov"] else s["momentum_buffer"])


def adagrad(o, t, x, g, s):
    # Duchi et al. 2011, with delta inside the root.
    g = g + o["weight_decay"] * x
    s["sum"] = s["sum"] + g ** 2
    rate = o["lr"] / (1 + (t - 1) * o["lr_decay"])
    if o["eps_place"] == "inside":
        return x - rate * quotient(g, np.sqrt(s["sum"] + o["eps"]))
    return x - rate * quotient(g, np.sqrt(s["sum"]) + o["eps"])


def rmsprop(o, t, x, g, s):
    # Graves 2013 eq. 38-45 (centered, eps inside); the bias correction is Adam's.
    g = g + o["weight_decay"] * x
    a = o["alpha"]
    s["square_avg"] = a * s["square_avg"] + (1 - a) * g ** 2
    c = 1 - a ** t if o["bias_correction"] else 1.0
    var = s["square_avg"] / c
    if o["centered"]:
        s["grad_avg"] = a * s["grad_avg"] + (1 - a) * g
        var = np.maximum(var - s["grad_avg"] ** 2, 0)
    root = np.sqrt(var + o["eps"]) if o["eps_place"] == "inside" else np.sqrt(var) + o["eps"]
    d = quotient(g, root)
    if o["momentum"] == 0:
        return x - o["lr"] * d
    if o["velocity"] == "inside":
        s["momentum_buffer"] = o["momentum"] * s["momentum_buffer"] + o["lr"] * d
        return x - s["momentum_buffer"]
    s["momentum_buffer"] = o["momentum"] * s["momentum_buffer"] + d
    return x - o["lr"] * s["momentum_buffer"]


def adam_direction(o, t, g, s):
    # Kingma, Ba 2015, algorithm 1; eps_hat: end of section 2; maxima: Reddi et al. 2018, algorithm 2.
    b1, b2 = o["beta1"], o["beta2"]
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_sq"] = b2 * s["exp_avg_sq"] + (1 - b2) * g ** 2
    corrects = o.get("bias_correction", True)  # without it (section 6.4) the moments are taken as they are
    c1, c2 = (1 - b1 ** t, 1 - b2 ** t) if corrects else (1.0, 1.0)
    m_hat = s["exp_avg"] / c1
    v_hat = s["exp_avg_sq"] / c2
    if o["amsgrad"] and o["amsgrad_max"] == "corrected":
        s["max_exp_avg_sq"] = v_hat = np.maximum(s["max_exp_avg_sq"], v_hat)
    elif o["amsgrad"]:
        s["max_exp_avg_sq"] = np.maximum(s["max_exp_avg_sq"], s["exp_avg_sq"])
        v_hat = s["max_exp_avg_sq"] / c2
    eps = o["eps"] / np.sqrt(c2) if o["eps_mode"] == "hat" else o["eps"]
    return quotient(m_hat, np.sqrt(v_hat + o["eps_root"]) + eps)


def adam(o, t, x, g, s):
    return x - o["lr"] * adam_direction(o, t, g + o["weight_decay"] * x, s)


def adamw(o, t, x, g, s):
    u = adam_direction(o, t, g, s)
    if o["decay"] == "independent":  # Loshchilov, Hutter 2019, algorithm 2 line 12 with eta_t = 1
        return x - (o["lr"] * u + o["weight_decay"] * x)
    if o["decay"] == "cautious":  # Chen et al. 2025, algorithm 1
        return x - o["lr"] * (u + o["weight_decay"] * (u * x >= 0) * x)
    return x - o["lr"] * (u + o["weight_decay"] * x)


def adamax(o, t, x, g, s):
    # Kingma, Ba 2015, algorithm 2; Keras for eps in the denominator.
    g = g + o["weight_decay"] * x
    s["exp_avg"] = o["beta1"] * s["exp_avg"] + (1 - o["beta1"]) * g
    floor = o["eps"] if o["eps_place"] == "inside_max" else 0
    s["exp_inf"] = np.maximum(o["beta2"] * s["exp_inf"], abs(g) + floor)
    eps = o["eps"] if o["eps_place"] == "denominator" else 0
    return x - o["lr"] / (1 - o["beta1"] ** t) * quotient(s["exp_avg"], s["exp_inf"] + eps)


def radam(o, t, x, g, s):
    # Liu et al. 2020, algorithm 2, line by line; fallback and order of decay as the authors' code.
    if not o["decoupled_weight_decay"]:
        g = g + o["weight_decay"] * x
    b1, b2 = o["beta1"], o["beta2"]
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_sq"] = b2 * s["exp_avg_sq"] + (1 - b2) * g ** 2
    m_hat = s["exp_avg"] / (1 - b1 ** t)
    rho_inf = 2 / (1 - b2) - 1
    rho = rho_inf - 2 * t * b2 ** t / (1 - b2 ** t)
    if rho <= o["threshold"] and o["fallback"] == "skip":
        return x
    if o["decoupled_weight_decay"]:
        x = x - o["lr"] * o["weight_decay"] * x
    if rho <= o["threshold"]:
        return x - o["lr"] * m_hat
    r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    return x - o["lr"] * r * m_hat * quotient(np.sqrt(1 - b2 ** t), np.sqrt(s["exp_avg_sq"]) + o["eps"])


def lion(o, t, x, g, s):
    # Chen et al. 2023, algorithm 2.
    c = o["beta1"] * s["exp_avg"] + (1 - o["beta1"]) * g
    s["exp_avg"] = o["beta2"] * s["exp_avg"] + (1 - o["beta2"]) * g
    return x - o["lr"] * (np.sign(c) + o["weight_decay"] * x)
