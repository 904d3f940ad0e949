# Prints how well a parabola-like curve of some degree fits a cubic one: a stand-in for any program with a log.
{ if (match($0, /"degree": [0-9]+/)) degree = substr($0, RSTART + 10, RLENGTH - 10) + 0 }
END {
  for (i = -10; i <= 10; ++i) {
    x = i / 10
    truth = x * x * x - 0.5 * x
    fit = degree == 1 ? 0.1 * x : degree == 2 ? 0.1 * x + 0.05 * x * x : degree == 3 ? truth + 0.001 : truth + 0.002 * x * x + 0.004
    sum += (truth - fit) ^ 2
  }
  printf "fitted degree %d, mean error %.6f\n", degree, sum / 21
}
