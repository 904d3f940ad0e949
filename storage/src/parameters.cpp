#include "parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cells.hpp"

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

// The key of the table gives this order, so that nothing is sorted: within a trial by name.
ParameterCursor::ParameterCursor(Connection& connection, std::int64_t study_id)
    : connection_(connection),
      study_id_(study_id),
      rows_(connection
                .prepared("SELECT number, name, type, value, position FROM trial_parameters WHERE study_id = ? "
                          "ORDER BY number")
                .query(study_id)) {}

Parameters ParameterCursor::of(std::uint64_t number) {
  try {
    if (!damaged_) return next(static_cast<std::int64_t>(number));
  } catch (const SqliteError& error) {
    if (error.id() != Message::storage_damaged) throw;
    damaged_ = true;
  }
  // Behind a damaged page there may be trials that can be read.
  return parameters_of(connection_, study_id_, number);
}

void ParameterCursor::advance() {
  more_ = rows_.next();
  if (!more_) return;
  // What is no integer is sorted behind all numbers.
  more_ = rows_.is_integer(0);
  if (more_) number_ = rows_.integer(0);
}

Parameters ParameterCursor::next(std::int64_t number) {
  while (more_ && number_ < number) advance();
  found_.clear();
  Parameters parameters;
  in_table("trial_parameters", [&] {
    for (; more_ && number_ == number; advance())
      found_.push_back({rows_.integer(4), {rows_.text(1), value_from(rows_, 2, 3)}});
    std::ranges::sort(found_, {}, &Found::position);
    for (Found& found : found_) {
      if (found.position != std::ssize(parameters))
        throw DamagedValue(fmt::format("position is {}, not {}", found.position, parameters.size()));
      parameters.push_back(std::move(found.parameter));
    }
  });
  return parameters;
}

void merge_names(const std::vector<std::string>& trial, std::vector<std::string>& names) {
  auto place = names.end();
  for (auto last = trial.rbegin(); last != trial.rend(); ++last) {
    const auto known = std::ranges::find(names, *last);
    place = known != names.end() ? known : names.insert(place, *last);
  }
}

std::vector<std::string> names_of_parameters(Connection& connection, std::int64_t study_id, const Reading& reading) {
  std::vector<std::string> names;
  std::vector<std::pair<std::int64_t, std::string>> trial, last;
  std::int64_t number = -1;
  const auto merge = [&] {
    std::ranges::sort(trial);
    // Most trials have the parameters of the one before.
    if (trial != last) {
      std::vector<std::string> of_trial;
      for (const auto& [position, name] : trial) of_trial.push_back(name);
      merge_names(of_trial, names);
    }
    last.swap(trial);
    trial.clear();
  };
  Rows row =
      connection.prepared("SELECT number, name, position FROM trial_parameters WHERE study_id = ? ORDER BY number")
          .query(study_id);
  while (reading.next(row, "trial_parameters")) {
    // A row that is damaged is named by whoever reads the trial.
    if (!row.is_integer(0) || !row.is_text(1) || !row.is_integer(2)) continue;
    if (row.integer(0) != number) merge();
    number = row.integer(0);
    trial.emplace_back(row.integer(2), row.text(1));
  }
  merge();
  return names;
}

}  // namespace tuner::storage
