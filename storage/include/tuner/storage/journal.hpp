// The journal of a study: what its searcher proposed and observed and what its pruner decided, in the order in which
// the coordinator made it. Plain values; Store writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tuner/space.hpp"
#include "tuner/trial.hpp"

namespace tuner::storage {

// One answer of the searcher.
struct ProposalRecord {
  std::uint64_t proposal = 0;       // counted from 0
  std::uint64_t configuration = 0;  // the one that it makes
  Parameters parameters;
  bool operator==(const ProposalRecord&) const = default;
};

// What the searcher was told of a configuration, once all its replicates were there.
struct ObservationRecord {
  std::uint64_t proposal = 0, configuration = 0;
  Outcome outcome = Outcome::completed;
  std::int64_t last_step = 0;
  double budget = 0;
  std::vector<std::optional<double>> values;  // of the study's metric by replicate; nothing where one has none
  std::optional<double> mean, standard_deviation;
};

// A report of a trial that may still run, and what was decided on it.
struct ReportRecord {
  std::uint64_t number = 0;
  std::int64_t step = 0;
  std::optional<double> value;
  std::string decision;                   // `continue`, `stop` or `pause`
  std::optional<std::int64_t> next_step;  // the next one that waits for a decision; nothing: none does
  std::string why = {};                   // for people
  bool operator==(const ReportRecord&) const = default;
};

// What a trial was when it ended or paused, as the pruner was told.
struct EndRecord {
  std::uint64_t number = 0;
  Outcome outcome = Outcome::completed;
  std::int64_t last_step = 0;
  std::optional<double> value;
  bool operator==(const EndRecord&) const = default;
};

// What became of a paused trial.
struct ReviewRecord {
  std::uint64_t number = 0;
  std::string decision;                   // `continue` or `stop`
  std::optional<std::int64_t> next_step;  // as in a ReportRecord
  bool is_last = false;                   // no trial ran then, and none would begin
  std::string why = {};
  bool operator==(const ReviewRecord&) const = default;
};

// A trial of another study that the searcher was told of first, as it was then.
struct EvidenceRecord {
  std::string study;
  std::uint64_t number = 0;
  Parameters parameters;
  Outcome outcome = Outcome::completed;
  std::int64_t last_step = 0;
  double budget = 0;
  std::optional<double> value;
  bool operator==(const EvidenceRecord&) const = default;
};

using JournalEntry =
    std::variant<ProposalRecord, ObservationRecord, ReportRecord, EndRecord, ReviewRecord, EvidenceRecord>;

}  // namespace tuner::storage
