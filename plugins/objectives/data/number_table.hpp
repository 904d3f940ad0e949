// Tables of numbers in text files: CSV without a header.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tuner::objectives {

struct NumberTable {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;  // row-major
};

// Reads numbers separated by commas, one row a line; spaces around numbers and empty lines are passed over.
// Errors (std::runtime_error, with file and line): unreadable or empty file, a field that is no finite number, a row
// whose length differs from the first one's.
[[nodiscard]] NumberTable read_number_table(const std::string& path);

}  // namespace tuner::objectives
