"""Which optimizer runs with which options, and what stands for it in PyTorch."""
import torch

import papers
from cases_adaptive import ADAPTIVE
from cases_layers import LAYERS
from reference import Reference, betas, same, zero

# A set's "by" says what computes it; torch where it is absent. lr is per problem unless the set gives one.
REFERENCES = {
    "sgd": Reference(
        dict(lr=1e-3, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0, velocity="outside",
             lookahead="shifted"),
        {"momentum_buffer": ("momentum_buffer", zero, None)},
        torch.optim.SGD, same("lr", "momentum", "dampening", "nesterov", "weight_decay"), papers.sgd,
        dict(quadratic=0.05, rosenbrock=5e-4, beale=5e-3, softmax=0.5),
        [dict(),
         dict(momentum=0.9),
         dict(momentum=0.9, nesterov=True, weight_decay=0.01),
         dict(momentum=0.9, dampening=0.9, weight_decay=0.1),
         dict(momentum=0.8, nesterov=True, velocity="inside", by="paper"),
         dict(momentum=0.5, dampening=0.3, velocity="inside", weight_decay=0.1, by="paper")]),
    "adagrad": Reference(
        dict(lr=0.01, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10, eps_place="outside"),
        {"sum": ("sum", lambda o: o["initial_accumulator_value"], None)},
        torch.optim.Adagrad, same("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"),
        papers.adagrad, dict(quadratic=0.1, rosenbrock=0.1, beale=0.1, softmax=0.1),
        [dict(),
         dict(lr_decay=0.05, weight_decay=0.01),
         dict(initial_accumulator_value=0.1, eps=1e-3),
         dict(eps_place="inside", eps=0.01, by="paper"),
         dict(eps=0.0, initial_accumulator_value=2.0, weight_decay=0.1, lr_decay=0.001)]),
    "rmsprop": Reference(
        dict(lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False, eps_place="outside",
             bias_correction=False, velocity="outside", initial_accumulator_value=0.0),
        {"square_avg": ("square_avg", lambda o: o["initial_accumulator_value"], None),
         "grad_avg": ("grad_avg", zero, "centered"),
         "momentum_buffer": ("momentum_buffer", zero, None)},
        torch.optim.RMSprop, same("lr", "alpha", "eps", "weight_decay", "momentum", "centered"), papers.rmsprop,
        dict(quadratic=0.01, rosenbrock=1e-3, beale=0.01, softmax=0.01),
        [dict(),
         dict(momentum=0.9, centered=True, eps=1e-4),
         dict(alpha=0.9, momentum=0.5, weight_decay=0.02, eps=1e-3),
         dict(centered=True, eps=1e-3, weight_decay=0.01),
         dict(eps_place="inside", eps=0.01, alpha=0.9, by="paper"),
         dict(bias_correction=True, alpha=0.9, momentum=0.5, eps=1e-3, eps_place="inside", by="paper"),
         dict(velocity="inside", momentum=0.9, initial_accumulator_value=1.0, by="paper")]),
    "adam": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False, amsgrad_max="raw",
             eps_mode="corrected", eps_root=0.0, bias_correction=True),
        {"exp_avg": ("exp_avg", zero, None), "exp_avg_sq": ("exp_avg_sq", zero, None),
         "max_exp_avg_sq": ("max_exp_avg_sq", zero, "amsgrad")},
        torch.optim.Adam, betas("lr", "eps", "weight_decay", "amsgrad"), papers.adam,
        dict(quadratic=0.01, rosenbrock=0.01, beale=0.01, softmax=0.05),
        [dict(),
         dict(amsgrad=True, beta1=0.8, beta2=0.95),
         dict(weight_decay=0.1, eps=1e-3),
         dict(beta1=0.0, beta2=0.99, eps=0.0, by="paper"),
         dict(eps_mode="hat", eps=1e-4, by="paper"),
         dict(amsgrad=True, amsgrad_max="corrected", beta2=0.9, weight_decay=0.01, by="paper"),
         dict(eps_root=1e-4, eps=0.0, amsgrad=True, by="paper"),
         dict(bias_correction=False, by="paper"),
         dict(bias_correction=False, beta1=0.0, beta2=0.9999, weight_decay=0.1, eps=1e-3, eps_mode="hat", by="paper"),
         dict(bias_correction=False, amsgrad=True, amsgrad_max="corrected", beta2=0.9, by="paper")]),
    "adamw": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=False, amsgrad_max="raw",
             eps_mode="corrected", eps_root=0.0, decay="lr_coupled"),
        {"exp_avg": ("exp_avg", zero, None), "exp_avg_sq": ("exp_avg_sq", zero, None),
         "max_exp_avg_sq": ("max_exp_avg_sq", zero, "amsgrad")},
        torch.optim.AdamW, betas("lr", "eps", "weight_decay", "amsgrad"), papers.adamw,
        dict(quadratic=0.01, rosenbrock=0.01, beale=0.01, softmax=0.05),
        [dict(),
         dict(weight_decay=0.3, amsgrad=True),
         dict(beta1=0.8, beta2=0.9, eps=1e-3),
         dict(weight_decay=0.0, beta2=0.99),
         dict(decay="independent", weight_decay=1e-3, by="paper"),
         dict(decay="cautious", weight_decay=0.5, by="paper"),
         dict(decay="cautious", weight_decay=0.5, amsgrad=True, eps_mode="hat", eps=1e-4, by="paper")]),
    "adadelta": Reference(
        dict(lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0),
        {"square_avg": ("square_avg", zero, None), "acc_delta": ("acc_delta", zero, None)},
        torch.optim.Adadelta, same("lr", "rho", "eps", "weight_decay"), None,
        dict(quadratic=1.0, rosenbrock=1.0, beale=1.0, softmax=1.0),
        [dict(), dict(rho=0.95, eps=1e-4), dict(weight_decay=0.01, rho=0.5), dict(lr=0.3, eps=1e-3)]),
    "adamax": Reference(
        dict(lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, eps_place="inside_max"),
        {"exp_avg": ("exp_avg", zero, None), "exp_inf": ("exp_inf", zero, None)},
        torch.optim.Adamax, betas("lr", "eps", "weight_decay"), papers.adamax,
        dict(quadratic=0.02, rosenbrock=0.02, beale=0.02, softmax=0.05),
        [dict(), dict(beta1=0.8, beta2=0.9, eps=1e-3), dict(weight_decay=0.1),
         dict(eps_place="denominator", eps=0.01, by="paper"), dict(eps_place="none", beta2=0.95, by="paper")]),
    "radam": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, threshold=5.0, fallback="momentum",
             decoupled_weight_decay=False),
        {"exp_avg": ("exp_avg", zero, None), "exp_avg_sq": ("exp_avg_sq", zero, None)},
        torch.optim.RAdam, betas("lr", "eps", "weight_decay"), papers.radam,
        dict(quadratic=0.01, rosenbrock=1e-4, beale=0.01, softmax=0.05),
        [dict(), dict(beta1=0.8, beta2=0.9, eps=1e-3), dict(weight_decay=0.1, beta2=0.99),
         dict(threshold=4.0, fallback="skip", by="paper"),
         dict(decoupled_weight_decay=True, weight_decay=0.1, fallback="skip", by="paper"),
         dict(decoupled_weight_decay=True, weight_decay=0.1, beta2=0.6, by="paper")]),
    "lion": Reference(
        dict(lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0), {"exp_avg": ("exp_avg", zero, None)},
        None, None, papers.lion, dict(quadratic=3e-3, rosenbrock=1e-3, beale=3e-3, softmax=0.01),
        [dict(by="paper"), dict(beta1=0.95, beta2=0.98, weight_decay=1.0, by="paper"),
         dict(beta1=0.5, beta2=0.9, by="paper"), dict(beta1=0.0, weight_decay=0.1, by="paper")]),
}
REFERENCES |= ADAPTIVE | LAYERS
