"""Schedules that PyTorch lacks, from the formulas of their papers and libraries, to 50 digits.

Each case is (scheduler, options of the plugin, formula), formula(t) = (lr, momentum or None) at base lr 1, t = 0 at the
first update. HORIZON is the length of the run where the options name none.
"""
from mpmath import cos, exp, floor, mp, mpf, pi, sqrt, tanh

mp.dps = 50
HORIZON = 51


def of(x):
    """The exact value of a double, so that reference and plugin start from the same number."""
    return mpf(x)


def lr_only(f):
    return lambda t: (f(mpf(t)), None)


def down(end, share):
    """From 1 to `end`, `share` of the way being left."""
    return of(end) + (1 - of(end)) * share


def half_cosine(p):
    return (1 + cos(pi * p)) / 2


# optax cosine_decay_schedule (alpha, exponent), transformers (num_cycles, min_lr_rate), timm (k_decay); held at n.
def cosine(n, end=0.0, exponent=1.0, cycles=0.5, k=1.0):
    return lr_only(lambda t: down(end, half_cosine(2 * of(cycles) * (min(t, mpf(n)) / n) ** of(k)) ** of(exponent)))


# timm CosineLRScheduler without warmup: cycle_mul, cycle_decay, cycle_limit.
def timm_cosine(n, mul=1, end=0.0, decay=1.0, limit=0):
    def f(t):
        start, length, i = 0, n, 0
        while t >= start + length:
            start, length, i = start + length, length * mul, i + 1
        if limit and i >= limit:
            return of(end)
        return of(end) + (of(decay) ** i - of(end)) * half_cosine((t - start) / mpf(length))
    return lr_only(f)


# Hagele et al. 2024: 1 - sqrt of the part of the cooldown that is done.
def sqrt_decay(n, end=0.0):
    return lr_only(lambda t: down(end, 1 - sqrt(min(t, mpf(n)) / n)))


# Chen, Wolfe, Kyrillidis 2022: (1 - p) / (1/2 + 1/2 (1 - p)).
def rex(n, end=0.0):
    def f(t):
        p = min(t, mpf(n)) / n
        return down(end, (1 - p) / (mpf(1) / 2 + (1 - p) / 2))
    return lr_only(f)


# The same with the half replaced: (1 - p) / ((1 - d) + d (1 - p)).
def rex_d(n, d):
    return lr_only(lambda t: (1 - min(t, mpf(n)) / n) / (1 - of(d) * min(t, mpf(n)) / n))


# Hsueh, Li, Wu 2019, with (L, U) = (lb, ub).
def tanh_decay(n, lb, ub, end=0.0):
    return lr_only(lambda t: of(end) if t >= n else down(end, (1 - tanh(of(lb) + (of(ub) - of(lb)) * t / n)) / 2))


def inverse_time(rate, steps=1, staircase=False):
    return lr_only(lambda t: 1 / (1 + of(rate) * (floor(t / steps) if staircase else t / steps)))


def exponential(rate, steps=1, staircase=False, end=0.0):
    """`rate` to the power of t / steps; a rate of None is exp(-alpha)."""
    return lr_only(lambda t: max(of(end), of(rate) ** (floor(t / steps) if staircase else t / steps)))


def exponential_alpha(alpha, steps=1):
    return lr_only(lambda t: exp(-of(alpha) * t / steps))


# HuggingFace after its warmup of `timescale` steps: 1 / sqrt((step + shift) / timescale), shift = 0 there.
def inverse_sqrt(timescale):
    return lr_only(lambda t: sqrt(mpf(timescale) / (t + timescale)))


# Vaswani et al. 2017, eq. 3, steps counted from 1.
def noam(d, warmup):
    return lr_only(lambda t: mpf(d) ** mpf("-0.5") * min((t + 1) ** mpf("-0.5"), (t + 1) * mpf(warmup) ** mpf("-1.5")))


# Keras PiecewiseConstantDecay ("after"): the value i holds while step <= boundaries[i]; optax ("at"): while step <.
def piecewise(boundaries, factors, after=False):
    def f(t):
        passed = [b for b in boundaries if (b < t if after else b <= t)]
        return of(factors[len(passed)])
    return lr_only(f)


