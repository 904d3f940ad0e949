// A family of classic test functions. Formulas, starts and minima of the ensmallen problem set and of More, Garbow,
// Hillstrom 1981; gradients come from the formulas by dual numbers (analytic.hpp).
#include "analytic.hpp"

namespace {

using std::abs, std::cos, std::exp, std::sin, std::sqrt;
using tuner::Known;
using tuner::objectives::Analytic;
using tuner::objectives::value_of;

constexpr double kPi = 3.14159265358979323846;
constexpr const char* kReference = "classic; formula and start as in ensmallen's problem set (Curtin et al. 2021)";

template <class S>
S square(const S& x) {
  return x * x;
}

struct Sphere {
  static constexpr tuner::Info info{.id = "sphere",
                                    .name = "Sphere",
                                    .doc = "sum of squares, any dimension: the easiest function there is",
                                    .details = "f(x) = sum x_i^2, default start (1, ..., 1), minimum 0 at the origin",
                                    .reference = kReference};
  static constexpr std::size_t kDimension = 0;
  static constexpr double minimisers[] = {0, 0}, low[] = {-5, -5}, high[] = {5, 5};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  static double start(std::size_t) { return 1; }
  template <class S>
  static S value(const S* x, std::size_t n) {
    S sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += x[i] * x[i];
    return sum;
  }
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    for (std::size_t i = 0; i < n; ++i) g[i] = 2 * x[i];
  }
};

struct Rastrigin {
  static constexpr tuner::Info info{
      .id = "rastrigin",
      .name = "Rastrigin's function",
      .doc = "a bowl with a regular grid of local minima, any dimension",
      .details = "f(x) = 10 n + sum x_i^2 - 10 cos(2 pi x_i), default start (1.5, ..., 1.5), minimum 0 at the origin",
      .reference = kReference};
  static constexpr std::size_t kDimension = 0;
  static constexpr double minimisers[] = {0, 0}, low[] = {-5.12, -5.12}, high[] = {5.12, 5.12};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  static double start(std::size_t) { return 1.5; }
  template <class S>
  static S value(const S* x, std::size_t n) {
    S sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += x[i] * x[i] + 10 * (1 - cos(2 * kPi * x[i]));
    return sum;
  }
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    for (std::size_t i = 0; i < n; ++i) g[i] = 2 * x[i] + 20 * kPi * sin(2 * kPi * x[i]);
  }
};

struct StyblinskiTang {
  static constexpr tuner::Info info{.id = "styblinski_tang",
                                    .name = "Styblinski and Tang's function",
                                    .doc = "separable quartics, 2^n minima of which one is least, any dimension",
                                    .details =
                                        "f(x) = 0.5 sum x_i^4 - 16 x_i^2 + 5 x_i, default start (0, ..., 0),\n"
                                        "minimum -39.16616570377141 per dimension at -2.903534027771177",
                                    .reference = kReference};
  static constexpr std::size_t kDimension = 0;
  static constexpr double minimisers[] = {-2.903534027771177, -2.903534027771177}, low[] = {-5, -5}, high[] = {5, 5};
  static constexpr Known known{
      .minimum = -78.33233140754282, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  static double start(std::size_t) { return 0; }
  template <class S>
  static S value(const S* x, std::size_t n) {
    S sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += 0.5 * x[i] * (x[i] * (x[i] * x[i] - 16) + 5);
    return sum;
  }
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    for (std::size_t i = 0; i < n; ++i) g[i] = 2 * x[i] * x[i] * x[i] - 16 * x[i] + 2.5;
  }
};

struct Saddle {
  static constexpr tuner::Info info{.id = "saddle",
                                    .name = "Saddle",
                                    .doc = "x^2 - y^2: no minimum; how fast is the saddle left?",
                                    .details = "f(x, y) = x^2 - y^2, default start (1, 0.001), unbounded below",
                                    .reference = "textbook"};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[1, 0.001]";
  template <class S>
  static S value(const S* p, std::size_t) {
    return p[0] * p[0] - p[1] * p[1];
  }
};

struct Booth {
  static constexpr tuner::Info info{.id = "booth",
                                    .name = "Booth's function",
                                    .doc = "a convex quadratic with turned axes",
                                    .details = "f(x, y) = (x + 2 y - 7)^2 + (2 x + y - 5)^2, minimum 0 at (1, 3)",
                                    .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[-9, -9]";
  static constexpr double minimisers[] = {1, 3}, low[] = {-10, -10}, high[] = {10, 10};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    return square(p[0] + 2 * p[1] - 7) + square(2 * p[0] + p[1] - 5);
  }
};

