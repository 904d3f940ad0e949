// The kernels that this machine runs.
#pragma once

#include "kernel_table.hpp"
#include "products.hpp"

namespace tuner::linear_algebra {

[[nodiscard]] const KernelTable& kernels(Rounding rounding);

}  // namespace tuner::linear_algebra
