// Problems of More, Garbow, Hillstrom 1981 (ACM TOMS 7, pages 17-41) that fit a curve of a few parameters: to numbers
// that were measured, or to those of a known curve. See least_squares.hpp for what a problem is.
#pragma once

#include <cstdlib>

#include "least_squares.hpp"

namespace tuner::objectives::mgh {

using std::cos, std::exp, std::log, std::sin;

struct JennrichSampson {
  static constexpr Info info{.id = "jennrich_sampson",
                             .name = "Jennrich and Sampson's function",
                             .doc = "two exponentials that are one at the minimum; two dimensions",
                             .details =
                                 "f_i = 2 + 2 i - (exp(i x) + exp(i y)), i = 1 ... residuals;  f = sum f_i^2\n"
                                 "Default start (0.3, 0.4); minimum 124.362 at x = y = 0.257825.",
                             .reference = "Jennrich, Sampson 1968; More, Garbow, Hillstrom 1981 (TOMS 7), problem 6"};
  static constexpr std::size_t kDimension = 2;
  static constexpr Param params[] = {starting_point("[0.3, 0.4]"), kDtype64, residual_count(10, 2, 1e4)};
  static constexpr double minimisers[] = {0.2578252136703641, 0.2578252136703641};
  static constexpr Known known{.minimum = 124.36218235561485, .minimisers = minimisers, .dimension = 2};

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 1; i <= size.m; ++i) {
      const auto k = static_cast<double>(i);
      const S first = exp(k * x[0]);
      const S second = exp(k * x[1]);
      sum.residual(2 + 2 * k - (first + second));
      sum.slope(0, -k * first);
      sum.slope(1, -k * second);
    }
  }
};

struct Bard {
  static constexpr Info info{
      .id = "bard",
      .name = "Bard's function",
      .doc = "a rational curve through 15 measured numbers; three dimensions",
      .details =
          "f_i = y_i - (x1 + u / (v x2 + w x3)),  u = i, v = 16 - i, w = min(u, v);  f = sum f_i^2\n"
          "Default start (1, 1, 1); minimum 8.21488e-3, and 17.4286 is approached as x2 and x3 go to -infinity.",
      .reference = "Bard 1970; More, Garbow, Hillstrom 1981 (TOMS 7), problem 8"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[1, 1, 1]"), kDtype64};
  static constexpr double minimisers[] = {0.08241055974978899, 1.1330360920297224, 2.3436951786425366};
  static constexpr Known known{.minimum = 0.00821487730657898, .minimisers = minimisers, .dimension = 3};
  static constexpr double kData[] = {.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.10, 4.39};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 0; i < 15; ++i) {
      const double u = i + 1;
      const double v = 15 - i;
      const double w = std::min(u, v);
      const S bottom = v * x[1] + w * x[2];
      const S slope = u / (bottom * bottom);
      sum.residual(kData[i] - (x[0] + u / bottom));
      sum.slope(0, -1);
      sum.slope(1, v * slope);
      sum.slope(2, w * slope);
    }
  }
};

struct Gaussian {
  static constexpr Info info{.id = "gaussian",
                             .name = "Gaussian function",
                             .doc = "a bell through 15 numbers, where f is tiny everywhere; three dimensions",
                             .details =
                                 "f_i = x1 exp(-x2 (t - x3)^2 / 2) - y_i,  t = (8 - i) / 2;  f = sum f_i^2\n"
                                 "Default start (0.4, 1, 0), where f = 3.89e-6; minimum 1.12793e-8.",
                             .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 9"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[0.4, 1, 0]"), kDtype64};
  static constexpr double minimisers[] = {0.39895613783875666, 1.0000190844878056, 0};
  static constexpr Known known{.minimum = 1.1279327696190113e-08, .minimisers = minimisers, .dimension = 3};
  // Of one half; the numbers are symmetric.
  static constexpr double kData[] = {.3989, .3521, .2420, .1295, .0540, .0175, .0044, .0009};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 1; i <= 15; ++i) {
      const S away = 0.5 * (8 - i) - x[2];
      const S bell = exp(-x[1] * away * away / 2);
      sum.residual(x[0] * bell - kData[std::abs(8 - i)]);
      sum.slope(0, bell);
      sum.slope(1, -x[0] * bell * away * away / 2);
      sum.slope(2, x[0] * x[1] * bell * away);
    }
  }
};

