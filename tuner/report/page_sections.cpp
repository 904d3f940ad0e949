#include "tuner/report/page_sections.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include "tuner/report/record.hpp"
#include "tuner/report/statistics.hpp"

namespace tuner::report {

void Replicates::add(const storage::RunRow& run) {
  if (run.outcome == Outcome::completed && run.value && std::isfinite(*run.value)) values.push_back(*run.value);
}

std::map<std::uint64_t, Replicates> shown_configurations(const storage::Store& store, const std::string& study,
                                                         storage::Damage& damage) {
  constexpr std::uint64_t kShown = 50;
  std::map<std::uint64_t, Replicates> shown;
  store.read_configurations(
      study, kShown,
      [&](const storage::ConfigurationRow& row) {
        shown.emplace(row.configuration, Replicates{.rank = shown.size(), .due = row.due, .values = {}});
      },
      &damage);
  return shown;
}

Json replicates_json(const std::map<std::uint64_t, Replicates>& configurations) {
  std::vector<Json> ranked(configurations.size());
  for (const auto& [number, replicates] : configurations) {
    const Mean mean = mean_of(replicates.values);
    ranked[replicates.rank] = {{"configuration", number},
                               {"values", Json(std::vector<Json>(replicates.values.begin(), replicates.values.end()))},
                               {"due", replicates.due},
                               {"mean", mean.n > 0 ? json_of(mean.mean) : Json()},
                               {"low", json_of(mean.low)},
                               {"high", json_of(mean.high)},
                               {"method", mean.method}};
  }
  return Json(std::move(ranked));
}

Json pruning_json(const storage::Store& store, const std::string& study, PackedArrays& arrays) {
  constexpr std::size_t kMostReports = 4000;
  struct Rung {
    std::uint64_t continued = 0, stopped = 0;
  };
  std::map<std::int64_t, Rung> rungs;
  std::vector<double> trials, steps, values;
  std::vector<std::uint8_t> stopped;
  std::uint64_t last = 0;  // number of the last trial whose reports are shown
  store.read_journal(study, [&](const storage::JournalEntry& entry) {
    const auto* report = std::get_if<storage::ReportRecord>(&entry);
    if (report == nullptr) return;
    const bool stops = report->decision == "stop";
    Rung& rung = rungs[report->step];
    ++(stops ? rung.stopped : rung.continued);
    if (trials.size() >= kMostReports && report->number > last) return;
    last = std::max(last, report->number);
    trials.push_back(static_cast<double>(report->number));
    steps.push_back(static_cast<double>(report->step));
    values.push_back(report->value.value_or(std::numeric_limits<double>::quiet_NaN()));
    stopped.push_back(stops ? 1 : 0);
  });
  if (rungs.empty()) return {};
  Json list = Json::array();
  for (const auto& [step, rung] : rungs)
    list.push_back({{"step", step}, {"continued", rung.continued}, {"stopped", rung.stopped}});
  return {{"steps", std::move(list)},
          {"reports",
           {{"trials", arrays.add(trials)},
            {"steps", arrays.add(steps)},
            {"values", arrays.add(values)},
            {"stopped", arrays.add(stopped)}}}};
}

}  // namespace tuner::report
