// Values as canonical JSON and for people.
#include "tuner/value.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "tuner/json.hpp"

namespace tuner {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Value, JsonOfEveryType) {
  EXPECT_EQ(to_json(Null{}), "null");
  EXPECT_EQ(to_json(true), "true");
  EXPECT_EQ(to_json(false), "false");
  EXPECT_EQ(to_json(std::int64_t{-7}), "-7");
  EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_json(std::string("a \"b\"\n\\")), R"("a \"b\"\n\\")");
  EXPECT_EQ(to_json(List{}), "[]");
  EXPECT_EQ(to_json(List{Null{}, true, std::int64_t{1}, 1.0, std::string("x")}), R"([null, true, 1, 1.0, "x"])");
}

TEST(Value, NumbersStayNumbersAndIntegersIntegers) {
  EXPECT_EQ(format_number(3), "3.0");
  EXPECT_EQ(format_number(-0.0), "-0.0");
  EXPECT_EQ(format_number(0.001), "0.001");
  EXPECT_EQ(format_number(1e-8), "1e-08");
  EXPECT_EQ(format_number(1e300), "1e+300");
  EXPECT_EQ(format_number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(value_from_json("3"), Value(std::int64_t{3}));
  EXPECT_EQ(value_from_json("3.0"), Value(3.0));
  EXPECT_EQ(value_from_json("3e0"), Value(3.0));
}

TEST(Value, NonFiniteNumbersAreTexts) {
  EXPECT_EQ(to_json(kInf), "\"inf\"");
  EXPECT_EQ(to_json(-kInf), "\"-inf\"");
  EXPECT_EQ(to_json(std::nan("")), "\"nan\"");
  EXPECT_EQ(to_json(-std::nan("")), "\"nan\"");
  EXPECT_EQ(to_json(List{kInf}), "[\"inf\"]");
}

TEST(Value, IsThePartOfADocumentThatItsTextIs) {
  for (const Value& value :
       {Value(Null{}), Value(true), Value(std::int64_t{7}), Value(0.5), Value(std::string("a \"b\"")),
        Value(std::nan("")), Value(HUGE_VAL), Value(-HUGE_VAL), Value(List{1.0, "x", Null{}, false}), Value(List{})})
    EXPECT_EQ(document_of(value), Json::parse(to_json(value))) << to_json(value);
}

TEST(Value, ReadsBackWhatItWrote) {
  for (const Value& value : {Value(Null{}), Value(true), Value(std::int64_t{1} << 62), Value(0.1), Value(-5e-324),
                             Value(std::numeric_limits<double>::max()), Value(std::string("\t\u00e4 \"")),
                             Value(List{}), Value(List{1.0, std::int64_t{1}, std::string("1"), Null{}, false})})
    EXPECT_EQ(value_from_json(to_json(value)), value) << to_json(value);
}

TEST(Value, AnyDoubleReadsBackBitForBit) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const Value back = value_from_json(format_number(value));
    ASSERT_TRUE(std::holds_alternative<double>(back)) << format_number(value);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(back)), std::bit_cast<std::uint64_t>(value));
  }
}

TEST(Value, RefusesWhatIsNoScalarAndNoFlatList) {
  for (const char* json : {"{}", "[[1]]", "[{}]", "", "1 2", "nul", "'x'", "[1,]"})
    EXPECT_THROW(static_cast<void>(value_from_json(json)), std::invalid_argument) << json;
}

TEST(Value, IntegersBeyondInt64AreNumbers) {
  EXPECT_EQ(value_from_json("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(value_from_json("9223372036854775808"), Value(9223372036854775808.0));
  EXPECT_EQ(value_from_json("18446744073709551615"), Value(18446744073709551615.0));
}

TEST(Value, TextThatIsNoUtf8IsReplaced) {
  EXPECT_EQ(json_quoted("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(json_quoted(""), "\"\"");
}

TEST(Value, ForPeople) {
  EXPECT_EQ(to_display(std::string("adam")), "adam");
  EXPECT_EQ(to_display(0.123456789), "0.123457");
  EXPECT_EQ(to_display(0.123456789, 3), "0.123");
  EXPECT_EQ(to_display(3.0), "3");
  EXPECT_EQ(to_display(std::int64_t{64}), "64");
  EXPECT_EQ(to_display(Null{}), "null");
  EXPECT_EQ(to_display(true), "true");
  EXPECT_EQ(to_display(List{std::int64_t{64}, std::string("a"), 0.5}), "[64, a, 0.5]");
}

}  // namespace
}  // namespace tuner
