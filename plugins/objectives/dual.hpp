// Dual numbers: a value and its derivative along one direction, carried through the same formula. Exact derivatives
// (to rounding) without a second formula that could be wrong; Dual<Dual<double>> gives second derivatives.
#pragma once

#include <cmath>

namespace tuner::objectives {

// a + b e with e * e = 0. T is double or again a Dual.
template <class T>
struct Dual {
  T value{};
  T slope{};

  Dual() = default;
  Dual(double constant) : value(constant), slope(0.0) {}  // implicit: constants in formulas
  Dual(T v, T s) : value(v), slope(s) {}

  friend Dual operator-(const Dual& a) { return {-a.value, -a.slope}; }
  friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    const T quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
  }
  Dual& operator+=(const Dual& b) { return *this = *this + b; }
  Dual& operator-=(const Dual& b) { return *this = *this - b; }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
};

// The number itself, for branches in a formula.
inline double value_of(double x) { return x; }
template <class T>
double value_of(const Dual<T>& x) {
  return value_of(x.value);
}

// Elementary functions, found beside the std ones by overload: formulas say `using std::sin;` and call sin(x).
template <class T>
Dual<T> sin(const Dual<T>& x) {
  using std::cos, std::sin;
  return {sin(x.value), cos(x.value) * x.slope};
}
template <class T>
Dual<T> cos(const Dual<T>& x) {
  using std::cos, std::sin;
  return {cos(x.value), -sin(x.value) * x.slope};
}
template <class T>
Dual<T> exp(const Dual<T>& x) {
  using std::exp;
  const T e = exp(x.value);
  return {e, e * x.slope};
}
template <class T>
Dual<T> sqrt(const Dual<T>& x) {
  using std::sqrt;
  const T root = sqrt(x.value);
  return {root, x.slope / (T(2.0) * root)};
}
template <class T>
Dual<T> abs(const Dual<T>& x) {
  return value_of(x) < 0 ? -x : x;
}
template <class T>
Dual<T> log(const Dual<T>& x) {
  using std::log;
  return {log(x.value), x.slope / x.value};
}
template <class T>
Dual<T> atan2(const Dual<T>& y, const Dual<T>& x) {
  using std::atan2;
  return {atan2(y.value, x.value), (x.value * y.slope - y.value * x.slope) / (x.value * x.value + y.value * y.value)};
}

}  // namespace tuner::objectives