# optax piecewise_interpolate_schedule: knots at 0 and the boundaries.
def interpolated(boundaries, factors, shape):
    knots = list(zip([0] + boundaries, factors))

    def f(t):
        for (t0, f0), (t1, f1) in zip(knots, knots[1:]):
            if t < t1:
                p = (t - t0) / (t1 - t0)
                return of(f1) + (of(f0) - of(f1)) * (half_cosine(p) if shape == "cosine" else 1 - p)
        return of(factors[-1])
    return lr_only(f)


# transformers get_wsd_schedule without warmup.
def wsd(stable, decay, shape, ratio=0.0):
    def f(t):
        if t < stable:
            return mpf(1)
        if t >= stable + decay:
            return of(ratio)
        p = (t - stable) / decay
        return down(ratio, {"linear": 1 - p, "cosine": half_cosine(p), "1-sqrt": 1 - sqrt(p)}[shape])
    return lr_only(f)


# fastai: SchedNo to pct, then SchedCos, at p = t / n.
def flat_cosine(n, pct=0.75, div=1e5):
    def f(t):
        p = min(t / n, mpf(1))
        return mpf(1) if p < of(pct) else down(1 / of(div), half_cosine((p - of(pct)) / (1 - of(pct))))
    return lr_only(f)


# fastai: combined_cos(pct, lr / div, lr, lr / div_final) and combined_cos(pct, .95, .85, .95), at p = t / n.
def fastai_one_cycle(n, pct=0.25, div=25.0, div_final=1e5, moms=(0.95, 0.85, 0.95)):
    def combined(p, start, middle, end):
        if p < of(pct):
            return middle + (start - middle) * half_cosine(p / of(pct))
        return end + (middle - end) * half_cosine((min(p, mpf(1)) - of(pct)) / (1 - of(pct)))
    return lambda t: (combined(mpf(t) / n, 1 / of(div), mpf(1), 1 / of(div_final)),
                      combined(mpf(t) / n, *(of(m) for m in moms)))


