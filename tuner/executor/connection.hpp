// One end of two pipes that carry frames, between the coordinator and a supervisor. Nothing here waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tuner/child_process.hpp"
#include "tuner/executor/wire.hpp"

namespace tuner::executor {

class Connection {
 public:
  // Says the preamble and `ours`.
  Connection(Descriptor in, Descriptor out, Greeting ours);

  void send(FrameType type, std::string_view message);
  // Sends what the pipe took no room for so far.
  void flush();
  [[nodiscard]] bool has_unsent() const { return sent_ < unsent_.size(); }
  // Takes in what has arrived. False: the other end is closed.
  [[nodiscard]] bool receive();
  // The next frame after the greeting. Throws DecodeError: the other end is no such program, says more than 64 KiB
  // before its preamble, is another build (greeting_refused() then), or something else wrote into its output; with its
  // text.
  [[nodiscard]] std::optional<Frame> next_frame();
  [[nodiscard]] bool is_greeted() const { return greeted_; }
  // The other end's greeting, once it is greeted.
  [[nodiscard]] const Greeting& theirs() const { return theirs_; }
  // The other end finds out that nothing more comes.
  void close_output() { out_.reset(); }
  [[nodiscard]] bool greeting_refused() const { return refused_; }
  // What came before the preamble: a banner, or why nothing could be started.
  [[nodiscard]] const std::string& banner() const { return banner_; }

  [[nodiscard]] int in() const { return in_.get(); }
  [[nodiscard]] int out() const { return out_.get(); }

 private:
  [[nodiscard]] bool find_preamble();
  Descriptor in_, out_;
  Greeting ours_, theirs_;
  FrameBuffer frames_;
  std::string unsent_, banner_;
  std::size_t sent_ = 0;
  bool begun_ = false, greeted_ = false, refused_ = false;
};

// Bytes for people: what is not printable is escaped, and only the beginning of a long text is shown.
[[nodiscard]] std::string excerpt(std::string_view bytes);

}  // namespace tuner::executor
