"""The rules of tensor_papers.py and tensor_roots.py: defaults, option sets, rates."""
import tensor_papers as papers
import tensor_roots as roots


class TensorReference:
    """loose: slots (or "x") whose one-step tolerance in f64 is wider than 1e-13, from the options. wide: slots that are
    kept in double whatever the tensors' type."""

    def __init__(self, defaults, init, step, lr, sets, loose=None, wide=()):
        self.defaults, self.init, self.step, self.sets = defaults, init, step, sets
        names = ("quadratic", "rosenbrock", "beale", "network")
        self.lr = dict(zip(names, lr))
        self.loose = loose or (lambda o: {})
        self.wide = wide


TENSOR_REFERENCES = {
    "muon": TensorReference(
        dict(lr=1e-3, momentum=0.95, nesterov=True, weight_decay=0.1, ns_steps=5,
             ns_coefficients=[3.4445, -4.775, 2.0315], eps=1e-7, adjust="original", adamw_lr_factor=0.3,
             adamw_beta1=0.9, adamw_beta2=0.95, adamw_eps=1e-10, adamw_weight_decay=0.0),
        papers.muon_init, papers.muon_step, (0.02, 1e-3, 0.005, 0.02),
        [dict(), dict(nesterov=False, momentum=0.8, weight_decay=0.0, adjust="rms"),
         dict(ns_steps=3, ns_coefficients=[1.5, -0.5, 0.0], adamw_lr_factor=1.0, adamw_weight_decay=0.05),
         dict(adjust="rms", weight_decay=0.01, ns_steps=2, eps=1e-3, adamw_beta1=0.8, adamw_beta2=0.99,
              adamw_eps=1e-4)]),
    "adafactor": TensorReference(
        dict(lr=1e-2, beta2_decay=-0.8, eps1=2.0 ** -52, eps2=1e-3, d=1.0, weight_decay=0.0, beta1=0.0,
             relative_step=True, scale_parameter=True, eps_place="clamp"),
        papers.adafactor_init, papers.adafactor_step, (0.05, 0.01, 0.02, 0.1),
        [dict(), dict(eps_place="added", eps1=1e-30, beta1=0.9, d=0.5),
         dict(beta2_decay=-0.5, eps1=1e-3, weight_decay=0.1, scale_parameter=False),
         dict(relative_step=False, eps2=0.5, d=2.0, eps_place="added", eps1=1e-4)]),
    "prodigy": TensorReference(
        dict(lr=1.0, beta1=0.9, beta2=0.999, beta3=-1.0, eps=1e-8, weight_decay=0.0, decouple=True,
             use_bias_correction=False, safeguard_warmup=False, d0=1e-6, d_coef=1.0, growth_rate=0.0),
        papers.prodigy_init, papers.prodigy_step, (1.0, 1.0, 1.0, 1.0),
        [dict(), dict(d0=1e-3, weight_decay=0.01, use_bias_correction=True, beta3=0.9),
         dict(d0=0.02, decouple=False, weight_decay=0.1, safeguard_warmup=True, d_coef=0.2),
         dict(d0=1e-2, growth_rate=1.02, beta1=0.8, beta2=0.99, lr=0.5, eps=1e-4)]),
    "dog": TensorReference(
        dict(lr=1.0, reps_rel=1e-6, eps=1e-8, weight_decay=0.0, granularity="all", weighting="dog"),
        papers.dog_init, papers.dog_step, (1.0, 1.0, 1.0, 1.0),
        [dict(), dict(reps_rel=1e-3, weight_decay=0.1), dict(granularity="tensor", reps_rel=1e-2, eps=1e-3),
         dict(weighting="dowg", reps_rel=1e-3), dict(weighting="dowg", granularity="tensor", reps_rel=1e-2, lr=0.5)]),
    "schedule_free_sgd": TensorReference(
        dict(lr=1.0, momentum=0.9, weight_decay=0.0, r=0.0, weight_lr_power=2.0),
        papers.schedule_free_sgd_init, papers.schedule_free_sgd_step, (0.1, 1e-3, 0.01, 0.3),
        [dict(), dict(momentum=0.5, weight_decay=0.01), dict(momentum=0.98, r=1.0),
         dict(momentum=0.8, weight_lr_power=0.0, r=0.5, weight_decay=0.1)]),
    "schedule_free_adamw": TensorReference(
        dict(lr=0.0025, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, r=0.0, weight_lr_power=2.0),
        papers.schedule_free_adamw_init, papers.schedule_free_adamw_step, (0.02, 0.01, 0.01, 0.02),
        [dict(), dict(beta1=0.5, beta2=0.9, weight_decay=0.1), dict(beta1=0.98, r=1.0, eps=1e-3),
         dict(weight_lr_power=0.0, r=0.5, beta2=0.99, eps=0.0)]),
    "shampoo": TensorReference(
        dict(lr=1e-2, beta1=0.9, beta2=1.0, eps=1e-12, weight_decay=0.0, precondition_frequency=1, max_dim=1024,
             precondition_1d=False, grafting="none"),
        roots.shampoo_init, roots.shampoo_step, (0.1, 0.02, 0.05, 0.05),
        [dict(eps=1e-3, precondition_1d=True), dict(eps=1e-2, beta2=0.9, beta1=0.5, weight_decay=0.1, precondition_frequency=5),
         dict(eps=0.1, beta1=0.0, grafting="sgd", lr=1e-3), dict(max_dim=2, weight_decay=0.01, eps=1e-3),
         dict(max_dim=1, beta2=0.99)], roots.shampoo_loose, ("left", "right", "root_left", "root_right")),
    "soap": TensorReference(
        dict(lr=3e-3, beta1=0.95, beta2=0.95, shampoo_beta=-1.0, eps=1e-8, weight_decay=0.01,
             precondition_frequency=10, max_precond_dim=10000, precondition_1d=False, correct_bias=True),
        roots.soap_init, roots.soap_step, (0.02, 5e-3, 0.01, 0.02),
        [dict(), dict(precondition_1d=True, precondition_frequency=3, shampoo_beta=0.9, weight_decay=0.0),
         dict(max_precond_dim=2, correct_bias=False, eps=1e-3, beta1=0.8),
         dict(precondition_frequency=4, beta2=0.8, eps=1e-4)], roots.soap_loose),
    "sophia_h": TensorReference(
        dict(lr=1e-4, beta1=0.965, beta2=0.99, gamma=0.01, eps=1e-12, weight_decay=0.1, update_interval=10,
             probe="gaussian"),
        roots.sophia_init, roots.sophia_step, (5e-3, 1e-3, 5e-3, 0.01),
        [dict(), dict(probe="rademacher", gamma=1.0, weight_decay=0.0, update_interval=1, beta2=0.9),
         dict(gamma=0.2, beta1=0.9, beta2=0.5, update_interval=4, eps=1e-3),
         dict(probe="rademacher", beta1=0.0, gamma=3.0, update_interval=7, beta2=0.0)]),
}
