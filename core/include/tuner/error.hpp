// Errors that end a study or refuse an input. Expected outcomes of a trial (diverged, pruned, failed) are values of
// Outcome and are never thrown.
//
// Every message has an id in one catalogue, messages.hpp; the id says which exit code the program ends with.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

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

// Least number of typing mistakes that make b of a: a letter too many, too few, another one, or two neighbors swapped.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidates that `word` was most likely meant to be, in their order: those that differ in case, '_' and '-' alone,
// else those with the fewest typing mistakes, at most one in every four letters. No hint is better than a wrong one: a
// word that goes on for a letter or two where a candidate ends (adamp, log10) is the name of another thing, unless it
// is its plural.
[[nodiscard]] std::vector<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// "did you mean 'x'?" or "one of: a, b, c" where nothing is near; empty without candidates. Candidates is any range of
// things that convert to string_view.
[[nodiscard]] std::string hint(std::string_view word, const std::vector<std::string_view>& candidates);
template <class Candidates>
[[nodiscard]] std::string did_you_mean(std::string_view word, const Candidates& candidates) {
  std::vector<std::string_view> views;
  for (const auto& candidate : candidates) views.emplace_back(candidate);
  return hint(word, views);
}

}  // namespace tuner
