#include "ranks.hpp"

namespace tuner::storage {

std::int64_t count_recent_ranks(Connection& connection, std::int64_t study_id) {
  Rows row = connection.prepared("SELECT count(*) FROM recent_ranks WHERE study_id = ?").query(study_id);
  row.next();
  return row.integer(0);
}

void add_rank(Connection& connection, std::int64_t study_id, std::uint64_t number, double rank_key) {
  connection.prepared("INSERT INTO recent_ranks (study_id, number, rank_key) VALUES (?, ?, ?)")
      .run(study_id, number, rank_key);
}

void merge_recent_ranks(Connection& connection, std::int64_t study_id) {
  // In order, so that every page of `ranks` is visited once.
  connection
      .prepared(
          "INSERT INTO ranks (study_id, rank_key, number) SELECT study_id, rank_key, number FROM recent_ranks "
          "WHERE study_id = ? ORDER BY rank_key, number")
      .run(study_id);
  connection.prepared("DELETE FROM recent_ranks WHERE study_id = ?").run(study_id);
}

}  // namespace tuner::storage
