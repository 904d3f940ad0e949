// What the system says: when it refuses something, and of itself.
#pragma once

#include <string>

namespace tuner {

// An errno in words; where something ran out, what that was and which limit it has: descriptors, memory or address
// space, and for EAGAIN processes and threads.
[[nodiscard]] std::string system_text(int error);

// "Intel(R) Xeon(R) CPU @ 2.20GHz, 2 processors, 24 GB, Linux 6.1.0 x86_64".
[[nodiscard]] std::string machine_text();

// What of the processor decides the bits of a result, in plugins and in libm: "x86_64 avx avx2 fma avx512f", and the
// variables that change what is used of it: "x86_64 avx avx2 fma TUNER_ISA=base". The same text: the same results.
[[nodiscard]] std::string processor_text();

// The libm that this process uses: "glibc 2.36, libm 0123456789ab", the beginning of the sha256 of its file.
[[nodiscard]] std::string libm_text();

}  // namespace tuner
