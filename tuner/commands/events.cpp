#include "tuner/commands/events.hpp"

#include "tuner/json.hpp"
#include "tuner/report/record.hpp"

namespace tuner::commands {

namespace {

Json beginning(const char* event, std::uint64_t trial, std::uint32_t attempt) {
  Json json;
  json["event"] = event;
  json["trial"] = trial;
  json["attempt"] = attempt;
  return json;
}

Json json_of(const trial::Begun& begun) {
  Json json = beginning("started", begun.number, begun.attempt);
  json["at_ms"] = begun.at_ms;
  return json;
}

Json json_of(const trial::Report& report) {
  Json json = beginning("report", report.number, report.attempt);
  json["step"] = report.step;
  json["value"] = report::json_of(report.value);
  Json& metrics = json["metrics"] = Json::array();
  for (const MetricPoint& point : report.metrics) metrics.push_back(report::json_of(point));
  return json;
}

Json json_of(const trial::CheckpointWritten& written) {
  Json json = beginning("checkpoint", written.number, written.attempt);
  json["step"] = written.step;
  return json;
}

}  // namespace

void print_event(std::ostream& out, const trial::Notice& notice) {
  out << std::visit([](const auto& what) { return json_of(what); }, notice).line() << "\n";
}

void print_event(std::ostream& out, const storage::TrialRecord& ended) {
  Json json;
  json["event"] = "ended";
  json.update(report::json_of(storage::run_row(ended)));
  out << json.line() << "\n";
}

}  // namespace tuner::commands
