#include "tuner/check/derivatives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <set>

#include "tuner/check/objective_rig.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

constexpr std::size_t kMostCoordinates = 400, kMostNamed = 3;
constexpr int kAttempts = 3;
constexpr double kEpsilon32 = 1.2e-7, kEpsilon64 = 2.3e-16;

// An evaluation that must succeed for a comparison to mean anything; its own check is objectives.evaluates.
void require(std::int32_t status, const ObjectiveRig& rig) {
  if (status != TUNER_OK)
    throw Error(Message::plugin_data, fmt::format("it answers {} near its starting point: {}", status, rig.error()),
                "evaluate for every finite parameter; a loss that is not finite is a result");
}

// The starting point, moved a little at random: a start at zeros, or in the middle of a symmetry, hides mistakes.
Vector point_near_start(ObjectiveRig& rig, std::mt19937_64& random) {
  require(rig.init(), rig);
  std::uniform_real_distribution<double> move(-0.1, 0.1);
  for (std::size_t i = 0; i < rig.size(); ++i) rig.set(i, rig.get(i) * (1 + move(random)) + move(random));
  return rig.parameters();
}

// All coordinates of a small objective; of a large one the first and last of every tensor and as many more at random.
std::vector<std::size_t> coordinates(const ObjectiveRig& rig, std::mt19937_64& random) {
  std::set<std::size_t> chosen;
  const auto begins = rig.tensor_begins();
  for (std::size_t b = 0; b < begins.size(); ++b) {
    chosen.insert(begins[b]);
    chosen.insert((b + 1 < begins.size() ? begins[b + 1] : rig.size()) - 1);
  }
  const std::size_t wanted = std::min(rig.size(), std::max(kMostCoordinates, chosen.size()));
  if (wanted == rig.size())
    for (std::size_t i = 0; i < rig.size(); ++i) chosen.insert(i);
  while (chosen.size() < wanted) chosen.insert(random() % rig.size());
  return {chosen.begin(), chosen.end()};
}

struct Slope {
  double value, tolerance;
};

// (f(x + h) - f(x - h)) / 2h with the step that was really taken after rounding. The tolerance is that of rounding.
Slope central_difference(ObjectiveRig& rig, std::size_t i, double h) {
  const double x = rig.get(i);
  double above = 0, below = 0;
  rig.set(i, x + h);
  const double right = rig.get(i);
  require(rig.loss(above), rig);
  rig.set(i, x - h);
  const double left = rig.get(i);
  require(rig.loss(below), rig);
  rig.set(i, x);
  const double epsilon = rig.is_f32(i) ? kEpsilon32 : kEpsilon64;
  return {(above - below) / (right - left), 20 * epsilon * (std::abs(above) + std::abs(below)) / (right - left)};
}

// The steps to try: one that is right for smooth functions, larger ones where rounding is coarse, smaller ones where a
// kink or a well is near. A right gradient agrees with one of them, a wrong one with none.
std::array<double, 3> steps(const ObjectiveRig& rig, std::size_t i) {
  const double scale = std::max(1.0, std::abs(rig.get(i)));
  return rig.is_f32(i) ? std::array{1e-2 * scale, 1e-3 * scale, 1e-1 * scale}
                       : std::array{1e-5 * scale, 1e-4 * scale, 1e-6 * scale};
}

// The central difference that is nearest to `gradient`, where none of them agrees with it.
std::optional<double> disagreeing_slope(ObjectiveRig& rig, std::size_t i, double gradient) {
  const double relative = rig.is_f32(i) ? 5e-3 : 1e-5;
  double best = 0, least = std::numeric_limits<double>::infinity();
  for (const double h : steps(rig, i)) {
    const Slope slope = central_difference(rig, i, h);
    const double error = std::abs(slope.value - gradient);
    if (error <= relative * std::max(std::abs(slope.value), std::abs(gradient)) + slope.tolerance) return std::nullopt;
    if (error < least || std::isinf(least)) {
      least = error;
      best = slope.value;
    }
  }
  return best;
}

// A point next to the present one: a kink that lies within the steps at one is not there at the other.
void nudge(ObjectiveRig& rig, std::mt19937_64& random) {
  std::uniform_real_distribution<double> move(-1e-3, 1e-3);
  for (std::size_t i = 0; i < rig.size(); ++i)
    rig.set(i, rig.get(i) + move(random) * std::max(1.0, std::abs(rig.get(i))));
}

