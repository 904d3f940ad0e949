#include "tuner/program/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tuner::program {

namespace {

constexpr std::uint64_t kMostInFile = 1 << 20;

}  // namespace

void Lines::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      rest_ += bytes;
      if (rest_.size() <= kLongestLine) return;
      take_(rest_, false);
      rest_.clear();
      cut_ = true;
      return;
    }
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.empty()) {
      take_(piece, !cut_);
    } else {
      rest_ += piece;
      take_(rest_, !cut_ && rest_.size() <= kLongestLine);
      rest_.clear();
    }
    cut_ = false;
  }
}

void Lines::end() {
  if (!rest_.empty()) take_(rest_, !cut_);
  rest_.clear();
  cut_ = false;
}

KeptOutput::~KeptOutput() {
  if (is_published_) ::unlink(path_.c_str());
}

void KeptOutput::append(std::string_view bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  kept_ += bytes;
  if (kept_.size() > 2 * kOutputKept) kept_.erase(0, kept_.size() - kOutputKept);
  write(bytes);
}

// The file is for whoever follows: where it cannot be written, the trial goes on without.
void KeptOutput::publish() {
  if (std::exchange(is_published_, true)) return;
  const auto open = [&] {
    file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  };
  open();
  if (!file_.is_open() && errno == ENOENT) {
    std::error_code none;
    std::filesystem::create_directories(path_.parent_path(), none);
    open();
  }
  write(tail());
}

std::string_view KeptOutput::tail() const {
  const std::string_view kept = kept_;
  return kept.substr(kept.size() - std::min(kept.size(), kOutputKept));
}

void KeptOutput::write(std::string_view bytes) {
  if (!file_.is_open()) return;
  if (in_file_ > kMostInFile && ::ftruncate(file_.get(), 0) == 0) in_file_ = 0;
  if (const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size()); written > 0)
    in_file_ += static_cast<std::uint64_t>(written);
}

std::filesystem::path output_file(const std::filesystem::path& folder, std::uint64_t number) {
  return folder / (std::to_string(number) + ".output");
}

}  // namespace tuner::program
