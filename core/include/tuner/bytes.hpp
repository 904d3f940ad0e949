// Values as bytes, for checkpoints and for messages between processes of one machine: numbers as they lie in memory, so
// that a double keeps every bit; texts with their length before them.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "tuner/value.hpp"

namespace tuner {

// Bytes that are not what is due.
class Garbled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Writer {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(T value) { put_raw(&value, sizeof value); }
  void put(std::string_view text);
  void put(const Value& value);
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  void put_raw(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads in the order of writing. Throws Garbled; what was read before stays read.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T> T get() {
    T value;
    get_raw(&value, sizeof value);
    return value;
  }
  [[nodiscard]] std::string text();
  [[nodiscard]] Value value();
  template <class T>
  [[nodiscard]] std::optional<T> maybe() {
    return get<std::uint8_t>() != 0 ? std::optional<T>(get<T>()) : std::nullopt;
  }
  void get_raw(void* data, std::size_t size);
  // A number of items, each at least `least` bytes long, that the rest has room for.
  [[nodiscard]] std::size_t count(std::size_t least);
  // The end must be reached.
  void end() const;

 private:
  std::string_view take(std::size_t n);
  std::string_view bytes_;
};

}  // namespace tuner
