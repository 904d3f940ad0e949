// The sweep file as a JSON Schema (draft 7), made from the tables of keys and the plugins' metadata.
#pragma once

#include <string>

#include "tuner/catalogue.hpp"

namespace tuner::config {

// The schema as JSON text. It refuses nothing that the reader takes (but for `inf` and numbers that are not decimal,
// which YAML reads and JSON has not); what the reader refuses it refuses too, but for rules between values: the ends
// and steps of a range, labels of a one_of, search parameters without a method, stages without an end, the plugins' own
// rules, and what only the trial shows.
[[nodiscard]] std::string json_schema(const Catalogue& catalogue);

}  // namespace tuner::config
