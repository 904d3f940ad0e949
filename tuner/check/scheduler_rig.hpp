// A scheduler under check: it drives an optimizer that is made to have what it wants to drive.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/objective.hpp"
#include "tuner/schedule.hpp"

namespace tuner::check {

// The configured values of the options that it drives: an lr, and others, which are momenta and betas.
struct Bases {
  double lr = 0.1, other = 0.9;
};

class SchedulerRig {
 public:
  // Errors: those of sensible_options and of ScheduleRun. horizon: -1 unknown.
  SchedulerRig(const Plugin& scheduler, const std::map<std::string, Value>& given, std::int64_t horizon,
               const Bases& bases = {});
  ~SchedulerRig();
  SchedulerRig(const SchedulerRig&) = delete;
  SchedulerRig& operator=(const SchedulerRig&) = delete;

  // The outputs' values for the update number step + 1. metric_shift changes the metrics that it is told.
  // Status of the ABI; the plugin's text is error().
  [[nodiscard]] std::int32_t value(std::int64_t step, std::vector<double>& values, double metric_shift = 0);
  [[nodiscard]] const char* error() const { return error_.text; }
  [[nodiscard]] std::string output_id(std::size_t index) const;
  // The option that an output drives here: the first of its targets.
  [[nodiscard]] const tuner_param& option(std::size_t index) const;

 private:
  struct Target;
  const Plugin& scheduler_;
  std::unique_ptr<Target> target_;
  HostServices host_;
  tuner_error error_{};
  Schedule schedule_;
  std::unique_ptr<ScheduleRun> run_;
};

}  // namespace tuner::check
