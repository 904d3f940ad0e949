#include "tuner/report/page_sections.hpp"

#include <algorithm>
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

namespace {

// What became of trials at the steps at which a pruner was asked, as the journal goes by.
class Rungs {
 public:
  void take(const storage::ReportRecord& report) {
    Rung& rung = rungs_[report.step];
    const bool stops = report.decision == "stop", pauses = report.decision == "pause";
    ++(stops ? rung.stopped : pauses ? rung.paused : rung.continued);
    if (pauses) paused_at_[report.number] = report.step;
    if (trials_.size() >= kMostReports && report.number > last_) return;
    last_ = std::max(last_, report.number);
    trials_.push_back(static_cast<double>(report.number));
    steps_.push_back(static_cast<double>(report.step));
    values_.push_back(report.value.value_or(std::numeric_limits<double>::quiet_NaN()));
    decisions_.push_back(stops ? 1 : pauses ? 2 : 0);
  }
  void take(const storage::ReviewRecord& review) {
    const auto paused = paused_at_.find(review.number);
    if (paused == paused_at_.end()) return;
    Rung& rung = rungs_[paused->second];
    ++(review.decision == "stop" ? rung.stopped : rung.resumed);
    --rung.paused;
    paused_at_.erase(paused);
  }
  [[nodiscard]] Json pack(PackedArrays& arrays) const {
    if (rungs_.empty()) return {};
    Json list = Json::array();
    for (const auto& [step, rung] : rungs_)
      list.push_back({{"step", step},
                      {"continued", rung.continued},
                      {"stopped", rung.stopped},
                      {"paused", rung.paused},
                      {"resumed", rung.resumed}});
    return {{"steps", std::move(list)},
            {"reports",
             {{"trials", arrays.add(trials_)},
              {"steps", arrays.add(steps_)},
              {"values", arrays.add(values_)},
              {"decisions", arrays.add(decisions_)}}}};
  }

 private:
  static constexpr std::size_t kMostReports = 4000;
  struct Rung {
    std::uint64_t continued = 0, stopped = 0, paused = 0, resumed = 0;
  };
  std::map<std::int64_t, Rung> rungs_;
  std::map<std::uint64_t, std::int64_t> paused_at_;
  std::vector<double> trials_, steps_, values_;
  std::vector<std::uint8_t> decisions_;
  std::uint64_t last_ = 0;  // of the trials whose reports are shown
};

}  // namespace

Json pruning_json(const storage::Store& store, const std::string& study, PackedArrays& arrays) {
  Rungs rungs;
  store.read_journal(study, [&](const storage::JournalEntry& entry) {
    if (const auto* report = std::get_if<storage::ReportRecord>(&entry)) rungs.take(*report);
    if (const auto* review = std::get_if<storage::ReviewRecord>(&entry)) rungs.take(*review);
  });
  return rungs.pack(arrays);
}

}  // namespace tuner::report
