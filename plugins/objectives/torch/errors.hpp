// LibTorch's exceptions carry a backtrace of many lines; a message of tuner's is short.
#pragma once

#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace tuner::objectives::torch_objectives {

// The last line that says something: of an error in a module, what went wrong in it.
inline std::string short_text(std::string_view text) {
  const auto end = text.find_last_not_of(" \n\r\t");
  if (end == std::string_view::npos) return "no message";
  text = text.substr(0, end + 1);
  const auto begin = text.rfind('\n');
  if (begin != std::string_view::npos) text.remove_prefix(begin + 1);
  return std::string(text.substr(0, 300));
}

// Throws what body() throws, c10::Error as std::runtime_error with a short text.
template <class Body>
void with_short_errors(Body&& body) {
  try {
    body();
  } catch (const c10::Error& e) {
    throw std::runtime_error("LibTorch: " + short_text(e.what_without_backtrace()));
  }
}

}  // namespace tuner::objectives::torch_objectives
