#include "tuner/check/answers.hpp"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace tuner::check {

void send(int file, Answer kind, std::string_view text, std::string_view second) {
  std::string line = nlohmann::json::array({static_cast<int>(kind), text, second})
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  line += '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = ::write(file, line.data() + sent, line.size() - sent);
    if (n < 0 && errno != EINTR) return;  // nobody listens any more
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
}

std::vector<AnswerRecord> read_answers(std::string_view bytes) {
  std::vector<AnswerRecord> records;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    const auto line = nlohmann::json::parse(bytes.substr(0, end), nullptr, false);
    bytes.remove_prefix(end + 1);
    if (!line.is_array() || line.size() != 3 || !line[0].is_number_integer()) continue;
    const int kind = line[0].get<int>();
    if (kind < 0 || kind > static_cast<int>(Answer::done) || !line[1].is_string() || !line[2].is_string()) continue;
    records.push_back({static_cast<Answer>(kind), line[1].get<std::string>(), line[2].get<std::string>()});
  }
  return records;
}

}  // namespace tuner::check
