"""Methods that evaluate more than once in a step, from the books and papers: numpy and torch, nothing of the C++.

A method is a class with x, the point, and step(t, f); f has loss(x), both(x) -> (loss, gradient) and hessian(x).
Strong Wolfe searches and L-BFGS are PyTorch's own. N-W: Nocedal, Wright 2006.
"""
import numpy as np
import torch
from torch.optim.lbfgs import _strong_wolfe


def tensor(x):
    return torch.tensor(np.array(x, np.float64))


class Method:
    def __init__(self, options, x):
        self.o, self.x = options, x
        self.start()

    def start(self):
        pass

    def wolfe(self, f, d, loss, g, t):
        """(accepted t, gradient there), by torch's search with both conditions."""
        def at(x, t, d):
            value, gradient = f.both(x + float(t) * d.numpy())
            return value, tensor(gradient)
        _, g_new, t, _ = _strong_wolfe(at, self.x, t, tensor(d), loss, tensor(g), tensor(g @ d), c1=self.o["c1"],
                                       c2=self.o["c2"], tolerance_change=0, max_ls=25)
        return float(t), g_new.numpy()

    def armijo(self, f, d, loss, g, t, shrink, c1):
        while f.loss(self.x + t * d) > loss + c1 * t * (g @ d):
            t *= shrink
        return t

    def exact(self, f, d, g):
        """The minimum along d of a quadratic."""
        f.count = -10**6  # its own evaluations are not the plugin's
        return -(g @ d) / (d @ f.hessian(self.x) @ d)


class Lbfgs(Method):
    def start(self):
        o = self.o
        self.leaf = tensor(self.x).requires_grad_(True)
        self.optimizer = torch.optim.LBFGS(
            [self.leaf], lr=o["lr"], max_iter=o["max_iter"], max_eval=o["max_eval"] or None,
            tolerance_grad=o["tolerance_grad"], tolerance_change=o["tolerance_change"],
            history_size=o["history_size"], line_search_fn=None if o["line_search"] == "none" else o["line_search"])

    def step(self, t, f):
        def closure():
            loss, gradient = f.both(self.leaf.detach().numpy())
            self.leaf.grad = tensor(gradient)
            return loss
        self.optimizer.step(closure)
        self.x = self.leaf.detach().numpy().copy()


class LineSearchGd(Method):
    def step(self, t, f):
        loss, g = f.both(self.x)
        o, d = self.o, -g
        if o["line_search"] == "armijo":
            length = self.armijo(f, d, loss, g, o["lr"], o["shrink"], o["c1"])
        elif o["line_search"] == "exact":
            length = self.exact(f, d, g)
        else:
            length, _ = self.wolfe(f, d, loss, g, o["lr"])
        self.x = self.x + length * d


class NonlinearCg(Method):
    """N-W algorithm 5.4 with (5.41a), (5.45), (5.46) or (5.49); first lengths by (3.60)."""

    def start(self):
        self.age = 0

    def step(self, t, f):
        loss, g = f.both(self.x)
        d = -g
        if self.age > 0 and not (self.o["restart"] and self.age >= self.o["restart"]):
            y = g - self.g
            beta = {"fr": lambda: g @ g / (self.g @ self.g),
                    "pr_plus": lambda: max(0.0, g @ y / (self.g @ self.g)),
                    "hs": lambda: g @ y / (y @ self.d),
                    "dy": lambda: g @ g / (y @ self.d)}[self.o["beta"]]()
            d = -g + beta * self.d
        else:
            self.age = 0
        if not g @ d < 0:
            d, self.age = -g, 0
        first = self.o["lr"] * (min(1.0, 1 / abs(g).sum()) if t == 1 else self.length * self.slope / (g @ d))
        if self.o["line_search"] == "exact":
            length = self.exact(f, d, g)
        else:
            length, _ = self.wolfe(f, d, loss, g, first)
        self.g, self.d, self.length, self.slope = g, d, length, g @ d
        self.age += 1
        self.x = self.x + length * d


class Bfgs(Method):
    """N-W algorithm 6.1 with (6.17) as it is printed and (6.20)."""

    def start(self):
        self.h = None

    def step(self, t, f):
        loss, g = f.both(self.x)
        n, first = len(g), self.h is None
        d = -g if first else -self.h @ g
        length, g_new = self.wolfe(f, d, loss, g, self.o["lr"] * (min(1.0, 1 / abs(g).sum()) if first else 1))
        s, y = length * d, g_new - g
        self.x = self.x + s
        if s @ y > 1e-10 * np.sqrt((s @ s) * (y @ y)):
            h = (s @ y) / (y @ y) * np.eye(n) if first else self.h
            rho, eye = 1 / (s @ y), np.eye(n)
            self.h = (eye - rho * np.outer(s, y)) @ h @ (eye - rho * np.outer(y, s)) + rho * np.outer(s, s)


