// Makes what a study proposed again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

// What a study was until its space grew, or is. The searcher is a new one of this plan, which must outlive it.
struct ReplayedVersion {
  const StudyPlan& plan;
  std::unique_ptr<search::Searcher> searcher;
  std::uint64_t proposals = UINT64_MAX;  // that had been made when the next version replaced it
};

// Makes the proposals of a recorded study again, each from what its journal says that was observed by then, and by the
// searcher of the version that the study had then. The searcher of a later version is told first all that the one
// before it was, as that of a resumed study is. versions: oldest first, at least one. Errors: storage.damaged.
struct ReplayedProposals {
  std::uint64_t compared = 0;
  std::uint64_t left_out = 0;            // those after an observation whose trial is missing
  std::vector<std::string> differences;  // a line for each that is another one now
};
[[nodiscard]] ReplayedProposals replay_proposals(std::span<const ReplayedVersion> versions,
                                                 const storage::Store& store);

}  // namespace tuner::study
