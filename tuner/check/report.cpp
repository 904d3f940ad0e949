#include <unistd.h>

#include <fmt/format.h>
#include <cmath>
#include <string>

#include "tuner/check/answers.hpp"
#include "tuner/check/check.hpp"

namespace tuner::check {

namespace {

// A plugin that is wrong everywhere is told so a few times, not a thousand.
constexpr std::size_t kMostFindings = 20;

}  // namespace

void Report::add(Finding finding) {
  if (findings_.size() == kMostFindings) return;
  if (answers_ >= 0) send(answers_, finding.warning ? Answer::warning : Answer::failure, finding.cause, finding.remedy);
  findings_.push_back(std::move(finding));
}

void Report::doing(std::string_view what) {
  doing_ = what;
  if (answers_ >= 0) send(answers_, Answer::doing, what);
}

void Report::end_process() {
  if (answers_ >= 0) send(answers_, Answer::done);
  ::_exit(0);
}

std::string shown(double value) { return std::isnan(value) ? "nan" : fmt::format("{:g}", value); }

}  // namespace tuner::check
