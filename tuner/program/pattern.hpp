// A regular expression that finds a number in what a program prints. RE2: a search takes time in proportion to the
// line, whatever the pattern.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tuner::program {

class Pattern {
 public:
  // Errors: std::invalid_argument with what is wrong: no regular expression, or none with exactly one group.
  explicit Pattern(const std::string& text);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  // The number that the group matches first in the line; nothing where nothing matches, or what does is no number.
  // Threads: any number.
  [[nodiscard]] std::optional<double> find(std::string_view line) const;

 private:
  struct Expression;
  std::unique_ptr<Expression> expression_;
};

// The whole text as a number: as strtod() reads it, nan and inf included; blanks around it do not count.
[[nodiscard]] std::optional<double> number_in(std::string_view text);

}  // namespace tuner::program
