#include "tuner/lr_range/rules.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "tuner/lr_range/tool_rules.hpp"

namespace tuner::lr_range {
namespace {

const double kDecade = std::log(10.0);
constexpr std::size_t kFewest = 5;        // points without which nothing is said of a shape
constexpr std::size_t kNoisePoints = 20;  // from which noise is estimated, where there are as many
constexpr double kSure = 6;               // standard deviations beyond which a difference of two losses is no noise
constexpr double kAlike = 2;              // those within which two losses count as one height
constexpr double kBack = 0.9;             // of the way from the minimum to the start: diverged
constexpr double kHalfWindow = 0.25;      // decades, of the window that a slope is measured in
constexpr double kSureSlope = 3;          // standard errors that a slope is counted less steep by
constexpr double kTrim = 0.05;            // of a fall, at each end, that is not counted into the valley
constexpr double kSlide = 1.2;            // decades between the points that slide; fastai's are 15 of 100 over 8
constexpr double kSlideTolerance = 0.05;  // of the steepest slope

Finding nothing(std::string why) { return {std::nullopt, std::move(why)}; }
constexpr const char* kTooFew = "fewer than 5 finite losses";
constexpr const char* kNoFall = "the loss never falls by more than its noise";

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// The curve up to its first loss that is not finite, with what the rules derive from it.
//
// A smoothed loss is a weighted mean of losses, so that it tells of the same mean of their ln(lr), not of the last one:
// `place` is that mean. A loss that is linear in ln(lr) stays on its line by this, whatever the smoothing.
//
// noise: standard deviation of one loss, from how far each is from the line through its neighbors, which slow changes
// do not move (the distance from the smoothed curve has its lag in it); the median makes a few jumps harmless. Of the
// points up to the minimum, as what follows may be wild, and at least of the first 20. At least what rounding makes.
struct Smooth {
  const double beta;
  std::vector<double> lr, loss, log_lr;  // as they are
  std::vector<double> s, place;          // smoothed
  bool ends_finite = true;
  std::size_t lowest = 0;  // of s
  double noise = 0;
  double start = 0;    // mean of the first losses, at most five and none after the minimum
  bool falls = false;  // from there to the minimum by more than noise

  Smooth(const Curve& curve, double smoothing) : beta(smoothing) {
    for (const CurvePoint& point : curve) {
      ends_finite = std::isfinite(point.loss);
      if (!ends_finite) break;
      lr.push_back(point.lr);
      loss.push_back(point.loss);
      log_lr.push_back(std::log(point.lr));
    }
    if (loss.empty()) return;
    s = smoothed(loss, beta);
    place = smoothed(log_lr, beta);
    lowest = static_cast<std::size_t>(std::min_element(s.begin(), s.end()) - s.begin());
    noise = noise_of(std::min(std::max(lowest + 1, kNoisePoints), size()));
    const std::size_t first = std::min(kFewest, lowest + 1);
    for (std::size_t i = 0; i < first; ++i) start += loss[i] / static_cast<double>(first);
    falls = start - s[lowest] > kSure * noise * std::sqrt(1 / static_cast<double>(first) + variance(lowest));
  }

  [[nodiscard]] std::size_t size() const { return loss.size(); }

  // Of s[i], in units of the variance of one loss: the sum of the squares of its weights.
  [[nodiscard]] double variance(std::size_t i) const {
    const double past = std::pow(beta, static_cast<double>(i + 1));
    return (1 - beta) / (1 + beta) * (1 + past) / (1 - past);
  }
  // What noise may have added to s[i], or taken from it.
  [[nodiscard]] double doubt(std::size_t i) const { return kSure * noise * std::sqrt(variance(i)); }
  // s[high] is above s[low] by more than noise, and `margin` more.
  [[nodiscard]] bool above(std::size_t high, std::size_t low, double deviations = kSure, double margin = 0) const {
    return s[high] - s[low] > margin + deviations * noise * std::sqrt(variance(high) + variance(low));
  }

