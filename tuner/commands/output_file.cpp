#include "tuner/commands/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "tuner/error.hpp"
#include "tuner/report/output.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

void check_output_file(std::string_view option, const std::string& file) {
  const std::filesystem::path path = file;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code none;
  std::string why;
  if (!path.has_filename() || std::filesystem::is_directory(path, none))
    why = "it is a folder";
  else if (!std::filesystem::is_directory(folder, none))
    why = fmt::format("there is no folder {}", folder.string());
  else if (::access((std::filesystem::exists(path, none) ? path : folder).c_str(), W_OK) != 0)
    why = system_text(errno);
  if (!why.empty())
    throw Error(Message::usage_bad_option,
                fmt::format("{} {}: the file cannot be written: {}", option, shown(file), why),
                "name a file in a folder that exists and that you may write to");
}

void replace_file(std::string_view option, const std::string& file, std::string_view text, const std::string& remedy) {
  std::error_code error;
  int failed = 0;
  const std::filesystem::path there = std::filesystem::weakly_canonical(file, error);  // what a link leads to
  const std::filesystem::path path = error ? std::filesystem::path(file) : there;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    failed = report::write_file(path, text);
  } else {
    std::filesystem::path whole = path;
    whole += fmt::format(".{}.new", ::getpid());
    failed = report::write_file(whole, text);
    if (failed == 0 && ::rename(whole.c_str(), path.c_str()) != 0) failed = errno;
    if (failed != 0) ::unlink(whole.c_str());
  }
  if (failed != 0)
    throw Error(Message::storage_failed,
                fmt::format("{} {}: the file cannot be written: {}", option, shown(file), system_text(failed)), remedy);
}

}  // namespace tuner::commands
