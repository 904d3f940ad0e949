// What is recommended for which situation: a sweep, with the figures of docs/experiments.md that are about it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::recommend {

// A file of this folder.
struct Embedded {
  std::string_view name, text;
};
[[nodiscard]] std::span<const Embedded> embedded_situations();
[[nodiscard]] std::string_view embedded_findings();  // findings.json, which tests/bench/experiments.py writes

// What an experiment has shown of a claim.
struct Finding {
  std::string id, verdict, text;
};

struct Situation {
  std::string name;               // "sparse"
  std::string advice;             // of the sources, one sentence: "Sparse features: adagrad or adam."
  std::vector<Finding> findings;  // of the experiments here; none where no experiment is about it
  std::string sweep;              // the file, behind its first two lines
};

// All of them, in their order. Errors: std::logic_error where a sweep names a finding that there is not.
[[nodiscard]] std::vector<Situation> situations();

// The sweep file with advice and findings as comments. objective: a plugin or a flow map in place of its own; empty:
// its own.
[[nodiscard]] std::string sweep_of(const Situation& situation, std::string_view objective = {});

}  // namespace tuner::recommend
