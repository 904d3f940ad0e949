// Values of options: checked against their declaration, laid out as the ABI wants them.
#include "tuner/options.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tuner/error.hpp"

namespace tuner {
namespace {

using Given = std::map<std::string, Value>;

const Catalogue& catalogue() {
  static const Catalogue& plugins = []() -> const Catalogue& {
    static Catalogue made;
    made.add_file(TUNER_BUILD_DIR "/tests/plugins/config_plugins.so");
    return made;
  }();
  return plugins;
}
const Plugin& full() { return catalogue().get(Kind::optimizer, "full"); }
std::size_t index_of(const char* id) { return full().find_param(id).value(); }
const tuner_param& param(const char* id) { return full().param(index_of(id)); }
Value check(const char* id, const Value& value) { return checked_value(full(), param(id), value); }

// "config.wrong_type: text | remedy"
std::string refusal(const char* id, const Value& value) {
  try {
    return "accepted as " + to_json(check(id, value));
  } catch (const Error& e) {
    return std::string(message_name(e.id())) + ": " + e.message() + (e.remedy().empty() ? "" : " | " + e.remedy());
  }
}

TEST(CheckedValue, BringsNumbersIntoTheirType) {
  EXPECT_EQ(check("lr", 0.5), Value(0.5));
  EXPECT_EQ(check("lr", std::int64_t{2}), Value(2.0));
  EXPECT_EQ(check("window", 8.0), Value(std::int64_t{8}));
  EXPECT_EQ(check("window", std::int64_t{100}), Value(std::int64_t{100}));
  EXPECT_EQ(check("nesterov", true), Value(true));
  EXPECT_EQ(check("mode", std::string("fancy")), Value(std::string("fancy")));
  EXPECT_EQ(check("note", std::string("1e-4")), Value(std::string("1e-4")));
}

TEST(CheckedValue, NullStandsForTheDefault) {
  for (const char* id : {"lr", "window", "nesterov", "mode", "note", "ratios", "tags"})
    EXPECT_EQ(check(id, Null{}), Value(Null{})) << id;
}

TEST(CheckedValue, ListsOfEveryType) {
  EXPECT_EQ(check("ratios", List{std::int64_t{1}, 0.5}), Value(List{1.0, 0.5}));
  EXPECT_EQ(check("ratios", 2.5), Value(List{2.5})) << "one scalar is a list of one";
  EXPECT_EQ(check("sizes", List{4.0, std::int64_t{2}}), Value(List{std::int64_t{4}, std::int64_t{2}}));
  EXPECT_EQ(check("sizes", std::int64_t{4}), Value(List{std::int64_t{4}}));
  EXPECT_EQ(check("tags", List{std::string("a"), std::string("b")}), Value(List{std::string("a"), std::string("b")}));
  EXPECT_EQ(check("tags", std::string("a")), Value(List{std::string("a")}));
  EXPECT_EQ(check("sizes", List{}), Value(List{}));
}

TEST(CheckedValue, RefusesAnotherType) {
  EXPECT_EQ(
      refusal("lr", std::string("0.1")),
      "config.wrong_type: option 'lr' of optimizer 'full' takes a number, not \"0.1\" | a quoted number is a string: "
      "remove the quotes");
  EXPECT_EQ(refusal("lr", std::string("fast")),
            "config.wrong_type: option 'lr' of optimizer 'full' takes a number, not \"fast\"");
  EXPECT_EQ(refusal("lr", true), "config.wrong_type: option 'lr' of optimizer 'full' takes a number, not true");
  EXPECT_EQ(refusal("lr", List{0.1}), "config.wrong_type: option 'lr' of optimizer 'full' takes a number, not [0.1]");
  EXPECT_EQ(refusal("window", 2.5), "config.wrong_type: option 'window' of optimizer 'full' takes an integer, not 2.5");
  EXPECT_EQ(
      refusal("window", std::string("-3")),
      "config.wrong_type: option 'window' of optimizer 'full' takes an integer, not \"-3\" | a quoted number is a "
      "string: remove the quotes");
  EXPECT_EQ(refusal("nesterov", std::int64_t{1}),
            "config.wrong_type: option 'nesterov' of optimizer 'full' takes true or false, not 1");
  EXPECT_EQ(refusal("nesterov", std::string("yes")),
            "config.wrong_type: option 'nesterov' of optimizer 'full' takes true or false, not \"yes\" | write true or "
            "false");
  EXPECT_EQ(refusal("mode", std::int64_t{0}),
            "config.wrong_type: option 'mode' of optimizer 'full' takes one of its choices, not 0");
  EXPECT_EQ(refusal("note", std::int64_t{5}),
            "config.wrong_type: option 'note' of optimizer 'full' takes a string, not 5");
  EXPECT_EQ(refusal("ratios", List{0.5, std::string("x")}),
            "config.wrong_type: option 'ratios' of optimizer 'full' takes a list of numbers, not [0.5, \"x\"]");
  EXPECT_EQ(refusal("ratios", List{Null{}}),
            "config.wrong_type: option 'ratios' of optimizer 'full' takes a list of numbers, not [null]");
  EXPECT_EQ(refusal("sizes", List{1.5}),
            "config.wrong_type: option 'sizes' of optimizer 'full' takes a list of integers, not [1.5]");
  EXPECT_EQ(refusal("tags", List{std::string("a"), std::int64_t{1}}),
            "config.wrong_type: option 'tags' of optimizer 'full' takes a list of strings, not [\"a\", 1]");
}

TEST(CheckedValue, RefusesWhatIsOutsideItsRange) {
  EXPECT_EQ(refusal("lr", -1e-9),
            "config.out_of_range: option 'lr' of optimizer 'full' must be at least 0, not -1e-09");
  EXPECT_EQ(refusal("beta", 1.0),
            "config.out_of_range: option 'beta' of optimizer 'full' must be at least 0 and below 1, not 1");
  EXPECT_EQ(refusal("beta", -0.25),
            "config.out_of_range: option 'beta' of optimizer 'full' must be at least 0 and below 1, not -0.25");
  EXPECT_EQ(refusal("window", std::int64_t{101}),
            "config.out_of_range: option 'window' of optimizer 'full' must be at least 1 and at most 100, not 101");
  EXPECT_EQ(refusal("sizes", List{std::int64_t{3}, std::int64_t{0}}),
            "config.out_of_range: option 'sizes' of optimizer 'full' must be at least 1, not 0");
  EXPECT_EQ(refusal("beta", 1.0000000001),
            "config.out_of_range: option 'beta' of optimizer 'full' must be at least 0 and below 1, not 1.0000000001");
  EXPECT_EQ(check("beta", 0.0), Value(0.0));
  EXPECT_EQ(check("beta", std::nextafter(1.0, 0.0)), Value(std::nextafter(1.0, 0.0)));
}

TEST(CheckedValue, RefusesNumbersThatAreNotFinite) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal("lr", kInf), "config.out_of_range: option 'lr' of optimizer 'full' must be at least 0, not inf");
  EXPECT_EQ(refusal("lr", std::nan("")),
            "config.out_of_range: option 'lr' of optimizer 'full' must be at least 0, not nan");
  EXPECT_EQ(refusal("ratios", List{kInf}),
            "config.out_of_range: option 'ratios' of optimizer 'full' must be at least 0, not inf");
}

