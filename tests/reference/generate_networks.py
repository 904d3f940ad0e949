#!/usr/bin/python3
"""Writes data/networks.txt: what PyTorch computes of the networks of plugins/objectives, in double precision.

Usage: generate_networks.py                         needs Debian's python3-torch (1.13)

24 images of 5 x 4 pixels in three classes and all parameters come from formulas (images(), parameter()), which
tests/unit/objectives_networks_test.cpp has as well, as it has the options of every case. The training batch is the
samples of BATCH, in that order. A case is, each on a line behind its name:
  loss  gradient  product      in training mode; product is the Hessian of that loss times vector()
  running                      the running statistics after the evaluation, layer by layer mean and variance
  after                        the loss of the same samples in evaluation mode then
Weights of convolutions are here out x in x k x k, and are written as tuner has them, out x k x k x in.
"""
import itertools
import math
import pathlib

import torch
from torch.nn import functional as F

DATA = pathlib.Path(__file__).parent / "data" / "networks.txt"
ROWS, COLUMNS, CLASSES = 5, 4, 3
BATCH = [0, 5, 11, 19, 7, 2, 23, 14, 3, 17]

torch.set_default_dtype(torch.float64)


def images():
    pixels = [(i * i * 7 + i * 37 + 11) % 256 for i in range(24 * ROWS * COLUMNS)]
    return torch.tensor(pixels).reshape(24, ROWS, COLUMNS) / 255.0, torch.tensor([i * 5 % CLASSES for i in range(24)])


def parameter(i):
    return 0.6 * math.sin(1.7 * i * i + 0.9 * i + 0.3)


def vector(i):
    return math.cos(2.3 * i + 0.1 * i * i)


class Network:
    def __init__(self, channels=(), kernel=3, hidden=(), activation="relu", norm="none", groups=1, virtual=None,
                 momentum=0.1, kind="cross_entropy", gamma=2.0, weights=None, smoothing=0.0, l2=0.0, embedding=16,
                 margin=1.0, pairs=256):
        self.__dict__.update(locals())
        self.count = 0
        self.trained, self.layers, self.running = [], [], []
        rows, columns, depth = ROWS, COLUMNS, 1
        for width in channels:
            self.add(width, (width, kernel, kernel, depth), True)
            rows, columns, depth = (rows + 1) // 2, (columns + 1) // 2, width
        width = rows * columns * depth
        for out in hidden:
            self.add(out, (out, width), True)
            width = out
        outputs = embedding if kind in ("contrastive", "triplet") else CLASSES
        self.add(outputs, (outputs, width), False)

    def tensor(self, *shape):
        size = math.prod(shape)
        values = torch.tensor([parameter(self.count + i) for i in range(size)]).reshape(shape)
        self.count += size
        self.trained.append(values.requires_grad_())
        return values

    def add(self, out, shape, hidden):
        layer = {"weight": self.tensor(*shape), "bias": None}
        across = hidden and self.norm in ("batch", "ghost")
        if not across:
            layer["bias"] = self.tensor(out)
        if hidden and self.norm != "none":
            layer["scale"], layer["shift"] = self.tensor(out), self.tensor(out)
        if across:
            layer["mean"], layer["variance"] = torch.zeros(out), torch.ones(out)
            self.running.append((layer["mean"], layer["variance"]))
        self.layers.append(layer)

    def normalize(self, layer, z, training):
        if self.norm in ("batch", "ghost"):
            return F.batch_norm(z, layer["mean"], layer["variance"], layer["scale"], layer["shift"], training, self.momentum)
        if self.norm in ("layer", "group"):
            return F.group_norm(z, self.groups if self.norm == "group" else 1, layer["scale"], layer["shift"])
        return z

    def outputs(self, x, training):
        act = {"relu": F.relu, "tanh": torch.tanh, "gelu": F.gelu, "sigmoid": torch.sigmoid,
               "leaky_relu": F.leaky_relu}[self.activation]
        a = x.unsqueeze(1)
        for l, layer in enumerate(self.layers):
            if layer["weight"].dim() == 4:
                z = F.conv2d(a, layer["weight"].permute(0, 3, 1, 2), layer["bias"], padding="same")
                a = F.max_pool2d(act(self.normalize(layer, z, training)), 2, ceil_mode=True)
                continue
            if a.dim() == 4:
                a = a.permute(0, 2, 3, 1).flatten(1)
            z = F.linear(a, layer["weight"], layer["bias"])
            if l + 1 == len(self.layers):
                return z
            a = act(self.normalize(layer, z, training))

    def contrastive(self, z, labels):
        terms = []
        for i, j in itertools.combinations(range(len(z)), 2):
            d = torch.norm(z[i] - z[j])
            terms.append(d ** 2 / 2 if labels[i] == labels[j] else F.relu(self.margin - d) ** 2 / 2)
        return terms

    def triplet(self, z, labels):
        square = ((z.unsqueeze(0) - z.unsqueeze(1)) ** 2).sum(2)
        return [F.relu(square[a, p] - square[a, n] + self.margin)
                for a, p, n in itertools.product(range(len(z)), repeat=3)
                if a != p and labels[a] == labels[p] and labels[a] != labels[n]]

    # The loss of every sample's piece.
    def embedding_losses(self, z, labels):
        each = []
        for i in range(0, len(z), self.pairs):
            piece, own = z[i:i + self.pairs], labels[i:i + self.pairs]
            terms = getattr(self, self.kind)(piece, own)
            each += [torch.stack(terms).mean() if terms else torch.zeros(())] * len(piece)
        return torch.stack(each)

    def losses(self, z, labels, training):
        if self.kind in ("contrastive", "triplet"):
            return self.embedding_losses(z, labels)
        q = F.one_hot(labels, CLASSES).to(z.dtype)
        if training:
            q = (1 - self.smoothing) * q + self.smoothing / CLASSES
        log_p = F.log_softmax(z, 1)
        each = {"cross_entropy": lambda: -(q * log_p).sum(1),
                "mse": lambda: ((z - q) ** 2).mean(1),
                "binary_cross_entropy": lambda: F.binary_cross_entropy_with_logits(z, q, reduction="none").mean(1),
                "focal": lambda: -(q * (1 - log_p.exp()) ** self.gamma * log_p).sum(1)}[self.kind]()
        return each * torch.tensor(self.weights)[labels] if training and self.weights else each

    def loss(self, x, labels, training):
        size = self.virtual if self.virtual and training else len(x)
        parts = [self.losses(self.outputs(x[i:i + size], training), labels[i:i + size], training)
                 for i in range(0, len(x), size)]
        penalty = sum((layer["weight"] ** 2).sum() for layer in self.layers) if training else 0
        return torch.cat(parts).mean() + 0.5 * self.l2 * penalty