class Newton(Method):
    """N-W (3.30), algorithm 3.3 for the shift."""

    def start(self):
        self.age = 0

    def step(self, t, f):
        loss, g = f.both(self.x)
        if self.age % self.o["interval"] == 0:
            self.h = f.hessian(self.x)
        self.age += 1
        a = self.h + self.o["damping"] * np.eye(len(g))
        tau = 0.0 if min(np.diag(a)) > 0 else 1e-3 - min(np.diag(a))
        while min(np.linalg.eigvalsh(a + tau * np.eye(len(g)))) <= 0:
            tau = max(2 * tau, 1e-3)
        d = np.linalg.solve(a + tau * np.eye(len(g)), -g)
        length = self.o["lr"]
        if self.o["line_search"] == "armijo":
            length = self.armijo(f, d, loss, g, length, 0.5, 1e-4)
        self.x = self.x + length * d


class NewtonCg(Method):
    """N-W algorithm 7.1."""

    def step(self, t, f):
        loss, g = f.both(self.x)
        h, norm = f.hessian(self.x), np.linalg.norm(g)
        eps = {"superlinear": min(0.5, np.sqrt(norm)), "quadratic": min(0.5, norm),
               "linear": 0.5}[self.o["forcing"]] * norm
        z, r, q = np.zeros_like(g), g, -g
        for j in range(self.o["max_cg"] or len(g)):
            if q @ h @ q <= 0:
                z = -g if j == 0 else z
                break
            alpha = (r @ r) / (q @ h @ q)
            z, r_new = z + alpha * q, r + alpha * (h @ q)
            if np.linalg.norm(r_new) < eps:
                break
            q, r = -r_new + (r_new @ r_new) / (r @ r) * q, r_new
        length = self.o["lr"]
        if self.o["line_search"] == "armijo":
            length = self.armijo(f, z, loss, g, length, 0.5, self.o["c1"])
        elif self.o["line_search"] == "strong_wolfe":
            length, _ = self.wolfe(f, z, loss, g, length)
        self.x = self.x + length * z


class NelderMead(Method):
    """Lagarias et al. 1998, section 2; adaptive: Gao, Han 2012, (4.1)."""

    def start(self):
        self.simplex = None

    def step(self, t, f):
        n = len(self.x)
        if self.simplex is None:
            points = [self.x]
            for i in range(n):
                p = self.x.copy()
                p[i] = p[i] * (1 + self.o["initial_step"]) if p[i] else self.o["zero_step"]
                points.append(p)
            self.simplex = [(f.loss(p), p) for p in points]
        else:
            f.count += 1  # the host's evaluation at the start of the step
        rho, chi, gamma, sigma = (1, 1 + 2 / n, 0.75 - 1 / (2 * n), 1 - 1 / n) if self.o["adaptive"] \
            else (1, 2, 0.5, 0.5)
        self.simplex.sort(key=lambda v: v[0])
        f1, fn, (fw, worst) = self.simplex[0][0], self.simplex[-2][0], self.simplex[-1]
        centre = sum(p for _, p in self.simplex[:-1]) / n

        def at(p):
            return f.loss(p), p
        new = reflected = at((1 + rho) * centre - rho * worst)
        if reflected[0] < f1:
            expanded = at((1 + rho * chi) * centre - rho * chi * worst)
            new = min(expanded, reflected, key=lambda v: v[0]) if expanded[0] != reflected[0] else reflected
        elif reflected[0] >= fn:
            outside = reflected[0] < fw
            new = at((1 + rho * gamma) * centre - rho * gamma * worst) if outside \
                else at((1 - gamma) * centre + gamma * worst)
            if not (new[0] <= reflected[0] if outside else new[0] < fw):
                best = self.simplex[0][1]
                self.simplex = self.simplex[:1] + [at(best + sigma * (p - best)) for _, p in self.simplex[1:]]
                new = None
        if new is not None:
            self.simplex[-1] = new
        self.simplex.sort(key=lambda v: v[0])
        self.x = self.simplex[0][1]


