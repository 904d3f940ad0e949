// What the system says: when it refuses something, and of itself.
#pragma once

#include <string>

namespace tuner {

// An errno in words; where something ran out, what that was and which limit it has: descriptors, memory or address
// space, and for EAGAIN processes and threads.
[[nodiscard]] std::string system_text(int error);

// "Intel(R) Xeon(R) CPU @ 2.20GHz, 2 processors, 24 GB, Linux 6.1.0 x86_64".
[[nodiscard]] std::string machine_text();

}  // namespace tuner
