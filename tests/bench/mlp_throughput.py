#!/usr/bin/python3
"""Samples per second of training mlp 784-100-10 on Fashion-MNIST, batches of 128, one thread, float32: tuner and PyTorch.

Usage: mlp_throughput.py [--rounds 5] [--epochs 4] TUNER      needs Debian's python3-torch and dataset-fashion-mnist

TUNER is the program (build/release/bin/tuner). In every round it trains for one epoch and for 1 + EPOCHS; the rate is
samples of the difference by seconds of the difference, so that start, reading of the data and the final evaluation do not
count. PyTorch has the images in one tensor and takes each batch by index from a permutation, as tuner does; its rate is that
of 150 batches after 10 others. Its matrix products are those of OpenBLAS (Debian's libopenblas0-pthread), whose kernel for
this processor the last line names; with Netlib's reference BLAS, which is more than ten times slower, nothing is measured.
tuner brings its own (Eigen).
"""
import argparse
import ctypes
import gzip
import os
import pathlib
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
SAMPLES, BATCH, WARMUP, BATCHES = 50_000, 128, 10, 150  # tuner keeps the last 10,000 images for validation
OPTIMIZERS = {  # tuner's, PyTorch's
    "sgd": ("{plugin: sgd, lr: 0.1, momentum: 0.9}", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "adam": ("{plugin: adam, lr: 1e-3}", lambda p: torch.optim.Adam(p, lr=1e-3)),
}
SWEEP = """
metric: loss
objective: {{plugin: mlp, dataset: fashion_mnist, hidden: [100]}}
optimizer: {optimizer}
training: {{epochs: {epochs}, batch_size: 128, eval_every: 1000000}}
"""


def tuner_seconds(program, optimizer, epochs):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sweep.yaml").write_text(SWEEP.format(optimizer=optimizer, epochs=epochs))
        subprocess.run([program, "--config", folder / "sweep.yaml", "--db", folder / "tuner.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        answer = subprocess.run([program, "query", "SELECT wall_seconds FROM runs WHERE outcome = 'completed'", "--db",
                                 folder / "tuner.db", "--format", "csv"], check=True, capture_output=True, text=True)
    return float(answer.stdout.split()[1])


def read_idx(path, header):
    with gzip.open(path) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def torch_rate(images, labels, make):
    model = torch.nn.Sequential(torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))
    optimizer, loss_of = make(model.parameters()), torch.nn.CrossEntropyLoss()
    order = torch.randperm(SAMPLES)
    for number in range(WARMUP + BATCHES):
        if number == WARMUP:
            begin = time.perf_counter()
        batch = order[number * BATCH:(number + 1) * BATCH]
        optimizer.zero_grad()
        loss_of(model(images[batch]), labels[batch]).backward()
        optimizer.step()
    return BATCHES * BATCH / (time.perf_counter() - begin)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    peer = blas()
    images = read_idx(IMAGES, 16).reshape(-1, 784)[:SAMPLES].float() / 255
    labels = read_idx(LABELS, 8)[:SAMPLES].long()
    load = os.getloadavg()[0]
    print(f"| optimizer | tuner, samples per second | PyTorch {torch.__version__} | ratio | lowest to highest |")
    print("|---|---|---|---|---|")
    for name, (ours, theirs) in OPTIMIZERS.items():
        rates = []
        for _ in range(args.rounds):
            seconds = tuner_seconds(args.tuner, ours, 1 + args.epochs) - tuner_seconds(args.tuner, ours, 1)
            rates.append([SAMPLES * args.epochs / seconds, torch_rate(images, labels, theirs)])
        ratios = [a / b for a, b in rates]
        medians = [statistics.median(column) for column in zip(*rates)]
        print(f"| {name} | {medians[0]:,.0f} | {medians[1]:,.0f} | {statistics.median(ratios):.2f} "
              f"| {min(ratios):.2f} to {max(ratios):.2f} |", flush=True)
    print(f"\nLoad average of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after. "
          f"BLAS of PyTorch: {peer}")


if __name__ == "__main__":
    main()
