// A JSON document in memory. The library that reads and writes the text is known to json.cpp alone: its templates would
// cost seconds of compile time in every file that uses them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tuner {

// Null, a boolean, a number, a string, an array, or an object whose keys stay in the order in which they came.
// Braces make arrays and objects as in Json{{"id", 1}, {"names", {"a", "b"}}}: a list of pairs that begin with a string
// is an object, every other list an array.
// Errors: std::invalid_argument for another type than the one asked for, std::out_of_range for what is not there.
// Threads: as a plain value.
class Json {
 public:
  // None of these is inline: literals make many of them.
  Json();  // null
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();
  Json(std::same_as<bool> auto value) : Json(Type::boolean, value) {}
  Json(std::signed_integral auto value) : Json(Type::integer, value) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value)
      : Json(value > kLargest ? Type::large : Type::integer, static_cast<std::int64_t>(value)) {}
  Json(double value);
  Json(std::string value);
  Json(std::string_view value);
  Json(const char* value);
  Json(std::nullptr_t) {}
  Json(std::vector<Json> items);
  Json(const std::vector<std::string>& strings);
  template <std::size_t n>
  Json(const char* const (&strings)[n]) : Json(std::vector<Json>(strings, strings + n)) {}
  Json(std::initializer_list<Json> list);
  [[nodiscard]] static Json array(std::initializer_list<Json> items = {});
  [[nodiscard]] static Json object();

  // Errors: std::invalid_argument with the place where the text is no JSON.
  [[nodiscard]] static Json parse(std::string_view text);
  [[nodiscard]] static Json parse(std::istream& text);
  // On one line, or with `indent` spaces a level. What is not UTF-8 becomes U+FFFD; numbers that are not finite, null.
  [[nodiscard]] std::string dump(int indent = -1) const;
  // On one line with a space after every comma and colon, for those who read it.
  [[nodiscard]] std::string line() const;
  // The same document with the keys of all objects in alphabetical order.
  [[nodiscard]] Json sorted() const;

  [[nodiscard]] bool is_null() const { return type_ == Type::null; }
  [[nodiscard]] bool is_boolean() const { return type_ == Type::boolean; }
  [[nodiscard]] bool is_integer() const { return type_ == Type::integer; }  // one that fits into 64 bits with a sign
  [[nodiscard]] bool is_number() const { return is_integer() || type_ == Type::large || type_ == Type::real; }
  [[nodiscard]] bool is_real() const { return type_ == Type::real; }
  [[nodiscard]] bool is_string() const { return type_ == Type::string; }
  [[nodiscard]] bool is_array() const { return type_ == Type::array; }
  [[nodiscard]] bool is_object() const { return type_ == Type::object; }
  // T: bool, std::int64_t, double (of every number), std::string, or a std::vector of them or of Json.
  template <class T>
  [[nodiscard]] T get() const {
    T list;
    expect(Type::array);
    for (const Json& item : items_) list.push_back(item.get<typename T::value_type>());
    return list;
  }

  // Of arrays and objects; a scalar has none.
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  struct Member;
  [[nodiscard]] std::vector<Member> items() const;  // of an object, in its order; they live as long as it does
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) < keys_.size(); }

  [[nodiscard]] const Json& at(std::size_t index) const { return items_.at(index); }
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] const Json& operator[](std::integral auto index) const { return at(static_cast<std::size_t>(index)); }
  [[nodiscard]] const Json& operator[](std::string_view key) const { return at(key); }
  // Adds the key where it is missing; null becomes an object.
  Json& operator[](std::string_view key);
  // Null becomes an array.
  void push_back(Json item);
  // Adds the other object's keys, or gives those that are there its values.
  void update(const Json& other);

  [[nodiscard]] bool operator==(const Json& other) const;

 private:
  enum class Type : std::uint8_t { null, boolean, integer, large, real, string, array, object };
  static constexpr std::uint64_t kLargest = INT64_MAX;
  friend struct JsonText;
  Json(Type type, std::int64_t value);
  [[nodiscard]] std::size_t find(std::string_view key) const;
  void expect(Type type) const;

  Type type_ = Type::null;
  std::int64_t integer_ = 0;  // or the boolean, or the bits of a large integer without a sign
  double real_ = 0;
  std::string string_;
  std::vector<Json> items_;
  std::vector<std::string> keys_;
};

template <>
bool Json::get<bool>() const;
template <>
std::int64_t Json::get<std::int64_t>() const;
template <>
double Json::get<double>() const;
template <>
std::string Json::get<std::string>() const;
template <>
Json Json::get<Json>() const;

struct Json::Member {
  const std::string& key;
  const Json& value;
};

}  // namespace tuner
