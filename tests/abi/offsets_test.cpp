// The layout of every minor version is frozen: what the compilers make of abi.h agrees with core/abi/offsets-1.0.json
// and offsets-1.1.json, and the lists behind them leave out neither a struct nor a field.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tuner/abi.h"
#include "tuner/json.hpp"

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << " is missing; without it nothing shows that the ABI stayed as it was";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> chunk;
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), pipe)) text.append(chunk.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

struct Field {
  std::string name;
  std::size_t offset, size;
};
struct Struct {
  std::string name;
  std::size_t size;
  std::vector<Field> fields;
};

// By name; of a struct that has grown, as its newest list has it.
std::map<std::string, Struct> listed_structs() {
  std::vector<Struct> structs;
#define LIST_SIZE(type, bytes) structs.push_back({#type, sizeof(type), {}});
#define LIST_FIELD(type, field, at) \
  structs.back().fields.push_back({#field, offsetof(type, field), sizeof(static_cast<type*>(nullptr)->field)});
  TUNER_ABI_LAYOUT_1_0(LIST_SIZE, LIST_FIELD)
  TUNER_ABI_LAYOUT_1_1(LIST_SIZE, LIST_FIELD)
  std::map<std::string, Struct> newest;
  for (Struct& s : structs) newest.insert_or_assign(s.name, std::move(s));
  return newest;
}

// Structs of the list of 1.1.
std::set<std::string> changed_in_1_1() {
  std::set<std::string> names;
#define LIST_NAME(type, bytes) names.insert(#type);
#define LIST_NOTHING(type, field, at)
  TUNER_ABI_LAYOUT_1_1(LIST_NAME, LIST_NOTHING)
  return names;
}

// What stood at a place in 1.0 stands there today, and only what the list of 1.1 has is longer.
TEST(AbiOffsets, ThoseOf1_0AreKept) {
  const tuner::Json baseline = tuner::Json::parse(read_file(TUNER_SOURCE_DIR "/core/abi/offsets-1.0.json"));
  const auto today = listed_structs();
  const auto grown = changed_in_1_1();
  EXPECT_EQ(baseline.size(), 29u);
  for (const auto& [name, fields] : baseline.items()) {
    const auto found = today.find(name);
    ASSERT_NE(found, today.end()) << name;
    const Struct& now = found->second;
    const auto size = static_cast<std::size_t>(fields["sizeof"].get<std::int64_t>());
    if (grown.contains(name))
      EXPECT_GT(now.size, size) << name;
    else
      EXPECT_EQ(now.size, size) << name;
    for (const auto& [field, offset] : fields.items()) {
      if (field == "sizeof") continue;
      const auto same =
          std::find_if(now.fields.begin(), now.fields.end(), [&](const Field& f) { return f.name == field; });
      ASSERT_NE(same, now.fields.end()) << name << "." << field;
      EXPECT_EQ(same->offset, static_cast<std::size_t>(offset.get<std::int64_t>())) << name << "." << field;
    }
  }
}

TEST(AbiOffsets, EqualTheCommittedListOf1_1) {
  EXPECT_EQ(output_of(ABI_OFFSETS_PROGRAM), read_file(TUNER_SOURCE_DIR "/core/abi/offsets-1.1.json"))
      << "abi.h no longer has the layout of 1.1. Fields may only be appended, in a later minor version with a list and "
         "an offsets file of its own.";
}

// A field that the list left out would be a gap, one that is too large an overlap.
TEST(AbiOffsets, FieldsFollowEachOtherWithoutGaps) {
  for (const auto& [name, s] : listed_structs()) {
    std::size_t end = 0;
    for (const Field& f : s.fields) {
      EXPECT_EQ(f.offset, end) << "between " << s.name << "." << f.name << " and the field before it";
      end = f.offset + f.size;
    }
    EXPECT_EQ(end, s.size) << s.name << " has bytes after its last listed field";
  }
}

TEST(AbiOffsets, EveryStructBeginsWithItsSize) {
  for (const auto& [name, s] : listed_structs()) {
    ASSERT_FALSE(s.fields.empty()) << s.name;
    EXPECT_EQ(s.fields.front().name, "struct_size") << s.name;
    EXPECT_EQ(s.fields.front().size, 4u) << s.name;
  }
}

TEST(AbiOffsets, TheListNamesEveryStructOfTheHeader) {
  const std::string header = read_file(TUNER_SOURCE_DIR "/core/abi/include/tuner/abi.h") +
                             read_file(TUNER_SOURCE_DIR "/core/abi/include/tuner/abi_search.h");
  std::set<std::string> listed, defined, grown;
  for (const auto& [name, s] : listed_structs()) listed.insert(name);
  const std::regex opening("struct (tuner_\\w+) \\{"), growth("TUNER_ABI_GROWTH\\s*\\} (tuner_\\w+);");
  for (std::sregex_iterator m(header.begin(), header.end(), opening), end; m != end; ++m) defined.insert((*m)[1]);
  for (std::sregex_iterator m(header.begin(), header.end(), growth), end; m != end; ++m) grown.insert((*m)[1]);
  EXPECT_EQ(listed, defined);
  EXPECT_EQ(grown, defined) << "every struct ends in TUNER_ABI_GROWTH, so that the tests of a later minor reach it";
}

}  // namespace
