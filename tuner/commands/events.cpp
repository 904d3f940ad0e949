#include "tuner/commands/events.hpp"

#include <fmt/format.h>

#include "tuner/report/table.hpp"
#include "tuner/value.hpp"

namespace tuner::commands {

namespace {

std::string beginning(const char* event, std::uint64_t trial, std::uint32_t attempt) {
  return fmt::format(R"({{"event": "{}", "trial": {}, "attempt": {})", event, trial, attempt);
}

std::string value_of(const std::optional<double>& value) { return value ? to_json(Value(*value)) : "null"; }

std::string text_of(const trial::Begun& begun) {
  return beginning("started", begun.number, begun.attempt) + fmt::format(R"(, "at_ms": {})", begun.at_ms);
}

std::string text_of(const trial::Report& report) {
  std::string metrics;
  for (const MetricPoint& point : report.metrics)
    metrics += fmt::format(R"({}{{"name": {}, "step": {}, "value": {}}})", metrics.empty() ? "" : ", ",
                           json_quoted(point.name), point.step, to_json(Value(point.value)));
  return beginning("report", report.number, report.attempt) +
         fmt::format(R"(, "step": {}, "value": {}, "metrics": [{}])", report.step, value_of(report.value), metrics);
}

std::string text_of(const trial::CheckpointWritten& written) {
  return beginning("checkpoint", written.number, written.attempt) + fmt::format(R"(, "step": {})", written.step);
}

}  // namespace

void print_event(std::ostream& out, const trial::Notice& notice) {
  out << std::visit([](const auto& what) { return text_of(what); }, notice) << "}\n";
}

void print_event(std::ostream& out, const storage::TrialRecord& ended) {
  const TrialResult& result = ended.result;
  out << beginning("ended", ended.id.number, ended.attempt)
      << (ended.replicates == 1
              ? ""
              : fmt::format(R"(, "configuration": {}, "replicate": {})", ended.id.configuration, ended.id.replicate))
      << fmt::format(R"(, "outcome": "{}", "value": {}, "steps": {}, "seconds": {}, "parameters": {}, "error": {}}})",
                     to_string(result.outcome), value_of(result.value), result.steps,
                     format_number(result.wall_seconds), report::parameters_json(ended.parameters),
                     result.error.empty() ? "null" : json_quoted(result.error))
      << "\n";
}

}  // namespace tuner::commands
