// What a child tells the runner, over a pipe of their own: a plugin may print what it likes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tuner::check {

enum class Answer : int {
  doing,           // text: what comes next
  failure,         // text: cause, second: remedy
  warning,         // the same
  not_applicable,  // text: the reason
  not_run,         // text: what the user must give
  plugin,          // text: "optimizer:adam"; one for each plugin of the library
  refused_option,  // text: what is wrong with a --set, second: remedy
  done,            // the last one of a child that came to its end
};

struct AnswerRecord {
  Answer kind;
  std::string text, second;
};

// Writes one record. Bytes that are not UTF-8 become replacement characters.
void send(int file, Answer kind, std::string_view text = {}, std::string_view second = {});

// All complete records of what was read.
[[nodiscard]] std::vector<AnswerRecord> read_answers(std::string_view bytes);

// The file descriptor on which a child finds its pipe.
inline constexpr int kAnswerFile = 3;

}  // namespace tuner::check
