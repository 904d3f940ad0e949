#!/usr/bin/python3
"""Writes data/torch.txt and data/torchscript/: what the objectives on LibTorch are compared with, and modules for them.

Usage: generate_torch.py [FOLDER]                   needs Debian's python3-torch (1.13); FOLDER: tests/reference/data

Images and parameters are those of generate_networks.py. A case is, each on a line behind its name:
  loss  gradient       on the samples of BATCH, in that order, without dropout
  product              the Hessian of that loss times vector()
  after                the loss after one step of sgd with lr 0.1
The noise of the autoencoder is multiplied by exp(-50): the bias of its log_deviation layer is -100.
"""
import pathlib
import sys
from typing import Dict

import torch
from torch import nn
from torch.nn import functional as F

from generate_networks import BATCH, CLASSES, COLUMNS, ROWS, images, numbers, parameter, vector

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data"


def fill(model):
    at = 0
    for p in model.parameters():
        p.data = torch.tensor([parameter(at + i) for i in range(p.numel())], dtype=p.dtype).reshape(p.shape)
        at += p.numel()


def classifier(*layers):
    model = nn.Sequential(*layers)
    return model, lambda x, labels: F.cross_entropy(model(x.unsqueeze(1)), labels)


def logreg():
    return classifier(nn.Flatten(), nn.Linear(ROWS * COLUMNS, CLASSES))


def mlp():
    return classifier(nn.Flatten(), nn.Linear(ROWS * COLUMNS, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, CLASSES))


def convnet():
    def pooled():
        return [nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
    return classifier(nn.Conv2d(1, 3, 5, padding=2), *pooled(), nn.Conv2d(3, 2, 5, padding=2), *pooled(), nn.Flatten(),
                      nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, CLASSES))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(COLUMNS, 3, num_layers=2, batch_first=True)
        self.dense = nn.Linear(3, CLASSES)


def lstm():
    model = Recurrent()
    return model, lambda x, labels: F.cross_entropy(model.dense(model.lstm(x)[0][:, -1]), labels)


class Autoencoder(nn.Module):
    """Of 2 filters and 2 latents on 5 x 4 pixels: 3 x 2 and 2 x 1 after the convolutions."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 2, 4), nn.Conv2d(2, 2, 4), nn.Conv2d(2, 2, 4)
        self.mean, self.log_deviation = nn.Linear(4, 2), nn.Linear(4, 2)
        self.dense1, self.dense2 = nn.Linear(2, 24), nn.Linear(24, 2)
        self.deconv1, self.deconv2 = nn.ConvTranspose2d(1, 2, 4), nn.ConvTranspose2d(2, 2, 4)
        self.deconv3, self.pixels = nn.ConvTranspose2d(2, 2, 4), nn.Linear(16, ROWS * COLUMNS)

    @staticmethod
    def same(layer, x, stride):
        """Padding `same` as TensorFlow defines it."""
        pads = []
        for extent in (x.shape[3], x.shape[2]):
            whole = max((-(-extent // stride) - 1) * stride + 4 - extent, 0)
            pads += [whole // 2, whole - whole // 2]
        return F.conv2d(F.pad(x, pads), layer.weight, layer.bias, stride)

    def back(self, layer, x, stride):
        """The derivative of `same` by its image, which is what TensorFlow's transposed convolution is."""
        image = torch.zeros(x.shape[0], layer.weight.shape[1], x.shape[2] * stride, x.shape[3] * stride, requires_grad=True)
        weight = nn.Conv2d(1, 1, 1)
        weight.weight, weight.bias = layer.weight, None
        out, = torch.autograd.grad(self.same(weight, image, stride), image, x, create_graph=True)
        return out + layer.bias.reshape(1, -1, 1, 1)

    def losses(self, x):
        a = x.unsqueeze(1)
        for layer, stride in ((self.conv1, 2), (self.conv2, 2), (self.conv3, 1)):
            a = F.leaky_relu(self.same(layer, a, stride), 0.3)
        mean, deviation = self.mean(a.flatten(1)), 0.5 * self.log_deviation(a.flatten(1))
        a = F.leaky_relu(self.dense2(F.leaky_relu(self.dense1(mean), 0.3)), 0.3).reshape(-1, 1, 2, 1)
        for layer, stride in ((self.deconv1, 2), (self.deconv2, 1), (self.deconv3, 1)):
            a = F.relu(self.back(layer, a, stride))
        image = torch.sigmoid(self.pixels(a.flatten(1)))
        reconstruction = ((image - x.flatten(1)) ** 2).sum(1).mean()
        kl = (-0.5 * (1 + 2 * deviation - mean ** 2 - torch.exp(2 * deviation)).sum(1)).mean()
        return reconstruction, kl


def vae():
    model = Autoencoder()
    return model, lambda x, labels: sum(model.losses(x))


CASES = {"torch_logreg": logreg, "torch_mlp": mlp, "torch_2c2d": convnet, "torch_lstm": lstm, "torch_vae": vae}


