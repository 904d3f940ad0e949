#include "tuner/error.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tuner {

namespace {

constexpr std::string_view kNames[] = {
#define TUNER_MESSAGE(name, text) text,
    TUNER_MESSAGES(TUNER_MESSAGE)
#undef TUNER_MESSAGE
};

}  // namespace

Error::Error(Message id, std::string what, std::string remedy)
    : id_(id), message_(std::move(what)), remedy_(std::move(remedy)) {
  compose();
}

Error& Error::at(std::string place) {
  place_ = place_.empty() ? std::move(place) : place + ": " + place_;
  compose();
  return *this;
}

void Error::compose() {
  full_ = place_.empty() ? message_ : place_ + ": " + message_;
  if (!remedy_.empty()) full_ += "\n  " + remedy_;
}

std::string_view message_name(Message id) { return kNames[static_cast<std::size_t>(id)]; }

int exit_code(Message id) {
  const std::string_view name = message_name(id);
  if (name.starts_with("usage.")) return 2;
  if (name.starts_with("config.")) return 3;
  if (name.starts_with("plugin.")) return 4;
  if (name.starts_with("storage.")) return 5;
  return 6;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // One row of the table of Wagner and Fischer; previous is the entry up and left.
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t previous = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = previous + (a[i - 1] == b[j - 1] ? 0 : 1);
      previous = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace tuner
