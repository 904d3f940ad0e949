#include "tuner/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace tuner {
namespace {

using Strings = std::vector<std::string>;

TEST(Json, BracesMakeObjectsOfPairsAndArraysOfTheRest) {
  EXPECT_EQ((Json{{"a", 1}, {"b", {1, 2}}}).dump(), R"({"a":1,"b":[1,2]})");
  EXPECT_EQ((Json{{"a", {"x", "y"}}}).dump(), R"({"a":["x","y"]})");
  EXPECT_EQ((Json{{"a", {{"b", true}}}}).dump(), R"({"a":{"b":true}})");
  EXPECT_EQ(Json({"a", "b", "c"}).dump(), R"(["a","b","c"])");
  EXPECT_EQ(Json::array({"a", 1}).dump(), R"(["a",1])");
  EXPECT_EQ(Json(Strings{"a"}).dump(), R"(["a"])");
  EXPECT_EQ(Json::array().dump() + Json::object().dump() + Json().dump(), "[]{}null");
}

TEST(Json, KeysStayInOrderUntilTheyAreSorted) {
  Json json{{"z", 1}, {"a", {{"y", 2}, {"b", 3}}}};
  json["m"] = Json::array({Json{{"k", 1}, {"c", 2}}});
  json["z"] = 4;
  EXPECT_EQ(json.dump(), R"({"z":4,"a":{"y":2,"b":3},"m":[{"k":1,"c":2}]})");
  EXPECT_EQ(json.keys(), (Strings{"z", "a", "m"}));
  EXPECT_EQ(json.sorted().dump(), R"({"a":{"b":3,"y":2},"m":[{"c":2,"k":1}],"z":4})");
  json.update({{"a", 0}, {"new", nullptr}});
  EXPECT_EQ(json.dump(), R"({"z":4,"a":0,"m":[{"k":1,"c":2}],"new":null})");
  Strings keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key + "=" + value.dump());
  EXPECT_EQ(keys, (Strings{"z=4", "a=0", R"(m=[{"k":1,"c":2}])", "new=null"}));
}

TEST(Json, ALineHasSpacesOutsideOfTexts) {
  const Json json{
      {"a,b:c", {1, "x,y:z", "a \"b\", c: \\\\", "\\\\\""}}, {"d", {{"e", nullptr}}}, {"f", Json::object()}};
  EXPECT_EQ(json.line(), R"({"a,b:c": [1, "x,y:z", "a \"b\", c: \\\\", "\\\\\""], "d": {"e": null}, "f": {}})");
  EXPECT_EQ(Json::parse(json.line()), json);
}

TEST(Json, NumbersKeepTheirKindAndEveryBit) {
  const char* text = R"([1,-1,1.0,0.1,1e-300,9223372036854775807,18446744073709551615])";
  const Json json = Json::parse(text);
  EXPECT_EQ(json.dump(), text);
  EXPECT_TRUE(json[0].is_integer());
  EXPECT_FALSE(json[2].is_integer());
  EXPECT_FALSE(json[6].is_integer()) << "it does not fit";
  EXPECT_TRUE(json[6].is_number());
  EXPECT_EQ(json[5].get<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(json[6].get<double>(), 0x1p64);
  EXPECT_EQ(json[0].get<double>(), 1);
  EXPECT_EQ(json[0], json[2]) << "the same number";
  EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump(), "18446744073709551615");
  EXPECT_EQ((Json{{"x", std::nan("")}, {"y", HUGE_VAL}}).dump(), R"({"x":null,"y":null})");
}

TEST(Json, ReadsWhatItWrites) {
  const Json json{{"text", "a \"b\"\n\\ \xC3\xA9"}, {"none", nullptr}, {"yes", true}, {"list", {1, {{"k", 0.5}}}}};
  EXPECT_EQ(Json::parse(json.dump()), json);
  EXPECT_EQ(Json::parse(json.dump(2)), json);
  std::istringstream stream(json.dump());
  EXPECT_EQ(Json::parse(stream), json);
  EXPECT_EQ((Json{{"a", {1}}}).dump(1), "{\n \"a\": [\n  1\n ]\n}");
  EXPECT_EQ(Json("\xFF").dump(), "\"\xEF\xBF\xBD\"") << "not UTF-8";
}

TEST(Json, ListsComeOutAsVectors) {
  const Json json{{"numbers", {1, 2.5}}, {"shapes", {{2, 3}, {4}}}, {"names", {"a", "b"}}};
  EXPECT_EQ(json["numbers"].get<std::vector<double>>(), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(json["shapes"].get<std::vector<std::vector<std::int64_t>>>(),
            (std::vector<std::vector<std::int64_t>>{{2, 3}, {4}}));
  EXPECT_EQ(json["names"].get<Strings>(), (Strings{"a", "b"}));
  EXPECT_EQ(json["names"].get<std::vector<Json>>().size(), 2u);
}

TEST(Json, OtherTypesAndMissingKeysAreErrors) {
  const Json json{{"a", 1}};
  EXPECT_THROW(static_cast<void>(json["a"].get<std::string>()), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(json["a"].get<bool>()), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(json["a"].get<Strings>()), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(Json(0.5).get<std::int64_t>()), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(json["b"]), std::out_of_range);
  EXPECT_THROW(static_cast<void>(json[1]), std::out_of_range);
  EXPECT_THROW(Json(1)["a"], std::invalid_argument);
  EXPECT_THROW(Json(1).push_back(2), std::invalid_argument);
  for (const char* text : {"", "{", "[1,]", "nul", "1 2", "'x'"})
    EXPECT_THROW(static_cast<void>(Json::parse(text)), std::invalid_argument) << text;
}

}  // namespace
}  // namespace tuner
