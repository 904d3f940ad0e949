#include "tuner/commands/trial_name.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

std::pair<std::string, std::uint64_t> trial_name(const std::string& words, const Page& page) {
  const std::size_t slash = words.rfind('/');
  const std::size_t first = slash == std::string::npos ? words.size() : slash + 1;
  std::uint64_t number = 0;
  const char* last = words.data() + words.size();
  const auto [end, status] = std::from_chars(words.data() + first, last, number);
  if (status != std::errc() || end != last)
    throw Error(Message::usage_no_such_trial, fmt::format("'{}' is no trial's number", shown(words.substr(first))),
                fmt::format("usage: {}", page.usage));
  return {words.substr(0, slash), number};
}

}  // namespace tuner::commands
