#include "tuner/report/listing.hpp"

#include <ostream>

#include "tuner/report/csv.hpp"

namespace tuner::report {

namespace {

Value optional_cell(const std::optional<double>& value) { return value ? Value(*value) : Value(Null{}); }

template <class Count>
Value count_cell(Count count) {
  return static_cast<std::int64_t>(count);
}

constexpr std::string_view kParameters = "parameters";

// An empty text is not a missing one.
void append_text(std::string& line, const std::string& text) {
  if (text.empty())
    line += "\"\"";
  else
    append_csv(line, text);
}

// With a comma behind it.
void append_cell(std::string& line, const Json& cell) {
  if (cell.is_string())
    append_text(line, cell.get<std::string>());
  else if (cell.is_integer())
    line += std::to_string(cell.get<std::int64_t>());
  else if (cell.is_real())
    line += format_number(cell.get<double>());
  else if (!cell.is_null())
    append_csv(line, cell.line());
  line += ',';
}

}  // namespace

View<storage::RunRow> trial_view(bool repeated) {
  View<storage::RunRow> view{
      .columns = {"trial", "outcome", "value", "steps", "evaluations", "seconds", "parameters", "error"}, .cells = {}};
  if (repeated) view.columns.insert(view.columns.begin() + 1, {"configuration", "replicate"});
  view.cells = [repeated](const storage::RunRow& run) {
    std::vector<Value> cells{count_cell(run.number)};
    if (repeated) cells.insert(cells.end(), {count_cell(run.configuration), count_cell(run.replicate)});
    cells.insert(cells.end(),
                 {std::string(to_string(run.outcome)), optional_cell(run.value), run.steps, count_cell(run.evaluations),
                  run.wall_seconds, parameters_text(run.parameters), run.error});
    return cells;
  };
  return view;
}

View<storage::ConfigurationRow> configuration_view() {
  return {.columns = {"configuration", "mean", "std. deviation", "n", "trials", "first trial", "parameters"},
          .cells = [](const storage::ConfigurationRow& row) -> std::vector<Value> {
            return {count_cell(row.configuration),
                    row.mean,
                    optional_cell(row.standard_deviation),
                    row.completed,
                    replicates_text(row),
                    count_cell(row.number),
                    parameters_text(row.parameters)};
          }};
}

View<storage::StudyRow> study_view() {
  return {
      .columns = {"study", "trials", "completed", "metric", "goal", "best_value", "best_trial", "seed", "created_at"},
      .cells = [](const storage::StudyRow& study) -> std::vector<Value> {
        return {study.name,
                count_cell(study.trials),
                count_cell(study.completed),
                study.metric,
                std::string(to_string(study.goal)),
                optional_cell(study.best_value),
                study.best_number ? count_cell(*study.best_number) : Value(Null{}),
                count_cell(study.seed),
                study.created_at};
      }};
}

RecordWriter::RecordWriter(std::ostream& out, std::string_view format, const Json& like,
                           std::vector<std::string> parameters)
    : out_(out), csv_(format == "csv"), lines_(format == "jsonl"), parameters_(std::move(parameters)) {
  if (lines_) return;
  if (!csv_) {
    out_ << "[";
    return;
  }
  for (const std::string& key : like.keys())
    if (key != kParameters) append_cell(line_, key);
  for (const std::string& name : parameters_) append_cell(line_, "param." + name);
  end_line();
}

void RecordWriter::row(const Json& record) {
  if (csv_)
    write_csv(record);
  else if (lines_)
    out_ << record.line() << "\n";
  else
    out_ << (empty_ ? "\n " : ",\n ") << record.line();
  empty_ = false;
}

void RecordWriter::write_csv(const Json& record) {
  line_.clear();
  for (const auto& [key, value] : record.items())
    if (key != kParameters) append_cell(line_, value);
  if (!parameters_.empty()) {
    // Those of a record come in the order of the columns.
    const auto parameters = record.at(kParameters).items();
    auto next = parameters.begin();
    for (const std::string& name : parameters_) {
      const bool has = next != parameters.end() && next->key == name;
      append_cell(line_, has ? next->value : Json());
      if (has) ++next;
    }
  }
  end_line();
}

void RecordWriter::end_line() {
  // In place of the comma behind the last cell.
  line_.back() = '\n';
  out_ << line_;
}

void RecordWriter::end() {
  if (!csv_ && !lines_) out_ << (empty_ ? "]\n" : "\n]\n");
}

}  // namespace tuner::report
