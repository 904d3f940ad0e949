// What a plugin must leave alone in the process: the floating-point environment, standard output, standard error.
#pragma once

#include <cstdint>
#include <string>

namespace tuner::check {

// The floating-point environment of the calling thread, without the exception flags, which every operation may raise.
struct FloatingPoint {
  int rounding = 0;
  bool subnormal_results = true;    // false: flushed to zero
  bool subnormal_operands = true;   // false: taken for zero
  std::uint32_t control_words = 0;  // the whole of it: x87 precision, masks of traps
  [[nodiscard]] static FloatingPoint now();
  // What `later` has that this one has not: "the rounding mode is upward instead of to nearest". Empty: the same.
  [[nodiscard]] std::string changed_to(const FloatingPoint& later) const;
};

// Catches what the process prints while it lives. One at a time.
class PrintedText {
 public:
  PrintedText();
  ~PrintedText();
  PrintedText(const PrintedText&) = delete;
  PrintedText& operator=(const PrintedText&) = delete;
  // All that was printed so far, buffers flushed; the first 200 bytes of it, on one line.
  [[nodiscard]] std::string text() const;

 private:
  int file_, old_out_, old_err_;
};

}  // namespace tuner::check
