// One worker process as its coordinator sees it: started, fed, read, ended, all without blocking.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tuner/child_process.hpp"
#include "tuner/executor/board.hpp"
#include "tuner/executor/wire.hpp"

namespace tuner::executor {

class WorkerProcess {
 public:
  // Starts `executable worker`. number: among those of its crew. Errors: storage.failed with the system's reason.
  explicit WorkerProcess(const std::filesystem::path& executable, std::uint32_t number = 0);
  ~WorkerProcess();  // kills what still lives
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void send(FrameType type, std::string_view message);
  // Sends what the socket took no room for so far.
  void flush();
  [[nodiscard]] bool has_unsent() const { return sent_ < unsent_.size(); }
  // Takes in what has arrived, frames and printed output. False: the worker has closed its socket, or sent nonsense
  // (then protocol_error() says what).
  [[nodiscard]] bool receive();
  [[nodiscard]] std::optional<Frame> next_frame();
  [[nodiscard]] const std::string& protocol_error() const { return protocol_error_; }
  void distrust(std::string why) { protocol_error_ = std::move(why); }

  // Ends it for good (SIGKILL) and waits, and so all processes of a program that it was running. How it ended, in
  // waitpid()'s form; by itself, where it had ended already.
  int end();

  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] int output() const { return output_.get(); }
  [[nodiscard]] const Board& board() const { return *board_; }
  // The end of what its plugins have printed.
  [[nodiscard]] const std::string& last_output() const { return printed_; }

  std::deque<std::uint64_t> jobs;  // numbers of those sent and not answered, the running one first
  // Since when it has jobs and does none of them.
  std::optional<std::chrono::steady_clock::time_point> idle_since;

 private:
  struct Unmap {
    void operator()(Board* board) const;
  };
  void start(const std::filesystem::path& executable, std::uint32_t number);
  void read_output();
  pid_t pid_ = -1;
  int status_ = 0;  // once it has ended
  Descriptor socket_, output_;
  std::unique_ptr<Board, Unmap> board_;
  FrameBuffer frames_;
  std::string unsent_, printed_, protocol_error_;
  std::size_t sent_ = 0;
};

}  // namespace tuner::executor