struct Meyer {
  static constexpr Info info{.id = "meyer",
                             .name = "Meyer's function",
                             .doc = "resistance of a thermistor: very badly scaled, hard for all; three dimensions",
                             .details =
                                 "f_i = x1 exp(x2 / (t + x3)) - y_i,  t = 45 + 5 i, i = 1 ... 16;  f = sum f_i^2\n"
                                 "Default start (0.02, 4000, 250), where f = 1.69361e9; minimum 87.9458.",
                             .reference = "Meyer 1970; More, Garbow, Hillstrom 1981 (TOMS 7), problem 10"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[0.02, 4000, 250]"), kDtype64};
  static constexpr double minimisers[] = {0.005609636471028053, 6181.346346286372, 345.2236346241365};
  static constexpr Known known{.minimum = 87.94585517085112, .minimisers = minimisers, .dimension = 3};
  static constexpr double kData[] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                                     8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 0; i < 16; ++i) {
      const S bottom = 50 + 5 * i + x[2];
      const S power = exp(x[1] / bottom);
      sum.residual(x[0] * power - kData[i]);
      sum.slope(0, power);
      sum.slope(1, x[0] * power / bottom);
      sum.slope(2, -x[0] * power * x[1] / (bottom * bottom));
    }
  }
};

struct Gulf {
  static constexpr Info info{
      .id = "gulf",
      .name = "Gulf research and development function",
      .doc = "an exponential of a power, flat far away; three dimensions",
      .details =
          "f_i = exp(-|y - x2|^x3 / x1) - t,  t = i / 100, y = 25 + (-50 log t)^(2/3), i = 1 ... residuals;\n"
          "f = sum f_i^2. Default start (5, 2.5, 0.15), where f = 12.1107; minimum 0 at (50, 25, 1.5).\n"
          "Variant: y - x2 where the paper prints y m i x2, as in the code of its authors (TOMS 566), from\n"
          "which the 99 residuals are, too. With 100 the last one has no second derivative at the minimum.",
      .reference = "Cox 1969; More, Garbow, Hillstrom 1981 (TOMS 7), problem 11"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[5, 2.5, 0.15]"), kDtype64, residual_count(99, 3, 100)};
  static constexpr double minimisers[] = {50, 25, 1.5};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 3};

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 1; i <= size.m; ++i) {
      const double t = static_cast<double>(i) / 100;
      const S signed_distance = 25 + std::cbrt(2500 * std::log(t) * std::log(t)) - x[1];
      const double side = value_of(signed_distance) < 0 ? -1 : 1;
      const S distance = side * signed_distance;
      if (value_of(distance) == 0) {  // log 0: the limit of all products below is 0
        sum.residual(1 - t);
        continue;
      }
      const S logarithm = log(distance);
      const S power = exp(x[2] * logarithm);
      const S curve = exp(-power / x[0]);
      const S slope = curve * power / x[0];
      sum.residual(curve - t);
      sum.slope(0, slope / x[0]);
      sum.slope(1, side * slope * x[2] / distance);
      sum.slope(2, -slope * logarithm);
    }
  }
};

struct Box3d {
  static constexpr Info info{
      .id = "box_3d",
      .name = "Box's three-dimensional function",
      .doc = "two exponentials with three parameters, several solutions; three dimensions",
      .details =
          "f_i = exp(-t x1) - exp(-t x2) - x3 (exp(-t) - exp(-10 t)),  t = i / 10, i = 1 ... residuals;\n"
          "f = sum f_i^2. Default start (0, 10, 20), where f = 1031.15; minimum 0 at (1, 10, 1), (10, 1, -1), and\n"
          "wherever x1 = x2 and x3 = 0.",
      .reference = "Box 1966; More, Garbow, Hillstrom 1981 (TOMS 7), problem 12"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[0, 10, 20]"), kDtype64, residual_count(10, 3, 1e4)};
  static constexpr double minimisers[] = {1, 10, 1, 10, 1, -1};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 3};

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 1; i <= size.m; ++i) {
      const double t = static_cast<double>(i) / 10;
      const double third = std::exp(-t) - std::exp(-10 * t);
      const S first = exp(-t * x[0]);
      const S second = exp(-t * x[1]);
      sum.residual(first - second - third * x[2]);
      sum.slope(0, -t * first);
      sum.slope(1, t * second);
      sum.slope(2, -third);
    }
  }
};

