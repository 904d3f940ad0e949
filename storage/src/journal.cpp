#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "cells.hpp"
#include "impl.hpp"
#include "reading.hpp"
#include "schema.hpp"
#include "tuner/json.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {
namespace {

constexpr const char* kTables[] = {"proposals", "observations", "reports", "ends", "reviews", "evidence"};

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string json_of(const std::vector<std::optional<double>>& values) {
  std::string json = "[";
  for (const auto& value : values) {
    if (json.size() > 1) json += ", ";
    json += value ? to_json(*value) : "null";
  }
  return json += "]";
}

std::optional<std::string> text_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return json_of(std::vector<std::optional<double>>(values.begin(), values.end()));
}

std::vector<std::optional<double>> values_from(const Rows& row, int column) {
  constexpr std::pair<const char*, double> kWords[] = {
      {"nan", std::numeric_limits<double>::quiet_NaN()},
      {"inf", std::numeric_limits<double>::infinity()},
      {"-inf", -std::numeric_limits<double>::infinity()},
  };
  std::vector<std::optional<double>> values;
  try {
    for (const Json& item : Json::parse(row.text(column))) {
      const auto* word = item.is_string() ? std::ranges::find(kWords, item.get<std::string>(),
                                                              [](const auto& known) { return known.first; })
                                          : std::end(kWords);
      if (item.is_null())
        values.emplace_back();
      else if (item.is_number())
        values.emplace_back(item.get<double>());
      else if (word != std::end(kWords))
        values.emplace_back(word->second);
      else
        row.refuse(column, "a JSON array of numbers");
    }
  } catch (const std::invalid_argument&) {
    row.refuse(column, "a JSON array of numbers");
  }
  return values;
}

std::vector<double> numbers_from(const Rows& row, int column) {
  std::vector<double> numbers;
  if (row.is_null(column)) return numbers;
  for (const std::optional<double>& value : values_from(row, column)) {
    if (!value) row.refuse(column, "a JSON array of numbers");
    numbers.push_back(*value);
  }
  return numbers;
}

Parameters parameters_from(const Rows& row, int column) {
  Parameters parameters;
  try {
    const Json json = Json::parse(row.text(column));
    if (!json.is_object()) row.refuse(column, "a JSON object");
    for (const auto& [name, value] : json.items()) parameters.emplace_back(name, value_from(value));
  } catch (const std::invalid_argument&) {
    row.refuse(column, "a JSON object of values");
  }
  return parameters;
}

ProposalRecord read_proposal(const Rows& row) {
  return {.proposal = row.count(1), .configuration = row.count(2), .parameters = parameters_from(row, 3)};
}

ObservationRecord read_observation(const Rows& row) {
  ObservationRecord observation;
  observation.proposal = row.count(1);
  observation.configuration = row.count(2);
  const auto outcome = outcome_from(row.text(3));
  if (!outcome) row.refuse(3, "an outcome");
  observation.outcome = *outcome;
  observation.last_step = row.integer(4, 0);
  observation.budget = row.amount(5);
  observation.values = values_from(row, 6);
  if (row.integer(7) != std::ssize(observation.values)) row.refuse(7, fmt::format("{}", observation.values.size()));
  observation.mean = row.optional_real(8);
  observation.standard_deviation = row.optional_real(9);
  observation.further_means = numbers_from(row, 10);
  observation.constraints = numbers_from(row, 11);
  return observation;
}

ReportRecord read_report(const Rows& row) {
  ReportRecord report{.number = row.count(1),
                      .step = row.integer(2, 0),
                      .value = row.optional_real(3),
                      .decision = row.text(4),
                      .next_step = {},
                      .why = row.is_null(6) ? "" : row.text(6)};
  if (report.decision != "continue" && report.decision != "stop" && report.decision != "pause")
    row.refuse(4, "a decision");
  if (!row.is_null(5)) report.next_step = row.integer(5, report.step < INT64_MAX ? report.step + 1 : INT64_MAX);
  return report;
}

