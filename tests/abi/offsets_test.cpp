// The layout of ABI 1.0 is frozen: what the compilers make of abi.h equals the committed core/abi/offsets-1.0.json, and
// the list behind both leaves out neither a struct nor a field.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tuner/abi.h"

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

std::vector<Struct> listed_structs() {
  std::vector<Struct> structs;
#define LIST_SIZE(type, bytes) structs.push_back({#type, sizeof(type), {}});
#define LIST_FIELD(type, field, at) \
  structs.back().fields.push_back({#field, offsetof(type, field), sizeof(static_cast<type*>(nullptr)->field)});
  TUNER_ABI_LAYOUT_1_0(LIST_SIZE, LIST_FIELD)
  return structs;
}

TEST(AbiOffsets, EqualTheCommittedBaseline) {
  const std::string baseline = read_file(TUNER_SOURCE_DIR "/core/abi/offsets-1.0.json");
  EXPECT_EQ(output_of(ABI_OFFSETS_PROGRAM), baseline)
      << "abi.h no longer has the layout of 1.0. Fields may only be appended, in a later minor version with a list and "
         "an offsets file of its own.";
}

// A field that the list left out would be a gap, one that is too large an overlap.
TEST(AbiOffsets, FieldsFollowEachOtherWithoutGaps) {
  for (const Struct& s : listed_structs()) {
    std::size_t end = 0;
    for (const Field& f : s.fields) {
      EXPECT_EQ(f.offset, end) << "between " << s.name << "." << f.name << " and the field before it";
      end = f.offset + f.size;
    }
    EXPECT_EQ(end, s.size) << s.name << " has bytes after its last listed field";
  }
}

TEST(AbiOffsets, EveryStructBeginsWithItsSize) {
  for (const Struct& s : listed_structs()) {
    ASSERT_FALSE(s.fields.empty()) << s.name;
    EXPECT_EQ(s.fields.front().name, "struct_size") << s.name;
    EXPECT_EQ(s.fields.front().size, 4u) << s.name;
  }
}

TEST(AbiOffsets, TheListNamesEveryStructOfTheHeader) {
  const std::string header = read_file(TUNER_SOURCE_DIR "/core/abi/include/tuner/abi.h");
  std::set<std::string> listed, defined, grown;
  for (const Struct& s : listed_structs()) listed.insert(s.name);
  const std::regex opening("struct (tuner_\\w+) \\{"), growth("TUNER_ABI_GROWTH\\s*\\} (tuner_\\w+);");
  for (std::sregex_iterator m(header.begin(), header.end(), opening), end; m != end; ++m) defined.insert((*m)[1]);
  for (std::sregex_iterator m(header.begin(), header.end(), growth), end; m != end; ++m) grown.insert((*m)[1]);
  EXPECT_EQ(listed, defined);
  EXPECT_EQ(grown, defined) << "every struct ends in TUNER_ABI_GROWTH, so that the tests of a later minor reach it";
}

}  // namespace
