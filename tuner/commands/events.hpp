// A running study as lines of JSON, one object for each thing that happens: `--events`. See docs/json.md.
#pragma once

#include <ostream>

#include "tuner/storage/store.hpp"
#include "tuner/trial/channel.hpp"

namespace tuner::commands {

// {"event": "started" | "report" | "checkpoint", "trial": ...}
void print_event(std::ostream& out, const trial::Notice& notice);
// {"event": "ended"} and the object of a trial; of one that is in the database.
void print_event(std::ostream& out, const storage::TrialRecord& ended);

}  // namespace tuner::commands
