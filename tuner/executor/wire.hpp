// What the coordinator, supervisors and workers say to each other: frames of a type and bytes, each with a checksum,
// over a stream. Numbers travel as they lie in memory and doubles keep every bit: the first frame that either end of a
// remote connection, or the coordinator of a local worker, sends is a greeting, which names the byte order, the version
// of the protocol and the program.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner::executor {

enum class FrameType : std::uint32_t {
  greeting = 1,  // once, first, from either end: Greeting
  // To a worker, or to a supervisor, which hands them on.
  library,   // before the setup, for each of its libraries or none: LibraryFile; to a supervisor
  setup,     // once: WorkerSetup
  job,       // Job
  cancel,    // end the running trial; drop the others
  drop,      // drop the jobs that have not begun
  decision,  // number, Decision: for the report of that trial that waits
  question,  // see inspector.hpp; to a worker that gets no jobs
  // To a supervisor before a job, and from it before the result of a trial that goes on later: number, CheckpointFile.
  state,
  // From a worker.
  finished,    // number of the trial, times, TrialResult
  refused,     // number, Error: the study cannot go on
  dropped,     // number of a job that has not begun and comes back
  begun,       // trial::Begun
  report,      // trial::Report
  checkpoint,  // trial::CheckpointWritten
  subject,     // which plugins the worker is about to call: Subjects
  answer,      // to the question
  // From a crew.
  worker_ended,  // WorkerExit
  lost,          // number, step, why: of a job that ran where the supervisor was lost
  trouble,       // text for people: a supervisor was lost or cannot be started, or is there again
  // Between coordinator and supervisor, both ways.
  heartbeat,  // down: nothing; up: CrewStatus
};

// What the two ends must agree in.
struct Greeting {
  std::uint32_t byte_order = 0x01020304;
  std::uint32_t version = 1;  // of this protocol
  std::string program;        // which build it is
  // Between machines: what decides the bits of a result beside the program. They must agree unless either end says that
  // they need not.
  std::string processor = {}, libm = {};
  bool any_nodes = false;
  std::string host = {};  // of a supervisor, for messages: need not agree
};
template <class Archive>
void serialize(Archive& archive, Greeting& greeting) {
  archive(greeting.byte_order, greeting.version, greeting.program);
  archive(greeting.processor, greeting.libm, greeting.any_nodes, greeting.host);
}
// The running program, for the two functions below.
inline constexpr const char* kThisProgram = "/proc/self/exe";
// Of a coordinator to the workers that it starts itself: the build id that the linker gave `program`, which costs
// nothing to find.
[[nodiscard]] Greeting local_greeting(const std::filesystem::path& program);
// Between coordinator and supervisor: the sha256 of the file, and of the machine its name, the processor features that
// decide results and its libm. any_nodes: the latter need not agree.
[[nodiscard]] Greeting remote_greeting(const std::filesystem::path& program, bool any_nodes = false);
// Why they cannot speak to each other; empty where they can. `theirs` as it was received.
[[nodiscard]] std::string disagreement(const Greeting& ours, const Greeting& theirs);

// Each end of two pipes says something at least that often. A supervisor that hears nothing for kOrphaned ends with its
// workers. Its coordinator gives it up later, so that a trial of a node that cannot be reached has ended there before
// it begins elsewhere.
inline constexpr std::chrono::seconds kHeartbeat{10}, kOrphaned{45}, kSilence{60};
static_assert(kSilence > kOrphaned + kHeartbeat);

// A checkpoint of more bytes does not travel.
inline constexpr std::uint64_t kMostState = std::uint64_t{1} << 30;

// Before its greeting each end of two pipes sends these 16 bytes, which no terminal, shell or banner leaves or makes
// as they are.
inline constexpr std::string_view kPreamble{"tuner-wire\r\n\0\f\xff\n", 16};

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
  std::uint32_t workers = 1;       // of all crews
  MemoryBound trial_memory{};
  std::string checkpoint_folder;
  std::string checkpoint_identity{};  // of the plan as the coordinator has it
};
// A plugin library that travels.
struct LibraryFile {
  std::string path;  // as the setup has it
  std::string bytes;
};
template <class Archive>
void serialize(Archive& archive, LibraryFile& library) {
  archive(library.path, library.bytes);
}
template <class Archive>
void serialize(Archive& archive, WorkerSetup::Library& library) {
  archive(library.path, library.sha256);
}
template <class Archive>
void serialize(Archive& archive, WorkerSetup& setup) {
  archive(setup.libraries, setup.config_text, setup.config_name, setup.config_folder, setup.overrides);
  archive(setup.read_as, setup.metric, setup.goal, setup.memory_limit, setup.workers);
  archive(setup.trial_memory.bytes);
  archive(setup.trial_memory.source, setup.checkpoint_folder, setup.checkpoint_identity);
}
template <class Archive>
void serialize(Archive& archive, Job& job) {
  archive(job.id.number, job.id.configuration, job.id.replicate, job.attempt, job.point, job.asked, job.earlier);
}
template <class Archive>
void serialize(Archive& archive, Running& running) {
  archive(running.number, running.step, running.steps, running.value);
}

// What a supervisor says of its workers when nothing else happens.
struct CrewStatus {
  std::vector<Running> running;
  std::int32_t checkpoint_error = 0;
};
template <class Archive>
void serialize(Archive& archive, CrewStatus& status) {
  archive(status.running, status.checkpoint_error);
}

// An Error as it travels.
void put(Writer& out, const Error& error);
[[nodiscard]] Error read_error(Reader& in);

struct Frame {
  FrameType type;
  std::string bytes;
};
// The frame as it goes over the stream.
[[nodiscard]] std::string framed(FrameType type, std::string_view bytes);

// Puts frames together from what arrives. next() throws DecodeError where a frame's beginning or checksum is wrong.
class FrameBuffer {
 public:
  void append(std::string_view bytes) { bytes_ += bytes; }
  [[nodiscard]] std::optional<Frame> next();
  // What has arrived and is no whole frame yet.
  [[nodiscard]] std::string_view rest() const { return std::string_view(bytes_).substr(read_); }

 private:
  std::string bytes_;
  std::size_t read_ = 0;
};

}  // namespace tuner::executor