TEST(CheckedValue, RefusesIntegersThatADoubleCannotHold) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  EXPECT_EQ(check("history", kMost), Value(kMost));
  EXPECT_TRUE(refusal("history", kMost + 1).starts_with("config.out_of_range: ")) << refusal("history", kMost + 1);
  EXPECT_TRUE(refusal("history", 1e17).starts_with("config.out_of_range: ")) << refusal("history", 1e17);
  EXPECT_TRUE(refusal("sizes", List{kMost + 1}).starts_with("config.out_of_range: "));
}

TEST(CheckedValue, RefusesAChoiceThatThereIsNot) {
  EXPECT_EQ(refusal("mode", std::string("fanzy")),
            "config.bad_value: option 'mode' of optimizer 'full' has no choice 'fanzy' | did you mean 'fancy'?");
  EXPECT_EQ(refusal("mode", std::string("q")),
            "config.bad_value: option 'mode' of optimizer 'full' has no choice 'q' | one of: plain, fancy, none");
}

TEST(DefaultValue, OfEveryType) {
  EXPECT_EQ(default_value(param("lr")), Value(1e-3));
  EXPECT_EQ(default_value(param("window")), Value(std::int64_t{10}));
  EXPECT_EQ(default_value(param("nesterov")), Value(false));
  EXPECT_EQ(default_value(param("mode")), Value(std::string("plain")));
  EXPECT_EQ(default_value(param("note")), Value(std::string()));
  EXPECT_EQ(default_value(param("ratios")), Value(List{0.5}));
  EXPECT_EQ(default_value(param("sizes")), Value(Null{}));
  EXPECT_EQ(default_value(param("tags")), Value(Null{}));
}

