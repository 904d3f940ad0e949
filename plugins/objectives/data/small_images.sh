#!/bin/sh
# small_images.sh FOLDER: a data set in MNIST's four files: 24 and 8 images of 4 x 3 pixels in three classes.
set -eu
mkdir -p "$1"
cd "$1"

byte() { printf "\\$(($1 / 64))$(($1 / 8 % 8))$(($1 % 8))"; }

images() { # COUNT SEED
  printf '\000\000\010\003\000\000\000'
  byte "$1"
  printf '\000\000\000\004\000\000\000\003'
  value=$2 i=0
  while [ $i -lt $(($1 * 12)) ]; do
    value=$(((value * 1103515245 + 12345) % 2147483648)) i=$((i + 1))
    byte $((value / 65536 % 256))
  done
}

labels() { # COUNT
  printf '\000\000\010\001\000\000\000'
  byte "$1"
  i=0
  while [ $i -lt "$1" ]; do
    byte $((i * 5 % 3))
    i=$((i + 1))
  done
}

images 24 1 >train-images-idx3-ubyte
labels 24 >train-labels-idx1-ubyte
images 8 2 >t10k-images-idx3-ubyte
labels 8 >t10k-labels-idx1-ubyte
