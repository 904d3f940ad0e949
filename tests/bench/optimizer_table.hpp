// docs/optimizers.md: made of what the plugins say, what the host counts, and what bench_optimizers measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tuner/catalogue.hpp"

namespace tuner::bench {

constexpr std::int64_t kMatrixSide = 512;  // the shape for which state and the times of matrix rules are given

// The measured part of the document.
struct Timings {
  std::string machine;                       // where and under what load; empty where nothing was measured
  std::map<std::string, std::string> cells;  // by id of the optimizer: "0.61", "34 ms a step"
};
// Of a document that there is; empty for an empty one.
[[nodiscard]] Timings read_timings(const std::string& document);

// Family of the rules whose cost grows faster than the number of elements.
constexpr const char* kMatrixFamily = "matrix";

// The whole document. catalogue: the shipped optimizers with the objective quadratic and the scheduler constant.
// Throws std::runtime_error for an optimizer without family, rule, use or not in its details, and where its steps fail.
[[nodiscard]] std::string optimizer_document(const Catalogue& catalogue, const Timings& timings);

[[nodiscard]] std::string read_file(const std::string& path);  // throws std::runtime_error
void write_file(const std::string& path, const std::string& text);

}  // namespace tuner::bench
