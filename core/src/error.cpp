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

// Without what people write differently: case, '_' and '-'.
std::string plain_form(std::string_view word) {
  std::string plain;
  for (const char c : word)
    if (c != '_' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return plain;
}

// steps: step, retries: retry.
std::string singular_of(std::string_view word) {
  if (word.ends_with("ies")) return std::string(word.substr(0, word.size() - 3)) + "y";
  return std::string(word.ends_with('s') ? word.substr(0, word.size() - 1) : word);
}

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
  // Source: Wagner, Fischer 1974, with the swap of Damerau 1964. Three rows of the table: i - 2, i - 1, i.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kMostCompared = 64;  // the table grows with the square
  constexpr std::size_t kOfVariant = 2;      // letters that make another thing's name of a name: adamp, log10
  std::vector<std::string> found;
  const std::string plain = plain_form(word);
  for (const std::string& meant : {plain, singular_of(plain)}) {
    for (const std::string_view candidate : candidates)
      if (plain_form(candidate) == meant) found.emplace_back(candidate);
    if (!found.empty()) return found;
  }
  if (plain.size() > kMostCompared) return found;
  std::size_t least = std::max<std::size_t>(1, plain.size() / 4);
  for (const std::string_view candidate : candidates) {
    const std::string other = plain_form(candidate);
    if (!other.empty() && plain.size() > other.size() && plain.starts_with(other)) {
      const bool slip = plain.size() == other.size() + 1 && plain.back() == other.back();
      if (slip) return {std::string(candidate)};
      if (plain.size() <= other.size() + kOfVariant) return {};
    }
    if (other.size() > kMostCompared) continue;
    const std::size_t distance = edit_distance(plain, other);
    if (distance > least || distance >= std::max(plain.size(), other.size())) continue;
    if (distance < least) found.clear();
    least = distance;
    found.emplace_back(candidate);
  }
  return found;
}

std::string hint(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kMostNamed = 3;
  const std::vector<std::string> near = nearest(word, candidates);
  std::string text;
  if (!near.empty() && near.size() <= kMostNamed) {
    for (const std::string& candidate : near) text += (text.empty() ? "did you mean '" : " or '") + candidate + "'";
    return text + "?";
  }
  for (const std::string_view candidate : candidates) {
    text += text.empty() ? "one of: " : ", ";
    text += candidate;
  }
  return text;
}

}  // namespace tuner
