// The parameters of trials: rows of `trial_parameters`.
#pragma once

#include <cstdint>

#include "connection.hpp"
#include "tuner/space.hpp"

namespace tuner::storage {

// Of one trial, in order: name, type, value, position.
[[nodiscard]] Rows parameter_rows(Connection& connection, std::int64_t study_id, std::uint64_t number);
// Appends the row of parameter_rows() that follows those in `parameters`. Errors: DamagedValue.
void read_parameter(const Rows& row, Parameters& parameters);
// All of one trial. Errors: DamagedValue.
[[nodiscard]] Parameters parameters_of(Connection& connection, std::int64_t study_id, std::uint64_t number);

}  // namespace tuner::storage