// Wrong is what disagrees at this point and at two next to it.
void compare_gradient(ObjectiveRig& rig, const std::vector<std::size_t>& places, std::mt19937_64& random,
                      Report& report) {
  std::vector<std::size_t> suspects = places;
  std::string text;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) nudge(rig, random);
    double loss = 0;
    require(rig.gradient(loss), rig);
    const Vector gradient = rig.gradients();
    std::vector<std::size_t> wrong;
    text.clear();
    for (const std::size_t i : suspects) {
      const auto slope = disagreeing_slope(rig, i, gradient[i]);
      if (!slope) continue;
      wrong.push_back(i);
      if (wrong.size() <= kMostNamed)
        text += fmt::format("{}{}: gradient {:.9g}, central difference {:.9g}", text.empty() ? "" : "; ", rig.place(i),
                            gradient[i], *slope);
    }
    if (wrong.empty()) return;
    suspects = std::move(wrong);
  }
  if (suspects.size() > kMostNamed) text += fmt::format("; and {} more", suspects.size() - kMostNamed);
  report.fail(fmt::format("the gradient is not the slope of the loss in {} of {} coordinates: {}", suspects.size(),
                          places.size(), text),
              "derive the formula again for the coordinates named; mind factors, signs and the mean over the batch");
}

// Gradients are written, not added to: what stands in the buffers before must not matter.
bool overwrites(ObjectiveRig& rig, const Vector& gradient, Report& report) {
  double loss = 0;
  rig.fill_gradients(1e3);
  require(rig.gradient(loss), rig);
  const Vector again = rig.gradients();
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (again[i] == gradient[i]) continue;
    report.fail(fmt::format("{}: the gradient is {:.9g} where its buffer held 0 before, and {:.9g} where it held 1000",
                            rig.place(i), gradient[i], again[i]),
                "overwrite every element of grad; do not add to it or leave it out");
    return false;
  }
  return true;
}

// The gradient in f32 at the same point, where the objective offers both types.
void compare_types(const Subject& subject, ObjectiveRig& rig, Report& report) {
  ObjectiveSource source(*subject.plugin, subject.given, "f32", subject.seed);
  ObjectiveRig other(source);
  if (other.size() != rig.size() || !other.is_f32(0) || rig.is_f32(0)) return;
  require(other.init(), other);
  other.set_parameters(rig.parameters());
  rig.set_parameters(other.parameters());  // the point that both can represent
  double loss = 0, loss32 = 0;
  require(rig.gradient(loss), rig);
  require(other.gradient(loss32), other);
  const Vector gradient = rig.gradients(), gradient32 = other.gradients();
  double norm = 0;
  for (const double g : gradient) norm = std::max(norm, std::abs(g));
  for (std::size_t i = 0; i < gradient.size(); ++i)
    if (!(std::abs(gradient[i] - gradient32[i]) <= 1e-3 * norm))
      return report.fail(fmt::format("{}: the gradient is {:.9g} with dtype f64 and {:.9g} with f32", rig.place(i),
                                     gradient[i], gradient32[i]),
                         "look for a constant or a branch that only one of the types has");
}

Vector sum(const Vector& x, double factor, const Vector& v) {
  Vector out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] + factor * v[i];
  return out;
}

Vector gradient_at(ObjectiveRig& rig, const Vector& x) {
  double loss = 0;
  rig.set_parameters(x);
  require(rig.gradient(loss), rig);
  return rig.gradients();
}

double largest(const Vector& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

// Where hvp() is not the difference of the gradients at any of the steps: the first such coordinate, in words.
std::string disagreeing_product(ObjectiveRig& rig, const Vector& v) {
  const Vector x = rig.parameters();
  Vector product;
  (void)gradient_at(rig, x);  // an objective may keep what hvp() needs of its latest evaluation
  if (const std::int32_t status = rig.hvp(v, product); status != TUNER_OK)
    return fmt::format("hvp() returned {}: {}", status, rig.error());
  const bool f32 = rig.is_f32(0);
  std::vector<bool> right(product.size(), false);
  Vector best(product.size(), 0), least(product.size(), std::numeric_limits<double>::infinity());
  for (const double scale : f32 ? std::array{1e-2, 1e-3, 1e-1} : std::array{1e-5, 1e-4, 1e-6}) {
    const double h = scale * std::max(1.0, largest(x)) / largest(v);
    const Vector above = gradient_at(rig, sum(x, h, v)), below = gradient_at(rig, sum(x, -h, v));
    const double rounding = 20 * (f32 ? kEpsilon32 : kEpsilon64) * (largest(above) + largest(below)) / (2 * h);
    const double size = largest(product);
    for (std::size_t i = 0; i < product.size(); ++i) {
      const double slope = (above[i] - below[i]) / (2 * h), error = std::abs(slope - product[i]);
      if (error < least[i]) {
        least[i] = error;
        best[i] = slope;
      }
      const double tolerance = (f32 ? 1e-2 : 1e-4) * std::abs(slope) + (f32 ? 1e-2 : 1e-6) * size + rounding;
      right[i] = right[i] || error <= tolerance;
    }
  }
  rig.set_parameters(x);
  const auto wrong = static_cast<std::size_t>(std::ranges::find(right, false) - right.begin());
  if (wrong == product.size()) return "";
  return fmt::format("{}: the product of Hessian and vector is {:.9g}, the difference of gradients {:.9g}",
                     rig.place(wrong), product[wrong], best[wrong]);
}

// A point at random: around a minimizer at any distance from 1e-5 to 10, or in the domain (10 around the start where
// none is declared).
Vector sample_of(const tuner_objective& objective, const Vector& start, bool near, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> normal;
  const std::size_t n = start.size();
  near = near && objective.n_minimisers > 0;
  const bool bounded = objective.domain_min != nullptr && objective.domain_max != nullptr && objective.dimension == n;
  const double radius = std::pow(10.0, -5 + 6 * uniform(random));
  const std::size_t m = near ? random() % objective.n_minimisers : 0;
  Vector x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double low = bounded ? objective.domain_min[i] : start[i] - 10;
    const double high = bounded ? objective.domain_max[i] : start[i] + 10;
    x[i] = near ? objective.minimisers[m * n + i] + radius * normal(random) : low + (high - low) * uniform(random);
    if (bounded) x[i] = std::clamp(x[i], low, high);
  }
  return x;
}

}  // namespace