 private:
  [[nodiscard]] double noise_of(std::size_t points) const {
    std::vector<double> off, sizes;
    for (std::size_t i = 1; i + 1 < points; ++i) {
      const double span = log_lr[i + 1] - log_lr[i - 1];
      const double left = span > 0 ? (log_lr[i + 1] - log_lr[i]) / span : 0.5, right = 1 - left;
      const double distance = loss[i] - (left * loss[i - 1] + right * loss[i + 1]);
      off.push_back(std::abs(distance) / std::sqrt(1 + left * left + right * right));
    }
    for (const double x : loss) sizes.push_back(std::abs(x));
    return std::max(1.4826 * median(std::move(off)), 1e-14 * median(std::move(sizes)));
  }
};

// d loss / d ln(lr) about a point, by least squares, with the standard error that the noise of the losses gives it.
struct Slope {
  std::size_t index;
  double place;  // mean of the window
  double value, error;
};

// Of every point that has two others at each side among the first `points`. The window: the points within
// kHalfWindow at each side, at least two.
//
// slope = sum_j c_j s_j, c_j = (place_j - mean) / sum (place - mean)^2, and s_j = sum_k w_jk loss_k: the standard error
// is noise sqrt(sum_k g_k^2), g_k = sum_j c_j w_jk. The weights of the average are (1 - beta) beta^(j-k) /
// (1 - beta^(j+1)), so the g_k follow backwards from g_{k+1}.
std::vector<Slope> slopes(const Smooth& curve, std::size_t points) {
  std::vector<Slope> result;
  for (std::size_t i = 2; i + 2 < points; ++i) {
    std::size_t begin = i - 2, end = i + 3;
    while (begin > 0 && curve.place[i] - curve.place[begin - 1] <= kHalfWindow * kDecade) --begin;
    while (end < points && curve.place[end] - curve.place[i] <= kHalfWindow * kDecade) ++end;
    double mean = 0, square = 0;
    for (std::size_t j = begin; j < end; ++j) mean += curve.place[j] / static_cast<double>(end - begin);
    for (std::size_t j = begin; j < end; ++j) square += (curve.place[j] - mean) * (curve.place[j] - mean);
    if (!(square > 0)) continue;  // several points of one lr
    double value = 0, weight = 0, weights = 0;
    for (std::size_t j = end; j-- > 0;) {
      weight *= curve.beta;
      if (j >= begin) {
        const double factor = (curve.place[j] - mean) / square;
        value += factor * (curve.s[j] - curve.s[i]);
        weight += factor * (1 - curve.beta) / (1 - std::pow(curve.beta, static_cast<double>(j + 1)));
      }
      weights += weight * weight;
    }
    result.push_back({i, mean, value, curve.noise * std::sqrt(weights)});
  }
  return result;
}

// The least slope before the minimum, each counted kSureSlope errors less steep; null where none is surely negative.
const Slope* steepest(const std::vector<Slope>& of) {
  const auto sure = [](const Slope& slope) { return slope.value + kSureSlope * slope.error; };
  const auto least =
      std::min_element(of.begin(), of.end(), [&](const Slope& a, const Slope& b) { return sure(a) < sure(b); });
  return least == of.end() || sure(*least) >= 0 ? nullptr : &*least;
}

// The first point at which the curve has diverged; the length of its finite part where it is only the end of that.
std::optional<std::size_t> divergence(const Smooth& curve) {
  if (curve.size() >= kFewest) {
    const double level = curve.s[curve.lowest] + kBack * (curve.start - curve.s[curve.lowest]);
    for (std::size_t i = curve.lowest + 1; i < curve.size(); ++i) {
      if (curve.s[i] >= level && curve.above(i, curve.lowest)) return i;
    }
  }
  if (!curve.ends_finite) return curve.size();
  return std::nullopt;
}

Finding divergence_rule(const Smooth& curve, double factor) {
  const std::optional<std::size_t> at = divergence(curve);
  if (!at) return nothing(curve.size() < kFewest ? kTooFew : "the curve does not diverge");
  if (*at == 0) return nothing("the loss is not finite after the first step");
  return {curve.lr[*at - 1] / factor, ""};
}

Finding steepest_rule(const Smooth& curve) {
  if (!curve.falls) return nothing(kNoFall);
  if (curve.lowest + 1 < kFewest) return nothing("fewer than 5 points before the minimum");
  const std::vector<Slope> all = slopes(curve, curve.lowest + 1);
  const Slope* least = steepest(all);
  if (least == nullptr) return nothing("no slope is beyond the noise");
  return {std::exp(least->place), ""};
}

Finding minimum_rule(const Smooth& curve) {
  if (!curve.falls) return nothing(kNoFall);
  if (curve.ends_finite && curve.lowest + 1 == curve.size()) return nothing("the loss still falls at the end");
  return {curve.lr[curve.lowest] / 10, ""};
}

// A stretch of points, both included.
struct Stretch {
  std::size_t first, last;
};

// The falling stretches: each from a highest point to the lowest one after it, ended where the curve rises from that by
// more than noise, and the next not begun until it falls by more than noise again. Highest and lowest are those that
// the noise allows for: the first smoothed losses are means of few, and one of them is easily extreme.
std::vector<Stretch> falls(const Smooth& curve) {
  std::vector<Stretch> result;
  std::size_t high = 0, low = 0;
  bool falling = false;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (falling) {
      if (curve.s[i] + curve.doubt(i) < curve.s[low] + curve.doubt(low)) low = i;
      if (!curve.above(i, low)) continue;
      result.push_back({high, low});
      falling = false;
      high = i;
    } else {
      if (curve.s[i] - curve.doubt(i) > curve.s[high] - curve.doubt(high)) high = i;
      if (!curve.above(high, i)) continue;
      falling = true;
      low = i;
    }
  }
  if (falling) result.push_back({high, low});
  return result;
}

// The part of a falling stretch between the last point that is like its top and the first one after that which is like
// its bottom: apart by at most kTrim of the fall and the noise. A plateau before the fall, an almost flat bottom and a
// start that noise has made high are not counted.
Stretch trimmed(const Smooth& curve, Stretch fall) {
  const double margin = kTrim * (curve.s[fall.first] - curve.s[fall.last]);
  const auto alike = [&](std::size_t high, std::size_t low) { return !curve.above(high, low, kAlike, margin); };
  Stretch result = fall;
  for (std::size_t i = fall.first; i <= fall.last; ++i) {
    if (alike(fall.first, i)) result.first = i;
  }
  result.last = result.first;
  while (!alike(result.last, fall.last)) ++result.last;
  return result;
}

Finding valley_rule(const Smooth& curve) {
  double longest = -1, middle = 0;
  for (const Stretch fall : falls(curve)) {
    const Stretch part = trimmed(curve, fall);
    const double from = curve.place[part.first], to = curve.place[part.last];
    if (to - from > longest) {
      longest = to - from;
      middle = (from + to) / 2;
    }
  }
  if (longest < 0) return nothing(kNoFall);
  return {std::exp(middle), ""};
}

// Two slopes kSlide apart move left from where the curve diverges, or from its end, as long as the right one is above
// the left one by more than kSlideTolerance of the steepest, or the left one is not on the way down yet.
Finding slide_rule(const Smooth& curve) {
  if (!curve.falls) return nothing(kNoFall);
  const std::size_t end = std::min(divergence(curve).value_or(curve.size()) + 1, curve.size());
  const std::vector<Slope> before = slopes(curve, curve.lowest + 1), all = slopes(curve, end);
  const Slope* least = steepest(before);
  if (least == nullptr) return nothing("no slope is beyond the noise");
  for (std::size_t right = all.size(); right-- > 0;) {
    std::size_t left = right;
    while (left > 0 && all[right].place - all[left].place < kSlide * kDecade) --left;
    if (all[right].place - all[left].place < kSlide * kDecade) break;
    if (all[left].index >= curve.lowest || all[left].value >= 0) continue;
    if (all[right].value - all[left].value <= -kSlideTolerance * least->value) return {std::exp(all[left].place), ""};
  }
  return nothing("no two slopes 1.2 decades apart are alike");
}

constexpr std::string_view kFastai = "fastai 2, callback/schedule.py";
constexpr std::string_view kLightning = "PyTorch Lightning 2, pytorch/tuner/lr_finder.py";

constexpr std::array<Rule, 14> kRules{{
    {"divergence/3",
     "a third of the last lr before the smoothed loss, after its minimum, has climbed back 90 % of the way to where it "
     "started, or the loss is not finite",
     "Smith 2017, arXiv 1506.01186, section 3.3: within a factor of two of the largest lr that converges, 1/3 or 1/4 "
     "as the base"},
    {"divergence/10", "a tenth of the same lr", "Smith 2018, arXiv 1803.09820: the least lr of a cycle"},
    {"steepest",
     "where the smoothed loss falls most per ln(lr) before its minimum, by least squares within a quarter of a decade "
     "at each side, slopes that may be noise counted less",
     "the idea of fastai.steep, with slopes that noise does not make"},
    {"minimum/10", "a tenth of the lr at the least smoothed loss", "the idea of fastai.minimum, refused at the end"},
    {"valley",
     "the middle in ln(lr) of the longest stretch in which the smoothed loss falls without rising by more than noise, "
     "without what is within noise and 5 % of the fall of its ends",
     "the idea of fastai.valley, of points that follow each other"},
    {"slide",
     "the left one of two points 1.2 decades apart that move left from the divergence until the slopes at them differ "
     "by at most 5 % of the steepest",
     "the idea of fastai.slide, with a tolerance that scales with the loss"},
    {"fastai.valley",
     "half way into the longest falling subsequence of the smoothed losses before the steps, as if its points followed "
     "each other",
     kFastai},
    {"fastai.minimum", "a tenth of the lr at the least smoothed loss before the step", kFastai},
    {"fastai.steep", "where the smoothed loss before the step falls most per ln(lr) from one point to the next",
     kFastai},
    {"fastai.slide",
     "the left one of two points 15 apart that move left from the end until the slopes at them differ by at most 0.005 "
     "a step",
     kFastai},
    {"lightning",
     "from version 2.5.3 on: where the smoothed loss before the step falls most per lr, not ln(lr), so that noise at "
     "the least lrs decides",
     kLightning},
    {"lightning_before_2.5.3", "where the smoothed loss before the step falls most from one step to the next",
     kLightning},
    {"pytorch_lr_finder",
     "as lightning_before_2.5.3, with an average that begins at the first loss; NaN counts as the steepest fall",
     "davidtvs/pytorch-lr-finder"},
    {"keras_lr_finder", "where the loss before the step has fallen most over 4 steps, not smoothed",
     "surmenok/keras_lr_finder, get_best_lr(sma=4)"},
}};

}  // namespace

