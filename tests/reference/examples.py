#!/usr/bin/python3
"""The worked examples in the details of built-in plugins (lines `example  ...`), computed without tuner.

Usage: examples.py        needs Debian's python3-torch; prints a line for each, by plugin

Optimizers by PyTorch where it has them, else from the paper; objectives from their formulas. Two coordinates of different
sign, three steps, gradients that turn.
"""
import math

import torch

START = [1.0, -2.0]
GRADIENTS = [[0.5, -4.0], [-0.25, 3.0], [2.0, 1.0]]


def number(value):
    return f"{value:.12g}"


def row(values):
    return " ".join(number(v) for v in values)


def line(options, states, gradients=GRADIENTS):
    head = ", ".join(f"{k} {str(v).lower() if isinstance(v, bool) else v}" for k, v in options.items())
    steps = "; ".join(f"gradient {row(g)} -> {row(x)}" for g, x in zip(gradients, states))
    return f"example  {head + ': ' if head else ''}x {row(START)}; {steps}"


def by_torch(make, options, torch_options):
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([x], **torch_options)
    states = []
    for gradient in GRADIENTS:
        x.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        states.append(x.detach().tolist())
    return line(options, states)


def lion(lr, beta1, beta2, weight_decay):
    """Chen et al. 2023, algorithm 2."""
    x, m, states = list(START), [0.0, 0.0], []
    for gradient in GRADIENTS:
        for i, g in enumerate(gradient):
            update = beta1 * m[i] + (1 - beta1) * g
            x[i] = (1 - lr * weight_decay) * x[i] - lr * math.copysign(1.0, update)
            m[i] = beta2 * m[i] + (1 - beta2) * g
        states.append(list(x))
    return states


def sgd_inside(lr, momentum, dampening):
    """v = g at the first step and then momentum v + (1 - dampening) lr g; x -= v."""
    x, v, states = list(START), None, []
    for gradient in GRADIENTS:
        v = [lr * g for g in gradient] if v is None else [momentum * a + (1 - dampening) * lr * g for a, g in zip(v, gradient)]
        x = [a - b for a, b in zip(x, v)]
        states.append(list(x))
    return states


def adam_hat(lr, beta1, beta2, eps):
    """Kingma, Ba 2015, section 2, the form at its end, with eps added to the root of the raw second moment."""
    x, m, v, states = list(START), [0.0, 0.0], [0.0, 0.0], []
    for t, gradient in enumerate(GRADIENTS, 1):
        alpha = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        for i, g in enumerate(gradient):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            x[i] -= alpha * m[i] / (math.sqrt(v[i]) + eps)
        states.append(list(x))
    return states


def adam_raw(lr, beta1, beta2, eps):
    """Kingma, Ba 2015, section 6.4: the moments as they are, without correction."""
    x, m, v, states = list(START), [0.0, 0.0], [0.0, 0.0], []
    for gradient in GRADIENTS:
        for i, g in enumerate(gradient):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            x[i] -= lr * m[i] / (math.sqrt(v[i]) + eps)
        states.append(list(x))
    return states


def adagrad_inside(lr, lr_decay, eps):
    x, total, states = list(START), [0.0, 0.0], []
    for t, gradient in enumerate(GRADIENTS):
        for i, g in enumerate(gradient):
            total[i] += g * g
            x[i] -= lr / (1 + t * lr_decay) * g / math.sqrt(total[i] + eps)
        states.append(list(x))
    return states


def rmsprop_inside(lr, alpha, eps, momentum):
    """Squares corrected for their bias, eps inside of the root, lr inside of the velocity."""
    x, s, v, states = list(START), [0.0, 0.0], [0.0, 0.0], []
    for t, gradient in enumerate(GRADIENTS, 1):
        for i, g in enumerate(gradient):
            s[i] = alpha * s[i] + (1 - alpha) * g * g
            v[i] = momentum * v[i] + lr * g / math.sqrt(s[i] / (1 - alpha**t) + eps)
            x[i] -= v[i]
        states.append(list(x))
    return states


def main():
    o = torch.optim
    print("sgd")
    print(by_torch(o.SGD, {"lr": 0.1, "weight_decay": 0.01}, {"lr": 0.1, "weight_decay": 0.01}))
    options = {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}
    print(by_torch(o.SGD, options, options))
    options = {"lr": 0.1, "momentum": 0.9, "nesterov": True}
    print(by_torch(o.SGD, options, options))
    print(line({"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "velocity": "inside"}, sgd_inside(0.1, 0.9, 0.5)))
    print("adam")
    print(by_torch(o.Adam, {"lr": 0.1, "weight_decay": 0.01}, {"lr": 0.1, "weight_decay": 0.01}))
    print(by_torch(o.Adam, {"lr": 0.1, "amsgrad": True, "beta2": 0.5}, {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)}))
    print(line({"lr": 0.1, "eps": 0.001, "eps_mode": "hat"}, adam_hat(0.1, 0.9, 0.999, 0.001)))
    print(line({"lr": 0.1, "bias_correction": False}, adam_raw(0.1, 0.9, 0.999, 1e-8)))
    print("adagrad")
    options = {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01}
    print(by_torch(o.Adagrad, options, options))
    options = {"lr": 0.1, "eps": 0.5}
    print(by_torch(o.Adagrad, options, options))
    print(line({"lr": 0.1, "lr_decay": 0.1, "eps": 0.01, "eps_place": "inside"}, adagrad_inside(0.1, 0.1, 0.01)))
    print("lion")
    print(line({"lr": 0.1, "beta2": 0.5, "weight_decay": 0.1}, lion(0.1, 0.9, 0.5, 0.1)))
    print("rmsprop")
    options = {"lr": 0.1, "alpha": 0.9, "weight_decay": 0.01}
    print(by_torch(o.RMSprop, options, options))
    options = {"lr": 0.1, "alpha": 0.9, "centered": True}
    print(by_torch(o.RMSprop, options, options))
    options = {"lr": 0.1, "alpha": 0.9, "momentum": 0.9, "centered": True}
    print(by_torch(o.RMSprop, options, options))
    options = {"lr": 0.1, "alpha": 0.9, "eps": 0.01, "momentum": 0.9, "bias_correction": True, "eps_place": "inside",
               "velocity": "inside"}
    print(line(options, rmsprop_inside(0.1, 0.9, 0.01, 0.9)))
    print("quadratic, dim 3, condition 100: eigenvalues 1, 10, 100; noisy_quadratic with noise 0 likewise")
    x, eigenvalues = [1.0, -2.0, 0.5], [1.0, 10.0, 100.0]
    loss = sum(0.5 * e * v * v for e, v in zip(eigenvalues, x))
    gradient = [e * v for e, v in zip(eigenvalues, x)]
    print(f"example  dim 3, condition 100: x {row(x)} -> {number(loss)}; gradient {row(gradient)}")


if __name__ == "__main__":
    main()
