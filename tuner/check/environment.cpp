#include "tuner/check/environment.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cfenv>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <limits>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tuner::check {

namespace {

const char* rounding_name(int mode) {
  switch (mode) {
    case FE_TONEAREST:
      return "to nearest";
    case FE_UPWARD:
      return "upward";
    case FE_DOWNWARD:
      return "downward";
    case FE_TOWARDZERO:
      return "toward zero";
    default:
      return "unknown";
  }
}

void flush() {
  std::cout.flush();
  std::fflush(nullptr);
}

}  // namespace

FloatingPoint FloatingPoint::now() {
  FloatingPoint state;
  state.rounding = std::fegetround();
  // 5e-324, made of bits: arithmetic on it is what is in question.
  const std::uint64_t one_bit = 1;
  double least = 0;
  std::memcpy(&least, &one_bit, sizeof least);
  volatile double smallest_normal = std::numeric_limits<double>::min(), subnormal = least;
  volatile double halved = smallest_normal / 2, scaled = subnormal * 0x1p600;
  std::uint64_t halved_bits = 0;
  const double result = halved;
  std::memcpy(&halved_bits, &result, sizeof halved_bits);
  state.subnormal_results = halved_bits != 0;
  state.subnormal_operands = scaled != 0;
#if defined(__x86_64__)
  std::fenv_t environment;
  std::fegetenv(&environment);
  std::fesetenv(&environment);  // fnstenv, which reads it, masks the x87 traps
  constexpr std::uint32_t kFlags = 0x3f;
  state.control_words = (_mm_getcsr() & ~kFlags) << 16 | environment.__control_word;
#endif
  return state;
}

std::string FloatingPoint::changed_to(const FloatingPoint& later) const {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (rounding != later.rounding)
    add(fmt::format("the rounding mode is {} instead of {}", rounding_name(later.rounding), rounding_name(rounding)));
  if (subnormal_results != later.subnormal_results)
    add(later.subnormal_results ? "results below 2e-308 are no longer flushed to zero"
                                : "results below 2e-308 are flushed to zero (FTZ)");
  if (subnormal_operands != later.subnormal_operands)
    add(later.subnormal_operands ? "operands below 2e-308 no longer count as zero"
                                 : "operands below 2e-308 count as zero (DAZ)");
  if (text.empty() && control_words != later.control_words)
    add(fmt::format("the control words are {:#010x} instead of {:#010x} (traps or precision)", later.control_words,
                    control_words));
  return text;
}

PrintedText::PrintedText()
    : file_(::memfd_create("printed", MFD_CLOEXEC)), old_out_(::dup(STDOUT_FILENO)), old_err_(::dup(STDERR_FILENO)) {
  flush();
  ::dup2(file_, STDOUT_FILENO);
  ::dup2(file_, STDERR_FILENO);
}

PrintedText::~PrintedText() {
  flush();
  ::dup2(old_out_, STDOUT_FILENO);
  ::dup2(old_err_, STDERR_FILENO);
  for (const int file : {file_, old_out_, old_err_}) ::close(file);
}

std::string PrintedText::text() const {
  flush();
  char buffer[200];
  const ssize_t n = ::pread(file_, buffer, sizeof buffer, 0);
  std::string text(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  // A lone newline is printing, too.
  return n > 0 && text.empty() ? "(an empty line)" : text;
}

}  // namespace tuner::check
