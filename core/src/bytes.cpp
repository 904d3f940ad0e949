#include "tuner/bytes.hpp"

namespace tuner {

void Writer::put(std::string_view text) {
  put(static_cast<std::uint64_t>(text.size()));
  bytes_ += text;
}

// As JSON: the one text form of values that keeps their type and every bit of a number.
void Writer::put(const Value& value) { put(std::string_view(to_json(value))); }

std::string_view Reader::take(std::size_t n) {
  if (n > bytes_.size()) throw Garbled("a message ends too early");
  const std::string_view taken = bytes_.substr(0, n);
  bytes_.remove_prefix(n);
  return taken;
}

void Reader::get_raw(void* data, std::size_t size) {
  const std::string_view taken = take(size);
  if (size > 0) std::memcpy(data, taken.data(), size);
}

std::string Reader::text() {
  const auto size = get<std::uint64_t>();
  if (size > bytes_.size()) throw Garbled("a text is longer than its message");
  return std::string(take(size));
}

Value Reader::value() {
  try {
    return value_from_json(text());
  } catch (const std::invalid_argument& e) {
    throw Garbled(e.what());
  }
}

std::size_t Reader::count(std::size_t least) {
  const auto n = get<std::uint64_t>();
  if (n > bytes_.size() / least) throw Garbled("a list is longer than its message");
  return n;
}

void Reader::end() const {
  if (!bytes_.empty()) throw Garbled("a message is too long");
}

}  // namespace tuner
