#!/usr/bin/python3
"""Writes data/lr_rules/curves.json: curves of LR range tests, and what every rule suggests on them.

The rules of tools follow the descriptions of their algorithms, on what numpy and torch compute; those of tuner's own
are written from their definitions in matrices, where the C++ goes by recursions. Every result must outlast changes of
the losses by a few ulps, so that none hangs on how something was rounded.

Needs Debian's python3-numpy and python3-torch.
"""
import json
import math
import pathlib

import numpy as np
import torch

SMOOTHING = [0.0, 0.5, 0.9]


# Tools ---------------------------------------------------------------------------------------------------------------
def met(curve, planned):
    """The losses that a tool meets: before each step; after a last loss that is not finite that one, then NaN."""
    lrs, losses = list(curve["lr"]), list(curve["loss_before"])
    last = curve["loss"][-1]
    if not math.isfinite(last):
        if math.isfinite(losses[-1]) and len(losses) < planned:
            losses.append(last)
        losses += [math.nan] * (planned - len(losses))
        lrs += [math.nan] * (len(losses) - len(lrs))
    return lrs, losses


def fastai(curve, planned):
    lrs, losses = met(curve, planned)
    kept, value, best = [], 0.0, math.inf
    for count, loss in enumerate(losses, 1):
        expected = torch.lerp(torch.tensor(loss, dtype=torch.float64), torch.tensor(value, dtype=torch.float64), 0.98)
        value = value - (value - loss) * (1 - 0.98)
        assert math.isnan(value) or math.isinf(value) or math.isclose(value, expected.item(), rel_tol=1e-12)
        smooth = value / (1 - 0.98 ** count)
        kept.append(smooth)
        best = min(best, smooth) if not math.isnan(smooth) else best
        if smooth > 4 * best:
            break
    lrs, kept = lrs[:len(kept)][planned // 10:-5], kept[planned // 10:-5]
    cut = next((i for i, loss in enumerate(kept) if math.isnan(loss)), len(kept))
    return lrs[:cut], kept[:cut]


def fastai_valley(curve, planned):
    lrs, losses = fastai(curve, planned)
    longest = [1] * len(losses)
    for i in range(len(losses)):
        longest[i] = 1 + max([longest[j] for j in range(i) if losses[j] > losses[i]], default=0)
    if len(losses) < 1:
        return None
    end = longest.index(max(longest))
    begin = end - longest[end] if longest[end] > 1 else 0
    third = (end - begin) / 3
    return lrs[begin + int(third) + int(third / 2)]  # an index of -1 is the last


def fastai_minimum(curve, planned):
    lrs, losses = fastai(curve, planned)
    return lrs[np.argmin(losses)] / 10 if losses else None


def fastai_steep(curve, planned):
    lrs, losses = fastai(curve, planned)
    return lrs[np.argmin(np.diff(losses) / np.diff(np.log(lrs)))] if len(losses) > 1 else None


def fastai_slide(curve, planned):
    lrs, losses = fastai(curve, planned)
    if len(losses) < 16:
        return None
    slope = np.gradient(np.array(losses))
    found = len(lrs) - 16
    for left in range(len(lrs) - 16, -1, -1):
        if not abs(slope[left + 15] - slope[left]) > 0.005:
            break
        found = left
    return lrs[found]


def lightning_log(curve, planned):
    lrs, losses = met(curve, planned)
    log, average, best = [], 0.0, 0.0
    for step, loss in enumerate(losses, 1):
        average = 0.98 * average + (1 - 0.98) * loss
        smooth = average / (1 - 0.98 ** (step + 1))
        log.append(smooth)
        if step > 1 and smooth > 4 * best:
            break
        if step == 1 or smooth < best:
            best = smooth
    lrs, log = torch.tensor(lrs[:len(log)][10:-1], dtype=torch.float64), torch.tensor(log[10:-1], dtype=torch.float64)
    return lrs[torch.isfinite(log)], log[torch.isfinite(log)]


def lightning(curve, planned):
    lrs, log = lightning_log(curve, planned)
    return lrs[torch.argmin(torch.gradient(log, spacing=[lrs])[0])].item() if len(log) > 1 else None


def lightning_before(curve, planned):
    lrs, log = lightning_log(curve, planned)
    return lrs[torch.argmin(torch.gradient(log)[0])].item() if len(log) > 1 else None


def pytorch_lr_finder(curve, planned):
    lrs, losses = met(curve, planned)
    log = []
    for loss in losses:
        log.append(0.05 * loss + (1 - 0.05) * log[-1] if log else loss)
        if len(log) == 1:
            best = loss
        elif log[-1] < best:
            best = log[-1]
        if log[-1] > 5 * best:
            break
    lrs, log = lrs[:len(log)][10:-5], log[10:-5]
    return lrs[np.gradient(np.array(log)).argmin()] if len(log) > 1 else None


def keras_lr_finder(curve, planned):
    lrs, losses = met(curve, planned)
    log, best = [], 1e9
    for batch, loss in enumerate(losses):
        log.append(loss)
        if batch > 5 and (math.isnan(loss) or loss > 4 * best):
            break
        if loss < best:
            best = loss
    change = [0.0] * 4 + [(log[i] - log[i - 4]) / 4 for i in range(4, len(log))]
    change, lrs = change[:len(log)][10:-5], lrs[:len(log)][10:-5]
    return lrs[np.argmin(change)] if change else None


TOOLS = {"fastai.valley": fastai_valley, "fastai.minimum": fastai_minimum, "fastai.steep": fastai_steep,
         "fastai.slide": fastai_slide, "lightning": lightning, "lightning_before_2.5.3": lightning_before,
         "pytorch_lr_finder": pytorch_lr_finder, "keras_lr_finder": keras_lr_finder}


# Our own -------------------------------------------------------------------------------------------------------------
class Smoothed:
    """The finite part; `weights` turns losses into smoothed ones, and ln(lr) into their places."""

    def __init__(self, curve, beta):
        loss = np.array(curve["loss"])
        bad = np.flatnonzero(~np.isfinite(loss))
        self.n = n = int(bad[0]) if len(bad) else len(loss)
        self.cut = n < len(loss)
        self.loss, self.lr = loss[:n], np.array(curve["lr"][:n])
        if n == 0:
            return
        age = np.arange(n)[:, None] - np.arange(n)[None, :]
        weights = np.where(age >= 0, float(beta) ** np.maximum(age, 0), 0.0)
        self.weights = weights / weights.sum(axis=1, keepdims=True)
        self.s, self.place = self.weights @ self.loss, self.weights @ np.log(self.lr)
        self.low = int(np.argmin(self.s))
        self.noise = self.find_noise(min(n, max(20, self.low + 1)))
        first = self.loss[:min(5, self.low + 1)]
        self.start = first.mean()
        self.drop = self.start - self.s[self.low]
        self.falls = self.drop > 6 * self.noise * math.sqrt(1 / len(first) + self.variance(self.low))

    def find_noise(self, points):
        x, off = np.log(self.lr), []
        for i in range(1, points - 1):
            # Weights that leave out every straight line, then scaled to unit variance.
            w = np.array([x[i + 1] - x[i], -(x[i + 1] - x[i - 1]), x[i] - x[i - 1]])
            off.append(abs(w @ self.loss[i - 1:i + 2]) / np.linalg.norm(w))
        spread = 1.4826 * np.median(off) if off else 0.0
        return max(spread, 1e-14 * np.median(np.abs(self.loss)))

    def variance(self, i):
        return float((self.weights[i] ** 2).sum())

    def higher(self, i, j, deviations=6, margin=0.0):
        """s[i] is surely above s[j]."""
        return self.s[i] - self.s[j] > deviations * self.noise * math.sqrt(self.variance(i) + self.variance(j)) + margin

    def slopes(self, points):
        """Rows of index, place, slope, standard error."""
        rows = []
        quarter = math.log(10) / 4
        for i in range(2, points - 2):
            inside = np.abs(self.place[:points] - self.place[i]) <= quarter
            inside[i - 2:i + 3] = True
            x = self.place[:points][inside]
            c = np.linalg.pinv(np.stack([x - x.mean(), np.ones(len(x))], axis=1))[0]
            g = c @ self.weights[:points][inside]
            rows.append((i, x.mean(), c @ (self.s[:points][inside] - self.s[i]), self.noise * np.linalg.norm(g)))
        return rows

    def diverged(self):
        if self.n >= 5:
            for i in range(self.low + 1, self.n):
                if self.s[i] >= self.s[self.low] + 0.9 * self.drop and self.higher(i, self.low):
                    return i
        return self.n if self.cut else None


def divergence(c, factor):
    at = c.diverged()
    return c.lr[at - 1] / factor if at else None


def least(c):
    rows = sorted(c.slopes(c.low + 1), key=lambda row: row[2] + 3 * row[3]) if c.falls else []
    return rows[0] if rows and rows[0][2] + 3 * rows[0][3] < 0 else None


def steepest(c):
    row = least(c)
    return math.exp(row[1]) if row else None


def minimum(c):
    return c.lr[c.low] / 10 if c.falls and (c.cut or c.low < c.n - 1) else None


def valley(c):
    doubt = 6 * c.noise * np.array([math.sqrt(c.variance(i)) for i in range(c.n)])
    tops, bottoms = c.s - doubt, c.s + doubt
    stretches, i = [], 0
    while i < c.n:
        # From i on: the first point surely below the highest one before it, then down to the lowest before a sure rise.
        begin = next((j for j in range(i + 1, c.n) if c.higher(i + int(np.argmax(tops[i:j + 1])), j)), None)
        if begin is None:
            break
        top = i + int(np.argmax(tops[i:begin + 1]))
        end = next((j for j in range(begin + 1, c.n) if c.higher(j, begin + int(np.argmin(bottoms[begin:j + 1])))), c.n)
        bottom = begin + int(np.argmin(bottoms[begin:end]))
        margin = 0.05 * (c.s[top] - c.s[bottom])
        inner = [j for j in range(top, bottom + 1) if not c.higher(top, j, 2, margin)][-1]
        outer = [j for j in range(inner, bottom + 1) if not c.higher(j, bottom, 2, margin)][0]
        stretches.append((c.place[outer] - c.place[inner], (c.place[outer] + c.place[inner]) / 2))
        i = end
    return math.exp(max(stretches)[1]) if stretches else None


def slide(c):
    row = least(c)
    if not row:
        return None
    at = c.diverged()
    every = c.slopes(c.n if at is None else min(at + 1, c.n))
    for r in reversed(every):
        at_left = [l for l in every if l[0] <= r[0] and r[1] - l[1] >= 1.2 * math.log(10)]
        if not at_left:
            return None
        l = at_left[-1]
        if l[0] < c.low and l[2] < 0 and r[2] - l[2] <= -0.05 * row[2]:
            return math.exp(l[1])
    return None


OWN = {"divergence/3": lambda c: divergence(c, 3), "divergence/10": lambda c: divergence(c, 10), "steepest": steepest,
       "minimum/10": minimum, "valley": valley, "slide": slide}


def own(name, curve, beta):
    c = Smoothed(curve, beta)
    if c.n == 0 or (c.n < 5 and not name.startswith("divergence")):
        return None
    return OWN[name](c)


# Curves --------------------------------------------------------------------------------------------------------------
def logarithmic(n=100, low=1e-7, high=10.0):
    return np.array([low * (high / low) ** (i / (n - 1)) for i in range(n)])


def shape(lr, drop_at=3e-3, width=0.3, drop=1.6, blow_at=0.5, power=3.0):
    """A fall by `drop` about drop_at, and growth from blow_at on."""
    z = (np.log10(lr) - math.log10(drop_at)) / width
    return 2.3 - drop / (1 + np.exp(-z)) + 0.2 * (lr / blow_at) ** power


def curve(name, lr, loss, before=None, planned=100):
    before = np.concatenate([[loss[0]], loss[:-1]]) if before is None else before
    short = lambda losses: [float(f"{x:.10g}") for x in losses]
    return {"name": name, "planned": planned, "lr": [float(x) for x in lr],
            "loss_before": short(before), "loss": short(loss)}


def noisy(name, seed, sigma, lr, loss, scale=1.0, offset=0.0, planned=100):
    """Another batch at each step, the same one before and after it."""
    random = np.random.default_rng(seed)
    batch = random.normal(0, sigma, len(lr))
    before = np.concatenate([[loss[0]], loss[:-1]]) + batch
    after = loss + batch + random.normal(0, 0.1 * sigma, len(lr))
    return curve(name, lr, offset + scale * after, offset + scale * before, planned)


def cut(c, name, at, value):
    """The first `at` points, the last one with this loss after the step."""
    kept = {key: c[key][:at] if isinstance(c[key], list) else c[key] for key in c}
    return dict(kept, name=name, loss=kept["loss"][:-1] + [value])


def trained(name, seed, optimizer, lrs):
    """A real one: 64-32-10 on ten blobs that overlap, batches of 64, in double."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1, (10, 64))
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)).double()
    steps = optimizer(model.parameters())
    before, after, used = [], [], []
    for lr in lrs:
        labels = random.integers(0, 10, 64)
        x = torch.tensor(centres[labels] + random.normal(0, 1.5, (64, 64)))
        y = torch.tensor(labels)
        steps.param_groups[0]["lr"] = float(lr)
        steps.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        steps.step()
        with torch.no_grad():
            later = torch.nn.functional.cross_entropy(model(x), y)
        used.append(lr)
        before.append(loss.item())
        after.append(later.item())
        if not math.isfinite(after[-1]) or after[-1] > 20 * before[0]:
            break
    return curve(name, used, np.array(after), np.array(before))


def ratio(tool, losses):
    """The largest of what the tool logs over the least before it: what it compares with its threshold."""
    weights = {"fastai": (0.98, 0), "lightning": (0.98, 1), "pytorch": (0.95, None), "keras": (0.0, 0)}
    beta, ahead = weights[tool]
    log, average = [], losses[0] if ahead is None else 0.0
    for count, loss in enumerate(losses, 1):
        average = beta * average + (1 - beta) * loss
        log.append(average if ahead is None else average / (1 - beta ** (count + ahead)))
    return max(b / min(log[:i]) for i, b in enumerate(log) if i > 0)


def bump(lr, tool, target):
    """Falls, stands high for eight steps so that the tool sees `target` times its best, then falls far below."""
    parts = [np.full(30, 1.0), np.linspace(1, 0.5, 20), np.full(8, math.nan), np.full(42, 1e-2)]
    base = np.concatenate(parts) * (1 + 0.03 * np.random.default_rng(22).normal(size=100))
    losses = lambda high: np.where(np.isnan(base), high, base)
    low, high = 1.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if ratio(tool, losses(middle)) < target else (low, middle)
    before = losses(high)
    return curve(f"a bump of {target} for {tool}", lr, np.concatenate([before[1:], [1e-2]]), before)


def spike(lr, at):
    loss = shape(lr)
    before = np.concatenate([[loss[0]], loss[:-1]])
    before[at] *= 6
    return curve(f"a spike at {at}", lr, loss, before)


def curves():
    lr = logarithmic()
    for tool, around in [("fastai", 4), ("lightning", 4), ("pytorch", 5), ("keras", 4)]:
        for target in (around - 0.2, around + 0.2):
            yield bump(lr, tool, target)
    yield spike(lr, 5)
    yield spike(lr, 6)
    yield cut(noisy("", 20, 0.08, lr, shape(lr, blow_at=1e6)), "infinity out of the fall", 60, math.inf)
    yield cut(curve("", lr, shape(lr, drop_at=1e-6)), "seventeen points", 17, 0.7)
    yield cut(curve("", lr, shape(lr, drop_at=1e-6)), "sixteen points", 16, 0.7)
    yield noisy("a slow fall after the minimum", 23, 0.01, lr, 2 - 2 / (1 + (3e-6 / lr) ** 3) +
                1 / (1 + (1e-4 / lr) ** 3) - 0.2 * np.maximum(np.log10(lr) + 3.5, 0) + (lr / 3) ** 6)
    yield noisy("a second, shallower valley", 21, 0.02, lr, shape(lr, drop_at=1e-4, blow_at=1.0) +
                0.8 / (1 + (3e-3 / lr) ** 2) - 0.5 / (1 + (0.05 / lr) ** 3))
    smooth = curve("smooth", lr, shape(lr))
    yield smooth
    for seed, sigma in [(1, 0.05), (2, 0.1), (3, 0.1), (4, 0.3)]:
        yield noisy(f"noisy {sigma} seed {seed}", seed, sigma, lr, shape(lr))
    yield noisy("plateau", 5, 0.1, lr, np.full(100, 2.3))
    yield noisy("plateau, then divergence", 6, 0.05, lr, shape(lr, drop=0.0, blow_at=0.05))
    yield noisy("falls to the end", 7, 0.05, lr, shape(lr, drop_at=1.0, width=0.6, blow_at=1e6))
    yield curve("rises from the first step", lr, 1 + np.sqrt(lr))
    yield noisy("comes back to a plateau", 8, 0.04, lr, shape(lr, blow_at=1e6) + 1.7 / (1 + (0.8 / lr) ** 4))
    yield noisy("two valleys", 9, 0.02, lr, shape(lr, drop_at=1e-5, drop=0.8, blow_at=1e6, width=0.2) +
                0.7 / (1 + (1e-4 / lr) ** 4) - 1.4 / (1 + (0.02 / lr) ** 2) + 0.2 * (lr / 0.6) ** 4)
    yield cut(noisy("", 10, 0.08, lr, shape(lr, blow_at=0.2, power=6)), "NaN at the end", 88, math.nan)
    yield cut(noisy("", 11, 0.08, lr, shape(lr, blow_at=0.2, power=6)), "infinity at the end", 90, math.inf)
    yield cut(noisy("", 12, 0.08, lr, shape(lr, blow_at=1e6)), "NaN out of the fall", 60, math.nan)
    yield cut(noisy("", 13, 0.05, logarithmic(250), shape(logarithmic(250)), planned=250), "250 steps, NaN", 180,
              math.nan)
    yield cut(smooth, "NaN at the first step", 1, math.nan)
    yield cut(smooth, "NaN at the second step", 2, math.nan)
    yield cut(smooth, "NaN at the seventh step", 7, math.nan)
    short = logarithmic(7, 1e-4, 1.0)
    yield curve("two points", short[:2], np.array([2.0, 1.0]))
    yield curve("seven points", short, np.array([2.31, 2.29, 2.2, 1.6, 0.9, 1.2, 4.0]))
    eighteen = logarithmic(18, 1e-5, 1.0)
    yield curve("eighteen points", eighteen, shape(eighteen, blow_at=0.4))
    yield noisy("negative losses", 14, 0.05, lr, shape(lr), offset=-10.0)
    yield noisy("from below zero to above", 15, 0.05, lr, shape(lr), scale=3.0, offset=-4.5)
    even = np.linspace(1e-4, 2.0, 120)
    yield noisy("linear lrs", 16, 0.05, even, shape(even, drop_at=0.1, blow_at=0.8), planned=120)
    yield trained("mlp, sgd", 17, lambda p: torch.optim.SGD(p, 1.0), logarithmic(100, 1e-5, 100.0))
    yield trained("mlp, momentum", 18, lambda p: torch.optim.SGD(p, 1.0, momentum=0.9), logarithmic(100, 1e-6, 10.0))
    yield trained("mlp, adam", 19, lambda p: torch.optim.Adam(p, 1.0), logarithmic(100, 1e-6, 10.0))


def everything(c):
    found = {name: rule(c, max(c["planned"], len(c["lr"]))) for name, rule in TOOLS.items()}
    found = {name: None if lr is None or math.isnan(lr) else float(lr) for name, lr in found.items()}
    for beta in SMOOTHING:
        for name in OWN:
            lr = own(name, c, beta)
            found[f"{name} {beta}"] = None if lr is None else float(lr)
    return found


def same(a, b):
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=1e-12)


def spelled(values):
    """As JSON has no numbers for them."""
    return [x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf" for x in values]


def main():
    result, suggestions, random = [], [], np.random.default_rng(0)
    for c in curves():
        found = everything(c)
        suggestions.append(found)
        for _ in range(3):
            jitter = lambda x: x * (1 + 4e-16 * random.integers(-2, 3))
            again = everything(dict(c, **{key: list(map(jitter, c[key])) for key in ("loss_before", "loss")}))
            for rule in found:
                assert same(found[rule], again[rule]), (c["name"], rule, found[rule], again[rule])
        tools = {name: found[name] for name in TOOLS}
        ours = [dict(smoothing=beta, **{name: found[f"{name} {beta}"] for name in OWN}) for beta in SMOOTHING]
        stored = {key: spelled(value) if isinstance(value, list) else value for key, value in c.items()}
        result.append(dict(stored, tools=tools, own=ours))
    for name in list(TOOLS) + [f"{name} {beta}" for name in OWN for beta in SMOOTHING]:
        every = [found[name] for found in suggestions]
        assert None in every and any(every), name
    path = pathlib.Path(__file__).parent / "data" / "lr_rules" / "curves.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(c) for c in result)
    path.write_text('{"curves": [\n' + lines + "\n]}\n")
    return result


if __name__ == "__main__":
    for c in main():
        print(c["name"], c["tools"], *c["own"], sep="\n  ")
