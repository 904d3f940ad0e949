"""Element-wise relatives of Adam, and two older rules: options and problems of each. See cases.py."""
import torch

import papers_adaptive as papers
from reference import Reference, betas, same, zero

MOMENTS = {"exp_avg": ("exp_avg", zero, None), "exp_avg_sq": ("exp_avg_sq", zero, None)}
ADAM_LR = dict(quadratic=0.01, rosenbrock=0.01, beale=0.01, softmax=0.05)

ADAPTIVE = {
    "nadam": Reference(
        dict(lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, momentum_decay=4e-3, form="dozat",
             decoupled_weight_decay=False),
        {**MOMENTS, "mu_product": ("mu_product", lambda o: 1.0, None, "tensor")},
        torch.optim.NAdam, betas("lr", "eps", "weight_decay", "momentum_decay"), papers.nadam, ADAM_LR,
        [dict(form="torch113"),
         dict(form="torch113", beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.1, momentum_decay=0.1),
         dict(by="paper"),
         dict(momentum_decay=0.5, weight_decay=0.1, decoupled_weight_decay=True, by="paper"),
         dict(form="simple", weight_decay=0.01, by="paper"),
         dict(form="optax", beta1=0.95, eps=1e-4, by="paper"),
         dict(form="keras", eps=1e-7, weight_decay=0.3, decoupled_weight_decay=True, by="paper")], compact=True),
    "adabelief": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-16, weight_decay=0.0, decoupled_weight_decay=True, rectify=True),
        {"exp_avg": ("exp_avg", zero, None), "exp_avg_var": ("exp_avg_var", zero, None)},
        None, None, papers.adabelief, dict(quadratic=0.01, rosenbrock=1e-4, beale=0.01, softmax=0.05),
        [dict(by="paper"), dict(rectify=False, by="paper"),
         dict(rectify=False, eps=1e-6, weight_decay=0.1, beta2=0.95, by="paper"),
         dict(beta1=0.8, beta2=0.99, weight_decay=0.1, decoupled_weight_decay=False, eps=1e-8, by="paper"),
         dict(beta1=0.8, beta2=0.85, by="paper")], compact=True),
    "yogi": Reference(
        dict(lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-3, weight_decay=0.0, initial_accumulator_value=1e-6,
             initial_exp_avg=0.0, bias_correction=True),
        {"exp_avg": ("exp_avg", lambda o: o["initial_exp_avg"], None),
         "exp_avg_sq": ("exp_avg_sq", lambda o: o["initial_accumulator_value"], None)},
        None, None, papers.yogi, ADAM_LR,
        [dict(by="paper"), dict(bias_correction=False, initial_accumulator_value=0.1, by="paper"),
         dict(initial_exp_avg=1e-6, beta1=0.8, beta2=0.9, by="paper"),
         dict(weight_decay=0.1, eps=1e-2, initial_accumulator_value=0.0, by="paper")], compact=True),
    "adan": Reference(
        dict(lr=1e-3, beta1=0.98, beta2=0.92, beta3=0.99, eps=1e-8, weight_decay=0.0, decay="prox",
             difference="beta2"),
        {**MOMENTS, "exp_avg_diff": ("exp_avg_diff", zero, None), "previous_grad": ("previous_grad", zero, None)},
        None, None, papers.adan, ADAM_LR,
        [dict(by="paper"), dict(weight_decay=0.3, by="paper"),
         dict(difference="one_minus_beta2", eps=1e-3, by="paper"),
         dict(beta1=0.9, beta2=0.5, beta3=0.95, decay="decoupled", weight_decay=0.1, by="paper")], compact=True),
    "adopt": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.9999, eps=1e-6, weight_decay=0.0, decoupled_weight_decay=False, clip=True),
        MOMENTS, None, None, papers.adopt, ADAM_LR,
        [dict(by="paper"), dict(clip=False, beta2=0.99, by="paper"),
         dict(weight_decay=0.1, beta1=0.5, by="paper"),
         dict(weight_decay=0.1, decoupled_weight_decay=True, eps=0.1, by="paper"),
         dict(beta2=0.9, eps=0.0, by="paper")], compact=True),
    "ademamix": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, beta3=0.9999, alpha=5.0, alpha_warmup=-1, beta3_warmup=-1, eps=1e-8,
             weight_decay=0.0),
        {**MOMENTS, "exp_avg_slow": ("exp_avg_slow", zero, None)},
        None, None, papers.ademamix, dict(quadratic=0.01, rosenbrock=1e-3, beale=0.01, softmax=0.01),
        [dict(by="paper"), dict(alpha_warmup=150, beta3_warmup=150, by="paper"),
         dict(alpha=2.0, beta3=0.99, alpha_warmup=0, beta3_warmup=100, weight_decay=0.1, by="paper"),
         dict(beta1=0.0, beta3=0.999, alpha_warmup=300, beta3_warmup=198, eps=1e-3, by="paper"),
         dict(beta1=0.5, beta2=0.9, beta3=0.9, alpha=8.0, alpha_warmup=3, beta3_warmup=2, by="paper")], compact=True),
    "asgd": Reference(
        dict(lr=0.01, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0.0), {"ax": ("ax", zero, None)},
        torch.optim.ASGD, same("lr", "lambd", "alpha", "t0", "weight_decay"), None,
        dict(quadratic=0.05, rosenbrock=5e-4, beale=5e-3, softmax=0.5),
        [dict(), dict(t0=0.0, lambd=0.01), dict(t0=50.0, alpha=0.5, weight_decay=0.01),
         dict(t0=3.0, lambd=0.0, weight_decay=0.1), dict(lambd=0.5, alpha=1.0, t0=150.0)], compact=True),
    "rprop": Reference(
        dict(lr=0.01, eta_minus=0.5, eta_plus=1.2, step_min=1e-6, step_max=50.0),
        {"prev": ("prev", zero, None), "step_size": ("step_size", lambda o: o["lr"], None)},
        torch.optim.Rprop,
        lambda o: {"lr": o["lr"], "etas": (o["eta_minus"], o["eta_plus"]), "step_sizes": (o["step_min"], o["step_max"])},
        None, dict(quadratic=0.05, rosenbrock=0.01, beale=0.01, softmax=0.05),
        [dict(), dict(eta_minus=0.3, eta_plus=1.5), dict(step_min=1e-3, step_max=0.02),
         dict(eta_minus=0.7, eta_plus=1.05, step_min=0.0)], compact=True),
}
