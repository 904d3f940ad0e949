#include "tuner/check/answers.hpp"

#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "tuner/json.hpp"

namespace tuner::check {

void send(int file, Answer kind, std::string_view text, std::string_view second) {
  std::string line = Json::array({static_cast<int>(kind), text, second}).dump();
  line += '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = ::write(file, line.data() + sent, line.size() - sent);
    if (n < 0 && errno != EINTR) return;  // nobody listens any more
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
}

namespace {

// Null where the line is no JSON.
Json parsed(std::string_view line) {
  try {
    return Json::parse(line);
  } catch (const std::invalid_argument&) {
    return {};
  }
}

}  // namespace

std::vector<AnswerRecord> read_answers(std::string_view bytes) {
  std::vector<AnswerRecord> records;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    const Json line = parsed(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    if (!line.is_array() || line.size() != 3 || !line[0].is_integer()) continue;
    const auto kind = line[0].get<std::int64_t>();
    if (kind < 0 || kind > static_cast<std::int64_t>(Answer::done) || !line[1].is_string() || !line[2].is_string())
      continue;
    records.push_back({static_cast<Answer>(kind), line[1].get<std::string>(), line[2].get<std::string>()});
  }
  return records;
}

}  // namespace tuner::check
