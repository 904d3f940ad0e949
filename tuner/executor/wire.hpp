// What the coordinator and its workers say to each other: frames of a type and bytes, each with a checksum, over a
// stream socket. Both ends are the same executable, so numbers travel as they lie in memory and doubles keep every bit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner::executor {

enum class FrameType : std::uint32_t {
  setup = 1,  // to a worker, once: WorkerSetup
  job,        // Job
  cancel,     // end the running trial; drop the others
  drop,       // drop the jobs that have not begun
  finished,   // from a worker: number of the trial, times, TrialResult
  refused,    // number, Error: the study cannot go on
  dropped,    // number of a job that a worker gave back
};

// What a worker needs to know of the study: enough to read the same plan as the coordinator did.
struct WorkerSetup {
  struct Library {
    std::string path, sha256;
  };
  std::vector<Library> libraries;  // of all plugins that the plan uses
  std::string config_text, config_name, config_folder;
  std::vector<std::string> overrides;
  std::uint8_t read_as = 0;  // config::ReadAs
  std::string metric;
  Goal goal = Goal::minimize;
  std::uint64_t memory_limit = 0;  // bytes, 0: none
  MemoryBound trial_memory{};
  std::string checkpoint_folder;
  std::string checkpoint_identity{};  // of the plan as the coordinator has it
};

void put(Writer& out, const WorkerSetup& setup);
void put(Writer& out, const Job& job);
void put(Writer& out, const Error& error);
[[nodiscard]] WorkerSetup read_setup(Reader& in);
[[nodiscard]] Job read_job(Reader& in);
[[nodiscard]] Error read_error(Reader& in);

struct Frame {
  FrameType type;
  std::string bytes;
};
// The frame as it goes over the socket.
[[nodiscard]] std::string framed(FrameType type, std::string_view bytes);

// Puts frames together from what arrives. next() throws Garbled where a frame's beginning or checksum is wrong.
class FrameBuffer {
 public:
  void append(std::string_view bytes) { bytes_ += bytes; }
  [[nodiscard]] std::optional<Frame> next();

 private:
  std::string bytes_;
  std::size_t read_ = 0;
};

}  // namespace tuner::executor
