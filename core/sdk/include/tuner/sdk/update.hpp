// The one-pass element-wise update: one loop over memory, compiled for three instruction sets, the best one the
// machine has chosen at run time. All three give the same bits, because plugins are built with -ffp-contract=off and
// every operation of the rule is rounded on its own. TUNER_ISA=base|avx2|avx512f overrides the choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// On the rule of an update, so that it is compiled into each of the three loops:
//   x.update([=](T& x, T g, T& m) TUNER_INLINE { ... }, x.slot(kMomentum));
#define TUNER_INLINE __attribute__((always_inline))

#if defined(__clang__)
#define TUNER_TARGET_AVX512F __attribute__((target("avx512f")))
#else
#define TUNER_TARGET_AVX512F __attribute__((target("avx512f,prefer-vector-width=512")))
#endif

namespace tuner::inline sdk {

// a / b for the rule of an update, where b = 0 counts as 1: 0 / 0 is 0, so that an adaptive rule without eps leaves an
// element alone that never had a gradient (PyTorch makes it NaN). No branch: the loop stays a vector loop.
template <class T>
TUNER_INLINE inline T ratio(T a, T b) {
  return a / (b == T(0) ? T(1) : b);
}

namespace detail {

enum class Isa { kBase, kAvx2, kAvx512f };

#if defined(__x86_64__)
inline Isa detect_isa() {
  const char* wanted = std::getenv("TUNER_ISA");
  const std::string_view name = wanted ? wanted : "";
  if (name == "base") return Isa::kBase;
  __builtin_cpu_init();
  if (name != "avx2" && __builtin_cpu_supports("avx512f")) return Isa::kAvx512f;
  return __builtin_cpu_supports("avx2") ? Isa::kAvx2 : Isa::kBase;
}
#else
inline Isa detect_isa() { return Isa::kBase; }
#endif

inline Isa isa() {
  static const Isa chosen = detect_isa();
  return chosen;
}

// for every i: rule(x[i], g[i], slots[i]...). Nothing overlaps, as abi.h promises.
template <class T, class Rule, class... S>
TUNER_INLINE inline void update_loop(T* __restrict x, const T* __restrict g, std::size_t n, Rule rule,
                                     S* __restrict... slots) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < n; ++i) rule(x[i], g[i], slots[i]...);
}

template <class T, class Rule, class... S>
void update_base(T* x, const T* g, std::size_t n, Rule rule, S*... slots) {
  update_loop(x, g, n, rule, slots...);
}
#if defined(__x86_64__)
template <class T, class Rule, class... S>
__attribute__((target("avx2"))) void update_avx2(T* x, const T* g, std::size_t n, Rule rule, S*... slots) {
  update_loop(x, g, n, rule, slots...);
}
template <class T, class Rule, class... S>
TUNER_TARGET_AVX512F void update_avx512f(T* x, const T* g, std::size_t n, Rule rule, S*... slots) {
  update_loop(x, g, n, rule, slots...);
}
#endif

template <class T, class Rule, class... S>
inline void update(T* x, const T* g, std::size_t n, Rule rule, S*... slots) {
#if defined(__x86_64__)
  // Below a few vectors the choice costs more than it gains.
  if (n >= 16) {
    const Isa chosen = isa();
    if (chosen == Isa::kAvx512f) return update_avx512f(x, g, n, rule, slots...);
    if (chosen == Isa::kAvx2) return update_avx2(x, g, n, rule, slots...);
  }
#endif
  update_base(x, g, n, rule, slots...);
}

// The same with the index of the element, first + i, as the rule's first argument.
template <class T, class Rule, class... S>
TUNER_INLINE inline void indexed_loop(T* __restrict x, const T* __restrict g, std::size_t n, std::uint64_t first,
                                      Rule rule, S* __restrict... slots) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < n; ++i) rule(first + i, x[i], g[i], slots[i]...);
}

template <class T, class Rule, class... S>
void indexed_base(T* x, const T* g, std::size_t n, std::uint64_t first, Rule rule, S*... slots) {
  indexed_loop(x, g, n, first, rule, slots...);
}
#if defined(__x86_64__)
template <class T, class Rule, class... S>
__attribute__((target("avx2"))) void indexed_avx2(T* x, const T* g, std::size_t n, std::uint64_t first, Rule rule,
                                                  S*... slots) {
  indexed_loop(x, g, n, first, rule, slots...);
}
template <class T, class Rule, class... S>
TUNER_TARGET_AVX512F void indexed_avx512f(T* x, const T* g, std::size_t n, std::uint64_t first, Rule rule,
                                          S*... slots) {
  indexed_loop(x, g, n, first, rule, slots...);
}
#endif

template <class T, class Rule, class... S>
inline void update_with_index(T* x, const T* g, std::size_t n, std::uint64_t first, Rule rule, S*... slots) {
#if defined(__x86_64__)
  if (n >= 16) {
    const Isa chosen = isa();
    if (chosen == Isa::kAvx512f) return indexed_avx512f(x, g, n, first, rule, slots...);
    if (chosen == Isa::kAvx2) return indexed_avx2(x, g, n, first, rule, slots...);
  }
#endif
  indexed_base(x, g, n, first, rule, slots...);
}

}  // namespace detail
}  // namespace tuner::inline sdk
