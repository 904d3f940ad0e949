#include "lease.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>

#include "reading.hpp"

namespace tuner::storage {
namespace {

struct Stat {
  char state = '?';
  std::int64_t start_ticks = 0;
};

std::optional<Stat> read_stat(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  // Unlike an iterator over the file it throws nothing where the process ends between the two calls.
  std::ostringstream text;
  text << file.rdbuf();
  const std::string line = std::move(text).str();
  // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  Stat stat;
  std::string skipped;
  fields >> stat.state;  // field 3
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> stat.start_ticks;  // field 22
  return fields ? std::optional(stat) : std::nullopt;
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Process this_process() {
  const std::int64_t pid = getpid();
  const std::optional<Stat> stat = read_stat(pid);
  return {.pid = pid, .boot_id = read_boot_id(), .start_ticks = stat ? stat->start_ticks : 0};
}

bool is_alive(const Process& process) {
  if (process.pid <= 0 || process.pid > INT_MAX) return false;  // what no process has
  if (process.boot_id != read_boot_id()) return false;
  if (kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return false;
  const std::optional<Stat> stat = read_stat(process.pid);
  if (!stat) return true;  // there, but hidden from us
  return stat->start_ticks == process.start_ticks && stat->state != 'Z' && stat->state != 'X';
}

std::string new_lease_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

void check_free(Connection& connection, std::string_view study, std::string_view token) {
  Rows row = connection
                 .prepared(
                     "SELECT lease_token, lease_pid, lease_boot_id, lease_start_ticks, lease_since FROM studies "
                     "WHERE name = ? AND lease_token IS NOT NULL")
                 .query(study);
  if (!row.next()) return;
  Process holder;
  bool ours = false;
  Reading(connection, nullptr)
      .row([&] { return fmt::format("study '{}'", study); },
           [&] {
             in_table("studies", [&] {
               ours = row.text(0) == token;
               holder = {.pid = row.integer(1), .boot_id = row.text(2), .start_ticks = row.integer(3)};
             });
           });
  if (ours || !is_alive(holder)) return;
  throw Error(Message::storage_busy_study,
              fmt::format("study '{}' is being run by process {} since {}", study, holder.pid, row.optional_text(4)),
              fmt::format("Wait for it, stop it (kill {}), or give this sweep another name with `study:`.", holder.pid))
      .at(connection.file().string());
}

void take_lease(Connection& connection, std::int64_t study_id, std::string_view token, std::string_view since) {
  const Process self = this_process();
  connection
      .prepared(
          "UPDATE studies SET lease_token = ?, lease_pid = ?, lease_boot_id = ?, lease_start_ticks = ?, "
          "lease_since = ? WHERE id = ?")
      .run(token, self.pid, self.boot_id, self.start_ticks, since, study_id);
}

void release_lease(Connection& connection, std::int64_t study_id, std::string_view token) {
  connection
      .prepared(
          "UPDATE studies SET lease_token = NULL, lease_pid = NULL, lease_boot_id = NULL, lease_start_ticks = NULL, "
          "lease_since = NULL WHERE id = ? AND lease_token = ?")
      .run(study_id, token);
}

void check_held(Connection& connection, std::int64_t study_id, std::string_view study, std::string_view token) {
  Rows row =
      connection.prepared("SELECT lease_token IS ?, lease_token, lease_pid, lease_since FROM studies WHERE id = ?")
          .query(token, study_id);
  const bool there = row.next();
  if (there && row.integer(0) == 1) return;
  std::string what = fmt::format("study '{}' was erased while it ran here", study);
  if (there && row.is_null(1)) what = fmt::format("study '{}' was run by another process meanwhile", study);
  if (there && !row.is_null(1)) {
    what = fmt::format("study '{}' was taken over by process {} at {}", study, row.shown(2), row.shown(3));
  }
  throw Error(Message::storage_busy_study, what,
              "Nothing more is recorded from here. Run a study from one place at a time.")
      .at(connection.file().string());
}

}  // namespace tuner::storage
