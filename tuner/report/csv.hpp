// Cells of CSV by RFC 4180.
#pragma once

#include <string>
#include <string_view>

namespace tuner::report {

// Appends the text; in quotes where it has a comma, a quote or an end of a line.
void append_csv(std::string& line, std::string_view text);

}  // namespace tuner::report