struct Matyas {
  static constexpr tuner::Info info{.id = "matyas",
                                    .name = "Matyas's function",
                                    .doc = "a flat quadratic valley along x = y",
                                    .details = "f(x, y) = 0.26 (x^2 + y^2) - 0.48 x y, minimum 0 at the origin",
                                    .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[-3, 3]";
  static constexpr double minimisers[] = {0, 0}, low[] = {-10, -10}, high[] = {10, 10};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    return 0.26 * (p[0] * p[0] + p[1] * p[1]) - 0.48 * p[0] * p[1];
  }
};

struct ThreeHumpCamel {
  static constexpr tuner::Info info{
      .id = "three_hump_camel",
      .name = "Three-hump camel",
      .doc = "three minima, the middle one least",
      .details = "f(x, y) = 2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2, minimum 0 at the origin",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[1, 1]";
  static constexpr double minimisers[] = {0, 0}, low[] = {-5, -5}, high[] = {5, 5};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    const S x2 = p[0] * p[0];
    return 2 * x2 - 1.05 * x2 * x2 + x2 * x2 * x2 / 6 + p[0] * p[1] + p[1] * p[1];
  }
};

struct GoldsteinPrice {
  static constexpr tuner::Info info{
      .id = "goldstein_price",
      .name = "Goldstein and Price's function",
      .doc = "values over six decades, four minima",
      .details =
          "f = [1 + (x + y + 1)^2 (19 - 14 x + 3 x^2 - 14 y + 6 x y + 3 y^2)]\n"
          "    [30 + (2 x - 3 y)^2 (18 - 32 x + 12 x^2 + 48 y - 36 x y + 27 y^2)], minimum 3 at (0, -1)",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[0.2, -0.5]";
  static constexpr double minimisers[] = {0, -1}, low[] = {-2, -2}, high[] = {2, 2};
  static constexpr Known known{
      .minimum = 3, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    const S x = p[0], y = p[1];
    return (1 + square(x + y + 1) * (19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y)) *
           (30 + square(2 * x - 3 * y) * (18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y));
  }
};

struct Easom {
  static constexpr tuner::Info info{
      .id = "easom",
      .name = "Easom's function",
      .doc = "one narrow well in a plain without slope",
      .details = "f(x, y) = -cos x cos y exp(-(x - pi)^2 - (y - pi)^2), minimum -1 at (pi, pi)",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[2.9, 2.9]";
  static constexpr double minimisers[] = {kPi, kPi}, low[] = {-100, -100}, high[] = {100, 100};
  static constexpr Known known{
      .minimum = -1, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    return -cos(p[0]) * cos(p[1]) * exp(-square(p[0] - kPi) - square(p[1] - kPi));
  }
};

struct LevyN13 {
  static constexpr tuner::Info info{
      .id = "levy13",
      .name = "Levy's function no. 13",
      .doc = "a bowl under two sine waves",
      .details =
          "f(x, y) = sin^2(3 pi x) + (x - 1)^2 (1 + sin^2(3 pi y)) + (y - 1)^2 (1 + sin^2(2 pi y)),\n"
          "minimum 0 at (1, 1)",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[0.9, 1.1]";
  static constexpr double minimisers[] = {1, 1}, low[] = {-10, -10}, high[] = {10, 10};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    const S x = p[0], y = p[1];
    return square(sin(3 * kPi * x)) + square(x - 1) * (1 + square(sin(3 * kPi * y))) +
           square(y - 1) * (1 + square(sin(2 * kPi * y)));
  }
};

struct McCormick {
  static constexpr tuner::Info info{
      .id = "mccormick",
      .name = "McCormick's function",
      .doc = "a valley on a slope; the minimum given is that of the domain, there are lower ones outside",
      .details =
          "f(x, y) = sin(x + y) + (x - y)^2 - 1.5 x + 2.5 y + 1, minimum -1.9132229549810362 at\n"
          "(1/2 - pi/3, -1/2 - pi/3)",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[-2, 4]";
  static constexpr double minimisers[] = {0.5 - kPi / 3, -0.5 - kPi / 3}, low[] = {-1.5, -3}, high[] = {4, 4};
  static constexpr Known known{
      .minimum = -1.9132229549810362, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    return sin(p[0] + p[1]) + square(p[0] - p[1]) - 1.5 * p[0] + 2.5 * p[1] + 1;
  }
};

struct Colville {
  static constexpr tuner::Info info{
      .id = "colville",
      .name = "Colville's function",
      .doc = "two coupled valleys; the function that More, Garbow and Hillstrom call wood",
      .details =
          "f = 100 (x1^2 - x2)^2 + (x1 - 1)^2 + (x3 - 1)^2 + 90 (x3^2 - x4)^2 + 10.1 ((x2 - 1)^2 + (x4 - 1)^2)\n"
          "    + 19.8 (x2 - 1) (x4 - 1), minimum 0 at (1, 1, 1, 1)",
      .reference = "Colville 1968"};
  static constexpr std::size_t kDimension = 4;
  static constexpr const char* kStart = "[-3, -1, -3, -1]";
  static constexpr double minimisers[] = {1, 1, 1, 1};
  static constexpr double low[] = {-10, -10, -10, -10};
  static constexpr double high[] = {10, 10, 10, 10};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 4, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* x, std::size_t) {
    return 100 * square(x[0] * x[0] - x[1]) + square(x[0] - 1) + square(x[2] - 1) + 90 * square(x[2] * x[2] - x[3]) +
           10.1 * (square(x[1] - 1) + square(x[3] - 1)) + 19.8 * (x[1] - 1) * (x[3] - 1);
  }
};

struct Ackley {
  static constexpr tuner::Info info{
      .id = "ackley",
      .name = "Ackley's function",
      .doc = "a plain full of local minima around one deep funnel, any dimension",
      .details =
          "f(x) = -20 exp(-0.2 sqrt(mean of x_i^2)) - exp(mean of cos 2 pi x_i) + 20 + e\n"
          "Default start (-5, 5, -5, ...), minimum 0 at the origin, a cusp: the gradient there is given as 0.",
      .reference = "Ackley 1987; Back, Schwefel 1993"};
  static constexpr std::size_t kDimension = 0;
  static constexpr double kEuler = 2.71828182845904523536;
  static constexpr double minimisers[] = {0, 0};
  static constexpr double low[] = {-32, -32};
  static constexpr double high[] = {32, 32};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  static double start(std::size_t i) { return i % 2 == 0 ? -5 : 5; }

