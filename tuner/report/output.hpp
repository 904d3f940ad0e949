// Files that are written to their end, standard output among them.
#pragma once

#include <array>
#include <filesystem>
#include <streambuf>
#include <string_view>

namespace tuner::report {

// The buffer of standard output. It remembers why a write failed; what comes after that is dropped.
class Output : public std::streambuf {
 public:
  explicit Output(int file);
  // errno of the write that failed; 0: none did. Say it after a flush.
  [[nodiscard]] int error() const { return error_; }
  // From now on a reader that is gone (EPIPE) ends the program at once with exit code 0: for commands that do nothing
  // but print.
  void end_without_reader() { end_without_reader_ = true; }

 protected:
  int_type overflow(int_type next) override;
  int sync() override;

 private:
  bool flush();

  int file_, error_ = 0;
  bool end_without_reader_ = false;
  std::array<char, 1 << 16> buffer_{};
};

// Writes a whole file. 0, or the errno of what went wrong.
[[nodiscard]] int write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace tuner::report
