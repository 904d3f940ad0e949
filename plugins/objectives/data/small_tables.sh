#!/bin/sh
# small_tables.sh FOLDER: houses.csv, 40 rows with numbers and words, and words.libsvm, 40 rows of three labels.
set -eu
mkdir -p "$1"
cd "$1"

value=1
draw() { # BOUND: a number below it, in $drawn
  value=$(((value * 1103515245 + 12345) % 2147483648))
  drawn=$((value / 65536 % $1))
}

houses() {
  echo 'rooms,area,color,price'
  i=0
  while [ $i -lt 40 ]; do
    draw 6; rooms=$((drawn + 1))
    draw 100; area=$((drawn + 20))
    draw 3
    case $drawn in 0) color=red ;; 1) color=green ;; *) color=blue ;; esac
    draw 40
    echo "$rooms,$area.5,$color,$((rooms * 30 + area * 2 + drawn))"
    i=$((i + 1))
  done
}

words() {
  i=0
  while [ $i -lt 40 ]; do
    line=$((i % 3)) column=1
    while [ $column -le 12 ]; do
      draw 4
      [ "$drawn" -ne 0 ] || line="$line $column:0.$((column + i % 5))"
      column=$((column + 1))
    done
    echo "$line"
    i=$((i + 1))
  done
}

houses >houses.csv
words >words.libsvm
