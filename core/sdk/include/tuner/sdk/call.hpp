// What crosses the ABI boundary in a call, as C++ sees it: options, the host's services, errors as exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tuner/abi.h"

namespace tuner::inline sdk {

// Thrown by a plugin for options or arguments that it does not accept; any other exception is a failure of the call.
struct Invalid : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Thrown when the host answered TUNER_STOP; passes through to the host.
struct Stopped : std::exception {};
// Thrown when another plugin that was called through the host failed; its status and text pass through to the host.
struct Failed : std::exception {
  explicit Failed(std::int32_t s) : status(s) {}
  [[nodiscard]] const char* what() const noexcept override { return "a plugin called through the host failed"; }
  std::int32_t status;
};

// The values of a plugin's options, by index in its table.
class Options {
 public:
  explicit Options(const tuner_options* options, std::uint32_t group = 0)
      : options_(options), values_(options->values + std::size_t{group} * options->n_params) {}

  double operator[](std::size_t index) const { return values_[index]; }
  // The configured value of an option that a schedule may drive. A host of ABI 1.0 does not say it: there this is the
  // value of the step, unless info.min_host_minor = 1 keeps the plugin from such a host.
  double base(std::size_t index) const {
    constexpr std::size_t kEnd = offsetof(tuner_options, base) + sizeof options_->base;
    return options_->struct_size < kEnd ? values_[index] : options_->base[values_ - options_->values + index];
  }
  std::int64_t integer(std::size_t index) const { return static_cast<std::int64_t>(values_[index]); }
  bool flag(std::size_t index) const { return values_[index] != 0; }
  std::size_t choice(std::size_t index) const { return static_cast<std::size_t>(values_[index]); }
  // Empty where the option is absent.
  std::string_view text(std::size_t index) const {
    const tuner_list& l = list(index);
    return l.count ? std::string_view(l.text[0]) : std::string_view();
  }
  std::span<const double> reals(std::size_t index) const { return {list(index).f64, list(index).count}; }
  std::span<const std::int64_t> integers(std::size_t index) const { return {list(index).i64, list(index).count}; }
  std::span<const char* const> texts(std::size_t index) const { return {list(index).text, list(index).count}; }

 private:
  const tuner_list& list(std::size_t index) const {
    return *reinterpret_cast<const tuner_list*>(reinterpret_cast<const char*>(options_->lists) +
                                                index * options_->list_stride);
  }
  const tuner_options* options_;
  const double* values_;
};

// Services of the host during one call.
class Host {
 public:
  explicit Host(const tuner_host* host) : host_(host) {}
  void log(std::uint32_t level, const char* text) const { host_->log(host_->context, level, text); }
  // Throws Stopped when the trial shall end.
  void report(const char* metric, std::int64_t step, double value) const {
    if (host_->report(host_->context, metric, step, value) != TUNER_OK) throw Stopped();
  }
  bool should_stop() const { return host_->should_stop(host_->context) != 0; }
  // Valid until the call returns; contents unspecified.
  template <class T>
  std::span<T> scratch(std::size_t count) const {
    auto* memory = static_cast<T*>(host_->scratch(host_->context, count * sizeof(T)));
    if (memory == nullptr && count != 0) throw std::bad_alloc();
    return {memory, count};
  }

 private:
  const tuner_host* host_;
};

namespace detail {

inline void write_error(tuner_error* error, const char* text) {
  if (error == nullptr) return;
  std::strncpy(error->text, text, sizeof error->text - 1);
  error->text[sizeof error->text - 1] = 0;
}

// Runs body() and turns every exception into a status and a text: nothing is thrown across the ABI boundary.
template <class Body>
std::int32_t guarded(tuner_error* error, Body&& body) noexcept {
  try {
    body();
    return TUNER_OK;
  } catch (const Stopped&) {
    return TUNER_STOP;
  } catch (const Failed& e) {
    return e.status;
  } catch (const Invalid& e) {
    write_error(error, e.what());
    return TUNER_INVALID;
  } catch (const std::bad_alloc&) {
    write_error(error, "out of memory");
    return TUNER_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    write_error(error, e.what());
    return TUNER_ERROR;
  } catch (...) {
    write_error(error, "unknown exception");
    return TUNER_ERROR;
  }
}

template <class P>
std::int32_t check_thunk(const tuner_options* options, tuner_error* error) noexcept {
  return guarded(error, [&] { P::check(Options(options)); });
}
template <class P>
constexpr auto check_of() -> std::int32_t (*)(const tuner_options*, tuner_error*) {
  if constexpr (requires(const Options& o) { P::check(o); })
    return &check_thunk<P>;
  else
    return nullptr;
}

}  // namespace detail
}  // namespace tuner::inline sdk
