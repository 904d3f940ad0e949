#!/usr/bin/python3
"""Writes module.pt, the network of torchscript.yaml, as TorchScript.

Usage: configs/torch/module.py [FILE]      needs PyTorch (Debian: python3-torch); tuner itself needs no Python

A module of your own has the same form: forward(inputs, targets) returns the loss of a batch, or a dictionary of named losses. Here
`entropy` is what is minimized, and `errors`, the share of samples classified wrongly, has no gradient: torchscript.yaml gives it the
weight 0, so that it is a metric alone. Names are taken in their order, so that entropy is loss_1 and errors loss_2.
"""
import pathlib
import sys
from typing import Dict

import torch
from torch import nn
from torch.nn import functional as F


class Network(nn.Module):
    """Two convolutions with batch normalization on images of 28 x 28 pixels in 10 classes: 4,626 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.dense = nn.Linear(8 * 7 * 7, 10)

    def forward(self, inputs, targets) -> Dict[str, torch.Tensor]:
        a = F.max_pool2d(F.relu(self.norm1(self.conv1(inputs))), 2)
        a = F.max_pool2d(F.relu(self.norm2(self.conv2(a))), 2)
        logits = self.dense(F.dropout(a.flatten(1), 0.1, self.training))
        return {
            "entropy": F.cross_entropy(logits, targets),
            "errors": (logits.argmax(1) != targets).float().mean(),
        }


def main():
    torch.manual_seed(1)
    file = sys.argv[1] if len(sys.argv) == 2 else str(pathlib.Path(__file__).resolve().parent / "module.pt")
    network = Network()
    torch.jit.script(network).save(file)
    print(f"{file}: {sum(p.numel() for p in network.parameters()):,} parameters")


main()
