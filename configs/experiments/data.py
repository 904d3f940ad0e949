#!/usr/bin/python3
"""Makes the data that four of the experiments need and no package has.

Usage: configs/experiments/data.py sparse | imbalanced | disjoint | few [FOLDER]      (FOLDER: data, beside this script)

sparse: FOLDER/sparse.libsvm, 6000 texts of about 20 words each out of 3000, as LIBSVM has them. Word k is drawn with a
probability proportional to 1 / (k + 10), as in natural language few words are frequent; rare words say more about the
label. It stands in for the reviews of IMDB.

imbalanced: FOLDER/imbalanced, images of Fashion-MNIST (Debian's dataset-fashion-mnist) in MNIST's four files: five
classes with 1000 images each to train on, the other five with 50, and then 5000 for validation, 500 of each class. The
test images are those of Fashion-MNIST.

disjoint: FOLDER/set-0, set-1, set-2, each with 2000 other images of Fashion-MNIST to train on, in the same form, and all
with the same 2000 for validation.

few: FOLDER/few, 2000 images of Fashion-MNIST to train on, 500 for validation and the first 500 test images, in the same
form.

The same seed, 1, and the same bytes every time.
"""
import bisect
import gzip
import itertools
import math
import pathlib
import random
import struct
import sys

IMAGES = pathlib.Path("/usr/share/datasets/fashion-mnist")


def sparse(folder):
    draw = random.Random(1)
    words = 3000
    ends = list(itertools.accumulate(1 / (k + 10) for k in range(words)))
    weights = [draw.gauss(0, 0.3 + 1.2 * k / words) for k in range(words)]
    lines = []
    for _ in range(6000):
        chosen = sorted({bisect.bisect(ends, draw.random() * ends[-1]) for _ in range(20)})
        score = sum(weights[k] for k in chosen)
        label = 1 if draw.random() < 1 / (1 + math.exp(-score)) else -1
        lines.append(f"{label} " + " ".join(f"{k + 1}:1" for k in chosen))
    (folder / "sparse.libsvm").write_text("\n".join(lines) + "\n")


def read(name):
    """Header and items of an IDX file."""
    packed = IMAGES / f"{name}.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else (IMAGES / name).read_bytes()
    extents = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    size = math.prod(extents[1:])
    begin = 4 + 4 * data[3]
    return data[:4], extents, [data[begin + i * size : begin + (i + 1) * size] for i in range(extents[0])]


def write(path, magic, extents, items):
    path.write_bytes(magic + struct.pack(f">{len(extents)}I", len(items), *extents[1:]) + b"".join(items))


def write_images(folder, train, valid, tests=None):
    """MNIST's four files: images of the training file by their numbers, validation last; test images as they are, or the
    first ones of them."""
    folder.mkdir(exist_ok=True)
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
        magic, extents, items = read(f"train-{kind}")
        write(folder / f"train-{kind}", magic, extents, [items[i] for i in train + valid])
        magic, extents, items = read(f"t10k-{kind}")
        write(folder / f"t10k-{kind}", magic, extents, items[:tests])


def shuffled(draw):
    labels = [label[0] for label in read("train-labels-idx1-ubyte")[2]]
    order = list(range(len(labels)))
    draw.shuffle(order)
    return order, labels


def imbalanced(folder):
    draw = random.Random(1)
    order, labels = shuffled(draw)
    of_class = {c: [i for i in order if labels[i] == c] for c in range(10)}
    train = [i for c in range(10) for i in of_class[c][: 1000 if c < 5 else 50]]
    valid = [i for c in range(10) for i in of_class[c][1000:1500]]
    draw.shuffle(train)
    draw.shuffle(valid)
    write_images(folder / "imbalanced", train, valid)


def disjoint(folder):
    order, _ = shuffled(random.Random(1))
    for part in range(3):
        write_images(folder / f"set-{part}", order[2000 * part : 2000 * (part + 1)], order[-2000:])


def few(folder):
    order, _ = shuffled(random.Random(1))
    write_images(folder / "few", order[:2000], order[-500:], tests=500)


def main():
    kinds = {"sparse": sparse, "imbalanced": imbalanced, "disjoint": disjoint, "few": few}
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).resolve().parent / "data"
    folder.mkdir(parents=True, exist_ok=True)
    kinds[sys.argv[1]](folder)


main()