std::vector<double> smoothed(std::span<const double> losses, double beta) {
  assert(beta >= 0 && beta < 1);
  std::vector<double> result;
  result.reserve(losses.size());
  double sum = 0, weights = 0;
  for (const double loss : losses) {
    sum = beta * sum + loss;
    weights = beta * weights + 1;
    result.push_back(sum / weights);
  }
  return result;
}

std::span<const Rule> rules() { return kRules; }

Finding apply_rule(std::string_view name, const Curve& curve, double smoothing, std::size_t planned_steps) {
  if (std::optional<Finding> found = apply_tool_rule(name, curve, planned_steps)) return *std::move(found);
  const auto known = std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.name == name; });
  if (!known) throw std::out_of_range("no rule of LR range tests is named '" + std::string(name) + "'");
  const Smooth smooth(curve, smoothing);
  if (name == "divergence/3") return divergence_rule(smooth, 3);
  if (name == "divergence/10") return divergence_rule(smooth, 10);
  if (smooth.size() < kFewest) return nothing(kTooFew);
  if (name == "steepest") return steepest_rule(smooth);
  if (name == "minimum/10") return minimum_rule(smooth);
  if (name == "valley") return valley_rule(smooth);
  return slide_rule(smooth);
}

}  // namespace tuner::lr_range
