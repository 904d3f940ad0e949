#include "tuner/details.hpp"

#include <array>
#include <sstream>
#include <string_view>
#include <utility>

namespace tuner {

Details details_of(const Plugin& plugin) {
  Details found;
  const std::array<std::pair<std::string_view, std::string*>, 4> named{
      {{"family", &found.family}, {"rule", &found.rule}, {"use", &found.use}, {"not", &found.avoid}}};
  const char* details = plugin.descriptor().details;
  std::istringstream lines(details ? details : "");
  for (std::string line; std::getline(lines, line);) {
    std::string* to = nullptr;
    for (const auto& [word, text] : named)
      if (line.starts_with(word) && line.substr(word.size()).starts_with("  ")) to = text;
    const auto rest = [&] { return line.substr(line.find_first_not_of(' ', line.find(' '))); };
    if (to != nullptr)
      *to = rest();
    else if (line.starts_with("example  "))
      found.examples.push_back(rest());
    else
      found.text += (found.text.empty() ? "" : "\n") + line;
  }
  return found;
}

}  // namespace tuner
