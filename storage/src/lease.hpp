// A study's lease: the row of the study names the process that runs it. A lease whose process is gone counts nothing,
// so a killed run needs no cleaning up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connection.hpp"

namespace tuner::storage {

// A process, told apart from later ones of the same pid and from those before a reboot.
struct Process {
  std::int64_t pid = 0;
  std::string boot_id;           // /proc/sys/kernel/random/boot_id
  std::int64_t start_ticks = 0;  // clock ticks from boot to its start: field 22 of /proc/PID/stat
};
[[nodiscard]] Process this_process();
// False also for a process that has ended and is only waiting to be reaped.
[[nodiscard]] bool is_alive(const Process& process);

// Two stores never have the same token, not even in one process.
[[nodiscard]] std::string new_lease_token();

// Errors: storage.busy_study where a living process holds the study by another token.
// Requires: an open Transaction.
void check_free(Connection& connection, std::string_view study, std::string_view token);
// Writes the lease into the study's row. Requires: an open Transaction, begun before check_free().
void take_lease(Connection& connection, std::int64_t study_id, std::string_view token, std::string_view since);
void release_lease(Connection& connection, std::int64_t study_id, std::string_view token);
// Errors: storage.busy_study where the study no longer carries our token: another process took us for dead (it cannot
// see us, e.g. from another container), or erased the study. Requires: an open Transaction.
void check_held(Connection& connection, std::int64_t study_id, std::string_view study, std::string_view token);

}  // namespace tuner::storage
