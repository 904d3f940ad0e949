"""What the generator must know about an optimizer."""


class Reference:
    """defaults: every option of the plugin. slots: id -> (torch's state key, value before the first step, option that
    makes it exist, or a function of the options that says so, or None[, scope]); scope "tensor" is one double for every
    tensor, "global" one double in all, "element" the default. torch_class is None where PyTorch has nothing of the kind. paper: see generate.run_paper;
    whole says that it takes all tensors at once. compact keeps fewer steps of more problems."""

    def __init__(self, defaults, slots, torch_class, to_torch, paper, lr, sets, compact=False, whole=False):
        self.defaults, self.slots, self.torch_class = defaults, slots, torch_class
        self.to_torch, self.paper, self.lr, self.sets = to_torch, paper, lr, sets
        self.compact, self.whole = compact, whole


def same(*names):
    return lambda o: {n: o[n] for n in names}


def betas(*names):
    return lambda o: {"betas": (o["beta1"], o["beta2"]), **{n: o[n] for n in names}}


def zero(o):
    return 0.0
