// tuner run FILE --trial 'lr=0.01,layers=3': one configuration, run for its output alone.
#pragma once

#include <string>

#include "tuner/commands/study_session.hpp"

namespace tuner::commands {

// The configuration of a space that "lr=0.01,layers=3" names: values by the names of dimensions, or by the last word of
// one where it is one alone. Errors: usage.bad_option for a name that there is not, a value that the dimension does not
// have, or one that is missing.
[[nodiscard]] Configuration point_from_words(const Space& space, const std::string& words);

// Runs it, prints what its program prints, what was measured and how it ended. Writes nothing to the database. The exit
// code: 0 where it completed, else 6.
[[nodiscard]] int run_one_trial(StudySession& session, const Study& study, const std::string& words);

}  // namespace tuner::commands
