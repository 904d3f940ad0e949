#include "tuner/commands/page_of_studies.hpp"

#include <fmt/format.h>

#include <chrono>

#include "tuner/commands/function_surface.hpp"
#include "tuner/lr_range/lr_range.hpp"
#include "tuner/report/page.hpp"
#include "tuner/report/record.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"
#include "tuner/version.hpp"

namespace tuner::commands {

namespace {

std::string now_text() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(now - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(report::json_of(value));
  return list;
}

Json json_of(const lr_range::LrBranch& branch) {
  Json ramps = Json::array(), grid = Json::array(), suggestions = Json::array();
  for (const lr_range::LrCurve& ramp : branch.ramps)
    ramps.push_back({{"name", ramp.name}, {"lr", numbers(ramp.lr)}, {"loss", numbers(ramp.loss)}});
  for (const lr_range::GridLr& lr : branch.grid) grid.push_back({{"lr", lr.lr}, {"losses", numbers(lr.losses)}});
  for (const storage::LrSuggestion& s : branch.suggestions)
    suggestions.push_back({{"name", s.name},
                           {"value", report::json_of(s.value)},
                           {"low", report::json_of(s.low)},
                           {"high", report::json_of(s.high)},
                           {"rule", s.rule},
                           {"note", s.note}});
  return {{"label", branch.label},
          {"ramps", std::move(ramps)},
          {"grid", std::move(grid)},
          {"suggestions", std::move(suggestions)}};
}

// Empty for a study that is no LR range test, or not at its end.
Json lr_range_json(const storage::Store& store, const std::string& study, storage::Damage& damage) {
  Json branches = Json::array();
  const auto suggestions = store.lr_suggestions(study, &damage);
  if (suggestions.empty()) return branches;
  for (const lr_range::LrBranch& branch : lr_range::stored_report(store, study, suggestions, damage).branches)
    branches.push_back(json_of(branch));
  return branches;
}

}  // namespace

PageOfStudies page_of_studies(const std::filesystem::path& executable, const storage::Store& store,
                              std::vector<std::string> names, const std::string& database, storage::Damage& damage) {
  // A study that runs meanwhile would have other numbers in one part of the page than in another.
  const auto snapshot = store.snapshot();
  std::vector<std::string> once,
      swept;  // those that are no LR range tests: their trials are for optimizers to be ranked
  for (std::string& name : names)
    if (std::ranges::find(once, name) == once.end()) once.push_back(std::move(name));
  std::vector<report::PageStudy> studies;
  std::uint64_t trials = 0;
  for (const std::string& name : once) {
    studies.push_back(report::page_study(store, name, damage));
    if (const auto& box = studies.back().paths)
      studies.back().description["paths"]["surface"] = surface_json(executable, store, name, *box);
    Json tests = lr_range_json(store, name, damage);
    if (tests.empty()) swept.push_back(name);
    studies.back().description["lr_range"] = std::move(tests);
    trials += store.study(name).trials;
  }
  const Json head{{"tuner_version", kVersion},
                  {"made_at", now_text()},
                  {"database", database},
                  {"machine", machine_text()},
                  {"ranking", report::page_ranking(store, swept, damage)}};
  const std::string first =
      once.size() == 1 ? fmt::format("study '{}'", printable(once.front())) : fmt::format("{} studies", once.size());
  return {.title = fmt::format("{} - tuner", once.size() == 1 ? once.front() : "studies"),
          .words = fmt::format("{} with {} trials", first, trials),
          .data = report::page_data(head, studies)};
}

}  // namespace tuner::commands
