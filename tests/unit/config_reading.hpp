// What the tests of the config language share: a catalogue, and texts in, plans and errors out.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/error.hpp"

namespace tuner::config {

inline const Catalogue& catalogue() {
  static const Catalogue& plugins = []() -> const Catalogue& {
    static Catalogue made;
    made.add_file(TUNER_BUILD_DIR "/tests/plugins/config_plugins.so");
    return made;
  }();
  return plugins;
}

// In the full run: expects of the JSON Schema the verdict that the reader gave, `error`, or null where it took the
// text.
void compare_with_schema(const std::string& text, const std::vector<std::string>& overrides, const Error* error);

inline Study read_study(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    Study study = parse_study(text, "sweep.yaml", "/folder", catalogue(), overrides);
    compare_with_schema(text, overrides, nullptr);
    return study;
  } catch (const Error& error) {
    compare_with_schema(text, overrides, &error);
    throw;
  }
}

inline StudyPlan read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read_study(text, overrides).plan;
}

// The error that a text ends in, its place and id first: "sweep.yaml:1:8 config.wrong_type: message | remedy".
inline std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    static_cast<void>(read(text, overrides));
  } catch (const Error& error) {
    return error.place() + " " + std::string(message_name(error.id())) + ": " + error.message() + " | " +
           error.remedy();
  }
  return "no error";
}

// A run with these lines for the optimizer, at line 2.
inline std::string run(const std::string& optimizer, const std::string& rest = "") {
  return "objective: net\noptimizer: " + optimizer + "\ntraining: {steps: 10}\n" + rest;
}
// The same as a random sweep.
inline std::string sweep(const std::string& optimizer, const std::string& rest = "") {
  return run(optimizer, "method: random\ntrials: 3\n" + rest);
}

inline std::vector<std::string> names(const StudyPlan& plan) {
  std::vector<std::string> result;
  for (const Dimension& dimension : plan.space.dimensions) result.push_back(dimension.name);
  return result;
}
inline Value fixed(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? Value(Null{}) : std::get<Value>(found->second);
}
inline const Settings& optimizer_options(const StudyPlan& plan) { return plan.optimizer->branches.at(0).options; }

// One error: what begins with `place id:` and contains every further text.
inline void expect_error(const std::string& error, const std::string& beginning,
                         const std::vector<std::string>& texts = {}) {
  EXPECT_TRUE(error.starts_with(beginning + ":")) << "want " << beginning << "\n got " << error;
  for (const std::string& text : texts)
    EXPECT_NE(error.find(text), std::string::npos) << "want " << text << "\n in " << error;
}

using Names = std::vector<std::string>;

}  // namespace tuner::config
