// The parameters of trials: rows of `trial_parameters`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connection.hpp"
#include "reading.hpp"
#include "tuner/space.hpp"

namespace tuner::storage {

// Of one trial, in order: name, type, value, position.
[[nodiscard]] Rows parameter_rows(Connection& connection, std::int64_t study_id, std::uint64_t number);
// Appends the row of parameter_rows() that follows those in `parameters`. Errors: DamagedValue.
void read_parameter(const Rows& row, Parameters& parameters);
// All of one trial. Errors: DamagedValue.
[[nodiscard]] Parameters parameters_of(Connection& connection, std::int64_t study_id, std::uint64_t number);

// The parameters of all trials of a study in one pass over the table.
class ParameterCursor {
 public:
  ParameterCursor(Connection& connection, std::int64_t study_id);
  // Of this trial; asked for in rising order of number. Errors: DamagedValue, SqliteError.
  [[nodiscard]] Parameters of(std::uint64_t number);

 private:
  struct Found {
    std::int64_t position;
    Parameters::value_type parameter;
  };
  void advance();
  [[nodiscard]] Parameters next(std::int64_t number);

  Connection& connection_;
  std::int64_t study_id_;
  Rows rows_;
  std::int64_t number_ = -1;  // of the row that is next, if there is one; -1: none was read yet
  bool more_ = true, damaged_ = false;
  std::vector<Found> found_;
};

// Puts the names of one trial, in their order, into `names`: a new one before the next that is there already.
void merge_names(const std::vector<std::string>& trial, std::vector<std::string>& names);
// Of all trials, as Store::parameter_names() orders them.
[[nodiscard]] std::vector<std::string> names_of_parameters(Connection& connection, std::int64_t study_id,
                                                           const Reading& reading);

}  // namespace tuner::storage