EndRecord read_end(const Rows& row) {
  EndRecord end{.number = row.count(1), .outcome = {}, .last_step = row.integer(3, 0), .value = row.optional_real(4)};
  const auto outcome = outcome_from(row.text(2));
  if (!outcome || *outcome == Outcome::cancelled) row.refuse(2, "an outcome");
  end.outcome = *outcome;
  return end;
}

ReviewRecord read_review(const Rows& row) {
  ReviewRecord review{.number = row.count(1),
                      .decision = row.text(2),
                      .next_step = {},
                      .is_last = row.integer(4, 0, 1) == 1,
                      .why = row.is_null(5) ? "" : row.text(5)};
  if (review.decision != "continue" && review.decision != "stop") row.refuse(2, "a decision");
  if (!row.is_null(3)) review.next_step = row.integer(3, 0);
  return review;
}

EvidenceRecord read_evidence(const Rows& row) {
  EvidenceRecord evidence;
  evidence.study = row.text(1);
  evidence.number = row.count(2);
  evidence.parameters = parameters_from(row, 3);
  const auto outcome = outcome_from(row.text(4));
  if (!outcome || is_open(*outcome)) row.refuse(4, "an outcome of a trial that has ended");
  evidence.outcome = *outcome;
  evidence.last_step = row.integer(5, 0);
  evidence.budget = row.amount(6);
  evidence.value = row.optional_real(7);
  evidence.further_values = numbers_from(row, 8);
  evidence.constraints = numbers_from(row, 9);
  return evidence;
}

std::string words_of_entry(std::string_view study, const Rows& row) {
  return fmt::format("entry {} of the journal of study '{}'", row.shown(0), study);
}

// What an entry must be where the ones before it are known.
class Order {
 public:
  // is_free: results are observed as they come.
  explicit Order(bool is_free) : is_free_(is_free) {}
  void check(const Rows& row, const ProposalRecord& proposal) {
    if (proposal.proposal != proposals_) row.refuse(1, fmt::format("{}", proposals_));
    if (proposal.configuration > proposals_) row.refuse(2, "one that was proposed before");
    ++proposals_;
  }
  void check(const Rows& row, const ObservationRecord& observation) {
    if (!is_free_ && observation.proposal != observed_) row.refuse(1, fmt::format("{}", observed_));
    if (observation.proposal >= proposals_) row.refuse(1, "one that was made before");
    ++observed_;
  }
  void check(const Rows&, const ReportRecord&) {}
  void check(const Rows&, const EndRecord&) {}
  void check(const Rows&, const ReviewRecord&) {}
  void check(const Rows&, const EvidenceRecord&) {}

 private:
  bool is_free_;
  std::uint64_t proposals_ = 0, observed_ = 0;
};

}  // namespace

std::int64_t find_next_entry(Connection& connection, std::int64_t study_id) {
  std::int64_t next = 0;
  for (const char* table : kTables) {
    Rows row =
        connection.prepared(fmt::format("SELECT entry FROM {} WHERE study_id = ? ORDER BY entry DESC LIMIT 1", table))
            .query(study_id);
    if (!row.next()) continue;
    Reading(connection, nullptr)
        .row([&] { return fmt::format("the last row of {}", table); },
             [&] { next = std::max(next, in_table(table, [&] { return row.integer(0, 0, INT64_MAX - 1); }) + 1); });
  }
  return next;
}

