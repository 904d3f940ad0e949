// Errors, their names and exit codes, and the search for what was meant.
#include "tuner/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace tuner {
namespace {

using Words = std::vector<std::string>;

TEST(Error, SaysWhereWhatAndWhatToDo) {
  Error error(Message::config_unknown_key, "unknown key 'moment'", "did you mean 'momentum'?");
  EXPECT_STREQ(error.what(), "unknown key 'moment'\n  did you mean 'momentum'?");
  error.at("sweep.yaml:3:5");
  EXPECT_STREQ(error.what(), "sweep.yaml:3:5: unknown key 'moment'\n  did you mean 'momentum'?");
  error.at("trial 7");
  EXPECT_EQ(error.place(), "trial 7: sweep.yaml:3:5") << "the outermost place stands first";
  EXPECT_EQ(error.message(), "unknown key 'moment'");
  EXPECT_EQ(error.id(), Message::config_unknown_key);
  EXPECT_STREQ(Error(Message::plugin_data, "no data").what(), "no data");
}

TEST(Error, NameDecidesTheExitCode) {
  const auto code = [](Message id) { return std::pair(std::string(message_name(id)), exit_code(id)); };
  EXPECT_EQ(code(Message::usage_bad_option), std::pair(std::string("usage.bad_option"), 2));
  EXPECT_EQ(code(Message::config_bad_hole), std::pair(std::string("config.bad_hole"), 3));
  EXPECT_EQ(code(Message::plugin_other_major), std::pair(std::string("plugin.other_major"), 4));
  EXPECT_EQ(code(Message::storage_busy_study), std::pair(std::string("storage.busy_study"), 5));
  EXPECT_EQ(code(Message::trial_none_completed), std::pair(std::string("trial.none_completed"), 6));
}

TEST(Error, NamesDifferAndAgreeWithTheirIdentifiers) {
  std::set<std::string> names;
#define TUNER_MESSAGE(name, text)                   \
  {                                                 \
    EXPECT_EQ(message_name(Message::name), text);   \
    EXPECT_TRUE(names.insert(text).second) << text; \
    std::string identifier = text;                  \
    identifier[identifier.find('.')] = '_';         \
    EXPECT_EQ(identifier, #name);                   \
    EXPECT_GE(exit_code(Message::name), 2);         \
    EXPECT_LE(exit_code(Message::name), 6);         \
  }
  TUNER_MESSAGES(TUNER_MESSAGE)
#undef TUNER_MESSAGE
}

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("lr", "lr"), 0u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("momentum", "momemtum"), 1u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u) << "a swap is one mistake";
  EXPECT_EQ(edit_distance("wieght_deacy", "weight_decay"), 2u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
}

TEST(DidYouMean, NamesTheNearest) {
  const Words options = {"lr", "momentum", "weight_decay", "beta1", "beta2"};
  EXPECT_EQ(did_you_mean("momemtum", options), "did you mean 'momentum'?");
  EXPECT_EQ(did_you_mean("weight-decay", options), "did you mean 'weight_decay'?");
  EXPECT_EQ(did_you_mean("beta", options), "did you mean 'beta1' or 'beta2'?") << "equals are all named";
  EXPECT_EQ(did_you_mean("l", options), "did you mean 'lr'?");
}

TEST(DidYouMean, ComparesWithoutCaseAndSeparators) {
  const Words ids = {"adam", "adamw", "nadam", "radam", "sgd", "schedule_free_sgd"};
  for (const auto& [word, id] : {std::pair("AdamW", "adamw"),
                                 {"NAdam", "nadam"},
                                 {"RAdam", "radam"},
                                 {"Adam_W", "adamw"},
                                 {"SGD", "sgd"},
                                 {"ADAMW", "adamw"},
                                 {"ScheduleFree-SGD", "schedule_free_sgd"}})
    EXPECT_EQ(did_you_mean(word, ids), "did you mean '" + std::string(id) + "'?") << word;
}

// A wrong hint is worse than none: these are names of other things.
TEST(DidYouMean, HasNoHintForTheNameOfAnotherThing) {
  const Words ids = {"adam", "adamw", "nadam", "radam", "sgd"}, scales = {"linear", "log", "log1m"};
  for (const char* word : {"AdamP", "NAdamW", "RAdamW", "SGDW", "x", "prodigy"})
    EXPECT_EQ(did_you_mean(word, ids), "one of: adam, adamw, nadam, radam, sgd") << word;
  for (const char* word : {"log10", "log2", "log1p", "uniform"})
    EXPECT_EQ(did_you_mean(word, scales), "one of: linear, log, log1m") << word;
  EXPECT_EQ(did_you_mean("optimizers", Words{"objective", "optimizer"}), "did you mean 'optimizer'?") << "a plural";
  EXPECT_EQ(did_you_mean("retries", Words{"retry", "storage"}), "did you mean 'retry'?");
}

TEST(DidYouMean, OfALongWordIsQuick) {
  const Words ids = {"adam", std::string(100'000, 'b')};
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), {ids[0], ids[1]}).size(), 0u);
}

TEST(DidYouMean, ListsThemWhereNoneIsNear) {
  const Words options = {"lr", "momentum"};
  EXPECT_EQ(did_you_mean("nesterov", options), "one of: lr, momentum");
  EXPECT_EQ(did_you_mean("xy", options), "one of: lr, momentum") << "two letters of two are nothing alike";
  EXPECT_EQ(did_you_mean("lr", Words{}), "");
}

}  // namespace
}  // namespace tuner
