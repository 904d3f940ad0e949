"""A training script of a user of W&B: a logistic regression by gradient descent with momentum."""
import argparse
import math
import random

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--epochs", type=int, default=20)
run = wandb.init(project="logistic", config=vars(parser.parse_args()))
config = wandb.config

rng = random.Random(7)
truth = [2.0, -1.0, 0.5, 0.0]


def sample():
    x = [rng.gauss(0, 1) for _ in truth]
    z = sum(a * b for a, b in zip(truth, x))
    return x, 1.0 if rng.random() < 1 / (1 + math.exp(-z)) else 0.0


train = [sample() for _ in range(200)]
validation = [sample() for _ in range(200)]


def probability(weights, x):
    z = sum(a * b for a, b in zip(weights, x))
    return min(max(1 / (1 + math.exp(-max(-60.0, min(60.0, z)))), 1e-12), 1 - 1e-12)


def loss_of(weights, data):
    return -sum(math.log(probability(weights, x) if y else 1 - probability(weights, x)) for x, y in data) / len(data)


weights = [0.0] * len(truth)
velocity = [0.0] * len(truth)
for epoch in range(config.epochs):
    gradient = [0.0] * len(truth)
    for x, y in train:
        error = probability(weights, x) - y
        gradient = [g + error * a / len(train) for g, a in zip(gradient, x)]
    velocity = [config.momentum * v + g for v, g in zip(velocity, gradient)]
    weights = [w - config.lr * v for w, v in zip(weights, velocity)]
    wandb.log({"epoch": epoch, "train_loss": loss_of(weights, train), "val_loss": loss_of(weights, validation)})
run.finish()
