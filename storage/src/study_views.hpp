// The view of a study with a column for each of its parameters: runs_STUDY. SQLite's triggers cannot make views, so
// whoever changes a study keeps its view right. A view names its study; one of a study that is gone has no rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "tuner/space.hpp"

namespace tuner::storage {

// Is there a study without one, or one without a study?
[[nodiscard]] bool lacks_study_views(Connection& connection);
// Where views are made: in the file, inside a transaction of the caller, or for this connection alone.
enum class MakeViews { kept, temporary };
// Makes those of the studies that have none; kept: and drops those of studies that are gone. Costs a pass over the
// parameters of each study that gets one.
void make_missing_study_views(Connection& connection, MakeViews where);
// Does nothing where the study has no view.
void drop_study_view(Connection& connection, std::string_view study);

// The view of the open study, so that a trial with a new parameter is told from others at once. A copy is a state.
class StudyView {
 public:
  StudyView() = default;
  // Makes the view if it does not exist. Inside a transaction of the caller.
  StudyView(Connection& connection, std::int64_t study_id, std::string study);
  // Makes the view anew where it lacks a parameter of the trial. Inside a transaction of the caller.
  void add(Connection& connection, const Parameters& parameters);

 private:
  std::string study_;
  std::vector<std::string> names_, last_;  // of the view, of the trial before
};

}  // namespace tuner::storage