struct KowalikOsborne {
  static constexpr Info info{
      .id = "kowalik_osborne",
      .name = "Kowalik and Osborne's function",
      .doc = "a rational curve through 11 measured numbers; four dimensions",
      .details =
          "f_i = y_i - x1 (u^2 + u x2) / (u^2 + u x3 + x4);  f = sum f_i^2\n"
          "Default start (0.25, 0.39, 0.415, 0.39), where f = 5.31317e-3; minimum 3.07506e-4, and 1.02734e-3 is\n"
          "approached as x1 goes to infinity.",
      .reference = "Kowalik, Osborne 1968; More, Garbow, Hillstrom 1981 (TOMS 7), problem 15"};
  static constexpr std::size_t kDimension = 4;
  static constexpr Param params[] = {starting_point("[0.25, 0.39, 0.415, 0.39]"), kDtype64};
  static constexpr double minimisers[] = {0.1928069345790379, 0.19128232873436676, 0.12305650692632074,
                                          0.13606233068379475};
  static constexpr Known known{.minimum = 0.0003075056038492378, .minimisers = minimisers, .dimension = 4};
  static constexpr double kData[] = {.1957, .1947, .1735, .1600, .0844, .0627, .0456, .0342, .0323, .0235, .0246};
  static constexpr double kPlaces[] = {4, 2, 1, .5, .25, .167, .125, .1, .0833, .0714, .0625};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 0; i < 11; ++i) {
      const double u = kPlaces[i];
      const S top = u * u + u * x[1];
      const S bottom = u * u + u * x[2] + x[3];
      const S ratio = top / bottom;
      sum.residual(kData[i] - x[0] * ratio);
      sum.slope(0, -ratio);
      sum.slope(1, -x[0] * u / bottom);
      sum.slope(2, x[0] * ratio * u / bottom);
      sum.slope(3, x[0] * ratio / bottom);
    }
  }
};

struct BrownDennis {
  static constexpr Info info{
      .id = "brown_dennis",
      .name = "Brown and Dennis's function",
      .doc = "fourth powers of large residuals; four dimensions",
      .details =
          "f_i = (x1 + t x2 - exp(t))^2 + (x3 + x4 sin t - cos t)^2,  t = i / 5, i = 1 ... residuals;\n"
          "f = sum f_i^2. Default start (25, 5, -5, -1), where f = 7.92669e6; minimum 85822.2.",
      .reference = "Brown, Dennis 1971; More, Garbow, Hillstrom 1981 (TOMS 7), problem 16"};
  static constexpr std::size_t kDimension = 4;
  static constexpr Param params[] = {starting_point("[25, 5, -5, -1]"), kDtype64, residual_count(20, 4, 1e3)};
  static constexpr double minimisers[] = {-11.594439904762165, 13.203630051207204, -0.40343948817685954,
                                          0.2367787744557363};
  static constexpr Known known{.minimum = 85822.20162635634, .minimisers = minimisers, .dimension = 4};

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 1; i <= size.m; ++i) {
      const double t = static_cast<double>(i) / 5;
      const double sine = std::sin(t);
      const S line = x[0] + t * x[1] - std::exp(t);
      const S wave = x[2] + sine * x[3] - std::cos(t);
      sum.residual(line * line + wave * wave);
      sum.slope(0, 2 * line);
      sum.slope(1, 2 * t * line);
      sum.slope(2, 2 * wave);
      sum.slope(3, 2 * sine * wave);
    }
  }
};

struct Osborne1 {
  static constexpr Info info{.id = "osborne_1",
                             .name = "Osborne's function 1",
                             .doc = "two exponentials through 33 measured numbers; five dimensions",
                             .details =
                                 "f_i = y_i - (x1 + x2 exp(-t x4) + x3 exp(-t x5)),  t = 10 (i - 1);  f = sum f_i^2\n"
                                 "Default start (0.5, 1.5, -1, 0.01, 0.02), where f = 0.879026; minimum 5.46489e-5.",
                             .reference = "Osborne 1972; More, Garbow, Hillstrom 1981 (TOMS 7), problem 17"};
  static constexpr std::size_t kDimension = 5;
  static constexpr Param params[] = {starting_point("[0.5, 1.5, -1, 0.01, 0.02]"), kDtype64};
  static constexpr double minimisers[] = {0.37541005210695194, 1.9358469127123559, -1.4646871366134115,
                                          0.012867534640057266, 0.02212269966167266};
  static constexpr Known known{.minimum = 5.464894697482912e-05, .minimisers = minimisers, .dimension = 5};
  static constexpr double kData[] = {.844, .908, .932, .936, .925, .908, .881, .850, .818, .784, .751,
                                     .718, .685, .658, .628, .603, .580, .558, .538, .522, .506, .490,
                                     .478, .467, .457, .448, .438, .431, .424, .420, .414, .411, .406};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 0; i < 33; ++i) {
      const double t = 10 * i;
      const S first = exp(-t * x[3]);
      const S second = exp(-t * x[4]);
      sum.residual(kData[i] - (x[0] + x[1] * first + x[2] * second));
      sum.slope(0, -1);
      sum.slope(1, -first);
      sum.slope(2, -second);
      sum.slope(3, t * x[1] * first);
      sum.slope(4, t * x[2] * second);
    }
  }
};

