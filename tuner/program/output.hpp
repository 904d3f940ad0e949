// What a program prints: cut into lines, and its end kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "tuner/child_process.hpp"

namespace tuner::program {

inline constexpr std::size_t kOutputKept = 64 << 10, kLongestLine = 1 << 20;

// Puts lines together from what arrives.
class Lines {
 public:
  // line: without its end. A line of more than kLongestLine bytes is given away in pieces, which are not whole.
  using Take = std::function<void(std::string_view line, bool whole)>;
  explicit Lines(Take take) : take_(std::move(take)) {}
  void append(std::string_view bytes);
  // What came after the last end of a line is a line too.
  void end();

 private:
  Take take_;
  std::string rest_;
  bool cut_ = false;  // the line that is being put together has been given away in part
};

// The end of what was printed, kept in memory, and in a file for whoever follows the trial. The file begins anew when
// it has more than a megabyte.
class KeptOutput {
 public:
  explicit KeptOutput(std::filesystem::path file) : path_(std::move(file)) {}
  ~KeptOutput();  // removes the file
  KeptOutput(const KeptOutput&) = delete;
  KeptOutput& operator=(const KeptOutput&) = delete;
  void append(std::string_view bytes);
  // From now on there is the file, with what was kept so far. A trial of a few milliseconds needs none.
  void publish();
  [[nodiscard]] bool is_published() const { return is_published_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // At most the last kOutputKept bytes.
  [[nodiscard]] std::string_view tail() const;

 private:
  void write(std::string_view bytes);
  std::filesystem::path path_;
  Descriptor file_;
  bool is_published_ = false;
  std::uint64_t bytes_ = 0, in_file_ = 0;
  std::string kept_;
};

// The file of a running trial. folder: of the study's checkpoints.
[[nodiscard]] std::filesystem::path output_file(const std::filesystem::path& folder, std::uint64_t number);

}  // namespace tuner::program
