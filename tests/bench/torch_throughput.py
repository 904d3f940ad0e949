#!/usr/bin/python3
"""Samples per second of training on LibTorch on Fashion-MNIST, batches of 128, one thread, float32: tuner and PyTorch.

Usage: torch_throughput.py [--rounds 5] [--steps 40] [--only NAME] TUNER
needs Debian's python3-torch, libopenblas0-pthread and dataset-fashion-mnist, and a TUNER that was built with libtorch-dev

The networks are those of mlp_throughput.py and its 2c2d, as torch_mlp and torch_2c2d have them. Both sides load the same
libtorch and the same BLAS, whose name the last line says. What is measured, and how, is said there; a round is one
measurement of tuner between two of PyTorch, of which the mean counts, so that a machine on which others work disturbs the
two alike.
"""
import argparse
import os
import statistics

os.environ["OPENBLAS_NUM_THREADS"] = "1"
from mlp_throughput import (BATCH, IMAGES, LABELS, SAMPLES, SGD, blas, convnet, mlp, read_idx, sgd,  # noqa: E402
                            spread, torch, torch_rate, tuner_seconds)

MLP = "{plugin: torch_mlp, dataset: fashion_mnist, hidden: [100], valid_size: 10000}"
CONVNET = "{plugin: torch_2c2d, dataset: fashion_mnist, valid_size: 10000}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="of 2c2d that are measured; mlp takes 30 times as many")
    parser.add_argument("--only", help="a case, or the beginning of some")
    args = parser.parse_args()
    torch.set_num_threads(1)
    peer = blas()
    images = read_idx(IMAGES, 16).reshape(-1, 784)[:SAMPLES].float() / 255
    labels = read_idx(LABELS, 8)[:SAMPLES].long()
    load = os.getloadavg()[0]
    print(f"| training | tuner, samples per second | PyTorch {torch.__version__} | ratio | lowest to highest |")
    print("|---|---|---|---|---|")
    for name, objective, model, times in (("mlp, sgd", MLP, mlp, 30), ("2c2d, sgd", CONVNET, convnet, 1)):
        if args.only and not name.startswith(args.only):
            continue
        few, many = 2, 2 + min(args.steps * times, 380)
        ours, theirs = [], []
        for _ in range(args.rounds):
            before = torch_rate(images, labels, model, sgd, 2, many - few)
            seconds = tuner_seconds(args.tuner, objective, SGD, many) - tuner_seconds(args.tuner, objective, SGD, few)
            ours.append((many - few) * BATCH / seconds)
            theirs.append((before + torch_rate(images, labels, model, sgd, 2, many - few)) / 2)
        print(f"| {name} | {statistics.median(ours):,.0f} | {statistics.median(theirs):,.0f} | {spread(ours, theirs)} |",
              flush=True)
    print(f"\nLoad average of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after. BLAS of both: {peer}")


if __name__ == "__main__":
    main()
