// The suggestions of an LR range test: what is recorded comes back, in its order, and goes with its study.
#include <limits>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Suggestions = std::vector<LrSuggestion>;

// Neither in order of branch nor of name, and with every combination of numbers.
Suggestions some() {
  return {{"sgd", "largest_stable", 0.5, 0.25, 1.0, "restarted bisection", ""},
          {"sgd", "best_short_run", {}, 1e-4, 10.0, "least mean loss", "cannot tell: noise 'and' \"more\""},
          {"sgd", "rule.valley", {}, {}, {}, "valley", "no ramp was made"},
          {"adam, lookahead", "largest_stable", {}, 10.0, {}, "restarted bisection", "no divergence up to 10"},
          {"adam, lookahead", "critical_lr", -0.0, -1e-310, kInf, "critical", "größe"},
          {"adam, lookahead", "limit", 3.0, {}, {}, "", ""}};
}

class LrSuggestionsTest : public StorageTest {
 protected:
  Store store_{file_, Access::read_write};
};

TEST_F(LrSuggestionsTest, ComeBackInTheOrderInWhichTheyWereRecorded) {
  store_.open_study(make_study());
  EXPECT_TRUE(store_.lr_suggestions("demo").empty());
  store_.record_lr_suggestions(some());
  EXPECT_EQ(store_.lr_suggestions("demo"), some());
  EXPECT_EQ(Store(file_, Access::read_only).lr_suggestions("demo"), some());
  const Table view = table_of(store_, "SELECT * FROM learning_rates");
  EXPECT_EQ(view.columns,
            (std::vector<std::string>{"study", "branch", "name", "value", "low", "high", "rule", "note"}));
  ASSERT_EQ(view.rows.size(), some().size());
  EXPECT_EQ(view.rows[1], (std::vector<Value>{"demo", "sgd", "best_short_run", Null{}, 1e-4, 10.0, "least mean loss",
                                              "cannot tell: noise 'and' \"more\""}));
  EXPECT_EQ(view.rows[5], (std::vector<Value>{"demo", "adam, lookahead", "limit", 3.0, Null{}, Null{}, "", ""}))
      << "a whole number stays a real, and a text may be empty";
}

TEST_F(LrSuggestionsTest, AreReplacedAsAWhole) {
  store_.open_study(make_study());
  store_.record_lr_suggestions(some());
  Suggestions fewer{some()[3], some()[0]};
  fewer[1].value = 7.0;
  store_.record_lr_suggestions(fewer);
  EXPECT_EQ(store_.lr_suggestions("demo"), fewer);
  // One name twice in a branch is refused, and then all is as it was.
  const Suggestions twice{some()[0], some()[1], some()[0]};
  EXPECT_EQ(error_of([&] { store_.record_lr_suggestions(twice); }).id(), Message::storage_failed);
  EXPECT_EQ(store_.lr_suggestions("demo"), fewer);
  store_.record_lr_suggestions({});
  EXPECT_TRUE(store_.lr_suggestions("demo").empty());
}

TEST_F(LrSuggestionsTest, BelongToTheOpenStudy) {
  EXPECT_EQ(error_of([&] { store_.record_lr_suggestions(some()); }).id(), Message::storage_failed);
  store_.open_study(make_study("first"));
  store_.record_lr_suggestions(some());
  store_.open_study(make_study("second"));
  const Suggestions own{some()[0]};
  store_.record_lr_suggestions(own);
  EXPECT_EQ(store_.lr_suggestions("first"), some());
  EXPECT_EQ(store_.lr_suggestions("second"), own);
  EXPECT_EQ(error_of([&] { (void)store_.lr_suggestions("secnd"); }).id(), Message::usage_no_such_study);
}

TEST_F(LrSuggestionsTest, GoWithTheirStudy) {
  for (const char* name : {"keep", "gone"}) {
    store_.open_study(make_study(name));
    store_.record_lr_suggestions(some());
  }
  store_.erase_study("gone");
  EXPECT_EQ(table_of(store_, "SELECT count(*) FROM lr_suggestions").rows[0][0],
            Value(static_cast<std::int64_t>(some().size())));
  EXPECT_EQ(store_.lr_suggestions("keep"), some());
  // The erased study was the open one.
  EXPECT_EQ(error_of([&] { store_.record_lr_suggestions(some()); }).id(), Message::storage_failed);
}

}  // namespace
}  // namespace tuner::storage
