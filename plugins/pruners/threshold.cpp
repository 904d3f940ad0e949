#include <limits>

#include "open_trials.hpp"
#include "tuner/pruner.hpp"

namespace {

constexpr double kLargest = std::numeric_limits<double>::max();  // a default is finite
enum Option : std::size_t { kLower, kUpper };

struct Threshold {
  static constexpr tuner::Info info{
      .id = "threshold",
      .name = "Threshold",
      .doc = "stops a trial whose value leaves a range",
      .details =
          "value < lower, value > upper, NaN and infinity stop the trial, whatever the other trials do. The ends "
          "belong\n"
          "to the range. Without ends it stops what is no finite number.\n"
          "Variant: as Optuna's ThresholdPruner, but for infinite values, which that one lets go on where there is no\n"
          "end. The ends are values of the metric as it is measured, whether a study minimizes or maximizes.",
      .reference = "Akiba et al. 2019, Optuna, arXiv 1907.10902"};

  static constexpr tuner::Param params[] = {tuner::real("lower", -kLargest, "the least value that may go on"),
                                            tuner::real("upper", kLargest, "the largest value that may go on")};

  static void check(const tuner::Options& options) {
    if (options[kLower] > options[kUpper]) throw tuner::Invalid("lower is above upper");
  }
  explicit Threshold(const tuner::SearchSetup& setup)
      : lower(setup.options()[kLower]), upper(setup.options()[kUpper]) {}

  void observe(const tuner::Observation&) {}

  tuner::Decision decide(const tuner::Report& report) {
    const bool inside = report.value() >= lower && report.value() <= upper;
    if (inside) return pruners::see_next(report);
    return pruners::stop(report, "its value %g is not between %g and %g", report.value(), lower, upper);
  }

 private:
  double lower, upper;
};

}  // namespace

TUNER_LIBRARY("threshold", "1.0.0", "MIT", tuner::pruner<Threshold>)
