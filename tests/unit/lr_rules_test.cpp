// The rules of LR range tests against an independent implementation, and what they promise of every curve.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include "tuner/json.hpp"
#include "tuner/lr_range/rules.hpp"

namespace tuner::lr_range {
namespace {

const std::vector<std::string> kOwn{"divergence/3", "divergence/10", "steepest", "minimum/10", "valley", "slide"};
const std::vector<double> kSmoothing{0, 0.5, 0.9};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

struct Known {
  std::string name;
  Curve curve;
  std::size_t planned;
  Json tools, own;
};

double number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto text = json.get<std::string>();
  return text == "nan" ? kNaN : text == "inf" ? kInf : -kInf;
}

// The file of tests/reference/generate_lr_rules.py.
const std::vector<Known>& known() {
  static const std::vector<Known> all = [] {
    std::ifstream file(TUNER_SOURCE_DIR "/tests/reference/data/lr_rules/curves.json");
    std::vector<Known> result;
    const Json read = Json::parse(file);
    for (const Json& c : read.at("curves")) {
      Curve curve;
      for (std::size_t i = 0; i < c["lr"].size(); ++i)
        curve.push_back({number(c["lr"][i]), number(c["loss_before"][i]), number(c["loss"][i])});
      result.push_back({c["name"].get<std::string>(), curve, static_cast<std::size_t>(c["planned"].get<std::int64_t>()),
                        c["tools"], c["own"]});
    }
    if (result.size() < 40) throw std::runtime_error("curves are missing");
    return result;
  }();
  return all;
}

void expect_same(const Finding& found, const Json& expected) {
  EXPECT_EQ(found.lr.has_value(), !expected.is_null()) << found.why;
  EXPECT_NE(found.lr.has_value(), !found.why.empty());
  if (found.lr && !expected.is_null()) {
    EXPECT_NEAR(*found.lr, expected.get<double>(), 1e-12 * expected.get<double>());
  }
}

TEST(LrRules, OfToolsAgreeWithTheReference) {
  for (const Known& c : known()) {
    ASSERT_EQ(c.tools.size(), rules().size() - kOwn.size());
    for (const auto& [rule, expected] : c.tools.items()) {
      SCOPED_TRACE(c.name + ": " + rule);
      expect_same(apply_rule(rule, c.curve, 0.9, c.planned), expected);
    }
  }
}

TEST(LrRules, OfOurOwnAgreeWithTheReference) {
  for (const Known& c : known()) {
    ASSERT_EQ(c.own.size(), kSmoothing.size());
    for (const Json& expected : c.own) {
      for (const std::string& rule : kOwn) {
        SCOPED_TRACE(c.name + ": " + rule + " " + expected["smoothing"].dump());
        expect_same(apply_rule(rule, c.curve, expected["smoothing"].get<double>()), expected.at(rule));
      }
    }
  }
}

TEST(LrRules, EveryNameIsKnownAndDescribed) {
  std::set<std::string_view> names;
  for (const Rule& rule : rules()) {
    names.insert(rule.name);
    EXPECT_FALSE(rule.doc.empty() || rule.source.empty()) << rule.name;
    EXPECT_NO_THROW((void)apply_rule(rule.name, {}, 0.9)) << rule.name;
  }
  EXPECT_EQ(names.size(), rules().size());
  for (const std::string& rule : kOwn) EXPECT_TRUE(names.contains(rule)) << rule;
  EXPECT_THROW((void)apply_rule("divergence", {}, 0.9), std::out_of_range);
  EXPECT_THROW((void)apply_rule("", known()[0].curve, 0.9), std::out_of_range);
}

template <class Change>
Curve changed(Curve curve, Change change) {
  for (CurvePoint& point : curve) change(point);
  return curve;
}

TEST(LrRules, OfOurOwnKnowNoUnitOfLoss) {
  for (const Known& c : known()) {
    for (const auto& [scale, offset] : {std::pair{8.0, 0.0}, {1e-3, 0.0}, {1.0, 100.0}, {1.0, -3.0}, {250.0, -77.0}}) {
      const Curve other = changed(c.curve, [&](CurvePoint& point) { point.loss = scale * point.loss + offset; });
      for (const std::string& rule : kOwn) {
        for (const double smoothing : kSmoothing) {
          SCOPED_TRACE(c.name + ": " + rule + " " + std::to_string(scale) + " " + std::to_string(offset));
          const Finding before = apply_rule(rule, c.curve, smoothing), after = apply_rule(rule, other, smoothing);
          ASSERT_EQ(before.lr.has_value(), after.lr.has_value()) << before.why << after.why;
          EXPECT_EQ(before.why, after.why);
          if (before.lr) {
            EXPECT_NEAR(*before.lr, *after.lr, 1e-12 * *before.lr);
          }
        }
      }
    }
  }
}

// Units of lr are the optimizer's own: a rule that asks for ratios of lr alone moves with them.
TEST(LrRules, OfOurOwnKnowNoUnitOfLr) {
  for (const Known& c : known()) {
    const Curve other = changed(c.curve, [](CurvePoint& point) { point.lr *= 1024; });
    for (const std::string& rule : kOwn) {
      SCOPED_TRACE(c.name + ": " + rule);
      const Finding before = apply_rule(rule, c.curve, 0.9), after = apply_rule(rule, other, 0.9);
      ASSERT_EQ(before.lr.has_value(), after.lr.has_value());
      if (before.lr) {
        EXPECT_NEAR(*before.lr * 1024, *after.lr, 1e-12 * *after.lr);
      }
    }
  }
}

TEST(LrRules, LookAtTheirOwnLossesOnly) {
  for (const Known& c : known()) {
    std::mt19937 random(1);
    const auto any = [&] { return std::uniform_real_distribution<double>(1, 2)(random); };
    const Curve before = changed(c.curve, [&](CurvePoint& point) { point.loss_before = any(); });
    const Curve after = changed(c.curve, [&](CurvePoint& point) {
      if (std::isfinite(point.loss)) point.loss = any();
    });
    for (const Rule& rule : rules()) {
      SCOPED_TRACE(c.name + ": " + std::string(rule.name));
      const bool own = std::find(kOwn.begin(), kOwn.end(), rule.name) != kOwn.end();
      EXPECT_EQ(apply_rule(rule.name, own ? before : after, 0.9, c.planned).lr,
                apply_rule(rule.name, c.curve, 0.9, c.planned).lr);
    }
  }
}

TEST(LrRules, StayWithinTheCurve) {
  for (const Known& c : known()) {
    for (std::size_t points = 0; points <= c.curve.size(); points += points < 20 ? 1 : 7) {
      const Curve part(c.curve.begin(), c.curve.begin() + static_cast<std::ptrdiff_t>(points));
      for (const Rule& rule : rules()) {
        const Finding found = apply_rule(rule.name, part, 0.9, c.planned);
        ASSERT_NE(found.lr.has_value(), !found.why.empty()) << c.name << " " << rule.name << " " << points;
        if (!found.lr) continue;
        const bool third = rule.name == "divergence/3";
        const bool tenth = rule.name.ends_with("/10") || rule.name == "fastai.minimum";
        const double lr = *found.lr * (third ? 3 : tenth ? 10 : 1);
        ASSERT_GE(lr, part.front().lr * (1 - 1e-14)) << c.name << " " << rule.name << " " << points;
        ASSERT_LE(lr, part.back().lr * (1 + 1e-14)) << c.name << " " << rule.name << " " << points;
      }
    }
  }
}

TEST(LrRules, SmoothingIsTheBiasCorrectedAverage) {
  const std::vector<double> losses{2, 1, 4};
  EXPECT_EQ(smoothed(losses, 0), losses);
  const std::vector<double> half = smoothed(losses, 0.5);
  EXPECT_DOUBLE_EQ(half[0], 2);
  EXPECT_DOUBLE_EQ(half[1], (0.5 * 2 + 1) / 1.5);
  EXPECT_DOUBLE_EQ(half[2], (0.25 * 2 + 0.5 * 1 + 4) / 1.75);
  for (const double x : smoothed(std::vector<double>(1000, 3.0), 0.99)) EXPECT_NEAR(x, 3, 1e-13);
  const std::vector<double> after_nan = smoothed(std::vector<double>{1, kNaN, 1}, 0);
  EXPECT_TRUE(std::isnan(after_nan[1]) && std::isnan(after_nan[2]));
  EXPECT_FALSE(std::isfinite(smoothed(std::vector<double>{1, kInf, 1}, 0.9)[2]));
  EXPECT_TRUE(smoothed({}, 0.9).empty());
}

// 100 points from 1e-7 to 10, with these losses after the step.
Curve curve_of(const std::function<double(double)>& loss, std::size_t points = 100) {
  Curve curve;
  for (std::size_t i = 0; i < points; ++i) {
    const double lr = std::pow(10, -7 + 8 * static_cast<double>(i) / 99);
    curve.push_back({lr, 1, loss(lr)});
  }
  return curve;
}

std::string why(std::string_view rule, const Curve& curve) { return apply_rule(rule, curve, 0.9).why; }

TEST(LrRules, SayWhyACurveDoesNotTell) {
  const Curve flat = curve_of([](double) { return 0.7; });
  EXPECT_EQ(why("divergence/3", flat), "the curve does not diverge");
  for (const char* rule : {"steepest", "minimum/10", "valley", "slide"})
    EXPECT_EQ(why(rule, flat), "the loss never falls by more than its noise") << rule;

  const Curve falling = curve_of([](double lr) { return 2 - std::log10(lr); });
  EXPECT_EQ(why("divergence/10", falling), "the curve does not diverge");
  EXPECT_EQ(why("minimum/10", falling), "the loss still falls at the end");
  EXPECT_TRUE(apply_rule("steepest", falling, 0.9).lr);

  Curve bad = curve_of([](double) { return kNaN; }, 1);
  EXPECT_EQ(why("divergence/3", bad), "the loss is not finite after the first step");
  EXPECT_EQ(why("steepest", bad), "fewer than 5 finite losses");
  bad = curve_of([](double lr) { return lr > 1.1e-7 ? kInf : 2; }, 2);
  EXPECT_EQ(apply_rule("divergence/3", bad, 0.9).lr, bad[0].lr / 3);
  EXPECT_EQ(why("valley", bad), "fewer than 5 finite losses");
  EXPECT_EQ(why("divergence/3", curve_of([](double) { return 2; }, 4)), "fewer than 5 finite losses");
  EXPECT_EQ(why("divergence/3", {}), "fewer than 5 finite losses");
  EXPECT_EQ(why("fastai.valley", bad), "too few points are left: the tool raises an error");
  EXPECT_EQ(why("lightning", bad), "too few points are left: the tool suggests nothing");
}

TEST(LrRules, FindTheDivergenceOfASaturatingCurve) {
  // Falls by 1 at 1e-3, climbs back at 0.1: 90 % of the way at lr = 0.1 sqrt(9).
  const Curve curve =
      curve_of([](double lr) { return 1 / (1 + std::pow(lr / 1e-3, 4)) + 1 / (1 + std::pow(0.1 / lr, 2)); });
  const double lr = *apply_rule("divergence/3", curve, 0).lr * 3;
  EXPECT_LT(lr, 0.3 * 1.0001);
  EXPECT_GT(lr, 0.3 / std::pow(10, 8.0 / 99));
  EXPECT_DOUBLE_EQ(*apply_rule("divergence/10", curve, 0).lr * 10, lr);
}

// A fall that is linear in ln(lr) between two plateaus: smoothing must not move the middle of it by more than a fifth
// of a decade, though an average of 0.9 lags by 9 steps, three quarters of one.
TEST(LrRules, SmoothingDoesNotMoveAFall) {
  const Curve curve = curve_of([](double lr) { return -std::clamp(std::log10(lr), -4.0, -1.0); });
  const double middle = std::pow(10, -2.5);
  for (const double smoothing : kSmoothing) {
    EXPECT_NEAR(std::log10(*apply_rule("valley", curve, smoothing).lr / middle), 0, 0.2) << smoothing;
    const double steepest = *apply_rule("steepest", curve, smoothing).lr;
    EXPECT_GT(steepest, 1e-4) << smoothing;
    EXPECT_LT(steepest, 1e-1) << smoothing;
  }
}

// Noise of a tenth of the fall: over 200 seeds the rules of our own stay within the fall, and where there is no fall
// they find none.
TEST(LrRules, NoiseIsNotTakenForAFall) {
  int plateaus_told = 0, outside = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 0.1);
    const Curve flat = curve_of([&](double) { return 1 + noise(random); });
    const Curve falling =
        curve_of([&](double lr) { return 1 / (1 + std::pow(lr / 1e-3, 2)) + std::pow(lr / 0.5, 3) + noise(random); });
    for (const std::string& rule : kOwn) {
      if (apply_rule(rule, flat, 0.9).lr) ++plateaus_told;
    }
    for (const char* rule : {"steepest", "valley"}) {
      const Finding found = apply_rule(rule, falling, 0.9);
      if (!found.lr || *found.lr < 5e-5 || *found.lr > 2e-2) ++outside;
    }
  }
  EXPECT_LE(plateaus_told, 12);  // of 1200
  EXPECT_LE(outside, 8);         // of 400
}

