#include "tuner/recommend/situations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tuner/json.hpp"

namespace tuner::recommend {

namespace {

constexpr std::string_view kComment = "# ", kFindings = "# findings:";
constexpr std::size_t kWidth = 120;

std::vector<Finding> all_findings() {
  std::vector<Finding> findings;
  const Json document = Json::parse(embedded_findings());
  for (const Json& experiment : document)
    for (const Json& finding : experiment)
      findings.push_back({.id = finding.at("id").get<std::string>(),
                          .verdict = finding.at("verdict").get<std::string>(),
                          .text = finding.at("text").get<std::string>()});
  return findings;
}

// The text up to the next line end, and `text` behind it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Situation situation_of(const Embedded& file, const std::vector<Finding>& known) {
  std::string_view text = file.text;
  Situation situation{.name = std::string(file.name), .advice = {}, .findings = {}, .sweep = {}};
  situation.advice = take_line(text).substr(kComment.size());
  const std::string_view line = take_line(text);
  if (!line.starts_with(kFindings)) throw std::logic_error(fmt::format("{}.yaml names no findings", file.name));
  std::istringstream words{std::string(line.substr(kFindings.size()))};
  for (std::string id; words >> id;) {
    const auto found = std::ranges::find(known, id, &Finding::id);
    if (found == known.end()) throw std::logic_error(fmt::format("{}.yaml: there is no finding {}", file.name, id));
    situation.findings.push_back(*found);
  }
  situation.sweep = text;
  return situation;
}

// Words in lines of comments; those behind the first are indented.
void comment(std::string& out, const std::string& text) {
  std::string line = "#";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = "#   ";
    }
    line += " " + word;
  }
  out += line + "\n";
}

std::string with_objective(const std::string& sweep, std::string_view objective) {
  constexpr std::string_view kKey = "objective:";
  std::string result;
  std::istringstream lines(sweep);
  for (std::string line; std::getline(lines, line);)
    result += (line.starts_with(kKey) ? fmt::format("{} {}", kKey, objective) : line) + "\n";
  return result;
}

}  // namespace

std::vector<Situation> situations() {
  const std::vector<Finding> known = all_findings();
  std::vector<Situation> list;
  for (const Embedded& file : embedded_situations()) list.push_back(situation_of(file, known));
  return list;
}

std::string sweep_of(const Situation& situation, std::string_view objective) {
  std::string text;
  comment(text, situation.advice);
  if (situation.findings.empty())
    comment(text, "No experiment of docs/experiments.md is about it.");
  else
    comment(text, "What the experiments of docs/experiments.md say of it:");
  for (const Finding& finding : situation.findings)
    comment(text, fmt::format("[{}] {} ({})", finding.verdict, finding.text, finding.id));
  return text + (objective.empty() ? situation.sweep : with_objective(situation.sweep, objective));
}

}  // namespace tuner::recommend
