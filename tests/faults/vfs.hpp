// A file system for SQLite that fails where it is told to: it stands before the ordinary one and counts what is
// written.
#pragma once

#include <cstdint>

namespace tuner::faults {

enum class Fault { none, write_error, disk_full, short_write, sync_error, map_error };

struct FaultPlan {
  Fault fault = Fault::none;
  std::uint64_t at = 0;  // the n-th operation of its kind, from 1
  bool lasting = false;  // all after it fail too
};

// Makes it SQLite's default, once per process. Threads: one.
void install_faults();
// Starts counting anew.
void set_faults(const FaultPlan& plan);

struct Written {
  std::uint64_t writes = 0;  // with changes of a file's length
  std::uint64_t syncs = 0, maps = 0;
  bool failed = false;  // has the fault come about?
};
[[nodiscard]] Written written();

}  // namespace tuner::faults