  template <class S>
  struct Means {
    S square = 0;
    S cosine = 0;
    Means(const S* x, std::size_t n) {
      const double weight = 1 / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) square += weight * x[i] * x[i];
      for (std::size_t i = 0; i < n; ++i) cosine += weight * cos(2 * kPi * x[i]);
    }
  };
  template <class S>
  static S value(const S* x, std::size_t n) {
    const Means<S> mean(x, n);
    return 20 * (1 - exp(-0.2 * sqrt(mean.square))) + (kEuler - exp(mean.cosine));
  }
  // df/dx_i = (4 exp(-0.2 r) x_i / r + 2 pi exp(c) sin(2 pi x_i)) / n,  r and c: root and mean of value()
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    const Means<S> mean(x, n);
    const double weight = 1 / static_cast<double>(n);
    S pull = 0;
    if (value_of(mean.square) != 0) {
      const S radius = sqrt(mean.square);
      pull = 4 * exp(-0.2 * radius) / radius;
    }
    const S ripple = 2 * kPi * exp(mean.cosine);
    for (std::size_t i = 0; i < n; ++i) g[i] = weight * (pull * x[i] + ripple * sin(2 * kPi * x[i]));
  }
};

struct Schwefel {
  static constexpr tuner::Info info{
      .id = "schwefel",
      .name = "Schwefel's function",
      .doc = "the best minimum is far from the second best, any dimension; the minimum given is that of the domain",
      .details =
          "f(x) = 418.9828872724337 n - sum x_i sin(sqrt |x_i|), default start (300, ..., 300),\n"
          "minimum 0 at (420.968746359982, ...) in [-500, 500]; lower ones outside",
      .reference = "Schwefel 1981"};
  static constexpr std::size_t kDimension = 0;
  static constexpr double kBest = 420.96874635998203;
  static constexpr double minimisers[] = {kBest, kBest};
  static constexpr double low[] = {-500, -500};
  static constexpr double high[] = {500, 500};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  static double start(std::size_t) { return 300; }

  template <class S>
  static S value(const S* x, std::size_t n) {
    S sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += 418.98288727243371 - x[i] * sin(sqrt(abs(x[i])));
    return sum;
  }
  // df/dx_i = -sin r - r cos(r) / 2 with r = sqrt |x_i|, for either sign of x_i
  template <class S>
  static void gradient(const S* x, std::size_t n, S* g) {
    for (std::size_t i = 0; i < n; ++i) {
      const S root = sqrt(abs(x[i]));
      g[i] = -sin(root) - root * cos(root) / 2;
    }
  }
};

