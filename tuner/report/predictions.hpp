// What trials predict of the same samples, and how far their predictions are from each other.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace tuner::report {

// The probabilities of the classes, one row for each sample.
struct Predictions {
  std::size_t rows = 0, classes = 0;
  std::vector<double> values;
  bool operator==(const Predictions&) const = default;
};

// A two-dimensional array as numpy.save() writes it: float32 or float64, little-endian, in C order. Errors:
// config.unreadable for a file that is not there, is another array, or has a row that is no distribution.
[[nodiscard]] Predictions read_predictions(const std::filesystem::path& file);

// The mean. Requires: one at least, all of one shape.
[[nodiscard]] Predictions mean_of(std::span<const Predictions> all);

// The mean over samples of KL(a || b) = sum a log(a / b); infinite where b gives nothing to what a does not exclude.
// Requires: one shape.
[[nodiscard]] double divergence(const Predictions& a, const Predictions& b);

// A number with its 95 % interval; nothing where it is not known.
struct Spread {
  double value = 0;
  std::optional<double> low, high;
};
// The mean divergence over all ordered pairs. Of replicates of one configuration on one training set it is their
// inconsistency, of the means over replicates on disjoint training sets the instability (Johnson, Zhang 2023, arXiv
// 2306.00169). The interval is the jackknife's with Student's t, from three on. Nothing for fewer than two.
[[nodiscard]] std::optional<Spread> mean_divergence(std::span<const Predictions> all);

}  // namespace tuner::report