const tuner_list& list(const OptionTable& table, const char* id) {
  const tuner_options& abi = *table.abi();
  return *reinterpret_cast<const tuner_list*>(reinterpret_cast<const char*>(abi.lists) +
                                              index_of(id) * abi.list_stride);
}
std::vector<std::string> texts(const OptionTable& table, const char* id) {
  return {list(table, id).text, list(table, id).text + list(table, id).count};
}

Given everything() {
  return {{"lr", 0.5},
          {"window", std::int64_t{7}},
          {"nesterov", true},
          {"mode", std::string("none")},
          {"note", std::string("short")},
          {"ratios", List{1.0, 2.0}},
          {"sizes", List{std::int64_t{3}, std::int64_t{1} << 53}},
          {"tags", List{std::string("a"), std::string("a text that is longer than a short string")}}};
}

TEST(OptionTable, LaysValuesOutByParameter) {
  const OptionTable table(full(), everything());
  const tuner_options& abi = *table.abi();
  EXPECT_EQ(abi.struct_size, sizeof(tuner_options));
  EXPECT_EQ(abi.n_groups, 1u);
  EXPECT_EQ(abi.n_params, full().param_count());
  EXPECT_EQ(abi.values[index_of("lr")], 0.5);
  EXPECT_EQ(abi.values[index_of("beta")], 0.9) << "the default";
  EXPECT_EQ(abi.values[index_of("window")], 7);
  EXPECT_EQ(abi.values[index_of("nesterov")], 1);
  EXPECT_EQ(abi.values[index_of("mode")], 2) << "the index of the choice";
  for (const char* id : {"note", "ratios", "sizes", "tags"}) EXPECT_EQ(abi.values[index_of(id)], 0) << id;
}

TEST(OptionTable, ListsAndTexts) {
  const OptionTable table(full(), everything());
  EXPECT_EQ(texts(table, "note"), std::vector<std::string>{"short"});
  EXPECT_EQ(list(table, "ratios").count, 2u);
  EXPECT_EQ(list(table, "ratios").f64[1], 2);
  EXPECT_EQ(list(table, "ratios").i64, nullptr);
  EXPECT_EQ(list(table, "ratios").text, nullptr);
  EXPECT_EQ(list(table, "sizes").i64[1], std::int64_t{1} << 53);
  EXPECT_EQ(list(table, "sizes").f64, nullptr);
  EXPECT_EQ(texts(table, "tags")[1], "a text that is longer than a short string");
  EXPECT_EQ(list(table, "lr").count, 0u);
  const OptionTable defaults(full(), {});
  EXPECT_EQ(list(defaults, "ratios").f64[0], 0.5);
  EXPECT_EQ(list(defaults, "sizes").count, 0u);
  EXPECT_EQ(list(OptionTable(full(), {{"ratios", List{}}}), "ratios").count, 0u) << "empty is not the default";
}

