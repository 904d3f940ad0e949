"""What a study has measured, through `tuner trials --json` and `tuner show --json`, and the statistics of it."""
import collections
import json
import math
import statistics
import subprocess


class Study:
    """The trials of one database, or those that a test gives."""

    def __init__(self, name, tuner=None, database=None, rows=None, details=None):
        self.name, self.tuner, self.database, self.details = name, tuner, database, dict(details or {})
        self.rows = rows if rows is not None else json.loads(self.ask("trials", name, "--limit", "0", "--json"))

    def ask(self, *words):
        done = subprocess.run([str(self.tuner), *words, "--db", str(self.database)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"tuner {' '.join(words)}: {done.stderr}")
        return done.stdout

    def detail(self, trial):
        if trial["trial"] not in self.details:
            self.details[trial["trial"]] = json.loads(self.ask("show", f"{self.name}/{trial['trial']}", "--json"))
        return self.details[trial["trial"]]

    def curve(self, trial, metric):
        return [point["value"] for point in self.detail(trial)["metrics"] if point["name"] == metric]

    def last(self, trial, metric):
        return self.curve(trial, metric)[-1]

    def configurations(self, **wanted):
        """Those whose parameters, by their last words, are as wanted: [(parameters, trials)] in order."""
        found = collections.OrderedDict()
        for row in self.rows:
            parameters = short(row["parameters"])
            if all(parameters.get(name) == value for name, value in wanted.items()):
                found.setdefault(json.dumps(parameters), (parameters, []))[1].append(row)
        return list(found.values())

    def best(self, goal=min, of=None, **wanted):
        """The configuration with the best mean of `of` (default: the trial's value) among those that never fail."""
        of = of or (lambda trial: trial["value"])
        whole = [
            (parameters, trials)
            for parameters, trials in self.configurations(**wanted)
            if all(trial["outcome"] == "completed" for trial in trials)
        ]
        return goal(whole, key=lambda one: statistics.mean(of(trial) for trial in one[1]))


def short(parameters):
    """By the last words of their names: optimizer.adam.lr is lr, the choice of the optimizer is optimizer."""
    return {name.split(".")[-1]: value for name, value in parameters.items()}


def beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / d
    h = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return h


def beyond(t, degrees):
    """How likely Student's t is at least that far from 0."""
    a, b, x = degrees / 2, 0.5, degrees / (degrees + t * t)
    front = (
        math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
        if 0 < x < 1
        else 0
    )
    if x >= 1:
        return 1.0
    if x < (a + 1) / (a + b + 2):
        return front * beta_fraction(a, b, x) / a
    return 1 - front * beta_fraction(b, a, 1 - x) / b


def quantile(degrees, p=0.05):
    """The t that is exceeded, on either side, with probability p."""
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle, degrees) > p else (low, middle)
    return (low + high) / 2


class Mean:
    """With its 95 % interval by Student's t; without one for a single value."""

    def __init__(self, values):
        values = list(values)
        self.n, self.mean = len(values), statistics.mean(values)
        self.reach = quantile(self.n - 1) * statistics.stdev(values) / math.sqrt(self.n) if self.n > 1 else 0.0

    @property
    def low(self):
        return self.mean - self.reach

    @property
    def high(self):
        return self.mean + self.reach

    def text(self, digits=4):
        return f"{self.mean:.{digits}f} ± {self.reach:.{digits}f}"

    def interval(self, digits=4):
        return f"{self.mean:+.{digits}f} ({self.low:+.{digits}f} to {self.high:+.{digits}f})"


def paired(a, b):
    """The mean of a[i] - b[i], whose trials share their random numbers."""
    return Mean(x - y for x, y in zip(a, b, strict=True))


HOLDS, FAILS, NOISE = "holds", "does not hold", "cannot be told from noise"


def verdict(difference, expected):
    """Of a difference that a claim expects above 0 (+1) or below 0 (-1)."""
    if difference.low <= 0 <= difference.high:
        return NOISE
    return HOLDS if (difference.mean > 0) == (expected > 0) else FAILS


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    place = [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in range(i, j + 1):
            place[order[k]] = (i + j) / 2
        i = j + 1
    return place


def rank_correlation(a, b):
    """Spearman's, with a 95 % interval by Fisher's z (standard error 1.03 / sqrt(n - 3), Fieller 1957)."""
    x, y = ranks(a), ranks(b)
    mx, my = statistics.mean(x), statistics.mean(y)
    r = sum((p - mx) * (q - my) for p, q in zip(x, y)) / math.sqrt(
        sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y)
    )
    if abs(r) == 1:
        return r, r, r
    reach = 1.96 * 1.03 / math.sqrt(len(a) - 3)
    z = math.atanh(r)
    return r, math.tanh(z - reach), math.tanh(z + reach)
