// A loaded library as it stands in memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tuner/abi.h"

namespace tuner::check {

// Whether the library that holds `plugin` takes the function `name` from another library.
[[nodiscard]] bool imports(const tuner_plugin& plugin, std::string_view name);

// A copy of the memory that the library of `plugin` may write to: its static and global variables.
class WritableMemory {
 public:
  explicit WritableMemory(const tuner_plugin& plugin);
  // "8 bytes from 0x4010 on" where they are not as they were when the copy was made; addresses as in the file. Empty:
  // nothing changed.
  [[nodiscard]] std::string change() const;

 private:
  struct Range {
    const unsigned char* begin;
    std::size_t offset;  // of `begin` from where the library was loaded
    std::vector<unsigned char> copy;
  };
  std::vector<Range> ranges_;
};

}  // namespace tuner::check
