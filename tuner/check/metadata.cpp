#include "tuner/check/check.hpp"

namespace tuner::check {

std::span<const Check> metadata_checks() { return {}; }

}  // namespace tuner::check
