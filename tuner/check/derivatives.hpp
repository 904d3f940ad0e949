// The checks of objectives that compare with calculus: gradient, Hessian times vector, declared minimum.
#pragma once

#include "tuner/check/check.hpp"

namespace tuner::check {

void check_gradient(const Subject& subject, Report& report);
void check_hvp(const Subject& subject, Report& report);
void check_minimum(const Subject& subject, Report& report);

}  // namespace tuner::check
