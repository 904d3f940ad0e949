#include "analytic.hpp"

namespace {

struct Beale {
  static constexpr tuner::Info info{.id = "beale",
                                    .name = "Beale's function",
                                    .doc = "plateaus, a sharp corner and one minimum; two dimensions",
                                    .details =
                                        "f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2\n"
                                        "Default start (1, 1), where f = 14.203125; minimum 0 at (3, 0.5).",
                                    .reference = "Beale 1958; More, Garbow, Hillstrom 1981 (TOMS 7), problem 5"};
  static constexpr std::size_t kDimension = 2;
  static constexpr const char* kStart = "[1, 1]";
  static constexpr double minimisers[] = {3, 0.5};
  static constexpr double low[] = {-4.5, -4.5}, high[] = {4.5, 4.5};
  static constexpr tuner::Known known{
      .minimum = 0, .minimisers = minimisers, .dimension = 2, .domain_min = low, .domain_max = high};

  template <class S>
  static S value(const S* p, std::size_t) {
    const S x = p[0], y = p[1];
    const S a = 1.5 - x + x * y, b = 2.25 - x + x * y * y, c = 2.625 - x + x * y * y * y;
    return a * a + b * b + c * c;
  }
  template <class S>
  static void gradient(const S* p, std::size_t, S* g) {
    const S x = p[0], y = p[1], y2 = y * y, y3 = y2 * y;
    const S a = 1.5 - x + x * y, b = 2.25 - x + x * y2, c = 2.625 - x + x * y3;
    g[0] = 2 * (a * (y - 1) + b * (y2 - 1) + c * (y3 - 1));
    g[1] = 2 * x * (a + 2 * b * y + 3 * c * y2);
  }
};

}  // namespace

TUNER_LIBRARY("beale", "1.0.0", "MIT", tuner::objective<tuner::objectives::Analytic<Beale>>)
