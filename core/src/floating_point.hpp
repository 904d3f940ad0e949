// The floating-point mode: rounding, denormal numbers, traps. A plugin must leave it alone, since everything after it
// in the same thread would compute other bits.
#pragma once

#include <cfenv>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace tuner {

// Puts the mode back that was in force when it was made.
class FloatingPointGuard {
 public:
  FloatingPointGuard() { std::fegetenv(&environment_); }
  ~FloatingPointGuard() { restore(); }
  FloatingPointGuard(const FloatingPointGuard&) = delete;
  FloatingPointGuard& operator=(const FloatingPointGuard&) = delete;
  void restore() const { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_;
};

// The mode as a number, to compare; cheap enough for every call of a plugin. The flags of what has happened are no part
// of it.
inline unsigned floating_point_mode() {
#if defined(__SSE2__)
  return _mm_getcsr() & ~0x3fu;
#else
  return static_cast<unsigned>(std::fegetround());
#endif
}

}  // namespace tuner
