// The report page: one HTML file with everything in it. The files of page/ are its program, its style and its charts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tuner/json.hpp"
#include "tuner/report/page_study.hpp"

namespace tuner::report {

// What the page shows, as a text that may stand in a script element: a line of JSON, `head` with the descriptions as
// its "studies", then a line for the arrays of each study.
[[nodiscard]] std::string page_data(Json head, std::span<const PageStudy> studies);

// Which scripts and styles the page may use: those that are in it, by their hashes, and nothing from anywhere else.
// live: it may ask the server that it came from.
[[nodiscard]] std::string page_policy(bool live);

// data: of page_data(). live: the page follows the server that it came from.
[[nodiscard]] std::string page_html(std::string_view title, std::string_view data, bool live);

}  // namespace tuner::report