// What makes the tools differ, on curves that show it.
TEST(LrRules, OfToolsStopWhereTheToolsStop) {
  // Ten times the loss at point 50, then as before: all of them stop there, and drop the last points.
  Curve curve = curve_of([](double) { return 1; });
  for (std::size_t i = 0; i < curve.size(); ++i)
    curve[i].loss_before = i == 50 ? 1000 : 2 - 0.01 * static_cast<double>(i);
  Curve stopped(curve.begin(), curve.begin() + 51);
  for (const Rule& rule : rules().subspan(kOwn.size())) {
    const Finding whole = apply_rule(rule.name, curve, 0), part = apply_rule(rule.name, stopped, 0);
    EXPECT_EQ(whole.lr, part.lr) << rule.name;
    EXPECT_TRUE(whole.lr) << rule.name << whole.why;
  }
  // Losses below zero are always above their multiples: fastai and pytorch-lr-finder stop at once.
  for (CurvePoint& point : curve) point.loss_before = -1;
  for (const Rule& rule : rules().subspan(kOwn.size())) EXPECT_FALSE(apply_rule(rule.name, curve, 0).lr) << rule.name;
}

// pytorch-lr-finder goes on after NaN, and numpy's argmin takes the first one: the last lr before it is suggested.
TEST(LrRules, PytorchLrFinderFallsForNaN) {
  Curve curve = curve_of([](double lr) { return 2 - lr; }, 60);
  for (CurvePoint& point : curve) point.loss_before = point.loss;
  curve.back().loss = kNaN;
  EXPECT_EQ(apply_rule("pytorch_lr_finder", curve, 0).lr, curve[59].lr);
  EXPECT_LT(*apply_rule("lightning_before_2.5.3", curve, 0).lr, curve[59].lr * 1.0001);
  // Not where the ramp was to end there.
  EXPECT_LT(*apply_rule("pytorch_lr_finder", curve, 0, 60).lr, curve[55].lr);
}

}  // namespace
}  // namespace tuner::lr_range