def write_values():
    x, labels = images()
    x, labels = x[BATCH], labels[BATCH]
    with open(FOLDER / "torch.txt", "w") as out:
        for name, make in CASES.items():
            model, loss_of = make()
            fill(model)
            if name == "torch_vae":
                model.log_deviation.bias.data.fill_(-100)
            parameters = list(model.parameters())
            loss = loss_of(x, labels)
            gradient = torch.autograd.grad(loss, parameters, create_graph=True)
            out.write(f"case {name}\nloss {float(loss)!r}\ngradient {numbers(gradient)}\n")
            if name != "torch_vae":
                flat = torch.tensor([vector(i) for i in range(sum(p.numel() for p in parameters))])
                along = sum((g * v.reshape(g.shape)).sum()
                            for g, v in zip(gradient, flat.split([p.numel() for p in parameters])))
                product = torch.autograd.grad(along, parameters, allow_unused=True)
                out.write(f"product {numbers(torch.zeros_like(q) if p is None else p for p, q in zip(product, parameters))}\n")
            for p, g in zip(parameters, gradient):
                p.data -= 0.1 * g.detach()
            out.write(f"after {float(loss_of(x, labels))!r}\n")


class Named(nn.Module):
    """Two named losses, statistics, a counter, a parameter under two names."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(ROWS * COLUMNS)
        self.dense = nn.Linear(ROWS * COLUMNS, CLASSES)
        self.scale = nn.Parameter(torch.ones(1))
        self.again = self.scale

    def forward(self, inputs, targets) -> Dict[str, torch.Tensor]:
        z = self.dense(self.norm(inputs.flatten(1))) * self.scale * self.again
        return {"size": 0.1 * (z * z).mean(), "entropy": F.cross_entropy(z, targets)}


class Plain(nn.Module):
    """One loss, of which the kind says what it is."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.dense = nn.Linear(ROWS * COLUMNS, CLASSES)

    def forward(self, inputs, targets):
        z = self.dense(inputs.flatten(1))
        losses = F.cross_entropy(z, targets, reduction="none")
        if self.kind == "vector":
            return losses
        if self.kind == "nan":
            return losses.mean() / 0 - losses.mean() / 0
        if self.kind == "detached":
            return losses.mean().detach()
        if self.kind == "shape":
            return (z @ z).mean()
        if self.kind == "dropout":
            return F.cross_entropy(F.dropout(z, 0.5, self.training), targets)
        return losses.mean()


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs, targets):
        return F.mse_loss(self.dense(inputs).squeeze(1), targets)


class OneArgument(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs):
        return self.dense(inputs).mean()


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs, targets):
        return inputs, targets


class NoParameter(nn.Module):
    def forward(self, inputs, targets):
        return inputs.mean()


class NoForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    @torch.jit.export
    def loss(self, inputs, targets):
        return self.dense(inputs).mean()


class Number(nn.Module):
    """Two arguments, of which one is no tensor."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs, targets: int):
        return self.dense(inputs).mean() * targets


class Many(nn.Module):
    """So many named losses."""

    def __init__(self, count: int):
        super().__init__()
        self.count = count
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs, targets) -> Dict[str, torch.Tensor]:
        losses: Dict[str, torch.Tensor] = {}
        for i in range(self.count):
            losses[str(i)] = self.dense(inputs).mean()
        return losses


class Whole(nn.Module):
    """A loss that is a whole number."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)

    def forward(self, inputs, targets):
        return (self.dense(inputs).squeeze(1) > targets).sum()


class Grows(nn.Module):
    """A buffer that changes its shape."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 1)
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, inputs, targets):
        self.mean = torch.cat([self.mean, inputs.mean(0)])
        return F.mse_loss(self.dense(inputs).squeeze(1), targets)


class Mixed(nn.Module):
    """Parameters of two types."""

    def __init__(self):
        super().__init__()
        self.dense, self.scale = nn.Linear(2, 1), nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, inputs, targets):
        return F.mse_loss(self.dense(inputs).squeeze(1), targets) * self.scale.float()


def write_modules():
    folder = FOLDER / "torchscript"
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    modules = {"named": Named().double(), "regression": Regression(), "one_argument": OneArgument(), "pair": Pair(),
               "no_parameter": NoParameter(), "no_forward": NoForward(), "number": Number(), "no_loss": Many(0),
               "five_losses": Many(5), "whole": Whole(), "grows": Grows(), "mixed": Mixed(), "half": Regression()}
    for kind in ("plain", "vector", "nan", "detached", "shape", "dropout"):
        modules[kind] = Plain(kind)
    for name, module in modules.items():
        torch.set_default_dtype(torch.float64 if name == "named" else torch.float32)
        fill(module)
        torch.jit.script(module.half() if name == "half" else module).save(str(folder / f"{name}.pt"))
    torch.save(Regression().state_dict(), folder / "state_dict.pt")


if __name__ == "__main__":
    write_values()
    torch.set_default_dtype(torch.float32)
    write_modules()