std::int64_t insert_entries(Connection& connection, std::int64_t study_id, std::int64_t next_entry,
                            std::span<const JournalEntry> entries) {
  Statement& propose = connection.prepared(
      "INSERT INTO proposals (study_id, entry, proposal, configuration, parameters) VALUES (?, ?, ?, ?, ?)");
  Statement& observe = connection.prepared(
      "INSERT INTO observations (study_id, entry, proposal, configuration, outcome, last_step, budget, replicates, "
      "replicate_values, mean, standard_deviation, further_means, constraints) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, "
      "?, ?)");
  Statement& report = connection.prepared(
      "INSERT INTO reports (study_id, entry, number, step, value, decision, next_step, why) VALUES (?, ?, ?, ?, ?, ?, "
      "?, ?)");
  Statement& end = connection.prepared(
      "INSERT INTO ends (study_id, entry, number, outcome, last_step, value) VALUES (?, ?, ?, ?, ?, ?)");
  Statement& review = connection.prepared(
      "INSERT INTO reviews (study_id, entry, number, decision, next_step, is_last, why) VALUES (?, ?, ?, ?, ?, ?, ?)");
  Statement& evidence = connection.prepared(
      "INSERT INTO evidence (study_id, entry, from_study, from_number, parameters, outcome, last_step, budget, value, "
      "further_values, constraints) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const auto text = [](const std::string& why) {
    return why.empty() ? std::nullopt : std::optional<std::string_view>(why);
  };
  for (const JournalEntry& entry : entries) {
    std::visit(
        Overloaded{[&](const ProposalRecord& p) {
                     propose.run(study_id, next_entry, p.proposal, p.configuration, json_of(p.parameters));
                   },
                   [&](const ObservationRecord& o) {
                     observe.run(study_id, next_entry, o.proposal, o.configuration, to_string(o.outcome), o.last_step,
                                 o.budget, o.values.size(), json_of(o.values), o.mean, o.standard_deviation,
                                 text_of(o.further_means), text_of(o.constraints));
                   },
                   [&](const ReportRecord& r) {
                     report.run(study_id, next_entry, r.number, r.step, r.value, r.decision, r.next_step, text(r.why));
                   },
                   [&](const EndRecord& e) {
                     end.run(study_id, next_entry, e.number, to_string(e.outcome), e.last_step, e.value);
                   },
                   [&](const ReviewRecord& r) {
                     review.run(study_id, next_entry, r.number, r.decision, r.next_step, r.is_last ? 1 : 0,
                                text(r.why));
                   },
                   [&](const EvidenceRecord& e) {
                     evidence.run(study_id, next_entry, e.study, e.number, json_of(e.parameters), to_string(e.outcome),
                                  e.last_step, e.budget, e.value, text_of(e.further_values), text_of(e.constraints));
                   }},
        entry);
    ++next_entry;
  }
  return next_entry;
}

bool Store::keep_journal(std::optional<std::uint64_t> lag) {
  check_open(impl_->study_id);
  Connection& connection = *impl_->connection;
  const std::int64_t id = impl_->study_id;
  Transaction transaction(connection);
  check_held(connection, id, impl_->study_name, impl_->token);
  const auto has = [&](const char* sql) {
    Rows row = connection.prepared(sql).query(id);
    return row.next();
  };
  if (has("SELECT 1 FROM studies WHERE id = ? AND journal <> 0")) return true;
  if (has("SELECT 1 FROM trials WHERE study_id = ? LIMIT 1")) return false;
  connection.prepared("UPDATE studies SET journal = 1, lag = ? WHERE id = ?").run(lag, id);
  transaction.commit();
  impl_->check_place();
  return true;
}

bool Store::has_journal(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  Rows row =
      connection.prepared("SELECT 1 FROM studies WHERE id = ? AND journal <> 0").query(find_study(connection, study));
  return row.next();
}

std::optional<std::uint64_t> Store::lag(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::optional<std::uint64_t> lag;
  Rows row = connection.prepared("SELECT lag FROM studies WHERE id = ?").query(find_study(connection, study));
  row.next();
  Reading(connection, nullptr)
      .row([&] { return fmt::format("study '{}'", study); },
           [&] {
             in_table("studies", [&] {
               if (!row.is_null(0)) lag = static_cast<std::uint64_t>(row.integer(0, 0));
             });
           });
  return lag;
}

