// Frames, greetings and connections: what arrives is what was sent, and everything else is named.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "tuner/executor/connection.hpp"
#include "tuner/executor/crew.hpp"

namespace tuner::executor {
namespace {

std::string error_of(FrameBuffer& buffer) {
  try {
    static_cast<void>(buffer.next());
    return "none";
  } catch (const DecodeError& e) {
    return e.what();
  }
}

TEST(Frames, ArriveAsTheyWereSentInPiecesOfAnySize) {
  const Job job{.id = {7, 3, 1}, .point = {Value(0.1), std::nullopt, Value(std::string("x"))}, .attempt = 2};
  const std::string stream = framed(FrameType::drop, {}) + framed(FrameType::job, to_bytes(job));
  FrameBuffer buffer;
  std::vector<Frame> frames;
  for (const char byte : stream) {
    buffer.append({&byte, 1});
    while (auto frame = buffer.next()) frames.push_back(std::move(*frame));
  }
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].type, FrameType::drop);
  EXPECT_EQ(frames[0].bytes, "") << "of nothing, too, at any address";
  const auto read = from_bytes<Job>(frames[1].bytes);
  EXPECT_EQ(read.id, job.id);
  EXPECT_EQ(read.point, job.point);
  EXPECT_EQ(read.attempt, 2u);
  EXPECT_FALSE(read.asked.anything());
}

TEST(Frames, ThatAreNoneAreNamed) {
  const std::string whole = framed(FrameType::job, "abc");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i >= 8 && i < 12) continue;  // the length: more may be on its way
    std::string wrong = whole;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    FrameBuffer buffer;
    buffer.append(wrong);
    EXPECT_NE(error_of(buffer), "none") << i;
  }
  std::string swapped = whole;
  std::reverse(swapped.begin(), swapped.begin() + 4);
  FrameBuffer buffer;
  buffer.append(swapped);
  EXPECT_EQ(error_of(buffer), "its numbers have another byte order");
}

TEST(Bytes, ThatEndTooEarlyOrClaimTooMuchAreGarbled) {
  TrialResult result;
  result.metrics = {{1, "loss", 0.5}, {2, "loss", 0.25}};
  result.log = {"a"};
  result.value = 3;
  const std::string bytes = to_bytes(result);
  EXPECT_EQ(to_bytes(from_bytes<TrialResult>(bytes)), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(static_cast<void>(from_bytes<TrialResult>(bytes.substr(0, size))), DecodeError) << size;
  EXPECT_THROW(static_cast<void>(from_bytes<TrialResult>(bytes + "x")), DecodeError);
  EXPECT_THROW(static_cast<void>(from_bytes<std::vector<double>>(to_bytes(std::uint64_t{1} << 60))), DecodeError);
}

// One end of a connection; what the other end wrote is put in by hand.
class Arrival : public testing::Test {
 protected:
  Arrival() {
    Pipe in, out;
    connection_.emplace(std::move(in.read), std::move(out.write), ours_);
    theirs_ = std::move(in.write);
    sent_ = std::move(out.read);
  }
  void arrives(std::string_view bytes) {
    ASSERT_EQ(::write(theirs_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(connection_->receive());
  }
  std::string error() {
    try {
      while (connection_->next_frame()) continue;
      return "none";
    } catch (const DecodeError& e) {
      return e.what();
    }
  }
  static std::string greeting(const Greeting& greeting) {
    return std::string(kPreamble) + framed(FrameType::greeting, to_bytes(greeting));
  }

  Greeting ours_{.program = "this build"};
  std::optional<Connection> connection_;
  Descriptor theirs_, sent_;
};

TEST_F(Arrival, SaysAPreambleOfSixteenBytesAndAGreeting) {
  std::string said(1000, '\0');
  const ssize_t n = ::read(sent_.get(), said.data(), said.size());
  said.resize(static_cast<std::size_t>(n));
  EXPECT_EQ(said, greeting(ours_));
  EXPECT_EQ(kPreamble.size(), 16u);
}

TEST_F(Arrival, ABannerIsPassedOver) {
  arrives("Last login: yesterday\n" + greeting(ours_).substr(0, 10));
  EXPECT_FALSE(connection_->next_frame());
  arrives(greeting(ours_).substr(10) + framed(FrameType::heartbeat, "x"));
  const auto frame = connection_->next_frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->bytes, "x");
  EXPECT_EQ(connection_->banner(), "Last login: yesterday\n");
}

TEST_F(Arrival, ATerminalInBetweenIsFoundOut) {
  std::string through;
  for (const char byte : greeting(ours_)) through += byte == '\n' ? "\r\n" : std::string(1, byte);
  arrives(through);
  EXPECT_FALSE(connection_->next_frame());
  EXPECT_FALSE(connection_->is_greeted());
  ::fcntl(theirs_.get(), F_SETPIPE_SZ, 1 << 20);
  arrives(std::string(65 << 10, 'x'));
  EXPECT_TRUE(connection_->receive());
  EXPECT_NE(error().find("no supervisor answers, but a program that writes: tuner-wire"), std::string::npos);
}

TEST_F(Arrival, StrayBytesAreShown) {
  arrives(greeting(ours_) + "rm: cannot remove 'x': No such file\n");
  EXPECT_EQ(error(), "a message does not begin as one: rm: cannot remove 'x': No such file");
}

TEST_F(Arrival, AnotherBuildOrVersionIsRefusedByName) {
  arrives(greeting({.program = "that build"}));
  EXPECT_EQ(error(), "it is another build of tuner (that build there, this build here)");
  EXPECT_TRUE(connection_->greeting_refused());
  EXPECT_EQ(disagreement(ours_, {.version = 2, .program = "this build"}),
            "it speaks version 2 of the protocol, and this program version 1");
  EXPECT_EQ(disagreement(ours_, {.byte_order = 0x04030201, .program = "this build"}),
            "its numbers have another byte order");
}

TEST_F(Arrival, AnotherProcessorOrLibmIsRefusedUnlessEitherEndTakesAnyNode) {
  const Greeting here{.program = "this build", .processor = "x86_64 avx2", .libm = "glibc 2.36"};
  Greeting there = here;
  there.host = "b";
  EXPECT_EQ(disagreement(here, there), "");
  there.libm = "glibc 2.31";
  EXPECT_EQ(disagreement(here, there), "its libm gives other results (glibc 2.31 there, glibc 2.36 here)");
  there.processor = "x86_64";
  EXPECT_EQ(disagreement(here, there), "its processor gives other results (x86_64 there, x86_64 avx2 here)");
  there.any_nodes = true;
  EXPECT_EQ(disagreement(here, there), "");
  EXPECT_EQ(disagreement(there, here), "");
  there.program = "another";
  EXPECT_NE(disagreement(here, there), "") << "the build must be the same all the same";
}

}  // namespace
}  // namespace tuner::executor
