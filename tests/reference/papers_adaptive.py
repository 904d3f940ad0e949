"""Element-wise relatives of Adam, and two older rules: one step each, from the formulas of the papers. See papers.py."""
import math

import numpy as np

from papers import quotient


def moments(o, g, s):
    s["exp_avg"] = o["beta1"] * s["exp_avg"] + (1 - o["beta1"]) * g
    s["exp_avg_sq"] = o["beta2"] * s["exp_avg_sq"] + (1 - o["beta2"]) * g ** 2


def nadam(o, t, x, g, s):
    # Dozat 2016, algorithm 2 with the momentum schedule of section 2.3; the other forms as optimizers.md lists them.
    if o["decoupled_weight_decay"]:
        x = x - o["lr"] * o["weight_decay"] * x
    else:
        g = g + o["weight_decay"] * x
    b1 = o["beta1"]
    moments(o, g, s)
    if o["form"] in ("dozat", "keras"):
        psi = 1.0 if o["form"] == "keras" else o["momentum_decay"]
        mu = [b1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1)]
        s["mu_product"] = s["mu_product"] * mu[0]
        m_bar = mu[1] * s["exp_avg"] / (1 - s["mu_product"] * mu[1]) + (1 - mu[0]) * g / (1 - s["mu_product"])
    elif o["form"] == "optax":
        m_bar = b1 * s["exp_avg"] / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1 ** t)
    else:  # simple
        m_bar = (b1 * s["exp_avg"] + (1 - b1) * g) / (1 - b1 ** t)
    return x - o["lr"] * quotient(m_bar, np.sqrt(s["exp_avg_sq"] / (1 - o["beta2"] ** t)) + o["eps"])


def adabelief(o, t, x, g, s):
    # Zhuang et al. 2020, algorithm 2; rectification as Liu et al. 2020 with the package's rho >= 5.
    if o["decoupled_weight_decay"]:
        x = x - o["lr"] * o["weight_decay"] * x
    else:
        g = g + o["weight_decay"] * x
    b1, b2 = o["beta1"], o["beta2"]
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_var"] = b2 * s["exp_avg_var"] + (1 - b2) * (g - s["exp_avg"]) ** 2 + o["eps"]
    m_hat = s["exp_avg"] / (1 - b1 ** t)
    if not o["rectify"]:
        return x - o["lr"] * quotient(m_hat, np.sqrt(s["exp_avg_var"] / (1 - b2 ** t)) + o["eps"])
    rho_inf = 2 / (1 - b2) - 1
    rho = rho_inf - 2 * t * b2 ** t / (1 - b2 ** t)
    if rho < 5:
        return x - o["lr"] * m_hat
    r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    return x - o["lr"] * r * math.sqrt(1 - b2 ** t) * quotient(m_hat, np.sqrt(s["exp_avg_var"]) + o["eps"])


def yogi(o, t, x, g, s):
    # Zaheer et al. 2018, algorithm 2; bias corrections as the later implementations have them.
    g = g + o["weight_decay"] * x
    b1, b2 = o["beta1"], o["beta2"]
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_sq"] = s["exp_avg_sq"] - (1 - b2) * np.sign(s["exp_avg_sq"] - g ** 2) * g ** 2
    c1, c2 = (1 - b1 ** t, 1 - b2 ** t) if o["bias_correction"] else (1.0, 1.0)
    return x - o["lr"] * quotient(s["exp_avg"] / c1, np.sqrt(s["exp_avg_sq"] / c2) + o["eps"])


def adan(o, t, x, g, s):
    # Xie et al. 2022, algorithm 1 with beta_k read as 1 - beta_k, as the authors' code does.
    b1, b2, b3 = o["beta1"], o["beta2"], o["beta3"]
    d = g - s["previous_grad"] if t > 1 else 0 * g
    w = 1 - b2 if o["difference"] == "one_minus_beta2" else b2
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_diff"] = b2 * s["exp_avg_diff"] + (1 - b2) * d
    s["exp_avg_sq"] = b3 * s["exp_avg_sq"] + (1 - b3) * (g + w * d) ** 2
    s["previous_grad"] = g
    eta = quotient(o["lr"], np.sqrt(s["exp_avg_sq"] / (1 - b3 ** t)) + o["eps"])
    step = eta * (s["exp_avg"] / (1 - b1 ** t) + w * s["exp_avg_diff"] / (1 - b2 ** t))
    if o["decay"] == "prox":
        return (x - step) / (1 + o["lr"] * o["weight_decay"])
    return (1 - o["lr"] * o["weight_decay"]) * x - step


def adopt(o, t, x, g, s):
    # Taniguchi et al. 2024, algorithm 2: v_0 = g_0^2, then the old v divides and clips at c_t = t^(1/4), t from 1.
    if not o["decoupled_weight_decay"]:
        g = g + o["weight_decay"] * x
    if t == 1:
        s["exp_avg_sq"] = g ** 2
        return x
    normed = quotient(g, np.maximum(np.sqrt(s["exp_avg_sq"]), o["eps"]))
    if o["clip"]:
        normed = np.clip(normed, -(t - 1) ** 0.25, (t - 1) ** 0.25)
    s["exp_avg"] = o["beta1"] * s["exp_avg"] + (1 - o["beta1"]) * normed
    s["exp_avg_sq"] = o["beta2"] * s["exp_avg_sq"] + (1 - o["beta2"]) * g ** 2
    if o["decoupled_weight_decay"]:
        x = x - o["lr"] * o["weight_decay"] * x
    return x - o["lr"] * s["exp_avg"]


def ademamix(o, t, x, g, s):
    # Pagliardini, Ablin, Grangier 2024, algorithm 1 and the two schedulers of section 3.
    b1, b2, b3, alpha = o["beta1"], o["beta2"], o["beta3"], o["alpha"]
    if t < o["alpha_warmup"]:
        alpha = t / o["alpha_warmup"] * alpha
    if t < o["beta3_warmup"]:
        share = t / o["beta3_warmup"]
        if b1 == 0:  # the limit of the formula
            b3 = min(b3 ** (1 / share), b3)
        else:
            b3 = min(math.exp(math.log(b1) * math.log(b3) / ((1 - share) * math.log(b3) + share * math.log(b1))), b3)
    moments(o, g, s)
    s["exp_avg_slow"] = b3 * s["exp_avg_slow"] + (1 - b3) * g
    fast = s["exp_avg"] / (1 - b1 ** t)
    u = quotient(fast + alpha * s["exp_avg_slow"], np.sqrt(s["exp_avg_sq"] / (1 - b2 ** t)) + o["eps"])
    return x - o["lr"] * (u + o["weight_decay"] * x)
