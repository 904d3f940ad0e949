// Errors that end a study or refuse an input. Expected outcomes of a trial (diverged, pruned, failed) are values of
// Outcome and are never thrown.
//
// Every message has an id in one catalogue, messages.hpp; the id says which exit code the program ends with.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "tuner/messages.hpp"

namespace tuner {

class Error : public std::exception {
 public:
  // what: what is wrong and why. remedy: what to do next, a sentence, may be empty.
  Error(Message id, std::string what, std::string remedy = {});

  // Adds where it happened; called on the way out, so that the outermost place stands first:
  // "sweep.yaml:12:5", "trial 7", "step 41".
  Error& at(std::string place);

  [[nodiscard]] Message id() const { return id_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::string& remedy() const { return remedy_; }
  [[nodiscard]] const std::string& place() const { return place_; }
  // "place: message\n  remedy", without the id.
  [[nodiscard]] const char* what() const noexcept override { return full_.c_str(); }

 private:
  void compose();
  Message id_;
  std::string message_, remedy_, place_, full_;
};

// "config.unknown_key"
[[nodiscard]] std::string_view message_name(Message id);
// The process's exit code for it.
[[nodiscard]] int exit_code(Message id);

// The candidate that is nearest to `word` by edit distance, or empty where none is near enough to be meant.
// Candidates is any range of things that convert to string_view.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
template <class Candidates>
[[nodiscard]] std::string nearest(std::string_view word, const Candidates& candidates) {
  std::string best;
  std::size_t least = word.size() < 4 ? 2 : word.size() / 2 + 1;
  for (const auto& candidate : candidates) {
    const std::string_view text(candidate);
    const std::size_t distance = edit_distance(word, text);
    if (distance < least) least = distance, best = text;
  }
  return best;
}
// "did you mean 'x'?" or "one of: a, b, c" where nothing is near; empty without candidates.
template <class Candidates>
[[nodiscard]] std::string did_you_mean(std::string_view word, const Candidates& candidates) {
  if (const std::string best = nearest(word, candidates); !best.empty()) return "did you mean '" + best + "'?";
  std::string all;
  for (const auto& candidate : candidates) {
    if (!all.empty()) all += ", ";
    all += std::string_view(candidate);
  }
  return all.empty() ? all : "one of: " + all;
}

}  // namespace tuner
