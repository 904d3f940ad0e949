// What the system says when it refuses something.
#pragma once

#include <string>

namespace tuner {

// An errno in words; where something ran out, what that was and which limit it has: descriptors, memory or address
// space, and for EAGAIN processes and threads.
[[nodiscard]] std::string system_text(int error);

}  // namespace tuner
