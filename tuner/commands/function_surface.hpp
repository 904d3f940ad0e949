// The function that an objective of two weights is, on a grid: what the page of a study draws under the paths of its
// optimizers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tuner/executor/inspector.hpp"
#include "tuner/json.hpp"
#include "tuner/report/paths.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

struct SurfaceQuestion {
  std::string objective, options;  // its id; option: value as JSON
  std::uint64_t seed = 1;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
};
struct Surface {
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;  // those of the question, widened to minima that are near
  std::vector<double> values;                           // kSurfaceSize rows of as many, y after y
  std::vector<std::pair<double, double>> minima;        // known ones
};
inline constexpr std::size_t kSurfaceSize = 64;

template <class Archive>
void serialize(Archive& archive, SurfaceQuestion& q) {
  archive(q.objective, q.options, q.seed, q.x_low, q.x_high, q.y_low, q.y_high);
}
template <class Archive>
void serialize(Archive& archive, Surface& s) {
  archive(s.x_low, s.x_high, s.y_low, s.y_high, s.values, s.minima);
}

// In the worker: the loss on all samples of training, without what is done in training alone. Errors: config.impossible
// where the objective refuses its options, has other weights than two, or cannot be evaluated; plugin.data.
[[nodiscard]] Surface surface_of(const executor::Inspected& asked, const SurfaceQuestion& question);

// Asks a worker that has the recorded build of the objective.
// {"size", "x": [low, high], "y": [low, high], "values", "minima": [[x, y]], "problem"}: where it has no values
// "problem" says why, and else it is empty.
[[nodiscard]] Json surface_json(const std::filesystem::path& executable, const storage::Store& store,
                                const std::string& study, const report::PathBox& box);

}  // namespace tuner::commands
