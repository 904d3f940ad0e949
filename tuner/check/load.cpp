// The library as a file: it opens, exports one symbol, and leaves the process as it was.
#include <algorithm>
#include <array>

#include "tuner/check/check.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"

namespace tuner::check {

namespace {

// Refusals that are about the tables that the library returns, not about loading it: abi.descriptor's.
bool is_about_tables(Message id) {
  return id == Message::plugin_bad_descriptor || id == Message::plugin_other_major ||
         id == Message::plugin_needs_newer_host || id == Message::plugin_other_platform;
}

void opens(const Subject& subject, Report& report) {
  report.doing("loading the library");
  try {
    (void)load_library(subject.file);
  } catch (const Error& e) {
    if (!is_about_tables(e.id())) report.fail(e.message(), e.remedy());
  }
}

constexpr Check kChecks[] = {
    {"load.opens",
     "The library loads with every symbol resolved, has the entry function, and the process ends well afterwards: no "
     "crash, no hang, no exit in a static constructor or destructor.",
     0, nullptr, nullptr, opens},
};

}  // namespace

std::span<const Check> load_checks() { return kChecks; }

}  // namespace tuner::check