def philox(seed, purpose, trial, word):
    """64-bit word `word` of the host's stream. Salmon et al. 2011, Philox4x32-10."""
    c = [(word // 2) & 0xffffffff, (word // 2) >> 32, trial, purpose]
    k = [seed & 0xffffffff, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xffffffff, (a >> 32) ^ c[3] ^ k[1], a & 0xffffffff]
        k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
    return c[1] << 32 | c[0] if word % 2 == 0 else c[3] << 32 | c[2]


class Spsa(Method):
    """Spall 1998, steps 1 to 5; signs: the bits of the words of stream 5 of seed 1, trial 0, lowest first."""

    def start(self):
        self.words = 0

    def step(self, t, f):
        f.count += 1
        n = len(self.x)
        a = self.o["lr"] / (t + self.o["stability"]) ** self.o["alpha"]
        c = self.o["perturbation"] / t ** self.o["gamma"]
        guess = np.zeros(n)
        for _ in range(self.o["averages"]):
            word = philox(1, 5, 0, self.words)
            self.words += 1
            delta = np.array([1.0 if word >> i & 1 else -1.0 for i in range(n)])
            y = f.loss(self.x + c * delta) - f.loss(self.x - c * delta)
            guess += y / (2 * c * delta)
        self.x = self.x - a * guess / self.o["averages"]


ALL = ["quadratic", "rosenbrock", "beale", "chain"]
WOLFE = dict(c1=1e-4, c2=0.9)
METHODS = {
    "lbfgs": (Lbfgs, dict(lr=1, max_iter=20, max_eval=0, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
                          line_search="none")),
    "line_search_gd": (LineSearchGd, dict(lr=1, line_search="armijo", c1=1e-4, c2=0.9, shrink=0.5)),
    "nonlinear_cg": (NonlinearCg, dict(lr=1, beta="pr_plus", line_search="strong_wolfe", c1=1e-4, c2=0.1, restart=0)),
    "bfgs": (Bfgs, dict(lr=1, **WOLFE)),
    "newton": (Newton, dict(lr=1, damping=0, interval=1, line_search="none")),
    "newton_cg": (NewtonCg, dict(lr=1, line_search="armijo", forcing="superlinear", max_cg=0, **WOLFE)),
    "nelder_mead": (NelderMead, dict(initial_step=0.05, zero_step=2.5e-4, adaptive=False)),
    "spsa": (Spsa, dict(lr=0.1, perturbation=0.01, alpha=0.602, gamma=0.101, stability=0, averages=1)),
}
# (options, problems) of every case.
SETS = {
    "lbfgs": [(dict(max_iter=4, line_search="strong_wolfe"), ALL), (dict(max_iter=1, line_search="strong_wolfe"), ALL),
              (dict(max_iter=3, history_size=2, line_search="strong_wolfe", lr=0.7), ALL),
              (dict(max_iter=1, lr=0.2), ["quadratic", "rosenbrock", "beale"]),
              (dict(max_iter=5, lr=0.3, history_size=3), ["quadratic", "rosenbrock", "beale"]),
              (dict(max_iter=6, max_eval=4, lr=0.1, tolerance_grad=1e-3, tolerance_change=1e-5), ALL)],
    "line_search_gd": [({}, ALL), (dict(lr=0.3, shrink=0.8, c1=0.2), ALL), (dict(line_search="exact"), ["quadratic"]),
                       (dict(line_search="strong_wolfe"), ALL),
                       (dict(line_search="strong_wolfe", c2=0.1, lr=0.01), ALL)],
    "nonlinear_cg": [({}, ALL), (dict(beta="fr"), ALL), (dict(beta="hs", c2=0.4), ALL),
                     (dict(beta="dy", lr=0.5, restart=3), ALL),
                     (dict(beta="fr", line_search="exact"), ["quadratic"])],
    "bfgs": [({}, ALL), (dict(c2=0.1), ALL), (dict(lr=0.5, c1=0.01), ALL), (dict(c1=1e-3, c2=0.5), ALL)],
    "newton": [(dict(line_search="armijo"), ALL), (dict(damping=1.0), ["quadratic", "rosenbrock", "chain"]),
               (dict(lr=0.5, interval=3, line_search="armijo"), ALL), ({}, ["quadratic", "rosenbrock", "chain"])],
    "newton_cg": [({}, ALL), (dict(line_search="strong_wolfe"), ALL), (dict(forcing="quadratic", lr=0.5), ALL),
                  (dict(forcing="linear", max_cg=2), ALL), (dict(line_search="none", lr=0.3), ["quadratic", "chain"])],
    "nelder_mead": [({}, ALL), (dict(adaptive=True), ALL), (dict(initial_step=0.5), ALL),
                    (dict(initial_step=0.2, adaptive=True), ALL)],
    "spsa": [(dict(lr=0.05), ["quadratic", "beale"]), (dict(lr=1e-3, perturbation=0.05), ALL),
             (dict(lr=0.02, averages=3, stability=10), ["quadratic", "beale"]),
             (dict(lr=1e-3, alpha=1.0, gamma=0.1667, averages=2), ALL)],
}