void check_gradient(const Subject& subject, Report& report) {
  std::mt19937_64 random(subject.seed);
  ObjectiveSource source(*subject.plugin, subject.given, "f64", subject.seed);
  ObjectiveRig rig(source);
  for (int point = 0; point < 2 && report.findings().empty(); ++point) {
    (void)point_near_start(rig, random);
    double loss = 0;
    rig.fill_gradients(0);
    require(rig.gradient(loss), rig);
    const Vector gradient = rig.gradients();
    if (!overwrites(rig, gradient, report)) return;
    compare_gradient(rig, coordinates(rig, random), random, report);
  }
  if (report.findings().empty()) compare_types(subject, rig, report);
}

void check_hvp(const Subject& subject, Report& report) {
  std::mt19937_64 random(subject.seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  ObjectiveSource source(*subject.plugin, subject.given, "f64", subject.seed);
  ObjectiveRig rig(source);
  for (int trial = 0; trial < 3 && report.findings().empty(); ++trial) {
    (void)point_near_start(rig, random);
    Vector v(rig.size());
    for (double& value : v) value = uniform(random);
    // Wrong is what disagrees at this point and at two next to it.
    std::string text;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0) nudge(rig, random);
      text = disagreeing_product(rig, v);
      if (text.empty()) break;
    }
    if (!text.empty()) report.fail(text, "derive hvp() again, or leave it null: optimizers then do without");
  }
}

void check_minimum(const Subject& subject, Report& report) {
  const tuner_objective& objective = subject.plugin->objective();
  // What is declared holds at the default options.
  ObjectiveSource source(*subject.plugin, {}, "f64", subject.seed);
  ObjectiveRig rig(source);
  require(rig.init(), rig);
  const std::size_t n = rig.size();
  const double minimum = objective.minimum, tolerance = 1e-8 * std::max(1.0, std::abs(minimum));
  if (objective.n_minimisers > 0 && objective.dimension != n)
    return report.fail(fmt::format("it declares minimizers of {} coordinates, but has {} parameters at its defaults",
                                   objective.dimension, n),
                       "declare them for the default options, or not at all");
  const auto loss_at = [&](const Vector& x) {
    double loss = 0;
    rig.set_parameters(x);
    require(rig.loss(loss, 0), rig);
    return loss;
  };
  for (std::uint32_t m = 0; m < objective.n_minimisers; ++m) {
    const Vector x(objective.minimisers + m * n, objective.minimisers + (m + 1) * n);
    if (const double loss = loss_at(x); !(std::abs(loss - minimum) <= tolerance))
      report.fail(fmt::format("the loss at minimizer {} is {:.12g}, the declared minimum {:.12g}", m, loss, minimum),
                  "correct the minimum or the minimizer, to at least 8 digits");
  }
  // Nothing lower: near the minimizers at every distance, and anywhere in the domain.
  constexpr int kSamples = 3000;
  std::mt19937_64 random(subject.seed);
  const Vector start = rig.parameters();
  for (int sample = 0; sample < kSamples; ++sample) {
    const Vector x = sample_of(objective, start, sample % 2 == 0, random);
    const double loss = loss_at(x);
    if (!(loss < minimum - tolerance)) continue;
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(n, 4); ++i) text += fmt::format("{}{:.9g}", i ? ", " : "", x[i]);
    return report.fail(fmt::format("the loss is {:.12g} at ({}{}), below the declared minimum {:.12g}", loss, text,
                                   n > 4 ? ", ..." : "", minimum),
                       "declare the least value in the domain, or none");
  }
}

}  // namespace tuner::check
