// The search space of a recorded study, as its plan in the database has it. It needs no plugin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/space.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

struct StoredParameter {
  std::string name;
  // Of values and branches, as JSON; empty for a range.
  std::vector<std::string> choices;
  bool integer = false;
  Scale scale = Scale::linear;
  std::optional<double> low, high;  // nothing where a distribution is not cut
  std::optional<double> step;
  [[nodiscard]] bool is_range() const { return choices.empty(); }
  // The place of a value among the choices; nothing where it is none of them.
  [[nodiscard]] std::optional<std::size_t> choice_of(const Value& value) const;
};

// plan: a canonical plan (see canonical_plan()). Errors: storage.damaged where it cannot be read.
[[nodiscard]] std::vector<StoredParameter> stored_space(std::string_view plan);
// One of which the plan says nothing that stored_space() finds, from the values that trials had: numbers without ends,
// or choices.
[[nodiscard]] StoredParameter seen_parameter(const std::string& name, const std::vector<Value>& values);
// Those that trials of the study have, in the order of the sweep file. Errors: usage.no_such_study.
[[nodiscard]] std::vector<StoredParameter> parameters_of_study(const storage::Store& store, const std::string& study,
                                                               storage::Damage& damage);

}  // namespace tuner::report
