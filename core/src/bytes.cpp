#include "tuner/bytes.hpp"

namespace tuner {

void Writer::put(std::string_view text) {
  put(static_cast<std::uint64_t>(text.size()));
  bytes_ += text;
}

// As JSON: the one text form of values that keeps their type and every bit of a number.
void Writer::put(const Value& value) { put(std::string_view(to_json(value))); }

std::string_view Reader::take(std::size_t n) {
  if (n > bytes_.size()) throw DecodeError("a message ends too early");
  const std::string_view taken = bytes_.substr(0, n);
  bytes_.remove_prefix(n);
  return taken;
}

void Reader::get_raw(void* data, std::size_t size) {
  const std::string_view taken = take(size);
  if (size > 0) std::memcpy(data, taken.data(), size);
}

void Reader::read(std::string& text) {
  const auto size = get<std::uint64_t>();
  if (size > bytes_.size()) throw DecodeError("a text is longer than its message");
  text = take(size);
}

void Reader::read(Value& value) {
  try {
    value = value_from_json(get<std::string>());
  } catch (const std::invalid_argument& e) {
    throw DecodeError(e.what());
  }
}

void Reader::end() const {
  if (!bytes_.empty()) throw DecodeError("a message is too long");
}

}  // namespace tuner
