// Lines of a text file, and the numbers in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/file.hpp"

namespace tuner::objectives {

class LineReader {
 public:
  // Errors: those of DataFile. `path` must outlive the reader.
  explicit LineReader(const std::string& path) : path_(path), file_(path) {}

  // The next line, without its end; false at the end of the file.
  // Errors (std::runtime_error): those of DataFile; a line of more than 64 MiB, which no table has.
  bool next(std::string& line);
  // Of the latest line, from 1: "FILE:NUMBER".
  [[nodiscard]] std::string place() const { return path_ + ":" + std::to_string(number_); }

 private:
  const std::string& path_;
  DataFile file_;
  char buffer_[1 << 16];
  std::size_t at_ = 0, end_ = 0, number_ = 0;
};

// Without spaces, tabs and carriage returns around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// The whole field as a decimal number, + allowed; nothing where it is no number or is not finite.
[[nodiscard]] std::optional<double> finite_number(std::string_view field);

}  // namespace tuner::objectives
