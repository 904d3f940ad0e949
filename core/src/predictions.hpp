// What a trial predicts of its validation samples at its end, as a file that numpy.load() reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "tuner/objective.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// How many classes the objective tells apart. Errors: config.impossible where it has no validation samples or no
// probabilities, with the plugin's text.
[[nodiscard]] std::uint64_t classes_to_predict(Objective& objective, const PluginUse& use, tuner_error& error);

// One row for each sample.
struct Predicted {
  std::uint64_t classes = 0;
  std::vector<double> probabilities;
};

// Of samples 0 to n - 1, at most `most` at a time: `piece` fills the rows of its samples.
[[nodiscard]] Predicted predict_in_pieces(std::uint64_t n, std::uint64_t classes, std::uint64_t most,
                                          const std::function<void(std::span<const std::uint64_t>, double*)>& piece);

// Writes FOLDER/NUMBER.npy: a two-dimensional array of float64 in version 1.0 of the format, in the place of an earlier
// one. The folder is made where it is not there. Throws TrialEnded where that fails.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
void write_predictions(const std::filesystem::path& folder, std::uint64_t trial, const Predicted& predicted);

}  // namespace tuner