CASES = {
    "conv": dict(channels=(3, 2), kernel=3, hidden=(5,)),
    "conv_even_kernel": dict(channels=(2,), kernel=2, hidden=(), activation="tanh"),
    "conv_wide": dict(channels=(2,), kernel=5, hidden=(4,), activation="gelu", l2=0.1),
    "conv_batch": dict(channels=(2, 3), kernel=3, hidden=(4,), activation="tanh", norm="batch", l2=0.1),
    "conv_ghost": dict(channels=(3,), kernel=3, hidden=(4,), activation="tanh", norm="ghost", virtual=4, momentum=0.3),
    "conv_group": dict(channels=(4, 2), kernel=3, hidden=(6,), activation="gelu", norm="group", groups=2),
    "conv_layer_focal": dict(channels=(2,), kernel=3, hidden=(4,), activation="tanh", norm="layer", kind="focal"),
    "batch": dict(hidden=(6, 5), norm="batch", activation="sigmoid"),
    "ghost": dict(hidden=(6,), norm="ghost", virtual=4, activation="tanh", momentum=0.5),
    "layer": dict(hidden=(6, 5), norm="layer", activation="gelu"),
    "group": dict(hidden=(6, 9), norm="group", groups=3, activation="tanh"),
    "focal": dict(hidden=(5,), activation="tanh", kind="focal", gamma=1.5, smoothing=0.2),
    "focal_weights": dict(kind="focal", gamma=0.5, weights=(0.5, 2.0, 1.25)),
    "mse": dict(hidden=(5,), activation="tanh", kind="mse", smoothing=0.1, weights=(0.5, 2.0, 1.25)),
    "binary": dict(hidden=(5,), activation="tanh", kind="binary_cross_entropy", smoothing=0.1),
    "weights": dict(weights=(0.5, 2.0, 1.25), smoothing=0.1, l2=0.2),
    "contrastive": dict(hidden=(5,), activation="tanh", kind="contrastive"),
    "contrastive_linear": dict(kind="contrastive", embedding=2, margin=0.5, l2=0.1),
    "contrastive_ghost": dict(hidden=(6,), norm="ghost", virtual=4, activation="tanh", kind="contrastive", embedding=3,
                              margin=0.8, pairs=3),
    "triplet": dict(hidden=(5,), activation="tanh", kind="triplet", embedding=3, margin=0.2),
    "triplet_pieces": dict(hidden=(5, 4), activation="gelu", kind="triplet", margin=1.0, pairs=4, l2=0.1),
    "conv_triplet_batch": dict(channels=(2,), kernel=3, hidden=(4,), activation="tanh", norm="batch", kind="triplet",
                               embedding=4, margin=0.1),
}


def numbers(tensors):
    return " ".join(repr(float(v)) for t in tensors for v in t.detach().flatten())


def main():
    x, labels = images()
    x, labels = x[BATCH], labels[BATCH]
    with open(DATA, "w") as out:
        for name, options in CASES.items():
            network = Network(**options)
            loss = network.loss(x, labels, True)
            gradient = torch.autograd.grad(loss, network.trained, create_graph=True)
            # A vector for each tensor, counted through.
            flat = torch.tensor([vector(i) for i in range(network.count)])
            vectors = [v.reshape(t.shape) for v, t in zip(flat.split([t.numel() for t in network.trained]), network.trained)]
            along = sum((g * v).sum() for g, v in zip(gradient, vectors))
            product = torch.autograd.grad(along, network.trained, allow_unused=True)
            product = [torch.zeros_like(t) if p is None else p for p, t in zip(product, network.trained)]
            after = network.loss(x, labels, False)
            out.write(f"case {name}\nloss {float(loss)!r}\ngradient {numbers(gradient)}\nproduct {numbers(product)}\n")
            out.write(f"running {numbers([t for pair in network.running for t in pair])}\nafter {float(after)!r}\n")


if __name__ == "__main__":
    main()
