// A plugin seen through structs of another minor version of the ABI.
//
// Every call of the plugin gets copies of the structs that the host passes:
//   cut    exactly as long as in 1.0, each ending where a page begins that cannot be read, and unreadable as a whole
//          after the call: a read behind the end, or through a pointer that was kept, kills the process at once;
//   grown  as a later minor version would have them: a larger struct_size, strange bytes behind the 1.0 part, larger
//          strides of arrays, a higher minor of the host.
#pragma once

#include "tuner/catalogue.hpp"
#include "tuner/check/check.hpp"

namespace tuner::check {

enum class Form { cut, grown };

// One at a time in a process; threads: one.
class Boundary {
 public:
  // With Form::cut a forbidden read becomes a failure of `report` that names the struct, and ends the process.
  Boundary(const Plugin& plugin, Form form, Report& report);
  ~Boundary();
  Boundary(const Boundary&) = delete;
  Boundary& operator=(const Boundary&) = delete;
  // The same plugin behind the boundary.
  [[nodiscard]] const Plugin& plugin() const { return plugin_; }

 private:
  void replace_functions(const Plugin& real);
  tuner_plugin descriptor_;
  tuner_optimizer optimizer_{};
  tuner_scheduler scheduler_{};
  tuner_objective objective_{};
  Plugin plugin_;
};

}  // namespace tuner::check
