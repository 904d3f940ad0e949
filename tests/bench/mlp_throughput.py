#!/usr/bin/python3
"""Samples per second of training on Fashion-MNIST, batches of 128, one thread, float32: tuner and PyTorch.

Usage: mlp_throughput.py [--rounds 5] [--only NAME] [--before TUNER] TUNER
needs Debian's python3-torch and dataset-fashion-mnist

mlp 784-100-10 with sgd and with adam, and the convolutional network 2c2d of DeepOBS with sgd. TUNER is the program
(build/release/bin/tuner). In every round it trains for a number of steps and for a larger one; the rate is samples of the
difference by seconds of the difference, so that start, reading of the data and the final evaluation do not count. Seconds
are processor time, which other programs disturb less. PyTorch has the images in one tensor and takes each batch by index
from a permutation, as tuner does; its rate is that of as many batches after others. --before names an
older program, which is measured in the same rounds. Its matrix products are those of OpenBLAS (Debian's libopenblas0-pthread), whose kernel for
this processor the last line names; with Netlib's reference BLAS, which is more than ten times slower, nothing is measured.
tuner brings its own (plugins/linear_algebra).
"""
import argparse
import ctypes
import gzip
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time


def name_kernel():
    """OpenBLAS takes its slowest kernel for a processor that is younger than itself: name one by what the flags say."""
    with open("/proc/cpuinfo") as file:
        flags = set(next((line for line in file if line.startswith("flags")), "").split())
    kernel = "SkylakeX" if "avx512f" in flags else "Haswell" if "avx2" in flags else None
    if kernel:
        os.environ.setdefault("OPENBLAS_CORETYPE", kernel)


name_kernel()
import torch  # noqa: E402  loads OpenBLAS

IMAGES = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
LABELS = "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz"
SAMPLES, BATCH = 50_000, 128  # tuner keeps the last 10,000 images for validation


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


def mlp():
    return torch.nn.Sequential(torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))


def convnet():
    def layer(before, channels):
        return [torch.nn.Conv2d(before, channels, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    return torch.nn.Sequential(torch.nn.Unflatten(1, (1, 28, 28)), *layer(1, 32), *layer(32, 64), torch.nn.Flatten(),
                               torch.nn.Linear(3136, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 10))


SGD, ADAM = "{plugin: sgd, lr: 0.01, momentum: 0.9}", "{plugin: adam, lr: 1e-3}"
MLP, CONVNET = "{plugin: mlp, dataset: fashion_mnist, hidden: [100]}", "{plugin: convnet, dataset: fashion_mnist, valid_size: 128}"
# tuner's objective and optimizer, PyTorch's model and optimizer; steps of tuner's two trainings, batches of PyTorch
# before and in the measurement
CASES = {"mlp, sgd": (MLP, SGD, mlp, sgd, (391, 391 * 4, 10, 300)),
         "mlp, adam": (MLP, ADAM, mlp, adam, (391, 391 * 4, 10, 300)),
         "2c2d, sgd": (CONVNET, SGD, convnet, sgd, (2, 14, 2, 12))}
SWEEP = """
metric: loss
objective: {objective}
optimizer: {optimizer}
training: {{steps: {steps}, batch_size: 128, eval_every: 1000000}}
"""


def tuner_seconds(program, objective, optimizer, steps):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sweep.yaml").write_text(SWEEP.format(objective=objective, optimizer=optimizer, steps=steps))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tuner_rate(program, case):
    few, many = case[4][:2]
    return (many - few) * BATCH / (tuner_seconds(program, *case[:2], many) - tuner_seconds(program, *case[:2], few))


def read_idx(path, header):
    with gzip.open(path) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def torch_rate(images, labels, make_model, make_optimizer, warmup, batches):
    model = make_model()
    optimizer, loss_of = make_optimizer(model.parameters()), torch.nn.CrossEntropyLoss()
    order = torch.randperm(SAMPLES)
    for number in range(warmup + batches):
        if number == warmup:
            begin = time.process_time()
        batch = order[number * BATCH:(number + 1) * BATCH]
        optimizer.zero_grad()
        loss_of(model(images[batch]), labels[batch]).backward()
        optimizer.step()
    return batches * BATCH / (time.process_time() - begin)


def blas():
    """The name of the BLAS that PyTorch has loaded, with its kernel. Ends the program where it is not a fast one."""
    with open("/proc/self/maps") as maps:
        files = [line.split()[-1] for line in maps if "blas" in line or "mkl" in line]
    if any("mkl" in file for file in files):
        return "MKL"
    for file in files:
        try:
            library = ctypes.CDLL(file)
            config, core = library.openblas_get_config, library.openblas_get_corename
        except (OSError, AttributeError):
            continue
        config.restype = core.restype = ctypes.c_char_p
        return f"{' '.join(config().decode().split()[:2])}, kernel {core().decode()}"
    raise SystemExit(f"PyTorch has loaded no OpenBLAS but {files or 'nothing'}, against which no figure counts: "
                     "apt-get install libopenblas0-pthread")


def spread(ours, theirs):
    ratios = [a / b for a, b in zip(ours, theirs)]
    return f"{statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="a case, or the beginning of some")
    parser.add_argument("--before", help="an older program")
    args = parser.parse_args()
    torch.set_num_threads(1)
    peer = blas()
    images = read_idx(IMAGES, 16).reshape(-1, 784)[:SAMPLES].float() / 255
    labels = read_idx(LABELS, 8)[:SAMPLES].long()
    load = os.getloadavg()[0]
    print(f"| training | tuner, samples per second | PyTorch {torch.__version__} | ratio | lowest to highest |"
          + (" against before | lowest to highest |" if args.before else ""))
    print("|---|---|---|---|---|" + ("---|---|" if args.before else ""))
    for name, case in CASES.items():
        if args.only and not name.startswith(args.only):
            continue
        ours = [[], [], []]
        for _ in range(args.rounds):
            for column, program in zip(ours, [args.tuner, args.before]):
                if program:
                    column.append(tuner_rate(program, case))
            ours[2].append(torch_rate(images, labels, *case[2:4], *case[4][2:]))
        now, before, theirs = ours
        print(f"| {name} | {statistics.median(now):,.0f} | {statistics.median(theirs):,.0f} | {spread(now, theirs)} |"
              + (f" {spread(now, before)} |" if before else ""), flush=True)
    print(f"\nLoad average of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after. "
          f"BLAS of PyTorch: {peer}")


if __name__ == "__main__":
    main()
