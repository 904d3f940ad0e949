#include <fmt/format.h>

#include "impl.hpp"
#include "parameters.hpp"
#include "plugins.hpp"
#include "reading.hpp"
#include "runs.hpp"
#include "schema.hpp"

namespace tuner::storage {
namespace {

void read_summary(Connection& connection, std::int64_t id, std::uint64_t number, TrialDetail& detail) {
  Rows row = connection
                 .prepared(
                     "SELECT best_value, last_value, epochs, loss_evaluations, gradient_evaluations, hvp_evaluations, "
                     "nonfinite_gradients, target_step, target_seconds FROM trials WHERE study_id = ? AND number = ?")
                 .query(id, number);
  row.next();
  in_table("trials", [&] {
    detail.best_value = row.optional_real(0);
    detail.last_value = row.optional_real(1);
    detail.epochs = row.amount(2);
    detail.evaluations = {.loss = row.count(3), .gradient = row.count(4), .hvp = row.count(5)};
    detail.nonfinite_gradients = row.integer(6, 0);
    if (!row.is_null(7)) detail.target_step = row.integer(7, 0);
    if (!row.is_null(8)) detail.target_seconds = row.amount(8);
  });
}

// A review is of the step where the trial was paused.
void read_decisions(Connection& connection, std::int64_t id, std::uint64_t number, TrialDetail& detail) {
  const std::int64_t version = connection.integer("PRAGMA user_version");
  if (version < kJournalVersion) return;
  Rows row =
      connection
          .prepared(version < kReviewsVersion
                        ? "SELECT 0, step, value, decision, NULL FROM reports WHERE study_id = ?1 AND number = ?2 "
                          "ORDER BY entry"
                        : "SELECT 0, step, value, decision, why, entry FROM reports WHERE study_id = ?1 AND "
                          "number = ?2 UNION ALL SELECT 1, NULL, NULL, decision, why, entry FROM reviews WHERE "
                          "study_id = ?1 AND number = ?2 ORDER BY entry")
          .query(id, number);
  while (row.next()) {
    PrunerDecision decision;
    decision.is_review = row.integer(0) == 1;
    if (decision.is_review && !detail.decisions.empty()) {
      decision.step = detail.decisions.back().step;
      decision.value = detail.decisions.back().value;
    } else if (!decision.is_review) {
      in_table("reports", [&] {
        decision.step = row.integer(1, 0);
        decision.value = row.optional_real(2);
      });
    }
    decision.decision = row.text(3);
    if (!row.is_null(4)) decision.why = row.text(4);
    detail.decisions.push_back(std::move(decision));
  }
}

MetricPoint read_metric(const Rows& row) {
  return in_table("metrics",
                  [&] { return MetricPoint{.step = row.integer(0, 0), .name = row.text(1), .value = row.real(2)}; });
}

}  // namespace

TrialDetail Store::trial(std::string_view study, std::uint64_t number, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  const Reading reading(connection, damage);
  const auto words = [&] { return words_of_trial(study, std::to_string(number)); };
  TrialDetail detail;
  {
    Rows row = connection.prepared(select_runs(connection, kOfNumber)).query(id, number);
    if (!row.next()) {
      throw Error(Message::usage_no_such_trial, fmt::format("study '{}' has no trial {}", study, number),
                  fmt::format("See what it has: tuner trials {}", study))
          .at(connection.file().string());
    }
    Reading(connection, nullptr).row(words, [&] { detail.run = read_run(row); });
  }
  reading.row(words, [&] { read_summary(connection, id, number, detail); });
  Rows parameter = parameter_rows(connection, id, number);
  while (reading.next(parameter, "trial_parameters"))
    reading.row(words, [&] { read_parameter(parameter, detail.run.parameters); });
  Rows metric =
      connection.prepared("SELECT step, name, value FROM metrics WHERE study_id = ? AND number = ? ORDER BY name, step")
          .query(id, number);
  while (reading.next(metric, "metrics")) reading.row(words, [&] { detail.metrics.push_back(read_metric(metric)); });
  Rows plugin = connection
                    .prepared(
                        "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build "
                        "FROM trial_plugins JOIN plugins USING (plugin_key) WHERE study_id = ? AND number = ? "
                        "ORDER BY position")
                    .query(id, number);
  while (reading.next(plugin, "plugins")) reading.row(words, [&] { detail.plugins.push_back(read_plugin(plugin)); });
  Rows line =
      connection.prepared("SELECT text FROM events WHERE study_id = ? AND number = ? AND kind = 'log' ORDER BY id")
          .query(id, number);
  while (reading.next(line, "events"))
    reading.row(words, [&] { detail.log.push_back(in_table("events", [&] { return line.text(0); })); });
  for (const auto& [kind, text] : {std::pair("exit", &detail.exit), std::pair("output", &detail.output)}) {
    Rows row = connection.prepared("SELECT text FROM events WHERE study_id = ? AND number = ? AND kind = ? ORDER BY id")
                   .query(id, number, std::string_view(kind));
    while (reading.next(row, "events"))
      reading.row(words, [&, into = text] { *into = in_table("events", [&] { return row.text(0); }); });
  }
  reading.row(words, [&] { read_decisions(connection, id, number, detail); });
  reading.row(words, [&] { detail.annotations = annotations(study, number); });
  return detail;
}

}  // namespace tuner::storage
