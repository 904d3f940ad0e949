#include "analytic.hpp"

namespace {

struct Rosenbrock {
  static constexpr tuner::Info info{
      .id = "rosenbrock",
      .name = "Rosenbrock's valley, extended",
      .doc = "curved valley with a flat floor; dim dimensions in pairs",
      .details =
          "f(x) = sum over pairs (x, y) of 100 (y - x^2)^2 + (1 - x)^2, pairs (x1, x2), (x3, x4), ...\n"
          "Default start (-1.2, 1, -1.2, 1, ...), where f = 24.2 per pair; minimum 0 at (1, ..., 1).\n"
          "Variant: the separable pairs of MGH problem 21; the chained form, whose terms share variables, differs\n"
          "from dim 4 on.\n"
          "example  x -1.2 1 -> 24.2; gradient -215.6 -88\n"
          "example  dim 4: x -1.2 1 0 2 -> 425.2; gradient -215.6 -88 -2 400",
      .reference = "Rosenbrock 1960; More, Garbow, Hillstrom 1981 (TOMS 7), problems 1 and 21"};
  static constexpr std::size_t kDimension = 0;
  static constexpr double minimisers[] = {1, 1};
  static constexpr double low[] = {-2, -1}, high[] = {2, 3};
  static constexpr tuner::Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};

  static double start(std::size_t i) { return i % 2 == 0 ? -1.2 : 1; }
  static void check_dimension(std::size_t n) {
    if (n % 2 != 0)
      throw tuner::Invalid("dim is " + std::to_string(n) +
                           ", but rosenbrock takes its dimensions in pairs: dim must be even");
  }

  template <class S>
  static S value(const S* x, std::size_t n) {
    S sum = 0;
    for (std::size_t i = 0; i < n; i += 2) {
      const S a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
      sum += 100 * a * a + b * b;
    }
    return sum;
  }
  // df/dx = -400 x (y - x^2) - 2 (1 - x),  df/dy = 200 (y - x^2)
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    for (std::size_t i = 0; i < n; i += 2) {
      const S a = x[i + 1] - x[i] * x[i];
      g[i] = -400 * x[i] * a - 2 * (1 - x[i]);
      g[i + 1] = 200 * a;
    }
  }
};

}  // namespace

TUNER_LIBRARY("rosenbrock", "1.0.0", "MIT", tuner::objective<tuner::objectives::Analytic<Rosenbrock>>)
