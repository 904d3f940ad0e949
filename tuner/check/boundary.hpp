// A plugin seen through structs of another minor version of the ABI.
//
// Every call of the plugin gets copies of the structs that the host passes:
//   cut    exactly as long as in 1.0, each ending where a page begins that cannot be read, and unreadable as a whole
//          after the call: a read behind the end, or through a pointer that was kept, is a fault (fault.hpp). For a
//          plugin that no host of 1.0 may load they are as long as today;
//   grown  as a later minor version would have them: a larger struct_size, strange bytes behind today's fields, larger
//          strides of arrays, a higher minor of the host;
//   fenced as today, and the buffers of an objective (tensors, gradients, metrics, vectors and products) lie between
//          memory that cannot be touched.
#pragma once

#include "tuner/catalogue.hpp"
#include "tuner/check/fault.hpp"

namespace tuner::check {

enum class Form { cut, grown, fenced };

// One at a time in a process; threads: one.
class Boundary {
 public:
  // fence: of the buffers, for Form::fenced. Requires, but for Form::grown: reports_faults().
  Boundary(const Plugin& plugin, Form form, Fence fence = Fence::end);
  ~Boundary();
  Boundary(const Boundary&) = delete;
  Boundary& operator=(const Boundary&) = delete;
  // With Form::fenced: what the calls so far wrote between a buffer and its fence, as fenced_damage() says it.
  [[nodiscard]] std::string damage() const;
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