void Store::read_journal(std::string_view study, const std::function<void(JournalEntry entry)>& take) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const Reading reading(connection, nullptr);
  const std::int64_t id = find_study(connection, study);
  Rows proposal = connection
                      .prepared(
                          "SELECT entry, proposal, configuration, parameters FROM proposals WHERE study_id = ? "
                          "ORDER BY entry")
                      .query(id);
  const std::int64_t version = connection.integer("PRAGMA user_version");
  const bool has_constraints = version >= kConstraintsVersion;
  Rows observation =
      connection
          .prepared(fmt::format("SELECT entry, proposal, configuration, outcome, last_step, budget, replicate_values, "
                                "replicates, mean, standard_deviation, {} FROM observations WHERE study_id = ? "
                                "ORDER BY entry",
                                has_constraints ? "further_means, constraints" : "NULL, NULL"))
          .query(id);
  // An older file has none of the last three, nor reasons.
  const bool is_old = version < kReviewsVersion;
  constexpr const char* kNothing = "SELECT 0 WHERE ? < 0";
  Rows report = connection
                    .prepared(fmt::format("SELECT entry, number, step, value, decision, next_step, {} FROM reports "
                                          "WHERE study_id = ? ORDER BY entry",
                                          is_old ? "NULL" : "why"))
                    .query(id);
  Rows end = connection
                 .prepared(is_old ? kNothing
                                  : "SELECT entry, number, outcome, last_step, value FROM ends WHERE study_id = ? "
                                    "ORDER BY entry")
                 .query(id);
  Rows review = connection
                    .prepared(is_old ? kNothing
                                     : "SELECT entry, number, decision, next_step, is_last, why FROM reviews "
                                       "WHERE study_id = ? ORDER BY entry")
                    .query(id);
  Rows evidence = connection
                      .prepared(is_old ? std::string(kNothing)
                                       : fmt::format("SELECT entry, from_study, from_number, parameters, outcome, "
                                                     "last_step, budget, value, {} FROM evidence WHERE study_id = ? "
                                                     "ORDER BY entry",
                                                     has_constraints ? "further_values, constraints" : "NULL, NULL"))
                      .query(id);
  Rows* const rows[] = {&proposal, &observation, &report, &end, &review, &evidence};
  std::optional<std::int64_t> next[std::size(kTables)];  // entries
  const auto move_on = [&](std::size_t i) {
    next[i].reset();
    if (!reading.next(*rows[i], kTables[i])) return;
    reading.row([&] { return words_of_entry(study, *rows[i]); },
                [&] { next[i] = in_table(kTables[i], [&] { return rows[i]->integer(0, 0); }); });
  };
  for (std::size_t i = 0; i < std::size(kTables); ++i) move_on(i);
  Order order(connection.prepared("SELECT 1 FROM studies WHERE id = ? AND lag = 0").query(id).next());
  for (;;) {
    std::size_t first = std::size(kTables);
    for (std::size_t i = 0; i < std::size(kTables); ++i)
      if (next[i] && (first == std::size(kTables) || *next[i] < *next[first])) first = i;
    if (first == std::size(kTables)) return;
    std::optional<JournalEntry> entry;
    const auto read = [&](auto record) {
      order.check(*rows[first], record);
      entry = std::move(record);
    };
    reading.row([&] { return words_of_entry(study, *rows[first]); },
                [&] {
                  in_table(kTables[first], [&] {
                    if (first == 0) read(read_proposal(proposal));
                    if (first == 1) read(read_observation(observation));
                    if (first == 2) read(read_report(report));
                    if (first == 3) read(read_end(end));
                    if (first == 4) read(read_review(review));
                    if (first == 5) read(read_evidence(evidence));
                  });
                });
    take(std::move(*entry));
    move_on(first);
  }
}

}  // namespace tuner::storage
