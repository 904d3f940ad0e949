#include "tuner/commands/one_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/report/table.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(Message::usage_bad_option, "--trial: " + what, remedy);
}

// NAME=VALUE, separated by commas; those within brackets belong to a value.
std::vector<std::pair<std::string, std::string>> assignments_in(const std::string& words) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : words) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  std::vector<std::pair<std::string, std::string>> assignments;
  for (const std::string& part : parts) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      refuse(fmt::format("'{}' is no NAME=VALUE", shown(part)), "write --trial 'lr=0.01,layers=3'");
    assignments.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return assignments;
}

Value value_in(const Dimension& dimension, const std::string& text) {
  if (const auto value = value_from_text(dimension, text)) return *value;
  std::vector<std::string> known;
  if (!std::holds_alternative<Range>(dimension.domain))
    for (const Value& value : grid_values(dimension)) known.push_back(to_display(value, 12));
  refuse(fmt::format("'{}' is no value of {}", shown(text), dimension.name),
         known.empty() ? "it is " + values_text(dimension) : did_you_mean(text, known));
}

std::string last_word(const std::string& name) { return name.substr(name.rfind('.') + 1); }

void print_result(const TrialResult& result) {
  if (result.process && !result.process->output.empty()) {
    std::cout << printable(result.process->output);
    if (!result.process->output.ends_with('\n')) std::cout << "\n";
    std::cout << "\n";
  }
  std::map<std::string, std::pair<std::int64_t, double>> last;
  for (const MetricPoint& point : result.metrics) last[point.name] = {point.step, point.value};
  report::TableWriter table(std::cout, "table");
  table.header({"metric", "at step", "value"});
  for (const auto& [name, point] : last) table.row({name, point.first, point.second});
  table.end();
  for (const auto& line : result.log) std::cout << "log: " << printable(line) << "\n";
  std::cout << fmt::format("\n{}{}{} after {} steps and {}\n", to_string(result.outcome),
                           result.value ? fmt::format(" with {}", format_number(*result.value)) : "",
                           result.error.empty() ? "" : ": " + printable(result.error), result.steps,
                           report::duration_text(result.wall_seconds));
}

}  // namespace

Configuration point_from_words(const Space& space, const std::string& words) {
  auto given = assignments_in(words);
  Configuration point(space.dimensions.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!is_active(space, point, i)) continue;
    const std::string& name = space.dimensions[i].name;
    auto found = std::ranges::find_if(
        given, [&](const auto& assignment) { return assignment.first == name || assignment.first == last_word(name); });
    if (found == given.end())
      refuse(fmt::format("{} has no value", name), fmt::format("add {}=VALUE: every search parameter needs one", name));
    point[i] = value_in(space.dimensions[i], found->second);
    given.erase(found);
  }
  if (given.empty()) return point;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < point.size(); ++i)
    if (point[i]) names.push_back(space.dimensions[i].name);
  refuse(fmt::format("there is no search parameter '{}' in this configuration", shown(given.front().first)),
         did_you_mean(given.front().first, names));
}

int run_one_trial(StudySession& session, const Study& file, const std::string& words) {
  Study study = file;
  const Configuration point = point_from_words(study.plan.space, words);
  // Apart from those of the study, which may run meanwhile.
  study.plan.name += ".trial";
  study.run.workers = 1;
  study.run.checkpoint.folder += ".trial";
  const TrialResult result = session.run_alone(study, point);
  std::error_code none;
  std::filesystem::remove_all(study.run.checkpoint.folder, none);
  std::filesystem::remove(study.run.checkpoint.folder.parent_path(), none);  // where no study has any
  print_result(result);
  return result.outcome == Outcome::completed ? 0 : 6;
}

}  // namespace tuner::commands
