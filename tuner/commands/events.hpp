// A running study as lines of JSON, one object for each thing that happens: `--events`. See docs/cli.md.
#pragma once

#include <ostream>

#include "tuner/storage/store.hpp"
#include "tuner/trial/channel.hpp"

namespace tuner::commands {

// {"event": "started" | "report" | "checkpoint", "trial": ...}
void print_event(std::ostream& out, const trial::Notice& notice);
// {"event": "ended", "trial": ...}; of a trial that is in the database.
void print_event(std::ostream& out, const storage::TrialRecord& ended);

}  // namespace tuner::commands
