#include "tuner/text.hpp"

#include <fmt/format.h>

namespace tuner {

namespace {

struct Character {
  std::size_t bytes = 0;  // 0: not UTF-8
  char32_t code = 0;
};

// Source: The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, lead};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    code = (code << 6) | (next & 0x3fu);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return {};
  return {bytes, code};
}

bool is_control(char32_t c) {
  const bool turns_direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || turns_direction;
}

std::string escape(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  return c < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c))
                  : fmt::format("\\u{:04x}", static_cast<unsigned>(c));
}

// At most `most` characters; `text` keeps what is left.
std::string escaped(std::string_view& text, std::size_t most, bool keep_blanks) {
  std::string result;
  for (std::size_t n = 0; n < most && !text.empty(); ++n) {
    const Character next = first_of(text);
    if (next.bytes == 0)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (is_control(next.code) && !(keep_blanks && (next.code == '\n' || next.code == '\t')))
      result += escape(next.code);
    else
      result += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes == 0 ? 1 : next.bytes);
  }
  return result;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Character next = first_of(text.substr(at));
    if (next.bytes == 0) break;
    at += next.bytes;
  }
  return at;
}

std::string printable(std::string_view text) { return escaped(text, text.size(), true); }

std::string shown(std::string_view text, std::size_t most) {
  const std::size_t bytes = text.size();
  std::string result = escaped(text, most, false);
  if (!text.empty()) result += fmt::format("... ({} bytes)", bytes);
  return result;
}

}  // namespace tuner
