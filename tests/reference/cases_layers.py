"""Rules that look at whole tensors or at the network: options and problems of each. See cases.py."""
import papers_layers as papers
from cases_adaptive import MOMENTS
from reference import Reference, zero


def rates(quadratic, rosenbrock, beale, regression):
    return dict(quadratic=quadratic, rosenbrock=rosenbrock, beale=beale, regression=regression)


LAYERS = {
    "novograd": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.25, eps=1e-6, weight_decay=0.0, grad_averaging=False),
        {"exp_avg": ("exp_avg", zero, None), "exp_avg_sq": ("exp_avg_sq", zero, None, "tensor")},
        None, None, papers.novograd, rates(1e-3, 1e-3, 1e-3, 5e-3),
        [dict(by="paper"), dict(beta1=0.95, beta2=0.98, weight_decay=0.01, by="paper"),
         dict(grad_averaging=True, weight_decay=0.1, by="paper"), dict(beta1=0.5, beta2=0.9, eps=0.1, by="paper")],
        compact=True),
    "lamb": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.0, decay_in_ratio=True, bias_correction=True,
             exclude="bias_and_norm"),
        MOMENTS, None, None, papers.lamb, rates(5e-3, 2e-3, 2e-3, 0.02),
        [dict(by="paper"), dict(weight_decay=0.1, exclude="none", by="paper"),
         dict(weight_decay=0.1, decay_in_ratio=False, by="paper"),
         dict(bias_correction=False, beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.01, by="paper")], compact=True),
    "lars": Reference(
        dict(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.0, trust_coefficient=1e-3, eps=0.0,
             norm_of="update", exclude="bias_and_norm"),
        {"momentum_buffer": ("momentum_buffer", zero, None)},
        None, None, papers.lars, rates(1.0, 0.5, 1.0, 1.0),
        [dict(trust_coefficient=0.01, by="paper"),
         dict(norm_of="gradient_and_decay", weight_decay=0.01, exclude="none", by="paper"),
         dict(nesterov=True, weight_decay=0.1, momentum=0.8, eps=1e-3, exclude="none", by="paper"),
         dict(momentum=0.0, trust_coefficient=0.02, exclude="none", by="paper")], compact=True),
    "hypergradient": Reference(
        dict(lr=1e-3, hyper_lr=1e-4, rule="additive", base="sgd", momentum=0.9, beta1=0.9, beta2=0.999, eps=1e-8),
        {"rate": ("rate", lambda o: o["lr"], None, "global"), "direction": ("direction", zero, None),
         "exp_avg": ("exp_avg", zero, lambda o: o["base"] != "sgd"),
         "exp_avg_sq": ("exp_avg_sq", zero, lambda o: o["base"] == "adam")},
        None, None, papers.hypergradient, rates(1e-2, 1e-4, 1e-4, 0.05),
        [dict(hyper_lr=1e-9, by="paper"), dict(hyper_lr=0.02, rule="multiplicative", by="paper"),
         dict(hyper_lr=1e-10, base="nesterov", momentum=0.5, by="paper"),
         dict(hyper_lr=1e-7, base="adam", by="paper"),
         dict(hyper_lr=0.05, rule="multiplicative", base="adam", beta1=0.8, beta2=0.9, eps=1e-3, by="paper")],
        compact=True, whole=True),
    "caadam": Reference(
        dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False, scaling="additive",
             gamma=0.95),
        {**MOMENTS, "max_exp_avg_sq": ("max_exp_avg_sq", zero, "amsgrad")},
        None, None, papers.caadam, rates(0.01, 0.01, 0.01, 0.02),
        [dict(by="paper"), dict(scaling="multiplicative", gamma=0.8, by="paper"),
         dict(scaling="depth", weight_decay=0.1, by="paper"), dict(gamma=0.5, amsgrad=True, beta2=0.95, by="paper")],
        compact=True, whole=True),
    "agd": Reference(
        dict(gain=1.0, vectors="train", init="orthogonal"), {},
        None, None, papers.agd, rates(None, None, None, None),
        [dict(by="paper"), dict(gain=0.1, by="paper"), dict(gain=3e-2, init="keep", by="paper"),
         dict(gain=0.5, vectors="freeze", by="paper")], compact=True, whole=True),
}