struct DropWave {
  static constexpr tuner::Info info{.id = "drop_wave",
                                    .name = "Drop-wave",
                                    .doc = "rings of local minima around the one at the origin; two dimensions",
                                    .details =
                                        "f = -(1 + cos(12 r)) / (r^2 / 2 + 2),  r = sqrt(x^2 + y^2)\n"
                                        "Default start (1, 1), minimum -1 at the origin.",
                                    .reference = "Molga, Smutnicki 2005"};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[1, 1]";
  static constexpr double minimisers[] = {0, 0};
  static constexpr double low[] = {-5.12, -5.12};
  static constexpr double high[] = {5.12, 5.12};
  static constexpr Known known{
      .minimum = -1, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};

  template <class S>
  static S value(const S* p, std::size_t) {
    const S square = p[0] * p[0] + p[1] * p[1];
    return -(1 + cos(12 * sqrt(square))) / (square / 2 + 2);
  }
  // df/dx = x (12 (sin(12 r) / r) + (1 + cos(12 r)) / d) / d,  d = r^2 / 2 + 2;  sin(12 r) / r is 12 at r = 0
  template <class S>
  static void gradient(const S* p, std::size_t, S* g) {
    const S square = p[0] * p[0] + p[1] * p[1];
    const S bottom = square / 2 + 2;
    S wave = 12;
    S top = 2;
    if (value_of(square) != 0) {
      const S radius = sqrt(square);
      wave = sin(12 * radius) / radius;
      top = 1 + cos(12 * radius);
    }
    const S factor = (12 * wave + top / bottom) / bottom;
    g[0] = factor * p[0];
    g[1] = factor * p[1];
  }
};

struct Eggholder {
  static constexpr tuner::Info info{
      .id = "eggholder",
      .name = "Eggholder",
      .doc = "many deep valleys; the minimum given is that of the domain, at its edge, and lower ones are outside",
      .details =
          "f(x, y) = -(y + 47) sin(sqrt |y + x / 2 + 47|) - x sin(sqrt |x - (y + 47)|)\n"
          "Default start (-333, -333), minimum -959.6406627208508 at (512, 404.2318051137578) in [-512, 512].",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[-333, -333]";
  static constexpr double minimisers[] = {512, 404.23180511375781};
  static constexpr double low[] = {-512, -512};
  static constexpr double high[] = {512, 512};
  static constexpr Known known{
      .minimum = -959.64066272085080, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    const S shifted = p[1] + 47;
    return -shifted * sin(sqrt(abs(shifted + p[0] / 2))) - p[0] * sin(sqrt(abs(p[0] - shifted)));
  }
};

struct Bukin6 {
  static constexpr tuner::Info info{
      .id = "bukin6",
      .name = "Bukin's function no. 6",
      .doc = "a curved ridge of kinks, where no gradient is of use; two dimensions",
      .details =
          "f(x, y) = 100 sqrt |y - x^2 / 100| + |x + 10| / 100\n"
          "Default start (-6, 2), minimum 0 at (-10, 1). On the ridge the gradient is not finite.",
      .reference = kReference};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[-6, 2]";
  static constexpr double minimisers[] = {-10, 1};
  static constexpr double low[] = {-15, -3};
  static constexpr double high[] = {-5, 3};
  static constexpr Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};
  template <class S>
  static S value(const S* p, std::size_t) {
    return 100 * sqrt(abs(p[1] - p[0] * p[0] / 100)) + abs(p[0] + 10) / 100;
  }
};

}  // namespace

TUNER_LIBRARY("test_functions", "1.0.0", "MIT", tuner::objective<Analytic<Sphere>>,
              tuner::objective<Analytic<Rastrigin>>, tuner::objective<Analytic<StyblinskiTang>>,
              tuner::objective<Analytic<Saddle>>, tuner::objective<Analytic<Booth>>, tuner::objective<Analytic<Matyas>>,
              tuner::objective<Analytic<ThreeHumpCamel>>, tuner::objective<Analytic<GoldsteinPrice>>,
              tuner::objective<Analytic<Easom>>, tuner::objective<Analytic<LevyN13>>,
              tuner::objective<Analytic<McCormick>>, tuner::objective<Analytic<Colville>>,
              tuner::objective<Analytic<Ackley>>, tuner::objective<Analytic<Schwefel>>,
              tuner::objective<Analytic<DropWave>>, tuner::objective<Analytic<Eggholder>>,
              tuner::objective<Analytic<Bukin6>>)
