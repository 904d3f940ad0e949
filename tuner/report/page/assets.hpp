// The files of this folder, as assets.cmake puts them into the program.
#pragma once

#include <string_view>

namespace tuner::report::page {

[[nodiscard]] std::string_view skeleton();  // page.html
[[nodiscard]] std::string_view style();     // page.css
[[nodiscard]] std::string_view script();    // the files of ours, one behind the other
[[nodiscard]] std::string_view charts();    // charts.min.js
[[nodiscard]] std::string_view notice();    // charts.NOTICE.txt

}  // namespace tuner::report::page
