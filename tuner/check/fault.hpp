// Memory that ends where memory begins that nobody may touch, and what is said of a fault.
//
// A plugin that reads or writes past what it was given is interrupted by the very instruction. While a FaultReporter
// lives, such a fault becomes a finding that names the memory, the place and the call, and ends the process. A fault
// anywhere else keeps its signal: the call that the plugin was in, the address, and which of its arguments were null
// are told to the runner before the process dies of it.
#pragma once

#include <cstddef>
#include <string>

#include "tuner/check/check.hpp"

namespace tuner::check {

// The end of the memory at which nothing lies beside it; at the other end there are up to 4 kB to spare.
enum class Fence { end, begin };

// At most one lives in a process. Threads: faults are reported in whichever thread they happen.
class FaultReporter {
 public:
  explicit FaultReporter(Report& report);
  ~FaultReporter();
  FaultReporter(const FaultReporter&) = delete;
  FaultReporter& operator=(const FaultReporter&) = delete;
};

// Whether one lives: fenced memory says something only then.
[[nodiscard]] bool reports_faults();

// `bytes` of memory, 64-byte aligned, of zeros, with 64 KiB on both sides that cannot be accessed. With Fence::end the
// memory ends within 64 bytes of them, and directly where `exact` or where bytes is a multiple of 64. Never freed: the
// process is short. Requires: reports_faults(). Errors: std::bad_alloc.
[[nodiscard]] void* fenced_memory(std::size_t bytes, std::string name, Fence fence, const char* remedy,
                                  bool exact = false);
// Another name, for memory that was taken before anybody knew what for.
void rename_fenced(const void* data, std::string name);
// "behind the end of tensor 'x' (40 bytes; byte 41 is changed)": the first place that was written to between the memory
// and its fence; empty: none.
[[nodiscard]] std::string fenced_damage();
// From now on the memory cannot be accessed at all: the call that it was passed to has returned.
void close_fenced(const void* data);

// "step()": the call that is going on, and the arguments of it that are null. Both are copied, and quoted for a fault.
// Empty: none is going on.
void enter_call(const std::string& call, const std::string& null_arguments = "");

// The same for as long as it lives.
class Calling {
 public:
  explicit Calling(const std::string& call, const std::string& null_arguments = "") {
    enter_call(call, null_arguments);
  }
  ~Calling() { enter_call(""); }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;
};

}  // namespace tuner::check
