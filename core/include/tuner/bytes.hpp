// Values as bytes, for checkpoints and for messages between processes: numbers as they lie in memory, so that a double
// keeps every bit; texts and lists with their length before them. A type says once what it consists of,
//
//   template <class Archive>
//   void serialize(Archive& archive, MetricPoint& point) { archive(point.step, point.name, point.value); }
//
// and a Writer writes that, a Reader reads it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tuner/value.hpp"

namespace tuner {

// Bytes that are not what is due.
class DecodeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
 public:
  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }
  template <Plain T>
  void put(T value) {
    put_raw(&value, sizeof value);
  }
  void put(std::string_view text);
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const Value& value);
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint64_t>(list.size()));
    for (const T& item : list) put(item);
  }
  template <class Key, class T>
  void put(const std::map<Key, T>& map) {
    put(static_cast<std::uint64_t>(map.size()));
    for (const auto& [key, value] : map) {
      put(key);
      put(value);
    }
  }
  template <class First, class Second>
  void put(const std::pair<First, Second>& pair) {
    put(pair.first);
    put(pair.second);
  }
  // What has a serialize(): it changes nothing when it writes.
  template <class T>
  requires(std::is_class_v<T>) void put(const T& value) { serialize(*this, const_cast<T&>(value)); }
  void put_raw(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  // A number that reader and writer know already; see Reader.
  template <Plain T>
  void same(T known, const char*) {
    put(known);
  }
  void raw(void* data, std::size_t size) { put_raw(data, size); }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads in the order of writing. Throws DecodeError; what was read before stays read.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class... Values>
  void operator()(Values&... values) {
    (read(values), ...);
  }
  template <Plain T>
  T get() {
    T value;
    get_raw(&value, sizeof value);
    return value;
  }
  template <class T>
  requires(!Plain<T>) T get() {
    T value;
    read(value);
    return value;
  }
  // Throws DecodeError with that text where another number was written.
  template <Plain T>
  void same(T known, const char* otherwise) {
    if (get<T>() != known) throw DecodeError(otherwise);
  }
  void raw(void* data, std::size_t size) { get_raw(data, size); }
  void get_raw(void* data, std::size_t size);
  // What has not been read yet.
  [[nodiscard]] std::string_view rest() const { return bytes_; }
  // The end must be reached.
  void end() const;

 private:
  template <Plain T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, bool>)
      value = get<std::uint8_t>() != 0;
    else
      value = get<T>();
  }
  void read(std::string& text);
  void read(Value& value);
  template <class T>
  void read(std::optional<T>& value) {
    value.reset();
    if (get<std::uint8_t>() != 0) read(value.emplace());
  }
  template <class T>
  void read(std::vector<T>& list) {
    // One by one: a wrong number finds the end of the bytes before it takes memory.
    list.clear();
    for (auto n = get<std::uint64_t>(); n > 0; --n) read(list.emplace_back());
  }
  template <class Key, class T>
  void read(std::map<Key, T>& map) {
    map.clear();
    for (auto n = get<std::uint64_t>(); n > 0; --n) {
      Key key = get<Key>();
      read(map[std::move(key)]);
    }
  }
  template <class First, class Second>
  void read(std::pair<First, Second>& pair) {
    read(pair.first);
    read(pair.second);
  }
  template <class T>
  requires(std::is_class_v<T>) void read(T& value) { serialize(*this, value); }
  std::string_view take(std::size_t n);
  std::string_view bytes_;
};

template <class T>
[[nodiscard]] std::string to_bytes(const T& value) {
  Writer out;
  out(value);
  return out.bytes();
}
// Throws DecodeError, also where there is more.
template <class T>
[[nodiscard]] T from_bytes(std::string_view bytes) {
  Reader in(bytes);
  T value = in.get<T>();
  in.end();
  return value;
}

}  // namespace tuner