CASES = [
    ("sqrt_decay", {}, sqrt_decay(HORIZON)),
    ("sqrt_decay", dict(total_iters=20), sqrt_decay(20)),
    ("sqrt_decay", dict(total_iters=40, eta_min=0.1), sqrt_decay(40, 0.1)),
    ("sqrt_decay", dict(total_iters=100), sqrt_decay(100)),
    ("cosine", dict(exponent=2.0), cosine(HORIZON, exponent=2.0)),
    ("cosine", dict(t_max=30, min_lr_rate=0.1, exponent=0.7), cosine(30, 0.1, 0.7)),
    ("cosine", dict(t_max=40, num_cycles=1.5), cosine(40, cycles=1.5)),
    ("cosine", dict(t_max=40, num_cycles=0.3, min_lr_rate=0.2), cosine(40, 0.2, cycles=0.3)),
    ("cosine", dict(t_max=40, k_decay=2.5, eta_min=0.05), cosine(40, 0.05, k=2.5)),
    ("cosine", dict(t_max=45, k_decay=0.6, exponent=3.0, min_lr_rate=0.5), cosine(45, 0.5, 3.0, k=0.6)),
    ("cosine_warm_restarts", dict(t_0=7, decay=0.6), timm_cosine(7, decay=0.6)),
    ("cosine_warm_restarts", dict(t_0=5, t_mult=2, decay=0.9, eta_min=0.1), timm_cosine(5, 2, 0.1, 0.9)),
    ("cosine_warm_restarts", dict(t_0=6, t_mult=2, eta_min=0.02, cycle_limit=2), timm_cosine(6, 2, 0.02, limit=2)),
    ("cosine_warm_restarts", dict(t_0=9, decay=0.5, cycle_limit=3), timm_cosine(9, decay=0.5, limit=3)),
    ("rex", {}, rex(HORIZON)),
    ("rex", dict(total_iters=30, eta_min=0.05), rex(30, 0.05)),
    ("rex", dict(d=0.9), rex_d(HORIZON, 0.9)),
    ("rex", dict(d=0.0, total_iters=40), rex_d(40, 0.0)),
    ("tanh", {}, tanh_decay(HORIZON, -7, 3)),
    ("tanh", dict(t_max=30, eta_min=0.01), tanh_decay(30, -7, 3, 0.01)),
    ("tanh", dict(lb=-3.0, ub=1.5), tanh_decay(HORIZON, -3.0, 1.5)),
    ("tanh", dict(lb=0.5, ub=2.0, t_max=70), tanh_decay(70, 0.5, 2.0)),
    ("inverse_time", dict(decay_rate=0.5), inverse_time(0.5)),
    ("inverse_time", dict(decay_rate=0.5, decay_steps=10), inverse_time(0.5, 10)),
    ("inverse_time", dict(decay_rate=2.0, decay_steps=7, staircase=True), inverse_time(2.0, 7, True)),
    ("inverse_time", dict(decay_rate=0.0), inverse_time(0.0)),
    ("exponential", dict(alpha=0.1), exponential_alpha(0.1)),
    ("exponential", dict(alpha=0.5, decay_steps=5), exponential_alpha(0.5, 5)),
    ("exponential", dict(gamma=0.5, decay_steps=10), exponential(0.5, 10)),
    ("exponential", dict(gamma=0.5, decay_steps=10, staircase=True), exponential(0.5, 10, True)),
    ("exponential", dict(gamma=0.9, eta_min=0.2), exponential(0.9, end=0.2)),
    ("inverse_sqrt", {}, inverse_sqrt(10000)),
    ("inverse_sqrt", dict(timescale=8), inverse_sqrt(8)),
    ("inverse_sqrt", dict(form="noam"), noam(512, 4000)),
    ("inverse_sqrt", dict(form="noam", timescale=20, model_size=64), noam(64, 20)),
    ("piecewise", dict(boundaries=[5, 20], factors=[1.0, 0.5, 0.1]), piecewise([5, 20], [1.0, 0.5, 0.1])),
    ("piecewise", dict(boundaries=[5, 20], factors=[1.0, 0.5, 0.1], change_at="after"),
     piecewise([5, 20], [1.0, 0.5, 0.1], True)),
    ("piecewise", dict(boundaries=[10, 30], factors=[0.2, 1.0, 0.05], interpolate="linear"),
     interpolated([10, 30], [0.2, 1.0, 0.05], "linear")),
    ("piecewise", dict(boundaries=[10, 30], factors=[0.2, 1.0, 0.05], interpolate="cosine"),
     interpolated([10, 30], [0.2, 1.0, 0.05], "cosine")),
    ("wsd", {}, wsd(46, 5, "cosine")),
    ("wsd", dict(decay_iters=20, decay="linear"), wsd(31, 20, "linear")),
    ("wsd", dict(decay_fraction=0.5, total_iters=40, decay="1-sqrt"), wsd(20, 20, "1-sqrt")),
    ("wsd", dict(decay_iters=30, total_iters=45, min_lr_ratio=0.1), wsd(15, 30, "cosine", 0.1)),
    ("flat_cosine", {}, flat_cosine(HORIZON)),
    ("flat_cosine", dict(pct_start=0.3, div_final=10.0), flat_cosine(HORIZON, 0.3, 10.0)),
    ("flat_cosine", dict(total_iters=32, pct_start=0.5), flat_cosine(32, 0.5)),
    ("flat_cosine", dict(total_iters=40, pct_start=0.0, div_final=100.0), flat_cosine(40, 0.0, 100.0)),
    ("one_cycle", dict(form="fastai"), fastai_one_cycle(HORIZON)),
    ("one_cycle", dict(form="fastai", total_steps=40, pct_start=0.5, div_factor=10.0, final_div_factor=100.0,
                       base_momentum=0.8, max_momentum=0.9), fastai_one_cycle(40, 0.5, 10.0, 100.0, (0.9, 0.8, 0.9))),
]


class KerasPlateau:
    """Keras 3 ReduceLROnPlateau: what on_epoch_end does with one value; min_delta is absolute."""

    def __init__(self, lr, mode, factor=0.1, patience=10, min_delta=1e-4, cooldown=0, min_lr=0.0):
        self.lr, self.mode, self.factor, self.patience = lr, mode, factor, patience
        self.min_delta, self.cooldown, self.min_lr = min_delta, cooldown, min_lr
        self.best = float("inf") if mode == "min" else float("-inf")
        self.wait = self.cooldown_counter = 0

    def improves(self, value):
        return value < self.best - self.min_delta if self.mode == "min" else value > self.best + self.min_delta

    def step(self, value):
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and self.lr > self.min_lr:
                self.lr = max(self.lr * self.factor, self.min_lr)
                self.cooldown_counter, self.wait = self.cooldown, 0
