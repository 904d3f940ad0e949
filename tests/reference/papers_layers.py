"""Rules that look at whole tensors or at the network: one step each, from the formulas of the papers. See papers.py;
layer is a generate.Layer."""
import math

import numpy as np

from papers import quotient
from papers_adaptive import moments

UNSCALED = ("bias", "norm_scale", "norm_bias")


def norm(v):
    return math.sqrt(np.sum(np.square(v)))


def excluded(o, layer):
    return o["exclude"] == "bias_and_norm" and layer.role in UNSCALED


def novograd(o, t, x, g, s, layer):
    # Ginsburg et al. 2019, algorithm 1; grad_averaging as NVIDIA's implementations.
    square = norm(g) ** 2
    s["exp_avg_sq"] = np.array([square if t == 1 else o["beta2"] * s["exp_avg_sq"][0] + (1 - o["beta2"]) * square])
    d = quotient(g, np.sqrt(s["exp_avg_sq"]) + o["eps"]) + o["weight_decay"] * x
    if o["grad_averaging"]:
        s["exp_avg"] = o["beta1"] * s["exp_avg"] + (1 - o["beta1"]) * d
    else:
        s["exp_avg"] = o["beta1"] * s["exp_avg"] + d
    return x - o["lr"] * s["exp_avg"]


def trust(o, w, u):
    return w / u if w > 0 and u > 0 else 1.0


def lamb(o, t, x, g, s, layer):
    # You et al. 2020, algorithm 2, phi the identity; decay_in_ratio = false as Keras.
    moments(o, g, s)
    c1, c2 = (1 - o["beta1"] ** t, 1 - o["beta2"] ** t) if o["bias_correction"] else (1.0, 1.0)
    r = quotient(s["exp_avg"] / c1, np.sqrt(s["exp_avg_sq"] / c2) + o["eps"])
    if excluded(o, layer):
        return x - o["lr"] * r
    decay = o["weight_decay"] * x
    if o["decay_in_ratio"]:
        return x - o["lr"] * trust(o, norm(x), norm(r + decay)) * (r + decay)
    return x - o["lr"] * (trust(o, norm(x), norm(r)) * r + decay)


def lars(o, t, x, g, s, layer):
    # You, Gitman, Ginsburg 2017, algorithm 1 and eq. 6; norm_of = update as optax.
    ratio = 1.0
    if not excluded(o, layer):
        w = norm(x)
        if o["norm_of"] == "update":
            bottom = norm(g + o["weight_decay"] * x)
        else:
            bottom = norm(g) + o["weight_decay"] * w
        if w > 0 and bottom > 0:
            ratio = o["trust_coefficient"] * w / (bottom + o["eps"])
        g = g + o["weight_decay"] * x
    d = o["lr"] * ratio * g
    s["momentum_buffer"] = o["momentum"] * s["momentum_buffer"] + d
    return x - (d + o["momentum"] * s["momentum_buffer"] if o["nesterov"] else s["momentum_buffer"])


def hypergradient(o, t, xs, gs, ss, layers):
    # Baydin et al. 2018, algorithms 4 to 6 (additive) and eq. 8 (multiplicative).
    alpha = ss[0]["rate"][0]
    h = sum(float(np.dot(g, s["direction"])) for g, s in zip(gs, ss))
    if o["rule"] == "additive":
        alpha = alpha + o["hyper_lr"] * h
    else:
        g_norm = math.sqrt(sum(norm(g) ** 2 for g in gs))
        u_norm = math.sqrt(sum(norm(s["direction"]) ** 2 for s in ss))
        alpha = alpha * (1 + o["hyper_lr"] * (h / (g_norm * u_norm) if g_norm * u_norm > 0 else 0.0))
    new = []
    for x, g, s in zip(xs, gs, ss):
        u = g
        if o["base"] == "nesterov":
            s["exp_avg"] = o["momentum"] * s["exp_avg"] + g
            u = g + o["momentum"] * s["exp_avg"]
        elif o["base"] == "adam":
            moments(o, g, s)
            u = quotient(s["exp_avg"] / (1 - o["beta1"] ** t),
                         np.sqrt(s["exp_avg_sq"] / (1 - o["beta2"] ** t)) + o["eps"])
        s["direction"] = u
        s["rate"] = np.array([alpha])
        new.append(x - alpha * u)
    return new


def caadam_scale(o, layers, sizes):
    # Genet, Inzirillo 2024, the three strategies. A layer's connections are the elements of its weight tensor.
    counts = {}
    for layer, size in zip(layers, sizes):
        if layer.role in ("weight", "conv", "embedding", "head"):
            counts[layer.index] = counts.get(layer.index, 0) + size
    if not counts:
        return [1.0] * len(layers)
    values = sorted(counts.values())
    median = float(np.median(values))

    def share(c):  # from 1 at the smallest layer over 0 at the median to -1 at the largest
        if c <= median:
            return (median - c) / (median - values[0]) if median > values[0] else 0.0
        return -(c - median) / (values[-1] - median)

    scales = []
    for layer in layers:
        if o["scaling"] == "depth":
            scales.append((1 + o["gamma"]) ** ((layer.count - (1 + layer.index)) / layer.count))
        elif o["scaling"] == "additive":
            scales.append(1 + o["gamma"] * share(counts[layer.index]))
        else:
            scales.append(math.exp(-share(counts[layer.index]) * math.log(o["gamma"])))
    return scales


def caadam(o, t, xs, gs, ss, layers):
    new = []
    for x, g, s, scale in zip(xs, gs, ss, caadam_scale(o, layers, [len(x) for x in xs])):
        g = g + o["weight_decay"] * x
        moments(o, g, s)
        v = s["exp_avg_sq"]
        if o["amsgrad"]:
            s["max_exp_avg_sq"] = v = np.maximum(s["max_exp_avg_sq"], v)
        new.append(x - o["lr"] * scale * quotient(s["exp_avg"] / (1 - o["beta1"] ** t),
                                                  np.sqrt(v / (1 - o["beta2"] ** t)) + o["eps"]))
    return new


def agd(o, t, xs, gs, ss, layers):
    # Bernstein, Mingard, Huang, Azizan, Yue 2023, algorithm 1.
    def is_matrix(layer):
        return len(layer.shape) >= 2

    active = [i for i, layer in enumerate(layers) if o["vectors"] == "train" or is_matrix(layer)]
    scale = [math.sqrt(layer.shape[0] / layer.shape[1]) if is_matrix(layer) else 1.0 for layer in layers]
    if not active:
        return xs
    summary = sum(scale[i] * norm(gs[i]) for i in active) / len(active)
    eta = math.log(0.5 * (1 + math.sqrt(1 + 4 * summary)))
    new = list(xs)
    for i in active:
        new[i] = xs[i] - o["gain"] * eta / len(active) * scale[i] * quotient(gs[i], norm(gs[i]))
    return new
