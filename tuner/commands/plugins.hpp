// The actions of `tuner plugins` that have a page of their own.
#pragma once

#include "tuner/commands/command.hpp"

namespace tuner::commands {

// tuner plugins check: invocation.words are those after `check`. Returns the exit code: 4 where a check failed.
int check_plugins(const Invocation& invocation);

// tuner plugins new: as above, for the words after `new`.
int new_plugin(const Invocation& invocation);

}  // namespace tuner::commands
