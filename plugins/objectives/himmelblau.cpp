#include "analytic.hpp"

namespace {

struct Himmelblau {
  static constexpr tuner::Info info{
      .id = "himmelblau",
      .name = "Himmelblau's function",
      .doc = "four equal minima and a maximum between them; two dimensions",
      .details =
          "f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2\n"
          "Default start (5, -5), where f = 610; minimum 0 at (3, 2) and three more points.",
      .reference = "Himmelblau 1972, Applied Nonlinear Programming; start as in ensmallen's problem set"};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[5, -5]";
  // Roots of x^2 + y = 11, x + y^2 = 7, to the last digit of a double.
  static constexpr double minimisers[] = {3,
                                          2,
                                          -2.805118086952745,
                                          3.131312518250573,
                                          -3.779310253377747,
                                          -3.283185991286170,
                                          3.584428340330492,
                                          -1.848126526964404};
  static constexpr double low[] = {-5, -5}, high[] = {5, 5};
  static constexpr tuner::Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};

  template <class S>
  static S value(const S* p, std::size_t) {
    const S a = p[0] * p[0] + p[1] - 11, b = p[0] + p[1] * p[1] - 7;
    return a * a + b * b;
  }
  template <class S>
  static void gradient(const S* p, std::size_t, S* g) {
    const S a = p[0] * p[0] + p[1] - 11, b = p[0] + p[1] * p[1] - 7;
    g[0] = 4 * p[0] * a + 2 * b;
    g[1] = 2 * a + 4 * p[1] * b;
  }
};

}  // namespace

TUNER_LIBRARY("himmelblau", "1.0.0", "MIT", tuner::objective<tuner::objectives::Analytic<Himmelblau>>)