TEST(OptionTable, GroupsOverrideWhatIsGiven) {
  const OptionTable table(full(), {{"lr", 0.5}, {"window", std::int64_t{7}}},
                          {{{"lr", 2.0}, {"mode", std::string("fancy")}}, {{"lr", Null{}}, {"nesterov", true}}});
  ASSERT_EQ(table.group_count(), 3u);
  const auto column = [&](const char* id) {
    std::vector<double> values;
    for (std::uint32_t g = 0; g < 3; ++g) {
      values.push_back(table.number(index_of(id), g));
      EXPECT_EQ(table.abi()->values[g * table.abi()->n_params + index_of(id)], values.back());
    }
    return values;
  };
  EXPECT_EQ(column("lr"), (std::vector<double>{0.5, 2, 0.5})) << "null overrides nothing";
  EXPECT_EQ(column("mode"), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(column("nesterov"), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(column("window"), (std::vector<double>{7, 7, 7}));
}

TEST(OptionTable, SetNumberReachesThePlugin) {
  OptionTable table(full(), {}, {{{"lr", 2.0}}});
  table.set_number(index_of("lr"), 1, 0.125);
  EXPECT_EQ(table.abi()->values[table.abi()->n_params + index_of("lr")], 0.125);
  EXPECT_EQ(table.number(index_of("lr")), 1e-3);
}

TEST(OptionTable, StaysWholeWhenMoved) {
  std::vector<OptionTable> tables;
  for (int i = 0; i < 20; ++i) tables.emplace_back(full(), everything());  // grows, and so moves
  OptionTable last(full(), {});
  last = std::move(tables.front());
  EXPECT_EQ(texts(last, "note"), std::vector<std::string>{"short"});
  EXPECT_EQ(list(last, "sizes").i64[0], 3);
  EXPECT_EQ(list(last, "ratios").f64[1], 2);
  EXPECT_EQ(last.abi()->values[index_of("lr")], 0.5);
  EXPECT_EQ(texts(tables.back(), "tags"), texts(last, "tags"));
}

TEST(OptionTable, TextOfAValueTellsValuesApart) {
  const OptionTable table(full(), everything());
  EXPECT_EQ(table.text_of(index_of("lr")), "0.5");
  EXPECT_EQ(table.text_of(index_of("note")), "[\"short\"]");
  EXPECT_EQ(table.text_of(index_of("sizes")), "[3, 9007199254740992]");
  EXPECT_EQ(table.text_of(index_of("ratios")), "[1.0, 2.0]");
}

TEST(OptionTable, RequiredOptionsHaveNoDefault) {
  const Plugin& from_file = catalogue().get(Kind::objective, "from_file");
  for (const Given& given : {Given{}, Given{{"file", Null{}}}}) {
    try {
      const OptionTable table(from_file, given);
      FAIL() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.id(), Message::config_missing_key);
      EXPECT_EQ(e.message(), "option 'file' of objective 'from_file' is missing: it has no default");
      EXPECT_EQ(e.remedy(), "add 'file:'; `tuner plugins show from_file` explains it");
    }
  }
  EXPECT_NO_THROW(OptionTable(from_file, {{"file", std::string("/data")}}));
}

TEST(OptionTable, ChecksTheRulesOfThePluginInEveryGroup) {
  EXPECT_NO_THROW(OptionTable(full(), {{"nesterov", true}}).check(full()));
  const auto refused = [](const Given& given, const std::vector<Given>& groups) {
    try {
      OptionTable(full(), given, groups).check(full());
    } catch (const Error& e) {
      EXPECT_EQ(e.id(), Message::config_impossible);
      EXPECT_EQ(e.message(), "optimizer 'full' refuses its options: nesterov needs beta above 0");
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused({{"nesterov", true}, {"beta", 0.0}}, {}));
  EXPECT_TRUE(refused({{"nesterov", true}}, {{}, {{"beta", 0.0}}}));
  EXPECT_FALSE(refused({{"nesterov", true}}, {{{"nesterov", false}, {"beta", 0.0}}}));
}

}  // namespace
}  // namespace tuner