struct BiggsExp6 {
  static constexpr Info info{
      .id = "biggs_exp6",
      .name = "Biggs's exponential function",
      .doc = "three exponentials with six parameters; six dimensions",
      .details =
          "f_i = x3 exp(-t x1) - x4 exp(-t x2) + x6 exp(-t x5) - y_i,  t = i / 10, i = 1 ... residuals,\n"
          "y_i = exp(-t) - 5 exp(-10 t) + 3 exp(-4 t);  f = sum f_i^2. Default start (1, 2, 1, 1, 1, 1), where\n"
          "f = 0.779070; minimum 0 at (1, 10, 1, 5, 4, 3), local one 5.65565e-3.",
      .reference = "Biggs 1971; More, Garbow, Hillstrom 1981 (TOMS 7), problem 18"};
  static constexpr std::size_t kDimension = 6;
  static constexpr Param params[] = {starting_point("[1, 2, 1, 1, 1, 1]"), kDtype64, residual_count(13, 6, 1e4)};
  static constexpr double minimisers[] = {1, 10, 1, 5, 4, 3};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 6};

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 1; i <= size.m; ++i) {
      const double t = static_cast<double>(i) / 10;
      const S first = exp(-t * x[0]);
      const S second = exp(-t * x[1]);
      const S third = exp(-t * x[4]);
      const double y = std::exp(-t) - 5 * std::exp(-10 * t) + 3 * std::exp(-4 * t);
      sum.residual(x[2] * first - x[3] * second + x[5] * third - y);
      sum.slope(0, -t * x[2] * first);
      sum.slope(1, t * x[3] * second);
      sum.slope(2, first);
      sum.slope(3, -second);
      sum.slope(4, -t * x[5] * third);
      sum.slope(5, third);
    }
  }
};

struct Osborne2 {
  static constexpr Info info{
      .id = "osborne_2",
      .name = "Osborne's function 2",
      .doc = "an exponential and three bells through 65 measured numbers; eleven dimensions",
      .details =
          "f_i = y_i - (x1 exp(-t x5) + x2 exp(-(t - x9)^2 x6) + x3 exp(-(t - x10)^2 x7) + x4 exp(-(t - x11)^2 x8)),\n"
          "t = (i - 1) / 10;  f = sum f_i^2. Default start (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), where\n"
          "f = 2.09342; minimum 0.0401377.",
      .reference = "Osborne 1972; More, Garbow, Hillstrom 1981 (TOMS 7), problem 19"};
  static constexpr std::size_t kDimension = 11;
  static constexpr Param params[] = {starting_point("[1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5]"), kDtype64};
  static constexpr double minimisers[] = {1.3099771546273007, 0.431553794602989,  0.633661698960724,
                                          0.5994305347859163, 0.7541832263280115, 0.9042885798596334,
                                          1.3658118352370285, 4.8236988172271555, 2.3986848661317546,
                                          4.568874597667672,  5.6753414705806415};
  static constexpr Known known{.minimum = 0.04013773629354774, .minimisers = minimisers, .dimension = 11};
  static constexpr double kData[] = {1.366, 1.191, 1.112, 1.013, .991, .885, .831, .847, .786, .725, .746, .679, .608,
                                     .655,  .616,  .606,  .602,  .626, .651, .724, .649, .649, .694, .644, .624, .661,
                                     .612,  .558,  .533,  .495,  .500, .423, .395, .375, .372, .391, .396, .405, .428,
                                     .429,  .523,  .562,  .607,  .653, .672, .708, .633, .668, .645, .632, .591, .559,
                                     .597,  .625,  .739,  .710,  .729, .720, .636, .581, .428, .292, .162, .098, .054};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    for (int i = 0; i < 65; ++i) {
      const double t = 0.1 * i;
      const S decay = exp(-t * x[4]);
      S away[3];
      S bell[3];
      S model = x[0] * decay;
      for (std::size_t k = 0; k < 3; ++k) {
        away[k] = t - x[8 + k];
        bell[k] = exp(-away[k] * away[k] * x[5 + k]);
        model += x[1 + k] * bell[k];
      }
      sum.residual(kData[i] - model);
      sum.slope(0, -decay);
      sum.slope(4, t * x[0] * decay);
      for (std::size_t k = 0; k < 3; ++k) {
        sum.slope(1 + k, -bell[k]);
        sum.slope(5 + k, x[1 + k] * bell[k] * away[k] * away[k]);
        sum.slope(8 + k, -2 * x[1 + k] * bell[k] * away[k] * x[5 + k]);
      }
    }
  }
};

}  // namespace tuner::objectives::mgh
