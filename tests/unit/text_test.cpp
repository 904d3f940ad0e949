// What messages and tables show of bytes that others wrote.
#include "tuner/text.hpp"

#include <gtest/gtest.h>

namespace tuner {
namespace {

TEST(Utf8Prefix, EndsAtTheFirstByteThatIsNoUtf8) {
  for (const std::string_view text : {"", "plain",
                                      "Gr\xc3\xb6\xc3\x9f"
                                      "e",
                                      "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(utf8_prefix(text), text.size()) << text;
  EXPECT_EQ(utf8_prefix("L\xf6sung"), 1u);
  EXPECT_EQ(utf8_prefix("ab\xc3"), 2u) << "cut";
  EXPECT_EQ(utf8_prefix("\xc0\xaf"), 0u) << "overlong";
  EXPECT_EQ(utf8_prefix("\xe0\x80\xaf"), 0u) << "overlong";
  EXPECT_EQ(utf8_prefix("\xed\xa0\x80"), 0u) << "a surrogate";
  EXPECT_EQ(utf8_prefix("\xf4\x90\x80\x80"), 0u) << "above U+10FFFF";
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\n\tGr\xc3\xb6\xc3\x9f"
                      "e"),
            "a\n\tGr\xc3\xb6\xc3\x9f"
            "e");
  EXPECT_EQ(printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m")
      << "the one character that begins what ESC [ begins";
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u202e");
  EXPECT_EQ(printable("\xf6"), "\\xf6");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Shown, IsOneLineAndShort) {
  EXPECT_EQ(shown("a\tb\nc"), "a\\tb\\nc");
  EXPECT_EQ(shown(std::string(80, 'x')), std::string(80, 'x'));
  std::string expected(80, 'x');
  expected += "... (10000000 bytes)";
  EXPECT_EQ(shown(std::string(10'000'000, 'x')), expected);
  std::string wide;
  for (int i = 0; i < 81; ++i) wide += "\xc3\xb6";
  expected = wide.substr(0, 160);
  expected += "... (162 bytes)";
  EXPECT_EQ(shown(wide), expected) << "80 characters, none of them cut";
}

}  // namespace
}  // namespace tuner
