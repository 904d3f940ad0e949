// The border between host and plugin: what the tables say, and structs of other minor versions.
#include "tuner/check/check.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"

namespace tuner::check {

namespace {

void descriptor(const Subject& subject, Report& report) {
  try {
    (void)load_library(subject.file);
  } catch (const Error& e) {
    report.fail(e.message(), e.remedy().empty() ? "build it with the headers of this tuner" : e.remedy());
  }
}

constexpr Check kChecks[] = {
    {"abi.descriptor",
     "The tables that the library returns are what the host accepts: ABI major and minor, platform, sizes and strides "
     "of the structs, ids, functions that must be there, defaults and search ranges within the legal ranges.",
     0, "load.opens", nullptr, descriptor},
};

}  // namespace

std::span<const Check> abi_checks() { return kChecks; }

}  // namespace tuner::check
