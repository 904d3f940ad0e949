// The schema that `tuner schema` prints, on sweep files as people write them: those of configs/, of the end-to-end
// cases, and the examples of docs/config.md, which the reader reads as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/config/language.hpp"
#include "tuner/error.hpp"
#include "validator.hpp"

namespace tuner::config {
namespace {

namespace fs = std::filesystem;

const Catalogue& catalogue() {
  static const Catalogue& plugins = []() -> const Catalogue& {
    static Catalogue made;
    made.add_folder(TUNER_PLUGIN_DIR);
    return made;
  }();
  return plugins;
}

const SchemaValidator& validator() {
  static const SchemaValidator made = [] {
    std::string text;
    FILE* pipe = popen(TUNER_BUILD_DIR "/bin/tuner schema", "r");
    char chunk[1 << 14];
    while (const std::size_t n = std::fread(chunk, 1, sizeof chunk, pipe)) text.append(chunk, n);
    EXPECT_EQ(pclose(pipe), 0);
    return SchemaValidator(text);
  }();
  return made;
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::optional<std::string> reader_refuses(const std::string& text, const std::string& name) {
  try {
    static_cast<void>(parse_study(text, name, TUNER_SOURCE_DIR "/configs", catalogue()));
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}
std::optional<std::string> schema_refuses(const std::string& text, const std::string& name) {
  return validator().refusal(parse_document(text, name));
}
void expect_legal(const std::string& text, const std::string& name) {
  EXPECT_EQ(reader_refuses(text, name).value_or("legal"), "legal") << name << "\n" << text;
  EXPECT_EQ(schema_refuses(text, name).value_or("legal"), "legal") << name << "\n" << text;
}

// Of an objective on LibTorch, which not every build has; the schema names such a plugin as unknown there.
bool is_on_torch(const std::string& text) { return text.find("{plugin: torch") != std::string::npos; }
const bool kHasTorch = fs::exists(TUNER_PLUGIN_DIR "/torch_objectives.so");

TEST(Schema, TakesEveryFileOfConfigs) {
  int found = 0;
  for (const char* folder : {"/configs", "/configs/experiments", "/configs/torch", "/tuner/recommend"}) {
    for (const auto& entry : fs::directory_iterator(TUNER_SOURCE_DIR + std::string(folder))) {
      if (entry.path().extension() != ".yaml") continue;
      const std::string text = read_file(entry.path()), name = entry.path().filename();
      if (is_on_torch(text) && !kHasTorch)
        EXPECT_TRUE(reader_refuses(text, name)) << name;
      else
        expect_legal(text, name);
      ++found;
    }
  }
  EXPECT_GE(found, 30);
}

// The sweep files of a case, by name.
std::map<std::string, std::string> sweeps_of(const fs::path& file) {
  std::map<std::string, std::string> sweeps;
  std::istringstream lines(read_file(file));
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--- ")) {
      name = line.starts_with("--- file ") && line.ends_with(".yaml") ? line.substr(9) : "";
      if (!name.empty()) sweeps[name];
    } else if (!name.empty()) {
      sweeps[name] += line + "\n";
    }
  }
  return sweeps;
}

TEST(Schema, AgreesWithTheReaderOnTheSweepsOfTheCases) {
  // What the reader refuses and a schema cannot see, by parts of its messages.
  const std::vector<std::string> blind = {"is a range, and a grid",
                                          "would leave some out",
                                          "two branches",
                                          "is left to a search",
                                          "refuses its options",
                                          "drives",
                                          "so there is none to test",
                                          "measures the loss, and the metric is",
                                          "workers each are",
                                          "and there are no hosts",
                                          "does not say where ${host} stands"};
  int legal = 0, refused = 0;
  for (const auto& entry : fs::directory_iterator(TUNER_SOURCE_DIR "/tests/e2e/cases"))
    for (const auto& [name, text] : sweeps_of(entry.path())) {
      SCOPED_TRACE(entry.path().filename().string() + ": " + name);
      Node document;
      try {
        document = parse_document(text, name);
      } catch (const Error&) {
        continue;  // no YAML, or more than one document
      }
      const auto by_reader = reader_refuses(text, name), by_schema = validator().refusal(document);
      const bool unseen = by_reader && std::ranges::any_of(blind, [&](const std::string& part) {
                            return by_reader->find(part) != std::string::npos;
                          });
      EXPECT_EQ(by_schema.has_value(), by_reader.has_value() && !unseen)
          << by_reader.value_or("the reader takes it") << "\n"
          << by_schema.value_or("the schema takes it");
      ++(by_reader ? refused : legal);
    }
  EXPECT_GE(legal, 20);
  EXPECT_GE(refused, 12);
}

// Fenced blocks of a language in a document.
std::vector<std::string> blocks(const std::string& document, const std::string& language) {
  std::vector<std::string> found;
  std::istringstream lines(document);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line == "```" + language;
      if (inside) found.emplace_back();
    } else if (inside) {
      found.back() += line + "\n";
    }
  }
  return found;
}

// Examples show parts of a file: what a file needs beside them is added.
TEST(Schema, TakesTheExamplesOfTheDocumentation) {
  const auto examples = blocks(read_file(TUNER_SOURCE_DIR "/docs/config.md"), "yaml");
  EXPECT_GE(examples.size(), 6u);
  for (std::string text : examples) {
    const Node document = parse_document(text, "docs/config.md");
    const auto complete = [&](const char* key, const std::string& line) {
      if (document.find(key) == nullptr) text += line;
    };
    complete("objective", "objective: rosenbrock\n");
    complete("optimizer", "optimizer: sgd\n");
    complete("training", "training: {steps: 10}\n");
    if (document.find("method") == nullptr) text += "method: random\ntrials: 3\n";
    expect_legal(text, "docs/config.md");
  }
}

TEST(Schema, EveryKeyOfTheHostIsDocumented) {
  const std::string text = read_file(TUNER_SOURCE_DIR "/docs/config.md");
  const std::span<const HostKey> tables[] = {kStudyKeys,    kTrainingKeys,      kWarmupKeys, kStageKeys,  kMetricKeys,
                                             kNoiseKeys,    kEarlyStoppingKeys, kMethodKeys, kBudgetKeys, kLrRangeKeys,
                                             kLrGridKeys,   kStabilityKeys,     kProbeKeys,  kFromKeys,   kAgcKeys,
                                             kClipNormKeys, kAveragingKeys};
  for (const auto& table : tables)
    for (const HostKey& key : table) {
      const std::string name(key.key);
      const bool own_row = text.find("| `" + name + "` |") != std::string::npos;
      const bool in_a_map = text.find("{" + name) != std::string::npos || text.find(", " + name) != std::string::npos;
      EXPECT_TRUE(own_row || in_a_map || name == "run_cap") << name;
    }
}

}  // namespace
}  // namespace tuner::config
