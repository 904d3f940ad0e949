#include "parameters.hpp"

#include <fmt/format.h>

#include "cells.hpp"
#include "reading.hpp"

namespace tuner::storage {

void read_parameter(const Rows& row, Parameters& parameters) {
  in_table("trial_parameters", [&] {
    parameters.emplace_back(row.text(0), value_from(row, 1, 2));
    if (row.integer(3) != std::ssize(parameters) - 1) row.refuse(3, fmt::format("{}", parameters.size() - 1));
  });
}

Rows parameter_rows(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  return connection
      .prepared(
          "SELECT name, type, value, position FROM trial_parameters WHERE study_id = ? AND number = ? "
          "ORDER BY position")
      .query(study_id, number);
}

Parameters parameters_of(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  Parameters parameters;
  Rows row = parameter_rows(connection, study_id, number);
  while (row.next()) read_parameter(row, parameters);
  return parameters;
}

}  // namespace tuner::storage
