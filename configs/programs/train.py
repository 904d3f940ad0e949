"""Trains a logistic regression on data that it makes itself, and reports the validation loss after every epoch."""
import argparse
import json
import math
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=30)
options = parser.parse_args()

TRUE_WEIGHTS = [2.0, -1.0, 0.5, 0.0]


def make_data(count, rng):
    data = []
    for _ in range(count):
        x = [rng.gauss(0, 1) for _ in TRUE_WEIGHTS]
        p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(TRUE_WEIGHTS, x))))
        data.append((x, 1.0 if rng.random() < p else 0.0))
    return data


def probability(weights, x):
    z = sum(a * b for a, b in zip(weights, x))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))


def loss_of(weights, data):
    total = 0.0
    for x, y in data:
        p = min(max(probability(weights, x), 1e-12), 1 - 1e-12)
        total -= math.log(p if y else 1 - p)
    return total / len(data)


def gradient_of(weights, data):
    gradient = [0.0] * len(weights)
    for x, y in data:
        error = probability(weights, x) - y
        for i, value in enumerate(x):
            gradient[i] += error * value / len(data)
    return gradient


data = make_data(600, random.Random(0))
train, valid = data[:400], data[400:]
rng = random.Random(int(os.environ.get("TUNER_SEED", "0")))
weights = [rng.gauss(0, 0.1) for _ in TRUE_WEIGHTS]
first, second = [0.0] * len(weights), [0.0] * len(weights)
for epoch in range(1, options.epochs + 1):
    gradient = gradient_of(weights, train)
    for i, g in enumerate(gradient):
        if options.optimizer == "adam":
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g * g
            step = first[i] / (1 - 0.9**epoch) / (math.sqrt(second[i] / (1 - 0.999**epoch)) + 1e-8)
        else:
            first[i] = options.momentum * first[i] + g
            step = first[i]
        weights[i] -= options.lr * step
    print(json.dumps({"step": epoch, "val_loss": loss_of(weights, valid), "train_loss": loss_of(weights, train)}))
